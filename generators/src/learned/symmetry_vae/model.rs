//! The autoencoder.

use druse_representations::io::Record;
use druse_representations::neighbours::min_distance;
use druse_representations::symmetry::{Orbit, SymmetryCode};
use druse_representations::{Crystal, Element};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Reduction, Tensor, nn, no_grad};

use super::batch::{Batch, ELEMENTS, FREE, GROUPS, Occupation, Occupations};
use super::decoder::Decoder;
use super::encoder::Encoder;
use super::occupation::{Frame, Says, Sites, search};
use super::{SymmetryExample, SymmetryVaeConfig};
use crate::breeding::Constraints;
use crate::learned::house::{Generative, Learner, Loss, TrainOptions, Weights};
use crate::learned::latent::{
    CrystalModel, Decoded, Heads, LatentModel, LatentSampler, Limits, Posterior, Prior, in_order, judgement,
    numbers, rank, sets, substituted,
};
use crate::learned::symmetry::{CELL_TERMS, cell_from_terms, position_table};
use crate::learned::{Conditions, Labels, Sampler};

/// Weight of a nat of group, elements, numbers and positions beside one of free parameters.
const CHOICE_WEIGHT: f64 = 2.0;
/// Scale of the cell terms at which a deviation costs a nat.
const CELL_SCALE: f64 = 0.05;
/// What the sum of nats is divided by, to be of the order of one.
const NATS: f64 = 50.0;
/// Space groups looked at for one crystal.
const GROUP_CHOICES: usize = 4;
/// Groups with elements that an occupation is sought for.
const FRAMES: usize = 6;
/// Numbers of sites looked at for each.
const COUNTS: usize = 2;
/// Smallest distance (Å) of two atoms; as in CDVAE (Xie et al., ICLR 2022).
const SMALLEST_DISTANCE: f64 = 0.5;

/// Variational autoencoder of symmetry codes, see the [module](super).
#[derive(Debug)]
pub struct SymmetryVae {
    config: SymmetryVaeConfig,
    encoder: Encoder,
    decoder: Decoder,
    prior: Prior,
    heads: Heads,
    device: Device,
}

impl Learner for SymmetryVae {
    const KIND: &'static str = "symmetry-vae";
    type Config = SymmetryVaeConfig;
    type Record = Record;
    type Example = SymmetryExample;

    fn options() -> TrainOptions {
        TrainOptions { batch: 96, learning_rate: 1e-3, ..TrainOptions::default() }
    }

    fn new(path: &nn::Path, config: &SymmetryVaeConfig, conditions: &Conditions) -> Self {
        Self {
            encoder: Encoder::new(&(path / "encoder"), config),
            decoder: Decoder::new(&(path / "decoder"), config),
            prior: Prior::new(&(path / "prior"), config.prior, conditions, config.latent),
            heads: Heads::new(path, conditions, config.latent),
            config: config.clone(),
            device: path.device(),
        }
    }

    fn example(
        config: &SymmetryVaeConfig,
        _: &Conditions,
        record: &Record,
    ) -> Result<SymmetryExample, String> {
        SymmetryExample::new(config, &record.crystal)
    }

    fn size(example: &SymmetryExample) -> usize {
        example.sites.len()
    }

    fn balance_keys(example: &SymmetryExample) -> Vec<u32> {
        let elements = example.kinds.iter().map(|element| 1000 + u32::from(element.atomic_number()));
        std::iter::once(u32::from(example.group)).chain(elements).collect()
    }

    fn loss(&self, batch: &[&SymmetryExample], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
        let elements = batch.iter().map(|example| example.kinds.clone());
        let (kinds, genuine) = substituted(elements, self.config.substitute, rng);
        let genuine = genuine.to_device(self.device);
        let batch = Batch::new(&self.config, batch, &kinds, self.device);
        let posterior = self.encoder.forward(&batch);
        let latents = posterior.sample(rng);
        let parts = self.reconstruction(&batch, &latents);
        let divergence = posterior.divergence(self.config.free);
        let heads = self.heads.loss(&latents, labels, &genuine);
        let prior = self.prior.loss(&latents, labels, &genuine, rng);
        let choices: Tensor = parts[..5].iter().map(|(_, part)| part).sum();
        let nats = choices * CHOICE_WEIGHT + &parts[5].1 + &parts[6].1;
        let total = (nats + &divergence * self.config.beta) / NATS + &heads * 0.1 + &prior;
        let mut parts = parts;
        parts.extend([("divergence", divergence), ("properties", heads), ("prior", prior)]);
        Loss { total, parts }
    }

    fn judgement(&self, batch: &[&SymmetryExample], labels: &[Labels]) -> Option<Tensor> {
        judgement(self, batch, labels)
    }
}

impl SymmetryVae {
    fn tensor<T: tch::kind::Element>(&self, values: &[T]) -> Tensor {
        Tensor::from_slice(values).to_device(self.device)
    }

    /// Mean cost per crystal of every step of the decoder (nats).
    fn reconstruction(&self, batch: &Batch, latents: &Tensor) -> Vec<(&'static str, Tensor)> {
        let of = &batch.of;
        let rows = latents.size()[0];
        let pick =
            |log_p: &Tensor, which: &Tensor| -log_p.gather(-1, &which.unsqueeze(-1), false).squeeze_dim(-1);
        let mean = |cost: Tensor| cost.sum(Kind::Float) / rows as f64;
        let there = of.there.to_kind(Kind::Float);
        let trunk = self.decoder.trunk(latents);
        let group = mean(pick(&self.decoder.group(&trunk), &of.group));
        // Places after the first empty one say nothing more.
        let before = of.elements.gt(0).to_kind(Kind::Float);
        let first = Tensor::ones([rows, 1], (Kind::Float, before.device()));
        let asked = Tensor::cat(&[first, before.narrow(1, 0, before.size()[1] - 1)], 1);
        let elements = mean(pick(&self.decoder.kinds(&trunk), &of.elements) * asked);
        let count = mean(pick(&self.decoder.count(&trunk, &of.group, &of.elements), &(&of.count - 1)));
        let occupied = self.decoder.occupy(&trunk, &of.group, &of.elements, &of.there);
        // Empty sites point at what exists and are then masked.
        let kind = of.kind.where_self(&of.there, &of.kind.zeros_like());
        let kind = mean(pick(&occupied.kind, &kind) * &there);
        let position = mean(pick(&occupied.position, &of.local) * &there);
        let placed = self.decoder.place(&trunk, &occupied, of);
        let cell = placed.cell.smooth_l1_loss(&batch.cell, Reduction::None, CELL_SCALE) / CELL_SCALE;
        let cell = mean(cell * &of.cell_free);
        let free = mean(self.decoder.free().loss(&placed.sites, &batch.frac) * &of.free);
        vec![
            ("group", group),
            ("elements", elements),
            ("sites", count),
            ("kinds", kind),
            ("positions", position),
            ("cell", cell),
            ("free", free),
        ]
    }
}

impl Generative for SymmetryVae {
    fn sampler(weights: Weights<Self>) -> Box<dyn Sampler> {
        Box::new(LatentSampler::new(weights))
    }
}

impl LatentModel for SymmetryVae {
    fn width(config: &SymmetryVaeConfig) -> usize {
        config.latent as usize
    }

    fn posterior(&self, batch: &[&SymmetryExample]) -> Posterior {
        let kinds: Vec<Vec<Element>> = batch.iter().map(|example| example.kinds.clone()).collect();
        self.encoder.forward(&Batch::new(&self.config, batch, &kinds, self.device))
    }

    fn prior(&self) -> &Prior {
        &self.prior
    }

    fn heads(&self) -> &Heads {
        &self.heads
    }
}

impl CrystalModel for SymmetryVae {
    fn decode(&self, latents: &Tensor, limits: Limits<'_>) -> Vec<Option<Decoded>> {
        no_grad(|| {
            let trunk = self.decoder.trunk(&latents.to_device(self.device));
            let chosen = self.occupied(&trunk, limits);
            let mut decoded = vec![None; chosen.len()];
            let found: Vec<(usize, &Chosen)> =
                chosen.iter().enumerate().filter_map(|(row, chosen)| Some((row, chosen.as_ref()?))).collect();
            if found.is_empty() {
                return decoded;
            }
            let rows: Vec<i64> = found.iter().map(|(row, _)| *row as i64).collect();
            let trunk = trunk.index_select(0, &self.tensor(&rows));
            let occupations: Vec<Occupation<'_>> = found
                .iter()
                .map(|(_, chosen)| Occupation {
                    group: chosen.frame.group,
                    elements: &chosen.frame.elements,
                    sites: chosen.sites.clone(),
                })
                .collect();
            let of = Occupations::new(&self.config, &occupations, self.device);
            let occupied = self.decoder.occupy(&trunk, &of.group, &of.elements, &of.there);
            let placed = self.decoder.place(&trunk, &occupied, &of);
            let (free, sure) = self.decoder.free().decode(&placed.sites);
            let most = of.element.size()[1] as usize;
            let (cell, free, sure) = (numbers(&placed.cell), numbers(&free), numbers(&sure));
            for (i, (row, chosen)) in found.into_iter().enumerate() {
                let terms: [f64; CELL_TERMS] = std::array::from_fn(|k| cell[CELL_TERMS * i + k]);
                let first = i * most * FREE as usize;
                let free = &free[first..];
                decoded[row] = code(chosen, &terms, free).and_then(|code| {
                    let crystal = finished(&code, limits)?;
                    let parameters = code.orbits.iter().enumerate().flat_map(|(site, orbit)| {
                        (0..orbit.free.len()).map(move |k| first + site * FREE as usize + k)
                    });
                    let (count, sum) = parameters.fold((0, 0.0), |(n, sum), at| (n + 1, sum + sure[at]));
                    let choices = 2 + chosen.frame.elements.len() + 2 * chosen.sites.len();
                    Some(Decoded { crystal, confidence: (chosen.sure + sum) / (choices + count) as f64 })
                });
            }
            decoded
        })
    }

    fn check(config: &SymmetryVaeConfig, limits: Limits<'_>) -> Result<(), String> {
        limits.check_places(config.atoms, config.kinds)
    }
}

/// What was chosen for one crystal before cell and free parameters.
#[derive(Clone, Debug)]
struct Chosen {
    frame: Frame,
    sites: Sites,
    /// Logarithm of its probability.
    sure: f64,
}

impl SymmetryVae {
    /// The most probable legal occupation of each crystal within the limits.
    fn occupied(&self, trunk: &Tensor, limits: Limits<'_>) -> Vec<Option<Chosen>> {
        let rows = trunk.size()[0] as usize;
        let frames = self.frames(trunk, limits);
        let mut chosen: Vec<Option<Chosen>> = vec![None; rows];
        // The best first; the next for those crystals whose best allows no occupation.
        for round in 0..FRAMES * COUNTS {
            let (place, choice) = (round / COUNTS, round % COUNTS);
            let open: Vec<usize> =
                (0..rows).filter(|&row| chosen[row].is_none() && frames[row].len() > place).collect();
            if open.is_empty() {
                continue;
            }
            let places: Vec<i64> = open.iter().map(|&row| row as i64).collect();
            let trunk = trunk.index_select(0, &self.tensor(&places));
            let of: Vec<&Frame> = open.iter().map(|&row| &frames[row][place].0).collect();
            let (group, elements) = self.tensors(&of);
            let log_p = numbers(&self.decoder.count(&trunk, &group, &elements));
            let counts: Vec<(usize, f64)> = log_p
                .chunks(self.config.sites)
                .map(|row| {
                    let mut ranked: Vec<(usize, f64)> =
                        row.iter().enumerate().map(|(k, p)| (k + 1, *p)).collect();
                    rank(&mut ranked, COUNTS);
                    ranked[choice.min(ranked.len() - 1)]
                })
                .collect();
            let most = counts.iter().map(|&(n, _)| n).max().unwrap_or(1);
            let there: Vec<bool> = counts.iter().flat_map(|&(n, _)| (0..most).map(move |k| k < n)).collect();
            let there = self.tensor(&there).view([open.len() as i64, most as i64]);
            let occupied = self.decoder.occupy(&trunk, &group, &elements, &there);
            let flat = |tensor: &Tensor| -> Vec<f32> {
                Vec::try_from(tensor.contiguous().view(-1)).unwrap_or_default()
            };
            let (kind, position) = (flat(&occupied.kind), flat(&occupied.position));
            let widest = position_table().widest();
            for (i, &row) in open.iter().enumerate() {
                let (count, sure) = counts[i];
                let says = Says {
                    count,
                    kind: kind.chunks(self.config.kinds).skip(i * most).take(count).collect(),
                    position: position.chunks(widest).skip(i * most).take(count).collect(),
                };
                let (frame, before) = &frames[row][place];
                chosen[row] = search(&self.config, frame, &says, limits).map(|(sites, sum)| Chosen {
                    frame: frame.clone(),
                    sites,
                    sure: before + sure + sum,
                });
            }
        }
        chosen
    }

    /// The most probable groups with elements within the limits, and the logarithms of their probabilities.
    fn frames(&self, trunk: &Tensor, limits: Limits<'_>) -> Vec<Vec<(Frame, f64)>> {
        let groups = numbers(&self.decoder.group(trunk));
        let elements: Vec<f32> =
            Vec::try_from(self.decoder.kinds(trunk).contiguous().view(-1)).unwrap_or_default();
        let imposed = limits
            .formula
            .map(|formula| vec![(in_order(formula).into_iter().map(|(element, _)| element).collect(), 0.0)]);
        groups
            .chunks(GROUPS as usize)
            .zip(elements.chunks(self.config.kinds * ELEMENTS as usize))
            .map(|(groups, elements)| {
                let allowed =
                    |group: &u8| limits.space.is_none_or(|space| space.space_groups.contains(group));
                let mut groups: Vec<(u8, f64)> =
                    (1..=230).filter(allowed).map(|group| (group, groups[usize::from(group)])).collect();
                rank(&mut groups, GROUP_CHOICES);
                let sets = imposed
                    .clone()
                    .unwrap_or_else(|| sets(&elements.chunks(ELEMENTS as usize).collect::<Vec<_>>(), limits));
                let mut frames: Vec<(Frame, f64)> = Vec::new();
                for (group, p) in &groups {
                    for (elements, q) in &sets {
                        frames.push((Frame { group: *group, elements: elements.clone() }, p + q));
                    }
                }
                rank(&mut frames, FRAMES);
                frames
            })
            .collect()
    }

    fn tensors(&self, frames: &[&Frame]) -> (Tensor, Tensor) {
        let groups: Vec<i64> = frames.iter().map(|frame| i64::from(frame.group)).collect();
        let mut elements = vec![0i64; frames.len() * self.config.kinds];
        for (frame, row) in frames.iter().zip(elements.chunks_mut(self.config.kinds)) {
            for (place, element) in row.iter_mut().zip(&frame.elements) {
                *place = i64::from(element.atomic_number());
            }
        }
        let shape = [frames.len() as i64, self.config.kinds as i64];
        (self.tensor(&groups), self.tensor(&elements).view(shape))
    }
}

/// The code with these cell terms and free parameters; `None` for an impossible cell.
fn code(chosen: &Chosen, terms: &[f64; CELL_TERMS], free: &[f64]) -> Option<SymmetryCode> {
    let Frame { group, elements } = &chosen.frame;
    let positions = position_table().of_group(*group);
    let orbits = chosen.sites.iter().zip(free.chunks(FREE as usize)).map(|(&(kind, place), free)| Orbit {
        element: elements[kind],
        letter: positions[place].letter,
        free: free[..positions[place].freedom].to_vec(),
    });
    let mut code = SymmetryCode { space_group: *group, cell: [1.0; 6], orbits: orbits.collect() };
    code.cell = cell_from_terms(*group, &code.composition(), terms)?;
    code.is_valid().then_some(code)
}

/// The crystal in its primitive cell, when atoms are apart and it keeps within the limits.
fn finished(code: &SymmetryCode, limits: Limits<'_>) -> Option<Crystal> {
    let crystal = code.to_primitive().ok()?;
    let fits = match limits.space {
        Some(space) => space.check_design(&crystal).is_ok(),
        None => matches!(min_distance(&crystal), Ok(Some(distance)) if distance >= SMALLEST_DISTANCE),
    };
    fits.then_some(crystal)
}
