//! `apk`.

use super::{needs_work, strings, words};
use crate::recipe::parse::fields::{Fields, Keys};
use crate::recipe::parse::reader::Reader;
use crate::recipe::steps::Apk;
use crate::yaml::Node;

const APK: Keys = Keys {
    of: "`apk`",
    known: &["install", "remove", "options", "upgrade"],
    later: &[],
};

/// Reads `apk`.
pub(in crate::recipe::parse) fn apk(reader: &mut Reader<'_>, node: &Node) -> Option<Apk> {
    let fields = Fields::read(reader, node, APK)?;
    let apk = Apk {
        install: words(reader, &fields, "install"),
        remove: words(reader, &fields, "remove"),
        options: strings(fields.list(reader, "options")),
        upgrade: fields.flag(reader, "upgrade", false),
    };
    needs_work(reader, &fields, &["install", "remove", "upgrade"]);
    Some(apk)
}
