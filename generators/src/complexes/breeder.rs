//! Newcomers and children among complexes.

use std::sync::Arc;

#[cfg(feature = "torch")]
use druse_representations::Ligand;
use druse_representations::{Complex, Design};
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::genome::{ComplexGenome, LigandGene};
use super::operators::{ComplexOperator, Variation};
use super::part::{Part, donor_elements};
use super::plan::{Frame, Plan, Seat};
#[cfg(feature = "torch")]
use super::pool::LigandPool;
use super::space::{ComplexSpace, SpinRule};
use super::violation::ComplexSpaceError;
use super::workbench::Workbench;
#[cfg(feature = "torch")]
use crate::LigandSpace;
use crate::breeding::{Breeder, Sprout, fnv1a};

/// Atoms that weigh as much as one ligand.
const TEN_ATOMS: f64 = 10.0;
/// Sites with a larger angle (degrees) between them are opposite.
const OPPOSITE: f64 = 150.0;

/// A ligand that takes the place of another.
#[cfg(feature = "torch")]
pub(crate) struct Exchange {
    /// Number of the ligand that it replaces.
    pub(crate) which: usize,
    /// Whether it replaces all that are equal to that one.
    pub(crate) all: bool,
    /// The new one.
    pub(crate) ligand: Ligand,
}

/// Makes complexes within a space.
#[derive(Clone, Debug)]
pub struct ComplexBreeder {
    bench: Workbench,
    variation: Variation,
}

impl ComplexBreeder {
    /// A breeder of the complexes of a space.
    ///
    /// # Errors
    /// When the space contradicts itself, or nothing in it can add up.
    pub fn new(space: &ComplexSpace, variation: Variation) -> Result<Self, ComplexSpaceError> {
        Ok(Self { bench: Workbench::new(space)?, variation })
    }

    /// A plan that became a complex within the space.
    fn sprout(
        &self,
        plan: Plan,
        name: &'static str,
        parents: usize,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        let space = &self.bench.space;
        if space.check_sums(&plan.sums()).is_err() || !self.bench.admits(&plan) {
            return None;
        }
        let mut plan = plan.settle(rng)?;
        let mut design = plan.complex();
        let multiplicities = design.multiplicities();
        plan.multiplicity = match space.spin {
            SpinRule::Lowest => *multiplicities.first()?,
            SpinRule::Highest => *multiplicities.last()?,
            SpinRule::Any if multiplicities.contains(&plan.multiplicity) => plan.multiplicity,
            SpinRule::Any => *multiplicities.choose(rng)?,
        };
        design.multiplicity = plan.multiplicity;
        let key = fnv1a(design.content_id().as_bytes());
        Some(Sprout { genome: self.encode(&plan), design, key, operator: name, parents })
    }

    /// The ligands that this breeder may choose from.
    #[cfg(feature = "torch")]
    pub(crate) fn pool(&self) -> &LigandPool {
        &self.bench.pool
    }

    /// What a ligand has to be that is none of the pool; `None` where no other is allowed.
    #[cfg(feature = "torch")]
    pub(crate) fn others(&self) -> Option<LigandSpace> {
        let space = &self.bench.space;
        let limits = space.evolve.as_ref()?;
        Some(LigandSpace {
            donor_elements: space.donors.clone(),
            elements: limits.elements.clone(),
            atoms: Some([1, limits.atoms]),
            ..LigandSpace::default()
        })
    }

    /// The ligands of a genome.
    #[cfg(feature = "torch")]
    pub(crate) fn ligands(&self, genome: &ComplexGenome) -> Option<Vec<Ligand>> {
        Some(self.decode(genome)?.seats.iter().map(|seat| seat.part.ligand.clone()).collect())
    }

    /// A child with another ligand in the place of one, and of all that are equal to it where `all` says so.
    #[cfg(feature = "torch")]
    pub(crate) fn exchanged(
        &self,
        genome: &ComplexGenome,
        exchange: Exchange,
        operator: (&'static str, usize),
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        let mut plan = self.decode(genome)?;
        let old = plan.seats.get(exchange.which)?.part.key.clone();
        let own = Part::new(exchange.ligand);
        let new = match self.bench.pool.find(&own.key) {
            Some(place) => Arc::clone(&self.bench.pool.parts()[place]),
            None => Arc::new(own),
        };
        if new.key == old {
            return None;
        }
        for (place, seat) in plan.seats.iter_mut().enumerate() {
            if place == exchange.which || (exchange.all && seat.part.key == old) {
                *seat = Seat { part: Arc::clone(&new), sites: seat.sites.clone() };
            }
        }
        self.sprout(plan, operator.0, operator.1, rng)
    }

    fn encode(&self, plan: &Plan) -> ComplexGenome {
        let gene = |seat: &Seat| {
            let gene = match self.bench.pool.find(&seat.part.key) {
                Some(place) => LigandGene::Pool(place),
                None => LigandGene::evolved(&seat.part),
            };
            (gene, seat.sites.clone())
        };
        let Frame { metal, oxidation_state, geometry } = plan.frame;
        ComplexGenome {
            metal,
            oxidation_state,
            multiplicity: plan.multiplicity,
            geometry,
            ligands: plan.seats.iter().map(gene).collect(),
        }
    }

    fn decode(&self, genome: &ComplexGenome) -> Option<Plan> {
        let seat = |(gene, sites): &(LigandGene, Vec<usize>)| {
            let part = match gene {
                LigandGene::Pool(place) => Arc::clone(self.bench.pool.parts().get(*place)?),
                LigandGene::Evolved(evolved) => {
                    Arc::new(Part::with_angles(evolved.ligand.clone(), evolved.angles.clone()))
                }
            };
            Some(Seat { part, sites: sites.clone() })
        };
        let &ComplexGenome { metal, oxidation_state, multiplicity, geometry, .. } = genome;
        let seats = genome.ligands.iter().map(seat).collect::<Option<Vec<_>>>()?;
        Some(Plan { frame: Frame { metal, oxidation_state, geometry }, multiplicity, seats })
    }
}

impl Breeder for ComplexBreeder {
    type Design = Complex;
    type Genome = ComplexGenome;
    type Operator = ComplexOperator;

    /// Trials are cheap, and small spaces shall be used up.
    const TRIALS: usize = 10_000;

    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>> {
        let plan = self.bench.random(rng)?;
        self.sprout(plan, "random", 0, rng)
    }

    fn operator(&self, rng: &mut ChaCha8Rng) -> ComplexOperator {
        ComplexOperator::choose(&self.bench, self.variation, rng)
    }

    fn child(
        &self,
        operator: ComplexOperator,
        first: &ComplexGenome,
        second: &ComplexGenome,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        let (first, second) = (self.decode(first)?, self.decode(second)?);
        let plan = operator.draft(&self.bench, first, &second, rng)?;
        self.sprout(plan, operator.name(), operator.parents(), rng)
    }

    fn holds(&self, sprout: &Sprout<Self>) -> bool {
        self.bench.space.check_complex(&sprout.design).is_ok()
    }

    fn genome(&self, design: &Complex, proposed: Option<ComplexGenome>) -> Option<ComplexGenome> {
        // Evaluation adds positions and may find another ground state, but leaves the graph.
        if let Some(genome) = proposed {
            return Some(ComplexGenome { multiplicity: design.multiplicity, ..genome });
        }
        design.check().ok()?;
        let seats = design.ligands.iter().map(|placed| {
            let own = Part::new(placed.ligand.clone());
            let Some(place) = self.bench.pool.find(&own.key) else {
                return Seat { part: Arc::new(own), sites: placed.sites.clone() };
            };
            // The ligand of the pool may number its donors differently.
            let part = Arc::clone(&self.bench.pool.parts()[place]);
            let mut sites = placed.sites.clone();
            for (&here, &there) in own.donor_order.iter().zip(&part.donor_order) {
                sites[there] = placed.sites[here];
            }
            Seat { part, sites }
        });
        let plan = Plan {
            frame: Frame {
                metal: design.metal,
                oxidation_state: design.oxidation_state,
                geometry: design.geometry,
            },
            multiplicity: design.multiplicity,
            seats: seats.collect(),
        };
        Some(self.encode(&plan))
    }

    /// The metal in its state, the polyhedron, atoms and donors by element, each ligand, and which of two
    /// ligands are opposite.
    fn features(&self, design: &Complex) -> Vec<(String, f64)> {
        let keys: Vec<String> = design.ligands.iter().map(|placed| placed.ligand.canonical().key).collect();
        let mut features = vec![
            (format!("{}({})", design.metal, design.oxidation_state), 1.0),
            (design.geometry.symbol().to_owned(), 1.0),
        ];
        // Elements tell something of ligands that were never seen.
        let atoms = design.composition();
        features.extend(atoms.iter().map(|(element, count)| (format!("{element} atoms"), count / TEN_ATOMS)));
        let donors = design.ligands.iter().flat_map(|placed| donor_elements(&placed.ligand));
        features.extend(donors.map(|element| (format!("{element} donors"), 1.0)));
        features.extend(keys.iter().map(|key| (key.clone(), 1.0)));
        for (i, first) in design.ligands.iter().enumerate() {
            for (j, second) in design.ligands.iter().enumerate().skip(i + 1) {
                let (low, high) =
                    if keys[i] <= keys[j] { (&keys[i], &keys[j]) } else { (&keys[j], &keys[i]) };
                let pairs = first.sites.iter().flat_map(|&a| second.sites.iter().map(move |&b| (a, b)));
                let opposite = pairs.filter(|&(a, b)| design.geometry.angle(a, b) > OPPOSITE).count();
                if opposite > 0 {
                    features.push((format!("{low} trans {high}"), opposite as f64));
                }
            }
        }
        features
    }

    fn is_valid(&self, genome: &ComplexGenome) -> bool {
        self.decode(genome).is_some_and(|plan| plan.complex().check().is_ok())
    }
}
