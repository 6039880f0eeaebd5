//! Judging a complex by its atoms in space.

use druse_datasets::elements::covalent_radius;
use druse_fitness::objectives::synthesis::synthetic_accessibility;
use druse_representations::complex::{Perceived, TOO_CLOSE, fit_shape, perceive, validate_distances};
use druse_representations::molecule::Molecule;
use druse_representations::{Complex, Ligand};
use serde_json::{Map, Value, json};

use super::Tmc;
use crate::complexes::perceived_key;

/// The rule in words.
pub(super) fn rule() -> String {
    format!(
        "one piece by covalent radii (Cordero et al. 2008); as many donors found as the polyhedron has sites, and the \
         same as asked in every ligand; no pair nearer than {TOO_CLOSE} of the sum of the radii, no two hydrogens nearer than 1.3 Å"
    )
}

pub(super) fn judge(asked: Option<&Complex>, molecule: &Molecule, tmc: &Tmc<'_>) -> Map<String, Value> {
    let mut row = Map::from_iter([
        ("formula".to_owned(), json!(molecule.composition().hill_formula())),
        ("atoms".to_owned(), json!(molecule.len())),
        ("valid".to_owned(), json!(false)),
    ]);
    if let Some(asked) = asked {
        let hardest = asked.ligands.iter().map(|placed| synthetic_accessibility(&placed.ligand));
        row.insert("smiles".to_owned(), json!(asked.to_string()));
        row.insert("synthetic_accessibility".to_owned(), json!(hardest.reduce(f64::max)));
        let parity = (asked.electrons() + i64::from(asked.unpaired())) % 2 == 0;
        row.insert("charge".to_owned(), json!(parity));
    }
    let perceived = perceive(molecule, &covalent_radius);
    row.insert("connected".to_owned(), json!(perceived.is_ok()));
    let perceived = match perceived {
        Ok(perceived) => perceived,
        Err(error) => {
            row.insert("fault".to_owned(), json!(error.to_string()));
            return row;
        }
    };
    row.insert("key".to_owned(), json!(perceived.identity()));
    let found: Vec<&Ligand> = perceived.ligands.iter().map(|one| &one.ligand).collect();
    for (name, known) in [("novel_train", tmc.training), ("novel_known", tmc.known)] {
        if let Some(known) = known {
            let new = found.iter().any(|ligand| !known.drawings.contains(&perceived_key(ligand)));
            row.insert(name.to_owned(), json!(new));
        }
    }
    let shape = shape(&perceived, asked);
    row.insert("shape_measure".to_owned(), json!(shape));
    let mut fault = sound(&perceived).err();
    if let Some(asked) = asked {
        let wanted: Vec<&Ligand> = asked.ligands.iter().map(|placed| &placed.ligand).collect();
        let same = |of: &dyn Fn(&Ligand) -> String| {
            let list = |ligands: &[&Ligand]| {
                let mut list: Vec<String> = ligands.iter().map(|ligand| of(ligand)).collect();
                list.sort_unstable();
                list
            };
            list(&wanted) == list(&found)
        };
        let [denticity, donors, ligands] =
            [same(&|ligand| ligand.denticity().to_string()), same(&donor_elements), same(&perceived_key)];
        let polyhedron = perceived.shape.is_some_and(|(geometry, _)| geometry == asked.geometry);
        for (name, holds) in
            [("denticity", denticity), ("donors", donors), ("ligands", ligands), ("polyhedron", polyhedron)]
        {
            row.insert(name.to_owned(), json!(holds));
        }
        row.insert("within".to_owned(), json!(denticity && donors && ligands && polyhedron));
        if fault.is_none() && !(denticity && donors) {
            fault = Some("other donors than asked".to_owned());
        }
    }
    row.insert("valid".to_owned(), json!(fault.is_none()));
    if let Some(fault) = fault {
        row.insert("fault".to_owned(), json!(fault));
    }
    row
}

/// Whether there is a polyhedron for the donors found, and no atoms are too close.
fn sound(perceived: &Perceived) -> Result<(), String> {
    let charges = vec![0; perceived.ligands.len()];
    // Neither charges nor spin matter for distances.
    let read = [1, 2].iter().find_map(|&multiplicity| perceived.to_complex(0, multiplicity, &charges).ok());
    let Some(complex) = read else {
        return Err(format!("no polyhedron for {} donors", perceived.coordination_number()));
    };
    let positions = complex.positions.clone().unwrap_or_default();
    validate_distances(&complex, &positions, &covalent_radius).map_err(|flaw| flaw.to_string())
}

/// Continuous shape measure against the polyhedron that was asked for, otherwise the nearest one.
fn shape(perceived: &Perceived, asked: Option<&Complex>) -> Option<f64> {
    let Some(asked) = asked else { return perceived.shape.map(|(_, measure)| measure) };
    let directions: Vec<[f64; 3]> =
        perceived.ligands.iter().flat_map(|one| directions(&one.ligand)).collect();
    fit_shape(&directions, asked.geometry).map(|fit| fit.measure)
}

fn directions(ligand: &Ligand) -> Vec<[f64; 3]> {
    let positions = ligand.positions.as_deref().unwrap_or_default();
    let centre = |donor: &Vec<usize>| {
        let mean = |k: usize| {
            donor.iter().filter_map(|&atom| positions.get(atom)).map(|p| p[k]).sum::<f64>()
                / donor.len() as f64
        };
        [mean(0), mean(1), mean(2)]
    };
    ligand.donors.iter().map(centre).collect()
}

fn donor_elements(ligand: &Ligand) -> String {
    let mut donors: Vec<&str> = ligand.site_elements().iter().map(|element| element.symbol()).collect();
    donors.sort_unstable();
    donors.join(" ")
}
