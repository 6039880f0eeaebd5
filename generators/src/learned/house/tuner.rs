//! Moving a few weights of a trained network after what turned out well.

use druse_representations::Crystal;
use druse_representations::io::Record;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor, nn, no_grad};

use super::replicas::{named, replica};
use super::{AdamW, Learner, Loss};
use crate::learned::{Conditions, Label, Labels, Scale, Target, Wanted};
use crate::stream::stream;

/// Numbers that move at most: their state is written after every step of a campaign.
const MOST: usize = 8192;
/// Steps of one tuning.
const STEPS: u64 = 4;
/// Crystals per step.
const BATCH: usize = 16;
/// Learning rate.
const RATE: f64 = 3e-4;
/// Gradients are shortened to this norm.
const CLIP: f64 = 1.0;
/// Share by which the weights go back to where training left them, after each step.
const PULL: f64 = 0.02;
/// Probability that a crystal is learnt without conditions, which guidance needs as well.
const UNCONDITIONAL: f64 = 0.15;
/// Random streams far from those of samples and of training.
const TUNING: u64 = 1 << 42;

/// The part of a trained model that can learn on from a few crystals.
///
/// What moves is small: [`Self::moved`] is everything that has to be remembered.
pub trait Tunable: Send {
    /// How far the weights that move are from where training left them, as the upper halves of 32-bit
    /// floating-point numbers.
    fn moved(&self) -> Vec<u16>;

    /// Puts the weights there.
    ///
    /// # Errors
    /// When these are not as many numbers as move.
    fn set_moved(&mut self, moved: &[u16]) -> Result<(), String>;

    /// A few steps towards these crystals, each as often as its weight says. `targets` are the conditions under
    /// which the model is sampled; `seed` and `round` make the random numbers. Crystals that the model
    /// cannot express are left out. Returns the mean loss, `None` when nothing was learnt.
    fn tune(&mut self, crystals: &[(Crystal, f64)], targets: &[Target], seed: u64, round: u64)
    -> Option<f64>;
}

/// Tunes biases and gains of norms only (BitFit, Ben Zaken et al., arXiv:2106.10199), at most 8192 numbers,
/// gains and biases of norms first. After each step the weights are drawn back towards those of the
/// training (L2-SP, Li et al., arXiv:1802.01483), so that the model forgets nothing for good.
pub struct Tuner<L: Learner> {
    model: L,
    config: L::Config,
    conditions: Conditions,
    /// Those that move, in the model and in all other copies on the same store.
    weights: Vec<Tensor>,
    /// Where training left them.
    prior: Vec<Tensor>,
}

impl<L: Learner<Record = Record>> Tuner<L> {
    /// Tunes the network on the weights of `store`: every copy of it, among them those that samples are
    /// drawn with, moves along.
    pub fn new(store: &nn::VarStore, config: &L::Config, conditions: &Conditions) -> Self {
        let (model, mut weights) = replica(store, |path| L::new(path, config, conditions));
        let names: Vec<String> = named(store).into_iter().map(|(name, _)| name).collect();
        let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i].dim() == 1).collect();
        order.sort_by_key(|&i| (!names[i].contains("norm"), weights[i].numel(), i));
        let mut room = MOST;
        order.retain(|&i| {
            let fits = weights[i].numel() <= room;
            room -= if fits { weights[i].numel() } else { 0 };
            fits
        });
        order.sort_unstable();
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight = weight.set_requires_grad(order.contains(&i));
        }
        let weights: Vec<Tensor> = order.iter().map(|&i| weights[i].shallow_clone()).collect();
        let prior = weights.iter().map(|weight| weight.detach().copy()).collect();
        Self { model, config: config.clone(), conditions: conditions.clone(), weights, prior }
    }

    /// Numbers that move.
    pub fn size(&self) -> usize {
        self.prior.iter().map(Tensor::numel).sum()
    }

    /// Lets only as much of the way from the prior remain as is remembered, and draws it back by a
    /// share.
    fn settle(&mut self, pull: f64) {
        no_grad(|| {
            for (weight, prior) in self.weights.iter_mut().zip(&self.prior) {
                let moved = (&*weight - prior) * (1.0 - pull);
                weight.copy_(&(prior + rounded(&moved)));
            }
        });
    }

    fn example(&self, crystal: &Crystal) -> Option<L::Example> {
        let record = Record {
            id: String::new(),
            crystal: crystal.clone(),
            properties: Default::default(),
            source: String::new(),
        };
        L::example(&self.config, &self.conditions, &record).ok()
    }
}

impl<L: Learner<Record = Record>> Tunable for Tuner<L> {
    fn moved(&self) -> Vec<u16> {
        let differences = self.weights.iter().zip(&self.prior).map(|(weight, prior)| weight.detach() - prior);
        differences.flat_map(|moved| numbers(&moved).into_iter().map(upper)).collect()
    }

    fn set_moved(&mut self, moved: &[u16]) -> Result<(), String> {
        if moved.len() != self.size() {
            return Err(format!("{} weights that moved, expected {}", moved.len(), self.size()));
        }
        let mut rest = moved;
        no_grad(|| {
            for (weight, prior) in self.weights.iter_mut().zip(&self.prior) {
                let (mine, others) = rest.split_at(prior.numel());
                rest = others;
                let values: Vec<f32> = mine.iter().map(|&half| lower(half)).collect();
                let moved = Tensor::from_slice(&values).view_as(prior).to_device(prior.device());
                weight.copy_(&(prior + moved));
            }
        });
        Ok(())
    }

    fn tune(
        &mut self,
        crystals: &[(Crystal, f64)],
        targets: &[Target],
        seed: u64,
        round: u64,
    ) -> Option<f64> {
        let pool: Vec<(L::Example, f64)> =
            crystals.iter().filter_map(|(crystal, weight)| Some((self.example(crystal)?, *weight))).collect();
        if pool.is_empty() {
            return None;
        }
        let mut optimiser = AdamW::new(&self.weights);
        let mut losses = Vec::new();
        for step in 0..STEPS {
            let mut rng = stream(seed, TUNING + round * STEPS + step);
            let mut batch = Vec::with_capacity(BATCH);
            for _ in 0..BATCH {
                batch.push(&pool.choose_weighted(&mut rng, |(_, weight)| *weight).ok()?.0);
            }
            // Batches hold examples of like size.
            batch.sort_by_key(|example| L::size(example));
            let labels: Vec<Labels> =
                batch.iter().map(|_| wanted(&self.conditions, targets, &mut rng)).collect();
            let Loss { total, .. } = self.model.loss(&batch, &labels, &mut rng);
            let gradients = Tensor::run_backward(&[&total], &self.weights, false, false);
            optimiser.step(&self.weights, &gradients, RATE, 0.0, CLIP);
            self.settle(PULL);
            losses.push(f64::try_from(total.to_kind(Kind::Double)).unwrap_or(f64::NAN));
        }
        Some(losses.iter().sum::<f64>() / losses.len() as f64)
    }
}

/// The labels under which the model is sampled, or none.
fn wanted(conditions: &Conditions, targets: &[Target], rng: &mut ChaCha8Rng) -> Labels {
    let mut labels = conditions.absent();
    if rng.random::<f64>() < UNCONDITIONAL {
        return labels;
    }
    for target in targets {
        let Some(place) = conditions.position(&target.column) else { continue };
        labels[place] = match (&target.wanted, &conditions.columns[place].scale) {
            (Wanted::Number(value), Scale::Number { .. }) => Some(Label::Number(*value)),
            (Wanted::Range([low, high]), Scale::Number { .. }) => {
                Some(Label::Number(low + (high - low) * rng.random::<f64>()))
            }
            (Wanted::Number(value), Scale::Category(known)) => {
                known.iter().position(|known| *known == value.to_string()).map(Label::Category)
            }
            (Wanted::Text(text), Scale::Category(known)) => {
                known.iter().position(|known| known == text).map(Label::Category)
            }
            (Wanted::Text(text), Scale::Elements) => {
                let elements: Result<Vec<_>, _> = text.split('-').map(str::parse).collect();
                elements.ok().map(|mut elements| {
                    elements.sort_unstable();
                    Label::Elements(elements)
                })
            }
            _ => None,
        };
    }
    labels
}

/// A tensor whose numbers are cut to their upper halves.
fn rounded(tensor: &Tensor) -> Tensor {
    let values: Vec<f32> = numbers(tensor).into_iter().map(|x| lower(upper(x))).collect();
    Tensor::from_slice(&values).view_as(tensor).to_device(tensor.device())
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    // Contiguous, on the processor, of this kind: it cannot fail.
    Vec::<f32>::try_from(tensor.to_device(tch::Device::Cpu).to_kind(Kind::Float).contiguous().view(-1))
        .unwrap_or_default()
}

/// The upper half of a number, rounded to the nearest (bfloat16); what is not finite counts as 0.
fn upper(x: f32) -> u16 {
    if !x.is_finite() {
        return 0;
    }
    ((x.to_bits().saturating_add(0x8000)) >> 16) as u16
}

fn lower(half: u16) -> f32 {
    let x = f32::from_bits(u32::from(half) << 16);
    if x.is_finite() { x } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::house::fresh;
    use druse_representations::Lattice;
    use tch::Device;
    use tch::nn::Module;

    /// Learns the volume per atom: one number out of a bias, with a matrix and a norm in the way.
    struct Volume {
        norm: nn::LayerNorm,
        matrix: nn::Linear,
    }

    impl Learner for Volume {
        const KIND: &'static str = "volume";
        type Config = ();
        type Record = Record;
        type Example = f32;

        fn new(path: &nn::Path, _: &(), _: &Conditions) -> Self {
            Self {
                norm: nn::layer_norm(path / "norm", vec![4], Default::default()),
                matrix: nn::linear(path / "matrix", 4, 1, Default::default()),
            }
        }
        fn example(_: &(), _: &Conditions, record: &Record) -> Result<f32, String> {
            Ok(record.crystal.lattice.volume() as f32)
        }
        fn size(_: &f32) -> usize {
            1
        }
        fn balance_keys(_: &f32) -> Vec<u32> {
            Vec::new()
        }
        fn loss(&self, batch: &[&f32], _: &[Labels], _: &mut ChaCha8Rng) -> Loss {
            let wanted = Tensor::from_slice(&batch.iter().map(|x| **x).collect::<Vec<f32>>());
            let total = (self.guess() - wanted).square().mean(Kind::Float);
            Loss { total, parts: Vec::new() }
        }
        fn judgement(&self, _: &[&f32], _: &[Labels]) -> Option<Tensor> {
            None
        }
    }

    impl Volume {
        fn guess(&self) -> Tensor {
            let x = Tensor::from_slice(&[1f32, -1.0, 2.0, 0.5]).unsqueeze(0);
            self.matrix.forward(&x.apply(&self.norm)).view(-1)
        }
    }

    fn store() -> (nn::VarStore, Volume) {
        let (mut store, model) = fresh(3, Device::Cpu, |path| Volume::new(path, &(), &Conditions::default()));
        store.freeze();
        (store, model)
    }

    #[test]
    fn a_few_small_weights_move_and_everything_comes_back() {
        let (store, sampling) = store();
        let guess = || f64::try_from(sampling.guess()).unwrap();
        let mut tuner = Tuner::<Volume>::new(&store, &(), &Conditions::default());
        assert_eq!(tuner.size(), 9, "gains and biases of the norm and the bias, not the matrix");
        let (before, untouched) = (guess(), tuner.moved());
        assert!(untouched.iter().all(|&half| half == 0));
        let crystal = |edge| Crystal { lattice: Lattice::cubic(edge), sites: Vec::new() };
        let crystals = [(crystal(1.2), 1.0), (crystal(1.3), 0.5)];
        let losses: Vec<f64> = (0..20).map(|round| tuner.tune(&crystals, &[], 1, round).unwrap()).collect();
        assert!(losses[19] < losses[0], "{losses:?}");
        let (after, moved) = (guess(), tuner.moved());
        assert_ne!(after, before, "the network that samples moves along");
        tuner.set_moved(&untouched).unwrap();
        assert_eq!(guess(), before);
        tuner.set_moved(&moved).unwrap();
        assert_eq!((guess(), tuner.moved()), (after, moved.clone()));
        assert!(tuner.set_moved(&moved[1..]).is_err());
    }

    #[test]
    fn tuning_goes_on_from_what_is_remembered() {
        let crystals = [(Crystal { lattice: Lattice::cubic(1.4), sites: Vec::new() }, 1.0)];
        let (one, _one) = store();
        let mut whole = Tuner::<Volume>::new(&one, &(), &Conditions::default());
        for round in 0..4 {
            whole.tune(&crystals, &[], 5, round);
        }
        let (two, _two) = store();
        let mut moved = vec![0; whole.size()];
        for round in 0..4 {
            let mut part = Tuner::<Volume>::new(&two, &(), &Conditions::default());
            part.set_moved(&moved).unwrap();
            part.tune(&crystals, &[], 5, round);
            moved = part.moved();
            part.set_moved(&vec![0; moved.len()]).unwrap();
        }
        assert_eq!(moved, whole.moved());
    }

    #[test]
    fn halves_are_the_nearest() {
        for x in [0.0f32, 1.0, -1.0, 3.337e-5, -0.71] {
            let back = lower(upper(x));
            assert!((back - x).abs() <= x.abs() / 256.0 && lower(upper(back)) == back, "{x} {back}");
        }
        assert_eq!(upper(f32::NAN), 0);
    }
}
