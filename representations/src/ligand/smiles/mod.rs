//! Ligands as SMILES.
//!
//! The grammar is OpenSMILES (C. A. James et al., OpenSMILES 1.0, 2016) with `->` and `<-` for
//! dative bonds and `~` for a bond of unknown order. Marks of stereochemistry and isotopes are read
//! and forgotten. Every hydrogen becomes an atom of the graph.

mod error;
mod hydrogens;
mod lexer;
mod metal;
mod parser;
mod read;
mod write;

pub use error::SmilesError;

use self::read::{Donors, read};
use super::Ligand;

impl Ligand {
    /// Reads a ligand whose donors are marked in the text, in one of two ways:
    /// - atom maps: `[NH2:1]CC[NH2:2]` binds by two atoms in this order, `[CH2:1]=[CH2:1]` face on
    ///   as one donor;
    /// - the metal in its place: `[Li]<-N#CC`, `[Be]=C1N(C)C=CN1C` and `C1CN->[Ir]<-N1` as in the
    ///   training data of tmcinvdes, or any other metal with arrows, or a single transition metal.
    ///   The donors have the order of the text; neighbouring carbons, and neighbours with a multiple
    ///   bond, bind face on as one. Covalent
    ///   bonds to the metal leave their electrons with the donor, so `[Be]Cl` is chloride, but a
    ///   double bond to carbon leaves a neutral carbene.
    ///
    /// `->` and `<-` are dative bonds, `~` is a bond of unknown order; the rest is OpenSMILES. Marks
    /// of stereochemistry and isotopes are read and forgotten. All hydrogens become atoms of the
    /// graph, after the others. What follows after white space is the name; without it, the text is.
    ///
    /// ```
    /// use druse_representations::Ligand;
    ///
    /// let bipyridine = Ligand::from_smiles("c1ccc2-c3ccccn3->[Ir]<-n2c1 bpy")?;
    /// assert_eq!(bipyridine.name, "bpy");
    /// assert_eq!(bipyridine.denticity(), 2);
    /// assert_eq!(bipyridine.to_smiles(), "c1(-c2cccc[n:2]2)cccc[n:1]1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where the text breaks the grammar, or why it is no ligand.
    pub fn from_smiles(text: &str) -> Result<Self, SmilesError> {
        read(text, Donors::InText)
    }

    /// Reads a molecule and takes these atoms as donors. The indices count the atoms of the text
    /// from 0, hydrogens left out (they count only where there is nothing else). Atom maps and
    /// placeholders have no meaning here.
    ///
    /// # Errors
    /// Where the text breaks the grammar, or why it is no ligand.
    pub fn from_smiles_with_donors(text: &str, donors: &[Vec<usize>]) -> Result<Self, SmilesError> {
        read(text, Donors::Indices(donors))
    }

    /// This ligand as SMILES with the donors as atom maps, 1 for the first. The same for all ways to
    /// number the atoms. Reads back to the same elements, bonds with their orders, formal charges
    /// and donors; the name and the positions are not written.
    pub fn to_smiles(&self) -> String {
        write::write(self)
    }
}

#[cfg(test)]
mod tests;
