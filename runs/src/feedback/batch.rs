//! A batch of candidates, one after the other the best that is left.

use rayon::prelude::*;

use super::gain::Outlook;

/// A candidate that adds less than this to the hypervolume deserves no judgement.
const LEAST: f64 = 1e-6;
/// What a candidate counts that is like one of the batch or like one that is measured; it grows to 1 with the
/// difference from the nearest.
const ALIKE: f64 = 0.25;

/// A candidate that may be chosen.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Candidate number.
    pub(super) number: u64,
    /// Values of the objectives as predicted.
    pub(super) values: Vec<f64>,
    /// What it counts for its novelty, from 0 to 1.
    pub(super) weight: f64,
}

/// A chosen item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    /// Index of the item.
    pub(super) item: usize,
    /// Expected gain in hypervolume beside what is measured and what was chosen before.
    pub(super) gain: f64,
    /// Index of the nearest of those among items and measured ones, and the difference from it.
    pub(super) nearest: Option<(usize, f64)>,
    /// Gain, weighted by novelty and difference.
    pub(super) score: f64,
}

/// What each item alone is expected to add to a front; 0 for what is not worth a look.
pub(super) fn gains(items: &[Item], front: &[Vec<f64>], outlook: &Outlook<'_>) -> Vec<f64> {
    let gain = |item: &Item| outlook.gain(&item.values, front);
    items.par_iter().map(gain).map(|gain| if gain < LEAST { 0.0 } else { gain }).collect()
}

/// Chooses up to `n` items. `front` holds what is measured, `gains` what each item alone would add to it.
/// `difference` tells two of items and, behind them in number, `others` apart. A chosen item counts from then on
/// as if its prediction were true (D. Ginsbourger, R. Le Riche, L. Carraro, "Kriging is well-suited to
/// parallelize optimization" (2010): the believer).
pub(super) fn choose(
    items: &[Item],
    others: usize,
    n: usize,
    mut front: Vec<Vec<f64>>,
    gains: Vec<f64>,
    outlook: &Outlook<'_>,
    difference: &dyn Fn(usize, usize) -> f64,
) -> Vec<Chosen> {
    // Gains only shrink as the front grows, so earlier ones are upper bounds.
    let mut bounds: Vec<f64> = gains.iter().zip(items).map(|(gain, item)| gain * item.weight).collect();
    let mut taken: Vec<usize> = (items.len()..items.len() + others).collect();
    let mut chosen: Vec<Chosen> = Vec::new();
    while chosen.len() < n {
        let mut order: Vec<usize> = (0..items.len()).filter(|&i| bounds[i] > 0.0).collect();
        order.sort_by(|&a, &b| bounds[b].total_cmp(&bounds[a]).then(items[a].number.cmp(&items[b].number)));
        let mut best: Option<Chosen> = None;
        for item in order {
            if best.as_ref().is_some_and(|best| best.score >= bounds[item]) {
                break;
            }
            let gain = outlook.gain(&items[item].values, &front);
            bounds[item] = if gain < LEAST { 0.0 } else { gain * items[item].weight };
            if bounds[item] == 0.0 {
                continue;
            }
            let apart = taken.iter().map(|&other| (other, difference(item, other)));
            let nearest = apart.min_by(|x, y| x.1.total_cmp(&y.1));
            let spread = nearest.map_or(1.0, |(_, apart)| ALIKE + (1.0 - ALIKE) * apart.clamp(0.0, 1.0));
            let score = bounds[item] * spread;
            if best.as_ref().is_none_or(|best| score > best.score) {
                best = Some(Chosen { item, gain, nearest, score });
            }
        }
        let Some(best) = best else { break };
        front.push(outlook.point(&items[best.item].values));
        taken.push(best.item);
        bounds[best.item] = 0.0;
        chosen.push(best);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use druse_fitness::Goal;

    use super::*;
    use crate::engine::HypervolumeBox;

    fn measure() -> HypervolumeBox {
        serde_json::from_str(r#"{"ideal": [0, 0], "reference": [1, 1]}"#).unwrap()
    }

    fn outlook(measure: &HypervolumeBox, doubt: f64) -> Outlook<'_> {
        Outlook::new(vec![Goal::Minimise; 2], &[doubt, 0.0], measure)
    }

    fn items(values: &[[f64; 2]]) -> Vec<Item> {
        let item = |(number, values): (usize, &[f64; 2])| Item {
            number: number as u64,
            values: values.to_vec(),
            weight: 1.0,
        };
        values.iter().enumerate().map(item).collect()
    }

    fn numbers(
        items: &[Item],
        n: usize,
        front: &[[f64; 2]],
        doubt: f64,
        difference: &dyn Fn(usize, usize) -> f64,
    ) -> Vec<u64> {
        let measure = measure();
        let outlook = outlook(&measure, doubt);
        let front: Vec<Vec<f64>> = front.iter().map(|point| point.to_vec()).collect();
        let gains = gains(items, &front, &outlook);
        let chosen = choose(items, front.len(), n, front.clone(), gains, &outlook, difference);
        chosen.iter().map(|chosen| items[chosen.item].number).collect()
    }

    const APART: fn(usize, usize) -> f64 = |_, _| 1.0;

    #[test]
    fn the_batch_spreads_along_the_front_and_stops_when_nothing_is_to_gain() {
        // A knee, two ends, and one behind the knee.
        let items = items(&[[0.1, 0.9], [0.3, 0.3], [0.9, 0.1], [0.4, 0.4]]);
        assert_eq!(numbers(&items, 9, &[], 0.0, &APART), [1, 0, 2]);
        // With doubt the one behind the knee may be the better one.
        assert_eq!(numbers(&items, 9, &[], 0.2, &APART).len(), 4);
        // What is measured already is not expected to gain.
        assert_eq!(numbers(&items, 9, &[[0.3, 0.3]], 0.0, &APART), [0, 2]);
    }

    #[test]
    fn the_alike_and_the_known_give_way() {
        let mut items = items(&[[0.2, 0.5], [0.5, 0.2], [0.28, 0.42]]);
        // 2 is apart from both, 0 and 1 are alike.
        let twins = |a: usize, b: usize| if a.min(b) == 0 && a.max(b) == 1 { 0.0 } else { 1.0 };
        assert_eq!(numbers(&items, 2, &[], 0.05, &APART)[..2], [2, 1]);
        assert_eq!(numbers(&items, 3, &[], 0.05, &twins).len(), 3);
        let first = numbers(&items, 2, &[[0.2, 0.5]], 0.05, &|_, other| if other == 3 { 1.0 } else { 0.5 });
        assert_eq!(first[0], 1);
        items[2].weight = 0.1;
        assert_ne!(numbers(&items, 1, &[], 0.05, &APART), [2]);
    }

    #[test]
    fn lazy_bounds_choose_as_a_full_search_does() {
        let values: Vec<[f64; 2]> = (0..40_u32)
            .map(|i| {
                let x = f64::from(i * 37 % 41) / 41.0;
                [x, (1.0 - x).powi(2) + f64::from(i * 13 % 7) / 20.0]
            })
            .collect();
        let items = items(&values);
        let difference = |a: usize, b: usize| ((a * 7 + b * 7) % 10) as f64 / 10.0;
        let measure = measure();
        let outlook = outlook(&measure, 0.1);
        let mut front: Vec<Vec<f64>> = Vec::new();
        let mut expected: Vec<usize> = Vec::new();
        for _ in 0..6 {
            let score = |i: usize| {
                let near = expected.iter().map(|&j| difference(i, j)).fold(1.0, f64::min);
                outlook.gain(&items[i].values, &front) * (ALIKE + (1.0 - ALIKE) * near)
            };
            let left = (0..items.len()).filter(|i| !expected.contains(i));
            // The first of equals.
            let best = left.reduce(|a, b| if score(b) > score(a) { b } else { a }).unwrap();
            front.push(outlook.point(&items[best].values));
            expected.push(best);
        }
        let gains = gains(&items, &[], &outlook);
        let chosen = choose(&items, 0, 6, Vec::new(), gains, &outlook, &difference);
        assert_eq!(chosen.iter().map(|c| c.item).collect::<Vec<_>>(), expected);
    }
}
