//! How far atoms moved on relaxation.

use druse_representations::Crystal;

use crate::matching::{Matcher, Pattern, PatternError, Pymatgen, PymatgenOptions};

/// Root mean square distance (Å) between a structure as given and relaxed, as MatterGen measures it
/// (C. Zeni et al., Nature 639, 624 (2025)): the best mapping by pymatgen's `get_rms_dist` with ltol
/// 0.5, stol 0.5, angle 10°, no scaling and supercells. `None` when the relaxed structure can no longer
/// be laid on the given one.
///
/// # Errors
/// When one of them cannot be compared.
pub fn displacement(given: &Crystal, relaxed: &Crystal) -> Result<Option<f64>, PatternError> {
    let (given, relaxed) = (Pattern::of(given)?, Pattern::of(relaxed)?);
    Ok(matcher().rms(&given, &relaxed).map(|found| found.rms * found.unit))
}

/// Matcher and tolerances, for stamps.
pub fn protocol() -> String {
    format!("{}; in Å of the mean of both lattices", matcher().protocol())
}

fn matcher() -> Pymatgen {
    Pymatgen::new("pymatgen-rmsd", PymatgenOptions::rmsd())
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    fn cell(edge: f64, shift: f64) -> Crystal {
        let atoms = [("Cs", [0.0; 3]), ("Cl", [0.5 + shift, 0.5, 0.5])];
        Crystal::ordered(Lattice::cubic(edge), atoms.map(|(symbol, x)| (symbol.parse().unwrap(), x)))
    }

    #[test]
    fn as_pymatgen_has_it() {
        // pymatgen 2026.10.24: get_rms_dist with the settings above gives 0.045323856037839734, and the mean
        // of both lattices has (V/N)^(1/3) = 2.365145608481524 Å.
        let perovskite = |cell: [f64; 6], sites: [[f64; 3]; 5]| {
            let symbols = ["Ba", "Ti", "O", "O", "O"].map(|symbol| symbol.parse().unwrap());
            Crystal::ordered(Lattice::from_parameters(cell).unwrap(), symbols.into_iter().zip(sites))
        };
        let ideal = perovskite(
            [4.0, 4.0, 4.0, 90.0, 90.0, 90.0],
            [[0.0; 3], [0.5; 3], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]],
        );
        let moved = perovskite(
            [4.12, 3.95, 4.2, 91.5, 90.0, 88.0],
            [[0.01, 0.0, 0.02], [0.5, 0.53, 0.5], [0.52, 0.5, -0.03], [0.5, 0.01, 0.46], [0.02, 0.5, 0.5]],
        );
        let found = displacement(&ideal, &moved).unwrap().unwrap();
        assert!((found - 0.107_197_519).abs() < 1e-6, "{found}");
    }

    #[test]
    fn it_is_measured_in_angstrom() {
        // One of two atoms moves by 0.4 Å: 0.2 Å each once the common shift is taken out.
        let moved = displacement(&cell(4.0, 0.0), &cell(4.0, 0.1)).unwrap().unwrap();
        assert!((moved - 0.2).abs() < 1e-9, "{moved}");
        let same = displacement(&cell(4.0, 0.05), &cell(4.0, 0.05)).unwrap().unwrap();
        assert!(same < 1e-9);
        // Twice the size is beyond the tolerance of lengths.
        assert_eq!(displacement(&cell(4.0, 0.0), &cell(8.0, 0.0)).unwrap(), None);
    }
}
