//! Complexes in space from files.

use std::path::Path;

use druse_datasets::elements::covalent_radius;
use druse_representations::complex::{ComplexTextError, perceive};
use druse_representations::io::{ReadError, RecordError, read_molecules};
use druse_representations::ligand::BondOrder;
use druse_representations::molecule::Molecule;
use druse_representations::{Complex, Ligand, PlacedLigand};

/// Why a frame is no complex in space.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlacedError {
    /// It cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is no complex, or another.
    #[error("{id}: {reason}")]
    Frame {
        /// The frame.
        id: String,
        /// What is wrong.
        reason: String,
    },
}

/// Word before the whole-complex string in comments.
const COMPLEX: &str = "complex=";

/// The complex that the comment of a frame tells, where it does.
///
/// # Errors
/// When what it tells is no complex.
pub fn told_complex(comment: &str) -> Result<Option<Complex>, ComplexTextError> {
    let told = comment.split_whitespace().find_map(|word| word.strip_prefix(COMPLEX));
    told.map(str::parse).transpose()
}

/// Key of a ligand as far as positions tell it: no bond orders, no formal charges.
pub fn perceived_key(ligand: &Ligand) -> String {
    let mut plain = ligand.clone();
    plain.graph.edge_weights_mut().for_each(|order| *order = BondOrder::Unknown);
    plain.graph.node_weights_mut().for_each(|atom| atom.formal_charge = 0);
    plain.canonical().key
}

/// All complexes of an XYZ file that druse wrote: the comment of each frame tells what its atoms are.
///
/// # Errors
/// When the file cannot be read; for each frame when it does not tell, or its atoms are another complex.
pub fn placed_complexes(path: &Path) -> Result<Vec<Result<Complex, PlacedError>>, ReadError> {
    let frame = |record: Result<_, _>| {
        let druse_representations::io::MoleculeRecord { id, molecule, comment, .. } = record?;
        let wrong = |reason: String| PlacedError::Frame { id: id.clone(), reason };
        let told = told_complex(&comment).map_err(|error| wrong(error.to_string()))?;
        let told = told.ok_or_else(|| {
            wrong(format!("found no '{COMPLEX}' in its comment, expected what druse writes there"))
        })?;
        placed(&told, &molecule).map_err(wrong)
    };
    Ok(read_molecules(path)?.into_iter().map(frame).collect())
}

/// Whether the atoms of a complex in space, their bonds found anew, are the ligands with the donors that it says.
pub fn told_by_atoms(complex: &Complex) -> bool {
    complex.molecule().is_some_and(|molecule| placed(complex, &molecule).is_ok())
}

/// A complex with the positions of a molecule, whose atoms may be in another order.
fn placed(told: &Complex, molecule: &Molecule) -> Result<Complex, String> {
    let found = perceive(molecule, &covalent_radius).map_err(|error| error.to_string())?;
    let mut left: Vec<(String, &PlacedLigand)> =
        told.ligands.iter().map(|placed| (perceived_key(&placed.ligand), placed)).collect();
    let mut ligands = Vec::with_capacity(left.len());
    for one in &found.ligands {
        let key = perceived_key(&one.ligand);
        let place = left.iter().position(|(other, _)| *other == key);
        let place = place
            .ok_or_else(|| format!("its atoms hold a ligand {} that it does not tell", one.ligand.name))?;
        let mut ligand = left.remove(place).1.ligand.clone();
        let (there, here) = (one.ligand.canonical_order(), ligand.canonical_order());
        let (from, mut positions) =
            (one.ligand.positions.as_deref().unwrap_or_default(), vec![[0.0; 3]; here.len()]);
        for (&atom, &other) in here.iter().zip(&there) {
            positions[atom] = from[other];
        }
        ligand.positions = Some(positions);
        // The same donor by its atoms.
        let site = |donor: &Vec<usize>| {
            let place = here.iter().position(|atom| *atom == donor[0])?;
            let theirs = one.ligand.donors.iter().position(|donor| donor.contains(&there[place]))?;
            one.sites.get(theirs).copied()
        };
        let sites = ligand.donors.iter().map(site).collect::<Option<Vec<usize>>>();
        ligands.push(PlacedLigand { sites: sites.ok_or("no polyhedron has as many sites")?, ligand });
    }
    let geometry = found.shape.map_or(told.geometry, |(geometry, _)| geometry);
    let around = ligands.iter().flat_map(|placed| placed.ligand.positions.clone().unwrap_or_default());
    let positions = std::iter::once([0.0; 3]).chain(around).collect();
    Complex::new(told.metal, told.oxidation_state, told.multiplicity, geometry, ligands)
        .and_then(|complex| complex.with_positions(positions))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use druse_fitness::assembly::{Distances, Options, assemble};

    use super::*;
    use crate::complexes::xyz;

    #[test]
    fn what_is_written_is_read_whatever_the_order_of_its_atoms() {
        let text = "Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[NH2:1]CC(=O)[O-:2]}@1,2|{C[NH2:1]}@3";
        let complex: Complex = text.parse().unwrap();
        let built = assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap();
        let complex = complex.with_positions(built.positions).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.xyz");
        let written = xyz(&complex, "c", "").unwrap();
        let mut lines: Vec<&str> = written.lines().collect();
        lines[2..].reverse();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let [Ok(read)] = &placed_complexes(&path).unwrap()[..] else { panic!("one complex") };
        assert_eq!(read.identity(), complex.identity());
        let sorted = |complex: &Complex| {
            let mut atoms: Vec<String> = complex
                .elements()
                .zip(complex.positions.as_ref().unwrap())
                .map(|(e, p)| format!("{e} {:.4} {:.4} {:.4}", p[0] + 0.0, p[1] + 0.0, p[2] + 0.0))
                .collect();
            atoms.sort();
            atoms
        };
        assert_eq!(sorted(read).len(), sorted(&complex).len());
        assert!(complex.with_positions(read.positions.clone().unwrap()).is_ok());
    }

    #[test]
    fn frames_that_do_not_tell_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.xyz");
        std::fs::write(&path, "2\n\nPt 0 0 0\nCl 0 0 2.3\n").unwrap();
        let error = placed_complexes(&path).unwrap().remove(0).unwrap_err().to_string();
        assert!(error.contains("complex="), "{error}");
    }
}
