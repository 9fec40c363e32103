//! Image references, tags, platforms, digests: what is read is printed as it was understood.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use kiln::oci::{Digest, Platform, Reference, Tag};
use libfuzzer_sys::fuzz_target;

/// What a text is read as, it is read as again from its own text.
fn round<T: FromStr + Display + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let shown = value.to_string();
        let Ok(again) = shown.parse::<T>() else {
            panic!("`{shown}` of `{text}` is refused");
        };
        assert_eq!(value, again, "`{shown}` of `{text}`");
    }
}

fuzz_target!(|text: &str| {
    round::<Reference>(text);
    round::<Tag>(text);
    round::<Platform>(text);
    round::<Digest>(text);
});
