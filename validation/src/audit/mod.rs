//! What is known of generated structures: an audit against training data and references.
//!
//! [`Audit::judge`] compares a structure with all known ones that a matcher could call the same, nearest
//! first: duplicates by the chosen matcher, then ordered, disordered and solid-solution variants, then
//! structure types. Whatever the verdict, the nearest known structure is named with its distance.
//! [`Audit::run`] does so for many structures and finds repetitions among them.

mod known;
mod leak_free;
mod report;
mod search;
mod set;
#[cfg(test)]
mod tests;
mod thresholds;
mod unique;
mod verdict;
mod words;

use std::sync::Arc;

use druse_representations::Crystal;
use rayon::prelude::*;

use crate::fingerprint::FingerprintError;
use crate::index::{Index, PrepareError};
use crate::matching::{self, Matcher, Overrides, UnknownMatcher};
use crate::novelty::{Nearest, Novelty, NoveltyReference};

pub use leak_free::leak_free_groups;
pub use report::{AuditReport, AuditRow, Evidence, FoundIn, SetInfo, UniquenessInfo};
pub use set::KnownSet;
pub use thresholds::{
    EXACT_BY_INVARIANTS, EXACT_CELL, EXACT_RMS, ORDERING_GAP, SAME_BY_INVARIANTS, TYPE_BY_INVARIANTS,
};
pub use unique::{Groups, Member};
pub use verdict::Verdict;

use known::{Candidate, Known};
use search::{Finding, Search};

/// Why a structure cannot be audited.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// It cannot be compared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It has no distances to compare.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
}

/// Name of the matcher that decides about duplicates when none is named.
pub const DEFAULT_MATCHER: &str = "leak-safe";

/// The matchers of an audit.
pub struct Matchers {
    /// Decides which structures are the same.
    pub duplicates: Box<dyn Matcher>,
    /// Finds ordered, disordered and solid-solution variants.
    pub disorder: Box<dyn Matcher>,
    /// Finds the same structure type with other elements.
    pub prototype: Box<dyn Matcher>,
}

impl Matchers {
    /// All by default.
    ///
    /// # Errors
    /// As [`Self::with`].
    pub fn usual() -> Result<Self, UnknownMatcher> {
        Self::with(matching::matcher(DEFAULT_MATCHER, &Overrides::default())?)
    }

    /// `duplicates` beside the matchers `disorder` and `prototype`.
    ///
    /// # Errors
    /// When one of them is not in the registry.
    pub fn with(duplicates: Box<dyn Matcher>) -> Result<Self, UnknownMatcher> {
        let named = |name| matching::matcher(name, &Overrides::default());
        Ok(Self { duplicates, disorder: named("disorder")?, prototype: named("prototype")? })
    }
}

/// An audit against training data and references.
pub struct Audit {
    matchers: Matchers,
    training: Vec<KnownSet>,
    references: Vec<KnownSet>,
    reference: String,
}

/// A structure to be audited: id, and the structure or why it could not be read.
pub type Input = (String, Result<Crystal, String>);

impl Audit {
    /// An audit by these matchers; `training` may be empty.
    pub fn new(matchers: Matchers, training: Vec<KnownSet>, references: Vec<KnownSet>) -> Self {
        let infos = training.iter().chain(&references).flat_map(KnownSet::infos);
        let names: Vec<String> = infos.map(|info| info.stamp()).collect();
        Self { matchers, training, references, reference: names.join("; ") }
    }

    /// Everything that verdicts depend on beside the sets, one line for each part.
    pub fn protocol(&self) -> String {
        let matchers = [&self.matchers.duplicates, &self.matchers.disorder, &self.matchers.prototype];
        let mut lines: Vec<String> = ["duplicates", "variants", "structure types"]
            .iter()
            .zip(matchers)
            .map(|(what, matcher)| format!("{what}: {}", matcher.protocol()))
            .collect();
        lines.push(format!(
            "exact duplicate: rms <= {EXACT_RMS}, volume and strain within {EXACT_CELL}; same ratio: shares \
             within {ORDERING_GAP}; without coordinates: {}",
            thresholds::invariants_protocol()
        ));
        lines.join("\n")
    }

    /// The indexes of all that is known: training sets, then references.
    pub fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.training.iter().chain(&self.references).map(KnownSet::index)
    }

    /// What the generator was trained on.
    pub fn training(&self) -> Vec<SetInfo> {
        self.training.iter().flat_map(KnownSet::infos).collect()
    }

    /// What else counts as known.
    pub fn references(&self) -> Vec<SetInfo> {
        self.references.iter().flat_map(KnownSet::infos).collect()
    }

    /// What is known of a crystal.
    ///
    /// # Errors
    /// When it cannot be compared.
    pub fn judge(&self, crystal: &Crystal) -> Result<AuditRow, AuditError> {
        let candidate = Candidate::of(crystal)?;
        Ok(self.row(&candidate))
    }

    fn row(&self, candidate: &Candidate) -> AuditRow {
        let search = |sets: &[KnownSet]| {
            let sets: Vec<&Index> = sets.iter().map(KnownSet::index).collect();
            let some = !sets.is_empty();
            some.then(|| Search { sets: &sets, matchers: &self.matchers, candidate }.judge())
        };
        let training = search(&self.training);
        // What was trained on is a leak, however well the reference knows it too.
        let leaked = training.as_ref().is_some_and(|found| found.verdict.is_leak());
        let reference = if leaked { None } else { search(&self.references) };
        let (found_in, finding) = match (training, reference) {
            (Some(training), Some(reference)) if reference.verdict < training.verdict => {
                (FoundIn::Reference, Some(reference))
            }
            (Some(training), _) => (FoundIn::Training, Some(training)),
            (None, reference) => (FoundIn::Reference, reference),
        };
        let row = AuditRow {
            formula: candidate.composition.reduced_formula(),
            sites: candidate.crystal.sites.len(),
            structure: Some(candidate.crystal.clone()),
            reference: self.reference.clone(),
            ..AuditRow::default()
        };
        finding.map_or(row.clone(), |finding| with_finding(row, found_in, finding, candidate))
    }

    /// Audits many structures, side by side; nothing depends on the number of threads.
    pub fn run(&self, inputs: Vec<Input>, progress: &(dyn Fn() + Sync)) -> AuditReport {
        let judged: Vec<(AuditRow, Option<Member>)> = inputs
            .into_par_iter()
            .map(|(id, crystal)| {
                let judged = crystal.and_then(|crystal| {
                    let failed = |error: AuditError| error.to_string();
                    let candidate = Candidate::of(&crystal).map_err(failed)?;
                    let row = self.row(&candidate);
                    let Candidate { query, composition, .. } = candidate;
                    Ok((row, Some(Member { pattern: query.pattern, composition })))
                });
                progress();
                let (row, member) = judged
                    .unwrap_or_else(|error| (AuditRow { error: Some(error), ..AuditRow::default() }, None));
                (AuditRow { id, ..row }, member)
            })
            .collect();
        let (mut rows, members): (Vec<AuditRow>, Vec<Option<Member>>) = judged.into_iter().unzip();
        let groups = Groups::of(&members, self.matchers.duplicates.as_ref());
        for (row, group) in rows.iter_mut().zip(groups.first) {
            row.group = group;
        }
        let count = |verdict| rows.iter().filter(|row| row.verdict == Some(verdict)).count();
        AuditReport {
            matcher: self.matchers.duplicates.name().to_owned(),
            protocol: self.protocol(),
            references: self.references(),
            training: self.training(),
            counts: Verdict::ALL.into_iter().map(|verdict| (verdict, count(verdict))).collect(),
            unique: groups.info,
            rows,
        }
    }
}

fn with_finding(row: AuditRow, found_in: FoundIn, finding: Finding, candidate: &Candidate) -> AuditRow {
    let Finding { verdict, known, comparison, distance, matcher, exact, words } = finding;
    let comparison = comparison.unwrap_or_default();
    let known = known.as_ref();
    AuditRow {
        verdict: Some(verdict),
        // A structure type or a composition is not the material.
        found_in: if verdict.is_leak() { found_in } else { FoundIn::None },
        nearest_id: known.map(|known| known.id.clone()),
        nearest_set: known.map(|known| known.set.clone()),
        nearest_formula: known.map(|known| known.formula.clone()),
        distance,
        rms: comparison.rms,
        max_dist: comparison.max_dist,
        volume_ratio: known.map(|known| known.volume_per_site / candidate.volume_per_site()),
        strain: comparison.strain,
        matcher,
        evidence: Evidence {
            mapping: comparison.mapping,
            elements: comparison.elements,
            family: comparison.family,
            mirror_image_only: comparison.mirror_image_only,
            exact,
            words,
        },
        nearest_structure: known.and_then(Known::crystal),
        ..row
    }
}

impl NoveltyReference<Crystal> for Arc<Audit> {
    fn reference(&self) -> &str {
        &self.reference
    }

    fn nearest(&self, design: &Crystal) -> Option<Nearest> {
        let row = self.judge(design).ok()?;
        Some(Nearest {
            novelty: Novelty::Crystal(row.verdict?),
            id: row.nearest_id,
            distance: row.distance,
            matcher: row.matcher,
        })
    }
}

impl AuditRow {
    /// How far the structure is from all that is known, as one number: the distance to the nearest
    /// structure of the same composition where there is one, otherwise 1 more than the distance to the
    /// nearest structure type (2 when there is none). `None` without a verdict.
    pub fn novelty(&self) -> Option<f64> {
        Some(match self.verdict? {
            Verdict::KnownPrototype | Verdict::New => 1.0 + self.distance.unwrap_or(1.0),
            _ => self.distance?,
        })
    }
}
