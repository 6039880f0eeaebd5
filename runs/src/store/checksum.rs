//! Checksums of rows, so that a flipped bit in a value is an error and never a result.
//!
//! SQLite notices damage to the structure of its file, not to what the rows say. The CRC-32 of a row
//! covers everything that was written with it, in the form in which it was written.

use std::collections::BTreeMap;

use rusqlite::Row;

use super::StoreError;
use super::rows::TierCost;

/// Collects the fields of a row.
#[derive(Default)]
pub(super) struct Checksum(crc32fast::Hasher);

impl Checksum {
    pub(super) fn integer(&mut self, value: u64) -> &mut Self {
        self.0.update(&value.to_le_bytes());
        self
    }

    /// Text with its length, so that no two lists of fields look alike.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.integer(text.len() as u64).0.update(text.as_bytes());
        self
    }

    pub(super) fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            None => self.integer(u64::MAX),
            Some(text) => self.text(text),
        }
    }

    pub(super) fn number(&mut self, value: f64) -> &mut Self {
        // SQLite keeps no sign of zero.
        self.integer((value + 0.0).to_bits())
    }

    pub(super) fn optional_number(&mut self, value: Option<f64>) -> &mut Self {
        match value {
            None => self.integer(0),
            Some(value) => self.integer(1).number(value),
        }
    }

    pub(super) fn values(&mut self, values: &BTreeMap<String, f64>) -> &mut Self {
        self.integer(values.len() as u64);
        for (name, &value) in values {
            self.text(name).number(value);
        }
        self
    }

    /// Costs in the order in which they are stored, by the names of the tiers.
    pub(super) fn costs(&mut self, costs: &[TierCost]) -> &mut Self {
        let by_tier: BTreeMap<&str, &TierCost> =
            costs.iter().map(|cost| (cost.tier.as_str(), cost)).collect();
        self.integer(by_tier.len() as u64);
        for cost in by_tier.values() {
            self.text(&cost.tier).number(cost.seconds).number(cost.cpu).integer(u64::from(cost.reused));
        }
        self
    }

    pub(super) fn finish(&self) -> i64 {
        i64::from(self.0.clone().finalize())
    }

    /// Compares with the checksum in a column of `row`.
    pub(super) fn verify(
        &self,
        row: &Row<'_>,
        column: usize,
        what: impl FnOnce() -> String,
    ) -> Result<(), StoreError> {
        if row.get::<_, i64>(column)? == self.finish() {
            return Ok(());
        }
        Err(StoreError::Corrupt(format!("{} does not match its checksum", what())))
    }
}

/// Checksum of a row of texts.
pub(crate) fn of_texts(texts: &[&str]) -> i64 {
    let mut checksum = Checksum::default();
    for text in texts {
        checksum.text(text);
    }
    checksum.finish()
}
