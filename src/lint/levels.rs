//! Which level a rule has: the default of the rule, then what `kiln.yaml` says, then the command line; in each of
//! them the rule's own id wins over its group, and its group over `all`.

use super::image::{CHECKS, ImageFinding, image_check};
use super::rule::{GROUPS, RULES, Rule, rule};
use crate::diagnostic::{Finding, Findings, Kind, Level, kind, nearest};
use crate::workspace::Workspace;

/// The name that stands for every rule.
const ALL: &str = "all";

/// The name that stands for every check of published images whose level can be set.
const IMAGE: &str = "image";

/// A rule or group, and its level; nothing means off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// A rule, a group, or `all`.
    pub name: String,
    /// The level.
    pub level: Option<Level>,
}

impl Setting {
    /// Reads `NAME=LEVEL`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, word) = text
            .split_once('=')
            .ok_or("write RULE=LEVEL, such as latest-tag=error")?;
        let level = match word {
            "off" => None,
            word => Some(Level::of_word(word).ok_or_else(|| {
                format!("`{word}` is no level; there are error, warning, note and off")
            })?),
        };
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            level,
        })
    }
}

/// Nothing for a name whose level can be set, else why it cannot.
fn check_name(name: &str) -> Result<(), String> {
    let rules = RULES.iter().filter(|rule| !rule.fixed).map(|rule| rule.id);
    let groups = GROUPS.iter().map(|group| group.name);
    let checks = CHECKS.iter().filter(|check| check.settable);
    let checks = checks.map(|check| check.id);
    let mut known = rules.chain(groups).chain(checks).chain([ALL, IMAGE]);
    if known.clone().any(|known| known == name) {
        return Ok(());
    }
    if kind(name).is_some_and(Kind::may_be_warning) {
        return Err(format!(
            "the level of `{name}` is for the platform to say; a comment can allow a warning"
        ));
    }
    if image_check(name).is_some() {
        return Err(format!("the level of `{name}` cannot be changed"));
    }
    let fixed = RULES.iter().any(|rule| rule.id == name) || kind(name).is_some();
    if fixed {
        return Err(format!(
            "`{name}` is always an error: a recipe with it cannot be built"
        ));
    }
    Err(match nearest(name, &mut known) {
        Some(near) => format!("there is no rule `{name}`; did you mean `{near}`?"),
        None => format!("there is no rule `{name}`"),
    })
}

/// The levels of all rules.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    workspace: Vec<Setting>,
    command: Vec<Setting>,
}

impl Levels {
    /// The levels of a workspace and a command line; names that are not known are reported.
    pub fn new(workspace: &Workspace, command: &[Setting], findings: &mut Findings) -> Self {
        let mut own = Vec::new();
        for setting in &workspace.lint {
            match check_name(&setting.rule.value) {
                Ok(()) => own.push(Setting {
                    name: setting.rule.value.clone(),
                    level: setting.level,
                }),
                Err(message) => findings.push(
                    Finding::error(&setting.rule.place, message)
                        .with_help("`kiln explain` lists all rules"),
                ),
            }
        }
        Self {
            workspace: own,
            command: command.to_vec(),
        }
    }

    /// The level of a rule and whether somebody gave it; nothing where it is off.
    pub fn of(&self, rule: &Rule) -> Option<(Level, bool)> {
        if rule.fixed {
            return rule.level.map(|level| (level, true));
        }
        match self.given([rule.id, rule.group.name, ALL]) {
            Some(setting) => setting.level.map(|level| (level, true)),
            None => rule.level.map(|level| (level, false)),
        }
    }

    /// What is said about the first of some names that anything is said about; the command line wins.
    fn given(&self, names: [&str; 3]) -> Option<&Setting> {
        let mut all = [&self.command, &self.workspace].into_iter();
        all.find_map(|settings| {
            names.into_iter().find_map(|name| {
                // Of several the last one counts.
                settings.iter().rev().find(|setting| setting.name == name)
            })
        })
    }

    /// Gives findings on published images their levels, and leaves out what is off.
    #[must_use]
    pub fn settle_images(&self, findings: Vec<ImageFinding>) -> Vec<ImageFinding> {
        let settled = findings.into_iter().filter_map(|mut finding| {
            if let Some(rule) = rule(finding.rule).filter(|rule| !rule.fixed) {
                let (level, explicit) = self.of(rule)?;
                finding.level = if explicit {
                    level
                } else {
                    finding.level.max(level)
                };
            } else if finding.check.settable
                && let Some(setting) = self.given([finding.check.id, IMAGE, ALL])
            {
                finding.level = setting.level?;
            }
            Some(finding)
        });
        settled.collect()
    }

    /// Gives findings of rules that others than the rules themselves report their levels.
    #[must_use]
    pub fn settle(&self, findings: Findings) -> Findings {
        findings.changed(|mut finding| {
            if let Some(rule) = rule(finding.rule).filter(|rule| !rule.fixed) {
                let (level, explicit) = self.of(rule)?;
                finding.level = if explicit {
                    level
                } else {
                    finding.level.max(level)
                };
            }
            Some(finding)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Levels, Setting};
    use crate::diagnostic::Level;
    use crate::lint::rule;

    fn level(workspace: &[&str], command: &[&str]) -> Option<Level> {
        let read = |texts: &[&str]| texts.iter().map(|t| Setting::parse(t).unwrap()).collect();
        let levels = Levels {
            workspace: read(workspace),
            command: read(command),
        };
        levels
            .of(rule("latest-tag").unwrap())
            .map(|(level, _)| level)
    }

    #[test]
    fn the_command_line_wins_over_the_workspace_and_a_rule_over_its_group() {
        assert_eq!(level(&[], &[]), Some(Level::Warning));
        assert_eq!(level(&["pinning=error"], &[]), Some(Level::Error));
        assert_eq!(
            level(&["latest-tag=note", "pinning=error"], &[]),
            Some(Level::Note)
        );
        assert_eq!(
            level(&["latest-tag=note"], &["all=error"]),
            Some(Level::Error)
        );
        assert_eq!(
            level(&[], &["latest-tag=error", "pinning=off"]),
            Some(Level::Error)
        );
        assert_eq!(level(&[], &["latest-tag=error", "latest-tag=off"]), None);
    }

    #[test]
    fn a_name_that_is_no_rule_gets_the_nearest_and_an_error_keeps_its_level() {
        let message = |text| Setting::parse(text).unwrap_err();
        assert!(message("latest-tga=off").contains("did you mean `latest-tag`?"));
        assert!(message("unknown-key=off").contains("always an error"));
        assert!(message("duplicate-tag=off").contains("always an error"));
        assert!(message("latest-tag=경고").contains("`경고` is no level"));
        assert!(message("latest-tag").contains("RULE=LEVEL"));
    }
}
