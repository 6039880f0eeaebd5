//! The fingerprints on the labelled pairs of structures in the folder of development data
//! (`novelty/`): against the values of another program, and what thresholds tell apart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use druse_representations::{Crystal, io};
use druse_validation::fingerprint::{Invariants, Pdd, PlainPdd};

fn novelty() -> Option<PathBuf> {
    let shared = std::env::var_os("DRUSE_SHARED_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let path = shared.join("novelty");
    if !path.is_dir() {
        println!("skipped: no {}", path.display());
    }
    path.is_dir().then_some(path)
}

fn structures(folder: &Path) -> BTreeMap<String, Crystal> {
    let files = ["refs.jsonl.gz", "derived.jsonl.gz"].map(|name| io::read_path(&folder.join(name)).unwrap());
    files.into_iter().flatten().map(|record| record.unwrap()).map(|r| (r.id, r.crystal)).collect()
}

struct Pair {
    ids: [String; 2],
    kind: String,
    level: f64,
    /// Whether pymatgen says the same in at least one order.
    pymatgen: bool,
    /// Distances (Å) of average-minimum-distance 1.6.1: earth mover's of PDD, largest of AMD.
    peer: Option<[f64; 2]>,
}

fn pairs(folder: &Path) -> Vec<Pair> {
    let text = std::fs::read_to_string(folder.join("pairs.csv")).unwrap();
    let pair = |line: &str| {
        let columns: Vec<&str> = line.split(',').collect();
        let number = |column: usize| columns[column].parse::<f64>().ok();
        Pair {
            ids: [columns[0].to_owned(), columns[1].to_owned()],
            kind: columns[2].to_owned(),
            level: number(3).unwrap(),
            pymatgen: columns[6] == "1" || columns[7] == "1",
            peer: number(12).zip(number(13)).map(|(emd, amd)| [emd, amd]),
        }
    };
    text.lines().skip(1).map(pair).collect()
}

#[test]
fn plain_distances_equal_those_of_the_peer() {
    let Some(folder) = novelty() else { return };
    let pdd: BTreeMap<String, PlainPdd> = structures(&folder)
        .iter()
        .map(|(id, crystal)| (id.clone(), PlainPdd::of(crystal, 100).unwrap()))
        .collect();
    let (mut compared, mut largest) = (0, [0.0_f64; 2]);
    for pair in pairs(&folder) {
        let Some(peer) = pair.peer else { continue };
        let [x, y] = pair.ids.each_ref().map(|id| &pdd[id]);
        let ours = [x.distance(y), x.average_distance(y)];
        for i in 0..2 {
            largest[i] = largest[i].max((ours[i] - peer[i]).abs());
        }
        compared += 1;
    }
    println!("{compared} pairs, largest differences (EMD, AMD): {largest:?} Å");
    assert!(compared > 6000 && largest.iter().all(|&difference| difference < 5e-5), "{largest:?}");
}

/// The table in the documentation of `Invariants::NEAR`: of every kind of pair the share that lies
/// within a threshold, one of the two as read from a file of bytes.
#[test]
fn near_duplicates_and_others_are_told_apart() {
    let Some(folder) = novelty() else { return };
    let crystals = structures(&folder);
    let invariants: BTreeMap<&String, [Invariants; 2]> = crystals
        .iter()
        .map(|(id, crystal)| {
            let exact = Invariants::of(crystal).unwrap();
            let composition = crystal.composition();
            let stored = Invariants::dequantise(&exact.quantise(&composition), &composition).unwrap();
            (id, [exact, stored])
        })
        .collect();
    let mut kinds: BTreeMap<(String, String), Vec<f32>> = BTreeMap::new();
    let mut rounding = Vec::new();
    for pair in pairs(&folder) {
        let [first, second] = pair.ids.each_ref().map(|id| &invariants[id]);
        let distance = first[1].resolved_distance(&second[0]);
        if let (Some(distance), Some(exact)) = (distance, first[0].resolved_distance(&second[0])) {
            rounding.push((distance - exact).abs());
        }
        let mut kind = pair.kind;
        if ["polymorph", "ordering_pair"].contains(&kind.as_str()) {
            kind += if pair.pymatgen { ", pymatgen: same" } else { ", pymatgen: other" };
        }
        let level = if pair.level == 0.0 { String::new() } else { pair.level.to_string() };
        kinds.entry((kind, level)).or_default().push(distance.unwrap_or(f32::INFINITY));
    }
    rounding.sort_by(f32::total_cmp);
    println!(
        "rounding changes a distance by {} (median), {} (99 %), {} (most)",
        rounding[rounding.len() / 2],
        rounding[rounding.len() * 99 / 100],
        rounding[rounding.len() - 1]
    );
    let within = |distances: &[f32], threshold: f32| {
        distances.iter().filter(|&&distance| distance < threshold).count() as f64 / distances.len() as f64
    };
    const THRESHOLDS: [f32; 8] = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1];
    println!("{:<36}{:>6}{}", "kind, level", "pairs", THRESHOLDS.map(|t| format!("{t:>7}")).concat());
    for ((kind, level), distances) in &kinds {
        let shares =
            THRESHOLDS.map(|threshold| format!("{:7.1}", 100.0 * within(distances, threshold))).concat();
        println!("{:<36}{:>6}{shares}", format!("{kind} {level}"), distances.len());
    }
    let near = |kind: &str, level: &str, threshold: f32| {
        within(&kinds[&(kind.to_owned(), level.to_owned())], threshold)
    };
    for kind in ["rot_perm_trans", "inversion", "unimodular", "conventional", "primitive"] {
        assert_eq!(near(kind, "", Invariants::EQUAL), 1.0, "{kind}");
    }
    for (kind, level, least) in [
        ("supercell", "2", 1.0),
        ("volume", "0.8", 1.0),
        ("noise", "0.05", 0.98),
        ("noise_in_supercell2", "0.05", 0.98),
        ("noise", "0.1", 0.75),
        ("noise_in_supercell2", "0.1", 0.75),
        ("strain", "0.02", 0.9),
    ] {
        assert!(near(kind, level, Invariants::NEAR) >= least, "{kind} {level}");
    }
    for (kind, most) in [
        ("substitute_all", 0.0),
        ("ordering_pair, pymatgen: other", 0.0),
        ("antisite_swap", 0.03),
        ("polymorph, pymatgen: other", 0.06),
    ] {
        assert!(near(kind, "", Invariants::NEAR) <= most, "{kind}");
    }
}

#[test]
fn graded_distance_of_the_labelled_kinds() {
    let Some(folder) = novelty() else { return };
    let pdd: BTreeMap<String, Pdd> =
        structures(&folder).iter().map(|(id, crystal)| (id.clone(), Pdd::of(crystal).unwrap())).collect();
    let mut kinds: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for pair in pairs(&folder) {
        let [x, y] = pair.ids.each_ref().map(|id| &pdd[id]);
        let distance = x.distance(y).unwrap_or(f64::INFINITY);
        kinds.entry((pair.kind, pair.level.to_string())).or_default().push(distance);
    }
    for ((kind, level), distances) in &mut kinds {
        distances.sort_by(f64::total_cmp);
        let at = |share: f64| distances[(share * (distances.len() - 1) as f64) as usize];
        println!("{kind:<24}{level:>6}{:>6}{:8.3}{:8.3}{:8.3}", distances.len(), at(0.05), at(0.5), at(0.95));
    }
    let values = |kind: &str, level: &str| &kinds[&(kind.to_owned(), level.to_owned())];
    for (kind, level) in kinds.keys().filter(|(kind, _)| kind == "volume" || kind == "supercell") {
        assert!(values(kind, level).iter().all(|&distance| distance < 1e-3), "{kind} {level}");
    }
    // No element replaced or exchanged is nearer than a tenth of a distance between atoms.
    for kind in ["substitute_all", "antisite_swap"] {
        assert!(values(kind, "0").iter().all(|&distance| distance > 0.1), "{kind}");
    }
}
