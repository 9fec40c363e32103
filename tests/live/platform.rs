//! kiln beside the platform's own code: what a release refuses, kiln refuses for that release, and what a release takes,
//! kiln takes, save for the rules that docs/labels.md names as stricter.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kiln::kernel::{Fault, Releases, STRICTER, check, check_tag, check_value};

use crate::lab::lab_for_long;
use crate::platform_cases::{Case, cases};

fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/lab")
        .join(name)
}

/// Says something past the test's own capture: it belongs into the log of a run that passes, too.
fn say(line: &str) {
    let _ = std::io::stderr().write_all(format!("\n{line}\n").as_bytes());
}

/// The Python of an environment with a release's packages, or the reason why there is none.
fn python(release: &str, version: &str) -> Result<String, String> {
    let output = Command::new(tool("platform.sh"))
        .args([release, version])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout)),
        Some(75) => Err(text(&output.stderr)
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()),
        _ => panic!("platform.sh {release}: {}", text(&output.stderr)),
    }
}

/// What a release's code refuses of each case.
fn judged(python: &str, release: &str, cases: &[Case]) -> Vec<Vec<String>> {
    let mut judge = Command::new(python)
        .arg(tool("judge.py"))
        .arg(release)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = cases
        .iter()
        .map(|case| case.to_json().to_string())
        .collect();
    let lines = lines.join(
        "
",
    );
    let mut stdin = judge.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = judge.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(
        output.status.success(),
        "judge.py ended with {}",
        output.status
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What kiln says of a case: each fault, and the text that it is about.
fn said(case: &Case) -> Vec<(String, Fault)> {
    let single = |key: &str, value: &str| {
        let faults = check_value(&format!("ai.backend.{key}"), value).into_iter();
        faults.map(|fault| (value.to_owned(), fault)).collect()
    };
    match case {
        Case::Labels(labels) => {
            let about = |key: &String| labels.get(key).cloned().unwrap_or_default();
            let faults = check(labels).into_iter();
            faults.map(|(key, fault)| (about(&key), fault)).collect()
        }
        Case::Tag(tag) => {
            let faults = check_tag(tag).into_iter();
            faults.map(|fault| (tag.clone(), fault)).collect()
        }
        Case::Ports(ports) => single("service-ports", ports),
        Case::Size(size) => single("resource.min.mem", size),
    }
}

/// The stricter rule that a fault is of, by the text that it is about.
fn stricter(text: &str) -> Option<&'static str> {
    let lower = text.trim().to_lowercase();
    let name = if text.chars().any(|c| c.is_numeric() && !c.is_ascii()) {
        "ascii-digits"
    } else if ["inf", "nan"].iter().any(|word| lower.contains(word)) || lower.starts_with('-') {
        "finite-amounts"
    } else if text.contains(|c: char| ('\u{1c}'..='\u{1f}').contains(&c)) {
        "white-space"
    } else if text.chars().filter(char::is_ascii_digit).count() > 30 {
        "bounded-amounts"
    } else {
        return None;
    };
    let known = STRICTER.iter().find(|(own, _)| *own == name);
    Some(
        known
            .unwrap_or_else(|| panic!("{name} is not documented"))
            .0,
    )
}

/// Holds kiln against a release.
fn beside(packages: &str, release: &str, version: &str) {
    if lab_for_long().is_none() {
        return;
    }
    let python = match python(packages, version) {
        Ok(python) => python,
        Err(reason) => {
            say(&format!(
                "not run: kiln beside the platform's release {packages}: {reason}"
            ));
            return;
        }
    };
    let cases = cases();
    let real = judged(&python, packages, &cases);
    assert_eq!(real.len(), cases.len());
    let chosen = Releases::new([release.parse().unwrap()]);
    let (mut refused, mut accepted) = (0, 0);
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, real) in cases.iter().zip(&real) {
        let said = said(case);
        let errors: Vec<_> = said
            .iter()
            .filter(|(_, fault)| fault.is_error_in(&chosen))
            .collect();
        let shown = || {
            format!(
                "{}\n  the platform: {real:?}\n  kiln: {errors:?}",
                case.to_json()
            )
        };
        if !real.is_empty() {
            refused += 1;
            if errors.is_empty() {
                wrong.push(format!("missed: {}", shown()));
            }
            continue;
        }
        accepted += 1;
        for (text, _) in &errors {
            match stricter(text) {
                Some(name) => *explained.entry(name).or_default() += 1,
                None => wrong.push(format!("false: {}", shown())),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
    // Else it would show nothing.
    assert!(
        refused > 300 && accepted > 300,
        "{refused} refused, {accepted} accepted"
    );
    say(&format!(
        "compared: release {packages}: {} cases (500 each of label sets, tags, service ports, sizes), {refused} refused by both, \
         {accepted} accepted by both but for stricter rules: {explained:?}",
        cases.len()
    ));
}

#[test]
fn release_26_8_refuses_what_kiln_refuses_for_it() {
    beside("26.8.1", "26.8", "3.13");
}

#[test]
fn release_24_03_refuses_what_kiln_refuses_for_it() {
    beside("24.3.11", "24.03", "3.12");
}

#[test]
fn release_23_09_refuses_what_kiln_refuses_for_it() {
    beside("23.9.10", "23.09", "3.11");
}
