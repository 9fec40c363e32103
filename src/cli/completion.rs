//! `kiln completion`.

use clap_complete::Shell;

use super::exit::Exit;
use super::out;

/// Arguments of `completion`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(super) fn exec(args: &Args, mut app: clap::Command) -> Exit {
    let mut script = Vec::new();
    let name = app.get_name().to_owned();
    clap_complete::generate(args.shell, &mut app, name, &mut script);
    out::result(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}
