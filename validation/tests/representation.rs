//! The symmetry representation against the rules that every representation keeps to, as a matcher measures it.

use druse_representations::conformance::{check_representation, retold_crystal};
use druse_representations::{Crystal, Lattice, SymmetryRepresentation};
use druse_validation::matching::{LeakSafe, Matcher, Pattern};

/// Root mean square distance in units of (V/N)^(1/3); `None` for crystals that are not the same.
fn distance(a: &Crystal, b: &Crystal) -> Option<f64> {
    let (a, b) = (Pattern::of(a).ok()?, Pattern::of(b).ok()?);
    let comparison = LeakSafe::default().compare(&a, &b);
    comparison.rms.filter(|_| comparison.same)
}

#[test]
fn the_symmetry_representation_conforms() {
    let atom = |symbol: &str, frac| (symbol.parse().unwrap(), frac);
    let h = 2.82;
    let salt = Crystal::ordered(
        Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]),
        [atom("Na", [0.0; 3]), atom("Cl", [0.5; 3])],
    );
    let x = 0.3053;
    let rutile = Crystal::ordered(
        Lattice::from_parameters([4.594, 4.594, 2.959, 90.0, 90.0, 90.0]).unwrap(),
        [
            atom("Ti", [0.0; 3]),
            atom("Ti", [0.5; 3]),
            atom("O", [x, x, 0.0]),
            atom("O", [-x, -x, 0.0]),
            atom("O", [0.5 + x, 0.5 - x, 0.5]),
            atom("O", [0.5 - x, 0.5 + x, 0.5]),
        ],
    );
    let low = Crystal::ordered(
        Lattice::from_parameters([4.9, 5.1, 5.4, 88.0, 92.0, 107.0]).unwrap(),
        [atom("K", [0.1, 0.0, 0.0]), atom("O", [0.41, 0.27, 0.619]), atom("F", [0.7, 0.8, 0.3])],
    );
    let representation = SymmetryRepresentation::default();
    check_representation(&representation, &[salt, rutile, low], 1e-4, &distance, &retold_crystal).unwrap();
}
