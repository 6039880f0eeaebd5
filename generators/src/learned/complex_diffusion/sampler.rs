//! Placing ligands with a trained model.

use druse_fitness::assembly::{AssemblyError, Distances, Finished, Vacancy};
use druse_representations::Ligand;
use rand::RngExt;
use tch::{Device, no_grad};

use super::batch::{Batch, Scene};
use super::learner::ComplexDiffusion;
use super::noise::Noise;
use super::{ComplexDiffusionConfig, Point, Skeleton};
use crate::learned::Conditions;
use crate::learned::house::{Learner, Replicas, Weights};
use crate::stream::stream;

/// Steps from noise to positions where nothing else is asked for.
pub const STEPS: usize = 25;

/// Placements of one ligand at most, and the strain above which it is placed again.
const TRIES: u64 = 3;
const STRAINED: f64 = 0.3;

/// A ligand that is to be placed.
#[derive(Clone, Copy, Debug)]
pub struct Placement<'a> {
    /// The graph of the ligand; positions that it may have are not looked at.
    pub ligand: &'a Ligand,
    /// Where to.
    pub vacancy: &'a Vacancy,
    /// Which of several placements of the same: its stream of random numbers.
    pub number: u64,
}

/// A trained complex diffusion.
#[derive(Debug)]
pub struct ComplexDiffusionSampler {
    replicas: Replicas<ComplexDiffusion>,
    config: ComplexDiffusionConfig,
    conditions: Conditions,
}

impl ComplexDiffusionSampler {
    /// On trained weights.
    pub fn new(weights: Weights<ComplexDiffusion>) -> Self {
        let Weights { store, config, conditions, .. } = weights;
        let replicas = Replicas::new(&store, |path| ComplexDiffusion::new(path, &config, &conditions));
        Self { replicas, config, conditions }
    }

    /// Positions (Å, the metal at the origin) of all atoms of each ligand, in the order of its graph. They depend on the seed and on
    /// the placements of this call with their numbers, on nothing else. Nothing else moves: surroundings are looked at only.
    /// Ligands that come out strained are placed again a few times, and the least strained is taken.
    ///
    /// # Errors
    /// For each ligand that cannot be placed, why: it has not as many donors as there are sites, or more atoms than the model
    /// knows.
    pub fn place(
        &self,
        placements: &[Placement<'_>],
        distances: &Distances,
        steps: Option<usize>,
        seed: u64,
    ) -> Vec<Result<Finished, PlacementError>> {
        let mut placed: Vec<Result<Finished, PlacementError>> = Vec::new();
        for attempt in 0..TRIES {
            let again: Vec<usize> = (0..placements.len())
                .filter(|&place| match placed.get(place) {
                    None => true,
                    Some(Ok(finished)) => finished.strain > STRAINED,
                    Some(Err(_)) => false,
                })
                .collect();
            let chosen: Vec<Placement<'_>> = again.iter().map(|&place| placements[place]).collect();
            for (place, new) in again.into_iter().zip(self.attempt(&chosen, distances, steps, seed, attempt))
            {
                match (placed.get_mut(place), new) {
                    (None, new) => placed.push(new),
                    (Some(Ok(old)), Ok(new)) if new.strain < old.strain => *old = new,
                    _ => {}
                }
            }
        }
        placed
    }

    fn attempt(
        &self,
        placements: &[Placement<'_>],
        distances: &Distances,
        steps: Option<usize>,
        seed: u64,
        attempt: u64,
    ) -> Vec<Result<Finished, PlacementError>> {
        let started: Vec<Result<Way<'_>, PlacementError>> =
            placements.iter().map(|placement| self.start(placement, distances, seed, attempt)).collect();
        let ways: Vec<&Way<'_>> = started.iter().filter_map(|way| way.as_ref().ok()).collect();
        let mut flown = self.flow(&ways, steps.unwrap_or(STEPS)).into_iter();
        started
            .iter()
            .map(|way| {
                let way = way.as_ref().map_err(Clone::clone)?;
                let Placement { ligand, vacancy, .. } = way.placement;
                let mut rough = vec![None; ligand.graph.node_count()];
                for (&atom, position) in way.skeleton.atoms.iter().zip(flown.next().unwrap_or_default()) {
                    rough[atom] = Some(position.into());
                }
                Ok(vacancy.finish(ligand, &rough, distances, way.hydrogens)?)
            })
            .collect()
    }

    fn start<'a>(
        &self,
        placement: &Placement<'a>,
        distances: &Distances,
        seed: u64,
        attempt: u64,
    ) -> Result<Way<'a>, PlacementError> {
        let Placement { ligand, vacancy, number } = *placement;
        let skeleton = Skeleton::new(ligand);
        let (found, most) = (skeleton.len(), self.config.most_atoms);
        if found > most {
            return Err(PlacementError::Size { found, most });
        }
        let anchors: Vec<Point> = vacancy.anchors(ligand, distances)?.into_iter().map(Point::from).collect();
        let mut rng = stream(seed, number * TRIES + attempt);
        let positions = Noise::new(&skeleton, &anchors).sample(&mut rng);
        let others = vacancy.surroundings.iter();
        let others = others.map(|&(element, at)| (element.atomic_number(), Point::from(at))).collect();
        Ok(Way { placement: *placement, skeleton, anchors, others, positions, hydrogens: rng.random() })
    }

    /// Where the atoms of each ligand end: Heun's method, which looks at the velocity at both ends of every step.
    fn flow(&self, ways: &[&Way<'_>], steps: usize) -> Vec<Vec<Point>> {
        if ways.is_empty() {
            return Vec::new();
        }
        let labels = vec![self.conditions.absent(); ways.len()];
        let mut at: Vec<Vec<Point>> = ways.iter().map(|way| way.positions.clone()).collect();
        self.replicas.with(|model| {
            no_grad(|| {
                for step in 0..steps {
                    let noise = |step: usize| 1.0 - step as f64 / steps as f64;
                    let length = 1.0 / steps as f64;
                    let first = velocities(model, ways, &at, noise(step), &labels);
                    let ahead = moved(&at, &first, length);
                    at = if step + 1 < steps {
                        let second = velocities(model, ways, &ahead, noise(step + 1), &labels);
                        let half = moved(&at, &first, 0.5 * length);
                        moved(&half, &second, 0.5 * length)
                    } else {
                        ahead
                    };
                }
            });
        });
        at
    }
}

/// A placement on its way.
struct Way<'a> {
    placement: Placement<'a>,
    skeleton: Skeleton,
    anchors: Vec<Point>,
    others: Vec<(u8, Point)>,
    positions: Vec<Point>,
    /// Seed of the hydrogens' start.
    hydrogens: u64,
}

/// Why a ligand cannot be placed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// The ligand does not suit the sites.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
    /// The ligand is too large.
    #[error("found a ligand of {found} atoms without hydrogens, expected at most {most}")]
    Size {
        /// Atoms that flow.
        found: usize,
        /// Most atoms.
        most: usize,
    },
}

fn moved(at: &[Vec<Point>], velocity: &[Vec<Point>], length: f64) -> Vec<Vec<Point>> {
    let one = |(at, v): (&Vec<Point>, &Vec<Point>)| at.iter().zip(v).map(|(x, v)| x + v * length).collect();
    at.iter().zip(velocity).map(one).collect()
}

fn velocities(
    model: &ComplexDiffusion,
    ways: &[&Way<'_>],
    at: &[Vec<Point>],
    noise: f64,
    labels: &[crate::learned::Labels],
) -> Vec<Vec<Point>> {
    let scenes: Vec<Scene<'_>> = ways
        .iter()
        .zip(at)
        .map(|(way, positions)| Scene {
            skeleton: &way.skeleton,
            positions,
            noise,
            metal: way.placement.vacancy.metal.atomic_number(),
            anchors: &way.anchors,
            others: &way.others,
        })
        .collect();
    let batch = Batch::new(&scenes, model.config.neighbours);
    let velocity = model.velocity(&batch, labels).to_device(Device::Cpu).contiguous();
    let mut numbers = vec![0f32; velocity.numel()];
    velocity.copy_data(&mut numbers, velocity.numel());
    let mut rows = numbers.chunks_exact(3).map(|row| Point::new(row[0].into(), row[1].into(), row[2].into()));
    at.iter().map(|own| rows.by_ref().take(own.len()).collect()).collect()
}
