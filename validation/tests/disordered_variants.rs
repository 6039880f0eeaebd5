//! Ordered and disordered variants of rutile: verdicts of MatterGen's matchers (commit ac9ddd4, run
//! with pymatgen 2026.10.24), `DefaultOrderedStructureMatcher` and `DefaultDisorderedStructureMatcher`.

mod labelled;

use std::collections::HashMap;
use std::path::Path;

use druse_representations::{Crystal, io};
use druse_validation::matching::{Matcher, Overrides, Pattern, matcher};
use labelled::shared_data;

/// Whether the ordered and the disordered matcher call two crystals the same.
fn verdicts(first: &Crystal, second: &Crystal) -> (bool, bool) {
    let (x, y) = (Pattern::of(first).unwrap(), Pattern::of(second).unwrap());
    let verdict = |name: &str| {
        let matcher: Box<dyn Matcher> = matcher(name, &Overrides::default()).unwrap();
        let same = matcher.same(&x, &y);
        let comparison = matcher.compare(&x, &y);
        assert_eq!(comparison.same, same, "{name}");
        assert!(!same || comparison.mapping.is_some(), "{name}");
        same
    };
    (verdict("mattergen-ordered"), verdict("mattergen-disordered"))
}

fn crystals(path: &Path) -> HashMap<String, Crystal> {
    let records = io::read_path(path).unwrap().into_iter().map(Result::unwrap);
    records.map(|record| (record.id, record.crystal)).collect()
}

/// Made-up rutiles: (Nb, V)O2 as two orderings and solid solutions at 1:2 and 1:1, and two orderings
/// of (Ba, V)O2, whose metals are too unlike to mix.
#[test]
fn made_up_rutiles() {
    let crystals = crystals(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rutiles.jsonl"));
    for (first, second, ordered, disordered) in [
        ("ordered", "ordered", true, true),
        ("ordered", "solution", false, true),
        ("ordered", "one-to-one", false, false),
        ("ordered", "other-ordering", false, true),
        ("solution", "one-to-one", false, false),
        ("solution", "other-ordering", false, true),
        ("unlike", "unlike-other", false, false),
    ] {
        let expected = (ordered, disordered);
        assert_eq!(verdicts(&crystals[first], &crystals[second]), expected, "{first} {second}");
        assert_eq!(verdicts(&crystals[second], &crystals[first]), expected, "{second} {first}");
    }
}

/// TaCr2O6, proposed as new and found to be a rutile that has been known since 1972.
#[test]
fn tantalum_chromium_rutile() {
    let Some(folder) = shared_data("disorder/mattergen_experimental") else {
        println!("skipped: no structures of the MatterGen release (development data, see DRUSE_SHARED_DATA)");
        return;
    };
    let read = |name: &str| {
        let record = io::read_path(&folder.join(name)).unwrap().remove(0).unwrap();
        record.crystal
    };
    let proposed = read("TaCr2O6.cif");
    let refined = read("Ta0.66666667Cr1.33333333O4.cif");
    let mut one_to_one = refined.clone();
    for site in one_to_one.sites.iter_mut().filter(|site| !site.is_ordered()) {
        site.occupants.iter_mut().for_each(|occupant| occupant.occupancy = 0.5);
    }
    assert_eq!(verdicts(&proposed, &read("TaCr2O6_symmetrized.cif")), (true, true));
    assert_eq!(verdicts(&proposed, &refined), (false, true));
    assert_eq!(verdicts(&refined, &proposed), (false, true));
    assert_eq!(verdicts(&proposed, &one_to_one), (false, false));
    assert_eq!(verdicts(&refined, &one_to_one), (false, false));
}
