//! What is learnt.
//!
//! The logarithm of the likelihood of a crystal is a sum: space group and number of sites; Wyckoff positions; elements
//! given all positions; cell; free parameters given the cell. Positions, elements and parameters are sets whose members are
//! unmasked in any order, which gives the bound of order-agnostic autoregressive diffusion (Hoogeboom et al.,
//! arXiv:2110.02037, equation 9; the same as that of masked diffusion, Sahoo et al., arXiv:2406.07524): of `n` members a number
//! `s` drawn uniformly from 0 to n - 1 is shown, and the mean loss over the others counts `n` times. Every example of a
//! batch shows one of these terms, drawn at random.

use druse_representations::Element;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Reduction, Tensor};

use super::Example;
use super::network::{Network, squash};
use super::state::{Inputs, State};
use super::{circle, mixture};
use crate::learned::house::Loss;
use crate::learned::symmetry::{CELL_TERMS, position_table};
use crate::learned::{Label, Labels};

/// Shares of the terms among the examples of a batch: positions, elements, geometry; the rest are complete
/// crystals whose properties are predicted.
const SHARES: [f64; 3] = [0.2, 0.35, 0.35];
/// Share of the cell among examples that show geometry.
const CELL_SHARE: f64 = 0.3;
/// Chemical systems, which say almost all that there is to say about elements, are hidden this often beside what
/// training drops of all labels.
const DROP_ELEMENTS: f64 = 0.6;
/// Nats of a usual crystal: brings the loss to order one.
const UNIT: f64 = 6.0;

/// What the examples of a batch ask for. Every question knows its row and its weight.
#[derive(Default)]
struct Questions {
    /// Row and, by place in the group, how often a position is still to come (times weight).
    positions: Vec<(usize, Vec<f32>)>,
    /// Positions that cannot come, one list for each of `positions`.
    closed: Vec<Vec<bool>>,
    /// Row, site, element, weight.
    elements: Vec<(usize, usize, Element, f64)>,
    /// Row, term, all terms.
    cells: Vec<(usize, usize, [f64; CELL_TERMS])>,
    /// Row, site, parameter, all parameters, weight.
    coordinates: Vec<(usize, usize, usize, Vec<f64>, f64)>,
    /// Rows that ask for properties.
    properties: Vec<usize>,
    /// Rows that ask for cells and for coordinates.
    rows: [usize; 2],
}

/// Places of `0..n` in random order and how many of them are shown, from 0 to n - 1.
fn mask(n: usize, rng: &mut ChaCha8Rng) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    let shown = if n == 0 { 0 } else { rng.random_range(0..n) };
    (order, shown)
}

impl Questions {
    /// Masks an example and asks for what is masked.
    fn ask(&mut self, row: usize, example: &Example, most_atoms: usize, rng: &mut ChaCha8Rng) -> State {
        let mut state = example.state.clone();
        // Which shares a phase gets; the rest are complete crystals.
        let mut u: f64 = rng.random();
        let phase = SHARES.iter().position(|share| {
            u -= share;
            u < 0.0
        });
        match phase {
            Some(0) => self.ask_positions(row, &mut state, most_atoms, rng),
            Some(1) => self.ask_elements(row, &mut state, rng),
            Some(_) => self.ask_geometry(row, &mut state, rng),
            None => self.properties.push(row),
        }
        state
    }

    fn ask_positions(&mut self, row: usize, state: &mut State, most_atoms: usize, rng: &mut ChaCha8Rng) {
        let table = position_table();
        let (order, shown) = mask(state.total, rng);
        let start = table.group(state.group).start;
        let mut weights = vec![0f32; table.widest()];
        let weight = state.total as f32 / (state.total - shown) as f32;
        for &site in &order[shown..] {
            weights[state.sites[site].position - start] += weight;
        }
        state.sites = order[..shown].iter().map(|&site| state.sites[site].clone()).collect();
        for site in &mut state.sites {
            (site.element, site.free) = (None, None);
        }
        state.cell = None;
        let atoms = state.atoms();
        let open = state.used().into_iter().zip(table.of_group(state.group));
        let mut closed: Vec<bool> =
            open.map(|(used, entry)| used || atoms + entry.atoms > most_atoms).collect();
        closed.resize(table.widest(), true);
        self.positions.push((row, weights));
        self.closed.push(closed);
    }

    fn ask_elements(&mut self, row: usize, state: &mut State, rng: &mut ChaCha8Rng) {
        let (order, shown) = mask(state.total, rng);
        let weight = state.total as f64 / (state.total - shown) as f64;
        for &site in &order[shown..] {
            if let Some(element) = state.sites[site].element.take() {
                self.elements.push((row, site, element, weight));
            }
        }
        state.cell = None;
        state.sites.iter_mut().for_each(|site| site.free = None);
    }

    fn ask_geometry(&mut self, row: usize, state: &mut State, rng: &mut ChaCha8Rng) {
        let entries = position_table().entries();
        let movable: Vec<usize> =
            (0..state.total).filter(|&site| entries[state.sites[site].position].freedom > 0).collect();
        let cell = movable.is_empty() || rng.random::<f64>() < CELL_SHARE;
        let (order, shown) = if cell {
            self.rows[0] += 1;
            let terms = state.cell.as_ref().map_or([0.0; CELL_TERMS], |cell| cell.terms);
            self.cells.extend(state.free_terms().iter().map(|&term| (row, term, terms)));
            state.cell = None;
            ((0..movable.len()).collect(), 0)
        } else {
            self.rows[1] += 1;
            mask(movable.len(), rng)
        };
        // By the root of the number of sites, not by the number: the many coordinates of large crystals, of which most can
        // hardly be told, drown those of small ones otherwise.
        let weight = (movable.len() as f64).sqrt() / (movable.len() - shown).max(1) as f64;
        for &k in &order[shown..] {
            let free = state.sites[movable[k]].free.take().unwrap_or_default();
            if !cell {
                self.coordinates
                    .extend((0..free.len()).map(|which| (row, movable[k], which, free.clone(), weight)));
            }
        }
    }
}

/// The loss of a batch, see the module.
pub(super) fn loss(network: &Network, batch: &[&Example], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
    let device = network.device();
    let mut questions = Questions::default();
    let states: Vec<State> = batch
        .iter()
        .enumerate()
        .map(|(row, example)| questions.ask(row, example, network.config.most_atoms, rng))
        .collect();
    // Who predicts properties must not be told them.
    let mut told: Vec<Labels> = labels.to_vec();
    questions.properties.iter().for_each(|&row| told[row] = network.conditions.absent());
    for (row, column) in network.element_columns(batch.len()) {
        if rng.random::<f64>() < DROP_ELEMENTS {
            told[row][column] = None;
        }
    }
    let inputs = Inputs::new(&states.iter().collect::<Vec<_>>(), device);
    let conditions = network.labels(&told);
    let encoded = network.encode(&inputs, &conditions);
    let rows = |list: &[usize]| {
        let list: Vec<i64> = list.iter().map(|&x| x as i64).collect();
        Tensor::from_slice(&list).to_device(device)
    };
    let floats = |list: &[f64]| {
        let list: Vec<f32> = list.iter().map(|&x| x as f32).collect();
        Tensor::from_slice(&list).to_device(device)
    };
    let zero = || Tensor::zeros([], (Kind::Float, device));
    let t = inputs.there.size().get(1).copied().unwrap_or(0);
    let flat_sites = |which: &[usize]| {
        encoded.sites.reshape([-1, network.config.transformer.width]).index_select(0, &rows(which))
    };

    let group = network.group_logits(&conditions).cross_entropy_for_logits(&inputs.groups);
    let total = network.total_logits(&conditions, &inputs.groups).cross_entropy_for_logits(&inputs.totals);

    // Sums over the batch, in nats.
    let positions = if questions.positions.is_empty() {
        zero()
    } else {
        let logits = network.position_logits(&encoded, &inputs.groups);
        let which: Vec<usize> = questions.positions.iter().map(|(row, _)| *row).collect();
        let closed = questions.closed.concat();
        let shape = [which.len() as i64, position_table().widest() as i64];
        let closed = Tensor::from_slice(&closed).to_device(device).to_kind(Kind::Bool).view(shape);
        // Finite, so that positions that cannot come add 0 and not 0 times infinity.
        let logits = logits.index_select(0, &rows(&which)).masked_fill(&closed, -1e9);
        let weights: Vec<f32> = questions.positions.iter().flat_map(|(_, w)| w.iter().copied()).collect();
        let weights = Tensor::from_slice(&weights).to_device(device).view(shape);
        -(logits.log_softmax(-1, Kind::Float) * weights).sum(Kind::Float)
    };
    let elements = if questions.elements.is_empty() {
        zero()
    } else {
        let places: Vec<usize> =
            questions.elements.iter().map(|(row, site, ..)| row * t as usize + site).collect();
        let logits = network.element_logits(&encoded, &flat_sites(&places));
        let targets: Vec<i64> =
            questions.elements.iter().map(|(_, _, e, _)| i64::from(e.atomic_number())).collect();
        let targets = Tensor::from_slice(&targets).to_device(device);
        let weights = floats(&questions.elements.iter().map(|q| q.3).collect::<Vec<_>>());
        let nats = logits.cross_entropy_loss(&targets, None::<Tensor>, Reduction::None, -100, 0.0);
        (nats * weights).sum(Kind::Float)
    };
    let cells = if questions.cells.is_empty() {
        zero()
    } else {
        let which: Vec<usize> = questions.cells.iter().map(|q| q.0).collect();
        let terms: Vec<usize> = questions.cells.iter().map(|q| q.1).collect();
        let known: Vec<[f64; CELL_TERMS]> = questions.cells.iter().map(|q| q.2).collect();
        let raw = network.cell_mixtures(&encoded.whole.index_select(0, &rows(&which)), &known, &terms);
        let x = floats(&questions.cells.iter().map(|q| q.2[q.1]).collect::<Vec<_>>());
        -mixture::log_density(&raw, &x).sum(Kind::Float)
    };
    let coordinates = if questions.coordinates.is_empty() {
        zero()
    } else {
        let places: Vec<usize> = questions.coordinates.iter().map(|q| q.0 * t as usize + q.1).collect();
        let which: Vec<usize> = questions.coordinates.iter().map(|q| q.2).collect();
        let free: Vec<Vec<f64>> = questions.coordinates.iter().map(|q| q.3.clone()).collect();
        let raw = network.coordinate_logits(&flat_sites(&places), &free, &which);
        let x = floats(&questions.coordinates.iter().map(|q| q.3[q.2]).collect::<Vec<_>>());
        let weights = floats(&questions.coordinates.iter().map(|q| q.4).collect::<Vec<_>>());
        -(circle::log_density(&raw, &x) * weights).sum(Kind::Float)
    };
    let (properties, known) = property_loss(network, &encoded, &questions.properties, labels);

    let share = |n: usize| 1.0 / n.max(1) as f64;
    let sum = &positions + &elements + &cells + &coordinates;
    Loss {
        total: (sum + &properties) * share(batch.len()) / UNIT + (&group + &total) * 0.1,
        parts: vec![
            ("group", group.detach()),
            ("sites", total.detach()),
            ("positions", positions.detach() * share(questions.positions.len())),
            ("elements", elements.detach() * share(questions_rows(&questions.elements))),
            ("cell", cells.detach() * share(questions.rows[0])),
            ("coordinates", coordinates.detach() * share(questions.rows[1])),
            ("properties", properties.detach() * share(known)),
        ],
    }
}

/// The mean error of the properties of complete crystals; `None` where no label is a number that is known.
pub(super) fn judgement(network: &Network, batch: &[&Example], labels: &[Labels]) -> Option<Tensor> {
    let states: Vec<&State> = batch.iter().map(|example| &example.state).collect();
    let told = network.labels(&vec![network.conditions.absent(); states.len()]);
    let encoded = network.encode(&Inputs::new(&states, network.device()), &told);
    let rows: Vec<usize> = (0..batch.len()).collect();
    let (sum, known) = property_loss(network, &encoded, &rows, labels);
    (known > 0).then(|| sum / known as f64)
}

/// Different rows among questions about elements, which come row by row.
fn questions_rows(elements: &[(usize, usize, Element, f64)]) -> usize {
    let mut rows: Vec<usize> = elements.iter().map(|q| q.0).collect();
    rows.dedup();
    rows.len()
}

/// Sum of the Huber losses of squashed properties over complete crystals, and how many there are.
fn property_loss(
    network: &Network,
    encoded: &super::network::Encoded,
    which: &[usize],
    labels: &[Labels],
) -> (Tensor, usize) {
    let device = network.device();
    let numbers = network.numbers();
    let (mut targets, mut known) = (Vec::new(), Vec::new());
    for &row in which {
        for &(column, mean, sd) in &numbers {
            let value = match labels[row][column] {
                Some(Label::Number(x)) => Some(squash(x, mean, sd) as f32),
                _ => None,
            };
            targets.push(value.unwrap_or(0.0));
            known.push(f32::from(u8::from(value.is_some())));
        }
    }
    let count = known.iter().filter(|x| **x > 0.0).count();
    if count == 0 {
        return (Tensor::zeros([], (Kind::Float, device)), 0);
    }
    let list: Vec<i64> = which.iter().map(|&x| x as i64).collect();
    let list = Tensor::from_slice(&list).to_device(device);
    let shape = [which.len() as i64, numbers.len() as i64];
    let predicted = network.properties(encoded).index_select(0, &list);
    let targets = Tensor::from_slice(&targets).to_device(device).view(shape);
    let known = Tensor::from_slice(&known).to_device(device).view(shape);
    let losses = predicted.smooth_l1_loss(&targets, Reduction::None, 0.3);
    ((losses * known).sum(Kind::Float), count)
}
