//! Values that a laboratory or a better method gave for candidates of the campaign.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checksum::Checksum;
use super::write::set_extent;
use super::{Extent, Store, StoreError, expect};

/// A measured value of an objective or a property.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasurementRow {
    /// Candidate number.
    pub number: u64,
    /// Name of the objective or property.
    pub name: String,
    /// Value in the unit of the objective or property.
    pub value: f64,
    /// Who measured it, in the words of whoever told it.
    pub source: String,
    /// The step before which the campaign took it over; `None` while it has not.
    pub step: Option<u64>,
}

/// A measured value beside the prediction that it replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The measured value.
    pub value: f64,
    /// What had been predicted; `None` when nothing was.
    pub predicted: Option<f64>,
    /// Who measured it.
    pub source: String,
}

impl MeasurementRow {
    fn checksum(&self) -> Checksum {
        let mut checksum = Checksum::default();
        checksum.integer(self.number).text(&self.name).number(self.value).text(&self.source);
        checksum.integer(self.step.unwrap_or(u64::MAX));
        checksum
    }
}

impl Store {
    /// All measured values by candidate and name.
    ///
    /// # Errors
    /// When SQLite fails or a row is damaged or missing.
    pub fn measurements(&self) -> Result<Vec<MeasurementRow>, StoreError> {
        self.at_one_time(|extent| {
            let rows = read(&self.connection)?;
            expect("measured values", rows.len() as u64, extent.measurements)?;
            Ok(rows)
        })
    }

    /// Records measured values in place of those of the same candidate and name.
    ///
    /// # Errors
    /// When SQLite fails; then nothing is recorded.
    pub fn record_measurements(&mut self, measurements: &[MeasurementRow]) -> Result<(), StoreError> {
        self.writable()?;
        let mut attempt = || -> rusqlite::Result<Extent> {
            let transaction = self.connection.transaction()?;
            measurements.iter().try_for_each(|row| write(&transaction, row))?;
            let count: i64 =
                transaction.query_row("SELECT count(*) FROM measurement", [], |row| row.get(0))?;
            let extent = Extent { measurements: count as u64, ..self.extent };
            set_extent(&transaction, extent)?;
            transaction.commit()?;
            Ok(extent)
        };
        match attempt() {
            Ok(extent) => {
                self.extent = extent;
                Ok(())
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Records that the campaign took over all measured values before `step`, together with the
    /// generator's state after learning from them and the new entries of its journal.
    ///
    /// # Errors
    /// When SQLite fails; then nothing is recorded.
    pub(crate) fn take_measurements(
        &mut self,
        step: u64,
        generator_state: &Value,
        journal: &[Value],
    ) -> Result<(), StoreError> {
        let open: Vec<MeasurementRow> =
            self.measurements()?.into_iter().filter(|row| row.step.is_none()).collect();
        self.record(self.extent, generator_state, journal, |connection| {
            let mut taken = open.into_iter().map(|row| MeasurementRow { step: Some(step), ..row });
            taken.try_for_each(|row| write(connection, &row))
        })
    }
}

fn read(connection: &Connection) -> Result<Vec<MeasurementRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, name, value, source, step, checksum FROM measurement ORDER BY number, name",
    )?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let measurement = MeasurementRow {
            number: row.get::<_, i64>(0)? as u64,
            name: row.get(1)?,
            value: row.get(2)?,
            source: row.get(3)?,
            step: row.get::<_, Option<i64>>(4)?.map(|step| step as u64),
        };
        let what = || format!("the measured {} of candidate {}", measurement.name, measurement.number);
        measurement.checksum().verify(row, 5, what)?;
        all.push(measurement);
    }
    Ok(all)
}

fn write(connection: &Connection, row: &MeasurementRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO measurement (number, name, value, source, step, checksum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            row.number as i64,
            row.name,
            row.value,
            row.source,
            row.step.map(|step| step as i64),
            row.checksum().finish(),
        ])?;
    Ok(())
}
