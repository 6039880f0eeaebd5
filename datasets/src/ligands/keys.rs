//! Finding a ligand in the library by its identity.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use druse_representations::Ligand;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{LibraryError, LigandLibrary};
use crate::bytes::hexadecimal;

/// Keys that are computed anew to see whether stored ones were made by the same canonical form.
const PROBES: usize = 16;

/// The identities of all ligands of a library, for look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LigandKeys {
    /// `(key, index)`, ascending.
    sorted: Vec<(Box<str>, usize)>,
}

impl LigandKeys {
    fn new(keys: Vec<String>) -> Self {
        let mut sorted: Vec<(Box<str>, usize)> =
            keys.into_iter().enumerate().map(|(index, key)| (key.into_boxed_str(), index)).collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Indices of the ligands with this key (see [`Ligand::canonical`]), ascending.
    pub fn find(&self, key: &str) -> impl Iterator<Item = usize> + '_ {
        let start = self.sorted.partition_point(|(known, _)| **known < *key);
        let end = start + self.sorted[start..].partition_point(|(known, _)| **known <= *key);
        self.sorted[start..end].iter().map(|&(_, index)| index)
    }

    /// Number of different ligands.
    pub fn distinct(&self) -> usize {
        self.sorted.chunk_by(|a, b| a.0 == b.0).count()
    }
}

impl LigandLibrary {
    /// The identities of all ligands. They are computed once (on all threads) and kept in a file
    /// beside the library; where that cannot be written, the next program computes them again.
    ///
    /// # Errors
    /// When the data of a ligand are damaged.
    pub fn keys(&self) -> Result<&LigandKeys, LibraryError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let path = self.path().with_extension("keys");
        let checksum = self.checksum();
        let stored = std::fs::read_to_string(&path).ok().and_then(|text| parse(&text, &checksum, self.len()));
        let keys = match stored.filter(|keys| self.agrees(keys)) {
            Some(keys) => keys,
            None => {
                let keys = self.compute_keys()?;
                // Only the time of the next program is at stake.
                let _ = store(&path, &keys, &checksum);
                keys
            }
        };
        Ok(self.keys.get_or_init(|| LigandKeys::new(keys)))
    }

    /// Indices of the ligands of the library that are the same as this one, ascending.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn same_as(&self, ligand: &Ligand) -> Result<Vec<usize>, LibraryError> {
        Ok(self.keys()?.find(&ligand.canonical().key).collect())
    }

    /// The same ligand with a geometry from a crystal, if the library has it: graph and positions of
    /// the library (hydrogens and all, in its order of atoms), name and order of donors as given.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    pub fn shaped(&self, ligand: &Ligand) -> Result<Option<Ligand>, LibraryError> {
        let asked = ligand.canonical();
        let Some(index) = self.keys()?.find(&asked.key).next() else { return Ok(None) };
        let found = self.ligand(index)?;
        // Equal ligands have equal places in their first orders.
        let orders = (asked.donor_orders.first(), found.canonical().donor_orders.into_iter().next());
        let (Some(asked), Some(order)) = orders else { return Ok(None) };
        let mut pairs: Vec<(usize, usize)> = asked.iter().copied().zip(order).collect();
        pairs.sort_unstable();
        let donors = pairs.iter().map(|&(_, donor)| found.donors[donor].clone()).collect();
        Ok(Some(Ligand { name: ligand.name.clone(), donors, ..found }))
    }

    fn compute_keys(&self) -> Result<Vec<String>, LibraryError> {
        (0..self.len()).into_par_iter().map(|index| self.key(index)).collect()
    }

    fn agrees(&self, keys: &[String]) -> bool {
        let step = (keys.len() / PROBES).max(1);
        (0..keys.len()).step_by(step).all(|index| self.key(index).is_ok_and(|key| key == keys[index]))
    }

    /// Key of one ligand; empty, so that nothing is like it, when it cannot be used.
    fn key(&self, index: usize) -> Result<String, LibraryError> {
        match self.ligand(index) {
            Ok(ligand) => Ok(ligand.canonical().key),
            Err(LibraryError::Refused { .. }) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }
}

/// Text of a file of keys: the checksum of the library, one key per line, the checksum of all that.
fn format(keys: &[String], library: &str) -> String {
    let mut text = format!("druse ligand keys of {library}\n");
    for key in keys {
        text.push_str(key);
        text.push('\n');
    }
    let checksum = hexadecimal(Sha256::digest(text.as_bytes()));
    let _ = writeln!(text, "{checksum}");
    text
}

/// The keys in a text, if it is whole and belongs to this library.
fn parse(text: &str, library: &str, count: usize) -> Option<Vec<String>> {
    let mut lines = text.lines();
    if lines.next()? != format!("druse ligand keys of {library}") {
        return None;
    }
    let keys: Vec<String> = lines.take(count).map(str::to_owned).collect();
    (format(&keys, library) == text).then_some(keys)
}

/// Writes the file of keys: it appears complete or not at all.
fn store(path: &Path, keys: &[String], library: &str) -> std::io::Result<()> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let mut builder = tempfile::Builder::new();
    // Others who use the library may read its keys too.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(format(keys, library).as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{open_in, real, small_file};
    use super::*;

    #[test]
    fn identities_are_found_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let library = open_in(folder.path(), &small_file()).unwrap();
        let mut ethylene = library.ligand(1).unwrap();
        ethylene.name.clear();
        ethylene.positions = None;
        assert_eq!(library.same_as(&ethylene).unwrap(), [1]);
        ethylene.donors = vec![vec![0]];
        assert!(library.same_as(&ethylene).unwrap().is_empty());
        assert_eq!(library.keys().unwrap().distinct(), 2);

        // The file is used again, and made anew when it is damaged or of another canonical form.
        let path = library.path().with_extension("keys");
        let good = std::fs::read_to_string(&path).unwrap();
        let other = format(&["a".to_owned(), "b".to_owned()], &library.checksum());
        for text in ["", &good[..good.len() - 2], &good.replace('a', "b"), &other] {
            std::fs::write(&path, text).unwrap();
            let again = LigandLibrary::open(library.path()).unwrap();
            assert_eq!(again.keys().unwrap(), library.keys().unwrap());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), good);
        }
    }

    #[test]
    fn real_identities() {
        let Some(library) = real() else { return };
        let start = std::time::Instant::now();
        let keys = library.keys().unwrap();
        println!("{} identities of {} ligands in {:?}", keys.distinct(), library.len(), start.elapsed());
        // Few of MetaLig's ligands differ in bond orders or stereochemistry alone.
        assert!(100 * keys.distinct() >= 95 * library.len());
        for index in (0..library.len()).step_by(997) {
            assert!(library.same_as(&library.ligand(index).unwrap()).unwrap().contains(&index));
        }
    }
}
