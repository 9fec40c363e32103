//! `dnf`, whichever of dnf, microdnf and yum the image has.

use super::{needs_work, packages, strings, words};
use crate::recipe::parse::fields::{Fields, Keys};
use crate::recipe::parse::reader::Reader;
use crate::recipe::steps::{Dnf, DnfUpgrade};
use crate::yaml::{Node, NodeKind};

const DNF: Keys = Keys {
    of: "`dnf`",
    known: &["install", "remove", "options", "upgrade", "weak_deps"],
    later: &[],
};

/// Reads `dnf`.
pub(in crate::recipe::parse) fn dnf(reader: &mut Reader<'_>, node: &Node) -> Option<Dnf> {
    let fields = Fields::read(reader, node, DNF)?;
    let dnf = Dnf {
        install: packages(reader, &fields),
        remove: words(reader, &fields, "remove"),
        options: strings(fields.list(reader, "options")),
        upgrade: fields
            .get("upgrade")
            .and_then(|node| reader.one(node, upgrade)),
        weak_deps: fields.flag(reader, "weak_deps", true),
    };
    needs_work(reader, &fields, &["install", "remove", "upgrade"]);
    Some(dnf)
}

/// `all` or `security`; that it is no boolean is what users of `apt` trip over.
fn upgrade(reader: &mut Reader<'_>, node: &Node) -> Option<DnfUpgrade> {
    if let NodeKind::Scalar(scalar) = &node.kind
        && scalar.plain
        && matches!(scalar.text.as_str(), "true" | "false")
    {
        let message = "`upgrade` of `dnf` is `all` or `security`; leave it out for none";
        reader.error(&node.place, message);
        return None;
    }
    let text = reader.text(node)?;
    let upgrade = reader.convert(text, |text| match text {
        "all" => Ok(DnfUpgrade::All),
        "security" => Ok(DnfUpgrade::Security),
        _ => Err(format!(
            "`{text}` is no kind of upgrade; there are `all` and `security`"
        )),
    })?;
    Some(upgrade.value)
}
