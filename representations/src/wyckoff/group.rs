//! A space group in its standard setting: operations, centring and Wyckoff positions.

use std::sync::LazyLock;
use std::sync::OnceLock;

use moyo::data::{
    Setting, arithmetic_crystal_class_entry, hall_symbol_entry, iter_wyckoff_positions_from_hall_number,
    operations_from_number,
};
use nalgebra::{Matrix3, Vector3};

use super::parse::triplet;
use super::position::{Affine, Entry, WyckoffPosition};

/// A space group in its standard setting.
#[derive(Clone, Debug)]
pub struct SpaceGroup {
    number: u8,
    hall_number: i32,
    symbol: String,
    point_group: String,
    rotations: Vec<Matrix3<i32>>,
    translations: Vec<Vector3<f64>>,
    centring: Matrix3<i32>,
    centring_order: usize,
    positions: Vec<WyckoffPosition>,
}

impl SpaceGroup {
    fn new(number: u8) -> Option<Self> {
        let hall_number = Setting::Standard.hall_number(i32::from(number))?;
        let entry = hall_symbol_entry(hall_number)?;
        let class = arithmetic_crystal_class_entry(entry.arithmetic_number)?;
        let operations = operations_from_number(i32::from(number), Setting::Standard, false).ok()?;
        // Translations of all standard settings are multiples of 1/24; the tables hold decimals.
        let snap = |x: f64| (x * 24.0).round().rem_euclid(24.0) / 24.0;
        let rotations: Vec<Matrix3<i32>> = operations.iter().map(|op| op.rotation).collect();
        let translations: Vec<Vector3<f64>> = operations.iter().map(|op| op.translation.map(snap)).collect();
        let pairs: Option<Vec<(Affine, Affine)>> = rotations
            .iter()
            .zip(&translations)
            .map(|(rotation, &translation)| {
                let rotation = rotation.map(f64::from);
                let inverse = rotation.try_inverse()?.map(f64::round);
                Some((
                    Affine { rotation, translation },
                    Affine { rotation: inverse, translation: -(inverse * translation) },
                ))
            })
            .collect();
        let pairs = pairs?;
        let centring_order = entry.centering.order();
        let mut positions: Vec<WyckoffPosition> = iter_wyckoff_positions_from_hall_number(hall_number)
            .filter_map(|row| {
                let entry = Entry {
                    letter: row.letter,
                    multiplicity: row.multiplicity,
                    site_symmetry: row.site_symmetry,
                    coordinates: row.coordinates,
                    triplet: triplet(row.coordinates)?,
                };
                Some(WyckoffPosition::new(&entry, &pairs, centring_order))
            })
            .collect();
        positions.reverse(); // the tables begin with the general position
        Some(Self {
            number,
            hall_number,
            symbol: entry.hm_short.replace(' ', ""),
            point_group: class.geometric_crystal_class.to_string(),
            rotations,
            translations,
            centring: entry.centering.linear(),
            centring_order,
            positions,
        })
    }

    /// Number in the International Tables, 1 to 230.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Hall number of the setting, 1 to 530.
    pub fn hall_number(&self) -> i32 {
        self.hall_number
    }

    /// Short Hermann-Mauguin symbol, for instance `Fd-3m` or `P2_1/c`.
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Symbol of the point group, for instance `m-3m`.
    pub fn point_group(&self) -> &str {
        &self.point_group
    }

    /// Rotation parts of the operations of the conventional cell, acting on columns of fractional
    /// coordinates. The first [`Self::order`] form a transversal without centring translations.
    pub fn rotations(&self) -> &[Matrix3<i32>] {
        &self.rotations
    }

    /// Translation parts that belong to [`Self::rotations`], multiples of 1/24 in [0, 1).
    pub fn translations(&self) -> &[Vector3<f64>] {
        &self.translations
    }

    /// Order of the point group: operations, and sites of the general position, per primitive cell.
    pub fn order(&self) -> usize {
        self.rotations.len() / self.centring_order
    }

    /// Lattice points per conventional cell: 1 (P), 2 (A, C, I), 3 (R) or 4 (F).
    pub fn centring_order(&self) -> usize {
        self.centring_order
    }

    /// Matrix Q whose columns are the conventional vectors in terms of the primitive ones:
    /// `x_primitive = Q x_conventional` for columns of fractional coordinates.
    pub fn centring(&self) -> &Matrix3<i32> {
        &self.centring
    }

    /// Wyckoff positions from `a` to the general position.
    pub fn positions(&self) -> &[WyckoffPosition] {
        &self.positions
    }
}

/// The space group with this number; `None` outside 1..=230.
pub fn space_group(number: u8) -> Option<&'static SpaceGroup> {
    static GROUPS: LazyLock<Vec<OnceLock<Option<SpaceGroup>>>> =
        LazyLock::new(|| (0..230).map(|_| OnceLock::new()).collect());
    let cell = GROUPS.get(usize::from(number).checked_sub(1)?)?;
    cell.get_or_init(|| SpaceGroup::new(number)).as_ref()
}

#[cfg(test)]
mod tests {
    use super::super::position::GENERIC;
    use super::*;
    use crate::wyckoff::{position, positions};

    #[test]
    fn all_groups_have_their_positions() {
        let mut count = 0;
        for number in 1..=230 {
            let group = space_group(number).unwrap();
            let positions = group.positions();
            let general = positions.last().unwrap();
            assert_eq!(general.degrees_of_freedom(), 3, "group {number}");
            assert_eq!(general.multiplicity(), group.rotations().len(), "group {number}");
            for (index, position) in positions.iter().enumerate() {
                let letter = if index == 26 { 'A' } else { char::from(b'a' + index as u8) };
                assert_eq!(position.letter(), letter, "group {number}");
            }
            count += positions.len();
        }
        // Number of Wyckoff positions of the 230 space groups (International Tables A, as counted
        // by the Bilbao Crystallographic Server).
        assert_eq!(count, 1731);
        assert!(positions(0).is_empty() && positions(231).is_empty());
    }

    #[test]
    fn orbits_have_their_multiplicities() {
        for number in 1..=230 {
            let group = space_group(number).unwrap();
            for position in group.positions() {
                let points = position.coordinates(&GENERIC);
                assert_eq!(points.len(), position.multiplicity(), "{number}{}", position.letter());
                assert_eq!(
                    position.primitive_coordinates(&GENERIC).len() * group.centring_order(),
                    position.multiplicity()
                );
                // The primitive points differ modulo the primitive lattice as well.
                let q = group.centring().map(f64::from);
                let primitive: Vec<_> =
                    position.primitive_coordinates(&GENERIC).iter().map(|x| q * x).collect();
                for (i, x) in primitive.iter().enumerate() {
                    for y in &primitive[..i] {
                        assert!(!super::super::position::same_point(x, y, 1e-6));
                    }
                }
            }
        }
    }

    #[test]
    fn parameters_come_back_from_every_orbit_point() {
        for number in 1..=230 {
            for position in positions(number) {
                let free = &GENERIC[..position.degrees_of_freedom()];
                for point in position.coordinates(free) {
                    let solutions: Vec<Vec<f64>> = position.all_parameters_of(&point, 1e-8).collect();
                    let found = solutions
                        .iter()
                        .any(|solution| solution.iter().zip(free).all(|(x, y)| (x - y).abs() < 1e-8));
                    assert!(found, "{number}{} {point} {solutions:?}", position.letter());
                    let best = position.parameters_of(&point, 1e-8).unwrap();
                    let again = position.coordinates(&best);
                    assert!(again.iter().any(|x| super::super::position::same_point(x, &point, 1e-8)));
                }
            }
        }
    }

    #[test]
    fn known_entries() {
        let group = space_group(227).unwrap();
        assert_eq!((group.symbol(), group.point_group()), ("Fd-3m", "m-3m"));
        let e = position(227, 'e').unwrap();
        assert_eq!((e.multiplicity(), e.primitive_multiplicity(), e.site_symmetry()), (32, 8, ".3m"));
        assert_eq!(e.degrees_of_freedom(), 1);
        assert_eq!(position(47, 'A').unwrap().multiplicity(), 8);
        let a = position(225, 'a').unwrap();
        assert!(a.parameters_of(&Vector3::new(0.5, 0.5, 0.0), 1e-6).is_some());
        assert!(a.parameters_of(&Vector3::new(0.5, 0.5, 0.5), 1e-6).is_none());
    }
}
