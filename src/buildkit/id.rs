//! Names that no other session or build has.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A fresh name of 32 hex digits.
///
/// The daemon keeps sessions and builds of all its clients in one list, so the names must not
/// collide and not be guessable. The keys of the standard library's hasher come from the system's
/// random numbers; the counter keeps two names of this process apart.
pub fn fresh_id() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let half = || RandomState::new().hash_one(count);
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::fresh_id;

    #[test]
    fn names_are_different() {
        let names: BTreeSet<String> = (0..1000).map(|_| fresh_id()).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| name.len() == 32));
    }
}
