//! Small ligands for the tests of this folder.

use druse_representations::Ligand;

/// Usual names and SMILES with numbered donors.
const LIGANDS: [(&str, &str); 16] = [
    ("Cl", "[Cl-:1]"),
    ("Br", "[Br-:1]"),
    ("NH3", "[NH3:1]"),
    ("H2O", "[OH2:1]"),
    ("CN", "[C-:1]#N"),
    ("CO", "[C-:1]#[O+]"),
    ("PMe3", "C[P:1](C)C"),
    ("PEt3", "CC[P:1](CC)CC"),
    ("OMe2", "C[O:1]C"),
    ("py", "c1cc[n:1]cc1"),
    ("en", "[NH2:1]CC[NH2:2]"),
    ("acac", "CC(=[O:1])C=C(C)[O-:2]"),
    ("bipy", "c1cc[n:1]c(c1)-c1cccc[n:2]1"),
    ("dppe", "c1ccc(cc1)[P:1](c1ccccc1)CC[P:2](c1ccccc1)c1ccccc1"),
    ("benzene", "[cH:1]1[cH:1][cH:1][cH:1][cH:1][cH:1]1"),
    ("Cp", "[cH-:1]1[cH:1][cH:1][cH:1][cH:1]1"),
];

/// A ligand by its usual name.
pub(crate) fn ligand(name: &str) -> Ligand {
    let (_, smiles) = LIGANDS.iter().find(|(known, _)| *known == name).unwrap();
    Ligand { name: name.to_owned(), ..Ligand::from_smiles(smiles).unwrap() }
}

/// Ligands by their usual names, separated by blanks.
pub(crate) fn ligands(names: &str) -> Vec<Ligand> {
    names.split_whitespace().map(ligand).collect()
}
