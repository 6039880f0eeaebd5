//! Reactions against independent programs, by hand, and as balances.

use druse_datasets::precursors::shipped_precursors;
use proptest::prelude::*;

use super::*;

fn list(formulas: &str) -> Vec<Composition> {
    formulas.split_whitespace().map(|formula| formula.parse().unwrap()).collect()
}

/// The shipped list with the shipped energies of CHGNet.
fn shipped() -> Precursors {
    Precursors::new(shipped_precursors(), "shipped list", ReferenceTable::shipped().unwrap()).unwrap()
}

/// Energy (eV/atom) of the lowest phase of the shipped table.
fn lowest(formula: &str) -> f64 {
    let formula = formula.parse::<Composition>().unwrap().reduced_formula();
    let rows = ReferenceTable::shipped().unwrap().with_formula(&formula);
    rows.map(|row| row.energy_per_atom).fold(f64::INFINITY, f64::min)
}

/// The minima by `scipy.optimize.linprog` (HiGHS) on the same energies, the energies of the equations by
/// `ComputedReaction` of pymatgen 2026.10.24: both agree to 1e-12.
#[test]
fn reactions_agree_with_scipy_and_pymatgen() {
    let precursors = shipped();
    for (formula, energy, equation) in [
        ("LiCoO2", 0.09913833333333422, "6 Li2CO3 + 4 Co3O4 + O2 -> 12 LiCoO2 + 6 CO2"),
        ("BaTiO3", 0.22463799999999878, "TiO2 + BaCO3 -> BaTiO3 + CO2"),
        ("YBa2Cu3O7", 0.25124423076923197, "O2 + 12 CuO + 2 Y2O3 + 8 BaCO3 -> 4 Ba2YCu3O7 + 8 CO2"),
        ("LiFePO4", -0.03970761904761755, "2 H3PO4 + 3 FeCO3 + Li3PO4 -> 3 LiFePO4 + 3 CO2 + 3 H2O"),
        ("CsPbI3", -0.019463999999999704, "CsI + PbI2 -> CsPbI3"),
        ("Cu2ZnSnS4", -0.07294249999999991, "2 CuS + ZnS + SnS -> Cu2ZnSnS4"),
        ("Ti3SiC2", -0.3269183333333334, "Si + Ti + 2 TiC -> Ti3SiC2"),
        ("Na3PS4", -0.23720624999999984, "3 Na2S + P2S5 -> 2 Na3PS4"),
        ("MgSiN2", -0.22807750000000038, "Mg3N2 + Si3N4 -> 3 MgSiN2"),
        ("CaCO3", 0.0, "CaCO3 -> CaCO3"),
    ] {
        let composition: Composition = formula.parse().unwrap();
        let reaction = precursors.reaction(&composition, lowest(formula)).unwrap();
        assert!((reaction.energy - energy).abs() < 1e-9, "{formula}: {reaction:?}");
        assert_eq!(balanced(&reaction.to_string()), balanced(equation), "{formula}: {reaction}");
    }
}

/// Both sides of an equation as sorted terms: formulas are written in one order here, in another by hand.
fn balanced(equation: &str) -> Vec<Vec<String>> {
    let term = |term: &str| {
        let (amount, formula) = term.rsplit_once(' ').unwrap_or(("1", term));
        format!("{amount} {}", formula.parse::<Composition>().unwrap().hill_formula())
    };
    let side = |side: &str| {
        let mut terms: Vec<String> = side.split(" + ").map(term).collect();
        terms.sort();
        terms
    };
    equation.split(" -> ").map(side).collect()
}

#[test]
fn lists_of_users_and_oxygen_as_a_last_resort() {
    let table = ReferenceTable::shipped().unwrap();
    // As above, by scipy and pymatgen, from these precursors alone.
    for (formula, from, energy, equation) in [
        ("LiCoO2", "Li2CO3 Co3O4", 0.09913833333333244, "6 Li2CO3 + 4 Co3O4 + O2 -> 12 LiCoO2 + 6 CO2"),
        ("LiMn2O4", "Li2CO3 MnO2", 0.02435428571428666, "2 Li2CO3 + 8 MnO2 -> 4 LiMn2O4 + 2 CO2 + O2"),
        ("BaTiO3", "BaO2 TiO2", -0.12171799999999955, "2 BaO2 + 2 TiO2 -> 2 BaTiO3 + O2"),
        ("CaTiO3", "Ca(OH)2 TiO2", -0.04648200000000102, "Ca(OH)2 + TiO2 -> CaTiO3 + H2O"),
    ] {
        let precursors = Precursors::new(&list(from), "mine", table).unwrap();
        let reaction = precursors.reaction(&formula.parse().unwrap(), lowest(formula)).unwrap();
        assert!((reaction.energy - energy).abs() < 1e-9, "{formula}: {reaction:?}");
        assert_eq!(balanced(&reaction.to_string()), balanced(equation), "{formula}: {reaction}");
    }
}

#[test]
fn energies_by_hand() {
    let energies = [("A", 0.0), ("Na", -1.0), ("Cl2", -2.0), ("NaCl", -3.5), ("Na2S", -3.0), ("S", -4.0)];
    let energy_of = |composition: &Composition| {
        let found = energies.iter().find(|(formula, _)| *formula == composition.to_string())?;
        Some((format!("id of {}", found.0), found.1))
    };
    let from = |formulas: &str| Precursors::with(&list(formulas), "mine", energy_of).unwrap();
    let product: Composition = "Na3SCl".parse().unwrap();
    // Na2S + NaCl: (3 * -3.0 + 2 * -3.5) / 5 = -3.2 eV/atom.
    let reaction = from("Na Cl2 S NaCl Na2S").reaction(&product, -3.4).unwrap();
    assert!((reaction.energy + 0.2).abs() < 1e-12, "{reaction:?}");
    let ids: Vec<(&str, f64)> =
        reaction.reactants.iter().map(|t| (t.id.as_str(), t.amount.round())).collect();
    assert_eq!(ids, [("id of NaCl", 1.0), ("id of Na2S", 1.0)]);
    // From the elements: (3 * -1.0 - 2.0 - 4.0) / 5 = -1.8 eV/atom.
    let reaction = from("Na Cl2 S").reaction(&product, -3.4).unwrap();
    assert!((reaction.energy + 1.6).abs() < 1e-12, "{reaction:?}");
    assert_eq!(reaction.to_string(), "6 Na + Cl2 + 2 S -> 2 Na3SCl");
}

#[test]
fn what_cannot_be_had_is_said() {
    let table = ReferenceTable::shipped().unwrap();
    let make = |formulas: &str| Precursors::new(&list(formulas), "mine", table);
    let precursors = make("Na2CO3 KCl").unwrap();
    let error = precursors.reaction(&"NaCl".parse().unwrap(), -3.0).unwrap_err().to_string();
    assert_eq!(error, "no reaction to 'NaCl': the precursors cannot be balanced for Na, Cl");
    let error = precursors.reaction(&"KO2".parse().unwrap(), -3.0).unwrap_err();
    assert!(matches!(&error, PrecursorError::Unreachable { .. }), "{error}");
    let error = precursors.reaction(&"KCl".parse().unwrap(), f64::NAN).unwrap_err();
    assert!(matches!(error, PrecursorError::BadQuery { .. }));
    assert_eq!(make("Li2CO3 H2C2O4").err(), Some(PrecursorError::Volatile("C2H2O4".into())));
    assert_eq!(make("Og").err(), Some(PrecursorError::NothingKnown));
    assert_eq!(make("Li2CO3 OgO2").unwrap().unknown(), ["OgO2"]);
    assert_ne!(make("Li2CO3").unwrap().protocol(), make("Li2CO3 CaO").unwrap().protocol());
}

proptest! {
    /// Whatever the composition: atoms are the same on both sides, the energy is that of the equation, and nothing is
    /// gained by elements alone that the cheapest mixture would not give.
    #[test]
    fn reactions_are_balanced(
        picked in prop::collection::btree_map(0_usize..30, 1_u8..7, 1..6),
        energy in -12.0_f64..0.0,
    ) {
        let symbols = [
            "H", "Li", "B", "C", "N", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "K", "Ca", "Ti", "V", "Mn", "Fe",
            "Co", "Ni", "Cu", "Zn", "Y", "Zr", "Nb", "Ba", "La", "Pb",
        ];
        let composition: Composition =
            picked.into_iter().map(|(i, n)| (symbols[i].parse().unwrap(), f64::from(n))).collect();
        thread_local! {
            static PRECURSORS: Precursors = shipped();
        }
        let hold_f = composition.elements().any(|element| element.symbol() == "F");
        let reaction = PRECURSORS.with(|precursors| precursors.reaction(&composition, energy));
        let reaction = match reaction {
            // Fluorine itself is on no shelf.
            Err(PrecursorError::Unreachable { .. }) if hold_f => return Ok(()),
            found => found.unwrap(),
        };
        let product: Composition = reaction.product.parse().unwrap();
        let mut balance = product.clone();
        let mut from = 0.0;
        for (terms, sign) in [(&reaction.reactants, -1.0), (&reaction.gases, 1.0)] {
            for term in terms {
                prop_assert!(term.amount > 0.0);
                let formula: Composition = term.formula.parse().unwrap();
                for (element, n) in formula.iter() {
                    balance.add(element, sign * n * term.amount);
                }
                from -= sign * term.amount * formula.atom_count() * lowest(&term.formula);
            }
        }
        for (element, rest) in balance.iter() {
            prop_assert!(rest.abs() < 1e-7, "{element}: {rest} left over in {reaction}");
        }
        let by_equation = energy - from / product.atom_count();
        prop_assert!((reaction.energy - by_equation).abs() < 1e-7, "{} {by_equation}", reaction.energy);
        if !hold_f {
            let elements: f64 = composition.iter().map(|(e, n)| n * lowest(e.symbol())).sum();
            let gained = energy - elements / composition.atom_count();
            prop_assert!(reaction.energy > gained - 1e-9, "{} {gained}", reaction.energy);
        }
    }
}
