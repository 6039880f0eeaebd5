//! Encoding and decoding crystals by their symmetry.

use serde::{Deserialize, Serialize};

use super::analysis::extent;
use super::{CrystalSystem, Orbit, SymmetryCode, SymmetryError, SymmetryInfo, analyse};
use crate::crystal::Crystal;
use crate::design::Representation;
use crate::wyckoff::{SpaceGroup, WyckoffPosition, positions, space_group};

/// Largest distance (fractional) of an idealised site from its Wyckoff position.
const POSITION_TOLERANCE: f64 = 1e-4;

/// Which cell decoding gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecodedCell {
    /// Primitive cell of the standard setting.
    #[default]
    Primitive,
    /// Conventional cell of the standard setting.
    Conventional,
}

/// The symmetry representation: space group, constrained cell and occupied Wyckoff positions.
///
/// Round trip: decoding gives the crystal back in its standardised cell, idealised to the symmetry
/// found within `symprec`; atoms move by less than that, and crystals that are exactly symmetric
/// by rounding errors only. Invariant to the choice of cell, origin, orientation and order of
/// sites up to the choices that [`SymmetryCode::canonical`] removes. Ordered crystals only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SymmetryRepresentation {
    /// Tolerance of the symmetry search (Å).
    pub symprec: f64,
    /// Which cell decoding gives.
    pub cell: DecodedCell,
}

impl Default for SymmetryRepresentation {
    fn default() -> Self {
        Self { symprec: 0.01, cell: DecodedCell::Primitive }
    }
}

impl SymmetryRepresentation {
    /// Representation with this tolerance (Å) that decodes to primitive cells.
    pub fn new(symprec: f64) -> Self {
        Self { symprec, ..Self::default() }
    }

    /// Whether a crystal that was decoded from `code` has no more symmetry than the code says, neither further operations nor a smaller
    /// primitive cell. Costs a fraction of encoding it again.
    ///
    /// # Errors
    /// As encoding.
    pub fn tells_all(&self, code: &SymmetryCode, crystal: &Crystal) -> Result<bool, SymmetryError> {
        let (sites, operations) = extent(crystal, self.symprec)?;
        let order = space_group(code.space_group).map(SpaceGroup::order);
        Ok(sites == code.primitive_atom_count() && Some(operations) == order)
    }
}

impl Representation<Crystal> for SymmetryRepresentation {
    type Code = SymmetryCode;
    type Error = SymmetryError;

    fn name(&self) -> &'static str {
        "symmetry"
    }

    fn encode(&self, crystal: &Crystal) -> Result<SymmetryCode, SymmetryError> {
        if let Err(disordered) = crystal.elements() {
            return Err(SymmetryError::Disordered { site: disordered.site });
        }
        let info = analyse(crystal, self.symprec)?;
        code_of(&info)
    }

    fn decode(&self, code: &SymmetryCode) -> Result<Crystal, SymmetryError> {
        Ok(match self.cell {
            DecodedCell::Primitive => code.to_primitive()?,
            DecodedCell::Conventional => code.to_conventional()?,
        })
    }
}

/// Reads the code off an analysis of an ordered crystal.
fn code_of(info: &SymmetryInfo) -> Result<SymmetryCode, SymmetryError> {
    let inconsistent = |reason: String| SymmetryError::InconsistentSites {
        number: info.number,
        symprec: info.symprec,
        reason,
    };
    let group = space_group(info.number).ok_or_else(|| inconsistent("unknown group".into()))?;
    let system = CrystalSystem::of(info.number).ok_or_else(|| inconsistent("unknown group".into()))?;
    let to_conventional = group
        .centring()
        .map(f64::from)
        .try_inverse()
        .ok_or_else(|| inconsistent("singular centring".into()))?;
    let mut orbits = Vec::with_capacity(info.orbit_count());
    for (index, site) in info.sites.iter().enumerate().filter(|(i, site)| *i == site.representative) {
        let primitive = info.site_in_primitive.get(index).and_then(|&k| info.primitive.sites.get(k));
        let (Some(primitive), Some(element)) = (primitive, primitive.and_then(|s| s.main_element())) else {
            return Err(inconsistent(format!("site {index} is missing in the primitive cell")));
        };
        let point = to_conventional * primitive.frac;
        let (position, free) = place(info.number, site.letter, &point).ok_or_else(|| {
            inconsistent(format!("site {index} is not on its Wyckoff position '{}'", site.letter))
        })?;
        orbits.push(Orbit { element, letter: position.letter(), free });
    }
    let mut code = SymmetryCode {
        space_group: info.number,
        cell: system.constrain(info.conventional.lattice.parameters()),
        orbits,
    };
    code.sort_orbits();
    code.validate()?;
    if code.primitive_atom_count() != info.primitive.sites.len() {
        return Err(inconsistent(format!(
            "the orbits hold {} atoms, the primitive cell {}",
            code.primitive_atom_count(),
            info.primitive.sites.len()
        )));
    }
    Ok(code)
}

/// The Wyckoff position with this letter and the parameters that put it on `point`; where the point
/// is not on it, another position of the same multiplicity.
fn place(
    number: u8,
    letter: char,
    point: &nalgebra::Vector3<f64>,
) -> Option<(&'static WyckoffPosition, Vec<f64>)> {
    let all = positions(number);
    let named = all.iter().find(|position| position.letter() == letter)?;
    let others = all
        .iter()
        .filter(|position| position.multiplicity() == named.multiplicity() && position.letter() != letter);
    std::iter::once(named)
        .chain(others)
        .find_map(|position| position.parameters_of(point, POSITION_TOLERANCE).map(|free| (position, free)))
}
