//! Crystals and their changes for the tests of the fingerprints.

use druse_representations::nalgebra::{Matrix3, Rotation3, Vector3};
use druse_representations::{Crystal, Element, Lattice, Occupant};
use proptest::prelude::*;

pub fn el(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

prop_compose! {
    /// Up to six atoms of three elements in cells from compact to very skew.
    pub fn any_crystal()(
        lengths in prop::array::uniform3(2.0..7.0f64),
        off in prop::array::uniform3(-1.0..1.0f64),
        shear in prop::array::uniform6(-3i32..=3),
        atoms in prop::collection::vec((0..3_usize, prop::array::uniform3(-2.0..2.0f64)), 1..7),
    ) -> Crystal {
        let compact = Matrix3::new(lengths[0], 0.0, 0.0, off[0], lengths[1], 0.0, off[1], off[2], lengths[2]);
        let lower = Matrix3::new(1, 0, 0, shear[0], 1, 0, shear[1], shear[2], 1).map(f64::from);
        let upper = Matrix3::new(1, shear[3], shear[4], 0, 1, shear[5], 0, 0, 1).map(f64::from);
        let elements = ["Na", "Cl", "O"].map(el);
        let atoms = atoms.into_iter().map(|(element, frac)| (elements[element], frac));
        Crystal::ordered(Lattice::from_matrix(lower * upper * compact), atoms)
    }
}

prop_compose! {
    /// What does not change a crystal: another cell, twice as large, another origin and order, another
    /// orientation or the mirror image.
    pub fn any_setting()(
        angles in prop::array::uniform3(-3.0..3.0f64),
        shift in prop::array::uniform3(-1.0..1.0f64),
        shear in prop::array::uniform3(-2i32..=2),
        mirror in any::<bool>(),
        axis in 0..3_usize,
    ) -> Setting {
        Setting { angles, shift, shear, mirror, axis }
    }
}

#[derive(Clone, Debug)]
pub struct Setting {
    angles: [f64; 3],
    shift: [f64; 3],
    shear: [i32; 3],
    mirror: bool,
    axis: usize,
}

impl Setting {
    /// The same crystal in this setting.
    pub fn of(&self, crystal: &Crystal) -> Crystal {
        let mut doubled = *crystal.lattice.matrix();
        doubled.row_mut(self.axis).scale_mut(2.0);
        let shear =
            Matrix3::new(1, self.shear[0], self.shear[1], 0, 1, self.shear[2], 0, 0, 1).map(f64::from);
        let back = shear.try_inverse().unwrap();
        let mut turn = *Rotation3::from_euler_angles(self.angles[0], self.angles[1], self.angles[2]).matrix();
        if self.mirror {
            turn = -turn;
        }
        let mut sites = Vec::new();
        for copy in [0.0, 1.0] {
            for site in crystal.sites.iter().rev() {
                let mut site = site.clone();
                site.frac[self.axis] = (site.frac[self.axis] + copy) / 2.0;
                site.frac = back.tr_mul(&(site.frac + Vector3::from(self.shift)));
                sites.push(site);
            }
        }
        Crystal { lattice: Lattice::from_matrix(shear * doubled * turn), sites }
    }
}

/// Every atom moved by at most `most` (Å), in directions given by numbers in -1..1.
pub fn moved(crystal: &Crystal, directions: &[[f64; 3]], most: f64) -> Crystal {
    let mut moved = crystal.clone();
    for (site, direction) in moved.sites.iter_mut().zip(directions) {
        let step = Vector3::from(*direction) * (most / 3f64.sqrt());
        site.frac += crystal.lattice.to_fractional(&step).unwrap();
    }
    moved
}

/// The first site shared by its element and another.
pub fn shared(mut crystal: Crystal, element: Element, share: f64) -> Crystal {
    let first = &mut crystal.sites[0].occupants;
    first[0].occupancy = 1.0 - share;
    first.push(Occupant { element, occupancy: share });
    crystal
}

/// Distances from a site to its `k` nearest copies of `members`, by looking at every copy in a box.
pub fn neighbours_by_force(crystal: &Crystal, site: usize, members: &[usize], k: usize) -> Vec<f64> {
    let spacings = crystal.lattice.plane_spacings();
    let mut radius = 5.0;
    loop {
        let mut distances = Vec::new();
        for &other in members {
            let d = crystal.sites[other].frac - crystal.sites[site].frac;
            let range = |axis: usize| {
                let reach = radius / spacings[axis] + 1e-6;
                (-d[axis] - reach).floor() as i32..=(-d[axis] + reach).ceil() as i32
            };
            for x in range(0) {
                for y in range(1) {
                    for z in range(2) {
                        let n = Vector3::new(f64::from(x), f64::from(y), f64::from(z));
                        let distance = crystal.lattice.to_cartesian(&(d + n)).norm();
                        if distance <= radius && (other != site || [x, y, z] != [0, 0, 0]) {
                            distances.push(distance);
                        }
                    }
                }
            }
        }
        if distances.len() >= k {
            distances.sort_by(f64::total_cmp);
            distances.truncate(k);
            return distances;
        }
        radius *= 1.3;
    }
}
