//! A smooth penalty on the shape of molecules: springs between atoms and between centres of groups,
//! flat groups of four, and floors under the distances of all other pairs.

use super::minimise::Point4;

/// Pairs further apart than their floor plus this (Å) are left out until the next look around.
const SKIN: f64 = 1.0;

/// A spring between two atoms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spring {
    pub(super) atoms: [u32; 2],
    /// Length at rest (Å).
    pub(super) length: f64,
    pub(super) stiffness: f64,
}

/// A spring between the centres of two groups of atoms.
#[derive(Clone, Debug)]
pub(super) struct GroupSpring {
    pub(super) groups: [Vec<u32>; 2],
    pub(super) length: f64,
    pub(super) stiffness: f64,
}

/// The least distance of two atoms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Floor {
    pub(super) atoms: [u32; 2],
    pub(super) distance: f64,
}

/// Sum of all terms, in arbitrary units.
#[derive(Default)]
pub(super) struct Penalty {
    pub(super) springs: Vec<Spring>,
    pub(super) group_springs: Vec<GroupSpring>,
    /// Groups of four atoms that lie in a plane; the square of the volume they span is penalised.
    pub(super) flats: Vec<[u32; 4]>,
    pub(super) floors: Vec<Floor>,
    pub(super) floor_stiffness: f64,
    pub(super) flat_stiffness: f64,
    /// Stiffness of the fourth dimension towards zero.
    pub(super) fourth: f64,
    active: Vec<Floor>,
    looked: Vec<Point4>,
}

impl Penalty {
    pub(super) fn spring(&mut self, a: usize, b: usize, length: f64, stiffness: f64) {
        self.springs.push(Spring { atoms: [a as u32, b as u32], length, stiffness });
    }

    /// Value and gradient.
    pub(super) fn evaluate(&mut self, points: &[Point4], gradient: &mut [Point4]) -> f64 {
        self.look_around(points);
        gradient.fill([0.0; 4]);
        let mut value = 0.0;
        for spring in &self.springs {
            let [i, j] = spring.atoms.map(|atom| atom as usize);
            let (vector, distance) = between(&points[i], &points[j]);
            let off = distance - spring.length;
            value += spring.stiffness * off * off;
            pull(gradient, i, j, &vector, 2.0 * spring.stiffness * off / distance);
        }
        for floor in &self.active {
            let [i, j] = floor.atoms.map(|atom| atom as usize);
            let vector = minus(&points[i], &points[j]);
            let squared = square(&vector);
            if squared < floor.distance * floor.distance {
                let distance = squared.sqrt().max(1e-6);
                let off = distance - floor.distance;
                value += self.floor_stiffness * off * off;
                pull(gradient, i, j, &vector, 2.0 * self.floor_stiffness * off / distance);
            }
        }
        for spring in &self.group_springs {
            let centres = spring.groups.each_ref().map(|group| centre(points, group));
            let (vector, distance) = between(&centres[0], &centres[1]);
            let off = distance - spring.length;
            value += spring.stiffness * off * off;
            let force = 2.0 * spring.stiffness * off / distance;
            for (group, sign) in spring.groups.iter().zip([1.0, -1.0]) {
                for &atom in group {
                    for c in 0..4 {
                        gradient[atom as usize][c] += sign * force * vector[c] / group.len() as f64;
                    }
                }
            }
        }
        if self.flat_stiffness > 0.0 {
            for flat in &self.flats {
                value += self.flat_stiffness * flatten(points, gradient, flat, self.flat_stiffness);
            }
        }
        if self.fourth > 0.0 {
            for (point, row) in points.iter().zip(gradient.iter_mut()) {
                value += self.fourth * point[3] * point[3];
                row[3] += 2.0 * self.fourth * point[3];
            }
        }
        value
    }

    /// Collects the floors that may matter, as soon as an atom has moved half of the skin.
    fn look_around(&mut self, points: &[Point4]) {
        let limit = (SKIN / 2.0) * (SKIN / 2.0);
        let fresh = self.looked.len() == points.len()
            && self.looked.iter().zip(points).all(|(old, new)| square(&minus(old, new)) < limit);
        if fresh {
            return;
        }
        self.looked.clear();
        self.looked.extend_from_slice(points);
        self.active.clear();
        self.active.extend(self.floors.iter().filter(|floor| {
            let [i, j] = floor.atoms.map(|atom| atom as usize);
            let reach = floor.distance + SKIN;
            square(&minus(&points[i], &points[j])) < reach * reach
        }));
    }
}

fn minus(a: &Point4, b: &Point4) -> Point4 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]]
}

fn square(v: &Point4) -> f64 {
    v[0] * v[0] + v[1] * v[1] + v[2] * v[2] + v[3] * v[3]
}

/// Vector and distance; the distance is kept away from zero.
fn between(a: &Point4, b: &Point4) -> (Point4, f64) {
    let vector = minus(a, b);
    (vector, square(&vector).sqrt().max(1e-6))
}

fn pull(gradient: &mut [Point4], i: usize, j: usize, vector: &Point4, force: f64) {
    for c in 0..4 {
        gradient[i][c] += force * vector[c];
        gradient[j][c] -= force * vector[c];
    }
}

fn centre(points: &[Point4], group: &[u32]) -> Point4 {
    let mut sum = [0.0; 4];
    for &atom in group {
        for c in 0..4 {
            sum[c] += points[atom as usize][c] / group.len() as f64;
        }
    }
    sum
}

/// Square of the volume (Å⁶) that four atoms span; adds its gradient.
fn flatten(points: &[Point4], gradient: &mut [Point4], flat: &[u32; 4], stiffness: f64) -> f64 {
    let [p, q, r, s] = flat.map(|atom| points[atom as usize]);
    let edge = |to: Point4| [to[0] - p[0], to[1] - p[1], to[2] - p[2]];
    let (a, b, c) = (edge(q), edge(r), edge(s));
    let (bc, ca, ab) = (cross(b, c), cross(c, a), cross(a, b));
    let volume = a[0] * bc[0] + a[1] * bc[1] + a[2] * bc[2];
    let factor = 2.0 * stiffness * volume;
    for k in 0..3 {
        gradient[flat[1] as usize][k] += factor * bc[k];
        gradient[flat[2] as usize][k] += factor * ca[k];
        gradient[flat[3] as usize][k] += factor * ab[k];
        gradient[flat[0] as usize][k] -= factor * (bc[k] + ca[k] + ab[k]);
    }
    volume * volume
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_gradient_is_the_slope(flat in prop::collection::vec(-1.5f64..1.5, 24)) {
            let points: Vec<Point4> = flat.chunks(4).map(|c| [c[0], c[1], c[2], c[3]]).collect();
            let mut penalty = Penalty {
                group_springs: vec![GroupSpring { groups: [vec![0, 1], vec![2, 3, 4]], length: 2.0, stiffness: 1.5 }],
                flats: vec![[0, 2, 3, 5]],
                floors: vec![Floor { atoms: [1, 5], distance: 3.0 }],
                floor_stiffness: 0.7,
                flat_stiffness: 0.3,
                fourth: 0.4,
                ..Penalty::default()
            };
            penalty.spring(0, 4, 1.2, 2.0);
            let mut gradient = vec![[0.0; 4]; 6];
            penalty.evaluate(&points, &mut gradient);
            for atom in 0..6 {
                for c in 0..4 {
                    let mut at = |shift: f64| {
                        let mut moved = points.clone();
                        moved[atom][c] += shift;
                        penalty.evaluate(&moved, &mut [[0.0; 4]; 6])
                    };
                    let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                    prop_assert!((slope - gradient[atom][c]).abs() < 1e-3 * (1.0 + slope.abs()), "{} {}", slope, gradient[atom][c]);
                }
            }
        }
    }
}
