//! Amounts of memory and of other resources: units multiply, what is read is read again from its bytes, and a
//! number is one exactly where another reader of decimal text takes it for one.
#![no_main]

mod kernel;

use kernel::look;
use kiln::kernel::{check_value, mem, number};
use libfuzzer_sys::fuzz_target;

/// More digits are refused.
const MOST: usize = 30;

fn memory(text: &str) {
    let Ok(bytes) = mem(text) else { return };
    let shown = bytes.to_string();
    if shown.len() <= MOST {
        assert_eq!(mem(&shown), Ok(bytes), "`{text}`");
    }
    for same in [
        format!(" {text}\n"),
        text.to_uppercase(),
        text.to_lowercase(),
    ] {
        assert_eq!(mem(&same), Ok(bytes), "`{text}` as `{same}`");
    }
    if text.len() <= MOST && text.bytes().all(|b| b.is_ascii_digit()) {
        let mut factor = 1_u128;
        for unit in ["k", "mb", "gib", " t", "pbytes", "E", "Z", "YiB"] {
            factor <<= 10;
            let read = mem(&format!("{text}{unit}")).ok();
            assert_eq!(read, bytes.checked_mul(factor), "`{text}{unit}`");
        }
    }
}

/// Whether a text is a finite decimal number that is not negative, read by the standard library.
fn is_number(text: &str) -> Option<bool> {
    let plain = text.replace('_', "");
    let plain = plain.trim();
    let (digits, power) = plain.split_once(['e', 'E']).unwrap_or((plain, "0"));
    // An exponent of more digits is no number to one reader and nothing to the other.
    if digits.len() > MOST
        || power.len() > 4
        || power
            .parse::<i32>()
            .is_ok_and(|power| power.unsigned_abs() > 30)
    {
        return None;
    }
    let read = plain.parse::<f64>().ok();
    Some(read.is_some_and(|read| read.is_finite() && !plain.starts_with('-')))
}

fuzz_target!(|text: &str| {
    memory(text);
    if let Some(is_number) = is_number(text) {
        assert_eq!(number(text).is_ok(), is_number, "`{text}`");
    }
    if let Ok(read) = number(text) {
        assert!(
            read.is_whole() || text.contains(['.', 'e', 'E']),
            "`{text}`"
        );
    }
    for key in [
        "min.mem",
        "min.cpu",
        "min.cuda.device",
        "min.plugin.slot",
        "preferred.shmem",
    ] {
        look(
            &check_value(&format!("ai.backend.resource.{key}"), text),
            text,
        );
    }
});
