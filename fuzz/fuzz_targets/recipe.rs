//! A recipe and what it extends, uses and renders, through all that `kiln lint` and `kiln show` do with it.
#![no_main]

mod around;

use kiln::diagnostic::Findings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut findings = Findings::new();
    around::run(around::files(text), &mut findings);
    around::look(&findings);
});
