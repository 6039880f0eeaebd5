//! The Wyckoff positions of all space groups in one table, with features that mean the same in every group.

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::LazyLock;

use druse_representations::symmetry::CrystalSystem;
use druse_representations::wyckoff::{WyckoffPosition, positions, space_group};

/// Numbers that describe a position.
pub const POSITION_FEATURES: usize = 32;
/// Numbers that describe a space group.
pub const GROUP_FEATURES: usize = 16;

/// A Wyckoff position in the table.
#[derive(Clone, Copy, Debug)]
pub struct PositionEntry {
    /// Number of the space group.
    pub group: u8,
    /// Wyckoff letter.
    pub letter: char,
    /// Atoms per primitive cell.
    pub atoms: usize,
    /// Free parameters, 0 to 3.
    pub freedom: usize,
    /// Place of the oriented site-symmetry symbol among all of them.
    pub site_symmetry: usize,
}

/// Wyckoff positions of all space groups, group by group, `a` first.
#[derive(Debug)]
pub struct PositionTable {
    entries: Vec<PositionEntry>,
    starts: Vec<usize>,
    features: Vec<[f32; POSITION_FEATURES]>,
    group_features: Vec<[f32; GROUP_FEATURES]>,
    site_symmetries: usize,
}

/// The table, made once.
pub fn position_table() -> &'static PositionTable {
    static TABLE: LazyLock<PositionTable> = LazyLock::new(PositionTable::new);
    &TABLE
}

impl PositionTable {
    fn new() -> Self {
        let symbols: BTreeSet<&str> =
            (1..=230).flat_map(|group| positions(group).iter().map(WyckoffPosition::site_symmetry)).collect();
        let symbols: Vec<&str> = symbols.into_iter().collect();
        let (mut entries, mut starts, mut features, mut group_features) =
            (Vec::new(), vec![0], Vec::new(), Vec::new());
        for group in 1..=230 {
            let Some(space_group) = space_group(group) else { continue };
            group_features.push(features_of_group(group));
            for position in space_group.positions() {
                entries.push(PositionEntry {
                    group,
                    letter: position.letter(),
                    atoms: position.primitive_multiplicity(),
                    freedom: position.degrees_of_freedom(),
                    site_symmetry: symbols.binary_search(&position.site_symmetry()).unwrap_or(0),
                });
                features.push(features_of_position(position, space_group.order()));
            }
            starts.push(entries.len());
        }
        Self { entries, starts, features, group_features, site_symmetries: symbols.len() }
    }

    /// All positions.
    pub fn entries(&self) -> &[PositionEntry] {
        &self.entries
    }

    /// Places of the positions of a space group (1 to 230); empty for another number.
    pub fn group(&self, group: u8) -> Range<usize> {
        let place = usize::from(group);
        if (1..self.starts.len()).contains(&place) {
            self.starts[place - 1]..self.starts[place]
        } else {
            0..0
        }
    }

    /// The positions of a space group.
    pub fn of_group(&self, group: u8) -> &[PositionEntry] {
        &self.entries[self.group(group)]
    }

    /// Place of the position with this letter.
    pub fn find(&self, group: u8, letter: char) -> Option<usize> {
        self.group(group).find(|&place| self.entries[place].letter == letter)
    }

    /// Largest number of positions of a group.
    pub fn widest(&self) -> usize {
        self.starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
    }

    /// Features of all positions, one row each.
    pub fn features(&self) -> &[[f32; POSITION_FEATURES]] {
        &self.features
    }

    /// Features of all space groups, one row each.
    pub fn group_features(&self) -> &[[f32; GROUP_FEATURES]] {
        &self.group_features
    }

    /// Number of different site-symmetry symbols.
    pub fn site_symmetries(&self) -> usize {
        self.site_symmetries
    }
}

/// The position itself in its table of moyo.
impl PositionEntry {
    /// The position with its operations.
    pub fn position(&self) -> Option<&'static WyckoffPosition> {
        druse_representations::wyckoff::position(self.group, self.letter)
    }
}

/// Multiplicity, order of the site symmetry, freedom, the representative point (waves along the axes), and
/// how it moves with the free parameters.
fn features_of_position(position: &WyckoffPosition, order: usize) -> [f32; POSITION_FEATURES] {
    let mut features = [0.0; POSITION_FEATURES];
    let atoms = position.primitive_multiplicity() as f64;
    features[0] = (atoms.ln() / 2.0) as f32;
    features[1] = ((order as f64 / atoms).ln() / 2.0) as f32;
    features[2] = ((position.multiplicity() as f64).ln() / 2.0) as f32;
    features[3 + position.degrees_of_freedom()] = 1.0;
    let origin = position.representative(&[0.0; 3]);
    for axis in 0..3 {
        for (k, frequency) in [1.0, 2.0].into_iter().enumerate() {
            let angle = TAU * frequency * origin[axis];
            features[7 + axis * 4 + 2 * k] = angle.cos() as f32;
            features[8 + axis * 4 + 2 * k] = angle.sin() as f32;
        }
    }
    for parameter in 0..position.degrees_of_freedom() {
        let mut free = [0.0; 3];
        free[parameter] = 1.0;
        let direction = position.representative(&free) - origin;
        for axis in 0..3 {
            features[19 + 3 * parameter + axis] = direction[axis] as f32;
        }
    }
    features
}

/// Crystal system, centring and order of the point group, polar directions and inversion.
fn features_of_group(group: u8) -> [f32; GROUP_FEATURES] {
    let mut features = [0.0; GROUP_FEATURES];
    let (Some(system), Some(space_group)) = (CrystalSystem::of(group), space_group(group)) else {
        return features;
    };
    features[system as usize] = 1.0;
    features[7] = space_group.centring_order() as f32 / 4.0;
    features[8] = ((space_group.order() as f64).ln() / 4.0) as f32;
    let inverts = space_group.rotations().iter().any(|r| *r == -nalgebra::Matrix3::<i32>::identity());
    features[9] = f32::from(u8::from(inverts));
    for axis in 0..3 {
        let mut e = nalgebra::Vector3::zeros();
        e[axis] = 1;
        let polar = space_group.rotations().iter().all(|rotation| rotation * e == e);
        features[10 + axis] = f32::from(u8::from(polar));
    }
    let symmorphic = space_group.translations()[..space_group.order()].iter().all(|t| t.norm() < 1e-9);
    features[13] = f32::from(u8::from(symmorphic));
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_found_where_it_is() {
        let table = position_table();
        assert_eq!(table.entries().len(), 1731);
        assert_eq!(table.widest(), 27);
        for (place, entry) in table.entries().iter().enumerate() {
            assert_eq!(table.find(entry.group, entry.letter), Some(place));
        }
        assert!(table.group(0).is_empty() && table.group(231).is_empty());
        assert_eq!(table.of_group(225)[0].letter, 'a');
    }
}
