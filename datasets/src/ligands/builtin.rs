//! Common ligands of coordination chemistry, from textbook facts.

use std::sync::LazyLock;

use druse_representations::Ligand;
use serde::Deserialize;

/// A common ligand. Name, charge, denticity and formula were typed in beside the SMILES and are
/// compared with it in a test.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BuiltinLigand {
    /// Name, for instance `triphenylphosphine`.
    pub name: String,
    /// SMILES with the donors as atom maps.
    pub smiles: String,
    /// Charge.
    pub charge: i32,
    /// Number of sites that it takes.
    pub denticity: usize,
    /// Formula in Hill's order.
    pub formula: String,
    /// Other names, separated by semicolons, for instance `PPh3`; the first is the usual abbreviation.
    other_names: String,
}

impl BuiltinLigand {
    /// Abbreviations and other names, the usual one first.
    pub fn other_names(&self) -> impl Iterator<Item = &str> {
        self.other_names.split(';').filter(|name| !name.is_empty())
    }

    /// The ligand under its usual abbreviation (its name where there is none), without positions.
    pub fn ligand(&self) -> Ligand {
        let name = self.other_names().next().unwrap_or(&self.name).to_owned();
        let ligand = Ligand::from_smiles(&self.smiles).expect("data/ligands.csv holds SMILES of ligands");
        Ligand { name, ..ligand }
    }
}

static LIGANDS: LazyLock<Vec<BuiltinLigand>> = LazyLock::new(|| {
    csv::Reader::from_reader(include_str!("../../data/ligands.csv").as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("data/ligands.csv is well formed")
});

/// All built-in ligands.
pub fn builtin_ligands() -> &'static [BuiltinLigand] {
    &LIGANDS
}

/// The built-in ligand with this name or abbreviation; letter case is ignored.
pub fn builtin_ligand(name: &str) -> Option<&'static BuiltinLigand> {
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    LIGANDS.iter().find(|ligand| is(&ligand.name) || ligand.other_names().any(is))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use druse_representations::Element;

    use super::super::tests::real;
    use super::*;

    #[test]
    fn each_agrees_with_its_facts() {
        for known in builtin_ligands() {
            let ligand = known.ligand();
            let found = (ligand.charge(), ligand.denticity(), ligand.composition().hill_formula());
            assert_eq!(found, (known.charge, known.denticity, known.formula.clone()), "{}", known.name);
            assert!(ligand.check().is_ok() && ligand.check_valence().is_ok(), "{}", known.name);
        }
        assert!(builtin_ligands().len() >= 60);
    }

    #[test]
    fn names_and_graphs_are_unique() {
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for known in builtin_ligands() {
            for name in std::iter::once(known.name.as_str()).chain(known.other_names()) {
                assert!(names.insert(name.to_lowercase()), "{name}");
            }
            assert!(keys.insert(known.ligand().canonical().key), "{}", known.name);
        }
        assert_eq!(builtin_ligand("PPH3").map(|ligand| ligand.name.as_str()), Some("triphenylphosphine"));
        assert_eq!(builtin_ligand("no such"), None);
    }

    #[test]
    fn donor_elements_are_right() {
        let donors = |name: &str| {
            let ligand = builtin_ligand(name).unwrap().ligand();
            let elements: Vec<&str> = ligand.elements().map(|element| element.symbol()).collect();
            let atoms = |donor: &Vec<usize>| donor.iter().map(|&atom| elements[atom]).collect::<String>();
            ligand.donors.iter().map(atoms).collect::<Vec<String>>().join(" ")
        };
        assert_eq!(donors("dmso-S"), "S");
        assert_eq!(donors("dmso-O"), "O");
        assert_eq!(donors("IMe"), "C");
        assert_eq!(donors("Cp"), "CCCCC");
        assert_eq!(donors("cod"), "CC CC");
        assert_eq!(donors("ppy"), "C N");
        assert_eq!(donors("PCP"), "P C P");
        assert_eq!(donors("EDTA"), "O N O N O O");
        assert_eq!(donors("salen"), "O N N O");
    }

    /// Crystals know most of them, which also checks donors and charges against MetaLig's. (Version
    /// 1.1.0 has four carboxylates in all: no acetate, no oxalate, no amino acids.)
    #[test]
    fn the_library_has_most_of_them() {
        let Some(library) = real() else { return };
        let mut absent = Vec::new();
        for known in builtin_ligands() {
            let ligand = known.ligand();
            let Some(shaped) = library.shaped(&ligand).unwrap() else {
                absent.push(known.name.as_str());
                continue;
            };
            assert_eq!((&shaped.name, shaped.charge()), (&ligand.name, known.charge));
            assert_eq!(shaped.canonical().key, ligand.canonical().key, "{}", known.name);
            let elements = |ligand: &Ligand| -> Vec<Vec<Element>> {
                let of: Vec<Element> = ligand.elements().collect();
                ligand.donors.iter().map(|donor| donor.iter().map(|&atom| of[atom]).collect()).collect()
            };
            assert_eq!(elements(&shaped), elements(&ligand), "{}", known.name);
        }
        println!("{} of {} are not in the library: {absent:?}", absent.len(), builtin_ligands().len());
        assert!(absent.len() <= 13);
    }
}
