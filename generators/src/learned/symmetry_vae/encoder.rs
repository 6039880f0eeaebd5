//! From codes to latents.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::SymmetryVaeConfig;
use super::batch::{Batch, ELEMENTS, FREE, GROUPS, group_features, harmonics, position_features};
use crate::learned::latent::{Posterior, first_inputs};
use crate::learned::nets::{Perceptron, Transformer};
use crate::learned::symmetry::{CELL_TERMS, GROUP_FEATURES, POSITION_FEATURES};

/// Features of an element.
const ELEMENT: i64 = 24;
/// Multiples of free parameters.
const HARMONICS: i64 = 6;

#[derive(Debug)]
pub(super) struct Encoder {
    elements: nn::Embedding,
    groups: nn::Embedding,
    positions: nn::Embedding,
    site: Perceptron,
    places: Tensor,
    cell: Perceptron,
    transformer: Transformer,
    sites: nn::Linear,
    group: nn::Linear,
    composition: nn::Linear,
    hidden: Perceptron,
    norm: nn::LayerNorm,
    output: nn::Linear,
    position_features: Tensor,
    group_features: Tensor,
}

impl Encoder {
    pub(super) fn new(path: &nn::Path, config: &SymmetryVaeConfig) -> Self {
        let SymmetryVaeConfig { width, latent, encoder, .. } = *config;
        let (sites, kinds) = (config.sites as i64, config.kinds as i64);
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        let embedding =
            |name: &str, from, to| nn::embedding(path / name, from, to, nn::EmbeddingConfig::default());
        let position_features = position_features().to_device(path.device());
        let site = ELEMENT + POSITION_FEATURES as i64 + ELEMENT + 2 * FREE * HARMONICS + FREE;
        Self {
            elements: embedding("elements", ELEMENTS, ELEMENT),
            groups: embedding("groups", GROUPS, ELEMENT),
            positions: embedding("positions", position_features.size()[0], ELEMENT),
            site: Perceptron::new(&(path / "site"), site, encoder.width, encoder.width),
            places: path.var("places", &[sites, encoder.width], nn::Init::Randn { mean: 0.0, stdev: 0.1 }),
            cell: Perceptron::new(
                &(path / "cell"),
                CELL_TERMS as i64 + 1 + GROUP_FEATURES as i64 + ELEMENT,
                encoder.width,
                encoder.width,
            ),
            transformer: Transformer::new(&(path / "transformer"), encoder),
            sites: linear("sites", (sites + 1) * encoder.width, width),
            group: linear("group", GROUP_FEATURES as i64 + ELEMENT, width),
            composition: linear("composition", kinds * ELEMENT, width),
            hidden: Perceptron::new(&(path / "hidden"), width, width, width),
            norm: nn::layer_norm(path / "norm", vec![width], nn::LayerNormConfig::default()),
            output: linear("output", width, 2 * latent),
            position_features,
            group_features: group_features().to_device(path.device()),
        }
    }

    pub(super) fn forward(&self, batch: &Batch) -> Posterior {
        let of = &batch.of;
        let (rows, sites, _) = batch.frac.size3().expect("[batch, sites, 3]");
        let features = |table: &Tensor, places: &Tensor| {
            let mut shape = places.size();
            shape.push(table.size()[1]);
            table.index_select(0, &places.view(-1)).view(shape.as_slice())
        };
        let group =
            Tensor::cat(&[features(&self.group_features, &of.group), of.group.apply(&self.groups)], -1);
        let free = of.free.repeat_interleave_self_int(HARMONICS, -1, None);
        let waves = harmonics(&batch.frac, HARMONICS) * Tensor::cat(&[&free, &free], -1);
        let site = Tensor::cat(
            &[
                of.element.apply(&self.elements),
                features(&self.position_features, &of.position),
                of.position.apply(&self.positions),
                waves,
                &batch.frac * &of.free,
            ],
            -1,
        );
        let sites = self.site.forward(&site) + self.places.narrow(0, 0, sites);
        let cell = Tensor::cat(&[&(&batch.cell * &of.cell_free), &(&of.atoms * 0.1), &group], -1);
        let tokens = Tensor::cat(&[self.cell.forward(&cell).unsqueeze(1), sites], 1);
        let all = Tensor::cat(
            &[Tensor::ones([rows, 1], (Kind::Bool, tokens.device())), of.there.shallow_clone()],
            1,
        );
        let tokens = self.transformer.forward(&tokens, &Transformer::bias(&all));
        let tokens = (tokens * all.to_kind(Kind::Float).unsqueeze(-1)).flatten(1, 2);
        let x = first_inputs(&self.sites, &tokens)
            + group.apply(&self.group)
            + of.elements.apply(&self.elements).flatten(1, 2).apply(&self.composition);
        let x = &x + self.hidden.forward(&x.silu());
        Posterior::new(&x.apply(&self.norm).silu().apply(&self.output))
    }
}
