//! The table of labels, of which the page is made, held against the checks and against the list of labels.

use std::collections::BTreeSet;

use kiln::kernel::{LABELS, LabelKey, PREFIX, REQUIRED, STRICTER, judged, page};

#[test]
fn good_values_of_the_table_have_no_faults_and_bad_ones_have() {
    for entry in &LABELS {
        for value in entry.good {
            let faults = judged(entry, value);
            assert!(faults.is_empty(), "{}={value}: {faults:?}", entry.key);
        }
        for value in entry.bad {
            assert!(!judged(entry, value).is_empty(), "{}={value}", entry.key);
        }
        assert!(entry.good.len() + entry.bad.len() > 0, "{}", entry.key);
    }
}

#[test]
fn every_label_that_is_known_is_on_the_page_and_every_one_there_is_known() {
    let page = page();
    for name in LabelKey::names() {
        let end = name.rsplit('.').next().unwrap();
        let named = page.contains(&format!("`{PREFIX}{name}`"))
            || page.contains(&format!("`{name}`"))
            || page.contains(&format!("`.user.{end}`"));
        assert!(named, "{name}");
    }
    for entry in &LABELS {
        let key = LabelKey::read(&format!("{PREFIX}{}", entry.key)).unwrap();
        assert!(!matches!(key, LabelKey::Other(_)), "{}", entry.key);
    }
    let own: BTreeSet<&str> = LABELS.iter().map(|entry| entry.key).collect();
    assert_eq!(own.len(), LABELS.len(), "each stands there once");
}

#[test]
fn the_labels_that_older_releases_demand_are_told_as_such() {
    let demanded = LABELS
        .iter()
        .filter(|entry| entry.default.contains("before 24.09 required"));
    let demanded: Vec<String> = demanded
        .map(|entry| format!("{PREFIX}{}", entry.key))
        .collect();
    assert_eq!(demanded, REQUIRED.map(|key| key.to_string()));
}

#[test]
fn each_stricter_rule_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = STRICTER.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), STRICTER.len());
    assert!(STRICTER.iter().all(|(_, words)| words.ends_with('.')));
}
