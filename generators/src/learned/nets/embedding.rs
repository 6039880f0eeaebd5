//! Conditions as features.

use tch::nn::{self, Module};
use tch::{Device, Kind, Tensor};

use super::Perceptron;
use crate::learned::{Conditions, Label, Labels, Scale};

/// Greatest atomic number plus one.
const ELEMENTS: i64 = 119;
/// Gaussians that a number is spread over, from -3 to 3 standard deviations.
const GAUSSIANS: i64 = 25;

/// Embeds the labels of a batch: the sum of one vector for every condition, which has a learnt vector
/// of its own where the label is absent.
#[derive(Debug)]
pub struct ConditionEmbedding {
    columns: Vec<Embedder>,
    width: i64,
}

#[derive(Debug)]
struct Embedder {
    scale: Scale,
    absent: Tensor,
    map: Map,
}

#[derive(Debug)]
enum Map {
    Number(Perceptron),
    Category(nn::Embedding),
    Elements(nn::Linear),
}

impl ConditionEmbedding {
    /// For these conditions, to `width` features.
    pub fn new(path: &nn::Path, conditions: &Conditions, width: i64) -> Self {
        let columns = conditions.columns.iter().map(|column| {
            // Names of tensors hold no dots.
            let path = path / column.name.replace('.', "_");
            let map = match &column.scale {
                Scale::Number { .. } => Map::Number(Perceptron::new(&path, GAUSSIANS + 1, width, width)),
                Scale::Category(values) => Map::Category(nn::embedding(
                    &path / "category",
                    values.len() as i64,
                    width,
                    nn::EmbeddingConfig::default(),
                )),
                Scale::Elements => Map::Elements(nn::linear(
                    &path / "elements",
                    ELEMENTS,
                    width,
                    nn::LinearConfig::default(),
                )),
            };
            let absent = path.var("absent", &[width], nn::Init::Randn { mean: 0.0, stdev: 0.1 });
            Embedder { scale: column.scale.clone(), absent, map }
        });
        Self { columns: columns.collect(), width }
    }

    /// Features `[batch, width]`.
    pub fn forward(&self, labels: &[Labels], device: Device) -> Tensor {
        let mut sum = Tensor::zeros([labels.len() as i64, self.width], (Kind::Float, device));
        for (place, column) in self.columns.iter().enumerate() {
            let there: Vec<bool> = labels.iter().map(|row| row[place].is_some()).collect();
            let there = Tensor::from_slice(&there).to_device(device).unsqueeze(-1);
            let values = column.features(labels, place, device);
            sum = &sum + values.where_self(&there, &column.absent.unsqueeze(0));
        }
        sum
    }
}

impl Embedder {
    fn features(&self, labels: &[Labels], place: usize, device: Device) -> Tensor {
        match &self.map {
            Map::Number(perceptron) => {
                let Scale::Number { mean, sd, .. } = self.scale else { unreachable!("a number's map") };
                let number = |row: &Labels| match row[place] {
                    Some(Label::Number(x)) => (((x - mean) / sd).clamp(-5.0, 5.0)) as f32,
                    _ => 0.0,
                };
                let x: Vec<f32> = labels.iter().map(number).collect();
                let x = Tensor::from_slice(&x).to_device(device).unsqueeze(-1);
                let centres = Tensor::linspace(-3.0, 3.0, GAUSSIANS, (Kind::Float, device));
                let spread = (-(((&x - centres) * 4.0).square() * 0.5)).exp();
                perceptron.forward(&Tensor::cat(&[x, spread], -1))
            }
            Map::Category(embedding) => {
                let category = |row: &Labels| match row[place] {
                    Some(Label::Category(k)) => k as i64,
                    _ => 0,
                };
                let places: Vec<i64> = labels.iter().map(category).collect();
                Tensor::from_slice(&places).to_device(device).apply(embedding)
            }
            Map::Elements(linear) => {
                let mut hot = vec![0f32; labels.len() * ELEMENTS as usize];
                for (row, hot) in labels.iter().zip(hot.chunks_mut(ELEMENTS as usize)) {
                    if let Some(Label::Elements(elements)) = &row[place] {
                        elements.iter().for_each(|e| hot[usize::from(e.atomic_number())] = 1.0);
                    }
                }
                let hot = Tensor::from_slice(&hot).to_device(device).view([labels.len() as i64, ELEMENTS]);
                hot.apply(linear)
            }
        }
    }
}
