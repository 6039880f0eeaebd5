//! How far above the hull known crystals lie that are not the ground state of their composition, by kind of chemistry:
//! the table `datasets/data/metastability_windows.csv`, after Sun et al., Sci. Adv. 2, e1600225 (2016).
//!
//! ```text
//! cargo run -p druse --example metastability_windows -- labels.csv.gz [chgnet-0.3.0|sevennet-l3i5|table.csv.gz]
//! ```
//!
//! The labels are a table of comma-separated values with the columns `id` and `icsd` (1 for crystals that were made).
//! Energies are those of a reference table: one that comes with druse, CHGNet's when none is named, or a file. Known crystals of up to
//! 20 atoms are placed on the hull of the whole table: larger ones are in it only when they are near the hull.
//! Those more than [`ON_HULL`] above it count as metastable, up to [`PLAUSIBLE`]: higher up most entries are no crystals
//! that were made, but lack their hydrogen atoms or have atoms on wrong sites (MgN6Cl2 is MgCl2 with six molecules of
//! NH3 but for the hydrogen). What is left out is counted.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use druse::datasets::import::join_columns;
use druse::datasets::metastability::Chemistry;
use druse::datasets::reference::ReferenceTable;
use druse::fitness::hull::{Exclude, PhaseDiagram};
use druse::representations::Composition;
use serde_json::{Map, Value};

/// Atoms up to which the reference has all structures.
const MOST_ATOMS: u32 = 20;
/// Energies this near the hull (eV/atom) are on it: the energies have five decimals.
const ON_HULL: f64 = 1e-4;
/// Energies (eV/atom) above which entries are taken for wrong ones.
const PLAUSIBLE: f64 = 0.5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (labels, table) = match &arguments[..] {
        [labels] => (labels, "chgnet-0.3.0"),
        [labels, table] => (labels, table.as_str()),
        _ => return Err("expected LABELS [TABLE]".into()),
    };
    let read;
    let table = match ReferenceTable::shipped_for(table) {
        Some(shipped) => shipped,
        None => {
            read = ReferenceTable::read(Path::new(table))?;
            &read
        }
    };
    let rows = || table.rows().filter(|row| row.atoms <= MOST_ATOMS);
    let mut columns: Vec<(&str, Map<String, Value>)> = rows().map(|row| (row.id, Map::new())).collect();
    join_columns(columns.iter_mut().map(|(id, found)| (*id, found)).collect(), Path::new(labels))?;
    let entries = table.rows().map(|row| row.entry()).collect::<Result<Vec<_>, _>>()?;
    let diagram = PhaseDiagram::from_computed(&entries)?;

    let mut all: BTreeMap<Chemistry, Vec<f64>> = BTreeMap::new();
    let is_known = |found: &Map<String, Value>| found.get("icsd").and_then(Value::as_f64) == Some(1.0);
    for (row, _) in rows().zip(&columns).filter(|(_, (_, found))| is_known(found)) {
        let composition: Composition = row.formula.parse()?;
        let placed = diagram.energy_above_hull(&composition, row.energy_per_atom, Exclude::Nothing)?;
        all.entry(Chemistry::of(&composition)).or_default().push(placed.energy_above_hull);
    }
    println!("# energies of {}", table.reference());
    println!("chemistry,known,left_out,metastable,median,percentile_90");
    for (chemistry, energies) in all {
        let known = energies.len();
        let mut above: Vec<f64> = energies.into_iter().filter(|&energy| energy > ON_HULL).collect();
        above.sort_unstable_by(f64::total_cmp);
        let plausible = above.partition_point(|&energy| energy <= PLAUSIBLE);
        let left_out = above.split_off(plausible).len();
        let name = serde_json::to_value(chemistry)?;
        let name = name.as_str().unwrap_or_default();
        let [median, ninety] = [0.5, 0.9].map(|share| quantile(&above, share));
        println!("{name},{known},{left_out},{},{median:.4},{ninety:.4}", above.len());
    }
    Ok(())
}

/// Quantile of ascending values by linear interpolation, as numpy has it; NaN of none.
fn quantile(values: &[f64], share: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let low = place.floor() as usize;
    let high = (low + 1).min(last);
    values[low] + (values[high] - values[low]) * (place - low as f64)
}
