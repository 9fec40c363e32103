//! What the fuzz targets of the kernel contract share.

use kiln::kernel::{Fault, Release, Releases};

/// One release of each generation of rules, the oldest and strictest first.
pub const GENERATIONS: [&str; 3] = ["23.09", "24.03", "26.8"];

/// The errors that a release makes of some faults.
pub fn errors<'f>(faults: &'f [Fault], release: &str) -> Vec<&'f Fault> {
    let Ok(release) = release.parse::<Release>() else {
        panic!("{release} is no release")
    };
    let one = Releases::new([release]);
    faults
        .iter()
        .filter(|fault| fault.is_error_in(&one))
        .collect()
}

/// What a release minds, every older one minds too; and there is something to read.
pub fn look(faults: &[Fault], text: &str) {
    for pair in GENERATIONS.windows(2) {
        let (older, newer) = (errors(faults, pair[0]), errors(faults, pair[1]));
        assert!(
            newer.iter().all(|fault| older.contains(fault)),
            "`{text}`: {} minds more than {}",
            pair[1],
            pair[0]
        );
    }
    for fault in faults {
        assert!(!fault.message.is_empty() && fault.to_string().contains("(Backend.AI "));
    }
}
