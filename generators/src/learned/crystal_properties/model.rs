//! The network and its loss.

use druse_representations::Crystal;
use druse_representations::io::Record;
use rand_chacha::ChaCha8Rng;
use tch::nn::{self, Module};
use tch::{Device, Kind, Reduction, Tensor};

use super::readings::{Reading, ReadingKind};
use super::{CrystalPropertiesConfig, FEATURES, features};
use crate::learned::house::{Learner, Loss, TrainOptions};
use crate::learned::nets::{linear, norm};
use crate::learned::{Conditions, Labels};

/// Bounds of the logarithm of the expected mean error, in standard deviations of the column.
const SURENESS: [f64; 2] = [-5.0, 2.0];

/// Weight of the loss of expected errors beside that of values.
const DOUBTS: f64 = 0.1;

/// Perceptrons on the features of crystals, see the [module](super).
#[derive(Debug)]
pub struct CrystalProperties {
    readings: Vec<Reading>,
    members: Vec<Member>,
    device: Device,
}

/// A crystal in numbers, and its elements.
pub struct PropertyExample {
    features: Vec<f32>,
    elements: Vec<u32>,
}

#[derive(Debug)]
struct Member {
    first: nn::Linear,
    norm: nn::LayerNorm,
    second: nn::Linear,
    last: nn::Linear,
}

impl Member {
    fn new(path: &nn::Path, hidden: i64, outputs: i64) -> Self {
        let map = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        Self {
            first: map("first", FEATURES as i64, hidden),
            norm: norm(path / "norm", hidden),
            second: map("second", hidden, hidden),
            last: map("last", hidden, outputs),
        }
    }

    fn forward(&self, features: &Tensor) -> Tensor {
        let hidden = self.norm.forward(&linear(&self.first, features).silu());
        let hidden = &hidden + linear(&self.second, &hidden).silu();
        linear(&self.last, &hidden)
    }
}

impl CrystalProperties {
    /// What each member says of each crystal, `[members, crystals, readings, 2]`: value (or the logit of a chance) and logarithm of
    /// the expected mean error.
    pub(super) fn forward(&self, features: &[&[f32]]) -> Tensor {
        let rows: Vec<f32> = features.concat();
        let features = Tensor::from_slice(&rows).view([-1, FEATURES as i64]).to_device(self.device);
        let said: Vec<Tensor> = self.members.iter().map(|member| member.forward(&features)).collect();
        Tensor::stack(&said, 0).view([self.members.len() as i64, -1, self.readings.len() as i64, 2])
    }
}

impl Learner for CrystalProperties {
    const KIND: &'static str = "crystal-properties";
    type Config = CrystalPropertiesConfig;
    type Record = Record;
    type Example = PropertyExample;

    fn options() -> TrainOptions {
        TrainOptions {
            batch: 256,
            learning_rate: 1e-3,
            weight_decay: 0.05,
            cooldown: 0.5,
            drop_label: 0.0,
            drop_all: 0.0,
            ..TrainOptions::default()
        }
    }

    fn new(path: &nn::Path, config: &CrystalPropertiesConfig, conditions: &Conditions) -> Self {
        let readings = Reading::all(conditions, config);
        let outputs = 2 * readings.len() as i64;
        let member = |k: usize| Member::new(&(path / "member" / k), config.hidden, outputs);
        Self { members: (0..config.members).map(member).collect(), readings, device: path.device() }
    }

    fn example(
        _: &CrystalPropertiesConfig,
        _: &Conditions,
        record: &Record,
    ) -> Result<PropertyExample, String> {
        let crystal: &Crystal = &record.crystal;
        let elements = crystal.composition().elements().map(|e| u32::from(e.atomic_number())).collect();
        Ok(PropertyExample { features: features(crystal)?, elements })
    }

    fn size(_: &PropertyExample) -> usize {
        1
    }

    fn balance_keys(example: &PropertyExample) -> Vec<u32> {
        example.elements.clone()
    }

    /// Of numbers the mean error, of yes and no the cross entropy; each column counts the same. The expected error learns by the
    /// likelihood of a Laplace distribution, from which no gradient reaches the value: otherwise what is known well would be all
    /// that is learnt (Seitzer et al., ICLR 2022).
    fn loss(&self, batch: &[&PropertyExample], labels: &[Labels], _: &mut ChaCha8Rng) -> Loss {
        let rows: Vec<&[f32]> = batch.iter().map(|example| example.features.as_slice()).collect();
        let said = self.forward(&rows);
        let scalar = || Tensor::zeros([], (Kind::Float, self.device));
        let (mut numbers, mut chances, mut doubts, mut columns) = (scalar(), scalar(), scalar(), 0);
        for (k, reading) in self.readings.iter().enumerate() {
            let targets: Vec<Option<f64>> =
                labels.iter().map(|row| reading.target(row[reading.place].as_ref())).collect();
            let there: Vec<i64> =
                (0..targets.len()).filter(|&i| targets[i].is_some()).map(|i| i as i64).collect();
            if there.is_empty() {
                continue;
            }
            columns += 1;
            let targets: Vec<f32> = targets.into_iter().flatten().map(|x| x as f32).collect();
            let targets = Tensor::from_slice(&targets).to_device(self.device).unsqueeze(0);
            let there = Tensor::from_slice(&there).to_device(self.device);
            let said = said.select(2, k as i64).index_select(1, &there);
            let value = said.select(2, 0);
            let targets = targets.expand_as(&value);
            if reading.kind == ReadingKind::Chance {
                let none: Option<Tensor> = None;
                chances += value.binary_cross_entropy_with_logits(
                    &targets,
                    none.as_ref(),
                    none.as_ref(),
                    Reduction::Mean,
                );
            } else {
                let sureness = said.select(2, 1).clamp(SURENESS[0], SURENESS[1]);
                let error = (&value - &targets).abs();
                let laplace = error.detach() * (-&sureness).exp() + sureness;
                numbers += error.mean(Kind::Float);
                doubts += laplace.mean(Kind::Float);
            }
        }
        let total = (&numbers + &chances + &doubts * DOUBTS) / f64::from(columns.max(1));
        Loss { total, parts: vec![("numbers", numbers), ("chances", chances), ("doubts", doubts)] }
    }

    fn judgement(&self, _: &[&PropertyExample], _: &[Labels]) -> Option<Tensor> {
        None
    }
}

/// Expected errors outside the bounds of training mean nothing.
pub(super) fn sureness(said: f64) -> f64 {
    said.clamp(SURENESS[0], SURENESS[1])
}
