//! What is read of a script, and what is not guessed at.

use super::{Apt, Installs, Pip, Typed, of_arguments, of_script};

fn apt(install: &[&str], recommends: bool) -> Typed {
    Typed::Apt(Apt {
        install: install.iter().map(ToString::to_string).collect(),
        recommends,
        upgrade: false,
    })
}

fn pip(install: &[&str]) -> Pip {
    Pip {
        install: install.iter().map(ToString::to_string).collect(),
        ..Pip::default()
    }
}

fn read(script: &str) -> Installs {
    of_script(script).unwrap_or_else(|| panic!("{script}"))
}

/// The typed steps of a script in which everything is understood.
fn typed(script: &str) -> Vec<Typed> {
    let found = read(script);
    assert_eq!(found.unclear, None, "{script}");
    found.typed
}

#[test]
fn apt_is_read_in_its_usual_spellings() {
    let git = vec![apt(&["git", "g++"], false)];
    for script in [
        "apt-get update && apt-get install -y --no-install-recommends git g++",
        "apt-get -qq update; apt-get -y -q --no-install-recommends install git g++; apt-get clean",
        "set -eux\nexport DEBIAN_FRONTEND=noninteractive\napt update\napt install -yqq git \\\n  g++ --no-install-recommends\n",
        "DEBIAN_FRONTEND=noninteractive apt-get update && \\\n DEBIAN_FRONTEND=noninteractive /usr/bin/apt-get install --yes \
         --no-install-recommends 'git' \"g++\" && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb",
    ] {
        assert_eq!(typed(script), git, "{script}");
        assert!(read(script).fresh, "{script}");
    }
    assert_eq!(
        typed("apt-get install -y python${{ v }}-dev libc6:arm64 curl=8.1-1~deb12u1"),
        [apt(
            &["python${{ v }}-dev", "libc6:arm64", "curl=8.1-1~deb12u1"],
            true
        )]
    );
    assert!(!read("apt-get install -y git").fresh);
}

#[test]
fn an_upgrade_goes_before_what_is_installed_and_nowhere_else() {
    let found = typed("apt-get update && apt-get upgrade -y && apt-get install -y git");
    let Typed::Apt(apt) = &found[0] else { panic!() };
    assert!(apt.upgrade && apt.recommends);
    for script in [
        "apt-get update && apt-get install -y git && apt-get upgrade -y",
        "apt-get upgrade -y && pip install a && apt-get install -y git",
    ] {
        assert_eq!(read(script).unclear.as_deref(), Some("upgrade"), "{script}");
    }
}

#[test]
fn pip_is_read_with_its_interpreter_and_options() {
    let named = Pip {
        by_name: true,
        ..pip(&["torch==2.4.1", "x[a,b]>=1,<2"])
    };
    for script in [
        "pip install torch==2.4.1 'x[a,b]>=1,<2'",
        "pip3 install --no-cache-dir -q torch==2.4.1 \"x[a,b]>=1,<2\" --break-system-packages",
        "PIP_NO_CACHE_DIR=1 pip --disable-pip-version-check install torch==2.4.1 'x[a,b]>=1,<2' --root-user-action=ignore \
         && rm -rf ~/.cache/pip && pip cache purge",
    ] {
        assert_eq!(typed(script), [Typed::Pip(named.clone())], "{script}");
    }
    for (call, python) in [
        ("python3 -m pip", None),
        ("python -m pip", Some("python")),
        ("python3.11 -m pip", Some("python3.11")),
        ("pip3.11", Some("python3.11")),
        ("/opt/venv/bin/pip", Some("/opt/venv/bin/python3")),
        (
            "/opt/${{ v }}/bin/python -m pip",
            Some("/opt/${{ v }}/bin/python"),
        ),
    ] {
        let expected = Pip {
            python: python.map(str::to_owned),
            ..pip(&["a"])
        };
        let script = format!("{call} install a");
        assert_eq!(typed(&script), [Typed::Pip(expected)], "{script}");
    }
    let options = "python3 -m pip install -U --no-deps -r /r.txt --constraint=/c.txt -i https://i.example/simple -f /wheels a";
    let expected = Pip {
        requirements: vec!["/r.txt".to_owned()],
        constraints: vec!["/c.txt".to_owned()],
        index: Some("https://i.example/simple".to_owned()),
        find_links: vec!["/wheels".to_owned()],
        upgrade: true,
        no_deps: true,
        ..pip(&["a"])
    };
    assert_eq!(typed(options), [Typed::Pip(expected)]);
}

#[test]
fn words_that_are_not_understood_are_named() {
    for (script, word) in [
        ("apt-get install -y $PKGS", "$PKGS"),
        ("apt-get install -y lib*", "lib*"),
        ("apt-get install -y ./한.deb", "./한.deb"),
        ("apt-get install -t sid -y git", "-t"),
        ("apt-get -oDebug::x=1 install git", "-oDebug::x=1"),
        ("TZ=Asia/Seoul apt-get install -y tzdata", "TZ=Asia/Seoul"),
        ("apt-get install -y vim-", "vim-"),
        ("apt-get install -y ${{ all }}", "${{ all }}"),
        ("pip install -e .", "-e"),
        ("pip install ./wheel", "./wheel"),
        (
            "pip install git+https://example.com/x",
            "git+https://example.com/x",
        ),
        ("pip install x.whl", "x.whl"),
        (
            "pip install 'a @ https://example.com/a.whl'",
            "a @ https://example.com/a.whl",
        ),
        (
            "pip install 'a; python_version<\"3\"'",
            "a; python_version<\"3\"",
        ),
        (
            "pip install --extra-index-url https://e.example a",
            "--extra-index-url",
        ),
        ("pip install --user a", "--user"),
        ("pip install --pre a", "--pre"),
        ("pip install torch==2.*", "torch==2.*"),
        ("pip install -f wheels a", "-f"),
        (
            "pip install -i https://a.example -i https://b.example a",
            "-i",
        ),
        ("pip install -r", "-r"),
        ("pip install --upgrade", "install"),
        ("pip install \"a==$V\"", "a==$V"),
    ] {
        assert_eq!(read(script).unclear.as_deref(), Some(word), "{script}");
    }
}

#[test]
fn a_script_that_does_anything_else_is_none() {
    for script in [
        "apt-get update",
        "apt-get update && apt-get upgrade -y",
        "apt-get install -y git && make",
        "apt-get install -y git | tee log",
        "apt-get install -y git > /dev/null",
        "if true; then pip install a; fi",
        "pip install a || true",
        "pip download a",
        "pip uninstall -y a",
        "pipx install a",
        "python3 -m pipx install a",
        "python3 setup.py install",
        "sudo apt-get install -y git",
        "apt-get -o Debug::x=1 install -y git",
        "apt-get install -y git && rm -rf /srv/*",
        "apt-get install -y git && apt-get autoremove -y",
        "export PATH=/x:$PATH && pip install a",
        "# 주석\npip install a",
        "cd /src && pip install a",
        "echo pip install a",
        "set -l; pip install a",
        "npm install a",
    ] {
        assert_eq!(of_script(script), None, "{script}");
    }
}

#[test]
fn a_list_of_arguments_is_one_command_or_a_shell_with_a_script() {
    let found = of_arguments(&["pip", "install", "a>=1"]).unwrap();
    let named = Pip {
        by_name: true,
        ..pip(&["a>=1"])
    };
    assert_eq!(found.typed, [Typed::Pip(named)]);
    let script = "apt-get update && apt-get install -y git";
    let found = of_arguments(&["/bin/sh", "-c", script]).unwrap();
    assert_eq!(found, read(script));
    assert_eq!(of_arguments(&["bash", "-lc", script]), None);
    assert_eq!(of_arguments(&["python3", "-c", "pip"]), None);
}
