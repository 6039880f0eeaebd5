//! What figures depend on beside the structures that they are about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Protocol, tables, references, matchers, model: everything but the set and the seeds. Figures may
/// stand together when their stamps are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp(BTreeMap<String, String>);

/// Stamps that differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{first}' and '{second}' were not evaluated alike and cannot stand in one table:\n{}\n(--force puts them together all the same)", .differences.join("\n"))]
pub struct StampError {
    /// Name of one set.
    pub first: String,
    /// Name of the other.
    pub second: String,
    /// What differs, one line for each part.
    pub differences: Vec<String>,
}

impl Stamp {
    /// The stamp of a protocol; it names this version of druse, and the commit when the build was told
    /// by the environment variable `DRUSE_COMMIT`.
    pub fn new(protocol: &str) -> Self {
        let mut stamp = Self::default();
        let version = env!("CARGO_PKG_VERSION");
        let program = match option_env!("DRUSE_COMMIT") {
            Some(commit) => format!("druse {version} ({commit})"),
            None => format!("druse {version}"),
        };
        stamp.set("protocol", protocol);
        stamp.set("program", program);
        stamp
    }

    /// Sets one part.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// One part.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All parts in order.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// What differs from another stamp, one line for each part.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut keys: Vec<&String> = self.0.keys().chain(other.0.keys()).collect();
        keys.sort();
        keys.dedup();
        let of = |stamp: &Self, key: &str| stamp.get(key).unwrap_or("nothing").to_owned();
        keys.into_iter()
            .filter(|key| self.0.get(*key) != other.0.get(*key))
            .map(|key| format!("  {key}: {} | {}", of(self, key), of(other, key)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_part() {
        let mut first = Stamp::new("sun 1");
        let mut second = first.clone();
        assert!(first.differences(&second).is_empty());
        first.set("relaxation", "fmax 0.1");
        second.set("relaxation", "fmax 0.05");
        second.set("training", "MP-20");
        let expected = ["  relaxation: fmax 0.1 | fmax 0.05", "  training: nothing | MP-20"];
        assert_eq!(first.differences(&second), expected);
    }
}
