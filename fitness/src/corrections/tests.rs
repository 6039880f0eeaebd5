use druse_representations::{Crystal, Element, Lattice};

use super::*;

fn crystal(edge: f64, atoms: &[(&str, [f64; 3])]) -> Crystal {
    let atoms = atoms.iter().map(|(symbol, x)| (Element::from_symbol(symbol).unwrap(), *x));
    Crystal::ordered(Lattice::cubic(edge), atoms)
}

fn names(ledger: &Ledger) -> Vec<&str> {
    ledger.0.iter().map(|correction| correction.name.as_str()).collect()
}

fn of(formula: &str) -> Ledger {
    mp2020_of_composition(&formula.parse().unwrap())
}

#[test]
fn elements_and_alloys_need_nothing() {
    for formula in ["O2", "Fe", "FeNi3", "Mg17Al12"] {
        assert_eq!(of(formula), Ledger::default(), "{formula}");
    }
}

#[test]
fn metals_count_only_beside_oxygen_and_fluorine() {
    assert_eq!(names(&of("LiFePO4")), ["O as oxide", "Fe with U"]);
    assert_eq!(names(&of("FeF3")), ["F as anion", "Fe with U"]);
    assert_eq!(names(&of("FeS2")), ["S as anion"]);
    // Fluorine is the most electronegative of both.
    assert_eq!(names(&of("CoOF")), ["O as oxide", "F as anion", "Co with U"]);
}

#[test]
fn cations_are_no_anions() {
    assert_eq!(names(&of("Mg2SiO4")), ["O as oxide"]);
    assert_eq!(names(&of("Mg2Si")), ["Si as anion"]);
    assert_eq!(names(&of("NH4Cl")), ["Cl as anion", "N as anion"]);
    assert_eq!(names(&of("Sb2O3")), ["O as oxide"]);
}

#[test]
fn distances_tell_how_oxygen_is_bound() {
    let pair = |apart: f64| {
        let x = apart / 2.0 / 6.0;
        mp2020(&crystal(6.0, &[("Li", [0.0, 0.5, 0.5]), ("O", [x, 0.0, 0.0]), ("O", [-x, 0.0, 0.0])]))
    };
    for (apart, name) in [(1.28, "O as superoxide"), (1.5, "O as peroxide"), (2.4, "O as oxide")] {
        assert_eq!(names(&pair(apart)), [name]);
    }
    let x = 1.3 / 6.0;
    let chain = crystal(6.0, &[("K", [0.5; 3]), ("O", [0.0; 3]), ("O", [x, 0.0, 0.0]), ("O", [0.0, x, 0.0])]);
    assert_eq!(names(&mp2020(&chain)), ["O as ozonide"]);
}

#[test]
fn sulphur_bound_to_oxygen_is_no_anion() {
    let x = 1.5 / 6.0 / 3f64.sqrt();
    let around = [[x, x, x], [x, -x, -x], [-x, x, -x], [-x, -x, x]];
    let group = |symbol| {
        let mut atoms = vec![("Mg", [0.5; 3]), ("S", [0.0; 3])];
        atoms.extend(around.map(|at| (symbol, at)));
        mp2020(&crystal(6.0, &atoms))
    };
    assert_eq!(names(&group("O")), ["O as oxide"]);
    assert_eq!(names(&group("Zn")), ["S as anion"]);
}

#[test]
fn stored_corrections_are_counted() {
    let composition = "Fe2O3".parse().unwrap();
    let once = of("Fe2O3").total();
    assert!((once + 2.0 * 2.256 + 3.0 * 0.687).abs() < 1e-12);
    for (correction, expected) in
        [(0.0, Stored::Missing), (once, Stored::Once), (2.0 * once, Stored::Twice), (-1.0, Stored::Other)]
    {
        assert_eq!(stored(&composition, correction), expected);
    }
    assert_eq!(stored(&"FeNi3".parse().unwrap(), 0.0), Stored::NotNeeded);
}
