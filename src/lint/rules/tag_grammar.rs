//! `tag-grammar`: a tag that a registry takes and Backend.AI does not read. Expansion looks for it, as it knows the
//! releases.

use crate::diagnostic::Level;
use crate::lint::rule::{Check, Example, NAMING, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "tag-grammar",
    group: NAMING,
    level: Some(Level::Error),
    fixed: false,
    summary: "a kernel's tag that Backend.AI does not read",
    why: "The platform takes a tag apart: a version, then words joined by `-`, each of letters with a version behind them and \
          none twice. It passes over an image with another tag when it scans the registry, and says so to nobody. `build` \
          refuses such a tag too, unless `kiln.yaml` or a comment says otherwise. A tag that no registry takes is \
          an `invalid-value`.",
    bad: Example(&[(
        Example::PATH,
        "tags: [\"1.0.0-rc.1-ubuntu22.04\"]\nrepository: team/example\nplatforms: [linux/amd64]\nbase: scratch\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "tags: [\"1.0.0rc1-ubuntu22.04\"]\nrepository: team/example\nplatforms: [linux/amd64]\nbase: scratch\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}}\n",
    )]),
    check: Check::Engine,
};
