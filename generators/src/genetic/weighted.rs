//! One number instead of a front: the weighted sum of normalised costs.

/// All candidates from the best to the worst: by violation, then by the weighted sum of the costs,
/// each scaled to 0..1 over the candidates. Goals past the end of `weights` have weight 1.
pub(super) fn ranking(costs: &[Vec<f64>], violations: &[f64], weights: &[f64]) -> Vec<usize> {
    let goals = costs.first().map_or(0, Vec::len);
    let mut sums = vec![0.0; costs.len()];
    for goal in 0..goals {
        let finite = || costs.iter().map(|row| row[goal]).filter(|cost| cost.is_finite());
        let low = finite().fold(f64::INFINITY, f64::min);
        let range = finite().fold(f64::NEG_INFINITY, f64::max) - low;
        let weight = weights.get(goal).copied().unwrap_or(1.0);
        if weight == 0.0 {
            continue;
        }
        for (sum, row) in sums.iter_mut().zip(costs) {
            let share = if row[goal].is_finite() && range > 0.0 { (row[goal] - low) / range } else { 0.0 };
            *sum += if row[goal].is_finite() { weight * share } else { f64::INFINITY };
        }
    }
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|&a, &b| {
        violations[a].total_cmp(&violations[b]).then(sums[a].total_cmp(&sums[b])).then(a.cmp(&b))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_shift_the_balance() {
        let costs = vec![vec![0.0, 100.0], vec![1.0, 0.0], vec![0.4, 50.0], vec![f64::INFINITY, 0.0]];
        let feasible = [0.0; 4];
        assert_eq!(ranking(&costs, &feasible, &[]), [2, 0, 1, 3]);
        assert_eq!(ranking(&costs, &feasible, &[1.0, 0.0]), [0, 2, 1, 3]);
        assert_eq!(ranking(&costs, &feasible, &[0.0, 1.0]), [1, 3, 2, 0]);
        assert_eq!(ranking(&costs, &[0.0, 0.0, 9.0, 1.0], &[]), [0, 1, 3, 2]);
        assert!(ranking(&[], &[], &[]).is_empty());
    }
}
