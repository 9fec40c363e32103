//! The image layout: names of its files, and which image has which name in it; image-spec v1.1,
//! image-layout.md.
//!
//! Owns the two annotations by which tools find an image in `index.json`. Reads and writes no files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::descriptor::{Descriptor, MediaType};
use super::digest::Digest;
use super::index::Index;

/// The file that says that a folder is a layout.
pub const MARKER: &str = "oci-layout";
/// What stands in it.
pub const MARKER_TEXT: &str = "{\"imageLayoutVersion\":\"1.0.0\"}";
/// The file that lists the images.
pub const INDEX: &str = "index.json";
/// The annotation by which skopeo, podman and BuildKit find an image: unique in a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation by which containerd, nerdctl and Docker name an image when they load it.
pub const IMAGE_NAME: &str = "io.containerd.image.name";

/// Where content lies in a layout.
pub fn blob_path(digest: &Digest) -> PathBuf {
    ["blobs", digest.algorithm().as_str(), digest.hex()]
        .iter()
        .collect()
}

/// The digest of the content at a path of a layout; nothing where that is no place for content.
pub fn digest_at(path: &Path) -> Option<Digest> {
    let parts: Option<Vec<&str>> = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| part.as_os_str().to_str())
        .collect();
    match parts?[..] {
        ["blobs", algorithm, hex] => format!("{algorithm}:{hex}").parse().ok(),
        _ => None,
    }
}

/// The names that one tag of an image can have in a layout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LayoutName {
    /// With registry: what tells images apart.
    pub full: String,
    /// `REPOSITORY:TAG`.
    pub local: String,
    /// The tag alone.
    pub tag: String,
}

/// The index of a layout without images.
pub fn empty_index() -> Index {
    Index {
        schema_version: 2,
        media_type: MediaType::OciIndex,
        artifact_type: None,
        manifests: Vec::new(),
        subject: None,
        annotations: None,
        other: BTreeMap::new(),
    }
}

/// Enters an image under a name, instead of what had that name before; gives the name by which it is
/// found.
///
/// That is its tag, unless another image of the layout has it or it is `ambiguous`; then it is
/// `REPOSITORY:TAG`, and where that is taken, too, the full name. An image that is there already keeps
/// the name it has.
pub fn enter(
    index: &mut Index,
    image: &Descriptor,
    name: &LayoutName,
    ambiguous: &BTreeSet<String>,
) -> String {
    let is_same = |entry: &Descriptor| annotation(entry, IMAGE_NAME) == Some(name.full.as_str());
    let known = index.manifests.iter().find(|entry| is_same(entry));
    let kept = known.and_then(|entry| annotation(entry, REF_NAME));
    let taken = |wanted: &str| {
        let mut others = index.manifests.iter().filter(|entry| !is_same(entry));
        // An entry that does not say whose it is may be replaced.
        others.any(|entry| {
            annotation(entry, REF_NAME) == Some(wanted) && annotation(entry, IMAGE_NAME).is_some()
        })
    };
    let tag = Some(name.tag.as_str()).filter(|tag| !ambiguous.contains(*tag));
    let wishes = [kept, tag, Some(name.local.as_str())];
    let free = wishes.into_iter().flatten().find(|wanted| !taken(wanted));
    let chosen = free.unwrap_or(&name.full).to_owned();
    index
        .manifests
        .retain(|entry| !is_same(entry) && annotation(entry, REF_NAME) != Some(&chosen));
    let mut entry = Descriptor::new(image.media_type.clone(), image.digest.clone(), image.size);
    entry.annotations = Some(BTreeMap::from([
        (IMAGE_NAME.to_owned(), name.full.clone()),
        (REF_NAME.to_owned(), chosen.clone()),
    ]));
    index.manifests.push(entry);
    // Images are ready in any order; their list has one.
    index
        .manifests
        .sort_by(|one, other| annotation(one, REF_NAME).cmp(&annotation(other, REF_NAME)));
    chosen
}

fn annotation<'a>(entry: &'a Descriptor, key: &str) -> Option<&'a str> {
    entry.annotations.as_ref()?.get(key).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> LayoutName {
        let (_, tag) = path.rsplit_once(':').unwrap();
        LayoutName {
            full: format!("registry.example/{path}"),
            local: path.to_owned(),
            tag: tag.to_owned(),
        }
    }

    fn image(content: &str) -> Descriptor {
        Descriptor::of(MediaType::OciIndex, content.as_bytes())
    }

    fn names(index: &Index) -> Vec<(&str, &str)> {
        let entry = |entry| {
            let of = |key| annotation(entry, key).unwrap_or("–");
            (of(REF_NAME), of(IMAGE_NAME))
        };
        index.manifests.iter().map(entry).collect()
    }

    #[test]
    fn content_has_one_place_and_a_place_one_content() {
        let digest = Digest::sha256_of("größe".as_bytes());
        let path = blob_path(&digest);
        assert_eq!(digest_at(&path), Some(digest.clone()));
        assert_eq!(digest_at(&Path::new(".").join(&path)), Some(digest));
        for odd in ["index.json", "blobs/sha256/größe", "blobs", "../blobs/a/b"] {
            assert_eq!(digest_at(Path::new(odd)), None, "{odd}");
        }
        assert_eq!(digest_at(&Path::new("x").join(&path)), None);
    }

    #[test]
    fn an_image_is_found_by_its_tag_and_replaced_by_its_next_build() {
        let mut index = empty_index();
        let none = BTreeSet::new();
        assert_eq!(
            enter(&mut index, &image("alt"), &name("team/app:1"), &none),
            "1"
        );
        assert_eq!(
            enter(&mut index, &image("neu"), &name("team/app:1"), &none),
            "1"
        );
        assert_eq!(
            enter(&mut index, &image("b"), &name("team/app:0"), &none),
            "0"
        );
        let found = [
            ("0", "registry.example/team/app:0"),
            ("1", "registry.example/team/app:1"),
        ];
        assert_eq!(names(&index), found);
        assert_eq!(index.manifests[1].digest, image("neu").digest);
    }

    #[test]
    fn two_images_of_one_tag_have_two_names_and_keep_them() {
        let mut index = empty_index();
        let none = BTreeSet::new();
        enter(&mut index, &image("a"), &name("team/app:1"), &none);
        let second = enter(&mut index, &image("b"), &name("team/base:1"), &none);
        assert_eq!(second, "team/base:1");
        // The tag is free again, and the second keeps the name that scripts know by now.
        index
            .manifests
            .retain(|entry| annotation(entry, REF_NAME) != Some("1"));
        let again = enter(&mut index, &image("c"), &name("team/base:1"), &none);
        assert_eq!(again, "team/base:1");
        let mut other = name("team/base:1");
        other.full = "other.example/team/base:1".to_owned();
        let both = BTreeSet::from(["1".to_owned()]);
        let third = enter(&mut index, &image("d"), &other, &both);
        assert_eq!(third, other.full);
        assert_eq!(index.manifests.len(), 2);
    }

    #[test]
    fn images_of_one_run_with_one_tag_are_named_the_same_in_any_order() {
        let both = BTreeSet::from(["1".to_owned()]);
        let enter_all = |order: [&str; 2]| {
            let mut index = empty_index();
            for path in order {
                enter(&mut index, &image(path), &name(path), &both);
            }
            index
        };
        let index = enter_all(["team/app:1", "team/base:1"]);
        assert_eq!(index, enter_all(["team/base:1", "team/app:1"]));
        assert_eq!(names(&index)[0].0, "team/app:1");
    }

    #[test]
    fn an_entry_without_an_image_name_is_replaced_and_others_of_other_tools_stay() {
        let mut index = empty_index();
        let bare = |name: &str| {
            let mut entry = image(name);
            entry.annotations = Some(BTreeMap::from([(REF_NAME.to_owned(), name.to_owned())]));
            entry
        };
        index.manifests = vec![bare("1"), bare("한글"), image("namenlos")];
        enter(
            &mut index,
            &image("a"),
            &name("team/app:1"),
            &BTreeSet::new(),
        );
        let found = [
            ("–", "–"),
            ("1", "registry.example/team/app:1"),
            ("한글", "–"),
        ];
        assert_eq!(names(&index), found);
    }
}
