//! Decisions on the labelled pairs beside those of the tools that the matchers reproduce.

mod labelled;

use std::collections::HashMap;

use druse_validation::matching::{Matcher, MatterGen, Pattern, Pymatgen};
use labelled::{Labelled, labelled};
use rayon::prelude::*;

/// Decisions and distances of pymatgen's `StructureMatcher` with its defaults. Where the distance is
/// within 1e-6 of the tolerance the last digits of the files decide.
#[test]
fn pymatgen_decides_the_same() {
    let Some(data) = labelled() else { return };
    let patterns = patterns(&data);
    let matcher = Pymatgen::default();
    let rows: Vec<_> = data
        .pairs
        .par_iter()
        .map(|pair| {
            let (x, y) = (&patterns[pair.first.as_str()], &patterns[pair.second.as_str()]);
            (matcher.fit(x, y), matcher.fit(y, x), matcher.rms(x, y))
        })
        .collect();
    let mut decisions = 0;
    let mut distances = 0;
    for (pair, (forward, backward, rms)) in data.pairs.iter().zip(&rows) {
        let wanted = (pair.decision("sm_fit12"), pair.decision("sm_fit21"));
        let wanted_rms = pair.number("sm_rms");
        let name = format!("{} {} ({} {})", pair.first, pair.second, pair.kind, pair.level);
        if (Some(*forward), Some(*backward)) != wanted {
            println!("{name}: fit {forward} {backward}, expected {wanted:?}; {wanted_rms:?}");
            decisions += 1;
        }
        let got = rms.as_ref().map(|found| (found.rms, found.largest));
        let wanted = wanted_rms.zip(pair.number("sm_maxd"));
        let near = match (got, wanted) {
            // Below 1e-5 both stop at the first mapping that they come to.
            (Some((rms, _)), Some((r, _))) if rms.max(r) < 1e-5 => true,
            (Some((rms, largest)), Some((r, l))) => (rms - r).abs() < 1.5e-6 && (largest - l).abs() < 1.5e-6,
            (None, None) => true,
            _ => false,
        };
        if !near {
            println!("{name}: distances {got:?}, expected {wanted:?}");
            distances += 1;
        }
    }
    println!("{} pairs: {decisions} with other decisions, {distances} with other distances", rows.len());
    assert!(decisions * 1000 <= rows.len());
    assert!(distances * 1000 <= rows.len());
}

/// Decisions of MatterGen's `DefaultDisorderedStructureMatcher`.
#[test]
fn mattergen_decides_the_same() {
    let Some(data) = labelled() else { return };
    let patterns = patterns(&data);
    let matcher = MatterGen::default();
    let rows: Vec<_> = data
        .pairs
        .par_iter()
        .filter_map(|pair| {
            let wanted = (pair.decision("mgd12")?, pair.decision("mgd21")?);
            let (x, y) = (&patterns[pair.first.as_str()], &patterns[pair.second.as_str()]);
            Some((pair, (matcher.same(x, y), matcher.same(y, x)), wanted))
        })
        .collect();
    let mut others = 0;
    for (pair, got, wanted) in &rows {
        if got != wanted {
            println!(
                "{} {} ({} {}): {got:?}, expected {wanted:?}",
                pair.first, pair.second, pair.kind, pair.level
            );
            others += 1;
        }
    }
    println!("{} pairs: {others} with other decisions", rows.len());
    assert!(others * 100 <= rows.len());
}

fn patterns(data: &Labelled) -> HashMap<&str, Pattern> {
    data.crystals.par_iter().map(|(id, crystal)| (id.as_str(), Pattern::of(crystal).unwrap())).collect()
}
