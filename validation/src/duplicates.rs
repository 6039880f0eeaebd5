//! Duplicates inside a campaign.

use std::collections::BTreeMap;

use druse_representations::{Crystal, Design, Representation, SymmetryRepresentation};

use crate::geometry::GeometryFingerprint;
use crate::novelty::Duplicates;

/// Gives a crystal's symmetry as a text, for instance space group and Wyckoff letters with their
/// elements; `None` when it cannot be found.
pub type SymmetryKey = Box<dyn Fn(&Crystal) -> Option<String> + Send>;

/// Finds crystals that repeat an earlier one.
///
/// Two crystals are duplicates when they have the same reduced formula, the same symmetry key (where
/// one is set and gives a text for both) and [geometric fingerprints](GeometryFingerprint) that
/// differ by less than the tolerance. Volume does not count, so a crystal before and after a
/// breathing relaxation is one. The test is conservative: near-duplicates whose symmetry is read
/// differently count as two. Mirror images count as one.
pub struct CrystalDuplicates {
    tolerance: f64,
    symmetry: Option<SymmetryKey>,
    known: BTreeMap<String, Vec<Known>>,
}

struct Known {
    number: u64,
    symmetry: Option<String>,
    geometry: GeometryFingerprint,
}

impl CrystalDuplicates {
    /// Usual tolerance in units of the cube root of the volume per atom, about 0.05 Å.
    pub const TOLERANCE: f64 = 0.02;

    /// Compares by formula and geometry.
    pub fn new(tolerance: f64) -> Self {
        Self { tolerance, symmetry: None, known: BTreeMap::new() }
    }

    /// Compares by formula, symmetry and geometry.
    pub fn with_symmetry(tolerance: f64, symmetry: SymmetryKey) -> Self {
        Self { symmetry: Some(symmetry), ..Self::new(tolerance) }
    }

    /// Compares by formula, space group and Wyckoff positions
    /// ([`SymmetryCode::fingerprint`](druse_representations::SymmetryCode::fingerprint), found with
    /// `symprec` in Å) and geometry. Disordered crystals have no such code and are compared without.
    pub fn with_wyckoff(tolerance: f64, symprec: f64) -> Self {
        let symmetry = SymmetryRepresentation::new(symprec);
        Self::with_symmetry(
            tolerance,
            Box::new(move |crystal| symmetry.encode(crystal).ok().and_then(|code| code.fingerprint().ok())),
        )
    }

    /// Number of remembered crystals.
    pub fn len(&self) -> usize {
        self.known.values().map(Vec::len).sum()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn symmetry_of(&self, crystal: &Crystal) -> Option<String> {
        self.symmetry.as_ref().and_then(|symmetry| symmetry(crystal))
    }
}

impl Default for CrystalDuplicates {
    /// Formula, space group and Wyckoff positions (symprec 0.05 Å), geometry.
    fn default() -> Self {
        Self::with_wyckoff(Self::TOLERANCE, 0.05)
    }
}

impl Duplicates<Crystal> for CrystalDuplicates {
    fn find(&self, design: &Crystal) -> Option<u64> {
        let candidates = self.known.get(&Design::composition(design).reduced_formula())?;
        let geometry = GeometryFingerprint::of(design).ok()?;
        let symmetry = self.symmetry_of(design);
        candidates
            .iter()
            .filter(|known| match (&known.symmetry, &symmetry) {
                (Some(x), Some(y)) => x == y,
                _ => true,
            })
            .filter(|known| known.geometry.distance(&geometry).is_some_and(|d| d < self.tolerance))
            .map(|known| known.number)
            .min()
    }

    /// Crystals without a geometric fingerprint (no volume, collapsed) are not remembered.
    fn insert(&mut self, number: u64, design: &Crystal) {
        if let Ok(geometry) = GeometryFingerprint::of(design) {
            let symmetry = self.symmetry_of(design);
            let formula = Design::composition(design).reduced_formula();
            self.known.entry(formula).or_default().push(Known { number, symmetry, geometry });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    fn crystal(symbols: [&str; 2], edge: f64, x: f64) -> Crystal {
        let atoms = symbols.map(|symbol| symbol.parse().unwrap()).into_iter().zip([[0.0; 3], [x, 0.5, 0.5]]);
        Crystal::ordered(Lattice::cubic(edge), atoms)
    }

    #[test]
    fn repeats_are_found() {
        let mut duplicates = CrystalDuplicates::new(CrystalDuplicates::TOLERANCE);
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.5)), None);
        duplicates.insert(3, &crystal(["Cs", "Cl"], 4.12, 0.5));
        duplicates.insert(7, &crystal(["Cs", "Cl"], 4.12, 0.5));
        assert_eq!(duplicates.len(), 2);
        // Another volume and another order of sites are the same crystal ...
        assert_eq!(duplicates.find(&crystal(["Cl", "Cs"], 4.5, 0.5)), Some(3));
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.503)), Some(3));
        // ... another position and another element are not.
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.4)), None);
        assert_eq!(duplicates.find(&crystal(["Cs", "Br"], 4.12, 0.5)), None);
    }

    #[test]
    fn wyckoff_positions_tell_apart() {
        let mut duplicates = CrystalDuplicates::default();
        duplicates.insert(5, &crystal(["Cs", "Cl"], 4.12, 0.5));
        // Shifted by 0.06 Å: the geometry is near, the symmetry is lower.
        let bent = crystal(["Cs", "Cl"], 4.12, 0.486);
        assert_eq!(duplicates.find(&bent), None);
        assert_eq!(duplicates.find(&crystal(["Cl", "Cs"], 4.2, 0.501)), Some(5));
    }

    #[test]
    fn symmetry_tells_apart() {
        let key = |crystal: &Crystal| Some(format!("{:.1}", crystal.lattice.lengths()[0]));
        let mut duplicates = CrystalDuplicates::with_symmetry(0.02, Box::new(key));
        duplicates.insert(0, &crystal(["Cs", "Cl"], 4.1, 0.5));
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.5, 0.5)), None);
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.1, 0.501)), Some(0));
    }

    #[test]
    fn broken_crystals_are_never_duplicates() {
        let mut duplicates = CrystalDuplicates::default();
        let flat = crystal(["Cs", "Cl"], 0.0, 0.5);
        duplicates.insert(0, &flat);
        assert!(duplicates.is_empty());
        assert_eq!(duplicates.find(&flat), None);
    }
}
