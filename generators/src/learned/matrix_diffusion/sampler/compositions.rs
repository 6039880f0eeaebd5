//! Numbers of atoms and compositions within the hard constraints.

use druse_representations::{Composition, Element};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::super::composition::Revealed;
use super::super::learner::MatrixDiffusion;
use super::plan::Plan;
use crate::crystals::DesignSpace;
use crate::learned::Labels;
use crate::learned::nets::elements::ELEMENTS;

/// Compositions that are drawn for one sample until one is charge neutral.
const DRAWS: usize = 40;

/// Elements of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Atomic numbers: those of the fixed part in their order, then the others sorted.
    pub elements: Vec<u8>,
    /// Mean logarithm of the probabilities of the drawn elements, when the network drew any.
    pub log_likelihood: Option<f64>,
}

/// A composition for every sample; `None` where the constraints cannot be met.
pub fn compositions(
    model: &MatrixDiffusion,
    plan: &Plan,
    labels: &[Labels],
    rngs: &mut [ChaCha8Rng],
) -> Vec<Option<Drawn>> {
    let fixed = plan.fixed_elements();
    if let Some(formula) = &plan.formula {
        let drawn = Drawn { elements: ordered(fixed, formula.clone()), log_likelihood: None };
        return vec![Some(drawn); labels.len()];
    }
    let guide = Guide::new(model, plan, labels);
    let needs = needs(plan);
    let counts = guide.rows(guide.both(|features| model.composition.atom_counts(features)).into_iter());
    let mut found: Vec<Option<Drawn>> = vec![None; labels.len()];
    for _ in 0..DRAWS {
        let open: Vec<usize> = (0..labels.len()).filter(|&i| found[i].is_none()).collect();
        if open.is_empty() {
            break;
        }
        let mut drawings: Vec<Drawing> = open
            .iter()
            .map(|&i| {
                let atoms = atoms(plan, &needs, &counts[i], &mut rngs[i]);
                let revealed = Revealed { amounts: Vec::new(), atoms: atoms.unwrap_or(0) };
                Drawing { sample: i, revealed, log_likelihood: 0.0, drawn: 0, dead: atoms.is_none() }
            })
            .collect();
        loop {
            let mut open: Vec<&mut Drawing> = drawings.iter_mut().filter(|d| d.unfinished()).collect();
            if open.is_empty() {
                break;
            }
            draw(model, plan, &guide, &needs, &mut open, rngs);
        }
        for drawing in drawings.into_iter().filter(|drawing| !drawing.dead) {
            let composition: Composition = drawing
                .revealed
                .amounts
                .iter()
                .filter_map(|&(z, amount)| Some((Element::from_atomic_number(z)?, amount as f64)))
                .collect();
            if plan.space.check_composition(&composition).is_ok() {
                let all = drawing.revealed.amounts.iter();
                let all = all.flat_map(|&(z, amount)| std::iter::repeat_n(z, amount)).collect();
                let mean = drawing.log_likelihood / drawing.drawn.max(1) as f64;
                found[drawing.sample] = Some(Drawn {
                    elements: ordered(fixed, all),
                    log_likelihood: (drawing.drawn > 0).then_some(mean),
                });
            }
        }
    }
    found
}

/// A composition on its way.
struct Drawing {
    sample: usize,
    revealed: Revealed,
    log_likelihood: f64,
    drawn: usize,
    dead: bool,
}

impl Drawing {
    fn unfinished(&self) -> bool {
        !self.dead && self.revealed.count() < self.revealed.atoms
    }
}

/// Draws the next element of each and its amount among those that the constraints leave.
fn draw(
    model: &MatrixDiffusion,
    plan: &Plan,
    guide: &Guide,
    needs: &[(u8, usize)],
    drawings: &mut [&mut Drawing],
    rngs: &mut [ChaCha8Rng],
) {
    let revealed: Vec<Revealed> = drawings.iter().map(|d| d.revealed.clone()).collect();
    let rows: Vec<i64> = drawings.iter().map(|d| d.sample as i64).collect();
    let rows = Tensor::from_slice(&rows);
    let outlooks =
        guide.both(|features| model.composition.outlook(&revealed, &features.index_select(0, &rows)));
    let logits = guide.rows(outlooks.iter().map(|o| o.elements.shallow_clone()));
    let mut chosen = vec![0u8; drawings.len()];
    for ((drawing, logits), chosen) in drawings.iter_mut().zip(&logits).zip(&mut chosen) {
        let allowed = choices(&plan.space, needs, &drawing.revealed);
        let weights = weights(logits, |z| allowed[z], plan.temperature);
        match pick(&weights, &mut rngs[drawing.sample]) {
            Some(z) => {
                *chosen = z as u8;
                drawing.log_likelihood += logits[z] - log_sum(logits);
            }
            None => drawing.dead = true,
        }
    }
    let logits = guide.rows(outlooks.iter().map(|o| model.composition.amounts(&o.view, &chosen)));
    for ((drawing, logits), z) in drawings.iter_mut().zip(&logits).zip(chosen).filter(|((d, _), _)| !d.dead) {
        let [fewest, most] = amounts(&plan.space, needs, &drawing.revealed, z);
        let weights = weights(logits, |place| (fewest..=most).contains(&(place + 1)), plan.temperature);
        match pick(&weights, &mut rngs[drawing.sample]) {
            Some(place) => {
                drawing.log_likelihood += logits[place] - log_sum(logits);
                drawing.drawn += 1;
                drawing.revealed.amounts.push((z, place + 1));
            }
            None => drawing.dead = true,
        }
    }
}

/// Elements that have to come, with their fewest atoms: those of the fixed part and the required ones.
fn needs(plan: &Plan) -> Vec<(u8, usize)> {
    let mut needs = std::collections::BTreeMap::new();
    plan.fixed_elements().iter().for_each(|&z| *needs.entry(z).or_insert(0) += 1);
    plan.space.required.iter().for_each(|element| {
        needs.entry(element.atomic_number()).or_insert(1);
    });
    needs.into_iter().collect()
}

/// What is still needed once `revealed` and, if any, `also` are there: elements, and atoms of them.
fn missing(needs: &[(u8, usize)], revealed: &Revealed, also: Option<u8>) -> (usize, usize) {
    let there = |z: u8| revealed.amounts.iter().any(|&(other, _)| other == z) || also == Some(z);
    needs.iter().filter(|(z, _)| !there(*z)).fold((0, 0), |(n, atoms), (_, fewest)| (n + 1, atoms + fewest))
}

/// Which elements may come next, by atomic number.
fn choices(space: &DesignSpace, needs: &[(u8, usize)], revealed: &Revealed) -> Vec<bool> {
    let present: Vec<Element> =
        revealed.amounts.iter().filter_map(|&(z, _)| Element::from_atomic_number(z)).collect();
    let mut allowed = vec![false; ELEMENTS as usize];
    for &element in space.elements.iter().filter(|element| !present.contains(element)) {
        let z = element.atomic_number();
        let [fewest, most] = amounts(space, needs, revealed, z);
        let mut with = present.clone();
        with.push(element);
        let room = with.len() + missing(needs, revealed, Some(z)).0 <= space.element_count[1];
        allowed[usize::from(z)] = room && fewest <= most && space.excluded_in(&with).is_none();
    }
    allowed
}

/// Fewest and most atoms of the next element, such that the rest can be filled.
fn amounts(space: &DesignSpace, needs: &[(u8, usize)], revealed: &Revealed, z: u8) -> [usize; 2] {
    let left = revealed.atoms - revealed.count();
    let elements = revealed.amounts.len() + 1;
    let (count, atoms) = missing(needs, revealed, Some(z));
    // Elements that must still come beside the needed ones take an atom each.
    let others = space.element_count[0].saturating_sub(elements + count);
    let most = left.saturating_sub(atoms + others);
    let fewest = needs.iter().find(|(needed, _)| *needed == z).map_or(1, |(_, fewest)| *fewest);
    let last = elements >= space.element_count[1];
    [if last { left.max(fewest) } else { fewest }, most]
}

/// A number of atoms in the range of the request.
fn atoms(plan: &Plan, needs: &[(u8, usize)], logits: &[f64], rng: &mut ChaCha8Rng) -> Option<usize> {
    let [fewest, most] = plan.space.atoms;
    let fewest =
        fewest.max(plan.space.element_count[0]).max(needs.iter().map(|(_, atoms)| atoms).sum::<usize>());
    let allowed = |place: usize| (fewest..=most.min(plan.most_atoms)).contains(&(place + 1));
    pick(&weights(logits, allowed, plan.temperature), rng).map(|place| place + 1)
}

fn weights(logits: &[f64], allowed: impl Fn(usize) -> bool, temperature: f64) -> Vec<f64> {
    let greatest =
        (0..logits.len()).filter(|&i| allowed(i)).map(|i| logits[i]).fold(f64::NEG_INFINITY, f64::max);
    (0..logits.len())
        .map(|i| if allowed(i) { ((logits[i] - greatest) / temperature).exp() } else { 0.0 })
        .collect()
}

/// Logarithm of the sum of the exponentials.
fn log_sum(logits: &[f64]) -> f64 {
    let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    greatest + logits.iter().map(|x| (x - greatest).exp()).sum::<f64>().ln()
}

fn pick(weights: &[f64], rng: &mut ChaCha8Rng) -> Option<usize> {
    let mut rest = rng.random::<f64>() * weights.iter().sum::<f64>();
    let possible = weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
    let mut last = None;
    for (place, weight) in possible {
        last = Some(place);
        rest -= weight;
        if rest < 0.0 {
            break;
        }
    }
    last
}

/// The fixed elements in their order, then the rest of `all`, sorted.
fn ordered(fixed: &[u8], mut all: Vec<u8>) -> Vec<u8> {
    all.sort_unstable();
    for z in fixed {
        if let Some(place) = all.iter().position(|other| other == z) {
            all.remove(place);
        }
    }
    fixed.iter().copied().chain(all).collect()
}

/// Features of the labels, and of no labels where guidance needs them.
struct Guide {
    strength: f64,
    with: Tensor,
    without: Option<Tensor>,
}

impl Guide {
    fn new(model: &MatrixDiffusion, plan: &Plan, labels: &[Labels]) -> Self {
        let features = |labels: &[Labels]| model.labels[1].forward(labels, tch::Device::Cpu);
        let none = vec![model.conditions.absent(); labels.len()];
        let without = (plan.guidance != 1.0).then(|| features(&none));
        Self { strength: plan.guidance, with: features(labels), without }
    }

    /// What a network says with the labels and, where guidance needs it, without.
    fn both<T>(&self, network: impl Fn(&Tensor) -> T) -> Vec<T> {
        std::iter::once(&self.with).chain(&self.without).map(network).collect()
    }

    /// Rows of logits, moved from those without labels towards those with them.
    fn rows(&self, mut logits: impl Iterator<Item = Tensor>) -> Vec<Vec<f64>> {
        let Some(with) = logits.next() else { return Vec::new() };
        let guided = match logits.next() {
            Some(plain) => &plain + (with - &plain) * self.strength,
            None => with,
        };
        Vec::<Vec<f32>>::try_from(guided.to_kind(Kind::Float))
            .unwrap_or_default()
            .into_iter()
            .map(|row| row.into_iter().map(f64::from).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_leave_only_what_can_be_completed() {
        let element = |symbol: &str| Element::from_symbol(symbol).unwrap();
        let mut space = DesignSpace::new(["Li", "Fe", "O", "S", "P"].map(element));
        space.required = vec![element("Li"), element("O")];
        space.element_count = [3, 3];
        space.excluded = vec![vec![element("S"), element("P")]];
        let needs = [(3, 2), (8, 1)];
        let part = |amounts: &[(u8, usize)], atoms| Revealed { amounts: amounts.to_vec(), atoms };
        let names = |revealed: &Revealed| {
            let allowed = choices(&space, &needs, revealed);
            let symbols =
                (1..119u8).filter(|&z| allowed[usize::from(z)]).filter_map(Element::from_atomic_number);
            symbols.map(Element::symbol).collect::<Vec<_>>().join(" ")
        };
        let nothing = part(&[], 6);
        assert_eq!(names(&nothing), "Li O P S Fe");
        // Two of three elements are needed, two atoms of lithium and one of oxygen.
        assert_eq!(names(&part(&[(26, 1)], 6)), "Li O");
        assert_eq!(amounts(&space, &needs, &nothing, 26), [1, 3]);
        assert_eq!(amounts(&space, &needs, &nothing, 3), [2, 4]);
        assert_eq!(amounts(&space, &needs, &part(&[(26, 1)], 6), 3), [2, 4]);
        // The last element takes the rest.
        assert_eq!(names(&part(&[(3, 2), (8, 3)], 6)), "P S Fe");
        assert_eq!(amounts(&space, &needs, &part(&[(3, 2), (26, 1)], 6), 8), [3, 3]);
    }

    #[test]
    fn fixed_atoms_come_first() {
        assert_eq!(ordered(&[8, 3], vec![3, 8, 8, 3, 26]), vec![8, 3, 3, 8, 26]);
    }
}
