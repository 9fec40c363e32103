//! `duplicate-tag`: names are compared over the whole workspace.

use super::{bench, report, shown};

#[test]
fn two_files_that_publish_one_name_are_found_and_the_first_is_named() {
    let recipe = |name: &str| {
        format!("kiln: 1\nname: {name}\nrepository: team/앱\ntags: [\"1\"]\nbase: scratch\n")
    };
    let (a, b) = (
        recipe("a").replace('앱', "app"),
        recipe("b").replace('앱', "app"),
    );
    let bench = bench(&[("recipes/가.yaml", &a), ("recipes/나.yaml", &b)]);
    assert_eq!(
        shown(&report(&bench, &[])),
        [
            "recipes/나.yaml:4:8: error[duplicate-tag]: `a` in recipes/가.yaml becomes team/app:1 as well"
        ]
    );
}
