//! Climbing along properties.

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, no_grad};

use super::tensors::{rows, stacked};
use super::{Heads, LatentModel, LatentSampler};

/// What is climbed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Property, one of the model's numeric conditions.
    pub property: String,
    /// Weight per standard deviation of the property in the training data: positive upwards, negative
    /// downwards. With a target, how strongly it is held to it.
    pub weight: f64,
    /// The value wanted; without one as large (or, with a negative weight, as small) as can be.
    pub target: Option<f64>,
}

/// How it is climbed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ascent {
    /// Steps.
    pub steps: usize,
    /// Length of a step, as a share of the radius.
    pub step: f64,
    /// Radius of the trust region around the start: heads and decoder know nothing of what is far from all
    /// training crystals. In root mean square units of a latent's number, so that it does not depend on the width.
    pub radius: f64,
}

impl Default for Ascent {
    fn default() -> Self {
        Self { steps: 40, step: 0.1, radius: 0.5 }
    }
}

/// Where an ascent ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Climbed {
    /// The latent.
    pub latent: Vec<f32>,
    /// What the heads say of each objective there, in its units.
    pub predicted: Vec<f64>,
}

impl<M: LatentModel> LatentSampler<M> {
    /// Gradient ascent on the weighted sum of property heads from each of `starts`, within a ball around it.
    ///
    /// # Errors
    /// When an objective is no numeric condition of the model, or there is none.
    pub fn climb(
        &self,
        starts: &[Vec<f32>],
        objectives: &[Objective],
        ascent: &Ascent,
    ) -> Result<Vec<Climbed>, String> {
        self.check_widths(starts)?;
        self.networks.with(|network| {
            let heads = network.heads();
            let places = places(heads, objectives)?;
            if places.is_empty() || starts.is_empty() {
                return Ok(Vec::new());
            }
            let start = stacked(&starts.iter().collect::<Vec<_>>(), self.width());
            let end = climb(heads, &start, objectives, &places, ascent);
            let predicted = heads.standardised(&end).map(|values| rows(&values.detach())).unwrap_or_default();
            let climbed = rows(&end).into_iter().zip(predicted).map(|(latent, values)| Climbed {
                latent,
                predicted: places.iter().map(|&k| heads.in_units(k, f64::from(values[k]))).collect(),
            });
            Ok(climbed.collect())
        })
    }

    /// What is climbed, at each of `latents`: the weighted sum of property heads in standard deviations, or less the
    /// weighted distances from targets.
    ///
    /// # Errors
    /// As [`Self::climb`].
    pub fn worth(&self, latents: &[Vec<f32>], objectives: &[Objective]) -> Result<Vec<f64>, String> {
        self.check_widths(latents)?;
        self.networks.with(|network| {
            let heads = network.heads();
            let places = places(heads, objectives)?;
            if places.is_empty() || latents.is_empty() {
                return Ok(vec![0.0; latents.len()]);
            }
            let latents = stacked(&latents.iter().collect::<Vec<_>>(), self.width());
            let found =
                no_grad(|| heads.standardised(&latents).map(|v| worth(heads, &v, objectives, &places)));
            let found = found.map(|worth| rows(&worth.unsqueeze(-1))).unwrap_or_default();
            Ok(found.into_iter().map(|row| f64::from(row[0])).collect())
        })
    }

    fn check_widths(&self, latents: &[Vec<f32>]) -> Result<(), String> {
        let width = self.width();
        match latents.iter().find(|latent| latent.len() != width) {
            Some(bad) => Err(format!("a latent has {width} numbers, found {}", bad.len())),
            None => Ok(()),
        }
    }
}

/// The head of each objective.
fn places(heads: &Heads, objectives: &[Objective]) -> Result<Vec<usize>, String> {
    let place = |objective: &Objective| {
        heads.position(&objective.property).ok_or_else(|| {
            let known: Vec<&str> = heads.names().collect();
            format!("the model has no property '{}'; it has {}", objective.property, known.join(", "))
        })
    };
    objectives.iter().map(place).collect()
}

/// [`LatentSampler::worth`] of rows of standardised properties.
fn worth(heads: &Heads, values: &Tensor, objectives: &[Objective], places: &[usize]) -> Tensor {
    let mut worth = Tensor::zeros([values.size()[0]], (Kind::Float, values.device()));
    for (objective, &place) in objectives.iter().zip(places) {
        let value = values.select(1, place as i64);
        worth = &worth
            + match objective.target {
                None => value * objective.weight,
                Some(target) => {
                    let wanted = (target - heads.in_units(place, 0.0))
                        / (heads.in_units(place, 1.0) - heads.in_units(place, 0.0));
                    (value - wanted).abs() * -objective.weight.abs()
                }
            };
    }
    worth
}

fn climb(
    heads: &Heads,
    start: &Tensor,
    objectives: &[Objective],
    places: &[usize],
    ascent: &Ascent,
) -> Tensor {
    let radius = ascent.radius * (start.size()[1] as f64).sqrt();
    let norm = |x: &Tensor| x.square().sum_dim_intlist([-1i64].as_slice(), true, Kind::Float).sqrt();
    let mut latents = start.shallow_clone();
    for _ in 0..ascent.steps {
        let point = latents.detach().set_requires_grad(true);
        let gradient = tch::with_grad(|| {
            let values = heads.standardised(&point)?;
            let worth = worth(heads, &values, objectives, places).sum(Kind::Float);
            Tensor::run_backward(&[worth], &[&point], false, false).into_iter().next()
        });
        let Some(gradient) = gradient else { break };
        let step = &gradient / norm(&gradient).clamp_min(1e-12) * (ascent.step * radius);
        let moved = point.detach() + step - start;
        // Back onto the ball when outside.
        let length = norm(&moved);
        latents = start + &moved * (length.clamp_max(radius) / length.clamp_min(1e-12));
    }
    latents.detach()
}
