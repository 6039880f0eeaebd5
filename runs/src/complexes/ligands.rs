//! Ligands and known complexes from the sources that a campaign names.

use std::path::Path;
use std::sync::Arc;

use druse_datasets::import::ImportError;
use druse_datasets::ligands::{Columns, ImportedLigands, LibraryError, LigandLibrary, builtin_ligand};
use druse_fitness::assembly::Distances;
use druse_generators::LigandPool;
use druse_representations::{Complex, Element, Ligand};

use crate::config::{ComplexSpec, LigandSources};
use crate::setup::SetupError;

/// The library of ligands; `None` where it was not set up and the campaign does not draw from it.
///
/// # Errors
/// When it is damaged, or absent and needed.
pub fn library(spec: &ComplexSpec) -> Result<Option<Arc<LigandLibrary>>, SetupError> {
    match LigandLibrary::find() {
        Ok(library) => Ok(Some(Arc::new(library))),
        Err(LibraryError::Absent { .. }) if spec.ligands.library.is_none() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The library of ligands; `None` where it was not set up.
///
/// # Errors
/// When it is damaged.
pub fn installed_library() -> Result<Option<LigandLibrary>, LibraryError> {
    match LigandLibrary::find() {
        Ok(library) => Ok(Some(library)),
        Err(LibraryError::Absent { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Distances from metals to donors: those of the library, or sums of radii without it.
pub fn distances(library: Option<&LigandLibrary>) -> Distances {
    match library {
        Some(library) => Distances::from_statistics(library.distances().clone()),
        None => Distances::from_radii(),
    }
}

/// The ligands of all sources in their order.
///
/// # Errors
/// When a source is absent or a ligand cannot be read.
pub fn ligand_pool(
    sources: &LigandSources,
    library: Option<&LigandLibrary>,
) -> Result<LigandPool, SetupError> {
    let mut ligands = Vec::new();
    for name in &sources.builtin {
        let known = builtin_ligand(name).ok_or_else(|| SetupError::UnknownLigand(name.clone()))?;
        ligands.push(known.ligand());
    }
    if let (Some(choice), Some(library)) = (&sources.library, library) {
        for index in library.search(&choice.query).into_iter().take(choice.most) {
            ligands.push(library.ligand(index)?);
        }
    }
    for file in &sources.files {
        if let Some(path) = file.path() {
            ligands.extend(imported(path)?.ligands);
        }
    }
    Ok(LigandPool::new(ligands))
}

/// Word that stands for the library of ligands where a file is expected.
pub const LIBRARY: &str = "library";

/// Ligands of one file with what is known of it.
pub struct LigandSource {
    /// The ligands in order.
    pub ligands: Vec<Ligand>,
    /// Metal that the positions of each are around, where it is known.
    pub metals: Vec<Option<Element>>,
    /// Name and reason of each that could not be taken.
    pub refused: Vec<(String, String)>,
    /// Name of the file.
    pub file: String,
    /// Its checksum.
    pub sha256: String,
}

impl LigandSource {
    /// Reads a table of SMILES (`smiles` names its column), a list of molecules, or the library ([`LIBRARY`], or its file).
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn read<E: From<ImportError> + From<LibraryError>>(
        path: &Path,
        smiles: Option<&str>,
    ) -> Result<Self, E> {
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let library = if path.as_os_str() == LIBRARY && !path.exists() {
            LigandLibrary::find()?
        } else if path.extension().is_some_and(|ending| ending == "bin") {
            LigandLibrary::open(path)?
        } else {
            let columns = Columns { smiles: smiles.map(str::to_owned), ..Columns::default() };
            let ImportedLigands { ligands, provenance } = ImportedLigands::read(path, &columns, "", "", "")?;
            let refused = provenance.rejected.into_iter().map(|one| (one.id, one.reason)).collect();
            let metals = vec![None; ligands.len()];
            return Ok(Self { ligands, metals, refused, file: name(path), sha256: provenance.sha256 });
        };
        let (mut ligands, mut metals, mut refused) =
            (Vec::with_capacity(library.len()), Vec::new(), Vec::new());
        for index in 0..library.len() {
            match library.ligand(index) {
                Ok(ligand) => {
                    ligands.push(ligand);
                    metals.push(library.record(index).map(|record| record.parent_metal()));
                }
                Err(LibraryError::Refused { name, reason }) => refused.push((name, reason.to_string())),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { ligands, metals, refused, file: name(library.path()), sha256: library.checksum() })
    }
}

/// A text that names no ligand.
#[derive(Debug, thiserror::Error)]
#[error(
    "found '{text}', expected the name of a built-in ligand, the name of a ligand of the library{library}, or a \
     SMILES with donors as atom maps ({reason})"
)]
pub struct UnknownLigand {
    text: String,
    library: &'static str,
    reason: String,
}

/// The ligand that people mean by a text: a built-in one, one of the library, or a SMILES with donors
/// as atom maps.
///
/// # Errors
/// When it is none of these, or the library is damaged.
pub fn named_ligand(text: &str, library: Option<&LigandLibrary>) -> Result<Ligand, UnknownLigand> {
    if let Some(known) = builtin_ligand(text) {
        return Ok(known.ligand());
    }
    let absent = if library.is_none() { " (which is not set up)" } else { "" };
    let unknown = |reason: String| UnknownLigand { text: text.to_owned(), library: absent, reason };
    if let Some(library) = library
        && let Some(index) = library.index_of(text)
    {
        return library.ligand(index).map_err(|error| unknown(error.to_string()));
    }
    Ligand::from_smiles(text).map_err(|error| unknown(error.to_string()))
}

/// Ligands from a file of the user's, whose provenance is the user's own business.
fn imported(path: &Path) -> Result<ImportedLigands, ImportError> {
    ImportedLigands::read(path, &Columns::default(), &path.display().to_string(), "not stated", "")
}

/// Known complexes from a file with one [whole-complex string](Complex) a line, with the line's
/// number as id; empty lines and those that start with `#` do not count.
///
/// # Errors
/// When the file cannot be read or a line is no complex.
pub fn known_complexes(path: &Path) -> Result<Vec<(String, Complex)>, SetupError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SetupError::UnreadableComplexes { path: path.to_owned(), source })?;
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| {
            let number = index + 1;
            let complex = line.parse::<Complex>().map_err(|reason| SetupError::NotAComplex {
                path: path.to_owned(),
                line: number,
                reason: Box::new(reason),
            })?;
            Ok((format!("line {number}"), complex))
        })
        .collect()
}
