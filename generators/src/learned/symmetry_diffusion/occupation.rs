//! Sampling of space group, number of sites, positions and elements.

use std::collections::BTreeSet;

use druse_representations::{Composition, Element};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

use super::draws::{draw, log_probability};
use super::network::{Encoded, Network};
use super::plan::Plan;
use super::state::{Inputs, SiteState, State};
use crate::learned::Labels;
use crate::learned::symmetry::{Reach, position_table};

/// A sample on its way.
pub(super) struct Draft {
    pub(super) rng: ChaCha8Rng,
    pub(super) labels: Labels,
    pub(super) state: State,
    /// Logarithm of the likelihood so far and the number of tokens that it is of.
    pub(super) log_likelihood: f64,
    pub(super) tokens: usize,
    /// Whether there was no legal way on.
    pub(super) dead: bool,
}

impl Draft {
    /// With nothing known.
    pub(super) fn new(plan: &Plan, mut rng: ChaCha8Rng) -> Self {
        let labels = plan.labels(&mut rng);
        let state = State { group: 1, total: 0, sites: Vec::new(), cell: None };
        Self { rng, labels, state, log_likelihood: 0.0, tokens: 0, dead: false }
    }

    /// Draws from `logits` where `may` allows it and counts the likelihood.
    fn draw(&mut self, logits: &[f32], may: impl Fn(usize) -> bool, temperature: f64) -> Option<usize> {
        let allowed = |t: f64| {
            let may = &may;
            logits.iter().enumerate().map(move |(k, &x)| may(k).then_some(f64::from(x) / t))
        };
        let k = draw(allowed(temperature.max(1e-3)), &mut self.rng);
        match k {
            Some(k) => {
                let options: Vec<Option<f64>> = allowed(1.0).collect();
                self.log_likelihood += log_probability(options.iter().copied(), k);
                self.tokens += 1;
            }
            None => self.dead = true,
        }
        k
    }
}

/// A network with a way to guide it.
pub(super) struct Guide<'a> {
    pub(super) network: &'a Network,
    pub(super) guidance: f64,
}

impl Guide<'_> {
    /// Whether states have to be read with and without labels.
    fn doubled(&self) -> bool {
        self.guidance != 1.0 && !self.network.conditions.columns.is_empty()
    }

    /// Labels with and, when guided, without what they say.
    pub(super) fn labels(&self, drafts: &[&mut Draft]) -> Tensor {
        let mut labels: Vec<Labels> = drafts.iter().map(|draft| draft.labels.clone()).collect();
        if self.doubled() {
            labels.extend(std::iter::repeat_n(self.network.conditions.absent(), drafts.len()));
        }
        self.network.labels(&labels)
    }

    /// `u + guidance (c - u)` of logits with labels `c` and without `u` (Ho and Salimans, arXiv:2207.12598), as rows of numbers.
    fn combine(&self, logits: &Tensor) -> Vec<Vec<f32>> {
        let logits = if self.doubled() {
            let halves = logits.chunk(2, 0);
            // Infinities stay as they are.
            let finite = halves[0].isfinite();
            (&halves[1] + (&halves[0] - &halves[1]) * self.guidance).where_self(&finite, &halves[0])
        } else {
            logits.shallow_clone()
        };
        rows(&logits)
    }

    fn encode(&self, drafts: &[&mut Draft], labels: &Tensor) -> (Inputs, Encoded) {
        let mut states: Vec<&State> = drafts.iter().map(|draft| &draft.state).collect();
        if self.doubled() {
            states.extend(states.clone());
        }
        let inputs = Inputs::new(&states, self.network.device());
        let encoded = self.network.encode(&inputs, labels);
        (inputs, encoded)
    }
}

/// A matrix as rows of numbers.
pub(super) fn rows(matrix: &Tensor) -> Vec<Vec<f32>> {
    let width = matrix.size().last().copied().unwrap_or(1).max(1) as usize;
    let flat = Vec::<f32>::try_from(matrix.contiguous().view([-1])).unwrap_or_default();
    flat.chunks(width).map(<[f32]>::to_vec).collect()
}

/// Draws all that is discrete. With `ahead`, elements are drawn so that charges can still balance one site later.
pub(super) fn occupy(guide: &Guide, plan: &Plan, drafts: &mut [Draft], ahead: bool) {
    let mut all: Vec<&mut Draft> = drafts.iter_mut().collect();
    let labels = guide.labels(&all);
    let logits = guide.combine(&guide.network.group_logits(&labels));
    for (draft, logits) in all.iter_mut().zip(&logits) {
        let possible = |k: usize| plan.totals[k].contains(&true);
        if let Some(group) = draft.draw(logits, possible, plan.temperature) {
            draft.state.group = group as u8 + 1;
        }
    }
    let states: Vec<&State> = all.iter().map(|draft| &draft.state).collect();
    let mut groups: Vec<i64> = states.iter().map(|state| i64::from(state.group) - 1).collect();
    if guide.doubled() {
        groups.extend(groups.clone());
    }
    let groups = Tensor::from_slice(&groups).to_device(guide.network.device());
    let logits = guide.combine(&guide.network.total_logits(&labels, &groups));
    for (draft, logits) in all.iter_mut().zip(&logits).filter(|(draft, _)| !draft.dead) {
        let possible = &plan.totals[usize::from(draft.state.group) - 1];
        if let Some(total) = draft.draw(logits, |n| possible[n], plan.temperature) {
            draft.state.total = total;
        }
    }
    loop {
        let mut active: Vec<&mut Draft> =
            drafts.iter_mut().filter(|d| !d.dead && d.state.sites.len() < d.state.total).collect();
        if active.is_empty() {
            break;
        }
        let labels = guide.labels(&active);
        let (inputs, encoded) = guide.encode(&active, &labels);
        let logits = guide.combine(&guide.network.position_logits(&encoded, &inputs.groups));
        for (draft, logits) in active.iter_mut().zip(&logits) {
            let most = per_step(plan, draft.state.total);
            for _ in 0..most.min(draft.state.total - draft.state.sites.len()) {
                draw_position(plan, draft, logits);
            }
        }
    }
    loop {
        let mut active: Vec<&mut Draft> =
            drafts.iter_mut().filter(|d| !d.dead && !d.state.occupied()).collect();
        if active.is_empty() {
            break;
        }
        let labels = guide.labels(&active);
        let (_, encoded) = guide.encode(&active, &labels);
        // A site for every draft, or more when steps are few.
        let sites: Vec<Vec<usize>> = active
            .iter_mut()
            .map(|draft| {
                let mut open: Vec<usize> =
                    (0..draft.state.total).filter(|&i| draft.state.sites[i].element.is_none()).collect();
                let most = per_step(plan, draft.state.total).min(open.len());
                (0..most).map(|_| open.swap_remove(draft.rng.random_range(0..open.len()))).collect()
            })
            .collect();
        let t = encoded.sites.size()[1];
        let mut places: Vec<i64> = Vec::new();
        for half in 0..if guide.doubled() { 2 } else { 1 } {
            for (row, sites) in sites.iter().enumerate() {
                let row = (half * active.len() + row) as i64;
                places.extend(sites.iter().map(|&site| row * t + site as i64));
            }
        }
        let places = Tensor::from_slice(&places).to_device(guide.network.device());
        let width = guide.network.config.transformer.width;
        let vectors = encoded.sites.reshape([-1, width]).index_select(0, &places);
        let mut logits = guide.combine(&guide.network.element_logits(&encoded, &vectors)).into_iter();
        for (draft, sites) in active.iter_mut().zip(&sites) {
            for &site in sites {
                let Some(logits) = logits.next() else { continue };
                if !draft.dead {
                    draw_element(plan, draft, site, &logits, ahead);
                }
            }
        }
    }
}

/// Sites that are drawn from one reading of a state with so many.
fn per_step(plan: &Plan, total: usize) -> usize {
    plan.steps.map_or(1, |steps| total.div_ceil(steps.max(1))).max(1)
}

fn draw_position(plan: &Plan, draft: &mut Draft, logits: &[f32]) {
    if draft.dead {
        return;
    }
    let table = position_table();
    let state = &draft.state;
    let positions = table.of_group(state.group);
    let (used, left) = (state.used(), state.total - state.sites.len());
    let mut may = Reach::next(positions, &used, left, state.atoms(), plan.atoms);
    if let Some(formula) = &plan.formula {
        let chosen: Vec<usize> =
            state.sites.iter().map(|site| table.entries()[site.position].atoms).collect();
        let fits = formula.next(positions, &used, &chosen, left);
        may.iter_mut().zip(fits).for_each(|(may, fits)| *may &= fits);
    }
    let start = table.group(state.group).start;
    if let Some(k) = draft.draw(logits, |k| may.get(k).is_some_and(|may| *may), plan.temperature) {
        draft.state.sites.push(SiteState { position: start + k, element: None, free: None });
    }
}

fn draw_element(plan: &Plan, draft: &mut Draft, site: usize, logits: &[f32], ahead: bool) {
    let entries = position_table().entries();
    let state = &draft.state;
    let present: BTreeSet<Element> = state.sites.iter().filter_map(|site| site.element).collect();
    let open: Vec<usize> = (0..state.total).filter(|&i| state.sites[i].element.is_none()).collect();
    let atoms = |i: usize| entries[state.sites[i].position].atoms;
    let mut may = plan.elements.next(&present, open.len());
    let composition = state.composition();
    if let Some(formula) = &plan.formula {
        let others: Vec<usize> = open.iter().filter(|&&i| i != site).map(|&i| atoms(i)).collect();
        let fits = formula.next_elements(&composition, atoms(site), &others);
        may.iter_mut().zip(fits).for_each(|(may, fits)| *may &= fits);
    }
    let with = |composition: &Composition, element: Element, site: usize| {
        let mut more = composition.clone();
        more.add(element, atoms(site) as f64);
        more
    };
    if plan.charge.is_some() && open.len() == 1 {
        for element in Element::all() {
            let may = &mut may[usize::from(element.atomic_number())];
            *may = *may && plan.neutral(&with(&composition, element, site));
        }
    }
    let other =
        open.iter().find(|&&i| i != site).filter(|_| ahead && plan.charge.is_some() && open.len() == 2);
    if let Some(&other) = other {
        for element in Element::all() {
            let may = &mut may[usize::from(element.atomic_number())];
            let more = with(&composition, element, site);
            let mut present = present.clone();
            present.insert(element);
            let next = plan.elements.next(&present, 1);
            let balances = |last: Element| {
                next[usize::from(last.atomic_number())] && plan.neutral(&with(&more, last, other))
            };
            *may = *may && Element::all().any(balances);
        }
    }
    let z = draft.draw(logits, |z| may[z], plan.temperature);
    draft.state.sites[site].element = z.and_then(|z| Element::from_atomic_number(z as u8));
}
