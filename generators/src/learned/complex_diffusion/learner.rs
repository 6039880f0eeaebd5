//! Examples and loss.

use druse_datasets::elements::vdw_radius;
use druse_representations::Element;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Kind, Tensor, nn};

use super::batch::{Batch, Scene};
use super::crowd::crowd;
use super::network::Network;
use super::noise::Noise;
use super::{ComplexDiffusionConfig, KIND, Point, Skeleton};
use crate::learned::house::{Learner, Loss, TrainOptions};
use crate::learned::nets::ConditionEmbedding;
use crate::learned::subject::METAL;
use crate::learned::{Conditions, Labels, LigandEntry, Subject};

/// Velocities are counted in this (Å), which makes them about 1.
pub const VELOCITY: f64 = 1.5;
/// Distances (Å) between a metal and the centres of its donors that are believed.
const REACH: std::ops::Range<f64> = 0.9..3.4;
/// Share of the sum of the van der Waals radii that atoms of different ligands keep, at least.
const APART: f64 = 0.78;
/// Standard deviation of the factor by which the distances of sites are told wrongly.
const SITE_DISTANCE: f64 = 0.03;
/// Share of the examples whose noise is drawn with more weight on little of it, where bonds and angles come right.
const LATE: f64 = 0.4;

/// The networks of complex diffusion.
#[derive(Debug)]
pub struct ComplexDiffusion {
    pub(super) config: ComplexDiffusionConfig,
    network: Network,
    labels: ConditionEmbedding,
}

/// A ligand around its metal.
#[derive(Clone, Debug)]
pub struct Example {
    /// What flows.
    pub skeleton: Skeleton,
    /// Where it is (Å).
    pub positions: Vec<Point>,
    /// Centre of each donor.
    pub sites: Vec<Point>,
    /// Atomic number of the metal, 0 when unknown.
    pub metal: u8,
    /// All atoms, hydrogens included: atomic number, position, and the room that each needs (Å).
    pub all: Vec<(u8, Point, f64)>,
}

impl ComplexDiffusion {
    /// Velocities of a batch in Å.
    pub(super) fn velocity(&self, batch: &Batch, labels: &[Labels]) -> Tensor {
        let conditions = self.labels.forward(labels, tch::Device::Cpu);
        self.network.forward(batch, &conditions) * VELOCITY
    }
}

impl Learner for ComplexDiffusion {
    const KIND: &'static str = KIND;
    type Config = ComplexDiffusionConfig;
    type Record = LigandEntry;
    type Example = Example;

    /// Small batches: on a processor steps are worth more than smooth ones.
    fn options() -> TrainOptions {
        TrainOptions { batch: 32, learning_rate: 1e-3, ..TrainOptions::default() }
    }

    fn new(path: &nn::Path, config: &Self::Config, conditions: &Conditions) -> Self {
        Self {
            network: Network::new(&(path / "network"), config),
            labels: ConditionEmbedding::new(&(path / "labels"), conditions, config.width),
            config: config.clone(),
        }
    }

    fn example(config: &Self::Config, _: &Conditions, record: &LigandEntry) -> Result<Example, String> {
        let ligand = &record.ligand;
        let positions = ligand.positions.as_ref().ok_or("no positions")?;
        let points: Vec<Point> = positions.iter().map(|&position| position.into()).collect();
        let centre = |group: &Vec<usize>| -> Point {
            group.iter().map(|&atom| points[atom]).sum::<Point>() / group.len() as f64
        };
        let sites: Vec<Point> = ligand.donors.iter().map(centre).collect();
        if sites.iter().any(|site| !REACH.contains(&site.norm())) {
            return Err("its positions are not around a metal".to_owned());
        }
        let skeleton = Skeleton::new(ligand);
        if skeleton.len() > config.most_atoms {
            return Err(format!("more than {} atoms without hydrogens", config.most_atoms));
        }
        let metal = record.value(METAL).and_then(|value| value.as_str()?.parse::<Element>().ok());
        let all = ligand.elements().zip(&points).map(|(element, &point)| {
            (element.atomic_number(), point, APART * vdw_radius(element).unwrap_or(2.5))
        });
        Ok(Example {
            positions: skeleton.atoms.iter().map(|&atom| points[atom]).collect(),
            skeleton,
            sites,
            metal: metal.map_or(0, |metal| metal.atomic_number()),
            all: all.collect(),
        })
    }

    fn size(example: &Example) -> usize {
        example.skeleton.len()
    }

    fn balance_keys(example: &Example) -> Vec<u32> {
        vec![1000 + example.skeleton.donors.len() as u32, u32::from(example.metal)]
    }

    fn loss(&self, batch: &[&Example], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
        let noised: Vec<Noised> = batch.iter().map(|example| self.noised(example, batch, rng)).collect();
        let scenes: Vec<Scene<'_>> = batch
            .iter()
            .zip(&noised)
            .map(|(example, noised)| Scene {
                skeleton: &example.skeleton,
                positions: &noised.positions,
                noise: noised.noise,
                metal: example.metal,
                anchors: &noised.anchors,
                others: &noised.others,
            })
            .collect();
        let input = Batch::new(&scenes, self.config.neighbours);
        let conditions = self.labels.forward(labels, tch::Device::Cpu);
        let velocity = self.network.forward(&input, &conditions);
        let truth: Vec<f32> = noised
            .iter()
            .flat_map(|noised| &noised.velocity)
            .flat_map(|v| [v.x, v.y, v.z].map(|x| (x / VELOCITY) as f32))
            .collect();
        let truth = Tensor::from_slice(&truth).view([-1, 3]);
        let squares = (velocity - truth).square().sum_dim_intlist(-1, false, Kind::Float) / 3.0;
        // Every ligand counts alike, so that small ones are learnt as well.
        let total = input.groups.mean(&squares.unsqueeze(-1)).mean(Kind::Float);
        let parts = vec![("positions", total.detach())];
        Loss { total, parts }
    }

    fn judgement(&self, _: &[&Example], _: &[Labels]) -> Option<Tensor> {
        None
    }
}

/// An example with noise, and the way from noise to it.
struct Noised {
    positions: Vec<Point>,
    velocity: Vec<Point>,
    noise: f64,
    anchors: Vec<Point>,
    others: Vec<(u8, Point)>,
}

impl ComplexDiffusion {
    fn noised(&self, example: &Example, batch: &[&Example], rng: &mut ChaCha8Rng) -> Noised {
        let crowded = rng.random::<f64>() < self.config.crowded;
        let others = if crowded { crowd(example, batch, rng) } else { Vec::new() };
        let anchors: Vec<Point> =
            example.sites.iter().map(|site| shaken(site, self.config.site_angle, rng)).collect();
        let u: f64 = rng.random();
        let noise = if rng.random::<f64>() < LATE { u * u } else { u };
        let start = Noise::new(&example.skeleton, &anchors).sample(rng);
        let velocity: Vec<Point> =
            example.positions.iter().zip(&start).map(|(end, start)| end - start).collect();
        let positions = example.positions.iter().zip(&velocity).map(|(end, v)| end - v * noise).collect();
        Noised { positions, velocity, noise, anchors, others }
    }
}

/// A site that is told a little wrongly.
fn shaken(site: &Point, degrees: f64, rng: &mut ChaCha8Rng) -> Point {
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let shift = Point::new(normal(), normal(), normal()) * degrees.to_radians();
    let length = site.norm() * (1.0 + SITE_DISTANCE * normal());
    let across = shift - site * (shift.dot(site) / site.norm_squared());
    (site / site.norm() + across).normalize() * length
}
