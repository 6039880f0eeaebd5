//! Importing ligands of one's own, with their provenance.
//!
//! Read are tables of SMILES, see [`Columns`], and lists of molecules in XYZ format as PL-MOGA writes
//! them, with comments such as `NAME | charge: -1 | conn atom: [[4]]`. What cannot be taken is kept
//! with its reason.

mod table;
mod xyz;

use std::collections::BTreeSet;
use std::path::Path;

use druse_representations::Ligand;

use crate::import::{ImportError, Provenance, Rejected};

pub use table::Columns;

/// Ligands with their provenance.
#[derive(Clone, Debug)]
pub struct ImportedLigands {
    /// The ligands in the order of the source; names are unique.
    pub ligands: Vec<Ligand>,
    /// Where they come from.
    pub provenance: Provenance,
}

/// Name of a ligand in its source, and the ligand or the reason why there is none.
type Outcome = (String, Result<Ligand, String>);

impl ImportedLigands {
    /// Reads a file (plain or gzip-compressed): a list of molecules where its name ends in `.xyz` or
    /// `.xyz.gz`, otherwise a table with these columns.
    ///
    /// # Errors
    /// When the file cannot be read or is no such list or table at all.
    pub fn read(
        path: &Path,
        columns: &Columns,
        source: &str,
        licence: &str,
        imported_at: &str,
    ) -> Result<Self, ImportError> {
        let text = crate::import::read_text(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let outcomes = if name.trim_end_matches(".gz").ends_with(".xyz") {
            xyz::parse(&text, &path.to_string_lossy())
        } else {
            table::parse(&text, columns)
                .map_err(|reason| ImportError::Content { path: path.to_owned(), reason })?
        };
        let mut ligands = Vec::new();
        let mut rejected = Vec::new();
        let mut seen = BTreeSet::new();
        for (id, outcome) in outcomes {
            match outcome {
                Ok(ligand) if seen.insert(id.clone()) => ligands.push(Ligand { name: id, ..ligand }),
                Ok(_) => rejected.push(Rejected { id, reason: "this name came before".to_owned() }),
                Err(reason) => rejected.push(Rejected { id, reason }),
            }
        }
        let provenance = Provenance {
            source: source.to_owned(),
            licence: licence.to_owned(),
            sha256: crate::import::checksum(path)?,
            count: ligands.len(),
            rejected,
            imported_at: imported_at.to_owned(),
            structures_sha256: String::new(),
        };
        Ok(Self { ligands, provenance })
    }
}

/// Reads donors as indices from 0: `[[0], [10]]`, `[[1, 2]]` (one haptic group), `[0, 10]`, `0 10`.
fn donors(text: &str) -> Result<Vec<Vec<usize>>, String> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Donor {
        Atom(usize),
        Group(Vec<usize>),
    }
    let wrong = || format!("donors '{}', expected indices such as [[0], [10]] or 0 10", text.trim());
    let donors: Vec<Vec<usize>> = if text.contains('[') {
        let donors: Vec<Donor> = serde_json::from_str(text).map_err(|_| wrong())?;
        let group = |donor| match donor {
            Donor::Atom(atom) => vec![atom],
            Donor::Group(atoms) => atoms,
        };
        donors.into_iter().map(group).collect()
    } else {
        let atoms = text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|t| !t.is_empty());
        atoms
            .map(|atom| atom.parse().map(|atom| vec![atom]))
            .collect::<Result<_, _>>()
            .map_err(|_| wrong())?
    };
    if donors.is_empty() { Err(wrong()) } else { Ok(donors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(file: &str) -> Option<ImportedLigands> {
        let folder = std::env::var_os("DRUSE_SHARED_DATA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
            std::path::PathBuf::from,
        );
        let path = folder.join("tmc").join(file);
        if !path.is_file() {
            println!("skipped: no {}", path.display());
            return None;
        }
        let columns = Columns { smiles: Some("Encoded SMILES".to_owned()), ..Columns::default() };
        Some(ImportedLigands::read(&path, &columns, "test", "MIT", "2026-11-25").unwrap())
    }

    /// Counts of the files; prints the reasons of what is refused.
    #[test]
    fn real_files_are_read() {
        let files = [
            ("pl_moga/ligands.xyz", 604, 1),
            ("pl_moga/ligands-1B.xyz", 252, 1),
            ("pl_moga/ligands-1M.xyz", 50, 1),
            ("tmcinvdes/tmQMg-L_mono.csv.gz", 4_510, 1),
            ("tmcinvdes/tmQMg-L_bi.csv.gz", 4_546, 2),
        ];
        for (file, expected, denticity) in files {
            let Some(imported) = shared(file) else { continue };
            let (taken, rejected) = (imported.ligands.len(), &imported.provenance.rejected);
            println!("{file}: {taken} ligands, {} rejected", rejected.len());
            // 14 names of `ligands.xyz` are there twice.
            let (mut others, mut twice) = (0, 0);
            for rejected in rejected {
                match rejected.reason.as_str() {
                    "this name came before" => twice += 1,
                    reason => {
                        println!("  {}: {reason}", rejected.id);
                        others += 1;
                    }
                }
            }
            assert_eq!(taken + rejected.len(), expected, "{file}");
            assert!(100 * others <= expected && twice <= 14, "{file}");
            assert!(imported.ligands.iter().all(|ligand| ligand.denticity() == denticity), "{file}");
        }
    }

    #[test]
    fn names_come_once_and_sources_are_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.csv");
        std::fs::write(&path, "name,smiles\na,[Cl-:1]\na,[Br-:1]\nb,C\n").unwrap();
        let imported =
            ImportedLigands::read(&path, &Columns::default(), "hand", "CC0", "2026-11-25").unwrap();
        assert_eq!((imported.ligands.len(), imported.ligands[0].name.as_str()), (1, "a"));
        let Provenance { count, rejected, source, sha256, .. } = imported.provenance;
        assert_eq!((count, source.as_str(), sha256.len()), (1, "hand", 64));
        assert_eq!(rejected[0].reason, "this name came before");
        assert!(rejected[1].reason.starts_with("line 4: "));
        let error =
            ImportedLigands::read(Path::new("no/such.xyz"), &Columns::default(), "", "", "").unwrap_err();
        assert!(error.to_string().contains("no/such.xyz"));
    }

    #[test]
    fn donors_are_read_in_all_their_forms() {
        for text in ["[[0], [10]]", "[0, 10]", " 0 10", "0;10", "0, 10"] {
            assert_eq!(donors(text), Ok(vec![vec![0], vec![10]]), "{text}");
        }
        assert_eq!(donors("[[1, 2], 4]"), Ok(vec![vec![1, 2], vec![4]]));
        for text in ["", "[]", "[[0]", "x", "-1", "[[0.5]]"] {
            assert!(donors(text).is_err(), "{text}");
        }
    }
}
