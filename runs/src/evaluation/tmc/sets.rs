//! Sets of ligands and complexes, and what is known.

use std::collections::HashSet;
use std::path::Path;

use druse_datasets::import::{ImportError, checksum};
use druse_datasets::ligands::LibraryError;
use druse_representations::io::{ReadError, read_molecules};
use druse_representations::molecule::Molecule;
use druse_representations::{Complex, Ligand};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::complexes::{LigandSource, perceived_key, told_complex};

/// What is judged.
#[derive(Clone, Debug)]
pub enum Design {
    /// A ligand alone.
    Ligand(Box<Ligand>),
    /// A complex in space.
    Complex {
        /// What it should be, where its file tells (`complex=` in the comment of a frame).
        asked: Option<Box<Complex>>,
        /// Its atoms.
        molecule: Molecule,
    },
}

/// A member of a set.
#[derive(Clone, Debug)]
pub struct TmcMember {
    /// Id by its file.
    pub id: String,
    /// What it is, or why it cannot be read.
    pub design: Result<Design, String>,
}

/// A set of ligands or complexes.
#[derive(Clone, Debug)]
pub struct TmcSet {
    /// Name in tables.
    pub name: String,
    /// Members in order.
    pub members: Vec<TmcMember>,
    /// File, checksum and size.
    pub description: Map<String, Value>,
}

/// Why a set cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TmcError {
    /// A table or list of ligands.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A file of molecules.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The library of ligands.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// Nothing in it.
    #[error("{0}: found no ligand and no complex, expected one or more")]
    Empty(String),
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Whether frames are lists of ligands with marked donors, as PL-MOGA writes them.
fn lists_ligands(comment: &str) -> bool {
    comment.contains("conn atom")
}

impl TmcSet {
    /// Reads a table of SMILES (`smiles` names its column), or a file or folder of XYZ frames.
    ///
    /// # Errors
    /// When it cannot be read at all or holds nothing.
    pub fn read(path: &Path, smiles: Option<&str>, first: Option<usize>) -> Result<Self, TmcError> {
        let file = name_of(path);
        let lower = file.to_lowercase();
        let frames = path.is_dir() || lower.trim_end_matches(".gz").ends_with("xyz");
        let mut members = if frames { frames_of(path)? } else { ligands_of(path, smiles)? };
        if members.is_empty() {
            return Err(TmcError::Empty(file));
        }
        let found = members.len();
        members.truncate(first.unwrap_or(usize::MAX));
        let mut description = Map::new();
        let sha256 = if path.is_dir() { None } else { Some(checksum(path)?) };
        description.insert("files".to_owned(), json!([{ "file": file, "sha256": sha256 }]));
        description.insert("structures_in_files".to_owned(), json!(found));
        description.insert("structures".to_owned(), json!(members.len()));
        let name = file.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(&file).to_owned();
        Ok(Self { name, members, description })
    }
}

fn ligands_of(path: &Path, smiles: Option<&str>) -> Result<Vec<TmcMember>, TmcError> {
    let source = LigandSource::read::<TmcError>(path, smiles)?;
    let taken = source
        .ligands
        .into_iter()
        .map(|ligand| TmcMember { id: ligand.name.clone(), design: Ok(Design::Ligand(Box::new(ligand))) });
    let refused = source.refused.into_iter().map(|(id, reason)| TmcMember { id, design: Err(reason) });
    Ok(taken.chain(refused).collect())
}

fn frames_of(path: &Path) -> Result<Vec<TmcMember>, TmcError> {
    let records = read_molecules(path)?;
    if records.iter().flatten().next().is_some_and(|record| lists_ligands(&record.comment)) {
        return ligands_of(path, None);
    }
    let member = |record: Result<_, _>| match record {
        Ok(druse_representations::io::MoleculeRecord { id, molecule, comment, .. }) => {
            let asked = told_complex(&comment).map(|asked| asked.map(Box::new));
            let design = asked
                .map(|asked| Design::Complex { asked, molecule })
                .map_err(|error| format!("its comment: {error}"));
            TmcMember { id, design }
        }
        Err(error) => {
            let error: druse_representations::io::RecordError = error;
            TmcMember { id: error.id.clone(), design: Err(error.to_string()) }
        }
    };
    Ok(records.into_iter().map(member).collect())
}

/// Ligands that are known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Keys of their graphs with donors.
    pub(super) ligands: HashSet<String>,
    /// The same without bond orders and charges, which positions do not tell.
    pub(super) drawings: HashSet<String>,
    /// Files with checksums.
    pub(super) stamp: String,
}

impl Known {
    /// Reads tables and lists of ligands, and the library ([`LIBRARY`](crate::complexes::LIBRARY)).
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read<'a>(
        paths: impl IntoIterator<Item = &'a Path>,
        smiles: Option<&str>,
    ) -> Result<Self, TmcError> {
        let mut known = Self::default();
        let mut stamps = Vec::new();
        for path in paths {
            let LigandSource { ligands, file, sha256, .. } = LigandSource::read::<TmcError>(path, smiles)?;
            stamps.push(format!("{file} (SHA-256 {sha256})"));
            let keys: Vec<(String, String)> =
                ligands.par_iter().map(|ligand| (ligand.canonical().key, perceived_key(ligand))).collect();
            for (key, drawing) in keys {
                known.ligands.insert(key);
                known.drawings.insert(drawing);
            }
        }
        known.stamp = format!("{} different ligands of {}", known.ligands.len(), stamps.join(", "));
        Ok(known)
    }
}
