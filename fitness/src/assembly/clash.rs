//! How much ligands are in each other's way.

use druse_datasets::elements::vdw_radius;
use druse_representations::Element;
use druse_representations::nalgebra::Vector3;

/// Share of the sum of the van der Waals radii below which two atoms clash.
pub(super) const SHARE: f64 = 0.85;

/// Radius (Å) of elements beyond the table of van der Waals radii.
const UNKNOWN_RADIUS: f64 = 2.8;

/// Van der Waals radius (Å).
pub(super) fn radius(element: Element) -> f64 {
    vdw_radius(element).unwrap_or(UNKNOWN_RADIUS)
}

/// Atoms of one or more ligands as columns, in single precision: the innermost loop of assembly runs
/// over pairs of them and is written for the vectoriser.
#[derive(Clone, Default)]
pub(super) struct Cloud {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    reach: Vec<f32>,
}

impl Cloud {
    pub(super) fn new(points: &[Vector3<f64>], reach: &[f32]) -> Self {
        let column = |c: usize| points.iter().map(|p| p[c] as f32).collect();
        Self { x: column(0), y: column(1), z: column(2), reach: reach.to_vec() }
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.x.extend_from_slice(&other.x);
        self.y.extend_from_slice(&other.y);
        self.z.extend_from_slice(&other.z);
        self.reach.extend_from_slice(&other.reach);
    }

    /// The atom alone against all of this cloud: sum of squared overlaps (Å²).
    fn overlap_with(&self, x: f32, y: f32, z: f32, reach: f32) -> f32 {
        let mut sum = 0.0;
        let columns = self.x.iter().zip(&self.y).zip(&self.z).zip(&self.reach);
        for (((&ox, &oy), &oz), &other) in columns {
            let (dx, dy, dz) = (x - ox, y - oy, z - oz);
            let limit = reach + other;
            // (l² - d²) / 2l is the overlap l - d near contact and needs no square root.
            let overlap = (0.5 * (limit - (dx * dx + dy * dy + dz * dz) / limit)).max(0.0);
            sum += overlap * overlap;
        }
        sum
    }

    /// Sum over all pairs of the squared overlap (Å²).
    pub(super) fn overlap(&self, other: &Self) -> f64 {
        let columns = self.x.iter().zip(&self.y).zip(&self.z).zip(&self.reach);
        columns.map(|(((&x, &y), &z), &reach)| f64::from(other.overlap_with(x, y, z, reach))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_starts_at_the_limit() {
        let one = Cloud::new(&[Vector3::zeros()], &[1.0]);
        let at = |distance: f64| one.overlap(&Cloud::new(&[Vector3::x() * distance], &[1.2]));
        assert_eq!(at(2.3), 0.0);
        assert!((at(2.1) - 0.01).abs() < 1e-3); // 0.1 Å squared
        assert!(at(1.0) > at(1.5));
    }
}
