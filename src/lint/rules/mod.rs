//! The rules, a file each.

pub(super) mod apt_without_cleaning;
pub(super) mod arch_literal;
pub(super) mod base_platform;
pub(super) mod deprecated_label;
pub(super) mod duplicate_tag;
pub(super) mod emulated_build;
pub(super) mod impossible_limit;
pub(super) mod latest_tag;
pub(super) mod missing_file;
pub(super) mod pip_extra_index;
pub(super) mod pip_unversioned;
pub(super) mod pipe_to_shell;
pub(super) mod repository_grammar;
pub(super) mod root_service;
pub(super) mod secret_in_image;
pub(super) mod tag_grammar;
pub(super) mod unpinned_base;
pub(super) mod unpinned_fetch;
pub(super) mod unpinned_git;
pub(super) mod unreachable_condition;
pub(super) mod unused_allow;
pub(super) mod unused_name;
pub(super) mod unused_snippet;
pub(super) mod unused_stage;
