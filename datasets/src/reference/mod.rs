//! Reference energies: one model's energy of every known structure, the raw material of the hull
//! and of the composition look-up.
//!
//! The format is gzip-compressed text, so that it can be read without druse (99,000 rows take
//! 1.3 MB and are read in well below 0.1 s):
//!
//! ```text
//! # druse reference energies 1
//! # model: CHGNet 0.3.0
//! # model_hash: 2fb6f3a8...
//! # protocol: FIRE, fmax 0.05 eV/A, ...
//! # source: Materials Project 2025.02.12
//! # licence: CC BY 4.0, cite A. Jain et al., APL Materials 1, 011002 (2013)
//! # date: 2026-11-22
//! # count: 2
//! id,formula,space_group,atoms,energy_per_atom
//! mp-22862,NaCl,225,2,-3.40116
//! mp-1265,MgO,225,2,-5.98512
//! ```
//!
//! `formula` is [`Composition::reduced_formula`](druse_representations::Composition), `space_group`
//! may be empty (not determined), `atoms` counts the computed cell, `energy_per_atom` is in eV/atom
//! with five decimals. Rows are sorted by formula, space group, energy and id.
//!
//! A table under pressure has one line more, `# pressure: 20 GPa` below the date, and the column
//! `enthalpy_per_atom` in the place of `energy_per_atom`: H = E + pV of structures relaxed at that pressure.
//! Tables without pressure are what they always were, and programs that do not know of pressure refuse the others.
//!
//! [`ReferenceTable`] reads such a file; [`ReferenceWriter`] makes one in a long, interruptible
//! computation.

mod checkpoint;
mod table;
mod writer;

use std::borrow::Cow;
use std::path::PathBuf;

pub use table::{ReferenceRow, ReferenceTable};
pub use writer::ReferenceWriter;

/// First line of every file.
const MAGIC: &str = "# druse reference energies 1";
/// Line above the rows of a table.
const COLUMNS: &str = "id,formula,space_group,atoms,energy_per_atom";
/// The same of a table under pressure.
const ENTHALPY_COLUMNS: &str = "id,formula,space_group,atoms,enthalpy_per_atom";

/// What the energies of a table depend on and where the structures come from. Every field is one
/// line of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReferenceHeader {
    /// Model, for instance `CHGNet 0.3.0`.
    pub model: String,
    /// Checksum of the model's weights.
    pub model_hash: String,
    /// How the energies were computed: relaxation, limits, corrections.
    pub protocol: String,
    /// Where the structures come from, with version.
    pub source: String,
    /// Licence and attribution of that source.
    pub licence: String,
    /// Day of the computation, given by the caller (for instance `2026-11-22`).
    pub date: String,
    /// Pressure (GPa) of the enthalpies that the rows hold; 0 for energies.
    pub pressure: f64,
}

impl ReferenceHeader {
    /// What the rows hold, in words: `energies`, or `enthalpies at 20 GPa`.
    pub fn quantity(&self) -> Cow<'static, str> {
        match self.pressure {
            0.0 => Cow::Borrowed("energies"),
            pressure => Cow::Owned(format!("enthalpies at {pressure} GPa")),
        }
    }

    /// The line above the rows.
    fn columns(&self) -> &'static str {
        if self.pressure == 0.0 { COLUMNS } else { ENTHALPY_COLUMNS }
    }

    /// The pressure as the header has it.
    fn pressure_text(&self) -> String {
        format!("{} GPa", self.pressure)
    }

    /// Keys and values in the order of the file; the pressure only where there is one.
    fn fields(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let texts = [
            ("model", &self.model),
            ("model_hash", &self.model_hash),
            ("protocol", &self.protocol),
            ("source", &self.source),
            ("licence", &self.licence),
            ("date", &self.date),
        ];
        let pressure = (self.pressure != 0.0).then(|| ("pressure", Cow::Owned(self.pressure_text())));
        texts.map(|(key, text)| (key, Cow::Borrowed(text.as_str()))).into_iter().chain(pressure).collect()
    }

    fn field_mut(&mut self, key: &str) -> Option<&mut String> {
        Some(match key {
            "model" => &mut self.model,
            "model_hash" => &mut self.model_hash,
            "protocol" => &mut self.protocol,
            "source" => &mut self.source,
            "licence" => &mut self.licence,
            "date" => &mut self.date,
            _ => return None,
        })
    }

    /// The header lines, without `count`.
    fn text(&self) -> String {
        let mut text = format!("{MAGIC}\n");
        for (key, value) in self.fields() {
            let value = value.replace(['\n', '\r'], " ");
            text.push_str(&format!("# {key}: {}\n", value.trim()));
        }
        text
    }
}

/// Why reference energies cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The file system said no.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, for instance `read`.
        action: &'static str,
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The content is not what is expected.
    #[error("{origin}, line {line}: found {found}, expected {expected}")]
    Content {
        /// File or other origin.
        origin: String,
        /// Line of the decompressed text, from 1.
        line: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A checkpoint was begun with another model, protocol or source.
    #[error("{} was begun with {key} '{found}', not with '{expected}': use another file", path.display())]
    OtherHeader {
        /// Checkpoint.
        path: PathBuf,
        /// Field that differs.
        key: &'static str,
        /// Value in the checkpoint.
        found: String,
        /// Value asked for.
        expected: String,
    },
    /// A row that the format cannot hold.
    #[error("reference row '{id}': {reason}")]
    BadRow {
        /// Id of the row.
        id: String,
        /// What is wrong.
        reason: String,
    },
}
