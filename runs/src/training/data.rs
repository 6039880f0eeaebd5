//! Reading, choosing and splitting.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use druse_datasets::import::{ImportError, Imported, JoinReport, checksum, join_labels};
use druse_datasets::ligands::LibraryError;
use druse_datasets::split::{BadFractions, Part, SplitBy, groups, split};
use druse_generators::learned::Subject;
use druse_generators::learned::house::{DataCard, DataFile};
use druse_representations::Crystal;
use druse_representations::io::Record;
use druse_validation::audit::{Groups, Member, leak_free_groups};
use druse_validation::matching::{Matcher, Overrides, Pattern, matcher};
use rayon::prelude::*;

use super::Filter;

/// What to train from.
#[derive(Clone, Debug)]
pub struct DataRequest {
    /// Files of structures.
    pub files: Vec<PathBuf>,
    /// Tables of labels, joined by id.
    pub labels: Vec<PathBuf>,
    /// Files of structures that only teach what to say of them; neither filter nor split is applied.
    pub judged: Vec<PathBuf>,
    /// Which structures are wanted.
    pub filter: Option<Filter>,
    /// What to do with structures that occur several times.
    pub duplicates: Duplicates,
    /// How validation data are set apart.
    pub apart: SetApart,
    /// Licence and attribution.
    pub licence: Option<String>,
    /// Seed of the split.
    pub seed: u64,
}

/// What to do with structures that occur several times under other ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// All are kept.
    Keep,
    /// The first of them is kept.
    Drop,
}

/// How validation data are set apart.
#[derive(Clone, Debug)]
pub enum SetApart {
    /// Files of their own.
    Files(Vec<PathBuf>),
    /// Groups of the structures, by shares of training, validation and test; the last is left out.
    Split(By, [f64; 3]),
}

/// What stays together in a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Structures with the same reduced formula.
    Formula,
    /// The same, and variants of one solid solution.
    LeakFree,
}

/// Structures of both sets and what is to be said of them.
#[derive(Clone, Debug)]
pub struct Data<S = Record> {
    /// To learn from.
    pub training: Vec<S>,
    /// For the validation loss.
    pub validation: Vec<S>,
    /// To be judged.
    pub judged: Vec<S>,
    /// For the card of the model.
    pub card: DataCard,
    /// Structures that were not taken, with reasons.
    pub refused: Vec<(String, String)>,
    /// What the tables of labels gave, in words.
    pub notes: Vec<String>,
}

/// Why there are no data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The library of ligands.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// Shares that make no split.
    #[error(transparent)]
    Fractions(#[from] BadFractions),
    /// Nothing is left.
    #[error("found no structure to train on, expected one or more; {refused} were not taken{}", first.as_ref().map_or(String::new(), |first| format!(", the first because of: {first}")))]
    Empty {
        /// Structures not taken.
        refused: usize,
        /// Why the first was not.
        first: Option<String>,
    },
    /// A column of the filter that nothing has.
    #[error("--where: no structure has a value in the column '{0}'")]
    NoColumn(String),
    /// A matcher.
    #[error(transparent)]
    Matcher(#[from] druse_validation::matching::UnknownMatcher),
}

impl DataRequest {
    /// Reads, chooses and splits.
    ///
    /// # Errors
    /// When a file cannot be read at all, or nothing is left.
    pub fn load(&self) -> Result<Data, DataError> {
        let mut refused: Vec<(String, String)> = Vec::new();
        let mut notes = Vec::new();
        let mut card = DataCard { licence: self.licence.clone(), ..DataCard::default() };
        card.filter = self.filter.as_ref().map(ToString::to_string);
        let mut records = self.read(&self.files, &mut card, &mut refused)?;
        let own = match &self.apart {
            SetApart::Files(files) => Some(self.read(files, &mut card, &mut refused)?),
            SetApart::Split(..) => None,
        };
        let first_of_validation = records.len();
        records.extend(own.into_iter().flatten());
        self.label(&mut records, &mut card, &mut notes)?;
        card.read = records.len() + refused.len();
        let mut judged = self.read(&self.judged, &mut card, &mut refused)?;
        for path in &self.labels {
            join_labels(&mut judged, path)?;
        }

        let kept = records.into_iter().enumerate().map(|(i, record)| (record, i >= first_of_validation));
        let mut kept = self.wanted(kept.collect(), &mut refused);
        if self.duplicates == Duplicates::Drop {
            kept = without_duplicates(kept, &mut refused)?;
        }
        let (training, validation) = self.apart(kept, &mut card, By::groups)?;
        Data { training, validation, judged, card, refused, notes }.checked()
    }

    /// Those that the filter passes, with whether they are for validation.
    pub(super) fn wanted<S: Subject>(
        &self,
        kept: Vec<(S, bool)>,
        refused: &mut Vec<(String, String)>,
    ) -> Vec<(S, bool)> {
        let Some(filter) = &self.filter else { return kept };
        let reasons: Vec<Option<String>> =
            kept.par_iter().map(|(record, _)| filter.refuses(record)).collect();
        let mut left = Vec::new();
        for ((record, apart), reason) in kept.into_iter().zip(reasons) {
            match reason {
                None => left.push((record, apart)),
                Some(reason) => refused.push((record.id().to_owned(), reason)),
            }
        }
        left
    }

    /// Training and validation data.
    pub(super) fn apart<S: Subject>(
        &self,
        kept: Vec<(S, bool)>,
        card: &mut DataCard,
        groups: impl Fn(By, &[S]) -> Result<(Vec<String>, &'static str), DataError>,
    ) -> Result<(Vec<S>, Vec<S>), DataError> {
        let (mut training, mut validation) = (Vec::new(), Vec::new());
        match &self.apart {
            SetApart::Files(_) => {
                for (record, apart) in kept {
                    if apart { validation.push(record) } else { training.push(record) }
                }
                card.split = "validation data given by the user".to_owned();
            }
            SetApart::Split(by, fractions) => {
                let records: Vec<S> = kept.into_iter().map(|(record, _)| record).collect();
                let (groups, words) = groups(*by, &records)?;
                let parts = split(&groups, *fractions, self.seed)?;
                let mut test = 0;
                for (record, part) in records.into_iter().zip(parts) {
                    match part {
                        Part::Train => training.push(record),
                        Part::Validation => validation.push(record),
                        Part::Test => test += 1,
                    }
                }
                let [a, b, c] = fractions;
                let left = if test > 0 { format!(", {test} left out for tests") } else { String::new() };
                card.split = format!("{words}, shares {a}, {b}, {c}, seed {}{left}", self.seed);
            }
        }
        Ok((training, validation))
    }

    /// Reads files one after the other; an id counts once.
    fn read(
        &self,
        files: &[PathBuf],
        card: &mut DataCard,
        refused: &mut Vec<(String, String)>,
    ) -> Result<Vec<Record>, DataError> {
        let mut records = Vec::new();
        let mut seen = BTreeSet::new();
        for path in files {
            let imported = Imported::read(path, "", "", "")?;
            card.files.push(DataFile { name: name(path), sha256: imported.provenance.sha256 });
            refused.extend(imported.provenance.rejected.into_iter().map(|r| (r.id, r.reason)));
            for record in imported.records {
                match seen.insert(record.id.clone()) {
                    true => records.push(record),
                    false => refused.push((record.id, "this id came before".to_owned())),
                }
            }
        }
        Ok(records)
    }

    fn label(
        &self,
        records: &mut [Record],
        card: &mut DataCard,
        notes: &mut Vec<String>,
    ) -> Result<(), DataError> {
        for path in &self.labels {
            let report = join_labels(records, path)?;
            self.joined(path, &report, card, notes)?;
        }
        self.check_columns(records)
    }

    /// Tells what a table of labels gave.
    pub(super) fn joined(
        &self,
        path: &Path,
        report: &JoinReport,
        card: &mut DataCard,
        notes: &mut Vec<String>,
    ) -> Result<(), DataError> {
        card.files.push(DataFile { name: name(path), sha256: checksum(path)? });
        notes.push(format!(
            "{}: {} structures got labels, {} have no row, {} rows are unused",
            path.display(),
            report.joined,
            report.without_row,
            report.unused_rows
        ));
        Ok(())
    }

    /// Refuses a filter on a column that nothing has.
    pub(super) fn check_columns<S: Subject>(&self, records: &[S]) -> Result<(), DataError> {
        let known = |column: &str| {
            S::BUILT_IN.contains(&column) || records.iter().any(|record| record.value(column).is_some())
        };
        match self.filter.iter().flat_map(Filter::columns).find(|column| !known(column)) {
            Some(column) => Err(DataError::NoColumn(column.to_owned())),
            None => Ok(()),
        }
    }
}

impl<S> Data<S> {
    /// Refuses to train on nothing; sums up what was refused.
    pub(super) fn checked(mut self) -> Result<Self, DataError> {
        if self.training.is_empty() {
            let first = self.refused.first().map(|(id, reason)| format!("{id}: {reason}"));
            return Err(DataError::Empty { refused: self.refused.len(), first });
        }
        self.card.refused = summed(&self.refused);
        Ok(self)
    }
}

impl By {
    /// Group of each crystal, and what the split is in words.
    fn groups(self, records: &[Record]) -> Result<(Vec<String>, &'static str), DataError> {
        Ok(match self {
            Self::Formula => (groups(records, SplitBy::Formula), "split by reduced formula"),
            Self::LeakFree => {
                let disorder = matcher("disorder", &Overrides::default())?;
                let crystals: Vec<&Crystal> = records.iter().map(|record| &record.crystal).collect();
                let groups = leak_free_groups(&crystals, disorder.as_ref(), None);
                (groups, "split leak-free (reduced formula, and variants of one solid solution)")
            }
        })
    }
}

/// Keeps the first of every group of equal structures, as the matcher of audits sees them.
fn without_duplicates(
    records: Vec<(Record, bool)>,
    refused: &mut Vec<(String, String)>,
) -> Result<Vec<(Record, bool)>, DataError> {
    let same: Box<dyn Matcher> = matcher(druse_validation::audit::DEFAULT_MATCHER, &Overrides::default())?;
    let members: Vec<Option<Member>> = records
        .par_iter()
        .map(|(record, _)| {
            let pattern = Pattern::of(&record.crystal).ok()?;
            Some(Member { pattern, composition: record.crystal.composition() })
        })
        .collect();
    let first = Groups::of(&members, same.as_ref()).first;
    let ids: Vec<String> = records.iter().map(|(record, _)| record.id.clone()).collect();
    let mut kept = Vec::new();
    for (place, record) in records.into_iter().enumerate() {
        match first[place] {
            Some(other) if other != place => {
                refused.push((record.0.id, format!("the same structure as {}", ids[other])));
            }
            _ => kept.push(record),
        }
    }
    Ok(kept)
}

/// Numbers of refused structures by reason, those of duplicates and of files without what differs from
/// one to the next.
fn summed(refused: &[(String, String)]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, reason) in refused {
        let kind = match reason {
            reason if reason.starts_with("the same structure as") => "duplicate",
            reason if reason.ends_with("this id came before") => "id came before",
            reason if reason.starts_with("no value of") || reason.starts_with("not ") => reason,
            _ => "cannot be read",
        };
        *counts.entry(kind).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().map(|(r, n)| (r.to_owned(), n)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

pub(super) fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
