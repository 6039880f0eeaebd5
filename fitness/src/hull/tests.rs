//! Phase diagrams against pymatgen, against stored labels, and against enumeration.

use std::path::{Path, PathBuf};

use druse_datasets::entries::read_entry_set;
use druse_representations::{Composition, Element};
use proptest::prelude::*;

use super::*;

fn entry(id: &str, formula: &str, energy_per_atom: f64) -> PhaseEntry {
    PhaseEntry { id: id.to_owned(), composition: formula.parse().unwrap(), energy_per_atom }
}

fn composition(formula: &str) -> Composition {
    formula.parse().unwrap()
}

/// 119 made-up phases of Li, Mg, Fe, P and O and the elements, from a linear congruential
/// generator, so that other programs can make the same set.
fn quinary() -> Vec<PhaseEntry> {
    let elements = ["Li", "Mg", "Fe", "P", "O"];
    let mut state = 2024_u64;
    let mut draw = |n: u64| {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        (state >> 16) % n
    };
    let mut entries: Vec<PhaseEntry> =
        elements.iter().enumerate().map(|(i, symbol)| entry(symbol, symbol, -1.5 * i as f64)).collect();
    for k in 0..120 {
        let mut amounts: Vec<f64> = (0..5).map(|_| draw(5) as f64).collect();
        for amount in &mut amounts {
            if draw(3) == 0 {
                *amount = 0.0;
            }
        }
        let depth = draw(4000) as f64 / 1000.0;
        let total: f64 = amounts.iter().sum();
        if total == 0.0 {
            continue;
        }
        let largest = amounts.iter().copied().fold(0.0, f64::max);
        let mixture: f64 = amounts.iter().enumerate().map(|(i, x)| -1.5 * i as f64 * x).sum();
        let composition = elements.iter().zip(&amounts).filter(|(_, x)| **x > 0.0);
        entries.push(PhaseEntry {
            id: format!("p{k}"),
            composition: composition.map(|(symbol, &x)| (symbol.parse().unwrap(), x)).collect(),
            energy_per_atom: mixture / total - depth * (1.0 - largest / total),
        });
    }
    entries
}

/// Values by `PhaseDiagram` of pymatgen 2026.10.24 (`get_e_above_hull`, `get_form_energy_per_atom`,
/// `get_phase_separation_energy`, `stable_entries`).
#[test]
fn quinary_set_agrees_with_pymatgen() {
    let entries = quinary();
    assert_eq!(entries.len(), 124);
    let diagram = PhaseDiagram::new(entries.clone()).unwrap();
    let place = |id: &str, exclude: Exclude| {
        let entry = entries.iter().find(|entry| entry.id == id).unwrap();
        diagram.energy_above_hull(&entry.composition, entry.energy_per_atom, exclude).unwrap()
    };
    for (id, above, formation) in [
        ("p3", 0.8482352941176492, -0.7916363636363635),
        ("p10", 0.0, -2.128),
        ("p17", 0.31566666666666343, -0.7686666666666669),
        ("p50", 0.31866666666666443, -0.7233333333333333),
        ("p77", 0.0, 0.0),
        ("p101", 0.0, -0.6603333333333333),
    ] {
        let placement = place(id, Exclude::Nothing);
        assert!((placement.energy_above_hull - above).abs() < 1e-12, "{id}: {placement:?}");
        assert!((placement.formation_energy - formation).abs() < 1e-12, "{id}: {placement:?}");
    }
    let total: f64 = entries.iter().map(|e| place(&e.id, Exclude::Nothing).energy_above_hull).sum();
    assert!((total - 58.20442061972131).abs() < 1e-10, "{total}");

    let p3: Vec<(String, f64)> =
        place("p3", Exclude::Nothing).decomposition.into_iter().map(|c| (c.id, c.amount)).collect();
    let expected = [("p7", 0.427807486631), ("p119", 0.385026737968), ("p22", 0.187165775401)];
    for ((id, amount), (expected_id, expected_amount)) in p3.iter().zip(expected) {
        assert!(id == expected_id && (amount - expected_amount).abs() < 1e-11, "{p3:?}");
    }
    assert_eq!(p3.len(), 3);

    for (id, energy) in [
        ("p10", -0.0846726726725544),
        ("p105", -0.7774444444443596),
        ("p119", -1.0044000000000057),
        ("p51", -0.01209523809529589),
        ("p98", -0.0384545454545826),
    ] {
        let margin = place(id, Exclude::Composition).energy_above_hull;
        assert!((margin - energy).abs() < 1e-9, "{id}: {margin}");
    }

    let system: Vec<Element> = diagram.elements().collect();
    let stable = diagram.stable_phases(&system).unwrap().join(" ");
    assert_eq!(
        stable,
        "Fe Li Mg O P p10 p101 p105 p109 p11 p119 p2 p21 p22 p23 p24 p26 p36 p37 p38 p43 p45 p51 p52 p63 \
         p64 p65 p67 p69 p7 p76 p79 p8 p81 p91 p94 p97 p98"
    );

    let phosphate = diagram.energy_above_hull(&composition("LiFePO4"), -5.0, Exclude::Nothing).unwrap();
    assert!((phosphate.energy_above_hull - 1.1587857142857132).abs() < 1e-12);
    assert!((diagram.hull_energy(&composition("Li2Fe2P2O8")).unwrap() + 6.158785714285713).abs() < 1e-12);
}

#[test]
fn new_phases_lie_below_the_hull() {
    let diagram =
        PhaseDiagram::new([entry("a", "Na", -1.0), entry("b", "Cl2", -2.0), entry("c", "NaCl", -3.0)])
            .unwrap();
    let new = diagram.energy_above_hull(&composition("Na2Cl2"), -3.25, Exclude::Nothing).unwrap();
    assert_eq!((new.energy_above_hull, new.formation_energy), (-0.25, -1.75));
    assert_eq!(new.decomposition, [Component { id: "c".to_owned(), amount: 1.0 }]);
}

#[test]
fn an_entry_can_be_left_out() {
    let diagram = PhaseDiagram::new([
        entry("Na", "Na", -1.0),
        entry("Cl", "Cl", -2.0),
        entry("ground", "NaCl", -3.0),
        entry("polymorph", "Na4Cl4", -2.9),
    ])
    .unwrap();
    let salt = composition("NaCl");
    let place = |exclude| diagram.energy_above_hull(&salt, -3.0, exclude).unwrap();
    assert_eq!(place(Exclude::Nothing).energy_above_hull, 0.0);
    let next = place(Exclude::Entry("ground"));
    assert!((next.energy_above_hull + 0.1).abs() < 1e-12 && next.decomposition[0].id == "polymorph");
    let apart = place(Exclude::Composition);
    assert!((apart.energy_above_hull + 1.5).abs() < 1e-12 && apart.decomposition.len() == 2);
    let error = diagram.energy_above_hull(&salt, -3.0, Exclude::Entry("Cl")).unwrap_err();
    assert_eq!(error, HullError::MissingElement { element: "Cl".parse().unwrap() });
    assert_eq!(diagram.stable_phases(&["Na".parse().unwrap()]).unwrap(), ["Na"]);
}

#[test]
fn single_elements_and_duplicates() {
    let diagram = PhaseDiagram::new([
        entry("z", "Fe2", -8.0),
        entry("bcc", "Fe", -8.0),
        entry("fcc", "Fe4", -7.9),
        entry("unreachable", "Fe2O3", -6.0),
    ])
    .unwrap();
    let iron = composition("Fe16");
    let place = |energy| diagram.energy_above_hull(&iron, energy, Exclude::Nothing).unwrap();
    assert_eq!((place(-8.0).energy_above_hull, place(-8.0).formation_energy), (0.0, 0.0));
    assert!((place(-7.9).energy_above_hull - 0.1).abs() < 1e-12);
    assert_eq!(place(-8.0).decomposition, [Component { id: "bcc".to_owned(), amount: 1.0 }]);
    let margin = diagram.energy_above_hull(&iron, -8.0, Exclude::Composition);
    assert_eq!(margin.unwrap_err(), HullError::MissingElement { element: "Fe".parse().unwrap() });
}

#[test]
fn impossible_questions_get_clear_errors() {
    let diagram = PhaseDiagram::new([entry("Fe", "Fe", -8.0)]).unwrap();
    let message = |composition: &Composition, energy| {
        diagram.energy_above_hull(composition, energy, Exclude::Nothing).unwrap_err().to_string()
    };
    assert!(message(&composition("Fe2O3"), -6.0).contains("pure element O"));
    assert!(message(&Composition::new(), -6.0).contains("0 atoms"));
    assert!(message(&composition("Fe"), f64::NAN).contains("NaN eV/atom"));
    let negative = [("Fe", 2.0), ("O", -1.0)].map(|(symbol, x)| (symbol.parse::<Element>().unwrap(), x));
    assert!(message(&negative.into_iter().collect(), -6.0).contains("amount of O is -1"));
    let error = PhaseDiagram::new([entry("mp-13", "Fe", f64::INFINITY)]).err().unwrap().to_string();
    assert!(error.contains("'mp-13'") && error.contains("finite"), "{error}");
}

#[test]
fn order_of_entries_does_not_matter() {
    let mut entries = quinary();
    let first = PhaseDiagram::new(entries.clone()).unwrap();
    entries.reverse();
    let second = PhaseDiagram::new(entries.clone()).unwrap();
    assert_eq!(first.digest(), second.digest());
    for entry in &entries {
        let place = |diagram: &PhaseDiagram| {
            diagram.energy_above_hull(&entry.composition, entry.energy_per_atom, Exclude::Nothing).unwrap()
        };
        assert_eq!(place(&first), place(&second));
    }
    entries.retain(|entry| entry.id != "p10");
    assert_ne!(PhaseDiagram::new(entries).unwrap().digest(), first.digest());
}

/// Lowest energy at the barycentric point `f` of a ternary by trying all mixtures of up to three
/// phases, each solved by Cramer's rule.
fn enumerate(phases: &[([f64; 3], f64)], f: [f64; 3]) -> f64 {
    let det = |a: [f64; 3], b: [f64; 3], c: [f64; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    let mut lowest = f64::INFINITY;
    for (i, a) in phases.iter().enumerate() {
        for (j, b) in phases.iter().enumerate().skip(i + 1) {
            for c in &phases[j + 1..] {
                let volume = det(a.0, b.0, c.0);
                if volume.abs() < 1e-9 {
                    continue;
                }
                let x = [det(f, b.0, c.0), det(a.0, f, c.0), det(a.0, b.0, f)].map(|d| d / volume);
                if x.iter().all(|&x| x > -1e-12) {
                    lowest = lowest.min(x[0] * a.1 + x[1] * b.1 + x[2] * c.1);
                }
            }
        }
    }
    lowest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ternary_hulls_agree_with_enumeration(
        phases in prop::collection::vec((0_u32..5, 0_u32..5, 0_u32..5, -2.0_f64..0.3), 0..25),
        query in (1_u32..7, 1_u32..7, 1_u32..7),
    ) {
        let elements: Vec<Element> = ["Na", "Ti", "O"].iter().map(|s| s.parse().unwrap()).collect();
        // By atomic number: O, Na, Ti.
        let amounts = |(a, b, c): (u32, u32, u32)| [f64::from(c), f64::from(a), f64::from(b)];
        let mut points = vec![([1.0, 0.0, 0.0], 0.0), ([0.0, 1.0, 0.0], 0.0), ([0.0, 0.0, 1.0], 0.0)];
        let mut entries: Vec<PhaseEntry> = ["Na", "Ti", "O"].iter().map(|s| entry(s, s, 0.0)).collect();
        for (index, &(a, b, c, energy)) in phases.iter().enumerate() {
            let total = f64::from(a + b + c);
            // Elements at 0 are the references of both sides.
            if [a, b, c].iter().filter(|&&x| x > 0).count() < 2 {
                continue;
            }
            points.push((amounts((a, b, c)).map(|x| x / total), energy));
            let composition = elements.iter().copied().zip([a, b, c].map(f64::from)).collect();
            entries.push(PhaseEntry { id: index.to_string(), composition, energy_per_atom: energy });
        }
        let diagram = PhaseDiagram::new(entries).unwrap();
        let asked = amounts(query);
        let total: f64 = asked.iter().sum();
        let composition = elements.iter().copied().zip([asked[1], asked[2], asked[0]]).collect();
        let hull = diagram.hull_energy(&composition).unwrap();
        prop_assert!((hull - enumerate(&points, asked.map(|x| x / total))).abs() < 1e-9);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Amounts are the derivatives of the energy above hull, and an entry left out is a diagram
    /// that was built without it.
    #[test]
    fn supports_are_derivatives_and_diagrams_without(
        amounts in prop::collection::vec(1_u32..6, 5),
        leave in prop::collection::vec(0_usize..5, 2),
        energy in -6.0_f64..0.0,
    ) {
        let entries = quinary();
        let mut amounts: Vec<f64> = amounts.into_iter().map(f64::from).collect();
        leave.into_iter().for_each(|element| amounts[element] = 0.0);
        let elements = ["Li", "Mg", "Fe", "P", "O"].map(|symbol| symbol.parse::<Element>().unwrap());
        let composition: Composition =
            elements.into_iter().zip(amounts).filter(|&(_, amount)| amount > 0.0).collect();
        let above = |entries: Vec<PhaseEntry>| {
            let diagram = PhaseDiagram::new(entries).unwrap();
            diagram.energy_above_hull(&composition, energy, Exclude::Nothing).map(|p| p.energy_above_hull)
        };
        let diagram = PhaseDiagram::new(entries.clone()).unwrap();
        let placement = diagram.energy_above_hull(&composition, energy, Exclude::Nothing).unwrap();
        let supports = diagram.supports(&composition, energy, &placement).unwrap();
        prop_assert_eq!(supports.len(), placement.decomposition.len());
        for support in supports {
            let moved = |by: f64| {
                let mut entries = entries.clone();
                entries.iter_mut().filter(|e| e.id == support.id).for_each(|e| e.energy_per_atom += by);
                above(entries).unwrap() - placement.energy_above_hull
            };
            // The hull is concave in each energy: the change by the amount alone bounds that by any step.
            for step in [-0.3, -1e-3, 1e-3, 0.3] {
                prop_assert!(moved(step) > -support.amount * step - 1e-9);
            }
            let others = entries.iter().filter(|entry| entry.id != support.id).cloned().collect();
            match (above(others), support.energy_above_hull_without) {
                (Ok(rebuilt), Some(without)) => {
                    prop_assert!((rebuilt - without).abs() < 1e-9, "{rebuilt} {without}");
                    prop_assert!(without <= placement.energy_above_hull + 1e-9);
                    // An entry whose loss costs nothing may lie on an edge, without a derivative.
                    if placement.energy_above_hull - without > 1e-3 {
                        prop_assert!((moved(1e-6) + support.amount * 1e-6).abs() < 1e-10);
                    }
                }
                (Err(HullError::MissingElement { .. }), None) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn the_entry_that_carries_a_verdict_and_what_is_known_are_told() {
    let diagram = PhaseDiagram::new([
        entry("Li", "Li", 0.0),
        entry("O", "O2", 0.0),
        entry("oxide", "Li2O", -2.0),
        entry("other oxide", "Li4O2", -1.8),
        entry("Fe", "Fe", 0.0),
    ])
    .unwrap();
    let peroxide = composition("Li2O2");
    let placement = diagram.energy_above_hull(&peroxide, -1.4, Exclude::Nothing).unwrap();
    let supports = diagram.supports(&peroxide, -1.4, &placement).unwrap();
    // Without the oxide, 3/4 of the other one: -1.4 + 0.75 * 1.8 = -0.05, a stable phase.
    assert!(supports[0].id == "oxide" && (supports[0].amount - 0.75).abs() < 1e-12);
    assert!((placement.energy_above_hull - 0.1).abs() < 1e-12);
    assert!((supports[0].energy_above_hull_without.unwrap() + 0.05).abs() < 1e-12);
    assert!(supports[1].id == "O" && supports[1].energy_above_hull_without.is_none());
    let sensitivity = |formula: &str, energy: f64| {
        let composition = composition(formula);
        let placement = diagram.energy_above_hull(&composition, energy, Exclude::Nothing).unwrap();
        diagram.sensitivity(&composition, energy, &placement).unwrap()
    };
    assert!((sensitivity("Li2O2", -1.4) - 0.15).abs() < 1e-12);
    // Li3Fe falls into its elements, without which there is no hull.
    assert_eq!(sensitivity("Li3Fe", 0.2), 0.0);
    assert_eq!(
        diagram.known(&peroxide).unwrap().to_string(),
        "hull of Li-O rests on 4 known structures of 3 compositions; phases that nobody has computed are \
         not on it"
    );
}

/// Every stored energy above hull of the exchanged systems: 1e-9 eV/atom where total energies are
/// stored, 1e-6 where formation energies rounded to 1e-7 are.
#[test]
fn stored_labels_are_reproduced() {
    let folder = std::env::var_os("DRUSE_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
        .join("hulls");
    if !folder.is_dir() {
        println!("skipped: no shared data");
        return;
    }
    for (system, stable, tolerance) in [
        ("Li-Co-Ni-O", 24, 1e-9),
        ("Na-Fe-P-O", 41, 1e-9),
        ("Li-Fe-P-O", 40, 1e-9),
        ("Li-Mn-O", 15 + 3, 1e-6),
        ("Ti-N-O", 20 + 3, 1e-6),
        ("Li-P-S", 13 + 3, 1e-6),
        ("Li-Co-O", 10 + 3, 1e-6),
    ] {
        let set = read_entry_set(&[folder.join(format!("{system}.json.gz"))]).unwrap();
        let diagram = PhaseDiagram::from_computed(&set.entries).unwrap();
        let mut worst = 0.0_f64;
        let mut compared = 0;
        for entry in &set.entries {
            let Some(stored) = entry.e_above_hull else { continue };
            let placement = diagram
                .energy_above_hull(&entry.composition, entry.energy_per_atom(), Exclude::Nothing)
                .unwrap();
            worst = worst.max((placement.energy_above_hull - stored).abs());
            compared += 1;
            if let Some(formation) = entry.e_form_per_atom {
                assert!((placement.formation_energy - formation).abs() < 1e-6, "{system} {}", entry.id);
            }
        }
        println!("{system}: {compared} entries, largest difference {worst:.1e} eV/atom");
        assert!(worst < tolerance && compared > 100, "{system}: {worst} eV/atom over {compared} entries");
        let elements: Vec<Element> = diagram.elements().collect();
        assert_eq!(diagram.stable_phases(&elements).unwrap().len(), stable, "{system}");
    }
}
