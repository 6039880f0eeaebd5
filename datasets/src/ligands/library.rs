//! The library as a file mapped into memory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use druse_representations::{Element, Ligand};
use memmap2::Mmap;
use sha2::{Digest, Sha256};

use super::layout::{Entry, Header, INDEX, METAL};
use super::record::{Unusable, sightings};
use super::{DistanceTable, LibraryError, LigandKeys, LigandRecord};
use crate::bytes::{Cursor, hexadecimal};
use crate::installed;

/// Environment variable that names the folder of the library.
pub const LIGANDS_VARIABLE: &str = "DRUSE_LIGANDS";

const FILE: &str = "metalig_1.1.0.bin";

/// Ligands from crystal structures. Opening maps the file and checks its index; a ligand is decoded
/// when it is asked for. May be shared by threads.
#[derive(Debug)]
pub struct LigandLibrary {
    path: PathBuf,
    map: Mmap,
    header: Header,
    archetypes: Vec<String>,
    distances: DistanceTable,
    pub(super) keys: OnceLock<LigandKeys>,
}

impl LigandLibrary {
    /// Opens the library that `make setup` made, in the folder named by `DRUSE_LIGANDS` or where
    /// [`installed::folders`] looks.
    ///
    /// # Errors
    /// When it is absent or damaged.
    pub fn find() -> Result<Self, LibraryError> {
        Self::open(&installed::find("the library of ligands", FILE, LIGANDS_VARIABLE, "ligands")?)
    }

    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, is no library of this version, or its index does not fit.
    pub fn open(path: &Path) -> Result<Self, LibraryError> {
        let unreadable = |source| LibraryError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        // Set-up puts a new file in place by a rename and nothing writes into one that is there, so
        // the bytes below the map do not change.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(unreadable)?;
        let damaged = |reason| LibraryError::Damaged { path: path.to_owned(), reason };
        let header = Header::read(&map).map_err(damaged)?;
        let mut names = Cursor(&map[header.names.clone()]);
        let archetypes: Option<Vec<String>> =
            (0..header.archetypes).map(|_| names.text().map(str::to_owned)).collect();
        let archetypes = archetypes
            .filter(|_| names.0.is_empty())
            .ok_or_else(|| damaged(format!("no {} archetypes in their section", header.archetypes)))?;
        let distances = DistanceTable::read(&map[header.distances.clone()])
            .ok_or_else(|| damaged("a metal-donor distance is impossible".to_owned()))?;
        let library =
            Self { path: path.to_owned(), map, header, archetypes, distances, keys: OnceLock::new() };
        library.check().map_err(|reason| library.damaged(reason))?;
        Ok(library)
    }

    /// Checks the index against the other sections.
    fn check(&self) -> Result<(), String> {
        for (row, bytes) in self.map[self.header.metals.clone()].chunks_exact(METAL).enumerate() {
            sightings(bytes).ok_or_else(|| format!("metal row {row} has no metal"))?;
        }
        for index in 0..self.len() {
            let record = self
                .record(index)
                .ok_or_else(|| format!("the index record of ligand {index} is impossible"))?;
            let counted: u64 = record.sightings().map(|seen| u64::from(seen.count)).sum();
            if record.entry.site_elements().is_none() || counted != u64::from(record.occurrences()) {
                return Err(format!("the index record of ligand {index} contradicts itself"));
            }
        }
        Ok(())
    }

    fn damaged(&self, reason: String) -> LibraryError {
        LibraryError::Damaged { path: self.path.clone(), reason }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 (hex) of the package that the ligands come from.
    pub fn source_checksum(&self) -> String {
        hexadecimal(self.header.source)
    }

    /// SHA-256 (hex) of the file; reads it all.
    pub fn checksum(&self) -> String {
        hexadecimal(Sha256::digest(&self.map))
    }

    /// Number of ligands.
    pub fn len(&self) -> usize {
        self.header.ligands
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the index says about ligand `index`; `None` beyond the last.
    pub fn record(&self, index: usize) -> Option<LigandRecord<'_>> {
        let section = &self.map[self.header.index.clone()];
        let entry = Entry::read(section.chunks_exact(INDEX).nth(index)?)?;
        let first = entry.first_metal.checked_mul(METAL)?;
        let metals =
            self.map[self.header.metals.clone()].get(first..first.checked_add(entry.metals * METAL)?)?;
        let data = self.map.get(entry.data..entry.data.checked_add(entry.length)?)?;
        if entry.data < self.header.data.start {
            return None;
        }
        Some(LigandRecord { index, entry, archetype: self.archetypes.get(entry.archetype)?, metals, data })
    }

    /// All ligands in order.
    pub fn records(&self) -> impl Iterator<Item = LigandRecord<'_>> {
        (0..self.len()).filter_map(|index| self.record(index))
    }

    /// Ligand `index` with graph, donors and positions.
    ///
    /// # Errors
    /// When there is no such ligand, its data are damaged, or they are no ligand by
    /// [`Ligand::check`].
    pub fn ligand(&self, index: usize) -> Result<Ligand, LibraryError> {
        let count = self.len();
        let record = self.record(index).ok_or(LibraryError::NoSuchLigand { index, count })?;
        record.ligand().map_err(|unusable| match unusable {
            Unusable::Damaged => self.damaged(format!("the data of ligand {index} are impossible")),
            Unusable::Refused(reason) => LibraryError::Refused { name: record.name().to_owned(), reason },
        })
    }

    /// Index of the ligand with this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.records().find(|record| record.name() == name).map(|record| record.index())
    }

    /// Number of times that ligand `index` was seen with `metal`; 0 beyond the last.
    pub fn count_for_metal(&self, index: usize, metal: Element) -> u32 {
        self.record(index).map_or(0, |record| record.count_for_metal(metal))
    }

    /// Distances between metals and donors.
    pub fn distances(&self) -> &DistanceTable {
        &self.distances
    }
}
