//! What stands below the options in `--help`: examples, each below what it does. All of them parse: a test holds that.
//! No line of an example is wider than 80 columns, so that none is broken; other text is wrapped by clap.

/// Of the program.
pub(super) const KILN: &str = "\
Examples:
  # is everything there that a build needs?
  kiln doctor
  # what would be built?
  kiln plan
  # build all images on all their platforms, and publish one index for each
  kiln build --push
  # options and examples of a command
  kiln build --help

Settings stand in kiln.yaml, which is looked for in this folder and above. Flags go before the environment, and the \
environment before kiln.yaml.

Exit codes: 0 done, 1 lint has an error, 2 usage or invalid recipe, 3 a step or test failed, 4 builder, 5 registry, 6 refused by policy, 7 some \
platforms of an image failed, 8 a check says no, 70 a mistake of kiln, 130 and 143 interrupted; the lowest that \
applies.";

/// Of `build`.
pub(super) const BUILD: &str = "\
Examples:
  # all images, on all their platforms; nothing is published
  kiln build
  # all variants of a recipe, published
  kiln build ai-base --push
  # some variants, on one platform
  kiln build 'cerebral/ai-base:c*' --platform linux/arm64
  # the images of a file, with another value of a var
  kiln build -f recipes/app.yaml --set version=1.2
  # with a secret and an ssh agent for the steps that ask for them
  kiln build --secret id=token,env=TOKEN --ssh default
  # with nothing resolved: all names mean what kiln.lock says
  kiln build --locked --push
  # for programs: the result, and the digests as buildx writes them
  kiln build --push --format json --metadata-file out.json";

/// Of `rebuild`.
pub(super) const REBUILD: &str = "\
Examples:
  # all that is stale, or whose window of `refresh` has ended
  kiln rebuild --due
  # what stands on a base, in order, children on their rebuilt parents
  kiln rebuild --dependents-of debian:12
  # what differs from a revision, and what stands on it
  kiln rebuild --changed-since origin/main
  # some images, with a report for people and one for programs
  kiln rebuild --due 'ai-*' --report night.md --report night.json
  # how many images are published, identical, failed
  kiln rebuild --format json | jq .summary

What is current is left alone, so a run that was killed goes on when it is repeated. Images that failed before go last. \
Nothing to do is exit code 0, without a builder; 8 is an image that is still stale after its rebuild. docs/rebuild.md has \
more.";

/// Of `plan`.
pub(super) const PLAN: &str = "\
Examples:
  # all images, their platforms and bases
  kiln plan
  # an image, and the images it is built on
  kiln plan ai-services
  # the same for programs
  kiln plan --format json
  # also the graphs, which `buildctl build` reads
  kiln plan ai-base --llb graphs";

/// Of `outdated`.
pub(super) const OUTDATED: &str = "\
Examples:
  # is everything up to date, and what is not for which reason?
  kiln outdated
  # one recipe, and the images that it is built on
  kiln outdated ai-services
  # by this machine's records; only bases are asked for
  kiln outdated --against record
  # for programs
  kiln outdated --format json

An image is current, current but for a tag (tag-missing), stale, or nobody can say (unknown). The exit code is 0 where \
all are current and 8 otherwise, 2 for a mistake in a recipe. docs/outdated.md tells what each reason means.";

/// Of `why`.
pub(super) const WHY: &str = "\
Examples:
  # state, reasons, bases, files and keys of all variants of a recipe
  kiln why ai-base
  # of one image
  kiln why cerebral/ai-base:cuda
  # on one platform, for programs
  kiln why cerebral/ai-base:cuda --platform linux/arm64 --format json";

/// Of `graph`.
pub(super) const GRAPH: &str = "\
Examples:
  # bases, and the images on them
  kiln graph
  # a picture, coloured by what is up to date
  kiln graph --stale --format svg > images.svg
  # everything that a new base would make stale
  kiln graph --dependents-of python:3.11-slim
  # for Graphviz, and for a page in Markdown
  kiln graph ai-services --format dot > images.dot
  kiln graph --format mermaid";

/// Of `show`.
pub(super) const SHOW: &str = "\
Examples:
  # all images as plain recipes; platforms differ only under `match`
  kiln show
  # one image on one platform: nothing is left to decide
  kiln show cerebral/ai-base:cuda --platform linux/arm64
  # and where each value was written
  kiln show ai-base --origin
  # for programs: every value with file, line and column
  kiln show ai-base --origin --format json";

/// Of `schema`.
pub(super) const SCHEMA: &str = "\
Examples:
  # of recipes, and of the fragments that they extend
  kiln schema > recipe.json
  # of kiln.yaml
  kiln schema workspace > workspace.json
  # of snippets
  kiln schema snippet > snippet.json

An editor with YAML support finds a schema by the first line of a file, with a path from the file's folder:
# yaml-language-server: $schema=../../.kiln/schema/recipe.json
VS Code's YAML extension also takes it from settings.json:
\"yaml.schemas\": {\".kiln/schema/recipe.json\": \"recipes/**/*.yaml\"}
JetBrains: Settings, Languages & Frameworks, Schemas and DTDs, JSON Schema Mappings: add the file, draft 7, and a pattern";

/// Of `init`.
pub(super) const INIT: &str = "\
Examples:
  # in this folder
  kiln init
  # in a new one
  kiln init images";
/// Of `lint`.
pub(super) const LINT: &str = "\
Examples:
  # every mistake and every finding of the workspace
  kiln lint
  # of some files; rules about several recipes still see all of them
  kiln lint recipes/app.yaml recipes/base.yaml
  # apply the fixes that are certainly safe
  kiln lint --fix
  # another level for a rule and for a group, and warnings fail as well
  kiln lint --rule latest-tag=error --rule size=off --deny warnings
  # a published image, whoever built it, held against a release of Backend.AI
  kiln lint --image registry.example/team/app:1 --release 24.03
  # for programs
  kiln lint --format json

The exit code is 0 without a finding at error level, 1 with one, 2 where a file cannot be read as a recipe (not \
there, not UTF-8, too large, no YAML). A finding is allowed by a comment on its line or above it: \
`# kiln: allow RULE: reason`.";

/// Of `explain`.
pub(super) const EXPLAIN: &str = "\
Examples:
  # all rules and kinds of mistakes
  kiln explain
  # why one exists, and how to do better
  kiln explain latest-tag";

/// Of `lock`.
pub(super) const LOCK: &str = "\
Examples:
  # add what is missing, keep what is there, drop what nothing uses
  kiln lock
  # is everything there? asks nobody
  kiln lock --check
  # of one recipe, with another value of a var; what others want stays
  kiln lock ai-base --set list=demo

`kiln build` takes what kiln.lock has, and `kiln build --locked` nothing else. The exit code of --check is 0 where \
everything is there, 8 where something is missing or old, 2 where the file itself is damaged.";

/// Of `update`.
pub(super) const UPDATE: &str = "\
Examples:
  # everything, and a new period
  kiln update
  # the images that recipes begin with
  kiln update --only base
  # downloads and checkouts of one recipe
  kiln update ai-base --only fetch,git
  # for programs: old and new of everything that has moved
  kiln update --format json";

/// Of `verify`.
pub(super) const VERIFY: &str = "\
Examples:
  # index, manifests and configurations fit, and the layers are there
  kiln verify registry.example/team/app:1
  # and every layer is read and has its digest
  kiln verify registry.example/team/app:1 --deep
  # a kernel of Backend.AI, for other releases than those of kiln.yaml
  kiln verify registry.example/team/kernel:1 --release 24.03,26.8
  # the same of an image without its labels
  kiln verify registry.example/team/app:1 --kernel
  # for programs
  kiln verify registry.example/team/app:1 --format json

An image with a label ai.backend.… is a kernel of Backend.AI, and is asked more than others. docs/verify.md has every \
check. The exit code is 0 without an error, 8 with one, 2 where there is no such image, 5 where the registry cannot be \
asked.";

/// Of `prove`.
pub(super) const PROVE: &str = "\
Examples:
  # all variants of a recipe, on the platforms that the builder emulates
  kiln prove ai-base
  # one image on one platform, with every path that differs
  kiln prove cerebral/ai-base:cpu --platform linux/arm64 --all
  # the build with native tools takes nothing from the builder's cache either
  kiln prove ai-base --no-cache
  # where the workspace's disk is small
  kiln prove ai-base --scratch /var/tmp
  # for a weekly job: how many differences there are
  kiln prove '*' --format json | jq .differences

An image is built with native tools, and twice with all its programs emulated. What the emulated builds do not agree on \
is chance, and what pip and uv are known to write differently is excused: docs/prove.md has the table. The exit code is \
0 without a difference, 8 with one, 2 where no platform is foreign, and that of `build` where a build fails.";

/// Of `doctor`.
pub(super) const DOCTOR: &str = "\
Examples:
  # one line per thing, with the next step where one is needed
  kiln doctor
  # and may a push begin?
  kiln doctor --push
  # for programs
  kiln doctor --format json

The exit code is 0 when nothing fails; else 2 for the workspace or a file, 4 for a builder or a platform that none \
has, 5 for a registry, 6 for a login or a right that is missing; the lowest that applies.";

/// Of `config`.
pub(super) const CONFIG: &str = "\
Examples:
  # the settings that count; passwords are masked
  kiln config
  # and who says so: kiln.yaml:4:11, BUILDKIT_HOST, default
  kiln config --origin
  # for programs
  kiln config --format json";

/// Of `completion`.
pub(super) const COMPLETION: &str = "\
Examples:
  kiln completion bash > /etc/bash_completion.d/kiln
  kiln completion zsh > ~/.zfunc/_kiln
  kiln completion fish > ~/.config/fish/completions/kiln.fish";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::cli::app::App;

    /// The words of an example, without what a shell does with its output.
    fn words(line: &str) -> Vec<String> {
        let command = line.trim_start();
        let command = command.split(" > ").next().unwrap_or_default();
        let words = command.split(' ').map(|word| word.trim_matches('\''));
        words.map(str::to_owned).collect()
    }

    #[test]
    fn every_command_has_examples_and_all_of_them_parse() {
        let app = App::command();
        let all = [&app].into_iter().chain(app.get_subcommands());
        for command in all {
            let name = command.get_name();
            let help = command.get_after_help();
            let help = help
                .unwrap_or_else(|| panic!("{name} has none"))
                .to_string();
            let mut count = 0;
            for line in help.lines().filter(|line| line.starts_with("  ")) {
                assert!(line.chars().count() <= 80, "{line}");
                if line.starts_with("  # ") {
                    continue;
                }
                let words = words(line);
                assert!(name == "kiln" || words[1] == name, "{line}");
                match app.clone().try_get_matches_from(&words) {
                    Ok(_) => {}
                    Err(error) if words.contains(&"--help".to_owned()) => {
                        assert!(!error.use_stderr(), "{line}");
                    }
                    Err(error) => panic!("{line}: {error}"),
                }
                count += 1;
            }
            assert!(count > 1, "{name}");
        }
    }
}
