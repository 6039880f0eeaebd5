//! Whether known complexes pass the checks of complexes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use druse_datasets::elements::covalent_radius;
use druse_representations::complex::perceive;
use druse_representations::io::read_molecules;
use druse_validation::{check_complex, check_relaxed_complex};

fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DRUSE_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    Some(root.join(folder)).filter(|path| path.is_dir())
}

/// Computed geometries of complexes that were crystallised. Their charges are not in the files, so
/// oxidation state 0 and neutral ligands stand in: the coordinates are what is checked.
#[test]
fn known_complexes_pass() {
    let Some(folder) = shared("tmc/tmqmg_xyz") else {
        println!("skipped: no shared data");
        return;
    };
    let (mut total, mut sound, mut unchanged) = (0, 0, 0);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for record in read_molecules(&folder).unwrap() {
        let Ok(found) = perceive(&record.unwrap().molecule, &covalent_radius) else { continue };
        let charges = vec![0; found.ligands.len()];
        let Some(complex) = [1, 2].into_iter().find_map(|spin| found.to_complex(0, spin, &charges).ok())
        else {
            continue;
        };
        total += 1;
        let (built, relaxed) = (check_complex(&complex), check_relaxed_complex(&complex));
        sound += usize::from(built.is_empty());
        unchanged += usize::from(relaxed.is_empty());
        for violation in built.iter().chain(&relaxed) {
            *reasons.entry(violation.kind().to_owned()).or_default() += 1;
        }
    }
    println!("{sound} sound and {unchanged} unchanged of {total}; {reasons:?}");
    assert!(total >= 280 && 100 * unchanged >= 99 * total && 100 * sound >= 95 * total);
}
