//! A Handlebars file, rendered through a recipe that writes it.
#![no_main]

mod around;

use kiln::diagnostic::Findings;
use libfuzzer_sys::fuzz_target;

const RECIPE: &str = "kiln: 1\nname: r\nbase: debian:12\ntags: [x]\nplatforms: [linux/arm64]\n\
    vars: {text: 값, list: [a, b, c], flag: true}\nsteps:\n- write: {path: /f, template: t.hbs}\n";

fuzz_target!(|text: &str| {
    let mut files = around::files(RECIPE);
    files.insert("t.hbs".to_owned(), text.to_owned());
    let mut findings = Findings::new();
    let images = around::run(files, &mut findings);
    let images = images.map_or(0, |images| images.len());
    assert!(findings.has_errors() != (images == 1));
    around::look(&findings);
});
