//! Symmetry diffusion: masked diffusion over the set of occupied Wyckoff positions, with cell and free parameters from
//! continuous heads of the same network.
//!
//! A crystal is a space group and a set of sites (Wyckoff position, element, free parameters) with a cell. The
//! forward process masks ("absorbs") what is known in the order free parameters, cell, elements, positions, the members of each of
//! these sets in random order; the model learns to undo each step:
//!
//! 1. space group, and number of sites, from the conditions;
//! 2. Wyckoff positions one by one: the template, legal by hard masks;
//! 3. elements one by one, given all positions, so that the network sees the stoichiometry that has to balance;
//! 4. the cell, term by term;
//! 5. free parameters site by site, given the cell, from piecewise linear densities on the circle; orbits that are placed see each other's
//!    distances.
//!
//! Where the model has a condition that says how stable a crystal is (`e_hull`, `energy_above_hull`) and the request gives it no
//! value, 0 is asked for: samples aim at stable crystals unless told otherwise. Guidance acts on all that is discrete;
//! cells and coordinates follow the conditions as learnt, somewhat sharpened, since they are relaxed afterwards.
//!
//! A transformer without encodings of place makes all of it independent of the order of sites. Property heads read complete
//! crystals without conditions, for ranking what was sampled. Compare WyFormer (Kazeev et al., arXiv:2503.02407),
//! CrystalFormer (Cao et al., arXiv:2403.15734), SymmCD (Levy et al., arXiv:2502.03638) and DiffCSP++ (Jiao et al.,
//! arXiv:2402.03992).

mod circle;
mod config;
mod draws;
mod example;
mod features;
mod geometry;
mod loss;
mod mixture;
mod network;
mod occupation;
mod plan;
mod sampler;
mod state;
#[cfg(test)]
mod tests;

use druse_representations::io::Record;
use rand_chacha::ChaCha8Rng;
use tch::{Tensor, nn};

pub use config::Config;
pub use example::Example;
pub use sampler::SymmetrySampler;

use crate::learned::house::{Generative, Learner, Loss, TrainOptions, Weights};
use crate::learned::{Conditions, Labels, Sampler};
use network::Network;

/// The network, for training.
#[derive(Debug)]
pub struct SymmetryDiffusion {
    network: Network,
}

impl Learner for SymmetryDiffusion {
    const KIND: &'static str = "symmetry-diffusion";
    type Config = Config;
    type Record = Record;
    type Example = Example;

    fn options() -> TrainOptions {
        TrainOptions {
            steps: 40_000,
            batch: 256,
            learning_rate: 1e-3,
            drop_label: 0.2,
            ema: 0.9995,
            ..TrainOptions::default()
        }
    }

    fn new(path: &nn::Path, config: &Config, conditions: &Conditions) -> Self {
        Self { network: Network::new(path, config, conditions) }
    }

    fn example(config: &Config, _: &Conditions, record: &Record) -> Result<Example, String> {
        Example::new(config, record)
    }

    fn size(example: &Example) -> usize {
        example.state.total
    }

    fn balance_keys(example: &Example) -> Vec<u32> {
        // Space groups first, then elements from 1000.
        let mut keys = vec![u32::from(example.state.group)];
        let elements = example.state.composition();
        keys.extend(elements.elements().map(|e| 1000 + u32::from(e.atomic_number())));
        keys
    }

    fn loss(&self, batch: &[&Example], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
        loss::loss(&self.network, batch, labels, rng)
    }

    fn judgement(&self, batch: &[&Example], labels: &[Labels]) -> Option<Tensor> {
        loss::judgement(&self.network, batch, labels)
    }
}

impl Generative for SymmetryDiffusion {
    fn sampler(weights: Weights<Self>) -> Box<dyn Sampler> {
        Box::new(SymmetrySampler::new(&weights.store, &weights.config, &weights.conditions))
    }
}
