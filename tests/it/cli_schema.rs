//! `kiln schema`: prints what the library makes.

use kiln::schema::{Document, json};

use crate::common::Workbench;

#[test]
fn each_kind_of_file_has_its_schema_and_a_recipe_is_the_default() {
    let bench = Workbench::new();
    // Whatever lies around is not looked at.
    bench.write("kiln.yaml", "깨진: [");
    let arguments: [&[&str]; 4] = [&[], &["recipe"], &["workspace"], &["snippet"]];
    let kinds = [
        Document::Recipe,
        Document::Recipe,
        Document::Workspace,
        Document::Snippet,
    ];
    for (arguments, kind) in arguments.into_iter().zip(kinds) {
        let ran = bench.kiln(&[&["schema"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        let printed: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(printed, json(kind));
    }
}

#[test]
fn a_kind_that_there_is_none_of_is_exit_2_and_lists_those_there_are() {
    let ran = Workbench::new().kiln(&["schema", "größe"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    for kind in ["recipe", "workspace", "snippet"] {
        assert!(ran.stderr.contains(kind), "{}", ran.stderr);
    }
}
