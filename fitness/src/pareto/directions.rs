//! Reference directions: points spread evenly over the simplex of weights.

/// All points with non-negative multiples of `1/divisions` as coordinates that add up to 1
/// (Das and Dennis, SIAM J. Optim. 8, 631 (1998)), in ascending lexicographic order; there are
/// `C(divisions + objectives - 1, objectives - 1)` of them.
///
/// No directions for no objectives; the centre alone for no divisions.
pub fn das_dennis(objectives: usize, divisions: usize) -> Vec<Vec<f64>> {
    let Some(last) = objectives.checked_sub(1) else { return Vec::new() };
    if divisions == 0 {
        return vec![vec![1.0 / objectives as f64; objectives]];
    }
    let mut points = Vec::new();
    let mut counts = vec![0; objectives];
    counts[last] = divisions;
    loop {
        points.push(counts.iter().map(|&count| count as f64 / divisions as f64).collect());
        // Next composition of `divisions`: move one unit from the tail to the place before it.
        let Some(tail) = (1..objectives).rev().find(|&place| counts[place] > 0) else { return points };
        let rest = std::mem::take(&mut counts[tail]) - 1;
        counts[tail - 1] += 1;
        counts[last] = rest;
    }
}

/// An outer layer of [`das_dennis`] points and an inner one, shrunk by half towards the centre, for
/// many objectives, where a single layer with points off the boundary would be too large (Deb and
/// Jain, IEEE Trans. Evol. Comput. 18, 577 (2014)).
pub fn two_layers(objectives: usize, outer: usize, inner: usize) -> Vec<Vec<f64>> {
    let centre = 1.0 / objectives as f64;
    let mut points = das_dennis(objectives, outer);
    let shrunk = das_dennis(objectives, inner).into_iter();
    points.extend(shrunk.map(|point| point.into_iter().map(|x| (x + centre) / 2.0).collect::<Vec<f64>>()));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sums() {
        // Deb and Jain 2014, table I: 91, 210, 156, 275, 135 directions.
        let sets = [
            (das_dennis(3, 12), 91),
            (das_dennis(5, 6), 210),
            (two_layers(8, 3, 2), 156),
            (two_layers(10, 3, 2), 275),
            (two_layers(15, 2, 1), 135),
        ];
        for (points, count) in sets {
            assert_eq!(points.len(), count);
            assert!(points.iter().all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-12));
            assert!(points.iter().flatten().all(|&x| x >= 0.0));
        }
    }

    #[test]
    fn order_and_edge_cases() {
        assert_eq!(das_dennis(2, 2), [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]);
        assert!(das_dennis(4, 5).is_sorted());
        assert_eq!(das_dennis(1, 3), [[1.0]]);
        assert_eq!(das_dennis(2, 0), [[0.5, 0.5]]);
        assert!(das_dennis(0, 3).is_empty());
    }
}
