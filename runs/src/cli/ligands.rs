//! `druse ligands`

use crate::datasets::ligands::{LibraryError, LigandLibrary, LigandRecord, Query, builtin_ligands};
use crate::representations::Element;
use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::table::table;
use super::{Global, output};

#[derive(Args)]
pub struct Arguments {
    /// Part of a name, or a formula in Hill's order such as C10H8N2
    text: Option<String>,
    /// Show the common ligands that campaign files name by `ligands.builtin` instead of the library
    #[arg(long, conflicts_with_all = ["denticity", "donors", "charge", "max_atoms", "archetype", "metal", "occurrences", "haptic"])]
    builtin: bool,
    /// Number of sites
    #[arg(long, value_name = "N", value_delimiter = ',')]
    denticity: Vec<usize>,
    /// Element of each site, in any order, such as N,N
    #[arg(long, value_name = "SYMBOLS", value_delimiter = ',')]
    donors: Vec<Element>,
    /// Charge
    #[arg(long, value_name = "Q", value_delimiter = ',', allow_hyphen_values = true)]
    charge: Vec<i32>,
    /// Most atoms, hydrogens included
    #[arg(long, value_name = "N")]
    max_atoms: Option<usize>,
    /// Arrangement of the donors by MetaLig's name, such as 2-cis or 3-meridional
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    archetype: Vec<String>,
    /// Metals of which one was seen with the ligand; their occurrences are the ones that count
    #[arg(long, value_name = "SYMBOLS", value_delimiter = ',')]
    metal: Vec<Element>,
    /// Fewest occurrences in crystal structures
    #[arg(long, value_name = "N", default_value_t = 0)]
    occurrences: u32,
    /// Only ligands that bind with a group of atoms
    #[arg(long)]
    haptic: bool,
    /// Rows to show; --json writes all of them
    #[arg(long, value_name = "N", default_value_t = 20)]
    most: usize,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    if arguments.builtin { builtin(arguments, global) } else { library(arguments, global) }
}

impl From<LibraryError> for Failure {
    fn from(error: LibraryError) -> Self {
        Self::other(error)
    }
}

fn library(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let library = LigandLibrary::find()?;
    let found = library.search(&Query {
        denticities: arguments.denticity.iter().copied().collect(),
        donors: arguments.donors.clone(),
        charges: arguments.charge.iter().copied().collect(),
        max_atoms: arguments.max_atoms,
        archetypes: arguments.archetype.iter().cloned().collect(),
        metals: arguments.metal.iter().copied().collect(),
        min_occurrences: arguments.occurrences,
        haptic: arguments.haptic.then_some(true),
        text: arguments.text.clone(),
        ..Query::default()
    });
    if !global.json_on_stdout() {
        let records = found.iter().take(arguments.most).filter_map(|&index| library.record(index));
        let rows: Vec<Vec<String>> = records.map(|record| row(&record)).collect();
        let header = ["name", "formula", "charge", "donors", "archetype", "seen", "mostly with"];
        output::print(&format!("{}\n{} of {} ligands\n", table(&header, &rows), found.len(), library.len()))?;
    }
    if global.json.is_none() {
        return Ok(());
    }
    let record = |&index: &usize| {
        let record = library.record(index)?;
        // A ligand that the library has and that is none says so in its place.
        let smiles = library.ligand(index).map(|ligand| ligand.to_smiles());
        let mut value = json!({
            "id": record.name(),
            "formula": record.formula(),
            "charge": record.charge(),
            "denticity": record.denticity(),
            "archetype": record.archetype(),
            "atoms": record.atoms(),
            "occurrences": record.occurrences(),
        });
        match smiles {
            Ok(smiles) => value["smiles"] = json!(smiles),
            Err(error) => value["error"] = json!(error.to_string()),
        }
        Some(value)
    };
    global.write_json(&found.iter().filter_map(record).collect::<Value>())
}

/// Metals shown with a ligand.
const METALS: usize = 3;

fn row(record: &LigandRecord<'_>) -> Vec<String> {
    let mut metals: Vec<(Element, u32)> = Vec::new();
    for seen in record.sightings() {
        match metals.iter_mut().find(|(metal, _)| *metal == seen.metal) {
            Some((_, count)) => *count += seen.count,
            None => metals.push((seen.metal, seen.count)),
        }
    }
    metals.sort_by_key(|&(metal, count)| (std::cmp::Reverse(count), metal));
    let metals: Vec<&str> = metals.iter().take(METALS).map(|(metal, _)| metal.symbol()).collect();
    let donors: Vec<&str> = record.donors().iter().map(|element| element.symbol()).collect();
    vec![
        record.name().to_owned(),
        record.formula().to_owned(),
        record.charge().to_string(),
        donors.join(" "),
        record.archetype().to_owned(),
        record.occurrences().to_string(),
        metals.join(" "),
    ]
}

fn builtin(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let wanted = |name: &str| {
        arguments.text.as_ref().is_none_or(|text| name.to_lowercase().contains(&text.to_lowercase()))
    };
    let found: Vec<_> = builtin_ligands()
        .iter()
        .filter(|ligand| wanted(&ligand.name) || ligand.other_names().any(wanted) || wanted(&ligand.formula))
        .collect();
    if !global.json_on_stdout() {
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|ligand| {
                vec![
                    ligand.name.clone(),
                    ligand.other_names().collect::<Vec<_>>().join(", "),
                    ligand.charge.to_string(),
                    ligand.denticity.to_string(),
                    ligand.smiles.clone(),
                ]
            })
            .collect();
        output::print(&table(&["name", "also", "charge", "sites", "SMILES"], &rows))?;
    }
    let value = found.iter().map(|ligand| {
        json!({
            "id": ligand.name,
            "other_names": ligand.other_names().collect::<Vec<_>>(),
            "formula": ligand.formula,
            "charge": ligand.charge,
            "denticity": ligand.denticity,
            "smiles": ligand.smiles,
        })
    });
    global.write_json(&value.collect())
}
