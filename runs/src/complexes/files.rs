//! Complexes as files for people: XYZ with the whole-complex string.

use std::collections::BTreeMap;

use druse_representations::io::write_xyz_text;
use druse_representations::{Complex, Ligand};

/// Longest name of a ligand in formulas; those of the library are longer and give way to the formula.
const LONGEST_NAME: usize = 8;

/// Formula such as `Fe(bipy)2(CN)2 2+`: ligands by their short names, else by composition, in the
/// order of their names.
pub fn formula(complex: &Complex) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for placed in &complex.ligands {
        *counts.entry(short_name(&placed.ligand)).or_default() += 1;
    }
    let ligands: String = counts
        .into_iter()
        .map(|(name, count)| {
            let count = if count == 1 { String::new() } else { count.to_string() };
            format!("({name}){count}")
        })
        .collect();
    let charge = match complex.charge() {
        0 => String::new(),
        charge => {
            let size = if charge.abs() == 1 { String::new() } else { charge.abs().to_string() };
            format!(" {size}{}", if charge > 0 { '+' } else { '-' })
        }
    };
    format!("{}{ligands}{charge}", complex.metal)
}

fn short_name(ligand: &Ligand) -> String {
    if !ligand.name.is_empty() && ligand.name.chars().count() <= LONGEST_NAME {
        return ligand.name.clone();
    }
    ligand.composition().hill_formula()
}

/// Polyhedron and isomer, such as `OC-6 cis`.
pub fn shape(complex: &Complex) -> String {
    let isomer = complex.isomer_label().map_or_else(String::new, |label| format!(" {label}"));
    format!("{}{isomer}", complex.geometry.symbol())
}

/// An XYZ file whose comment says what the atoms are: id, the `notes` that the caller has, charge,
/// multiplicity and the whole-complex string; `None` without positions.
pub fn xyz(complex: &Complex, id: &str, notes: &str) -> Option<String> {
    let molecule = complex.molecule()?;
    let comment = format!(
        "id={id} {notes}charge={} multiplicity={} complex={complex}",
        complex.charge(),
        complex.multiplicity
    );
    Some(write_xyz_text([(&molecule, comment.as_str())]))
}
