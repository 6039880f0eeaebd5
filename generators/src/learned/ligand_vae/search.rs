//! The most probable ligand within hard constraints.

use druse_representations::Element;
use tch::{Device, Tensor};

use super::batch::{Choice, Choices, Terms, Tokens};
use super::decoder::Decoder;
use super::embedding::Parts;
use super::growth::{Growth, Place, Step};
use super::vocabulary::{Known, Vocabulary};
use crate::{LigandAccount, LigandSpace};

/// What a piece adds to a ligand.
#[derive(Clone, Debug)]
struct Facts {
    /// Element of each donor, of a haptic one its lightest.
    donors: Vec<Element>,
    /// Elements of all atoms that bind to the metal.
    binding: Vec<Element>,
    haptic: bool,
    charge: i32,
    /// Atoms with a hydrogen at each free bond.
    atoms: usize,
    heavy: usize,
    elements: Vec<Element>,
    /// Whether it can be bonded to another, and whether it can come first.
    follows: bool,
    starts: bool,
}

impl Facts {
    fn new(known: &Known) -> Self {
        let piece = &known.piece;
        let members = |donor: u8| piece.atoms.iter().filter(move |atom| atom.donor == donor);
        let sites = 1..=piece.donors() as u8;
        let mut elements: Vec<Element> = piece.atoms.iter().map(|atom| atom.element).collect();
        elements.sort_unstable();
        elements.dedup();
        Self {
            donors: sites.clone().filter_map(|donor| members(donor).map(|atom| atom.element).min()).collect(),
            binding: piece.atoms.iter().filter(|atom| atom.donor != 0).map(|atom| atom.element).collect(),
            haptic: sites.clone().any(|donor| members(donor).count() > 1),
            charge: piece.charge(),
            atoms: piece.atoms.len() + piece.free(),
            heavy: piece.atoms.iter().filter(|atom| atom.element.atomic_number() > 1).count(),
            elements,
            follows: piece.free() > 0,
            starts: piece.donors() > 0,
        }
    }
}

/// What every piece of a vocabulary adds, and whether a space allows it at all.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    space: &'a LigandSpace,
    facts: Vec<Facts>,
    allowed: Vec<bool>,
    /// Most steps.
    steps: usize,
}

impl<'a> Rules<'a> {
    pub(super) fn new(vocabulary: &Vocabulary, space: &'a LigandSpace, steps: usize) -> Self {
        let facts: Vec<Facts> = vocabulary.pieces().iter().map(Facts::new).collect();
        let allowed = |facts: &Facts| {
            facts.elements.iter().all(|&element| space.allows(element))
                && facts.binding.iter().all(|&element| space.allows_donor(element))
                && !(facts.haptic && space.haptic == Some(false))
        };
        Self { allowed: facts.iter().map(allowed).collect(), facts, space, steps }
    }

    /// Whether anything can begin.
    pub(super) fn can_start(&self) -> bool {
        self.facts.iter().zip(&self.allowed).any(|(facts, allowed)| *allowed && facts.starts)
    }

    fn distance(&self, charge: i32) -> u32 {
        self.space.charges.iter().map(|wanted| wanted.abs_diff(charge)).min().unwrap_or(0)
    }

    /// The donors that are still wanted, where they are told.
    fn missing(&self, account: &LigandAccount) -> Vec<Element> {
        let mut missing = self.space.donors.clone();
        for donor in &account.donors {
            if let Some(place) = missing.iter().position(|element| element == donor) {
                missing.swap_remove(place);
            }
        }
        missing
    }

    /// Whether a piece can be added without leaving the space for good.
    fn fits(&self, account: &LigandAccount, missing: &[Element], piece: usize, first: bool) -> bool {
        let facts = &self.facts[piece];
        if !self.allowed[piece] || !(if first { facts.starts } else { facts.follows }) {
            return false;
        }
        let donors = account.donors.len() + facts.donors.len();
        if self.space.most_donors().is_some_and(|most| donors > most) {
            return false;
        }
        if !self.space.donors.is_empty() {
            let mut left = missing.to_vec();
            for donor in &facts.donors {
                match left.iter().position(|element| element == donor) {
                    Some(place) => left.swap_remove(place),
                    None => return false,
                };
            }
        }
        let distances = (self.distance(account.charge), self.distance(account.charge + facts.charge));
        if distances.1 > distances.0.max(1) {
            return false;
        }
        // Every donor that is still wanted needs an atom.
        let reserve = self.space.fewest_donors().saturating_sub(donors);
        let atoms = if first { facts.atoms } else { account.atoms + facts.atoms - 2 };
        self.space.atoms.is_none_or(|[_, most]| atoms <= most)
            && self.space.heavy_atoms.is_none_or(|[_, most]| account.heavy + facts.heavy + reserve <= most)
    }

    /// Whether a piece brings a ligand nearer to what is asked for.
    fn helps(&self, account: &LigandAccount, piece: usize) -> bool {
        let facts = &self.facts[piece];
        if account.donors.len() < self.space.fewest_donors() && facts.donors.is_empty() {
            return false;
        }
        let distance = self.distance(account.charge);
        let wants_charge = distance > 0 && account.donors.len() >= self.space.fewest_donors();
        !wants_charge || self.distance(account.charge + facts.charge) < distance
    }

    fn add(&self, account: &mut LigandAccount, step: &Step) {
        match *step {
            Step::Grow { slot, piece, .. } => {
                let facts = &self.facts[piece];
                account.donors.extend(&facts.donors);
                account.haptic |= facts.haptic;
                account.charge += facts.charge;
                account.heavy += facts.heavy;
                account.atoms += facts.atoms;
                if slot.is_some() {
                    account.atoms -= 2;
                }
            }
            Step::Close { .. } => account.atoms = account.atoms.saturating_sub(2),
        }
    }
}

/// A ligand on its way.
struct Seedling<'a> {
    growth: Growth<'a>,
    account: LigandAccount,
    /// Logarithm of the probability of all that was chosen, and how many choices there were.
    sure: (f64, usize),
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Grows,
    Done,
    Failed,
}

/// Where a ligand goes on.
struct Bud {
    row: usize,
    slot: Option<Place>,
    /// Whether what comes has to help with what is asked for.
    forced: bool,
}

/// What grew from a latent.
pub(super) struct Grown<'a> {
    pub(super) growth: Growth<'a>,
    /// Mean logarithm of the probabilities of all choices.
    pub(super) confidence: f64,
}

/// The ligands that grow from latents `[batch, latent]` by the most probable choices within the rules; `None` where they lead nowhere.
pub(super) fn grow<'a>(
    terms: Terms<'a>,
    decoder: &Decoder,
    parts: &Parts,
    latents: &Tensor,
    rules: &Rules<'_>,
    device: Device,
) -> Vec<Option<Grown<'a>>> {
    let mut all: Vec<Seedling<'a>> = (0..latents.size()[0])
        .map(|_| Seedling {
            growth: Growth::new(terms.vocabulary),
            account: LigandAccount::default(),
            sure: (0.0, 0),
            state: State::Grows,
        })
        .collect();
    loop {
        let open: Vec<usize> = (0..all.len()).filter(|&row| all[row].state == State::Grows).collect();
        if open.is_empty() {
            break;
        }
        round(terms, decoder, parts, latents, rules, device, &mut all, &open);
    }
    all.into_iter()
        .map(|seedling| {
            let (sum, count) = seedling.sure;
            let confidence = sum / count.max(1) as f64;
            (seedling.state == State::Done).then_some(Grown { growth: seedling.growth, confidence })
        })
        .collect()
}

/// One step of all that grow.
#[allow(clippy::too_many_arguments)]
fn round<'a>(
    terms: Terms<'a>,
    decoder: &Decoder,
    parts: &Parts,
    latents: &Tensor,
    rules: &Rules<'_>,
    device: Device,
    all: &mut [Seedling<'a>],
    open: &[usize],
) {
    let places: Vec<i64> = open.iter().map(|&row| row as i64).collect();
    let index = |places: &[i64]| Tensor::from_slice(places).to_device(device);
    let growths: Vec<&Growth<'_>> = open.iter().map(|&row| &all[row].growth).collect();
    let tokens = Tokens::new(terms, &growths, device);
    let known = decoder.known(parts, &latents.index_select(0, &index(&places)), &tokens, None);
    let side = tokens.piece.size()[1] as usize + 1;
    let at = |k: usize| (k * side + all[open[k]].growth.steps.len()) as i64;

    // Where to go on.
    let mut buds: Vec<(usize, Bud)> = Vec::new();
    let mut ended: Vec<(usize, State, f64)> = Vec::new();
    let mut sure = vec![(0.0, 0); open.len()];
    let later: Vec<usize> = (0..open.len()).filter(|&k| !all[open[k]].growth.steps.is_empty()).collect();
    let slots: Vec<(usize, Vec<Place>)> = later.iter().map(|&k| (k, all[open[k]].growth.slots())).collect();
    if !later.is_empty() {
        let lists: Vec<(usize, Vec<Choice>)> = slots
            .iter()
            .map(|(k, places)| {
                let growth = &all[open[*k]].growth;
                (*k, places.iter().map(|&place| terms.choice(growth, place)).collect())
            })
            .collect();
        let choices = Choices::new(&lists, side, device);
        let at: Vec<i64> = later.iter().map(|&k| at(k)).collect();
        let scores = scores(&decoder.slots(parts, &known, &index(&at), &choices));
        for ((k, places), scores) in slots.iter().zip(scores) {
            let seedling = &all[open[*k]];
            let may_end = rules.space.check_account(&seedling.account).is_ok();
            let may_grow = seedling.growth.steps.len() < rules.steps && !places.is_empty();
            let best = best(&scores[1..=places.len()]);
            let wants_end = best.is_none_or(|best| scores[0] >= scores[best + 1]);
            match best {
                _ if may_end && (wants_end || !may_grow) => {
                    ended.push((*k, State::Done, scores[0]));
                }
                Some(best) if may_grow => {
                    sure[*k] = (scores[best + 1], 1);
                    buds.push((*k, Bud { row: open[*k], slot: Some(places[best]), forced: wants_end }));
                }
                _ => ended.push((*k, State::Failed, 0.0)),
            }
        }
    }
    for k in (0..open.len()).filter(|&k| all[open[k]].growth.steps.is_empty()) {
        buds.push((k, Bud { row: open[k], slot: None, forced: false }));
    }
    for (k, state, score) in ended {
        let seedling = &mut all[open[k]];
        seedling.state = state;
        seedling.sure = (seedling.sure.0 + score, seedling.sure.1 + 1);
    }
    if buds.is_empty() {
        return;
    }

    // What is added there.
    let here: Vec<i64> =
        buds.iter().map(|(k, bud)| (k * side + all[bud.row].growth.steps.len()) as i64).collect();
    let lists: Vec<(usize, Vec<Choice>)> = buds
        .iter()
        .map(|(k, bud)| {
            let choice = bud.slot.map_or(terms.metal(), |slot| terms.choice(&all[bud.row].growth, slot));
            (*k, vec![choice])
        })
        .collect();
    let context = decoder.context(parts, &known, &index(&here), &Choices::new(&lists, side, device));
    let scores_of_pieces = scores(&decoder.pieces(parts, &context));
    let mut chosen: Vec<usize> = Vec::with_capacity(buds.len());
    let mut roots: Vec<(usize, Vec<Choice>)> = Vec::with_capacity(buds.len());
    let mut targets: Vec<Vec<Place>> = Vec::with_capacity(buds.len());
    for ((k, bud), scores) in buds.iter().zip(&scores_of_pieces) {
        let seedling = &all[bud.row];
        let missing = rules.missing(&seedling.account);
        let closures = bud.slot.map_or(Vec::new(), |slot| seedling.growth.closures(slot));
        let legal = |piece: usize, forced: bool| {
            if piece == terms.close() {
                return !closures.is_empty() && !forced;
            }
            rules.fits(&seedling.account, &missing, piece, bud.slot.is_none())
                && (!forced || rules.helps(&seedling.account, piece))
        };
        let pick = |forced: bool| {
            let legal: Vec<f64> = scores
                .iter()
                .enumerate()
                .map(|(piece, score)| if legal(piece, forced) { *score } else { f64::NEG_INFINITY })
                .collect();
            best(&legal)
        };
        let piece = pick(bud.forced);
        let piece = piece.unwrap_or(usize::MAX);
        chosen.push(piece);
        if piece == usize::MAX {
            roots.push((*k, vec![terms.metal()]));
            targets.push(Vec::new());
            continue;
        }
        sure[*k] = (sure[*k].0 + scores[piece], sure[*k].1 + 1);
        if piece == terms.close() {
            roots.push((*k, closures.iter().map(|&place| terms.choice(&seedling.growth, place)).collect()));
            targets.push(closures);
        } else {
            let atoms = terms.roots(piece, bud.slot.is_none());
            roots.push((*k, atoms.iter().map(|&atom| terms.root(piece, atom)).collect()));
            targets.push(atoms.into_iter().map(|atom| Place { step: 0, atom }).collect());
        }
    }
    let pieces: Vec<i64> = chosen.iter().map(|&piece| piece.min(terms.close()) as i64).collect();
    let choices = Choices::new(&roots, side, device);
    let scores = scores(&decoder.roots(parts, &known, &context, &index(&pieces), &choices));
    for (((k, bud), (piece, places)), scores) in buds.iter().zip(chosen.into_iter().zip(&targets)).zip(scores)
    {
        let seedling = &mut all[bud.row];
        let found = best(&scores[..places.len()]).filter(|_| piece != usize::MAX);
        let Some(best) = found else {
            // Nothing fits any more; what is there may do.
            let done = bud.slot.is_some() && rules.space.check_account(&seedling.account).is_ok();
            seedling.state = if done { State::Done } else { State::Failed };
            continue;
        };
        let step = match bud.slot {
            Some(from) if piece == terms.close() => Step::Close { from, to: places[best] },
            slot => Step::Grow { slot, piece, root: places[best].atom },
        };
        rules.add(&mut seedling.account, &step);
        seedling.growth.take(step);
        let (sum, count) = sure[*k];
        seedling.sure = (seedling.sure.0 + sum + scores[best], seedling.sure.1 + count + 1);
    }
}

/// Place of the greatest finite number, the first of equals.
fn best(scores: &[f64]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (place, score) in scores.iter().enumerate().filter(|(_, score)| score.is_finite()) {
        if best.is_none_or(|best| *score > scores[best]) {
            best = Some(place);
        }
    }
    best
}

/// Logarithms of probabilities, by rows.
fn scores(logits: &Tensor) -> Vec<Vec<f64>> {
    Vec::try_from(logits.log_softmax(-1, tch::Kind::Float).to_kind(tch::Kind::Double).contiguous())
        .unwrap_or_default()
}
