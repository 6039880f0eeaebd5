//! The symmetry code of a crystal: space group, conventional cell, occupied Wyckoff positions.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

use super::CrystalSystem;
use crate::composition::Composition;
use crate::crystal::{Crystal, Site};
use crate::element::Element;
use crate::lattice::{ImpossibleCell, Lattice};
use crate::wyckoff::{self, SpaceGroup, WyckoffPosition};

/// Largest relative (lengths) or absolute (angles, degrees) violation of the cell constraints.
const CELL_TOLERANCE: f64 = 1e-6;

/// An ordered crystal as space group, conventional cell and occupied Wyckoff positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SymmetryCode {
    /// Space group number, 1 to 230.
    pub space_group: u8,
    /// Conventional cell `[a, b, c, alpha, beta, gamma]` (Å, degrees) in the standard setting,
    /// obeying the constraints of the crystal system.
    pub cell: [f64; 6],
    /// Occupied Wyckoff positions.
    pub orbits: Vec<Orbit>,
}

/// An occupied Wyckoff position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orbit {
    /// Element on all points of the orbit.
    pub element: Element,
    /// Wyckoff letter.
    pub letter: char,
    /// Free parameters in [0, 1), as many as the position has degrees of freedom: the variables
    /// of its representative coordinates in the order x, y, z.
    pub free: Vec<f64>,
}

/// Why a code describes no crystal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// No such space group.
    #[error("space group {0} does not exist; expected 1 to 230")]
    UnknownSpaceGroup(u8),
    /// The space group has no such Wyckoff position.
    #[error("orbit {orbit}: space group {space_group} has no Wyckoff position '{letter}'")]
    UnknownLetter {
        /// Index of the orbit, from 0.
        orbit: usize,
        /// Space group number.
        space_group: u8,
        /// Letter found.
        letter: char,
    },
    /// Wrong number of free parameters, or one that is not finite or far outside of [0, 1).
    #[error(
        "orbit {orbit}: Wyckoff position '{letter}' takes {expected} parameters in [0, 1), found {found:?}"
    )]
    BadParameters {
        /// Index of the orbit, from 0.
        orbit: usize,
        /// Letter.
        letter: char,
        /// Number of degrees of freedom.
        expected: usize,
        /// Parameters found.
        found: Vec<f64>,
    },
    /// A position without freedom holds two orbits.
    #[error(
        "Wyckoff position '{letter}' has no free parameter and is occupied twice (orbits {first} and {second})"
    )]
    OccupiedTwice {
        /// Letter.
        letter: char,
        /// Index of one orbit, from 0.
        first: usize,
        /// Index of the other.
        second: usize,
    },
    /// The cell violates the constraints of the crystal system.
    #[error("cell {cell:?} does not obey the {system:?} constraints of space group {space_group}")]
    UnconstrainedCell {
        /// Cell found.
        cell: [f64; 6],
        /// Crystal system.
        system: CrystalSystem,
        /// Space group number.
        space_group: u8,
    },
    /// The cell spans no volume.
    #[error(transparent)]
    ImpossibleCell(#[from] ImpossibleCell),
    /// Nothing is occupied.
    #[error("the code has no orbits")]
    Empty,
}

impl Orbit {
    /// The Wyckoff position of this orbit in space group `number`.
    pub fn position(&self, number: u8) -> Option<&'static WyckoffPosition> {
        wyckoff::position(number, self.letter)
    }
}

impl SymmetryCode {
    /// The space group with its Wyckoff positions.
    ///
    /// # Errors
    /// For a number outside 1..=230.
    pub fn group(&self) -> Result<&'static SpaceGroup, CodeError> {
        wyckoff::space_group(self.space_group).ok_or(CodeError::UnknownSpaceGroup(self.space_group))
    }

    /// The crystal system.
    ///
    /// # Errors
    /// For a number outside 1..=230.
    pub fn system(&self) -> Result<CrystalSystem, CodeError> {
        CrystalSystem::of(self.space_group).ok_or(CodeError::UnknownSpaceGroup(self.space_group))
    }

    /// Checks space group, letters, numbers of parameters, cell, and that no position without
    /// freedom is occupied twice. Distances between atoms are not looked at.
    ///
    /// # Errors
    /// Names the first violation.
    pub fn validate(&self) -> Result<(), CodeError> {
        let system = self.system()?;
        if self.orbits.is_empty() {
            return Err(CodeError::Empty);
        }
        for (index, orbit) in self.orbits.iter().enumerate() {
            let position = self.position_of(index)?;
            if position.degrees_of_freedom() == 0 {
                let again = self.orbits[..index].iter().position(|other| other.letter == orbit.letter);
                if let Some(first) = again {
                    return Err(CodeError::OccupiedTwice { letter: orbit.letter, first, second: index });
                }
            }
        }
        let wanted = system.constrain(self.cell);
        let obeys = self.cell.iter().zip(wanted).enumerate().all(|(i, (x, y))| {
            let scale = if i < 3 { y.abs() } else { 1.0 };
            (x - y).abs() <= CELL_TOLERANCE * scale
        });
        if !obeys {
            let (cell, space_group) = (self.cell, self.space_group);
            return Err(CodeError::UnconstrainedCell { cell, system, space_group });
        }
        Lattice::from_parameters(self.cell)?;
        Ok(())
    }

    /// Whether [`Self::validate`] finds nothing wrong.
    pub fn is_valid(&self) -> bool {
        self.validate().is_ok()
    }

    /// Wyckoff position of an orbit, whose parameters are checked.
    pub(super) fn position_of(&self, index: usize) -> Result<&'static WyckoffPosition, CodeError> {
        let orbit = &self.orbits[index];
        let (letter, space_group) = (orbit.letter, self.space_group);
        let position = orbit.position(space_group).ok_or(CodeError::UnknownLetter {
            orbit: index,
            space_group,
            letter,
        })?;
        let expected = position.degrees_of_freedom();
        // Whole numbers do no harm; beyond this digits are lost.
        if orbit.free.len() != expected || !orbit.free.iter().all(|x| x.abs() <= 1e3) {
            let found = orbit.free.clone();
            return Err(CodeError::BadParameters { orbit: index, letter, expected, found });
        }
        Ok(position)
    }

    /// Free cell parameters plus free parameters of all orbits; 0 for an unknown space group.
    /// Shifts of the origin along polar axes are counted.
    pub fn degrees_of_freedom(&self) -> usize {
        let cell = CrystalSystem::of(self.space_group).map_or(0, |s| s.free_cell_parameters().len());
        cell + self.orbits.iter().map(|orbit| orbit.free.len()).sum::<usize>()
    }

    /// Atoms in the primitive cell; unknown letters count 0.
    pub fn primitive_atom_count(&self) -> usize {
        self.multiplicities(WyckoffPosition::primitive_multiplicity)
    }

    /// Atoms in the conventional cell; unknown letters count 0.
    pub fn conventional_atom_count(&self) -> usize {
        self.multiplicities(WyckoffPosition::multiplicity)
    }

    fn multiplicities(&self, of: impl Fn(&WyckoffPosition) -> usize) -> usize {
        self.orbits.iter().filter_map(|orbit| orbit.position(self.space_group)).map(of).sum()
    }

    /// Atoms of each element in the primitive cell; unknown letters count 0.
    pub fn composition(&self) -> Composition {
        self.orbits
            .iter()
            .filter_map(|orbit| {
                let position = orbit.position(self.space_group)?;
                Some((orbit.element, position.primitive_multiplicity() as f64))
            })
            .collect()
    }

    /// The crystal in its conventional cell: sites in the order of the orbits.
    ///
    /// # Errors
    /// When [`Self::validate`] finds something wrong.
    pub fn to_conventional(&self) -> Result<Crystal, CodeError> {
        self.validate()?;
        let lattice = Lattice::from_parameters(self.cell)?;
        let sites = self.sites(WyckoffPosition::coordinates)?;
        Ok(Crystal { lattice, sites })
    }

    /// The crystal in the primitive cell of the standard setting: sites in the order of the orbits.
    ///
    /// # Errors
    /// When [`Self::validate`] finds something wrong.
    pub fn to_primitive(&self) -> Result<Crystal, CodeError> {
        self.validate()?;
        let group = self.group()?;
        let q = group.centring().map(f64::from);
        let conventional = Lattice::from_parameters(self.cell)?;
        // Columns: conventional = primitive * Q; with vectors as rows the transposes apply.
        let inverse = q.try_inverse().expect("centring matrices are invertible");
        let lattice = Lattice::from_matrix(inverse.transpose() * conventional.matrix());
        let mut sites = self.sites(WyckoffPosition::primitive_coordinates)?;
        for site in &mut sites {
            site.frac = (q * site.frac).map(crate::crystal::wrap);
        }
        Ok(Crystal { lattice, sites })
    }

    fn sites(
        &self,
        coordinates: impl Fn(&WyckoffPosition, &[f64]) -> Vec<Vector3<f64>>,
    ) -> Result<Vec<Site>, CodeError> {
        let mut sites = Vec::new();
        for (index, orbit) in self.orbits.iter().enumerate() {
            let points = coordinates(self.position_of(index)?, &orbit.free);
            sites.extend(points.into_iter().map(|frac| Site::ordered(orbit.element, frac)));
        }
        Ok(sites)
    }

    /// Sorts the orbits by letter, element and parameters; the crystal stays the same.
    pub fn sort_orbits(&mut self) {
        self.orbits.sort_by(|x, y| {
            let place = |orbit: &Orbit| (orbit.letter.is_ascii_uppercase(), orbit.letter, orbit.element);
            place(x).cmp(&place(y)).then_with(|| {
                x.free
                    .iter()
                    .zip(&y.free)
                    .map(|(a, b)| a.total_cmp(b))
                    .find(|o| o.is_ne())
                    .unwrap_or_else(|| x.free.len().cmp(&y.free.len()))
            })
        });
    }
}
