//! The ligands of tmcinvdes: each row has the same molecule twice, with the metal as a placeholder
//! and with all hydrogens written out, and the atoms that bind.

use std::io::Read;
use std::path::PathBuf;

use druse_representations::Ligand;
use flate2::read::GzDecoder;

fn table(name: &str) -> Option<Vec<[String; 3]>> {
    let root = std::env::var_os("DRUSE_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let file = std::fs::File::open(root.join("tmc/tmcinvdes").join(name)).ok()?;
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        [row[1].to_owned(), row[2].to_owned(), row[3].to_owned()]
    });
    Some(rows.collect())
}

/// Puts atoms into brackets, so that no hydrogen is implied.
fn explicit(smiles: &str) -> String {
    let mut text = String::new();
    let mut characters = smiles.chars().peekable();
    let mut inside = false;
    while let Some(character) = characters.next() {
        inside = (inside || character == '[') && character != ']';
        if inside || !character.is_ascii_alphabetic() {
            text.push(character);
            continue;
        }
        text.push('[');
        text.push(character);
        if matches!((character, characters.peek()), ('C', Some('l')) | ('B', Some('r'))) {
            text.extend(characters.next());
        }
        text.push(']');
    }
    text
}

#[test]
fn placeholders_give_the_molecule_and_its_donors() {
    for (name, count) in [("tmQMg-L_mono.csv.gz", 4510), ("tmQMg-L_bi.csv.gz", 4546)] {
        let Some(rows) = table(name) else {
            println!("skipped: no shared data with {name}");
            continue;
        };
        assert_eq!(rows.len(), count);
        for [decoded, connections, encoded] in rows {
            let ligand = Ligand::from_smiles(&encoded).unwrap();
            let molecule = Ligand::from_smiles_with_donors(&explicit(&decoded), &[vec![0]]).unwrap();
            assert_eq!(ligand.connectivity_key(), molecule.connectivity_key(), "{encoded}");
            let donors: Vec<Vec<usize>> = serde_json::from_str(&connections).unwrap();
            assert_eq!(ligand.denticity(), donors.len(), "{encoded}");
            let written = ligand.to_smiles();
            let again = Ligand::from_smiles(&written).unwrap();
            assert_eq!(again.to_smiles(), written);
            assert_eq!(again.canonical().key, ligand.canonical().key, "{encoded}");
        }
    }
}
