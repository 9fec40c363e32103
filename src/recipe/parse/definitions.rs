//! Definitions of a kernel's services: the files of a folder.

use std::collections::BTreeMap;

use super::reader::{Pass, Reader, Text};
use crate::diagnostic::{Finding, Level};
use crate::kernel::{check_definition, check_service_name, defines};
use crate::recipe::budget::of_text;
use crate::recipe::kernel::ServiceDefinition;
use crate::text::{Place, SourceFile, Span, Spanned};
use crate::yaml::Node;

/// What the name of a definition that is rendered first ends in.
const TEMPLATE: &str = ".json.hbs";

/// Reads `definitions`: without values only the path.
pub(super) fn definitions(reader: &mut Reader<'_>, node: &Node) -> Vec<ServiceDefinition> {
    let Some(text) = reader.text(node).filter(|text| !text.opaque) else {
        return Vec::new();
    };
    let Some(folder) = reader.workspace_path(text) else {
        return Vec::new();
    };
    let Pass::Expand(scope, _) = reader.pass else {
        return Vec::new();
    };
    let folder = folder.map(|path| path.trim_end_matches('/').to_owned());
    let names = match (scope.folders)(&folder.value) {
        Ok(names) => names,
        Err(message) => {
            reader.error(&folder.place, message);
            return Vec::new();
        }
    };
    if !reader.charge(&folder.place, names.len()) {
        return Vec::new();
    }
    let mut all: BTreeMap<String, ServiceDefinition> = BTreeMap::new();
    for file in names.iter().filter(|name| !name.starts_with('.')) {
        let path = format!("{}/{file}", folder.value);
        let path = Spanned::new(
            path.trim_start_matches('/').to_owned(),
            folder.place.clone(),
        );
        let name = file
            .strip_suffix(TEMPLATE)
            .or_else(|| file.strip_suffix(".json"));
        let Some(name) = name else {
            let message = format!("`{}` is no definition, and is not taken", path.value);
            let finding = Finding::error(&path.place, message);
            reader.findings.push(Finding {
                level: Level::Warning,
                ..finding.with_help("definitions are named NAME.json or NAME.json.hbs")
            });
            continue;
        };
        reader.faults(&path.place, check_service_name(name));
        let content = if file.ends_with(TEMPLATE) {
            rendered(reader, &path)
        } else {
            plain(reader, &path)
        };
        let definition = content.map(|content| ServiceDefinition {
            name: name.to_owned(),
            path: defines(name),
            content,
            place: path.place.clone(),
        });
        if let Some(definition) = definition
            && all.insert(name.to_owned(), definition).is_some()
        {
            let message = format!("`{name}` is defined by {name}.json and {name}{TEMPLATE}");
            reader.error(&path.place, message);
        }
    }
    if all.is_empty() && names.is_empty() {
        reader.error(
            &folder.place,
            format!("there is no definition in `{}`", folder.value),
        );
    }
    all.into_values().collect()
}

/// A file as it stands: what is wrong is shown in it.
fn plain(reader: &mut Reader<'_>, path: &Spanned<String>) -> Option<String> {
    let Pass::Expand(scope, _) = reader.pass else {
        return None;
    };
    let text = match (scope.templates)(&path.value) {
        Ok(text) => text,
        Err(message) => {
            reader.error(&path.place, message);
            return None;
        }
    };
    if !reader.charge(&path.place, of_text(&text)) {
        return None;
    }
    let source = SourceFile::new(&*path.value, &*text);
    for (at, fault) in check_definition(&text) {
        let span = Span {
            start: at.start,
            end: at.end,
        };
        reader.faults(&Place::new(&source, span), vec![fault]);
    }
    Some(text)
}

/// A template: what is wrong stands in no file, so the line is that of the rendered text.
fn rendered(reader: &mut Reader<'_>, path: &Spanned<String>) -> Option<String> {
    let text = reader.rendered(Text {
        value: format!("/{}", path.value),
        place: path.place.clone(),
        opaque: false,
    })?;
    let source = SourceFile::new("rendered", &*text);
    let about = reader.about();
    for (at, mut fault) in check_definition(&text) {
        let (line, _) = source.line_column(at.start);
        fault.message = format!(
            "`{}`, line {line} when rendered{about}: {}",
            path.value, fault.message
        );
        reader.faults(&path.place, vec![fault]);
    }
    Some(text)
}
