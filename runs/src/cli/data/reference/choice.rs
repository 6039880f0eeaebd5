//! Which structures near the hull are worth a relaxation.

use std::collections::BTreeSet;

use crate::datasets::entries::ComputedEntry;
use crate::datasets::reference::{ReferenceRow, ReferenceTable, ReferenceWriter};
use crate::fitness::hull::{Exclude, PhaseDiagram};
use crate::representations::Composition;
use rayon::prelude::*;

use crate::cli::failure::Failure;

/// Ids of structures more than `near` (eV/atom) above the hull of all first energies. Elements are never far: every hull needs
/// them. Neither is what an element without an energy leaves without a hull.
pub fn far(writer: &ReferenceWriter, near: f64) -> Result<BTreeSet<String>, Failure> {
    let entries: Vec<ComputedEntry> =
        writer.first().map(|row| row.entry()).collect::<Result<_, _>>().map_err(Failure::input)?;
    let diagram = PhaseDiagram::from_computed(&entries).map_err(Failure::input)?;
    let is_far = |entry: &&ComputedEntry| {
        let placed = diagram.energy_above_hull(&entry.composition, entry.energy_per_atom(), Exclude::Nothing);
        entry.composition.element_count() > 1 && placed.is_ok_and(|placed| placed.energy_above_hull > near)
    };
    Ok(entries.par_iter().filter(is_far).map(|entry| entry.id.clone()).collect())
}

/// Number of structures with a first energy that are not far and have neither been relaxed nor failed.
pub fn not_relaxed(writer: &ReferenceWriter, far: &BTreeSet<String>) -> usize {
    writer.first().filter(|row| !far.contains(row.id) && !writer.contains(row.id)).count()
}

/// Symbols of the elements of a table of which it has no energy, in alphabetical order.
pub fn elements_without_energy(table: &ReferenceTable) -> Vec<String> {
    let (mut pure, mut all) = (BTreeSet::new(), BTreeSet::new());
    let composition = |row: ReferenceRow| row.formula.parse::<Composition>().ok();
    for composition in table.rows().filter_map(composition) {
        let symbols: Vec<String> =
            composition.elements().map(|element| element.symbol().to_owned()).collect();
        if let [one] = &symbols[..] {
            pure.insert(one.clone());
        }
        all.extend(symbols);
    }
    all.difference(&pure).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::reference::ReferenceHeader;

    fn row<'a>(id: &'a str, formula: &'a str, energy_per_atom: f64) -> ReferenceRow<'a> {
        ReferenceRow { id, formula, space_group: None, atoms: 2, energy_per_atom }
    }

    #[test]
    fn elements_and_what_has_no_hull_are_never_far() {
        let folder = tempfile::tempdir().unwrap();
        let header = ReferenceHeader::default();
        let mut writer = ReferenceWriter::open(&folder.path().join("c.csv"), &header).unwrap();
        for row in [
            row("na", "Na", -1.0),
            row("na-far", "Na", 4.0),
            row("cl", "Cl", -2.0),
            row("salt", "NaCl", -3.5),
            row("near", "NaCl", -3.4),
            row("far", "NaCl", -3.3),
            row("mixture", "Na3Cl", -1.7),
            row("oxide", "Na2O", 9.0),
        ] {
            writer.append_first(&row).unwrap();
        }
        // Na3Cl: half of its atoms as sodium, half as salt, -2.25 together.
        let ids = |near| far(&writer, near).ok().unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(ids(0.15), ["far", "mixture"]);
        assert_eq!(ids(0.05), ["far", "mixture", "near"]);
        assert_eq!(ids(9.0), Vec::<String>::new());
        let far = far(&writer, 0.15).ok().unwrap();
        assert_eq!(not_relaxed(&writer, &far), 6);
        writer.append(&row("salt", "NaCl", -3.6)).unwrap();
        writer.append(&row("oxide", "Na2O", -4.0)).unwrap();
        writer.append_failure("near", "clash").unwrap();
        assert_eq!(not_relaxed(&writer, &far), 3);
        writer.append(&row("na", "Na", -1.0)).unwrap();
        let table = writer.finish(&folder.path().join("t.csv.gz")).unwrap();
        assert_eq!(elements_without_energy(&table), ["Cl", "O"]);
    }
}
