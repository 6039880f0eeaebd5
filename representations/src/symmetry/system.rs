//! The seven crystal systems and what they demand of the conventional cell.

use serde::{Deserialize, Serialize};

/// Crystal system of a space group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrystalSystem {
    /// Space groups 1-2; no constraint.
    Triclinic,
    /// Space groups 3-15; unique axis b: alpha = gamma = 90°.
    Monoclinic,
    /// Space groups 16-74; right angles.
    Orthorhombic,
    /// Space groups 75-142; a = b, right angles.
    Tetragonal,
    /// Space groups 143-167, also the rhombohedral ones, in hexagonal axes: a = b, gamma = 120°.
    Trigonal,
    /// Space groups 168-194; a = b, gamma = 120°.
    Hexagonal,
    /// Space groups 195-230; a = b = c, right angles.
    Cubic,
}

impl CrystalSystem {
    /// Crystal system of space group `number`; `None` outside 1..=230.
    pub fn of(number: u8) -> Option<Self> {
        Some(match number {
            1..=2 => Self::Triclinic,
            3..=15 => Self::Monoclinic,
            16..=74 => Self::Orthorhombic,
            75..=142 => Self::Tetragonal,
            143..=167 => Self::Trigonal,
            168..=194 => Self::Hexagonal,
            195..=230 => Self::Cubic,
            _ => return None,
        })
    }

    /// Indices into `[a, b, c, alpha, beta, gamma]` of the parameters that may be chosen freely.
    pub fn free_cell_parameters(self) -> &'static [usize] {
        match self {
            Self::Triclinic => &[0, 1, 2, 3, 4, 5],
            Self::Monoclinic => &[0, 1, 2, 4],
            Self::Orthorhombic => &[0, 1, 2],
            Self::Tetragonal | Self::Trigonal | Self::Hexagonal => &[0, 2],
            Self::Cubic => &[0],
        }
    }

    /// The nearest cell `[a, b, c, alpha, beta, gamma]` (Å, degrees) that obeys the constraints:
    /// lengths that must be equal take their mean, fixed angles their value. Constraint-obeying
    /// cells come back unchanged.
    pub fn constrain(self, cell: [f64; 6]) -> [f64; 6] {
        let [a, b, c, _, beta, _] = cell;
        let mean = if a == b { a } else { (a + b) / 2.0 };
        match self {
            Self::Triclinic => cell,
            Self::Monoclinic => [a, b, c, 90.0, beta, 90.0],
            Self::Orthorhombic => [a, b, c, 90.0, 90.0, 90.0],
            Self::Tetragonal => [mean, mean, c, 90.0, 90.0, 90.0],
            Self::Trigonal | Self::Hexagonal => [mean, mean, c, 90.0, 90.0, 120.0],
            Self::Cubic => {
                let mean = if a == b && b == c { a } else { (a + b + c) / 3.0 };
                [mean, mean, mean, 90.0, 90.0, 90.0]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_met_and_stable() {
        let cell = [3.0, 4.0, 5.0, 80.0, 100.0, 95.0];
        for number in 1..=230 {
            let system = CrystalSystem::of(number).unwrap();
            let once = system.constrain(cell);
            assert_eq!(system.constrain(once), once);
            assert!(crate::Lattice::from_parameters(once).is_ok());
        }
        assert_eq!(CrystalSystem::of(0), None);
        assert_eq!(CrystalSystem::of(231), None);
        assert_eq!(CrystalSystem::of(166), Some(CrystalSystem::Trigonal));
        assert_eq!(CrystalSystem::Cubic.constrain(cell), [4.0, 4.0, 4.0, 90.0, 90.0, 90.0]);
    }
}
