//! The rules, a file each.

pub(super) mod apt_without_cleaning;
pub(super) mod duplicate_tag;
pub(super) mod latest_tag;
pub(super) mod pip_unversioned;
pub(super) mod unused_allow;
