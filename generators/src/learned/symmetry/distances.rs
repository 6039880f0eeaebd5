//! Distances between orbits that are already placed.

use druse_datasets::elements::covalent_radius;
use druse_representations::wyckoff::{WyckoffPosition, space_group};
use druse_representations::{Element, Lattice};
use nalgebra::{Matrix3, Vector3};

/// Features of a pair of orbits.
pub const ORBIT_FEATURES: usize = 18;
/// Gaussians over the distance in units of the sum of covalent radii.
const GAUSSIANS: usize = 16;
/// Range of those Gaussians.
const SCALE: [f32; 2] = [0.5, 2.75];
/// Atoms nearer than this many sums of covalent radii are neighbours, with a soft edge.
const NEIGHBOUR: f32 = 1.35;
const SOFTNESS: f32 = 0.08;

/// A primitive cell in which orbits are placed.
#[derive(Clone, Debug)]
pub struct Placement {
    lattice: Lattice,
    to_primitive: Matrix3<f64>,
    /// Columns are vectors.
    matrix: Matrix3<f32>,
    images: Vec<Vector3<f32>>,
}

/// The atoms of an orbit in primitive coordinates.
#[derive(Clone, Debug)]
pub struct PlacedOrbit {
    /// Primitive fractional coordinates.
    pub points: Vec<Vector3<f64>>,
    radius: f32,
}

impl Placement {
    /// The primitive cell of a conventional one; `None` for an impossible cell.
    pub fn new(group: u8, cell: [f64; 6]) -> Option<Self> {
        let to_primitive = space_group(group)?.centring().map(f64::from);
        let conventional = Lattice::from_parameters(cell).ok()?;
        let lattice = Lattice::from_matrix(to_primitive.try_inverse()?.transpose() * conventional.matrix());
        let matrix = lattice.matrix().transpose().map(|x| x as f32);
        let mut images = Vec::with_capacity(27);
        for i in -1..=1 {
            for j in -1..=1 {
                for k in -1..=1 {
                    images.push(matrix * Vector3::new(i as f32, j as f32, k as f32));
                }
            }
        }
        Some(Self { lattice, to_primitive, matrix, images })
    }

    /// The lattice of the primitive cell.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Takes conventional to primitive coordinates.
    pub fn to_primitive(&self) -> &Matrix3<f64> {
        &self.to_primitive
    }

    /// The atoms of an orbit.
    pub fn orbit(&self, element: Element, position: &WyckoffPosition, free: &[f64]) -> PlacedOrbit {
        let points = position.primitive_coordinates(free).iter().map(|x| self.to_primitive * x).collect();
        PlacedOrbit { points, radius: covalent_radius(element).unwrap_or(1.6) as f32 }
    }

    /// What the first atom of one orbit sees of the other: Gaussians over the smallest distance in sums of covalent
    /// radii, that distance itself, and the logarithm of one plus the number of neighbours. Images beyond the
    /// nearest 27 cells are not looked at, which matters only in very skew cells.
    pub fn features(&self, from: &PlacedOrbit, to: &PlacedOrbit, same: bool) -> [f32; ORBIT_FEATURES] {
        let mut features = [0.0; ORBIT_FEATURES];
        let Some(first) = from.points.first() else { return features };
        let sum = from.radius + to.radius;
        let (mut nearest, mut neighbours) = (f32::INFINITY, 0.0);
        for (k, point) in to.points.iter().enumerate() {
            let difference = self.matrix * (point - first).map(|d| (d - d.round()) as f32);
            for image in &self.images {
                let squared = (difference + image).norm_squared();
                if same && k == 0 && squared < 1e-6 {
                    continue;
                }
                nearest = nearest.min(squared);
                if squared < (1.8 * sum) * (1.8 * sum) {
                    neighbours += 1.0 / (1.0 + ((squared.sqrt() / sum - NEIGHBOUR) / SOFTNESS).exp());
                }
            }
        }
        let ratio = nearest.sqrt() / sum;
        let step = (SCALE[1] - SCALE[0]) / (GAUSSIANS - 1) as f32;
        for (k, feature) in features[..GAUSSIANS].iter_mut().enumerate() {
            let z = (ratio - SCALE[0] - step * k as f32) / step;
            *feature = (-0.5 * z * z).exp();
        }
        features[GAUSSIANS] = ratio.min(4.0) - 1.0;
        features[GAUSSIANS + 1] = f32::ln(1.0 + neighbours);
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototype;

    #[test]
    fn rock_salt_has_six_neighbours() {
        let code = prototype("rocksalt").unwrap().code();
        let placement = Placement::new(code.space_group, code.cell).unwrap();
        let orbits: Vec<PlacedOrbit> = code
            .orbits
            .iter()
            .map(|o| placement.orbit(o.element, o.position(code.space_group).unwrap(), &o.free))
            .collect();
        let sum = orbits[0].radius + orbits[1].radius;
        let features = placement.features(&orbits[0], &orbits[1], false);
        let ratio = code.cell[0] as f32 / 2.0 / sum;
        assert!((features[GAUSSIANS] - (ratio - 1.0)).abs() < 1e-3);
        let neighbours = features[GAUSSIANS + 1].exp() - 1.0;
        assert!((neighbours - 6.0).abs() < 0.5, "{neighbours}");
        let own = placement.features(&orbits[0], &orbits[0], true);
        let ratio = code.cell[0] as f32 / 2f32.sqrt() / (2.0 * orbits[0].radius);
        assert!((own[GAUSSIANS] - (ratio - 1.0)).abs() < 1e-3);
    }
}
