//! Rigid placement of one ligand on its sites.

use druse_representations::nalgebra::{Matrix3, Vector3};

type Point = Vector3<f64>;

/// Rounds of rotation and shift; the two influence each other little.
const ROUNDS: usize = 5;
/// Damping of the shift: keeps it small along directions that change no distance.
const DAMPING: f64 = 0.05;

/// The proper rotation that turns unit vectors onto others with the least sum of squared
/// differences (Kabsch, Acta Cryst. A 32, 922 (1976)).
pub(super) fn rotation(from: &[Point], to: &[Point]) -> Matrix3<f64> {
    let correlation: Matrix3<f64> = from.iter().zip(to).map(|(f, t)| t * f.transpose()).sum();
    let svd = correlation.svd(true, true);
    // Both matrices were asked for.
    let (Some(u), Some(v_t)) = (svd.u, svd.v_t) else { return Matrix3::identity() };
    let mut sign = Matrix3::identity();
    // The singular values are in descending order: the last costs least to turn over.
    sign[(2, 2)] = (u * v_t).determinant().signum();
    u * sign * v_t
}

/// The points that stand for the donors: the atom, or the centre of a haptic group.
pub(super) fn donor_points(points: &[Point], donors: &[Vec<usize>]) -> Vec<Point> {
    let centre =
        |group: &Vec<usize>| group.iter().map(|&atom| points[atom]).sum::<Point>() / group.len() as f64;
    donors.iter().map(centre).collect()
}

/// Distance from the metal to the centre of a haptic group whose atoms are at `distance`.
pub(super) fn centre_distance(points: &[Point], group: &[usize], distance: f64) -> f64 {
    let centre = group.iter().map(|&atom| points[atom]).sum::<Point>() / group.len() as f64;
    let spread =
        group.iter().map(|&atom| (points[atom] - centre).norm_squared()).sum::<f64>() / group.len() as f64;
    // A group wider than the distance cannot be bound face on; 1 Å keeps it clear of the metal.
    (distance * distance - spread).max(1.0).sqrt()
}

/// Turns and shifts a ligand so that its donors point to the sites at the wanted distances. Returns
/// the largest angle (degrees) that is left between a donor and its site.
pub(super) fn place(points: &mut [Point], donors: &[Vec<usize>], sites: &[Point], distances: &[f64]) -> f64 {
    for round in 0..ROUNDS {
        let units: Vec<Point> = donor_points(points, donors).iter().map(unit).collect();
        let turn = rotation(&units, sites);
        for point in points.iter_mut() {
            *point = turn * *point;
        }
        if round + 1 < ROUNDS {
            let shift = shift(&donor_points(points, donors), distances);
            for point in points.iter_mut() {
                *point += shift;
            }
        }
    }
    donor_points(points, donors)
        .iter()
        .zip(sites)
        .map(|(donor, site)| unit(donor).dot(site).clamp(-1.0, 1.0).acos().to_degrees())
        .fold(0.0, f64::max)
}

/// The shift that brings the donors to their distances from the metal, by damped least squares.
fn shift(donors: &[Point], distances: &[f64]) -> Point {
    let mut normal = Matrix3::identity() * DAMPING;
    let mut right = Point::zeros();
    for (donor, distance) in donors.iter().zip(distances) {
        let direction = unit(donor);
        normal += direction * direction.transpose();
        right += direction * (distance - donor.norm());
    }
    normal.try_inverse().map_or_else(Point::zeros, |inverse| inverse * right)
}

pub(super) fn unit(vector: &Point) -> Point {
    vector.try_normalize(1e-9).unwrap_or_else(Point::z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn direction() -> impl Strategy<Value = Point> {
        prop::array::uniform3(-1.0..1.0).prop_map(Point::from).prop_filter("long enough", |v| v.norm() > 0.1)
    }

    proptest! {
        #[test]
        fn a_rotation_is_found_again(axis in direction(), angle in -3.1f64..3.1, vectors in prop::collection::vec(direction(), 3..6)) {
            let turn = *druse_representations::nalgebra::Rotation3::from_scaled_axis(axis.normalize() * angle).matrix();
            let from: Vec<Point> = vectors.iter().map(unit).collect();
            let spread: Matrix3<f64> = from.iter().map(|f| f * f.transpose()).sum();
            prop_assume!(spread.symmetric_eigenvalues().iter().filter(|&&x| x > 0.01).count() >= 2);
            let to: Vec<Point> = from.iter().map(|f| turn * f).collect();
            prop_assert!((rotation(&from, &to) - turn).norm() < 1e-6);
        }

        #[test]
        fn single_donors_end_on_their_site(start in direction(), site in direction(), distance in 1.5f64..2.5) {
            let mut points = vec![start * 3.0, start * 4.0];
            let left = place(&mut points, &[vec![0]], &[site.normalize()], &[distance]);
            prop_assert!(left < 1e-3);
            prop_assert!((points[0] - site.normalize() * distance).norm() < 1e-4);
            prop_assert!(points[1].norm() > distance);
        }
    }

    #[test]
    fn mirror_images_do_not_fit() {
        let from = [Point::x(), Point::y(), Point::z()];
        let to = [Point::y(), Point::x(), Point::z()];
        let turn = rotation(&from, &to);
        assert!((turn.determinant() - 1.0).abs() < 1e-12);
    }
}
