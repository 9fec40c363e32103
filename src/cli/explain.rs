//! `kiln explain`.

use super::exit::Exit;
use super::out;
use crate::diagnostic::{KINDS, nearest};
use crate::ops::OpError;
use crate::ops::lint::{CHECKS, RULES, explain, overview};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A lint rule, the id of a mistake, or a check of published images; without one all are listed
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

/// Runs the command.
pub(super) fn exec(args: &Args) -> Result<Exit, OpError> {
    let Some(id) = &args.rule else {
        out::result(&overview());
        return Ok(Exit::Done);
    };
    let Some(text) = explain(id) else {
        let known = RULES.iter().map(|rule| rule.id);
        let known = known.chain(KINDS.iter().map(|kind| kind.id));
        let known = known.chain(CHECKS.iter().map(|check| check.id));
        let message = match nearest(id, known) {
            Some(near) => format!("there is no rule `{id}`; did you mean `{near}`?"),
            None => format!("there is no rule `{id}`"),
        };
        return Err(OpError::Usage {
            message,
            next: Some("`kiln explain` lists all rules".to_owned()),
        });
    };
    out::result(&text);
    Ok(Exit::Done)
}
