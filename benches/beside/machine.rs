//! What a table is worth nothing without: the machine, the versions, the command.

use std::fmt::Write as _;
use std::process::Command;

use crate::Fallible;
use crate::lab::Lab;
use crate::measure::output;

/// The lines above the table.
pub(crate) fn head(lab: &Lab, words: &[String], rounds: usize) -> Fallible<String> {
    let cpu = field("/proc/cpuinfo", "model name");
    let memory = field("/proc/meminfo", "MemTotal");
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let kiln = output(lab.kiln().arg("--version"))?;
    let buildx = output(lab.buildx().arg("version"))?;
    let buildctl = output(lab.buildctl().arg("--version"))?;
    let hadolint = output(lab.hadolint().arg("--version"))?;
    let workers = output(lab.buildctl().args(["debug", "info"])).unwrap_or_default();
    let commit = output(Command::new("git").args(["describe", "--always", "--dirty"]));
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<9} {}", value.trim());
    };
    line(
        "machine",
        &format!("{cpu}, {cores} cores, {memory}, Linux {}", kernel.trim()),
    );
    line(
        "kiln",
        &format!("{} ({})", kiln.trim(), commit.unwrap_or_default().trim()),
    );
    line("buildx", &buildx);
    line("buildctl", &buildctl);
    line("hadolint", &hadolint);
    line("daemon", &workers.lines().collect::<Vec<_>>().join(", "));
    let words = words.join(" ");
    line("command", &format!("make bench BENCH=\"{words}\""));
    line("figures", &format!("the least of {rounds} rounds"));
    Ok(text)
}

/// The first field of a name in a file of `NAME: VALUE` lines.
fn field(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map_or_else(
            || format!("no {name}"),
            |(_, value)| value.trim().to_owned(),
        )
}
