//! Ligands to learn from.

use std::collections::BTreeMap;
use std::path::Path;

use druse_datasets::import::join_columns;
use druse_generators::learned::house::{DataCard, DataFile};
use druse_generators::learned::{LigandEntry, METAL};
use druse_representations::{Element, Ligand};
use rayon::prelude::*;
use serde_json::{Map, Value};

use super::data::{By, Data, DataError, DataRequest, Duplicates, SetApart};
use crate::complexes::LigandSource;

impl DataRequest {
    /// Reads ligands, chooses and splits: from tables of SMILES, lists of molecules, and the library ([`LIBRARY`](crate::complexes::LIBRARY), or its
    /// file). `smiles` names the column of the tables.
    ///
    /// # Errors
    /// When a file cannot be read at all, or nothing is left.
    pub fn load_ligands(&self, smiles: Option<&str>) -> Result<Data<LigandEntry>, DataError> {
        let mut refused: Vec<(String, String)> = Vec::new();
        let mut notes = Vec::new();
        let mut card = DataCard { licence: self.licence.clone(), ..DataCard::default() };
        card.filter = self.filter.as_ref().map(ToString::to_string);
        let mut entries = Vec::new();
        for path in &self.files {
            entries.extend(read(path, smiles, &mut card, &mut refused)?);
        }
        let first_of_validation = entries.len();
        if let SetApart::Files(files) = &self.apart {
            for path in files {
                entries.extend(read(path, smiles, &mut card, &mut refused)?);
            }
        }
        for path in &self.labels {
            let report = join_columns(entries.iter_mut().map(columns).collect(), path)?;
            self.joined(path, &report, &mut card, &mut notes)?;
        }
        self.check_columns(&entries)?;
        let mut judged = Vec::new();
        for path in &self.judged {
            judged.extend(read(path, smiles, &mut card, &mut refused)?);
        }
        for path in &self.labels {
            join_columns(judged.iter_mut().map(columns).collect(), path)?;
        }
        card.read = entries.len() + refused.len();
        let kept = entries.into_iter().enumerate().map(|(i, entry)| (entry, i >= first_of_validation));
        let mut kept = self.wanted(kept.collect(), &mut refused);
        if self.duplicates == Duplicates::Drop {
            kept = without_duplicates(kept, &mut refused);
        }
        let (training, validation) = self.apart(kept, &mut card, groups)?;
        Data { training, validation, judged, card, refused, notes }.checked()
    }
}

/// Id and properties.
fn columns(entry: &mut LigandEntry) -> (&str, &mut Map<String, Value>) {
    (entry.ligand.name.as_str(), &mut entry.properties)
}

fn read(
    path: &Path,
    smiles: Option<&str>,
    card: &mut DataCard,
    refused: &mut Vec<(String, String)>,
) -> Result<Vec<LigandEntry>, DataError> {
    let source = LigandSource::read::<DataError>(path, smiles)?;
    card.files.push(DataFile { name: source.file, sha256: source.sha256 });
    refused.extend(source.refused);
    let entry = |(ligand, metal): (Ligand, Option<Element>)| {
        let mut entry = LigandEntry::new(ligand);
        if let Some(metal) = metal {
            entry.properties.insert(METAL.to_owned(), metal.symbol().into());
        }
        entry
    };
    Ok(source.ligands.into_iter().zip(source.metals).map(entry).collect())
}

/// Group of each ligand, and what the split is in words.
fn groups(by: By, entries: &[LigandEntry]) -> Result<(Vec<String>, &'static str), DataError> {
    Ok(match by {
        By::Formula => {
            let formula = |entry: &LigandEntry| entry.ligand.composition().hill_formula();
            (entries.par_iter().map(formula).collect(), "split by formula")
        }
        By::LeakFree => {
            let key = |entry: &LigandEntry| entry.ligand.connectivity_key();
            (entries.par_iter().map(key).collect(), "split leak-free (by molecule, whatever its donors)")
        }
    })
}

/// Keeps the first of equal ligands.
fn without_duplicates(
    entries: Vec<(LigandEntry, bool)>,
    refused: &mut Vec<(String, String)>,
) -> Vec<(LigandEntry, bool)> {
    let keys: Vec<String> = entries.par_iter().map(|(entry, _)| entry.ligand.canonical().key).collect();
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut kept = Vec::new();
    for ((entry, apart), key) in entries.into_iter().zip(keys) {
        match first.get(&key) {
            Some(other) => refused.push((entry.ligand.name, format!("the same structure as {other}"))),
            None => {
                first.insert(key, entry.ligand.name.clone());
                kept.push((entry, apart));
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_labelled_filtered_and_split() {
        let folder = tempfile::tempdir().unwrap();
        let (table, labels) = (folder.path().join("l.csv"), folder.path().join("labels.csv"));
        let rows =
            "id,encoded smiles,smiles\na,[Li]<-N,N\nb,[Cl-:1],x\nc,[NH2:1]CC[NH2:2],x\nd,[NH3:1],x\ne,Q,x\n";
        std::fs::write(&table, rows).unwrap();
        std::fs::write(&labels, "id,gap\na,1.5\nc,2\n").unwrap();
        let request = DataRequest {
            files: vec![table],
            judged: Vec::new(),
            labels: vec![labels],
            filter: Some("denticity <= 2 and charge = 0".parse().unwrap()),
            duplicates: Duplicates::Drop,
            apart: SetApart::Split(By::LeakFree, [1.0, 0.0, 0.0]),
            licence: None,
            seed: 1,
        };
        let data = request.load_ligands(Some("encoded smiles")).unwrap();
        let names: Vec<&str> = data.training.iter().map(|entry| entry.ligand.name.as_str()).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(data.training[0].properties["gap"], 1.5);
        assert_eq!((data.card.read, data.refused.len()), (5, 3));
        let unknown = DataRequest { filter: Some("weight < 3".parse().unwrap()), ..request };
        assert!(unknown.load_ligands(Some("encoded smiles")).unwrap_err().to_string().contains("'weight'"));
    }
}
