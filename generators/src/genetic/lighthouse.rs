//! The lighthouse of PL-MOGA: nobody survives by being good at one goal and hopeless at another.
//!
//! In PL-MOGA (Strandgaard et al., 2024) a candidate whose value of a goal lies below a scale times
//! the median of parents and offspring loses its whole fitness. Here any number of goals of either
//! direction count, and falling short is a constraint violation: the masked are dominated by all
//! others, but among themselves the nearer one is the better.

/// By how much each candidate misses the limits, 0 when it keeps them. `scales` holds one number for
/// each goal; goals with 0 or past its end have no limit.
///
/// Costs of quantities to be maximised are their negatives, so the limit on a negative median is
/// scale times median: at least that share of it must be reached. For positive medians, which come
/// from quantities to be minimised, it is median divided by scale.
pub(super) fn shortfalls(costs: &[Vec<f64>], scales: &[f64]) -> Vec<f64> {
    let mut total = vec![0.0; costs.len()];
    for (goal, &scale) in scales.iter().enumerate().filter(|(_, scale)| **scale > 0.0) {
        let Some(median) = median(costs.iter().filter_map(|row| row.get(goal)).copied()) else { continue };
        let limit = if median < 0.0 { scale * median } else { median / scale };
        // Relative to the median, so that goals of unlike units add up.
        let unit = if median == 0.0 { 1.0 } else { median.abs() };
        for (sum, row) in total.iter_mut().zip(costs) {
            let Some(&cost) = row.get(goal) else { continue };
            *sum += ((cost - limit) / unit).clamp(0.0, f64::MAX / 1e3);
        }
    }
    total
}

/// Median of the finite numbers.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    Some(if values.len().is_multiple_of(2) { (values[values.len() / 2 - 1] + upper) / 2.0 } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_follow_the_direction_of_the_goal() {
        // Maximise the first (values 1, 4, 10), minimise the second (values 2, 3, 9).
        let costs = vec![vec![-1.0, 2.0], vec![-4.0, 9.0], vec![-10.0, 3.0]];
        assert_eq!(shortfalls(&costs, &[]), [0.0; 3]);
        assert_eq!(shortfalls(&costs, &[0.0, 0.0]), [0.0; 3]);
        // At least half of 4 is wanted: 1 falls short by 1 in units of 4.
        assert_eq!(shortfalls(&costs, &[0.5]), [0.25, 0.0, 0.0]);
        // At most twice 3 is wanted: 9 is too much by 3 in units of 3.
        assert_eq!(shortfalls(&costs, &[0.0, 0.5]), [0.0, 1.0, 0.0]);
        assert_eq!(shortfalls(&costs, &[0.5, 0.5, 0.5]), [0.25, 1.0, 0.0]);
    }

    #[test]
    fn what_is_not_finite_is_far_off() {
        let costs = vec![vec![f64::INFINITY], vec![-1.0], vec![-3.0]];
        let found = shortfalls(&costs, &[1.0]);
        assert!(found[0].is_finite() && found[0] > 1e300 && found[1] == 0.5 && found[2] == 0.0, "{found:?}");
        assert_eq!(shortfalls(&[vec![f64::INFINITY]], &[1.0]), [0.0]);
    }
}
