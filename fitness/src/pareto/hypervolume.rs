//! The hypervolume of a front, exact in any number of objectives.

use super::dominance::{dominates, lexicographic};

/// Volume that is dominated by at least one of `points` and dominates `reference` (all costs to be
/// minimised; Zitzler and Thiele, IEEE Trans. Evol. Comput. 3, 257 (1999)).
///
/// Points that are not below the reference point in every objective, or contain NaN, add nothing.
/// With two and three objectives a sweep in O(n log n) comparisons (Beume et al., IEEE Trans. Evol.
/// Comput. 13, 1075 (2009)); with more, WFG (While, Bradstreet and Barone, IEEE Trans. Evol. Comput.
/// 16, 86 (2012)) down to three. 0 for no points.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let inside =
        |point: &&Vec<f64>| point.len() == reference.len() && point.iter().zip(reference).all(|(x, r)| x < r);
    let points: Vec<&[f64]> = points.iter().filter(inside).map(Vec::as_slice).collect();
    volume(points, reference)
}

/// Volume of points inside the reference point.
fn volume(mut points: Vec<&[f64]>, reference: &[f64]) -> f64 {
    match reference {
        [] => 0.0,
        _ if points.is_empty() => 0.0,
        [r] => r - points.iter().map(|point| point[0]).fold(*r, f64::min),
        [r0, r1] => {
            points.sort_by(|a, b| a[0].total_cmp(&b[0]));
            let (mut area, mut ceiling) = (0.0, *r1);
            for point in points {
                if point[1] < ceiling {
                    area += (r0 - point[0]) * (ceiling - point[1]);
                    ceiling = point[1];
                }
            }
            area
        }
        [r0, r1, r2] => {
            points.sort_by(|a, b| a[2].total_cmp(&b[2]));
            let mut stairs = Staircase { steps: Vec::with_capacity(points.len()), corner: [*r0, *r1] };
            let (mut area, mut volume) = (0.0, 0.0);
            for (index, point) in points.iter().enumerate() {
                area += stairs.add([point[0], point[1]]);
                let next = points.get(index + 1).map_or(*r2, |next| next[2]);
                volume += area * (next - point[2]);
            }
            volume
        }
        [rest @ .., last] => wfg(points, rest, *last),
    }
}

/// The sum of what each point adds to those that are better in the last objective.
fn wfg(mut points: Vec<&[f64]>, rest: &[f64], last: f64) -> f64 {
    let d = rest.len();
    points.sort_by(|a, b| b[d].total_cmp(&a[d]).then_with(|| lexicographic(a, b)));
    let mut sum = 0.0;
    for (index, point) in points.iter().enumerate() {
        let own: f64 = rest.iter().zip(*point).map(|(r, x)| r - x).product();
        // What later points dominate of this one's box, in which the last objective is this one's.
        let limited: Vec<Vec<f64>> = points[index + 1..]
            .iter()
            .map(|other| other[..d].iter().zip(*point).map(|(x, y)| x.max(*y)).collect())
            .collect();
        let shared = if d > 3 { undominated(&limited) } else { limited.iter().map(Vec::as_slice).collect() };
        sum += (own - volume(shared, rest)) * (last - point[d]);
    }
    sum
}

/// The points that no other dominates, without copies.
fn undominated(points: &[Vec<f64>]) -> Vec<&[f64]> {
    let mut order: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
    order.sort_by(|a, b| lexicographic(a, b));
    order.dedup();
    let mut kept: Vec<&[f64]> = Vec::new();
    for point in order {
        if !kept.iter().any(|other| dominates(other, point)) {
            kept.push(point);
        }
    }
    kept
}

/// The area dominated by points of the plane, kept as the points at its corners.
struct Staircase {
    /// Ascending in the first coordinate, descending in the second.
    steps: Vec<[f64; 2]>,
    corner: [f64; 2],
}

impl Staircase {
    /// Adds a point and returns the area that it adds.
    fn add(&mut self, [x, y]: [f64; 2]) -> f64 {
        let after = self.steps.partition_point(|step| step[0] <= x);
        let mut ceiling = match after.checked_sub(1) {
            Some(before) => self.steps[before][1],
            None => self.corner[1],
        };
        if ceiling <= y {
            return 0.0;
        }
        let first = if after > 0 && self.steps[after - 1][0] == x { after - 1 } else { after };
        let (mut area, mut left, mut end) = (0.0, x, after);
        while let Some(&[right, height]) = self.steps.get(end).filter(|step| step[1] >= y) {
            area += (right - left) * (ceiling - y);
            (left, ceiling) = (right, height);
            end += 1;
        }
        let right = self.steps.get(end).map_or(self.corner[0], |step| step[0]);
        area += (right - left) * (ceiling - y);
        self.steps.splice(first..end, [[x, y]]);
        area
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Points at distances 1.0 to 1.2 from the origin, some of them dominated or outside the reference
    /// point, from a linear congruential generator, so that other programs can make the same ones.
    fn cloud(n: usize, m: usize) -> Vec<Vec<f64>> {
        let mut state = 7_u64;
        let mut draw = || {
            state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
            (state >> 8) as f64 / 8_388_608.0
        };
        (0..n)
            .map(|_| {
                let direction: Vec<f64> = (0..m).map(|_| draw() + 1e-3).collect();
                let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
                let scale = (1.0 + 0.2 * draw()) / length;
                direction.into_iter().map(|x| x * scale).collect()
            })
            .collect()
    }

    /// `HV(ref_point=np.full(m, 1.1))` of pymoo 0.6.2 for the same points.
    #[test]
    fn values_agree_with_pymoo() {
        for (n, m, expected) in PYMOO {
            let value = hypervolume(&cloud(n, m), &vec![1.1; m]);
            assert!((value - expected).abs() < 1e-12, "{n} points, {m} objectives: {value}, {expected}");
        }
    }

    const PYMOO: [(usize, usize, f64); 8] = [
        (100, 2, 0.35133223058625823),
        (1000, 2, 0.4006519937148652),
        (100, 3, 0.6018072967750399),
        (500, 3, 0.6805838565756089),
        (50, 4, 0.6221932791141357),
        (200, 4, 0.799585321604274),
        (60, 5, 0.7036541084145105),
        (40, 6, 0.7033509486603011),
    ];

    #[test]
    fn hand_made_values() {
        assert_eq!(hypervolume(&[], &[1.0, 1.0]), 0.0);
        assert_eq!(hypervolume(&[vec![0.25]], &[1.0]), 0.75);
        assert_eq!(hypervolume(&[vec![1.0, 2.0], vec![2.0, 1.0]], &[3.0, 3.0]), 3.0);
        // Two boxes of 1 x 1 x 2 that share a unit cube, one outside, one undefined.
        let points =
            [vec![1.0, 1.0, 0.0], vec![1.0, 0.0, 1.0], vec![2.0, 0.0, 0.0], vec![f64::NAN, 0.0, 0.0]];
        assert_eq!(hypervolume(&points, &[2.0, 2.0, 2.0]), 3.0);
        assert_eq!(hypervolume(&[vec![0.0; 5]], &[2.0; 5]), 32.0);
    }

    /// The volume by inclusion and exclusion over all subsets.
    fn inclusion_exclusion(points: &[Vec<f64>], reference: &[f64]) -> f64 {
        (1_u32..1 << points.len())
            .map(|subset| {
                let chosen: Vec<&Vec<f64>> =
                    points.iter().enumerate().filter(|(i, _)| subset >> i & 1 == 1).map(|(_, p)| p).collect();
                let volume: f64 = reference
                    .iter()
                    .enumerate()
                    .map(|(j, r)| (r - chosen.iter().map(|p| p[j]).fold(0.0, f64::max)).max(0.0))
                    .product();
                if chosen.len() % 2 == 1 { volume } else { -volume }
            })
            .sum()
    }

    fn grid_points(rows: &[Vec<u8>], m: usize) -> Vec<Vec<f64>> {
        rows.iter().map(|row| row[..m].iter().map(|&x| f64::from(x) / 8.0).collect()).collect()
    }

    proptest! {
        #[test]
        fn values_follow_the_definition(
            m in 1_usize..7,
            rows in prop::collection::vec(prop::collection::vec(0_u8..10, 6), 0..9),
        ) {
            let points = grid_points(&rows, m);
            let reference = vec![1.0; m];
            let expected = inclusion_exclusion(&points, &reference);
            prop_assert!((hypervolume(&points, &reference) - expected).abs() < 1e-12);
        }

        #[test]
        fn order_does_not_matter_and_more_is_never_less(
            m in 2_usize..6,
            rows in prop::collection::vec(prop::collection::vec(0_u8..9, 5), 1..25),
            shift in 0_usize..25,
            steps in prop::collection::vec(0_u8..3, 5),
        ) {
            let mut points = grid_points(&rows, m);
            let reference = vec![1.0; m];
            let before = hypervolume(&points, &reference);
            let n = points.len();
            points.rotate_left(shift % n);
            prop_assert!((hypervolume(&points, &reference) - before).abs() < 1e-13);
            points.reverse();
            prop_assert!((hypervolume(&points, &reference) - before).abs() < 1e-13);

            // A point behind one that is there adds nothing; one before it does not take away.
            let worse = points[0].iter().zip(&steps).map(|(x, &s)| x + f64::from(s) / 8.0).collect();
            let better: Vec<f64> = points[0].iter().zip(&steps).map(|(x, &s)| x - f64::from(s) / 8.0).collect();
            points.push(worse);
            prop_assert!((hypervolume(&points, &reference) - before).abs() < 1e-13);
            points.push(better);
            prop_assert!(hypervolume(&points, &reference) >= before - 1e-13);
        }
    }
}
