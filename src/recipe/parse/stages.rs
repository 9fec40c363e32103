//! Whether the stages that an image names are there.

use super::reader::Reader;
use crate::diagnostic::nearest;
use crate::recipe::image::{Base, Content, From};
use crate::text::{Place, Spanned};

/// A stage that does not exist, or that needs itself, is found before anything is built.
pub(super) fn check_stages(reader: &mut Reader<'_>, content: &Content) {
    let mut bases: Vec<(&Spanned<Base>, &str)> = content
        .stages
        .iter()
        .map(|(name, stage)| (&stage.base, name.as_str()))
        .collect();
    bases.push((&content.base, ""));
    for (from, place) in content.taken() {
        if let From::Stage(name) = from
            && !content.stages.contains_key(name)
        {
            unknown_stage(reader, place, name, content);
        }
    }
    for (base, of) in bases {
        let Base::Stage(first) = &base.value else {
            continue;
        };
        let mut next = first;
        let mut path = vec![of];
        loop {
            if path.contains(&next.as_str()) {
                reader.error(&base.place, format!("stage `{next}` needs itself"));
                break;
            }
            let Some(stage) = content.stages.get(next) else {
                if path.len() == 1 {
                    unknown_stage(reader, &base.place, next, content);
                }
                break;
            };
            path.push(next);
            match &stage.base.value {
                Base::Stage(deeper) => next = deeper,
                _ => break,
            }
        }
    }
}

fn unknown_stage(reader: &mut Reader<'_>, place: &Place, name: &str, content: &Content) {
    if name.is_empty() {
        return;
    }
    let near = nearest(name, content.stages.keys().map(String::as_str));
    let message = match near {
        Some(near) => format!("there is no stage `{name}`; did you mean `{near}`?"),
        None => format!("there is no stage `{name}`"),
    };
    reader.error(place, message);
}
