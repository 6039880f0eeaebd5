//! Novelty by plain look-up: composition and space group.

use std::collections::BTreeMap;

use druse_datasets::reference::ReferenceTable;
use druse_representations::Crystal;
use druse_representations::symmetry::analyse;

use crate::novelty::{Nearest, Novelty, NoveltyReference};

/// A known structure: space group, where determined, and id.
type Known = (Option<u8>, Box<str>);

/// Looks up whether composition and space group of a crystal are known.
///
/// A look-up proves nothing about the structure: a known composition and space group may still be a
/// new structure, and a crystal whose space group is read wrongly may be an old one. A new
/// composition is new for certain (relative to the reference).
#[derive(Clone, Debug)]
pub struct CompositionLookup {
    reference: String,
    matcher: String,
    symprec: f64,
    known: BTreeMap<Box<str>, Vec<Known>>,
}

impl CompositionLookup {
    /// A look-up in `(id, reduced formula, space group)`; of several structures that agree as well
    /// the first is named. `reference` names the set with its checksum; `symprec` (Å) is the
    /// tolerance for the space group of the designs.
    pub fn new<'a>(
        reference: impl Into<String>,
        symprec: f64,
        known: impl IntoIterator<Item = (&'a str, &'a str, Option<u8>)>,
    ) -> Self {
        let mut by_formula: BTreeMap<Box<str>, Vec<Known>> = BTreeMap::new();
        for (id, formula, space_group) in known {
            by_formula.entry(formula.into()).or_default().push((space_group, id.into()));
        }
        let matcher = format!("composition and space group 1 (symprec {symprec} Å)");
        Self { reference: reference.into(), matcher, symprec, known: by_formula }
    }

    /// A look-up in a table of reference energies; of several structures that agree as well the one
    /// with the lowest energy is named.
    pub fn of_table(table: &ReferenceTable, symprec: f64) -> Self {
        let rows = table.rows().map(|row| (row.id, row.formula, row.space_group));
        Self::new(table.reference(), symprec, rows)
    }

    /// Number of known reduced formulas.
    pub fn formula_count(&self) -> usize {
        self.known.len()
    }
}

impl NoveltyReference<Crystal> for CompositionLookup {
    fn reference(&self) -> &str {
        &self.reference
    }

    fn nearest(&self, design: &Crystal) -> Nearest {
        let answer = |novelty, id: Option<&Known>| Nearest {
            novelty,
            id: id.map(|(_, id)| id.to_string()),
            distance: None,
            matcher: self.matcher.clone(),
        };
        let Some(known) = self.known.get(design.composition().reduced_formula().as_str()) else {
            return answer(Novelty::NewComposition, None);
        };
        // Without a space group nothing more than the composition can be said.
        let number = analyse(design, self.symprec).ok().map(|info| info.number);
        let same =
            number.and_then(|number| known.iter().find(|(space_group, _)| *space_group == Some(number)));
        match same {
            Some(_) => answer(Novelty::KnownCompositionAndSpaceGroup, same),
            None => answer(Novelty::KnownComposition, known.first()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    fn lookup() -> CompositionLookup {
        let known =
            [("mp-22862", "NaCl", Some(225)), ("mp-22851", "NaCl", Some(221)), ("mp-x", "NaBr", None)];
        CompositionLookup::new("three structures", 0.01, known)
    }

    fn rock_salt(anion: &str) -> Crystal {
        let lattice = Lattice::from_rows([[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]]);
        Crystal::ordered(lattice, [("Na".parse().unwrap(), [0.0; 3]), (anion.parse().unwrap(), [0.5; 3])])
    }

    #[test]
    fn three_verdicts() {
        let verdict = |crystal: &Crystal| {
            let nearest = lookup().nearest(crystal);
            (nearest.novelty, nearest.id)
        };
        let (salt, id) = (rock_salt("Cl"), Some("mp-22862".to_owned()));
        assert_eq!(verdict(&salt), (Novelty::KnownCompositionAndSpaceGroup, id.clone()));
        let mut bent = salt.clone();
        bent.sites[1].frac[0] = 0.45;
        assert_eq!(verdict(&bent), (Novelty::KnownComposition, id));
        assert_eq!(verdict(&rock_salt("Br")), (Novelty::KnownComposition, Some("mp-x".to_owned())));
        assert_eq!(verdict(&rock_salt("I")), (Novelty::NewComposition, None));
        assert_eq!(lookup().formula_count(), 2);
        assert_eq!(lookup().reference(), "three structures");
    }
}
