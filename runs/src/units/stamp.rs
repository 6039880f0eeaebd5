//! What a unit or result file belongs to.

use druse_datasets::bytes::hexadecimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::lines::Broken;
use crate::config::Campaign;
use crate::engine::Task;

/// Whose candidates are evaluated by what: who makes a unit and who evaluates it have to agree on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// SHA-256 of the campaign.
    pub campaign: String,
    /// Versions of druse and of the program that adds to it.
    pub program: String,
}

impl Identity {
    /// Of this campaign in this program.
    pub fn of(campaign: &Campaign) -> Self {
        let druse = concat!("druse ", env!("CARGO_PKG_VERSION"));
        let program = match campaign.plugins.origin() {
            Some((name, version)) => format!("{druse}, {name} {version}"),
            None => druse.to_owned(),
        };
        Self { campaign: campaign.hash(), program }
    }
}

/// First line of a unit file, and part of the first line of its result: equal, or they do not belong
/// together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Unit.
    pub unit: u64,
    /// SHA-256 of the campaign.
    pub campaign: String,
    /// Versions of the program.
    pub program: String,
    /// SHA-256 of everything that the numbers depend on.
    pub protocol: String,
    /// SHA-256 of the candidates' numbers and designs.
    pub tasks: String,
}

impl Stamp {
    /// Whether a file with this stamp belongs to what has the `expected` one.
    ///
    /// # Errors
    /// The first thing that differs.
    pub fn check(&self, expected: &Self) -> Result<(), Broken> {
        let pairs = [
            ("campaign hash", &self.campaign, &expected.campaign),
            ("program version", &self.program, &expected.program),
            ("protocol", &self.protocol, &expected.protocol),
            ("candidates", &self.tasks, &expected.tasks),
        ];
        if self.unit != expected.unit {
            let (found, expected) = (self.unit.to_string(), expected.unit.to_string());
            return Err(Broken::Other { what: "unit", found, expected });
        }
        match pairs.into_iter().find(|(_, found, expected)| found != expected) {
            Some((what, found, expected)) => {
                Err(Broken::Other { what, found: found.clone(), expected: expected.clone() })
            }
            None => Ok(()),
        }
    }
}

/// First line of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultHeader {
    /// What it is the result of.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Machine that finished it.
    pub host: String,
    /// Attempt that finished it, from 1.
    pub attempt: u32,
    /// Wall seconds of that attempt.
    pub wall_seconds: f64,
    /// CPU seconds of that attempt, of the programs that it ran too.
    pub cpu_seconds: f64,
    /// Joules that the processor's counters tell for that time: whole packages, with all else that
    /// ran there.
    pub energy: Reading,
}

/// Joules, or that they were not measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reading {
    /// Joules.
    Joules(f64),
    /// There are no counters that can be read.
    None(NotMeasured),
}

/// The words in place of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum NotMeasured {
    /// There are none.
    #[serde(rename = "not measured")]
    NotMeasured,
}

/// SHA-256 of a text, in hexadecimal digits.
pub(super) fn digest(text: &str) -> String {
    hexadecimal(Sha256::digest(text))
}

/// SHA-256 of which candidates these are; what is known of them beforehand does not count.
pub(super) fn digest_of(tasks: &[Task]) -> String {
    let mut hash = Sha256::new();
    for task in tasks {
        hash.update(task.number.to_le_bytes());
        hash.update(task.design.to_string());
        hash.update([0]);
    }
    hexadecimal(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_numbers_or_words() {
        let text = |reading| serde_json::to_string(&reading).unwrap();
        assert_eq!(text(Reading::Joules(2.5)), "2.5");
        assert_eq!(text(Reading::None(NotMeasured::NotMeasured)), "\"not measured\"");
        for text in ["2.5", "\"not measured\""] {
            let reading: Reading = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&reading).unwrap(), text);
        }
        assert!(serde_json::from_str::<Reading>("\"measured\"").is_err());
    }
}
