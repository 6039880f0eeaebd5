//! The autoencoder.

use druse_representations::Crystal;
use druse_representations::io::Record;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor, nn, no_grad};

use super::batch::{Batch, Compositions};
use super::decoder::Decoder;
use super::encoder::Encoder;
use super::{MatrixExample, MatrixVaeConfig, composition, structure};
use crate::learned::house::{Generative, Learner, Loss, TrainOptions, Weights};
use crate::learned::latent::{
    CrystalModel, Decoded, Heads, LatentModel, LatentSampler, Limits, Posterior, Prior, Set, in_order,
    judgement, numbers, sets, substituted,
};
use crate::learned::{Conditions, Labels, Sampler};

/// Weights of the parts of the loss beside nats of cells and coordinates. Of crystals that were not read again as they were, four
/// of five had other numbers of atoms when these weighed as little as elements.
const COUNT_WEIGHT: f64 = 8.0;
const ELEMENT_WEIGHT: f64 = 2.0;
/// Scale (of logarithms of lengths, or 30°) at which a deviation of the cell costs a nat.
const CELL_SCALE: f64 = 0.04;
/// What the sum of nats is divided by, to be of the order of one.
const NATS: f64 = 50.0;

/// Variational autoencoder in the FTCP manner, see the [module](super).
#[derive(Debug)]
pub struct MatrixVae {
    config: MatrixVaeConfig,
    encoder: Encoder,
    decoder: Decoder,
    prior: Prior,
    heads: Heads,
    device: Device,
}

impl Learner for MatrixVae {
    const KIND: &'static str = "matrix-vae";
    type Config = MatrixVaeConfig;
    type Record = Record;
    type Example = MatrixExample;

    fn options() -> TrainOptions {
        TrainOptions { batch: 96, learning_rate: 1e-3, ..TrainOptions::default() }
    }

    fn new(path: &nn::Path, config: &MatrixVaeConfig, conditions: &Conditions) -> Self {
        Self {
            encoder: Encoder::new(&(path / "encoder"), config),
            decoder: Decoder::new(&(path / "decoder"), config),
            prior: Prior::new(&(path / "prior"), config.prior, conditions, config.latent),
            heads: Heads::new(path, conditions, config.latent),
            config: config.clone(),
            device: path.device(),
        }
    }

    fn example(config: &MatrixVaeConfig, _: &Conditions, record: &Record) -> Result<MatrixExample, String> {
        MatrixExample::new(config, &record.crystal)
    }

    fn size(example: &MatrixExample) -> usize {
        example.atoms()
    }

    fn balance_keys(example: &MatrixExample) -> Vec<u32> {
        let elements = example.kinds.iter().map(|(element, _)| 1000 + u32::from(element.atomic_number()));
        std::iter::once(u32::from(example.space_group)).chain(elements).collect()
    }

    fn loss(&self, batch: &[&MatrixExample], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
        let elements = batch.iter().map(|example| example.kinds.iter().map(|kind| kind.0).collect());
        let (elements, genuine) = substituted(elements, self.config.substitute, rng);
        let counts = batch.iter().map(|example| example.kinds.iter().map(|kind| kind.1));
        let compositions: Vec<_> = elements
            .into_iter()
            .zip(counts)
            .map(|(elements, counts)| elements.into_iter().zip(counts).collect())
            .collect();
        let genuine = genuine.to_device(self.device);
        let batch = Batch::new(&self.config, batch, &compositions, self.device);
        let posterior = self.encoder.forward(&batch);
        let latents = posterior.sample(rng);
        let parts = self.reconstruction(&batch, &latents);
        let divergence = posterior.divergence(self.config.free);
        let heads = self.heads.loss(&latents, labels, &genuine);
        let prior = self.prior.loss(&latents, labels, &genuine, rng);
        let [elements, counts, cell, coordinates] = &parts;
        let nats = elements * ELEMENT_WEIGHT + counts * COUNT_WEIGHT + cell + coordinates;
        let total = (nats + &divergence * self.config.beta) / NATS + &heads * 0.1 + &prior;
        let [elements, counts, cell, coordinates] = parts;
        Loss {
            total,
            parts: vec![
                ("elements", elements),
                ("counts", counts),
                ("cell", cell),
                ("coordinates", coordinates),
                ("divergence", divergence),
                ("properties", heads),
                ("prior", prior),
            ],
        }
    }

    fn judgement(&self, batch: &[&MatrixExample], labels: &[Labels]) -> Option<Tensor> {
        judgement(self, batch, labels)
    }
}

impl MatrixVae {
    fn tensor<T: tch::kind::Element>(&self, values: &[T]) -> Tensor {
        Tensor::from_slice(values).to_device(self.device)
    }

    /// Mean cost per crystal of elements, numbers, cell and coordinates (nats).
    fn reconstruction(&self, batch: &Batch, latents: &Tensor) -> [Tensor; 4] {
        let of = &batch.composition;
        let pick =
            |log_p: Tensor, which: &Tensor| -log_p.gather(-1, &which.unsqueeze(-1), false).squeeze_dim(-1);
        let per_crystal = |cost: Tensor| cost.sum(Kind::Float) / latents.size()[0] as f64;
        let trunk = self.decoder.trunk(latents);
        let kinds = self.decoder.kinds(&trunk);
        // Places after the first empty one say nothing more.
        let before = of.elements.gt(0).to_kind(Kind::Float);
        let first = Tensor::ones([before.size()[0], 1], (Kind::Float, before.device()));
        let asked = Tensor::cat(&[first, before.narrow(1, 0, before.size()[1] - 1)], 1);
        let elements = per_crystal(pick(kinds, &of.elements) * asked);
        let counts = self.decoder.counts(&trunk, &of.elements);
        let counts = per_crystal(pick(counts, &(&of.counts - 1).clamp_min(0)) * &before);
        let placed = self.decoder.place(&trunk, of);
        let cell = (placed.cell - &batch.cell).smooth_l1_loss(
            &Tensor::zeros([6], (Kind::Float, batch.cell.device())).expand_as(&batch.cell),
            tch::Reduction::None,
            CELL_SCALE,
        ) / CELL_SCALE;
        let coordinates = self.decoder.coordinates().loss(&placed.sites, &batch.frac);
        let coordinates = coordinates * of.there.to_kind(Kind::Float).unsqueeze(-1);
        [elements, counts, per_crystal(cell), per_crystal(coordinates)]
    }
}

impl Generative for MatrixVae {
    fn sampler(weights: Weights<Self>) -> Box<dyn Sampler> {
        Box::new(LatentSampler::new(weights))
    }
}

impl LatentModel for MatrixVae {
    fn width(config: &MatrixVaeConfig) -> usize {
        config.latent as usize
    }

    fn posterior(&self, batch: &[&MatrixExample]) -> Posterior {
        let kinds: Vec<_> = batch.iter().map(|example| example.kinds.clone()).collect();
        self.encoder.forward(&Batch::new(&self.config, batch, &kinds, self.device))
    }

    fn prior(&self) -> &Prior {
        &self.prior
    }

    fn heads(&self) -> &Heads {
        &self.heads
    }
}

impl CrystalModel for MatrixVae {
    fn decode(&self, latents: &Tensor, limits: Limits<'_>) -> Vec<Option<Decoded>> {
        no_grad(|| {
            let trunk = self.decoder.trunk(&latents.to_device(self.device));
            let filled = self.filled(&trunk, limits);
            let found: Vec<i64> =
                (0..filled.len()).filter(|&k| filled[k].is_some()).map(|k| k as i64).collect();
            let mut decoded = vec![None; filled.len()];
            if found.is_empty() {
                return decoded;
            }
            let compositions: Vec<_> =
                filled.iter().flatten().map(|(composition, _)| composition.clone()).collect();
            let of = Compositions::new(&self.config, &compositions, self.device);
            let placed = self.decoder.place(&trunk.index_select(0, &self.tensor(&found)), &of);
            let (frac, log_p) = self.decoder.coordinates().decode(&placed.sites);
            let most = of.element.size()[1] as usize;
            let (cell, frac, log_p) = (numbers(&placed.cell), numbers(&frac), numbers(&log_p));
            for (i, &row) in found.iter().enumerate() {
                let row = row as usize;
                let Some((composition, sure)) = &filled[row] else { continue };
                let atoms: usize = composition.iter().map(|(_, n)| n).sum();
                let places = 3 * most * i..3 * (most * i + atoms);
                let sure = sure + log_p[places.clone()].iter().sum::<f64>();
                let confidence = sure / (2 * composition.len() + 3 * atoms) as f64;
                let scaled = std::array::from_fn(|k| cell[6 * i + k]);
                let frac = frac[places].chunks(3).map(|x| [x[0], x[1], x[2]]);
                decoded[row] = structure::crystal(composition, scaled, frac)
                    .and_then(|crystal| self.finished(crystal, limits))
                    .map(|crystal| Decoded { crystal, confidence });
            }
            decoded
        })
    }

    fn check(config: &MatrixVaeConfig, limits: Limits<'_>) -> Result<(), String> {
        limits.check_places(config.atoms, config.kinds)
    }
}

impl MatrixVae {
    /// The most probable composition of each crystal within the limits.
    fn filled(&self, trunk: &Tensor, limits: Limits<'_>) -> Vec<Option<composition::Filled>> {
        let rows = trunk.size()[0] as usize;
        if let Some(formula) = limits.formula {
            return vec![Some((in_order(formula), 0.0)); rows];
        }
        let log_p = self.decoder.kinds(trunk);
        let elements: Vec<f32> = Vec::try_from(log_p.contiguous().view(-1)).unwrap_or_default();
        let candidates: Vec<Vec<Set>> = elements
            .chunks(elements.len() / rows.max(1))
            .map(|row| sets(&row.chunks(row.len() / self.config.kinds).collect::<Vec<_>>(), limits))
            .collect();
        let mut filled = vec![None; rows];
        // The best set first; the next for those crystals whose best holds no allowed numbers of atoms.
        for round in 0..candidates.iter().map(Vec::len).max().unwrap_or(0) {
            let open: Vec<usize> =
                (0..rows).filter(|&row| filled[row].is_none() && candidates[row].len() > round).collect();
            if open.is_empty() {
                break;
            }
            let mut chosen = vec![0i64; open.len() * self.config.kinds];
            for (&row, chosen) in open.iter().zip(chosen.chunks_mut(self.config.kinds)) {
                for (place, element) in chosen.iter_mut().zip(&candidates[row][round].0) {
                    *place = i64::from(element.atomic_number());
                }
            }
            let chosen = self.tensor(&chosen).view([open.len() as i64, self.config.kinds as i64]);
            let places: Vec<i64> = open.iter().map(|&row| row as i64).collect();
            let log_p = self.decoder.counts(&trunk.index_select(0, &self.tensor(&places)), &chosen);
            let numbers: Vec<f32> = Vec::try_from(log_p.contiguous().view(-1)).unwrap_or_default();
            for (&row, numbers) in open.iter().zip(numbers.chunks(self.config.kinds * self.config.atoms)) {
                let numbers: Vec<&[f32]> = numbers.chunks(self.config.atoms).collect();
                let (elements, sum) = &candidates[row][round];
                filled[row] = composition::counts(elements, &numbers, limits)
                    .map(|(filled, more)| (filled, sum + more));
            }
        }
        filled
    }

    fn finished(&self, crystal: Crystal, limits: Limits<'_>) -> Option<Crystal> {
        let crystal = structure::snapped(crystal, &self.config.snap, limits.space)?;
        // What was asked for is the primitive cell: one that is smaller after all is something else.
        let fits = limits.formula.is_none_or(|formula| crystal.composition() == *formula);
        fits.then_some(crystal)
    }
}
