//! The files that recipes are made of: which are read, how often, and how far they may lead.

use std::collections::BTreeMap;
use std::sync::Mutex;

use kiln::diagnostic::Findings;
use kiln::recipe::{Library, Recipe};
use kiln::text::SourceFile;

use crate::common::Workbench;
use crate::recipe_sharing::{HEAD, PART, bench};

#[test]
fn what_is_extended_need_not_be_among_the_recipes_and_fragments_there_are_no_images() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"recipes/**/*.yaml\"]\n");
    bench.write("공통/part.yaml", "kiln: 1\nbase: debian:12\n");
    bench.write("recipes/part.yaml", "kiln: 1\nextends: /공통/part.yaml\n");
    bench.write(
        "recipes/r.yaml",
        format!("{HEAD}extends: part.yaml\nsteps: [{{use: ./s.yaml, with: {{a: b}}}}]\n"),
    );
    bench.write(
        "recipes/s.yaml",
        "kiln: 1\ninputs: {a: {type: str}}\nsteps: [{run: \"echo ${{ a }}\"}]\n",
    );
    let ran = bench.kiln(&["plan"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("1 image,"), "{}", ran.stdout);
}

#[test]
fn a_fragment_or_snippet_on_the_command_line_is_said_to_be_one() {
    let bench = bench(&[
        ("part.yaml", PART),
        (
            "s.yaml",
            "description: 한\ninputs: {a: {type: str}}\nsteps: []\n",
        ),
    ]);
    for (file, what) in [("part.yaml", "fragment"), ("s.yaml", "snippet")] {
        let ran = bench.kiln(&["plan", "-f", file]);
        let message = format!("this file has no `name`: it is a {what}");
        assert!(ran.stderr.contains(&message), "{}", ran.stderr);
        assert_eq!(ran.code, 2);
    }
}

#[test]
fn a_link_that_leads_out_of_the_workspace_is_not_followed() {
    let outside = Workbench::new();
    outside.write("part.yaml", "kiln: 1\nsteps: [{run: echo 비밀}]\n");
    let bench = bench(&[(
        "r.yaml",
        "extends: part.yaml\nsteps+: [{use: ./part.yaml}]\n",
    )]);
    let target = outside.path().join("part.yaml");
    std::os::unix::fs::symlink(target, bench.path().join("part.yaml")).unwrap();
    let ran = bench.kiln(&["plan", "-f", "r.yaml"]);
    let said = ran.stderr.matches("`part.yaml` leads out of the workspace");
    assert_eq!((ran.code, said.count()), (2, 2), "{}", ran.stderr);
}

#[test]
fn chains_of_files_have_an_end() {
    let bench = Workbench::new();
    for number in 0..20 {
        let next = number + 1;
        bench.write(
            &format!("{number}.yaml"),
            format!("kiln: 1\nextends: {next}.yaml\n"),
        );
        bench.write(
            &format!("s/{number}.yaml"),
            format!("kiln: 1\nsteps: [{{use: /s/{next}.yaml}}, {{use: /s/{next}.yaml}}]\n"),
        );
    }
    bench.write("20.yaml", "kiln: 1\nbase: debian:12\n");
    bench.write("s/20.yaml", "kiln: 1\nsteps: [{run: echo 한}]\n");
    let found = |recipe: &str| {
        bench.write("r.yaml", format!("{HEAD}{recipe}"));
        bench.kiln(&["plan", "-f", "r.yaml"]).stderr
    };
    let deep = found("extends: 0.yaml\n");
    assert!(
        deep.contains("extend each other more than 16 deep"),
        "{deep}"
    );
    let deep = found("base: debian:12\nsteps: [{use: /s/0.yaml}]\n");
    assert!(deep.contains("use each other more than 16 deep"), "{deep}");
    // Within the depth, but each uses the next one twice.
    let many = found("base: debian:12\nsteps: [{use: /s/8.yaml}]\n");
    assert!(many.contains("more than 256 snippets"), "{many}");
}

#[test]
fn a_file_that_many_extend_is_read_once_also_by_several_threads() {
    static READ: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    let library = Library::new(|path| {
        *READ.lock().unwrap().entry(path.to_owned()).or_default() += 1;
        match path {
            "common/part.yaml" => Ok(format!(
                "kiln: 1\nextends: base.yaml\n{PART}wrokdir: /오타\n"
            )),
            "common/base.yaml" => Ok("kiln: 1\nlabels: {한: x}\n".to_owned()),
            _ => Err(format!("there is no {path}")),
        }
    });
    let parse = |number: usize| {
        let text = format!("{HEAD}extends: /common/part.yaml\nenv+: {{N: \"{number}\"}}\n");
        let file = library.add(&SourceFile::new(format!("recipes/{number}.yaml"), text));
        let mut findings = Findings::new();
        assert!(Recipe::parse(&library, &file, &mut findings).is_some());
        findings
    };
    let mut all = Findings::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                scope.spawn(move || (0..25).map(|n| parse(thread * 25 + n)).collect::<Vec<_>>())
            })
            .collect();
        for thread in threads {
            thread
                .join()
                .unwrap()
                .into_iter()
                .for_each(|found| all.extend(found));
        }
    });
    all.extend(library.findings());
    let read = READ.lock().unwrap().clone();
    assert_eq!(
        read,
        BTreeMap::from([
            ("common/base.yaml".to_owned(), 1),
            ("common/part.yaml".to_owned(), 1)
        ])
    );
    let shown: Vec<String> = all.sorted().iter().map(|f| f.message.clone()).collect();
    assert_eq!(
        shown,
        ["unknown key `wrokdir` in a recipe; did you mean `workdir`?"]
    );
}
