//! `kiln explain`: every id that a finding can have is explained.

use std::path::Path;

use crate::common::Workbench;

#[test]
fn explain_says_why_and_lists_all_and_knows_the_nearest() {
    let bench = Workbench::new();
    let all = bench.kiln(&["explain"]).stdout;
    for rule in kiln::lint::RULES {
        assert!(all.contains(&format!("  {} ", rule.id)), "{}", rule.id);
        let own = bench.kiln(&["explain", rule.id]).stdout;
        for part in ["Bad:\n", "Good:\n", rule.summary] {
            assert!(own.contains(part), "{}: {part}", rule.id);
        }
        let allowed = own.contains(&format!("# kiln: allow {}: REASON", rule.id));
        assert_eq!(allowed, !rule.fixed, "{}", rule.id);
    }
    for kind in kiln::diagnostic::KINDS {
        assert!(all.contains(&format!("  {} ", kind.id)), "{}", kind.id);
        assert_eq!(bench.kiln(&["explain", kind.id]).code, 0);
    }
    for check in kiln::lint::image::CHECKS {
        assert!(all.contains(&format!("  {} ", check.id)), "{}", check.id);
        let own = bench.kiln(&["explain", check.id]);
        assert!(
            own.code == 0 && own.stdout.contains(check.id),
            "{}",
            check.id
        );
    }
    let ran = bench.kiln(&["explain", "latest-tga"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("did you mean `latest-tag`?"),
        "{}",
        ran.stderr
    );
    insta::assert_snapshot!(
        "explain_latest_tag",
        bench.kiln(&["explain", "latest-tag"]).stdout
    );
}

#[test]
fn every_id_that_an_error_can_have_is_explained() {
    // Ids stand where mistakes are reported; one that is not in the table could not be looked up.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(root) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for call in ["error_of(", "with_rule("] {
            for piece in text.split(call).skip(1) {
                let Some(id) = piece.trim_start().strip_prefix('"') else {
                    continue;
                };
                let id = id.split('"').next().unwrap();
                let known = kiln::diagnostic::kind(id).is_some() || kiln::lint::rule(id).is_some();
                assert!(known, "{}: `{id}`", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen}");
}
