//! Scripts that installers write for the entry points of Python distributions.
//!
//! Their text is that of the installer, and of its version; what they start is the distribution's. A script is only
//! understood if all it does is to take an ending from its name and to start one function of one module.

/// What a script starts, and with which interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launcher {
    /// The first line, without `#!`.
    pub interpreter: String,
    /// The module and what is taken from it, as `import` has it.
    pub import: String,
    /// What is called.
    pub call: String,
}

/// How lines begin that have no part in what is started.
const BESIDE: [&str; 7] = [
    "#",
    "import re",
    "import sys",
    "if __name__ ==",
    "if sys.argv[0].endswith(",
    "elif sys.argv[0].endswith(",
    "sys.argv[0] = ",
];

impl Launcher {
    /// Reads a script; nothing where it is another one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        let interpreter = lines.next()?.strip_prefix("#!")?.trim().to_owned();
        let (mut import, mut call) = (None, None);
        for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with("from ") {
                let is_first = import.replace(line.to_owned()).is_none();
                is_first.then_some(())?;
            } else if let Some(called) = line.strip_prefix("sys.exit(") {
                let called = called.strip_suffix("())")?;
                let is_first = call.replace(called.to_owned()).is_none();
                is_first.then_some(())?;
            } else if !BESIDE.iter().any(|begin| line.starts_with(begin)) {
                return None;
            }
        }
        Some(Self {
            interpreter,
            import: import?,
            call: call?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Launcher;

    const PIP: &str = "#!/usr/bin/python3\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom größe.cli import main\n\
        if __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    \
        sys.exit(main())\n";
    const UV: &str = "#!/usr/bin/python3\n# -*- coding: utf-8 -*-\nimport sys\nfrom größe.cli import main\n\
        if __name__ == \"__main__\":\n    if sys.argv[0].endswith(\"-script.pyw\"):\n        \
        sys.argv[0] = sys.argv[0][:-11]\n    elif sys.argv[0].endswith(\".exe\"):\n        \
        sys.argv[0] = sys.argv[0][:-4]\n    sys.exit(main())\n";

    #[test]
    fn scripts_of_two_installers_start_the_same() {
        let one = Launcher::read(PIP.as_bytes()).unwrap();
        assert_eq!(Launcher::read(UV.as_bytes()), Some(one));
    }

    #[test]
    fn scripts_that_start_something_else_differ() {
        let one = Launcher::read(PIP.as_bytes()).unwrap();
        for (from, to) in [
            ("größe.cli", "groß.cli"),
            ("main())", "run())"),
            ("/usr/bin/python3", "/opt/py/bin/python3"),
        ] {
            let other = Launcher::read(PIP.replace(from, to).as_bytes()).unwrap();
            assert_ne!(other, one, "{to}");
        }
    }

    #[test]
    fn a_script_that_does_more_is_not_understood() {
        let more = UV.replace("import sys\n", "import sys\nimport os; os.unlink('x')\n");
        for text in [
            &more,
            &format!("{PIP}print(1)\n"),
            &format!("{PIP}from a import b\n"),
            "#!/bin/sh\nexec python3 -m x\n",
            "#!/usr/bin/python3\n",
            "",
        ] {
            assert_eq!(Launcher::read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Launcher::read(b"#!/usr/bin/python3\n\xff"), None);
    }
}
