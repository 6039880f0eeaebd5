//! A choice of ligands in memory: what a search over complexes draws from.

use std::collections::BTreeMap;

use druse_representations::Ligand;

use super::{LibraryError, LigandLibrary};

/// Ligands in a fixed order, each name once.
#[derive(Clone, Debug, Default)]
pub struct LigandSet {
    ligands: Vec<Ligand>,
    by_name: BTreeMap<String, usize>,
}

/// A name that is in a set already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are two ligands named '{0}'; expected each name once")]
pub struct RepeatedName(pub String);

impl LigandSet {
    /// Ligands in the given order.
    ///
    /// # Errors
    /// When two have the same name.
    pub fn new(ligands: impl IntoIterator<Item = Ligand>) -> Result<Self, RepeatedName> {
        let mut set = Self::default();
        for ligand in ligands {
            set.push(ligand)?;
        }
        Ok(set)
    }

    /// Ligands of the library, for instance the results of [`LigandLibrary::search`]; of an index
    /// that comes again the first is kept.
    ///
    /// # Errors
    /// When there is no such ligand or its data are damaged.
    pub fn from_library(library: &LigandLibrary, indices: &[usize]) -> Result<Self, LibraryError> {
        let mut set = Self::default();
        for &index in indices {
            // MetaLig's names are unique, so the only way to meet one again is to ask twice.
            let _ = set.push(library.ligand(index)?);
        }
        Ok(set)
    }

    /// Adds a ligand at the end; returns its place.
    ///
    /// # Errors
    /// When its name is there already.
    pub fn push(&mut self, ligand: Ligand) -> Result<usize, RepeatedName> {
        let place = self.ligands.len();
        if self.by_name.contains_key(&ligand.name) {
            return Err(RepeatedName(ligand.name));
        }
        self.by_name.insert(ligand.name.clone(), place);
        self.ligands.push(ligand);
        Ok(place)
    }

    /// Number of ligands.
    pub fn len(&self) -> usize {
        self.ligands.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ligands.is_empty()
    }

    /// The ligands in order.
    pub fn ligands(&self) -> &[Ligand] {
        &self.ligands
    }

    /// The ligand at a place.
    pub fn get(&self, place: usize) -> Option<&Ligand> {
        self.ligands.get(place)
    }

    /// Place of the ligand with this name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Places of the ligands with this denticity and, where given, charge.
    pub fn places(&self, denticity: usize, charge: Option<i32>) -> Vec<usize> {
        let fits = |ligand: &Ligand| {
            ligand.denticity() == denticity && charge.is_none_or(|charge| charge == ligand.charge())
        };
        (0..self.len()).filter(|&place| fits(&self.ligands[place])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{open_in, small_file};
    use super::*;

    #[test]
    fn sets_keep_order_and_names() {
        let folder = tempfile::tempdir().unwrap();
        let library = open_in(folder.path(), &small_file()).unwrap();
        let mut set = LigandSet::from_library(&library, &[1, 0, 1]).unwrap();
        assert_eq!((set.len(), set.place("ammonia"), set.place("x")), (2, Some(1), None));
        assert_eq!(set.get(0).map(|ligand| ligand.name.as_str()), Some("ethylene"));
        assert_eq!(
            (set.places(1, Some(0)), set.places(1, Some(-1)), set.places(2, None)),
            (vec![0, 1], vec![], vec![])
        );
        let again = library.ligand(0).unwrap();
        assert_eq!(set.push(again.clone()), Err(RepeatedName("ammonia".to_owned())));
        assert!(LigandSet::new([again.clone(), again]).is_err());
        assert!(LigandSet::from_library(&library, &[2]).is_err());
    }
}
