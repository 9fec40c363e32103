//! Values of the standard as a user of the library meets them: whole documents, their bytes and their checks.

use std::collections::BTreeMap;

use kiln::oci::{
    Descriptor, Digest, ImageConfig, Index, Manifest, MediaType, Platform, Reference, WirePlatform,
    canonical, validate,
};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

fn entry(platform: Platform, number: u32) -> Descriptor {
    let bytes = format!("{platform} {number}");
    let mut entry =
        Descriptor::of(MediaType::OciManifest, bytes.as_bytes()).with_platform(platform);
    entry.annotations = Some(BTreeMap::from([("빌더".to_owned(), number.to_string())]));
    entry
}

fn platforms() -> impl Strategy<Value = Vec<Platform>> {
    let all = [
        "linux/amd64",
        "linux/arm64",
        "linux/arm/v7",
        "linux/386",
        "linux/s390x",
        "linux/riscv64",
    ];
    let all: Vec<Platform> = all.map(|text| text.parse().expect("a platform")).to_vec();
    proptest::sample::subsequence(all.clone(), 1..=all.len()).prop_shuffle()
}

proptest! {
    #[test]
    fn the_order_of_entries_does_not_change_the_bytes(platforms in platforms(), number in any::<u32>()) {
        let entries: Vec<Descriptor> = platforms.iter().map(|platform| entry(*platform, number)).collect();
        let mut reversed = entries.clone();
        reversed.reverse();
        let index = Index::assemble(entries, BTreeMap::new()).unwrap();
        prop_assert_eq!(canonical::encode(&index).unwrap(), canonical::encode(&Index::assemble(reversed, BTreeMap::new()).unwrap()).unwrap());
        prop_assert!(index.manifests.iter().all(|entry| entry.annotations.is_none()));
        prop_assert_eq!(validate::index_is_consistent(&index), Ok(()));
        let mut sorted = platforms;
        sorted.sort();
        prop_assert_eq!(index.images().into_keys().collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn an_index_is_read_back_as_written(platforms in platforms(), note in "\\PC{0,40}") {
        let entries = platforms.iter().map(|platform| entry(*platform, 1)).collect();
        let index = Index::assemble(entries, BTreeMap::from([("note".to_owned(), note)])).unwrap();
        let (bytes, digest) = canonical::encode(&index).unwrap();
        let read: Index = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&read, &index);
        prop_assert_eq!(canonical::encode(&read).unwrap().1, digest);
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,80}") {
        let _ = text.parse::<Reference>();
        let _ = text.parse::<Platform>();
        let _ = text.parse::<Digest>();
        let _ = serde_json::from_str::<ImageConfig>(&text);
    }

    #[test]
    fn a_reference_that_parses_has_one_full_form(
        host in "([a-z]{1,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?/)?",
        path in "[a-z0-9]{1,6}(/[a-z0-9]{1,6}([._-][a-z0-9]{1,4})?){0,2}",
        tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?",
        pinned in any::<bool>(),
    ) {
        let digest = if pinned { format!("@{}", Digest::sha256_of(path.as_bytes())) } else { String::new() };
        let reference: Reference = format!("{host}{path}{tag}{digest}").parse().unwrap();
        prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference.clone());
        prop_assert_eq!(reference.digest().is_some(), pinned);
        prop_assert!(reference.tag().is_some() || pinned);
    }
}

#[test]
fn a_docker_list_is_read_too() {
    let text = r#"{
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
        "manifests": [{
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "size": 528,
            "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}
        }]
    }"#;
    let index: Index = serde_json::from_str(text).unwrap();
    assert_eq!(validate::index_is_consistent(&index), Ok(()));
    assert_eq!(
        index.images().keys().collect::<Vec<_>>(),
        [&Platform::LINUX_ARM64]
    );
}

#[test]
fn manifest_and_configuration_are_compared_with_the_platform() {
    let config = ImageConfig::new(Platform::LINUX_ARM64);
    let (bytes, _) = canonical::encode(&config).unwrap();
    let manifest = Manifest::new(Descriptor::of(MediaType::OciConfig, &bytes), Vec::new());
    assert_eq!(
        validate::config_fits(&config, &manifest, Platform::LINUX_ARM64),
        Ok(())
    );
    let faults = validate::config_fits(&config, &manifest, Platform::LINUX_AMD64).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "the configuration says linux/arm64 where the index says linux/amd64"
    );
}

#[test]
fn the_platform_of_a_plain_arm64_image_has_no_variant() {
    let platform: Platform = "linux/arm64/v8".parse().unwrap();
    let text = serde_json::to_string(&WirePlatform::from(platform)).unwrap();
    assert_eq!(text, r#"{"architecture":"arm64","os":"linux"}"#);
}
