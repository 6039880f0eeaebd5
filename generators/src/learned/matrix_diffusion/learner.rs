//! Examples and loss.

use druse_representations::io::Record;
use druse_representations::reduction::{niggli_crystal, primitive};
use druse_representations::symmetry::analyse;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor, nn};

use super::composition::{CompositionNetwork, Revealed};
use super::network::{Network, Output};
use super::noising::{Example, Lesson, Noised, STRAIN_SQUARES, noised};
use super::state::{Batch, State, mandel};
use super::{KIND, MatrixDiffusionConfig, MatrixDiffusionSampler};
use crate::learned::house::{Generative, Learner, Loss, TrainOptions, Weights};
use crate::learned::matrix::strain::strain_of;
use crate::learned::nets::ConditionEmbedding;
use crate::learned::nets::elements::ELEMENTS;
use crate::learned::{Conditions, Label, Labels, Sampler, Scale};

/// Tolerance (Å) within which a cell is folded to its primitive one and the space group found.
const TOLERANCE: f64 = 0.01;
/// Weights of the parts of the loss beside the coordinates.
const STRAIN: f64 = 0.5;
const HIDDEN: f64 = 0.2;
const COMPOSITION: f64 = 0.2;
const COUNTS: f64 = 0.05;
const PROPERTIES: f64 = 0.1;

/// The networks of matrix diffusion.
#[derive(Debug)]
pub struct MatrixDiffusion {
    pub(super) config: MatrixDiffusionConfig,
    pub(super) conditions: Conditions,
    pub(super) structure: Network,
    pub(super) composition: CompositionNetwork,
    pub(super) labels: [ConditionEmbedding; 2],
}

impl MatrixDiffusion {
    /// What the structure's network says of a batch with these labels.
    pub(super) fn structure(&self, batch: &Batch, labels: &[Labels]) -> Output {
        self.structure.forward(batch, &self.labels[0].forward(labels, tch::Device::Cpu))
    }

    /// Columns that are numbers, with mean and standard deviation.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (usize, &str, f64, f64)> {
        self.conditions.columns.iter().enumerate().filter_map(|(place, column)| match column.scale {
            Scale::Number { mean, sd, .. } => Some((place, column.name.as_str(), mean, sd)),
            _ => None,
        })
    }

    /// Cross entropy of the next element and its amount, and that of the number of atoms.
    fn composition_loss(
        &self,
        batch: &[&Example],
        labels: &[Labels],
        rng: &mut ChaCha8Rng,
    ) -> (Tensor, Tensor) {
        let features = self.labels[1].forward(labels, tch::Device::Cpu);
        let mut revealed = Vec::with_capacity(batch.len());
        let mut targets = vec![0f32; batch.len() * ELEMENTS as usize];
        let (mut next, mut amounts) = (Vec::new(), Vec::new());
        for (row, example) in batch.iter().enumerate() {
            let mut order = amounts_of(&example.elements);
            order.shuffle(rng);
            let shown = rng.random_range(0..order.len());
            let hidden = order.split_off(shown);
            for &(z, _) in &hidden {
                targets[row * ELEMENTS as usize + usize::from(z)] = 1.0 / hidden.len() as f32;
            }
            // The order is random already: the first hidden element is as good as any.
            next.push(hidden[0].0);
            amounts.push(hidden[0].1 as i64 - 1);
            revealed.push(Revealed { amounts: order, atoms: example.elements.len() });
        }
        let outlook = self.composition.outlook(&revealed, &features);
        let targets = Tensor::from_slice(&targets).view([batch.len() as i64, ELEMENTS]);
        let elements = cross_entropy(&outlook.elements, &targets).mean(Kind::Float);
        let amounts = self
            .composition
            .amounts(&outlook.view, &next)
            .cross_entropy_for_logits(&Tensor::from_slice(&amounts));
        let counts: Vec<i64> = batch.iter().map(|example| example.elements.len() as i64 - 1).collect();
        let counts =
            self.composition.atom_counts(&features).cross_entropy_for_logits(&Tensor::from_slice(&counts));
        (elements + amounts, counts)
    }

    /// Squared errors of the properties of clean examples whose labels were hidden.
    fn property_loss(&self, output: &Output, lessons: &[Lesson], labels: &[Labels]) -> Tensor {
        let columns: Vec<(usize, f64, f64)> =
            self.numbers().map(|(place, _, mean, sd)| (place, mean, sd)).collect();
        let width = columns.len().max(1);
        let (mut targets, mut there) = (vec![0f32; labels.len() * width], vec![0f32; labels.len() * width]);
        for (row, (lesson, labels)) in lessons.iter().zip(labels).enumerate() {
            for (column, (place, mean, sd)) in columns.iter().enumerate() {
                if let (Lesson::Clean, Some(Label::Number(x))) = (lesson, &labels[*place]) {
                    targets[row * width + column] = ((x - mean) / sd).clamp(-5.0, 5.0) as f32;
                    there[row * width + column] = 1.0;
                }
            }
        }
        let shape = [labels.len() as i64, width as i64];
        let there = Tensor::from_slice(&there).view(shape);
        let errors = (&output.properties - Tensor::from_slice(&targets).view(shape)).square() * &there;
        errors.sum(Kind::Float) / there.sum(Kind::Float).clamp_min(1.0)
    }
}

impl Generative for MatrixDiffusion {
    fn sampler(weights: Weights<Self>) -> Box<dyn Sampler> {
        let Weights { store, config, conditions, .. } = weights;
        Box::new(MatrixDiffusionSampler::new(&store, config, conditions))
    }
}

impl Learner for MatrixDiffusion {
    const KIND: &'static str = KIND;
    type Config = MatrixDiffusionConfig;
    type Record = Record;
    type Example = Example;

    /// Small batches: on a processor steps are worth more than smooth ones.
    fn options() -> TrainOptions {
        TrainOptions { batch: 64, learning_rate: 1e-3, ..TrainOptions::default() }
    }

    fn new(path: &nn::Path, config: &Self::Config, conditions: &Conditions) -> Self {
        let labels = |name: &str| ConditionEmbedding::new(&(path / name), conditions, config.width);
        Self {
            config: config.clone(),
            conditions: conditions.clone(),
            structure: Network::new(&(path / "structure"), config, conditions),
            composition: CompositionNetwork::new(&(path / "composition"), config),
            labels: [labels("structure_labels"), labels("composition_labels")],
        }
    }

    fn example(config: &Self::Config, _: &Conditions, record: &Record) -> Result<Example, String> {
        record.crystal.elements().map_err(|error| error.to_string())?;
        let crystal = primitive(&record.crystal, TOLERANCE).map_err(|error| error.to_string())?;
        let crystal = niggli_crystal(&crystal).map_err(|error| error.to_string())?;
        let atoms = crystal.sites.len();
        if atoms == 0 || atoms > config.most_atoms {
            return Err(format!("{atoms} atoms in the primitive cell, expected 1 to {}", config.most_atoms));
        }
        let elements = crystal.elements().map_err(|error| error.to_string())?;
        let strain = strain_of(&crystal.lattice).ok_or("the cell has no volume")?;
        Ok(Example {
            strain,
            frac: crystal.fractional(),
            elements: elements.iter().map(|element| element.atomic_number()).collect(),
            space_group: analyse(&crystal, TOLERANCE).map_or(1, |info| info.number),
        })
    }

    fn size(example: &Example) -> usize {
        example.frac.len()
    }

    fn balance_keys(example: &Example) -> Vec<u32> {
        let mut keys: Vec<u32> = example.elements.iter().map(|&z| 1000 + u32::from(z)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.push(u32::from(example.space_group));
        keys
    }

    fn loss(&self, batch: &[&Example], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
        let clean = if self.numbers().next().is_some() { self.config.clean } else { 0.0 };
        let lessons: Vec<Lesson> = batch
            .iter()
            .map(|_| match rng.random::<f64>() {
                x if x < clean => Lesson::Clean,
                x if x < clean + self.config.hidden_elements => Lesson::Joint,
                _ => Lesson::Structure,
            })
            .collect();
        let noised: Vec<Noised> = batch
            .iter()
            .zip(&lessons)
            .map(|(example, &lesson)| noised(example, lesson, &self.config, rng))
            .collect();
        // Heads must not be shown what they predict.
        let seen: Vec<Labels> = lessons
            .iter()
            .zip(labels)
            .map(|(lesson, labels)| match lesson {
                Lesson::Clean => self.conditions.absent(),
                _ => labels.clone(),
            })
            .collect();
        let states: Vec<_> = noised.iter().map(|noised| noised.state.clone()).collect();
        let input = Batch::new(&states, self.config.neighbours);
        let output = self.structure(&input, &seen);

        let (atoms, cells) = velocity_losses(&output, &noised);
        let hidden = hidden_loss(&output, &noised, batch);
        let (composition, counts) = self.composition_loss(batch, labels, rng);
        let properties = self.property_loss(&output, &lessons, labels);
        let total = &atoms
            + &cells * STRAIN
            + &hidden * HIDDEN
            + &composition * COMPOSITION
            + &counts * COUNTS
            + &properties * PROPERTIES;
        let parts = vec![
            ("coordinates", atoms),
            ("cell", cells),
            ("hidden_elements", hidden),
            ("composition", composition),
            ("atoms", counts),
            ("properties", properties),
        ];
        Loss { total, parts: parts.into_iter().map(|(name, part)| (name, part.detach())).collect() }
    }

    fn judgement(&self, batch: &[&Example], labels: &[Labels]) -> Option<Tensor> {
        self.numbers().next()?;
        let states: Vec<State> = batch.iter().map(|example| example.clean()).collect();
        let seen = vec![self.conditions.absent(); batch.len()];
        let output = self.structure(&Batch::new(&states, self.config.neighbours), &seen);
        Some(self.property_loss(&output, &vec![Lesson::Clean; batch.len()], labels))
    }
}

/// Mean squared errors of the velocities of atoms and cells that have noise.
fn velocity_losses(output: &Output, noised: &[Noised]) -> (Tensor, Tensor) {
    let (mut atoms, mut weights) = (Vec::new(), Vec::new());
    let (mut cells, mut cell_weights) = (Vec::new(), Vec::new());
    for example in noised {
        let moving = example.state.noise.iter().filter(|s| **s > 0.0).count();
        for (velocity, noise) in example.velocity.iter().zip(&example.state.noise) {
            atoms.extend(velocity.iter().map(|x| *x as f32));
            // Every crystal counts alike, however many atoms it has.
            weights.push(if *noise > 0.0 { 1.0 / moving as f32 } else { 0.0 });
        }
        cells.extend(mandel(&example.strain).map(|x| x as f32));
        cell_weights.push(if example.state.cell_noise > 0.0 { 1f32 } else { 0.0 });
    }
    let (m, b) = (weights.len() as i64, cell_weights.len() as i64);
    let weights = Tensor::from_slice(&weights);
    let errors = (&output.velocity - Tensor::from_slice(&atoms).view([m, 3])).square();
    let per_atom = errors.sum_dim_intlist(-1, false, Kind::Float) / 3.0;
    let atoms = (per_atom * &weights).sum(Kind::Float) / weights.sum(Kind::Float).clamp_min(1.0);
    let difference = &output.strain - Tensor::from_slice(&cells).view([b, 6]);
    let trace = difference.narrow(1, 0, 3).sum_dim_intlist(-1, false, Kind::Float) / 3f64.sqrt();
    let trace = trace.square();
    let rest = difference.square().sum_dim_intlist(-1, false, Kind::Float) - &trace;
    let per_cell = (rest / STRAIN_SQUARES.0 + trace / STRAIN_SQUARES.1) * 0.5;
    let weights = Tensor::from_slice(&cell_weights);
    let cells = (per_cell * &weights).sum(Kind::Float) / weights.sum(Kind::Float).clamp_min(1.0);
    (atoms, cells)
}

/// Mean cross entropy of hidden elements, given the noisy structure.
fn hidden_loss(output: &Output, noised: &[Noised], batch: &[&Example]) -> Tensor {
    let (mut places, mut truth) = (Vec::new(), Vec::new());
    let mut first = 0i64;
    for (noised, example) in noised.iter().zip(batch) {
        for (i, &z) in noised.state.elements.iter().enumerate() {
            if z == 0 {
                places.push(first + i as i64);
                truth.push(i64::from(example.elements[i]));
            }
        }
        first += noised.state.elements.len() as i64;
    }
    if places.is_empty() {
        // The head still gets a gradient, of zero.
        return output.elements.sum(Kind::Float) * 0.0;
    }
    output
        .elements
        .index_select(0, &Tensor::from_slice(&places))
        .cross_entropy_for_logits(&Tensor::from_slice(&truth))
}

/// Cross entropy with targets that are distributions, `[B]`.
fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Tensor {
    -(logits.log_softmax(-1, Kind::Float) * targets).sum_dim_intlist(-1, false, Kind::Float)
}

/// Every element once, with its number of atoms, by atomic number.
fn amounts_of(elements: &[u8]) -> Vec<(u8, usize)> {
    let mut amounts = std::collections::BTreeMap::new();
    elements.iter().for_each(|&z| *amounts.entry(z).or_insert(0) += 1);
    amounts.into_iter().collect()
}
