//! Whole complexes through the tier.

use druse_representations::{Atom, BondOrder, Complex, Geometry, Ligand, Molecule, PlacedLigand};

use super::molecules::*;
use super::real::xtb;
use crate::objective::{Properties, Tier, TierOutcome, property};
use crate::xtb::{XtbOptions, XtbTier};

/// A ligand whose first atom, the donor, carries the charge and is bonded to all others.
fn star(name: &str, symbols: &[&str], charge: i8) -> Ligand {
    let mut graph = petgraph::graph::UnGraph::default();
    for (i, symbol) in symbols.iter().enumerate() {
        let formal_charge = if i == 0 { charge } else { 0 };
        let node = graph.add_node(Atom { element: symbol.parse().unwrap(), formal_charge });
        if i > 0 {
            graph.add_edge(0.into(), node, BondOrder::Single);
        }
    }
    Ligand { name: name.into(), graph, donors: vec![vec![0]], positions: None }
}

fn complex(
    (metal, oxidation_state, multiplicity): (&str, i32, u32),
    geometry: Geometry,
    ligands: &[(&Ligand, usize)],
    molecule: Molecule,
) -> Complex {
    let placed =
        |&(ligand, site): &(&Ligand, usize)| PlacedLigand { ligand: ligand.clone(), sites: vec![site] };
    let ligands = ligands.iter().map(placed).collect();
    let complex =
        Complex::new(metal.parse().unwrap(), oxidation_state, multiplicity, geometry, ligands).unwrap();
    assert_eq!(complex.elements().collect::<Vec<_>>(), molecule.elements);
    complex.with_positions(molecule.positions).unwrap()
}

fn palladium() -> Complex {
    let (cl, ammonia) = (star("chlorido", &["Cl"], -1), star("ammine", &["N", "H", "H", "H"], 0));
    let ligands = [(&cl, 0), (&cl, 2), (&ammonia, 1), (&ammonia, 3)];
    complex(("Pd", 2, 1), Geometry::SquarePlanar, &ligands, transdiamminedichloropalladium())
}

fn iron(multiplicity: u32) -> Complex {
    let water = star("aqua", &["O", "H", "H"], 0);
    let ligands = [0, 2, 1, 3, 4, 5].map(|site| (&water, site));
    complex(("Fe", 2, multiplicity), Geometry::Octahedral, &ligands, hexaaquairon())
}

fn run(tier: &XtbTier, complex: &Complex) -> TierOutcome<Complex> {
    tier.run(&[(complex, &Properties::new())]).remove(0)
}

#[test]
fn a_complex_is_refined_and_described() {
    let Some(xtb) = xtb() else { return };
    let options = XtbOptions { force_field: true, fod: true, ..XtbOptions::default() };
    let tier = XtbTier::new(xtb, options);
    let TierOutcome::Passed { design, properties } = run(&tier, &palladium()) else { panic!() };
    let near = |name: &str, value: f64, tolerance: f64| {
        assert!(
            (properties[name] - value).abs() <= tolerance,
            "{name}: {}, expected {value}",
            properties[name]
        );
    };
    // From another start than in the tests of the program, so not to the last digit (xtb 6.5.1).
    near(property::XTB_ENERGY, -22.631_28 * 27.211_386, 2e-2);
    near(property::GAP, 2.27, 0.1);
    near(property::POLARIZABILITY, 91.06, 0.5);
    near(property::RUNG, 1.0, 0.0);
    near(property::STATIC_CORRELATION, 0.0, 0.0);
    near(property::PL_MOGA_CHECK, 1.0, 0.0);
    near(property::N_FOD, 0.45, 0.05);
    let positions = design.positions.unwrap();
    assert_eq!(positions[0], [0.0; 3]);
    assert_ne!(Some(positions), palladium().positions);
    // Twice the same, byte for byte.
    let bytes = || match run(&tier, &palladium()) {
        TierOutcome::Passed { design, properties } => serde_json::to_string(&(design, properties)).unwrap(),
        TierOutcome::Rejected { reason } | TierOutcome::Failed { reason } => reason,
    };
    assert_eq!(bytes(), bytes());
    assert!(tier.protocol().starts_with("GFN2-xTB, xtb "), "{}", tier.protocol());
}

#[test]
fn the_lower_spin_state_is_kept_and_both_are_recorded() {
    let Some(xtb) = xtb() else { return };
    let tier = XtbTier::new(xtb.clone(), XtbOptions::default());
    let TierOutcome::Passed { design, properties } = run(&tier, &iron(1)) else { panic!() };
    // Water is a weak-field ligand: high spin, as every textbook has it.
    assert_eq!(design.multiplicity, 5);
    assert_eq!(properties[property::MULTIPLICITY], 5.0);
    // GFN2 alone says the opposite; its numbers are recorded as they are.
    assert!(properties["xtb_energy_multiplicity_5"] > properties["xtb_energy_multiplicity_1"] + 0.5);
    let fixed = XtbTier::new(xtb, XtbOptions { spin_states: false, ..XtbOptions::default() });
    if let TierOutcome::Passed { design, .. } = run(&fixed, &iron(5)) {
        assert_eq!(design.multiplicity, 5);
    }
}

#[test]
fn what_cannot_be_computed_is_rejected_with_a_reason() {
    let Some(xtb) = xtb() else { return };
    let tier = XtbTier::new(xtb, XtbOptions::default());
    let reason = |complex: &Complex| match run(&tier, complex) {
        TierOutcome::Rejected { reason } => reason,
        outcome => panic!("{outcome:?}"),
    };
    assert_eq!(reason(&Complex { positions: None, ..palladium() }), "input: the complex has no positions");
    let mut clash = palladium();
    clash.positions.as_mut().unwrap()[1] = [0.3, 0.0, 0.0];
    assert_eq!(reason(&clash), "clash: Pd0-Cl1 0.30 Å, at least 1.21 Å");
    let mut apart = palladium();
    for atom in &mut apart.positions.as_mut().unwrap()[3..7] {
        atom[1] += 6.0;
    }
    let text = reason(&apart);
    assert!(text.starts_with("coordination changed: lost N3 at "), "{text}");
}
