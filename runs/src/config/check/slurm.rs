//! Who evaluates, and how Slurm and others are asked.

use std::time::Duration;

use super::{Mistakes, one_of, positive, quoted};
use crate::config::executor::{ExecutorKind, FilesSpec, SlurmSpec};
use crate::config::file::{FilesSection, SlurmSection};
use crate::config::mistake::Mistake;

/// Workers are told to stop this long before the time limit, so shorter limits leave no time to work.
const SHORTEST_MINUTES: f64 = 2.0;
/// Attempts beyond this are a loop.
const MOST_ATTEMPTS: u64 = 100;
/// Most cores, and most candidates of a unit, that anybody may mean.
const MANY: u64 = 1_000_000;

pub(super) fn check_executor(name: Option<&str>, mistakes: &mut Mistakes) -> ExecutorKind {
    let Some(name) = name else { return ExecutorKind::default() };
    ExecutorKind::from_name(name).unwrap_or_else(|| {
        let known = ExecutorKind::NAMES;
        mistakes.add(Mistake::new("campaign.executor", quoted(name), one_of(&known)).nearest(name, known));
        ExecutorKind::default()
    })
}

pub(super) fn check_slurm(section: &SlurmSection, mistakes: &mut Mistakes) -> SlurmSpec {
    let default = SlurmSpec::default();
    let given = [
        ("partition", &section.partition),
        ("account", &section.account),
        ("time", &section.time),
        ("mem", &section.mem),
        ("gres", &section.gres),
        ("constraint", &section.constraint),
    ];
    let mut options = Vec::new();
    for (name, value) in given {
        let Some(value) = value else { continue };
        if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            mistakes.report(format!("slurm.{name}"), quoted(value), "a word without spaces");
        }
        options.push((name, value.clone()));
    }
    if let Some(time) = &section.time
        && !minutes(time).is_some_and(|minutes| minutes > SHORTEST_MINUTES)
    {
        let expected = "a time limit above two minutes as Slurm writes it, such as \"04:00:00\" or \"1-12\"";
        mistakes.report("slurm.time", quoted(time), expected);
    }
    let mut count = |name: &str, value: Option<u64>, most: u64, default: u64| {
        count(&format!("slurm.{name}"), value, most, default, mistakes)
    };
    let unit = count("unit", section.unit, MANY, default.unit as u64) as usize;
    let nodes = section.nodes.map(|nodes| count("nodes", Some(nodes), MANY, 1) as usize);
    let cpus = count("cpus_per_task", section.cpus_per_task, MANY, default.cpus_per_task as u64);
    let attempts = count("attempts", section.attempts, MOST_ATTEMPTS, u64::from(default.attempts));
    let lines = section.lines.clone().unwrap_or_default();
    for (index, line) in lines.iter().enumerate() {
        if !line.starts_with('-') || line.contains(char::is_control) {
            let expected = "an option of sbatch, such as \"--qos=long\"";
            mistakes.report(format!("slurm.lines[{index}]"), quoted(line), expected);
        }
    }
    let grace = positive("slurm.grace", section.grace, default.grace.as_secs_f64(), "s", mistakes);
    SlurmSpec {
        options,
        unit,
        nodes,
        cpus_per_task: cpus as usize,
        lines,
        grace: Duration::try_from_secs_f64(grace).unwrap_or(default.grace),
        attempts: attempts.min(MOST_ATTEMPTS) as u32,
    }
}

pub(super) fn check_files(section: &FilesSection, mistakes: &mut Mistakes) -> FilesSpec {
    let default = FilesSpec::default();
    let unit = count("files.unit", section.unit, MANY, default.unit as u64, mistakes) as usize;
    FilesSpec { launch: section.launch.clone(), unit }
}

fn count(key: &str, value: Option<u64>, most: u64, default: u64, mistakes: &mut Mistakes) -> u64 {
    let value = value.unwrap_or(default);
    if !(1..=most).contains(&value) {
        mistakes.report(key, value, format!("1 to {most}"));
    }
    value
}

/// Minutes of a time limit: `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`,
/// `days-hours:minutes` or `days-hours:minutes:seconds`.
fn minutes(text: &str) -> Option<f64> {
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<f64>().ok()).flatten()
    };
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) => (Some(number(days)?), rest),
        None => (None, text),
    };
    let parts = rest.split(':').map(number).collect::<Option<Vec<f64>>>()?;
    let [hours, minutes, seconds] = match (days, parts[..].try_into().ok(), &parts[..]) {
        (_, Some(all), _) => all,
        (None, _, &[minutes]) => [0.0, minutes, 0.0],
        (None, _, &[minutes, seconds]) => [0.0, minutes, seconds],
        (Some(_), _, &[hours]) => [hours, 0.0, 0.0],
        (Some(_), _, &[hours, minutes]) => [hours, minutes, 0.0],
        _ => return None,
    };
    Some((days.unwrap_or(0.0) * 24.0 + hours) * 60.0 + minutes + seconds / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_those_of_slurm() {
        for (text, expected) in [
            ("90", 90.0),
            ("90:30", 90.5),
            ("04:00:00", 240.0),
            ("1-12", 2160.0),
            ("1-12:30", 2190.0),
            ("2-00:00:30", 2880.5),
        ] {
            assert_eq!(minutes(text), Some(expected), "{text}");
        }
        for text in ["", "4h", "1:2:3:4", "-1", "1-", "1.5", "a-1"] {
            assert_eq!(minutes(text), None, "{text}");
        }
    }
}
