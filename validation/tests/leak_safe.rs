//! The matchers `leak-safe`, `disorder` and `prototype` on the labelled pairs: what they must find and what
//! they must keep apart, and a table of shares by kind and level.

mod labelled;

use std::collections::{BTreeMap, HashMap};

use druse_validation::matching::{Disorder, LeakSafe, Matcher, Pattern, Prototype};
use labelled::labelled;
use rayon::prelude::*;

/// Natural polymorph pairs (of 834) that pymatgen 2026.10.24 calls the same with
/// `StructureMatcher(attempt_supercell=True)`, in the order in which it finds fewer.
const POLYMORPHS_OF_PYMATGEN: usize = 112;

/// Pairs of one kind and level, and those called the same by each of the three matchers.
#[derive(Default)]
struct Row {
    pairs: usize,
    same: [usize; 3],
    pymatgen: usize,
}

impl Row {
    fn share(&self, matcher: usize) -> f64 {
        self.same[matcher] as f64 / self.pairs as f64
    }
}

#[test]
fn labelled_pairs() {
    let Some(data) = labelled() else { return };
    let patterns: HashMap<&str, Pattern> =
        data.crystals.par_iter().map(|(id, crystal)| (id.as_str(), Pattern::of(crystal).unwrap())).collect();
    let matchers: [&dyn Matcher; 3] = [&LeakSafe::default(), &Disorder::default(), &Prototype::default()];
    let verdicts: Vec<[bool; 3]> = data
        .pairs
        .par_iter()
        .map(|pair| {
            let (x, y) = (&patterns[pair.first.as_str()], &patterns[pair.second.as_str()]);
            matchers.map(|matcher| {
                let (there, back) = (matcher.same(x, y), matcher.same(y, x));
                assert_eq!(there, back, "{} {} {}", matcher.name(), pair.first, pair.second);
                there
            })
        })
        .collect();

    let mut rows: BTreeMap<(&str, &str, &str), Row> = BTreeMap::new();
    for (pair, same) in data.pairs.iter().zip(&verdicts) {
        let row = rows.entry((&pair.label, &pair.kind, &pair.level)).or_default();
        row.pairs += 1;
        row.pymatgen += usize::from(pair.decision("sm_fit12") == Some(true));
        for (count, &same) in row.same.iter_mut().zip(same) {
            *count += usize::from(same);
        }
    }
    println!("{:52} pairs  pymatgen leak-safe disorder prototype (% same)", "");
    for ((label, kind, level), row) in &rows {
        let percent = |share: f64| format!("{:9.2}", 100.0 * share);
        let shares: String = (0..3).map(|matcher| percent(row.share(matcher))).collect();
        let peer = percent(row.pymatgen as f64 / row.pairs as f64);
        println!("{label:22} {kind:22} {level:6} {:5} {peer}{shares}", row.pairs);
    }

    for ((label, kind, level), row) in &rows {
        let level: f64 = level.parse().unwrap();
        let name = format!("{label} {kind} {level}");
        let [leak_safe, disorder, prototype] = [0, 1, 2].map(|matcher| row.share(matcher));
        match (*label, *kind) {
            ("same" | "same_scaled", _) => assert_eq!([leak_safe, disorder, prototype], [1.0; 3], "{name}"),
            ("graded", "noise" | "noise_in_supercell2") if level <= 0.3 => {
                assert!(leak_safe >= 0.98, "{name}")
            }
            ("graded", "strain") if level <= 0.05 => assert!(leak_safe >= 0.99, "{name}"),
            ("graded", "strain_noise") => assert!(leak_safe >= 0.98, "{name}"),
            ("different", "substitute_all") => {
                assert_eq!([leak_safe, disorder, prototype], [0.0, 0.0, 1.0], "{name}");
            }
            // Elements that may mix are interchangeable for `disorder`, and only for it.
            ("different", "antisite_swap") => assert_eq!([leak_safe, prototype], [0.0; 2], "{name}"),
            ("different_from_parent", _) => {
                assert_eq!([leak_safe, disorder, prototype], [0.0; 3], "{name}");
            }
            ("ordered_variants", _) => {
                assert!(row.same[0] <= row.pymatgen, "{name}");
                assert!(disorder >= 0.85, "{name}");
            }
            // The rest mixes elements that do not pass the rule.
            ("same_as_disordered" | "disordered_of_ordering", _) => assert!(disorder >= 0.85, "{name}"),
            ("unlabelled_polymorph", _) => assert!(row.same[0] <= POLYMORPHS_OF_PYMATGEN, "{name}"),
            _ => {}
        }
    }
}

/// A distance comes with every verdict, also beyond the limits, and it grows with the noise.
#[test]
fn distances_are_graded() {
    let Some(data) = labelled() else { return };
    let matcher = LeakSafe::default();
    let pattern = |id: &str| Pattern::of(&data.crystals[id]).unwrap();
    let mut means = Vec::new();
    for level in ["0.05", "0.1", "0.2", "0.3"] {
        let chosen = data.pairs.iter().filter(|pair| pair.kind == "noise" && pair.level == level).step_by(5);
        let distances: Vec<f64> = chosen
            .map(|pair| {
                let found = matcher.compare(&pattern(&pair.first), &pattern(&pair.second));
                assert_eq!(found.same, matcher.same(&pattern(&pair.first), &pattern(&pair.second)));
                found.rms.unwrap()
            })
            .collect();
        means.push(distances.iter().sum::<f64>() / distances.len() as f64);
    }
    assert!(means.windows(2).all(|pair| pair[1] > 1.3 * pair[0]), "{means:?}");
}
