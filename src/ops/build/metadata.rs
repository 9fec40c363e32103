//! The metadata file, in the words that users of buildx know.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::report::{BuildReport, ImageReport, LegState};

/// One object per image under its name: `containerimage.digest`, `containerimage.descriptor` and
/// `image.name` as `buildx bake` writes them, and `kiln.platforms` with the digests of each platform and how its
/// steps ran, which it does not. Images of one name in several registries stand under their first references.
pub fn metadata(report: &BuildReport) -> Value {
    let named = |name: &str| report.images.iter().filter(|it| it.image == name).count();
    let images: BTreeMap<&str, Value> = report
        .images
        .iter()
        .map(|image| {
            let full = image.references.first().filter(|_| named(&image.image) > 1);
            (full.unwrap_or(&image.image).as_str(), one(image))
        })
        .collect();
    json!(images)
}

fn one(image: &ImageReport) -> Value {
    let mut object = serde_json::Map::new();
    if let Some((digest, size)) = &image.index {
        let media_type = crate::oci::MediaType::OciIndex;
        object.insert("containerimage.digest".to_owned(), json!(digest.as_str()));
        object.insert(
            "containerimage.descriptor".to_owned(),
            json!({"mediaType": media_type.as_str(), "digest": digest.as_str(), "size": size}),
        );
        let names = if image.references.is_empty() {
            image.image.clone()
        } else {
            image.references.join(",")
        };
        object.insert("image.name".to_owned(), json!(names));
    }
    let platforms: BTreeMap<String, Value> = image
        .legs
        .iter()
        .filter_map(|(platform, leg)| {
            let LegState::Built(solved) = &leg.state else {
                return None;
            };
            let manifest = solved.manifest.as_ref()?;
            let config = solved.config.as_ref().map(|(digest, _)| digest.as_str());
            let value = json!({
                "containerimage.digest": manifest.digest.as_str(),
                "containerimage.config.digest": config,
                "kiln.steps": leg.steps,
            });
            Some((platform.to_string(), value))
        })
        .collect();
    object.insert("kiln.platforms".to_owned(), json!(platforms));
    Value::Object(object)
}
