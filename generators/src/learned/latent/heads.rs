//! Properties read off latents.

use std::collections::BTreeMap;

use tch::nn::{self, Module};
use tch::{Device, Kind, Reduction, Tensor};

use crate::learned::nets::Perceptron;
use crate::learned::{Conditions, Label, Labels, Scale};

/// Features between latent and properties.
const HIDDEN: i64 = 128;

/// One head for every condition that is a number.
#[derive(Debug)]
pub struct Heads {
    columns: Vec<Head>,
    perceptron: Option<Perceptron>,
    device: Device,
}

#[derive(Debug)]
struct Head {
    name: String,
    /// Place among the conditions.
    place: usize,
    mean: f64,
    sd: f64,
}

impl Heads {
    /// Heads for these conditions on latents of `width` numbers.
    pub fn new(path: &nn::Path, conditions: &Conditions, width: i64) -> Self {
        let columns: Vec<Head> = conditions
            .columns
            .iter()
            .enumerate()
            .filter_map(|(place, column)| match column.scale {
                Scale::Number { mean, sd, .. } => Some(Head { name: column.name.clone(), place, mean, sd }),
                _ => None,
            })
            .collect();
        let perceptron = (!columns.is_empty())
            .then(|| Perceptron::new(&(path / "heads"), width, HIDDEN, columns.len() as i64));
        Self { columns, perceptron, device: path.device() }
    }

    /// Names of the properties, in order of the heads.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|head| head.name.as_str())
    }

    /// Place of the head of a property.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|head| head.name == name)
    }

    /// Properties `[batch, heads]` in standard deviations from the mean of the training data.
    pub fn standardised(&self, latents: &Tensor) -> Option<Tensor> {
        self.perceptron.as_ref().map(|perceptron| perceptron.forward(&latents.to_device(self.device)))
    }

    /// A standardised value in the unit of its column.
    pub fn in_units(&self, head: usize, standardised: f64) -> f64 {
        let Head { mean, sd, .. } = self.columns[head];
        mean + sd * standardised
    }

    /// Properties of each latent by name.
    pub fn predict(&self, latents: &Tensor) -> Vec<BTreeMap<String, f64>> {
        let rows = latents.size()[0] as usize;
        let Some(values) = self.standardised(latents) else { return vec![BTreeMap::new(); rows] };
        let values: Vec<f32> = Vec::try_from(values.contiguous().view(-1)).unwrap_or_default();
        values
            .chunks(self.columns.len())
            .map(|row| {
                let value =
                    |(k, x): (usize, &f32)| (self.columns[k].name.clone(), self.in_units(k, f64::from(*x)));
                row.iter().enumerate().map(value).collect()
            })
            .collect()
    }

    /// Mean deviation of the labels that are there (Huber, standard deviations); 0 without any. Rows that
    /// `genuine` marks with 0 do not count.
    pub fn loss(&self, latents: &Tensor, labels: &[Labels], genuine: &Tensor) -> Tensor {
        let Some(found) = self.standardised(latents) else {
            return Tensor::zeros([], (Kind::Float, latents.device()));
        };
        let mut values = Vec::with_capacity(labels.len() * self.columns.len());
        let mut there = Vec::with_capacity(values.capacity());
        for row in labels {
            for head in &self.columns {
                let value = match row[head.place] {
                    Some(Label::Number(x)) => Some((x - head.mean) / head.sd),
                    _ => None,
                };
                values.push(value.unwrap_or(0.0) as f32);
                there.push(if value.is_some() { 1f32 } else { 0.0 });
            }
        }
        let values = Tensor::from_slice(&values).to_device(found.device()).view_as(&found);
        let there =
            Tensor::from_slice(&there).to_device(found.device()).view_as(&found) * genuine.unsqueeze(-1);
        let loss = found.smooth_l1_loss(&values, Reduction::None, 1.0) * &there;
        loss.sum(Kind::Float) / there.sum(Kind::Float).clamp_min(1.0)
    }
}
