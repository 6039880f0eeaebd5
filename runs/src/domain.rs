//! What differs between crystals and complexes, for everything that treats them alike: the
//! campaign in its folder, its summary and the command line.

use std::collections::BTreeSet;

use druse_representations::io::WriteError;
use druse_representations::{Design, Element};
use serde_json::{Map, Value, json};

use crate::complexes::Complexes;
use crate::config::{self, Campaign};
use crate::crystals::Crystals;
use crate::engine::{self, Budgets, EngineError, Evaluate, Executor, Observer, Pipeline, Settings};
use crate::setup::SetupError;
use crate::store::{CandidateRow, Store, StoreError};
use crate::warm_start::{self, SeedCounts, WarmStartSpec};

/// A kind of design. Candidates are rows of the store, whose designs only their domain can read.
pub trait Domain: Sync {
    /// Puts a campaign together; models run on `device`.
    ///
    /// # Errors
    /// When parts named in the campaign are absent or do not fit together.
    fn prepare(&self, campaign: &Campaign, device: &str) -> Result<Box<dyn Prepared>, SetupError>;

    /// Only what judges candidates: what a worker needs.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    fn evaluation(&self, campaign: &Campaign, device: &str) -> Result<Box<dyn Evaluate>, SetupError>;

    /// What holds candidates against the hard constraints of a campaign.
    ///
    /// # Errors
    /// When parts that the constraints name are absent.
    fn judge(&self, campaign: &Campaign) -> Result<Judge, SetupError>;

    /// How a candidate is called.
    ///
    /// # Errors
    /// When the stored design cannot be read back.
    fn label(&self, row: &CandidateRow) -> Result<Label, StoreError>;

    /// The formula alone, which costs less than the [label](Self::label).
    ///
    /// # Errors
    /// When the stored design cannot be read back.
    fn formula(&self, row: &CandidateRow) -> Result<String, StoreError>;

    /// How a candidate is called, and its atoms for the pages of reports.
    ///
    /// # Errors
    /// When the stored design cannot be read back.
    fn portrait(&self, row: &CandidateRow) -> Result<Portrait, StoreError>;

    /// Heading of [`Label::shape`], one or two words.
    fn shape_heading(&self) -> &'static str;

    /// Heading of the novelty verdicts: what they are about.
    fn novelty_heading(&self) -> &'static str;

    /// What a reader has to know of the objectives of a campaign, in sentences.
    fn remarks(&self, _: &Campaign) -> Vec<String> {
        Vec::new()
    }

    /// A candidate as a file for people: ending of the name, and contents.
    ///
    /// # Errors
    /// When the stored design cannot be read back or has no such file.
    fn file(&self, row: &CandidateRow) -> Result<(&'static str, String), StoreError>;

    /// Formats of [`Self::export`].
    fn formats(&self) -> &'static [&'static str];

    /// Candidates with all that is known of them as files in one of the [formats](Self::formats):
    /// names and contents.
    ///
    /// # Errors
    /// When a stored design cannot be read back, or not be written in this format.
    fn export(&self, rows: &[&CandidateRow], format: &str) -> Result<Vec<(String, Vec<u8>)>, ExportError>;

    /// Tells designs apart for the choice of unlike ones.
    ///
    /// # Errors
    /// When a stored design cannot be read back.
    fn difference(&self, rows: &[&CandidateRow]) -> Result<Difference, StoreError>;

    /// What a reader wants to see of a design beside its label: lines of key and value, and the
    /// atoms as a table, its heading first.
    ///
    /// # Errors
    /// When the stored design cannot be read back.
    fn details(&self, row: &CandidateRow) -> Result<Details, StoreError>;
}

/// How different two of some designs are, by their indices: 0 for designs that are alike, 1 for those that
/// have nothing in common.
pub type Difference = Box<dyn Fn(usize, usize) -> f64>;

/// Names the hard constraint that a candidate breaks, if it breaks one; fails when the stored design
/// cannot be read back.
pub type Judge = Box<dyn Fn(&CandidateRow) -> Result<Option<String>, StoreError>>;

/// The domain of a campaign.
pub fn of(campaign: &Campaign) -> &'static dyn Domain {
    match campaign.domain {
        config::Domain::Crystal(_) => &Crystals,
        config::Domain::Complex(_) => &Complexes,
    }
}

/// Why candidates cannot be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The format is not one of the domain's.
    #[error("--format: found '{found}', expected one of {} for this campaign", .expected.join(", "))]
    UnknownFormat {
        /// Format as given.
        found: String,
        /// Formats of the domain.
        expected: &'static [&'static str],
    },
    /// A stored design cannot be read back.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A design that the format cannot hold.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// All that is known of a candidate beside its design, as fields of a file.
pub(crate) fn properties(row: &CandidateRow) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.extend(row.objectives.iter().map(|(name, value)| (name.clone(), json!(value))));
    for (name, value) in &row.properties {
        properties.entry(name.clone()).or_insert_with(|| json!(value));
    }
    if let Some(nearest) = &row.novelty {
        properties.insert("novelty".to_owned(), json!(nearest.novelty));
        properties.insert("nearest".to_owned(), json!(nearest.id));
    }
    properties.insert("generator".to_owned(), json!(row.lineage.generator));
    properties.insert("operator".to_owned(), json!(row.lineage.operator));
    properties
}

/// A number with at most so many decimals and no zeros behind: coordinates in pages.
pub(crate) fn short(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// How a design is called in tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Formula.
    pub formula: String,
    /// Space group symbol, or coordination geometry; `None` where none was found.
    pub shape: Option<String>,
    /// The short word that stands for the shape in file names.
    pub file_part: String,
    /// The same and more for machines: fields of the JSON summary.
    pub fields: Map<String, Value>,
    /// Columns of the table of the front.
    pub columns: Vec<(&'static str, String)>,
}

/// A candidate in a page: its name and its atoms.
#[derive(Clone, Debug, PartialEq)]
pub struct Portrait {
    /// How it is called.
    pub label: Label,
    /// The atoms as one line of text that the page's script reads; `None` where there are no positions.
    /// Which text, tell [`crate::crystals::drawing`] and [`crate::complexes::drawing`].
    pub structure: Option<String>,
    /// The elements in it.
    pub elements: BTreeSet<Element>,
    /// Number of its space group, for crystals.
    pub space_group: Option<u8>,
}

/// A design at length.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// Key and value.
    pub lines: Vec<(&'static str, String)>,
    /// Headings of the atoms' table.
    pub heading: Vec<&'static str>,
    /// One row for each atom.
    pub atoms: Vec<Vec<String>>,
    /// The structure for machines.
    pub structure: Value,
}

/// A campaign ready to run, whatever it designs.
pub trait Prepared {
    /// How candidates are judged.
    fn evaluation(&self) -> &dyn Evaluate;

    /// What became of the designs of a warm start.
    fn seeds(&self) -> Option<&SeedCounts>;

    /// Takes over what earlier campaigns know of the designs of a warm start, as far as the protocols
    /// are the same.
    ///
    /// # Errors
    /// When a store cannot be used.
    fn adopt(&self, warm_start: &WarmStartSpec, store: &mut Store) -> Result<(), EngineError>;

    /// Makes ready to do again what was done before: the campaign pauses after so many steps, and neither time
    /// nor energy ends it.
    fn repeat(&mut self, pause: Option<u64>);

    /// Runs the campaign in `store` to its end.
    ///
    /// # Errors
    /// When the store, the generator or the executor fails.
    fn run(
        &mut self,
        store: &mut Store,
        executor: &mut dyn Executor,
        observer: &dyn Observer,
    ) -> Result<(), EngineError>;
}

impl<D: Design> Prepared for Pipeline<D> {
    fn evaluation(&self) -> &dyn Evaluate {
        &self.evaluation
    }

    fn seeds(&self) -> Option<&SeedCounts> {
        self.seeds.as_ref()
    }

    fn adopt(&self, warm_start: &WarmStartSpec, store: &mut Store) -> Result<(), EngineError> {
        warm_start::adopt(warm_start, &self.evaluation, store)
    }

    fn repeat(&mut self, pause: Option<u64>) {
        let budgets = Budgets { evaluations: self.settings.budgets.evaluations, ..Budgets::default() };
        self.settings = Settings { pause, budgets, ..self.settings };
    }

    fn run(
        &mut self,
        store: &mut Store,
        executor: &mut dyn Executor,
        observer: &dyn Observer,
    ) -> Result<(), EngineError> {
        engine::run(self, store, executor, observer)
    }
}
