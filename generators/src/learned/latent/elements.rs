//! The most probable set of elements within hard constraints.

use druse_datasets::elements::{electronegativity, is_radioactive};
use druse_representations::{Composition, Element};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

use super::Limits;

/// Elements looked at for one place, beside the required ones.
const ELEMENTS: usize = 8;
/// Unfinished sets of elements kept after every place.
const BEAM: usize = 16;
/// Sets of elements that are told.
const SETS: usize = 6;

/// Elements in the order of their places, and the logarithm of their probability.
pub(crate) type Set = (Vec<Element>, f64);

/// Elements from electropositive to electronegative (Pauling; those without a value first) with whole numbers of atoms: the order
/// in which the autoencoders write them, since a place then stands for a role in the structure.
pub(crate) fn in_order(composition: &Composition) -> Vec<(Element, usize)> {
    let mut kinds: Vec<(Element, usize)> =
        composition.iter().map(|(element, amount)| (element, amount.round() as usize)).collect();
    let value = |element: Element| electronegativity(element).unwrap_or(0.0);
    kinds.sort_by(|(a, _), (b, _)| value(*a).total_cmp(&value(*b)).then(a.cmp(b)));
    kinds
}

/// Elements of crystals, those of a share of them replaced by others at random, no two alike; and for each crystal 1, or 0 with
/// replaced elements: such crystals teach neither properties nor the prior.
pub(crate) fn substituted(
    crystals: impl Iterator<Item = Vec<Element>>,
    share: f64,
    rng: &mut ChaCha8Rng,
) -> (Vec<Vec<Element>>, Tensor) {
    let (elements, genuine): (Vec<_>, Vec<f32>) = crystals
        .map(|elements| {
            if rng.random::<f64>() >= share {
                return (elements, 1.0);
            }
            let mut pool: Vec<Element> = Element::all().filter(|&element| !is_radioactive(element)).collect();
            let others = elements.iter().map(|_| pool.swap_remove(rng.random_range(0..pool.len())));
            (others.collect(), 0.0)
        })
        .unzip();
    (elements, Tensor::from_slice(&genuine))
}

/// The most probable sets of elements that a space allows, best first. `log_p` is `[kinds][elements]`, element 0 ends
/// the list.
pub(crate) fn sets(log_p: &[&[f32]], limits: Limits<'_>) -> Vec<Set> {
    let allowed: Vec<Element> = match limits.space {
        Some(space) => space.elements.clone(),
        None => Element::all().collect(),
    };
    let required = limits.space.map_or(&[][..], |space| &space.required);
    let most = limits.space.map_or(usize::MAX, |space| space.element_count[1]);
    let score =
        |place: usize, element: Element| f64::from(log_p[place][usize::from(element.atomic_number())]);
    let mut open: Vec<Set> = vec![(Vec::new(), 0.0)];
    let mut done: Vec<Set> = Vec::new();
    for (place, row) in log_p.iter().enumerate() {
        let mut best = allowed.clone();
        best.sort_by(|a, b| score(place, *b).total_cmp(&score(place, *a)).then(a.cmp(b)));
        best.truncate(ELEMENTS);
        best.extend(required.iter().filter(|element| !best.contains(element)).copied().collect::<Vec<_>>());
        let mut next: Vec<Set> = Vec::new();
        for (elements, sum) in &open {
            if !elements.is_empty() {
                done.push((elements.clone(), sum + f64::from(row[0])));
            }
            if elements.len() < most {
                for &element in best.iter().filter(|element| !elements.contains(element)) {
                    let mut longer = elements.clone();
                    longer.push(element);
                    next.push((longer, sum + score(place, element)));
                }
            }
        }
        rank(&mut next, BEAM);
        open = next;
    }
    done.extend(open);
    if let Some(space) = limits.space {
        done.retain(|(elements, _)| space.check_elements(elements).is_ok());
    }
    rank(&mut done, SETS);
    done
}

/// Best first, the first of equals before the later, cut to `most`.
pub(crate) fn rank<T>(list: &mut Vec<(T, f64)>, most: usize) {
    list.sort_by(|a, b| b.1.total_cmp(&a.1));
    list.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::DesignSpace;

    fn element(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn constraints_choose_among_what_is_probable() {
        let z = |symbol: &str| usize::from(element(symbol).atomic_number());
        // Na (or K), Cl (or F), end.
        let rows: [&[(usize, f32)]; 3] =
            [&[(z("Na"), -0.1), (z("K"), -2.0)], &[(z("Cl"), -0.1), (z("F"), -3.0)], &[(0, -0.1)]];
        let log_p = rows.map(|row| {
            let mut p = vec![-10f32; 119];
            row.iter().for_each(|&(k, x)| p[k] = x);
            p
        });
        let rows: Vec<&[f32]> = log_p.iter().map(Vec::as_slice).collect();
        let best = |space: Option<&DesignSpace>| sets(&rows, Limits { space, formula: None }).remove(0).0;
        assert_eq!(best(None), [element("Na"), element("Cl")]);
        let space = DesignSpace::new(["K", "F", "Cl"].map(element));
        assert_eq!(best(Some(&space)), [element("K"), element("Cl")]);
        let space =
            DesignSpace { required: vec![element("F")], ..DesignSpace::new(["Na", "F", "Cl"].map(element)) };
        assert!(best(Some(&space)).contains(&element("F")));
        let space = DesignSpace { element_count: [1, 1], ..DesignSpace::new(["Na", "Cl"].map(element)) };
        assert_eq!(best(Some(&space)).len(), 1);
    }
}
