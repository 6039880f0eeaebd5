//! Programs of the user's.

use std::path::Path;

use super::reference::check_file;
use super::{Mistakes, positive, quoted};
use crate::config::campaign::{ProgramObjective, ProgramSetting, Word};
use crate::config::file::{GeneratorSection, ObjectiveSection};

/// Kind of objectives and generators that programs stand behind.
pub(super) const PROCESS: &str = "process";

/// Seconds for one answer when none are given.
const TIMEOUT: f64 = 60.0;
/// Attempts when none are given.
const ATTEMPTS: u64 = 2;

/// The program behind an objective of `type = "process"`.
pub(super) fn check_program_objective(
    index: usize,
    section: &ObjectiveSection,
    name: &str,
    known: &[&str],
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<ProgramObjective> {
    let key = format!("objective[{index}]");
    let given = [
        ("command", section.command.is_some()),
        ("unit", section.unit.is_some()),
        ("timeout", section.timeout.is_some()),
        ("attempts", section.attempts.is_some()),
    ];
    match section.kind.as_deref() {
        Some(PROCESS) => {}
        kind => {
            if let Some(kind) = kind {
                mistakes.report(format!("{key}.type"), quoted(kind), "\"process\", or no type");
            }
            refuse(&key, &given, "type", mistakes);
            return None;
        }
    }
    if known.contains(&name) {
        let expected = "a name that no objective of druse has";
        mistakes.report(format!("{key}.name"), quoted(name), expected);
    }
    if section.goal.is_none() {
        mistakes.missing(format!("{key}.goal"), "\"minimise\", \"maximise\" or { target = a number }");
    }
    let program =
        check_program(&key, section.command.as_deref(), section.timeout, section.attempts, base, mistakes)?;
    Some(ProgramObjective { program, unit: section.unit.clone().unwrap_or_else(|| "1".to_owned()) })
}

/// The program behind a generator of `kind = "process"`.
pub(super) fn check_program_generator(
    key: &str,
    section: &GeneratorSection,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<ProgramSetting> {
    if section.kind.as_deref() == Some(PROCESS) {
        return check_program(
            key,
            section.command.as_deref(),
            section.timeout,
            section.attempts,
            base,
            mistakes,
        );
    }
    let given = [
        ("command", section.command.is_some()),
        ("timeout", section.timeout.is_some()),
        ("attempts", section.attempts.is_some()),
    ];
    refuse(key, &given, "kind", mistakes);
    None
}

fn refuse(key: &str, given: &[(&str, bool)], by: &str, mistakes: &mut Mistakes) {
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        let expected = format!("it beside {by} = \"{PROCESS}\" only");
        mistakes.report(format!("{key}.{name}"), format!("it without {by} = \"{PROCESS}\""), expected);
    }
}

fn check_program(
    key: &str,
    command: Option<&[String]>,
    timeout: Option<f64>,
    attempts: Option<u64>,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<ProgramSetting> {
    let timeout = positive(&format!("{key}.timeout"), timeout, TIMEOUT, "s", mistakes);
    let attempts = attempts.unwrap_or(ATTEMPTS);
    if !(1..=100).contains(&attempts) {
        mistakes.report(format!("{key}.attempts"), attempts, "1 to 100");
    }
    let key = format!("{key}.command");
    let expected = "a program and its arguments, such as [\"python3\", \"volume.py\"]";
    match command {
        None => {
            mistakes.missing(key, expected);
            None
        }
        Some([]) => {
            mistakes.report(key, "[]", expected);
            None
        }
        Some(words) => {
            let word = |word: &String| {
                if base.join(word).is_file() {
                    check_file(&key, word, "a readable file", base, mistakes).map(Word::File)
                } else {
                    Some(Word::Text(word.clone()))
                }
            };
            let command = words.iter().map(word).collect::<Option<Vec<_>>>()?;
            Some(ProgramSetting { command, timeout, attempts: attempts.min(100) as u32 })
        }
    }
}
