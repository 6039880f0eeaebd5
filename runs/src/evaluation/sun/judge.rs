//! Judging a set.

use druse_representations::Crystal;
use druse_validation::audit::{FoundIn, Groups, Member as Grouped};
use druse_validation::index::Query;
use druse_validation::matching::UnknownMatcher;
use druse_validation::metrics::displacement::displacement;
use druse_validation::metrics::symmetry::Symmetry;
use druse_validation::metrics::validity::{composition_balance, structural_fault};
use rayon::prelude::*;

use super::novelty::{known_match, ordered};
use super::{Row, Sun};
use crate::cache::CacheError;
use crate::evaluation::{Evaluation, Member, Relaxed, SampleSet};
use crate::trust::{Evidence, TrustLimits};

/// Why a set cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// The file of known relaxations cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A matcher that is not in the registry.
    #[error(transparent)]
    Matcher(#[from] UnknownMatcher),
}

impl Sun<'_> {
    /// Judges every structure of a set. `progress` is told of every relaxation.
    ///
    /// # Errors
    /// When the file of known relaxations cannot be used.
    pub fn judge(&self, set: &SampleSet, progress: &(dyn Fn() + Sync)) -> Result<Vec<Row>, JudgeError> {
        let given: Vec<&Crystal> = set.crystals().collect();
        let mut relaxed = self.relaxer.relax(&given, progress)?.into_iter();
        let relaxed: Vec<Option<Relaxed>> = set
            .members
            .iter()
            .map(|member| member.crystal.as_ref().ok().and_then(|_| relaxed.next()))
            .collect();
        let mut rows: Vec<Row> = set
            .members
            .par_iter()
            .zip(&relaxed)
            .map(|(member, relaxed)| self.alone(member, relaxed))
            .collect();
        self.compare(set, &relaxed, &mut rows)?;
        Ok(rows)
    }

    /// What can be told of a structure without the others.
    fn alone(&self, member: &Member, relaxed: &Option<Relaxed>) -> Row {
        let mut row = Row { id: member.id.clone(), ..Row::default() };
        let crystal = match &member.crystal {
            Ok(crystal) => crystal,
            Err(reason) => {
                row.unreadable = Some(reason.clone());
                return row;
            }
        };
        let composition = crystal.composition();
        row.formula = Some(composition.reduced_formula());
        row.chemical_system = Some(composition.chemical_system());
        row.sites = Some(crystal.sites.len());
        row.structure_fault = structural_fault(crystal);
        row.structure_valid = row.structure_fault.is_none();
        let balance = composition_balance(&composition);
        row.composition_valid = balance.passes();
        row.composition_reason = Some(balance.to_string());
        if let Ok(symmetry) = Symmetry::of(crystal, self.symprec) {
            row.space_group = Some(symmetry.space_group);
            let known = |template: &String| self.statistics.templates.contains(template);
            let has_templates = !self.statistics.templates.is_empty();
            row.template_known = symmetry.template.as_ref().map(known).filter(|_| has_templates);
            row.template = symmetry.template;
        }
        let Some(relaxed) = relaxed else { return row };
        row.relaxation = Some(relaxed.verdict.clone());
        row.converged = relaxed.converged;
        row.steps = Some(relaxed.steps);
        row.cpu_seconds = Some(relaxed.cpu_seconds);
        row.energy_per_atom = relaxed.energy_per_atom;
        if let Some(end) = &relaxed.crystal {
            row.relaxed_space_group = Symmetry::of(end, self.symprec).ok().map(|found| found.space_group);
            row.rmsd = displacement(crystal, end).ok().flatten();
        }
        match relaxed.energy_per_atom.map(|energy| self.hull.energy_above(&composition, energy)) {
            Some(Ok(above)) => row.energy_above_hull = Some(above),
            Some(Err(error)) => row.no_hull = Some(error.to_string()),
            None => {}
        }
        if let Some(end) = &relaxed.crystal {
            let evidence = Evidence {
                max_force: relaxed.max_force,
                moment_ratio: relaxed.moment_ratio,
                energy_above_hull: row.energy_above_hull,
            };
            let flags = TrustLimits::default().flags(end, &evidence);
            let flags: Vec<String> = flags.iter().map(ToString::to_string).collect();
            row.flags = (!flags.is_empty()).then(|| flags.join("; "));
        }
        row
    }

    /// Uniqueness and novelty.
    fn compare(
        &self,
        set: &SampleSet,
        relaxed: &[Option<Relaxed>],
        rows: &mut [Row],
    ) -> Result<(), JudgeError> {
        let subject = |member: &Member, relaxed: &Option<Relaxed>| {
            let end = relaxed.as_ref().and_then(|relaxed| relaxed.crystal.clone());
            end.map_or_else(|| member.crystal.clone(), Ok)
        };
        let subjects: Vec<Result<Crystal, String>> =
            set.members.iter().zip(relaxed).map(|(member, relaxed)| subject(member, relaxed)).collect();
        let queries: Vec<Option<Query>> =
            subjects.par_iter().map(|subject| Query::of(subject.as_ref().ok()?).ok()).collect();
        let matcher = ordered()?;
        let members: Vec<Option<Grouped>> = queries
            .iter()
            .zip(&subjects)
            .map(|(query, subject)| {
                let composition = subject.as_ref().ok()?.composition();
                Some(Grouped { pattern: query.as_ref()?.pattern.clone(), composition })
            })
            .collect();
        let kept = Groups::of(&members, matcher.as_ref()).kept;
        let matched: Vec<Option<String>> = queries
            .par_iter()
            .map(|query| known_match(query.as_ref()?, self.exact, matcher.as_ref()))
            .collect();
        let inputs = set.members.iter().zip(subjects).map(|(member, subject)| (member.id.clone(), subject));
        let audit = self.audit.run(inputs.collect(), &|| {});
        for (number, (row, found)) in rows.iter_mut().zip(audit.rows).enumerate() {
            row.comparable = members[number].is_some();
            row.unique = kept[number];
            row.group = found.group;
            row.verdict = found.verdict.map(|verdict| verdict.name().to_owned());
            row.novel_leak_safe = found.verdict.is_some_and(|verdict| !verdict.is_leak());
            row.found_in = found.verdict.map(|_| {
                match found.found_in {
                    FoundIn::Training => "training",
                    FoundIn::Reference => "reference",
                    FoundIn::None => "none",
                }
                .to_owned()
            });
            row.nearest = found.nearest_id;
            row.distance = found.distance;
            if row.comparable && !self.exact.is_empty() {
                row.novel_mattergen_ordered = Some(matched[number].is_none());
                row.matched = matched[number].clone();
            }
        }
        Ok(())
    }

    /// Judges a set and adds up.
    ///
    /// # Errors
    /// As [`Self::judge`].
    pub fn evaluate(&self, set: &SampleSet, progress: &(dyn Fn() + Sync)) -> Result<Evaluation, JudgeError> {
        let rows = self.judge(set, progress)?;
        Ok(Evaluation {
            name: set.name.clone(),
            set: set.description.clone(),
            stamp: self.stamp(),
            seed: self.seed,
            metrics: self.metrics(set, &rows),
            failures: self.failures(&rows),
            structures: rows.iter().map(Row::to_map).collect(),
        })
    }
}
