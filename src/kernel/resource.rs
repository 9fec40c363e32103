//! Amounts of resources, read as the platform's parsers read them.

use std::fmt;

use super::fault::{Fault, Rule};
use super::release::Range;

/// What an amount says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// The least a session needs.
    Min,
    /// The most; no release keeps to it.
    Max,
    /// What a session gets if nothing else is asked for; only `shmem` is read.
    Preferred,
}

impl Bound {
    pub(super) const ALL: [Self; 3] = [Self::Min, Self::Max, Self::Preferred];

    /// The word in labels and recipes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Preferred => "preferred",
        }
    }
}

/// A resource: `cpu`, `mem`, `cuda.device`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(String);

impl Slot {
    /// A slot by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The largest amount that is told from others: more has no meaning, and may cost the platform's parser
/// minutes.
const MAX_DIGITS: usize = 30;

/// A decimal number: digits, and how far the point is moved to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    digits: u128,
    exponent: i32,
}

impl Quantity {
    /// Python's decimal text without signs, infinity and NaN: `1`, `.5`, `1.`, `1e3`.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('+').unwrap_or(text);
        let (number, power) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{part}");
        let fits = !digits.is_empty()
            && digits.len() <= MAX_DIGITS
            && digits.bytes().all(|b| b.is_ascii_digit())
            && power.unsigned_abs() as usize <= MAX_DIGITS;
        let exponent = power - i32::try_from(part.len()).ok()?;
        fits.then(|| {
            Some(Self {
                digits: digits.parse().ok()?,
                exponent,
            })
        })?
    }

    /// The number times a factor, without what is behind the point.
    fn times(self, factor: u128) -> Option<u128> {
        let scaled = self.digits.checked_mul(factor)?;
        let power = 10_u128.checked_pow(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            scaled.checked_mul(power?)
        } else {
            Some(power.map_or(0, |power| scaled / power))
        }
    }

    /// Whether nothing is behind the point.
    pub fn is_whole(self) -> bool {
        let power = 10_u128.checked_pow(self.exponent.unsigned_abs());
        self.exponent >= 0 || power.is_some_and(|power| self.digits.is_multiple_of(power))
    }
}

/// An amount of memory in bytes: whole bytes, or a number and a unit of 1024 (`k` to `y`, then `b`, `ib`,
/// `bytes` and so on), in any case, with blanks and underscores where the platform allows them.
pub fn mem(text: &str) -> Result<u128, Fault> {
    let bad = |message: String| {
        Fault::error(Rule::Quantity, message)
            .help("write whole bytes, or a number with k, m, g or t: 512m, 1.5g")
    };
    let plain = text.trim().replace('_', "").to_lowercase();
    if ["inf", "infinite", "infinity"].contains(&plain.as_str()) {
        return Err(bad(format!(
            "`{text}` is no amount that a session could have"
        )));
    }
    let read = Quantity::parse(&plain);
    if let Some(number) = read.filter(|_| plain.contains('.') || !plain.contains('e')) {
        let bytes = number
            .times(1)
            .ok_or_else(|| bad(format!("`{text}` is too much")))?;
        return match plain.contains('.') {
            false => Ok(bytes),
            true if number.is_whole() => Err(bad(format!(
                "`{text}` has a point; whole bytes are written without"
            ))
            .within(Range::before(26, 8))),
            true => Err(bad(format!("`{text}` has a part of a byte"))),
        };
    }
    let fault = || {
        let fault = bad(format!("`{text}` is no amount of memory"));
        match kubernetes(&plain) {
            Some(right) => fault.help(format!("write {right}")),
            None => fault,
        }
    };
    let stem = ["ibytes", "ibyte", "ib", "bytes", "byte", "b"]
        .into_iter()
        .find_map(|ending| plain.strip_suffix(ending))
        .unwrap_or(&plain);
    let unit = stem.chars().next_back().ok_or_else(fault)?;
    let power = " kmgtpezy".find(unit).ok_or_else(fault)?;
    let number = Quantity::parse(&stem[..stem.len() - unit.len_utf8()]).ok_or_else(fault)?;
    let factor = u32::try_from(power * 10).map_or(1, |shift| 1_u128 << shift);
    number
        .times(factor)
        .ok_or_else(|| bad(format!("`{text}` is too much")))
}

/// `256mi`, as Kubernetes has it, in the platform's words.
fn kubernetes(text: &str) -> Option<&str> {
    let right = text.strip_suffix('i')?;
    let unit = right.chars().next_back()?;
    let number = &right[..right.len() - unit.len_utf8()];
    ("kmgtpe".contains(unit) && Quantity::parse(number).is_some()).then_some(right)
}

/// A count or share: decimal text.
pub fn number(text: &str) -> Result<Quantity, Fault> {
    Quantity::parse(&text.replace('_', "")).ok_or_else(|| {
        Fault::error(Rule::Quantity, format!("`{text}` is no number"))
            .help("write a decimal number: 1, or 0.5")
    })
}

/// Checks an amount.
pub(super) fn check(bound: Bound, slot: &Slot, text: &str) -> Vec<Fault> {
    match (bound, slot.as_str()) {
        // Nobody reads it.
        (Bound::Max, _) => Vec::new(),
        (Bound::Preferred, "shmem") => match mem(text) {
            Ok(_) => Vec::new(),
            Err(fault) => {
                let ignored = Fault {
                    weight: super::Weight::Warning,
                    range: Range::from(24, 9),
                    message: format!("{}, so 64m is taken", fault.message),
                    ..fault.clone()
                };
                vec![fault.within(Range::before(24, 9)), ignored]
            }
        },
        (Bound::Preferred, other) => vec![
            Fault::warning(
                Rule::Unknown,
                format!("nothing reads a preferred `{other}`"),
            )
            .help("only `shmem` is read"),
        ],
        (Bound::Min, "mem") => memory(text),
        (Bound::Min, slot) => count(slot, text),
    }
}

fn memory(text: &str) -> Vec<Fault> {
    match mem(text) {
        // Four megabytes do not start a shell: a unit was forgotten.
        Ok(bytes) if bytes > 0 && bytes < 4 << 20 => vec![
            Fault::warning(
                Rule::Quantity,
                format!("`{text}` is {bytes} bytes of memory"),
            )
            .help("add the unit: 512m, 1g"),
        ],
        Ok(_) => Vec::new(),
        Err(mut fault) => {
            if fault.range == Range::ALL {
                fault.message.push_str(
                    "; newer releases lose the scan of the whole registry to it, older ones the session",
                );
            }
            vec![fault]
        }
    }
}

fn count(slot: &str, text: &str) -> Vec<Fault> {
    match number(text) {
        Ok(number) if slot.ends_with(".device") && !number.is_whole() => vec![Fault::warning(
            Rule::Quantity,
            format!("`{slot}` counts whole devices, and this is `{text}`"),
        )],
        Ok(_) => Vec::new(),
        // A slot of a plugin that counts in bytes takes sizes.
        Err(_) if !is_counted(slot) && mem(text).is_ok() => Vec::new(),
        Err(mut fault) => {
            fault.message = format!("{} of `{slot}`", fault.message);
            if !is_counted(slot) {
                // Passed over, unless a plugin reports such a slot.
                fault.weight = super::Weight::Warning;
            }
            vec![fault]
        }
    }
}

/// Whether a slot is known to be counted and not measured in bytes.
fn is_counted(slot: &str) -> bool {
    slot == "cpu" || slot.ends_with(".device") || slot.ends_with(".shares")
}

#[cfg(test)]
mod tests {
    use super::{mem, number};

    #[test]
    fn memory_is_read_with_the_platforms_units() {
        for (text, bytes) in [
            ("1073741824", 1 << 30),
            ("0", 0),
            ("+5", 5),
            ("1_000", 1000),
            ("512m", 512 << 20),
            ("512M", 512 << 20),
            ("512 m", 512 << 20),
            ("512mb", 512 << 20),
            ("512MiB", 512 << 20),
            ("512 mebibytes", 0),
            ("1.5g", 3 << 29),
            (".5g", 1 << 29),
            ("1.g", 1 << 30),
            ("1e1k", 10 << 10),
            ("1024 bytes", 1024),
            ("1kibyte", 1024),
            ("1y", 1 << 80),
            (" 2g ", 2 << 30),
        ] {
            match mem(text) {
                Ok(read) => assert_eq!(read, bytes, "{text}"),
                Err(_) => assert_eq!(text, "512 mebibytes"),
            }
        }
    }

    #[test]
    fn what_the_platform_cannot_read_is_refused_with_the_spelling_to_use() {
        for text in [
            "",
            " ",
            "256Mi",
            "ֲi",
            "한i",
            "1gg",
            "1.5",
            "1.0",
            "1024b",
            "b",
            "g",
            "m1",
            "1e3",
            "inf",
            "-1g",
            "nan",
            "１g",
            "1 g b",
            "0x10",
            "1,5g",
            "1e99999999g",
            "999999999999999999999999999999999999y",
        ] {
            assert!(mem(text).is_err(), "{text}");
        }
        assert_eq!(mem("256Mi").unwrap_err().help.unwrap(), "write 256m");
    }

    #[test]
    fn numbers_are_decimal_text() {
        for text in ["1", "0", "0.5", " 1 ", "1_0", "1e2", "+1", "1."] {
            assert!(number(text).is_ok(), "{text}");
        }
        for text in ["", "1g", "-1", "inf", "NaN", "1/2", "one", "٣"] {
            assert!(number(text).is_err(), "{text}");
        }
    }
}
