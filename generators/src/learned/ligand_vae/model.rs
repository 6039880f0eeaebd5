//! The autoencoder.

use druse_representations::Ligand;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor, nn, no_grad};

use super::batch::{Decisions, Terms, Tokens};
use super::decoder::Decoder;
use super::embedding::{PartEmbedding, Parts};
use super::encoder::Encoder;
use super::example::usable;
use super::growth::{Growth, Step};
use super::search::{Rules, grow};
use super::table::Table;
use super::{LigandExample, LigandVaeConfig, Vocabulary};
use crate::LigandSpace;
use crate::learned::house::{Learner, Loss, TrainOptions};
use crate::learned::latent::{Heads, LatentModel, Posterior, Prior, judgement};
use crate::learned::{Conditions, Labels, LigandEntry};

/// What the sum of nats is divided by, to be of the order of one.
const NATS: f64 = 20.0;

/// Variational autoencoder of ligands, see the [module](super).
#[derive(Debug)]
pub struct LigandVae {
    config: LigandVaeConfig,
    table: Table,
    parts: PartEmbedding,
    encoder: Encoder,
    decoder: Decoder,
    prior: Prior,
    heads: Heads,
    device: Device,
}

/// A ligand read from a latent.
#[derive(Clone, Debug)]
pub struct DecodedLigand {
    /// The ligand, without name and positions.
    pub ligand: Ligand,
    /// Mean logarithm of the decoder's probabilities of what it chose; natural logarithm, at most 0.
    pub confidence: f64,
}

impl Learner for LigandVae {
    const KIND: &'static str = "ligand-vae";
    type Config = LigandVaeConfig;
    type Record = LigandEntry;
    type Example = LigandExample;

    fn options() -> TrainOptions {
        TrainOptions { batch: 128, shards: 1, learning_rate: 1e-3, ..TrainOptions::default() }
    }

    /// The vocabulary is read off the training data where none is given.
    fn fit(config: LigandVaeConfig, training: &[LigandEntry]) -> LigandVaeConfig {
        if !config.vocabulary.is_empty() {
            return config;
        }
        let ligands: Vec<&Ligand> =
            training.iter().map(|entry| &entry.ligand).filter(|ligand| usable(ligand).is_ok()).collect();
        let vocabulary = Vocabulary::fit(&ligands, config.whole_rings, config.pieces);
        LigandVaeConfig { vocabulary, ..config }
    }

    fn new(path: &nn::Path, config: &LigandVaeConfig, conditions: &Conditions) -> Self {
        let mut table = Table::new(&config.vocabulary);
        table.pieces = table.pieces.to_device(path.device());
        table.atoms = table.atoms.to_device(path.device());
        Self {
            table,
            parts: PartEmbedding::new(&(path / "parts"), config),
            encoder: Encoder::new(&(path / "encoder"), config),
            decoder: Decoder::new(&(path / "decoder"), config),
            prior: Prior::new(&(path / "prior"), config.prior, conditions, config.latent),
            heads: Heads::new(path, conditions, config.latent),
            config: config.clone(),
            device: path.device(),
        }
    }

    fn example(
        config: &LigandVaeConfig,
        _: &Conditions,
        record: &LigandEntry,
    ) -> Result<LigandExample, String> {
        LigandExample::new(config, &record.ligand)
    }

    fn size(example: &LigandExample) -> usize {
        example.steps.len()
    }

    fn balance_keys(example: &LigandExample) -> Vec<u32> {
        example.keys.clone()
    }

    fn loss(&self, batch: &[&LigandExample], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
        let rows = batch.len() as f64;
        let parts = self.parts.forward(&self.table);
        let tokens = self.tokens(batch);
        let posterior = self.encoder.forward(&parts, &tokens);
        let latents = posterior.sample(rng);
        let count = tokens.piece.numel();
        let told: Vec<f32> =
            (0..count).map(|_| if rng.random::<f64>() < self.config.forget { 0.0 } else { 1.0 }).collect();
        let told = Tensor::from_slice(&told).to_device(self.device).view_as(&tokens.piece);
        let known = self.decoder.known(&parts, &latents, &tokens, Some(&told));
        let side = tokens.piece.size()[1] as usize + 1;
        let steps: Vec<&[Step]> = batch.iter().map(|example| example.steps.as_slice()).collect();
        let decisions = Decisions::new(self.terms(), &steps, side, self.device);
        let [slots, pieces, roots] = self.decoder.costs(&parts, &known, &decisions).map(|cost| cost / rows);
        let genuine = Tensor::ones([batch.len() as i64], (Kind::Float, self.device));
        let divergence = posterior.divergence(self.config.free);
        let heads = self.heads.loss(&latents, labels, &genuine);
        let prior = self.prior.loss(&latents, labels, &genuine, rng);
        let nats = &slots + &pieces + &roots + &divergence * self.config.beta;
        let total = nats / NATS + &heads * 0.1 + &prior;
        let parts = vec![
            ("slots", slots),
            ("pieces", pieces),
            ("atoms", roots),
            ("divergence", divergence),
            ("properties", heads),
            ("prior", prior),
        ];
        Loss { total, parts }
    }

    fn judgement(&self, batch: &[&LigandExample], labels: &[Labels]) -> Option<Tensor> {
        judgement(self, batch, labels)
    }
}

impl LatentModel for LigandVae {
    fn width(config: &LigandVaeConfig) -> usize {
        config.latent as usize
    }

    fn posterior(&self, batch: &[&LigandExample]) -> Posterior {
        self.encoder.forward(&self.parts.forward(&self.table), &self.tokens(batch))
    }

    fn prior(&self) -> &Prior {
        &self.prior
    }

    fn heads(&self) -> &Heads {
        &self.heads
    }
}

impl LigandVae {
    fn terms(&self) -> Terms<'_> {
        Terms { vocabulary: &self.config.vocabulary, table: &self.table }
    }

    fn tokens(&self, batch: &[&LigandExample]) -> Tokens {
        let grown: Vec<Growth<'_>> = batch
            .iter()
            .map(|example| {
                let mut growth = Growth::new(&self.config.vocabulary);
                example.steps.iter().for_each(|step| growth.take(*step));
                growth
            })
            .collect();
        Tokens::new(self.terms(), &grown.iter().collect::<Vec<_>>(), self.device)
    }

    /// The most probable ligands within a space at latents `[batch, width]`; `None` where none was found. Draws nothing.
    pub(super) fn decode(&self, latents: &Tensor, space: &LigandSpace) -> Vec<Option<DecodedLigand>> {
        no_grad(|| {
            let parts: Parts = self.parts.forward(&self.table);
            let rules = Rules::new(&self.config.vocabulary, space, self.config.steps);
            if !rules.can_start() {
                return vec![None; latents.size()[0] as usize];
            }
            let latents = latents.to_device(self.device);
            let grown = grow(self.terms(), &self.decoder, &parts, &latents, &rules, self.device);
            grown
                .into_iter()
                .map(|grown| {
                    let grown = grown?;
                    let ligand = grown.growth.ligand("").ok()?;
                    let good = usable(&ligand).is_ok() && space.check_ligand(&ligand).is_ok();
                    good.then_some(DecodedLigand { ligand, confidence: grown.confidence })
                })
                .collect()
        })
    }

    /// Whether anything can begin within a space.
    ///
    /// # Errors
    /// Says that no piece of the vocabulary does.
    pub(super) fn check_space(config: &LigandVaeConfig, space: &LigandSpace) -> Result<(), String> {
        if Rules::new(&config.vocabulary, space, config.steps).can_start() {
            return Ok(());
        }
        Err("write any such ligand: it knows no donor that is allowed".to_owned())
    }
}
