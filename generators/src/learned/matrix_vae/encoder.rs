//! From crystals to latents.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::MatrixVaeConfig;
use super::batch::{Batch, ELEMENTS};
use crate::learned::latent::{Posterior, first_inputs};
use crate::learned::nets::{Perceptron, Transformer};

/// Features of an element.
const ELEMENT: i64 = 24;
/// Properties that are Fourier-transformed.
const PROPERTIES: i64 = 8;
/// Multiples of the coordinates.
const HARMONICS: i64 = 6;

#[derive(Debug)]
pub(super) struct Encoder {
    elements: nn::Embedding,
    properties: nn::Linear,
    site: Perceptron,
    places: Tensor,
    cell: Perceptron,
    transformer: Transformer,
    sites: nn::Linear,
    reciprocal: nn::Linear,
    composition: nn::Linear,
    hidden: Perceptron,
    norm: nn::LayerNorm,
    output: nn::Linear,
    /// Miller indices `[3, points]`.
    indices: Tensor,
}

impl Encoder {
    pub(super) fn new(path: &nn::Path, config: &MatrixVaeConfig) -> Self {
        let MatrixVaeConfig { width, latent, encoder, .. } = *config;
        let (atoms, kinds, points) = (config.atoms as i64, config.kinds as i64, config.points as i64);
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        let embedding = nn::EmbeddingConfig::default();
        Self {
            elements: nn::embedding(path / "elements", ELEMENTS, ELEMENT, embedding),
            properties: linear("properties", ELEMENT, PROPERTIES),
            site: Perceptron::new(&(path / "site"), ELEMENT + 6 * HARMONICS, encoder.width, encoder.width),
            places: path.var("places", &[atoms, encoder.width], nn::Init::Randn { mean: 0.0, stdev: 0.1 }),
            cell: Perceptron::new(&(path / "cell"), 7, encoder.width, encoder.width),
            transformer: Transformer::new(&(path / "transformer"), encoder),
            sites: linear("sites", (atoms + 1) * encoder.width, width),
            reciprocal: linear("reciprocal", 2 * PROPERTIES * points, width),
            composition: linear("composition", kinds * (ELEMENT + 1), width),
            hidden: Perceptron::new(&(path / "hidden"), width, width, width),
            norm: nn::layer_norm(path / "norm", vec![width], nn::LayerNormConfig::default()),
            output: linear("output", width, 2 * latent),
            indices: lowest_indices(config.points).to_device(path.device()),
        }
    }

    pub(super) fn forward(&self, batch: &Batch) -> Posterior {
        let of = &batch.composition;
        let (rows, atoms, _) = batch.frac.size3().expect("[batch, atoms, 3]");
        let there = of.there.to_kind(Kind::Float).unsqueeze(-1);
        let elements = of.element.apply(&self.elements);
        let site = Tensor::cat(&[elements.shallow_clone(), Batch::harmonics(&batch.frac, HARMONICS)], -1);
        let sites = self.site.forward(&site) + self.places.narrow(0, 0, atoms);
        let cell = self.cell.forward(&Tensor::cat(&[&batch.cell, &(&of.atoms * 0.1)], -1)).unsqueeze(1);
        let tokens = Tensor::cat(&[cell, sites], 1);
        let all = Tensor::cat(
            &[Tensor::ones([rows, 1], (Kind::Bool, there.device())), of.there.shallow_clone()],
            1,
        );
        let tokens = self.transformer.forward(&tokens, &Transformer::bias(&all));
        let tokens = (tokens * all.to_kind(Kind::Float).unsqueeze(-1)).flatten(1, 2);
        // Structure factors of every property at every point of reciprocal space, per root of the number of atoms.
        let phases = batch.frac.matmul(&self.indices) * std::f64::consts::TAU;
        let properties =
            (elements.apply(&self.properties) * there).transpose(1, 2) / of.atoms.sqrt().unsqueeze(-1);
        let factors = Tensor::cat(&[properties.matmul(&phases.cos()), properties.matmul(&phases.sin())], 1);
        let counts = of.counts.to_kind(Kind::Float).unsqueeze(-1) * 0.2;
        let composition = Tensor::cat(&[of.elements.apply(&self.elements), counts], -1).flatten(1, 2);
        let x = first_inputs(&self.sites, &tokens)
            + factors.flatten(1, 2).apply(&self.reciprocal)
            + composition.apply(&self.composition);
        let x = &x + self.hidden.forward(&x.silu());
        Posterior::new(&x.apply(&self.norm).silu().apply(&self.output))
    }
}

/// Miller indices of the points nearest to the origin `[3, points]`, one of each pair of opposites.
fn lowest_indices(points: usize) -> Tensor {
    const REACH: i32 = 4;
    let mut all: Vec<[i32; 3]> = Vec::new();
    for h in -REACH..=REACH {
        for k in -REACH..=REACH {
            for l in -REACH..=REACH {
                if [h, k, l] > [0, 0, 0] {
                    all.push([h, k, l]);
                }
            }
        }
    }
    all.sort_by_key(|x| (x.iter().map(|i| i * i).sum::<i32>(), std::cmp::Reverse(*x)));
    let flat: Vec<f32> =
        (0..3).flat_map(|axis| all.iter().take(points).map(move |x| x[axis] as f32)).collect();
    Tensor::from_slice(&flat).view([3, points.min(all.len()) as i64])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_come_by_length_without_opposites() {
        let rows = Vec::<Vec<f32>>::try_from(lowest_indices(13)).unwrap();
        let column = |i: usize| [rows[0][i], rows[1][i], rows[2][i]];
        assert_eq!((column(0), column(1), column(2)), ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]));
        // 3 of <100>, 6 of <110>, 4 of <111>.
        assert!((9..13).all(|i| column(i).iter().all(|x| x.abs() == 1.0)));
    }
}
