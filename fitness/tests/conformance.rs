//! Our parts for complexes against the rules that plug-ins are checked by.

use std::sync::Arc;

use druse_fitness::assembly::{AssemblyTier, Distances};
use druse_fitness::conformance::{check_objective, check_tier};
use druse_fitness::objectives::{ComplexContext, complex_objective, known_complex_objectives};
use druse_fitness::{Properties, Tier, TierOutcome};
use druse_representations::conformance::retold_complex;
use druse_representations::{Complex, Geometry, Ligand, PlacedLigand};

/// A square-planar complex of palladium with two ligands of each kind.
fn square(first: &str, second: &str) -> (Complex, Properties) {
    let place = |smiles: &str, site: usize| PlacedLigand {
        ligand: Ligand { name: smiles.to_owned(), ..Ligand::from_smiles(smiles).unwrap() },
        sites: vec![site],
    };
    let ligands = vec![place(first, 0), place(second, 1), place(first, 2), place(second, 3)];
    let complex = Complex::new("Pd".parse().unwrap(), 2, 1, Geometry::SquarePlanar, ligands).unwrap();
    let numbers = ["gap", "polarizability", "dipole", "xtb_energy"];
    (complex, numbers.iter().map(|name| ((*name).to_owned(), 1.5)).collect())
}

fn complexes() -> Vec<(Complex, Properties)> {
    // Some tables have no value for hydrogen.
    vec![square("[Cl-:1]", "[NH3:1]"), square("[Br-:1]", "[OH2:1]"), square("[Cl-:1]", "[Br-:1]")]
}

fn assembly() -> AssemblyTier {
    AssemblyTier::new(Distances::from_radii(), Default::default())
}

#[test]
fn assembly_conforms() {
    check_tier(&assembly(), &complexes()).unwrap();
}

#[test]
fn our_objectives_of_complexes_conform() {
    let complexes = complexes();
    let items: Vec<(&Complex, &Properties)> =
        complexes.iter().map(|(complex, known)| (complex, known)).collect();
    let assembled: Vec<(Complex, Properties)> = assembly()
        .run(&items)
        .into_iter()
        .zip(&items)
        .map(|(outcome, (_, known))| match outcome {
            TierOutcome::Passed { design, .. } => (design, (*known).clone()),
            TierOutcome::Rejected { reason } | TierOutcome::Failed { reason } => panic!("{reason}"),
        })
        .collect();
    let context = ComplexContext { occurrences: Some(Arc::new(|_: &str| 3)), ..ComplexContext::default() };
    for entry in known_complex_objectives() {
        let objective = complex_objective(entry.name, &context).unwrap();
        check_objective(objective.as_ref(), &assembled, &retold_complex, 1e-9).unwrap();
    }
}
