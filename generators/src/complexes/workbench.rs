//! A space of complexes prepared for drawing from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::fragments::valid_ligand;
use super::part::Part;
use super::plan::{Frame, Plan};
use super::pool::LigandPool;
use super::space::ComplexSpace;
use super::violation::ComplexSpaceError;

/// Ligands among which the next in similarity are chosen.
const NEIGHBOURS: usize = 12;
/// Probability that a similar ligand must have the same charge.
const SAME_CHARGE: f64 = 0.8;
/// Ligands that are tried to bring a sum into its range.
const TRIALS: usize = 12;

/// Denticity, charge and electrons given.
type Class = (usize, i32, i32);

/// A space with what is worked out about it.
#[derive(Clone, Debug)]
pub(crate) struct Workbench {
    pub(crate) space: ComplexSpace,
    /// The allowed ligands.
    pub(crate) pool: LigandPool,
    /// Metals, states and polyhedra that some ligands complete.
    pub(crate) frames: Vec<Frame>,
    required: Vec<Arc<Part>>,
    classes: BTreeMap<Class, Vec<Arc<Part>>>,
    /// Sums of charge and electrons of the ligands that can fill so many sites.
    reach: Vec<BTreeSet<(i32, i32)>>,
}

impl Workbench {
    pub(crate) fn new(space: &ComplexSpace) -> Result<Self, ComplexSpaceError> {
        space.check()?;
        let pool = space.allowed();
        let mut classes: BTreeMap<Class, Vec<Arc<Part>>> = BTreeMap::new();
        for part in pool.parts() {
            let class = (part.denticity(), part.charge, part.electrons.cast_signed());
            classes.entry(class).or_default().push(Arc::clone(part));
        }
        let most = space.geometries.iter().map(|geometry| geometry.site_count()).max().unwrap_or(0);
        let mut reach = vec![BTreeSet::from([(0, 0)])];
        for sites in 1..=most {
            let sums = classes.keys().filter(|class| class.0 <= sites).flat_map(|&(denticity, q, e)| {
                reach[sites - denticity].iter().map(move |&(charge, electrons)| (charge + q, electrons + e))
            });
            let sums = sums.collect();
            reach.push(sums);
        }
        let mut names: Vec<&String> = space.required.iter().collect();
        names.sort_unstable();
        names.dedup();
        let named = |name: &String| pool.parts().iter().find(|part| part.ligand.name == *name).cloned();
        let required = names.into_iter().filter_map(named).collect();
        let mut bench = Self { space: space.clone(), pool, frames: Vec::new(), required, classes, reach };
        let mut metals = space.metals.clone();
        metals.sort();
        for (metal, states) in &metals {
            for &oxidation_state in states {
                for &geometry in &space.geometries {
                    let frame = Frame { metal: *metal, oxidation_state, geometry };
                    if !bench.frames.contains(&frame)
                        && bench.can_fill(&Plan::new(frame, bench.required.clone()))
                    {
                        bench.frames.push(frame);
                    }
                }
            }
        }
        if bench.frames.is_empty() {
            let (charge, electrons) = (space.charge, space.electrons.clone());
            return Err(ComplexSpaceError::NothingAddsUp { charge, electrons });
        }
        Ok(bench)
    }

    /// Whether charge and electrons of a metal with such ligands are allowed.
    pub(crate) fn adds_up(&self, frame: Frame, charge: i32, electrons: i32) -> bool {
        let total = frame.oxidation_state + charge;
        let around = i32::from(frame.metal.group()) - frame.oxidation_state + electrons;
        (self.space.charge[0]..=self.space.charge[1]).contains(&total)
            && (self.space.electrons.is_empty()
                || self.space.electrons.iter().any(|&allowed| i64::from(allowed) == i64::from(around)))
    }

    /// Whether the sites that a plan leaves can be filled.
    fn can_fill(&self, plan: &Plan) -> bool {
        let taken: usize = plan.seats.iter().map(|seat| seat.part.denticity()).sum();
        let Some(left) = plan.frame.geometry.site_count().checked_sub(taken) else { return false };
        self.reaches(plan.frame, left, plan.ligand_charge(), plan.ligand_electrons())
    }

    /// Whether ligands on `left` sites bring these sums into range.
    fn reaches(&self, frame: Frame, left: usize, charge: i32, electrons: i32) -> bool {
        self.reach[left].iter().any(|&(q, e)| self.adds_up(frame, charge + q, electrons + e))
    }

    /// A complex of random parts, without places.
    pub(crate) fn random<R: Rng + ?Sized>(&self, rng: &mut R) -> Option<Plan> {
        let frame = *self.frames.choose(rng)?;
        self.fill(Plan::new(frame, self.required.clone()), rng)
    }

    /// Adds random ligands until all sites are taken, so that charge and electrons add up.
    pub(crate) fn fill<R: Rng + ?Sized>(&self, mut plan: Plan, rng: &mut R) -> Option<Plan> {
        let frame = plan.frame;
        let mut parts: Vec<Arc<Part>> = plan.seats.iter().map(|seat| Arc::clone(&seat.part)).collect();
        let taken: usize = parts.iter().map(|part| part.denticity()).sum();
        let mut left = frame.geometry.site_count().checked_sub(taken)?;
        let (mut charge, mut electrons) = (plan.ligand_charge(), plan.ligand_electrons());
        while left > 0 {
            let fits = |(denticity, q, e): Class| {
                denticity <= left && self.reaches(frame, left - denticity, charge + q, electrons + e)
            };
            parts.sort_by(|a, b| a.key.cmp(&b.key));
            parts.dedup_by(|a, b| a.key == b.key);
            let part = if parts.len() >= self.space.most_distinct {
                let fitting: Vec<&Arc<Part>> = parts
                    .iter()
                    .filter(|part| fits((part.denticity(), part.charge, part.electrons.cast_signed())))
                    .collect();
                Arc::clone(*fitting.choose(rng)?)
            } else {
                let classes: Vec<&Vec<Arc<Part>>> =
                    self.classes.iter().filter(|(class, _)| fits(**class)).map(|(_, parts)| parts).collect();
                let class = classes.choose_weighted(rng, |parts| parts.len() as f64).ok()?;
                Arc::clone(class.choose(rng)?)
            };
            left -= part.denticity();
            charge += part.charge;
            electrons += part.electrons.cast_signed();
            plan.seats.push(super::plan::Seat { part: Arc::clone(&part), sites: Vec::new() });
            parts.push(part);
        }
        Some(plan)
    }

    /// Whether all parts of a plan are allowed and the required ligands are among them. Parents from
    /// elsewhere pass on what is not.
    pub(crate) fn admits(&self, plan: &Plan) -> bool {
        let evolved = |part: &Part| {
            let limits = self.space.evolve.as_ref();
            limits.is_some_and(|limits| valid_ligand(&part.ligand, limits))
                && self.space.check_donors(&part.ligand).is_ok()
        };
        self.frames.contains(&plan.frame)
            && plan.seats.iter().all(|seat| self.pool.find(&seat.part.key).is_some() || evolved(&seat.part))
            && self.required.iter().all(|part| plan.seats.iter().any(|seat| seat.part.key == part.key))
    }

    /// Exchanges one ligand, if needed, so that charge and electrons add up.
    pub(crate) fn mend<R: Rng + ?Sized>(&self, mut plan: Plan, rng: &mut R) -> Option<Plan> {
        let (charge, electrons) = (plan.ligand_charge(), plan.ligand_electrons());
        if self.adds_up(plan.frame, charge, electrons) {
            return Some(plan);
        }
        for _ in 0..TRIALS {
            let which = rng.random_range(0..plan.seats.len());
            let old = Arc::clone(&plan.seats[which].part);
            let fits = |&(denticity, q, e): &Class| {
                denticity == old.denticity()
                    && self.adds_up(
                        plan.frame,
                        charge - old.charge + q,
                        electrons - old.electrons.cast_signed() + e,
                    )
            };
            let classes: Vec<&Vec<Arc<Part>>> =
                self.classes.iter().filter(|(class, _)| fits(class)).map(|(_, parts)| parts).collect();
            if let Ok(class) = classes.choose_weighted(rng, |parts| parts.len() as f64) {
                plan.seats[which].part = nearest(&old, class, rng)?;
                return Some(plan);
            }
        }
        None
    }

    /// A ligand of the pool that is like this one, mostly of the same charge.
    pub(crate) fn similar<R: Rng + ?Sized>(&self, part: &Part, rng: &mut R) -> Option<Arc<Part>> {
        let same = rng.random::<f64>() < SAME_CHARGE;
        let choice: Vec<Arc<Part>> = self
            .classes
            .iter()
            .filter(|((denticity, charge, _), _)| {
                *denticity == part.denticity() && (!same || *charge == part.charge)
            })
            .flat_map(|(_, parts)| parts.iter().cloned())
            .collect();
        nearest(part, &choice, rng)
    }

    /// Any ligand of the pool with this denticity.
    pub(crate) fn any<R: Rng + ?Sized>(&self, denticity: usize, rng: &mut R) -> Option<Arc<Part>> {
        let choice: Vec<&Arc<Part>> = self
            .classes
            .iter()
            .filter(|(class, _)| class.0 == denticity)
            .flat_map(|(_, parts)| parts)
            .collect();
        choice.choose(rng).map(|part| Arc::clone(part))
    }
}

/// One of the ligands most like `part`, the nearer the more likely; not `part` itself.
fn nearest<R: Rng + ?Sized>(part: &Part, choice: &[Arc<Part>], rng: &mut R) -> Option<Arc<Part>> {
    let mut near: Vec<(f64, &Arc<Part>)> = choice
        .iter()
        .filter(|other| other.key != part.key)
        .map(|other| (1.0 - part.fingerprint.tanimoto(&other.fingerprint), other))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(NEIGHBOURS);
    let ranks: Vec<usize> = (0..near.len()).collect();
    let rank = *ranks.choose_weighted(rng, |&rank| 1.0 / (1.0 + rank as f64)).ok()?;
    Some(Arc::clone(near[rank].1))
}
