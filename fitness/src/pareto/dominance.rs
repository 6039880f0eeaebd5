//! Pareto domination and the fronts it makes.

use std::cmp::Ordering;

/// Whether `a` dominates `b`: nowhere larger and somewhere smaller.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut smaller = false;
    for (x, y) in a.iter().zip(b) {
        if x > y {
            return false;
        }
        smaller |= x < y;
    }
    smaller
}

/// The violation that counts: 0 for feasible candidates, infinite where a number is NaN.
pub(super) fn violation_of(index: usize, costs: &[Vec<f64>], violations: &[f64]) -> f64 {
    let violation = violations.get(index).copied().unwrap_or(0.0);
    if violation.is_nan() || costs[index].iter().any(|cost| cost.is_nan()) {
        f64::INFINITY
    } else {
        violation.max(0.0)
    }
}

/// Splits candidates into fronts: the first is dominated by nobody, the second only by the first,
/// and so on. Feasible fronts come first, then infeasible ones by violation. Indices ascend within
/// a front.
///
/// Efficient non-dominated sort with sequential search (Zhang et al., IEEE Trans. Evol. Comput. 19,
/// 201 (2015)); with two objectives O(n log n).
pub fn fronts(costs: &[Vec<f64>], violations: &[f64]) -> Vec<Vec<usize>> {
    let mut order: Vec<(f64, usize)> =
        (0..costs.len()).map(|i| (violation_of(i, costs, violations), i)).collect();
    order.sort_by(|a, b| {
        a.0.total_cmp(&b.0).then_with(|| lexicographic(&costs[a.1], &costs[b.1])).then(a.1.cmp(&b.1))
    });
    let mut all = Vec::new();
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        let mut group_fronts: Vec<Vec<usize>> = Vec::new();
        // In this order nobody can be dominated by a later candidate.
        for &(_, i) in group {
            let place = if costs[i].len() <= 2 {
                // The last member of a front has its smallest second cost.
                group_fronts.partition_point(|front| {
                    front.last().is_some_and(|&last| dominates(&costs[last], &costs[i]))
                })
            } else {
                let dominated =
                    |front: &Vec<usize>| front.iter().rev().any(|&other| dominates(&costs[other], &costs[i]));
                group_fronts.iter().position(|front| !dominated(front)).unwrap_or(group_fronts.len())
            };
            match group_fronts.get_mut(place) {
                Some(front) => front.push(i),
                None => group_fronts.push(vec![i]),
            }
        }
        all.append(&mut group_fronts);
    }
    for front in &mut all {
        front.sort_unstable();
    }
    all
}

/// Order by the first cost that differs. Equal zeros of unlike sign count as equal.
pub(super) fn lexicographic(a: &[f64], b: &[f64]) -> Ordering {
    for (x, y) in a.iter().zip(b) {
        if x < y {
            return Ordering::Less;
        }
        if x > y {
            return Ordering::Greater;
        }
        if x != y {
            // NaN: any order that is total will do, such candidates are all alike.
            return x.total_cmp(y);
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: peel off what nobody left dominates.
    fn peel(costs: &[Vec<f64>], violations: &[f64]) -> Vec<Vec<usize>> {
        let beats = |a: usize, b: usize| {
            let (va, vb) = (violations[a], violations[b]);
            if va == vb { dominates(&costs[a], &costs[b]) } else { va < vb }
        };
        let mut left: Vec<usize> = (0..costs.len()).collect();
        let mut all = Vec::new();
        while !left.is_empty() {
            let (front, rest): (Vec<usize>, Vec<usize>) =
                left.iter().partition(|&&b| !left.iter().any(|&a| beats(a, b)));
            all.push(front);
            left = rest;
        }
        all
    }

    proptest! {
        #[test]
        fn fronts_follow_the_definition(
            m in 1_usize..5,
            rows in prop::collection::vec((prop::collection::vec(0_u8..6, 4), 0_u8..3), 0..60),
        ) {
            let costs: Vec<Vec<f64>> =
                rows.iter().map(|(row, _)| row[..m].iter().map(|&x| f64::from(x)).collect()).collect();
            let violations: Vec<f64> = rows.iter().map(|&(_, v)| f64::from(v)).collect();
            prop_assert_eq!(fronts(&costs, &violations), peel(&costs, &violations));
            prop_assert_eq!(fronts(&costs, &[]), peel(&costs, &vec![0.0; costs.len()]));
        }
    }

    #[test]
    fn undefined_costs_come_last() {
        let costs = vec![vec![f64::NAN, 0.0], vec![1.0, 1.0], vec![0.0, f64::INFINITY], vec![9.0, 9.0]];
        assert_eq!(fronts(&costs, &[0.0, 0.0, 0.0, 5.0]), [vec![1, 2], vec![3], vec![0]]);
    }
}
