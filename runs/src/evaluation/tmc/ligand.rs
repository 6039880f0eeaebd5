//! Judging a ligand by its graph.

use druse_fitness::objectives::synthesis::synthetic_accessibility;
use druse_generators::LigandSpace;
use druse_representations::Ligand;
use serde_json::{Map, Value, json};

use super::Tmc;

pub(super) fn judge(ligand: &Ligand, tmc: &Tmc<'_>) -> Map<String, Value> {
    let key = ligand.canonical().key;
    let valence = ligand.check_valence().map_err(|error| error.to_string());
    let mut row = Map::from_iter([
        ("formula".to_owned(), json!(ligand.composition().hill_formula())),
        ("smiles".to_owned(), json!(ligand.to_smiles())),
        ("atoms".to_owned(), json!(ligand.graph.node_count())),
        ("valid".to_owned(), json!(valence.is_ok())),
        // A ligand of several pieces cannot be read.
        ("connected".to_owned(), json!(true)),
        ("synthetic_accessibility".to_owned(), json!(synthetic_accessibility(ligand))),
    ]);
    for (name, known) in [("novel_train", tmc.training), ("novel_known", tmc.known)] {
        if let Some(known) = known {
            row.insert(name.to_owned(), json!(!known.ligands.contains(&key)));
        }
    }
    row.insert("key".to_owned(), json!(key));
    row.extend(as_asked(ligand, tmc.asked));
    let within = tmc.asked.check_ligand(ligand);
    if *tmc.asked != LigandSpace::default() {
        row.insert("within".to_owned(), json!(within.is_ok()));
    }
    if let Some(fault) = valence.err().or(within.err()) {
        row.insert("fault".to_owned(), json!(fault));
    }
    row
}

/// What was asked, one by one.
fn as_asked(ligand: &Ligand, asked: &LigandSpace) -> Vec<(String, Value)> {
    let mut verdicts = Vec::new();
    let mut tell = |name: &str, holds: bool| verdicts.push((name.to_owned(), json!(holds)));
    let mut donors = ligand.site_elements();
    donors.sort_unstable();
    match (asked.denticity, asked.donors.len()) {
        (Some([least, most]), _) => tell("denticity", (least..=most).contains(&ligand.denticity())),
        (None, 0) => {}
        (None, count) => tell("denticity", ligand.denticity() == count),
    }
    if !asked.donors.is_empty() {
        let mut wanted = asked.donors.clone();
        wanted.sort_unstable();
        tell("donors", wanted == donors);
    } else if !asked.donor_elements.is_empty() {
        tell("donors", donors.iter().all(|element| asked.donor_elements.contains(element)));
    }
    if !asked.charges.is_empty() {
        tell("charge", asked.charges.contains(&ligand.charge()));
    }
    verdicts
}
