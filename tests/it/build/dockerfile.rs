//! What the stand-in for a builder makes of a Dockerfile.

use kiln::buildkit::{ImageExport, Solve, Warning};
use kiln::oci::{History, ImageConfig};

/// The configuration of the image that is asked for: of a graph it is given, of a Dockerfile it is the
/// frontend's.
pub(super) fn config(image: &ImageExport, request: &Solve) -> ImageConfig {
    if request.dockerfile.is_none() {
        return serde_json::from_slice(&image.config).unwrap();
    }
    assert!(image.config.is_empty(), "the frontend makes it");
    let mut config = ImageConfig::new(request.platform);
    config.created = Some("2027-03-04T05:06:07.891Z".to_owned());
    config.config.env = vec!["WOHER=Dockerfile, größer".to_owned()];
    config.config.cmd = Some(vec!["aus der Datei".to_owned()]);
    config.history = vec![History {
        created_by: Some("RUN echo größer # buildkit".to_owned()),
        created: config.created.clone(),
        ..History::default()
    }];
    config
}

/// A remark of the frontend.
pub(super) fn remark(text: &str) -> Warning {
    Warning {
        vertex: "sha256:00".to_owned(),
        message: text.to_owned(),
        details: Vec::new(),
        url: String::new(),
    }
}
