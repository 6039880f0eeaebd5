use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use druse_representations::io::read_path;
use druse_representations::{Crystal, Element, Lattice, Occupant, Site};
use proptest::prelude::*;

use super::*;
use crate::fingerprint::Invariants;
use crate::matching::{Pattern, Scope};

fn element(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// A face-centred cubic cell of `a` (Å) with a cation in every corner and an anion in every middle.
fn rock_salt(cations: &[(&str, f64)], anion: &str, a: f64) -> Crystal {
    let h = a / 2.0;
    let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
    let mut crystal =
        Crystal::ordered(lattice, [(element(anion), [0.0; 3]), (element(anion), [0.5, 0.5, 0.5])]);
    let occupants =
        cations.iter().map(|&(symbol, occupancy)| Occupant { element: element(symbol), occupancy });
    crystal.sites[0] = Site { occupants: occupants.collect(), frac: crystal.sites[0].frac };
    crystal
}

fn cesium_chloride(cation: &str, anion: &str, a: f64) -> Crystal {
    Crystal::ordered(Lattice::cubic(a), [(element(cation), [0.0; 3]), (element(anion), [0.5; 3])])
}

fn crystals() -> Vec<(String, Crystal)> {
    let named = |id: &str, crystal| (id.to_owned(), crystal);
    vec![
        named("salt", rock_salt(&[("Na", 1.0)], "Cl", 5.64)),
        named("salt-high-pressure", cesium_chloride("Na", "Cl", 3.2)),
        named("sylvite", rock_salt(&[("K", 1.0)], "Cl", 6.29)),
        named("mixed", rock_salt(&[("Na", 0.5), ("K", 0.5)], "Cl", 5.96)),
        named("periclase", rock_salt(&[("Mg", 1.0)], "O", 4.21)),
        named(
            "iron",
            Crystal::ordered(Lattice::cubic(2.87), [(element("Fe"), [0.0; 3]), (element("Fe"), [0.5; 3])]),
        ),
    ]
}

fn source(name: &str) -> NewSource {
    NewSource { name: name.to_owned(), licence: "own numbers".to_owned(), date: "2026-11-25".to_owned() }
}

fn builder(contents: Contents) -> Builder {
    let mut builder = Builder::new(contents, std::env::temp_dir());
    let added = builder.add_crystals(&source("own"), "0".repeat(64), crystals()).unwrap();
    assert_eq!((added.added, added.known, added.refused.len()), (6, 0, 0));
    builder
}

fn bytes(builder: Builder) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.index");
    builder.write(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn open(bytes: &[u8]) -> Result<Index, IndexError> {
    Index::from_bytes(bytes.to_vec(), "x.index")
}

fn ids<'a>(index: &'a Index, hits: &[Hit]) -> Vec<&'a str> {
    hits.iter().map(|hit| index.entry(hit.entry).unwrap().id()).collect()
}

#[test]
fn every_scope_finds_its_own() {
    for contents in [Contents::Structures, Contents::InvariantsOnly] {
        let index = open(&bytes(builder(contents))).unwrap();
        assert_eq!((index.len(), index.is_exact()), (6, contents == Contents::Structures));
        let query = |crystal: &Crystal| Query::of(crystal).unwrap();
        // Salt in another cell and with another volume.
        let salt = query(&rock_salt(&[("Na", 1.0)], "Cl", 5.9));
        let near = index.near(&salt, Scope::Composition);
        assert_eq!(ids(&index, &near), ["salt", "salt-high-pressure"]);
        assert!(near[0].distance < 0.01 && near[1].distance > 0.05, "{near:?}");
        let system: BTreeSet<&str> =
            ids(&index, &index.near(&salt, Scope::ChemicalSystem)).into_iter().collect();
        assert_eq!(system, BTreeSet::from(["mixed", "salt", "salt-high-pressure"]));
        let mixed = query(&rock_salt(&[("Na", 0.1), ("K", 0.9)], "Cl", 6.2));
        assert_eq!(index.near(&mixed, Scope::ChemicalSystem).len(), 4);
        let anonymous = index.near(&query(&rock_salt(&[("Ca", 1.0)], "O", 4.8)), Scope::AnonymousFormula);
        assert_eq!(anonymous.len(), 4);
        assert_eq!(*ids(&index, &anonymous).last().unwrap(), "salt-high-pressure");
        assert_eq!(
            index.nearest_of(&salt, Scope::AnonymousFormula, 2),
            index.near(&salt, Scope::AnonymousFormula)[..2]
        );
        assert!(index.near(&query(&rock_salt(&[("Ca", 1.0)], "O", 4.8)), Scope::Composition).is_empty());
    }
}

#[test]
fn entries_come_back() {
    let exact = open(&bytes(builder(Contents::Structures))).unwrap();
    let packed = open(&bytes(builder(Contents::InvariantsOnly))).unwrap();
    let all = crystals();
    for (index, exact) in [(&exact, true), (&packed, false)] {
        for entry in index.entries() {
            let crystal = &all.iter().find(|(id, _)| id == entry.id()).unwrap().1;
            assert_eq!(entry.formula(), crystal.composition().reduced_formula());
            assert_eq!((entry.sites(), entry.set().name.as_str()), (crystal.sites.len(), "own"));
            let volume = crystal.lattice.volume() / crystal.sites.len() as f64;
            assert!((f64::from(entry.volume_per_site()) / volume - 1.0).abs() < 1.0 / 65536.0);
            let (found, known) = (entry.invariants(), Invariants::of(crystal).unwrap());
            let limit = if exact { 0.0 } else { Invariants::EQUAL };
            assert!(found.resolved_distance(&known).unwrap() <= limit, "{found:?}");
            assert!(found.blind_distance(&known) <= limit);
            let Some(pattern) = entry.pattern() else {
                assert!(!exact);
                continue;
            };
            let expected = Pattern::of(crystal).unwrap();
            assert_eq!((&pattern.species, &pattern.given.kinds), (&expected.species, &expected.given.kinds));
            assert_eq!(pattern.given.lattice, expected.given.lattice);
            for (x, y) in pattern.given.frac.iter().zip(&expected.given.frac) {
                assert!((x - y).iter().all(|d| (d - d.round()).abs() < 2e-10), "{x} {y}");
            }
        }
    }
    assert!(exact.entry(6).is_none());
}

#[test]
fn bytes_do_not_depend_on_threads_or_on_adding_in_parts() {
    for contents in [Contents::Structures, Contents::InvariantsOnly] {
        let of_threads = |count| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
            pool.install(|| bytes(builder(contents)))
        };
        let whole = of_threads(1);
        assert_eq!(whole, of_threads(4));

        let mut half = Builder::new(contents, std::env::temp_dir());
        half.add_crystals(&source("own"), "0".repeat(64), crystals().into_iter().skip(3)).unwrap();
        let half = open(&bytes(half)).unwrap();
        let mut again = Builder::new(contents, std::env::temp_dir());
        assert_eq!(again.add_index(&half).unwrap().added, 3);
        let added = again.add_crystals(&source("own"), "0".repeat(64), crystals()).unwrap();
        assert_eq!((added.added, added.known), (3, 3));
        assert_eq!(bytes(again), whole);
    }
}

#[test]
fn a_broken_structure_does_not_stop_the_others() {
    let mut all = crystals();
    all.insert(1, ("nothing".to_owned(), Crystal { lattice: Lattice::cubic(3.0), sites: Vec::new() }));
    all.insert(2, ("flat".to_owned(), cesium_chloride("Na", "Cl", 0.0)));
    let mut builder = Builder::new(Contents::Structures, std::env::temp_dir());
    let added = builder.add_crystals(&source("own"), String::new(), all).unwrap();
    assert_eq!(added.added, 6);
    let refused: Vec<&str> = added.refused.iter().map(|refused| refused.id.as_str()).collect();
    assert_eq!(refused, ["nothing", "flat"]);
    assert!(added.refused[0].reason.contains("without sites"), "{}", added.refused[0].reason);
}

#[test]
fn sets_of_invariants_make_an_index_that_proves_nothing() {
    let packed = open(&bytes(builder(Contents::InvariantsOnly))).unwrap();
    let mut builder = Builder::new(Contents::Structures, std::env::temp_dir());
    builder.add_index(&packed).unwrap();
    builder.add_crystals(&source("other"), "1".repeat(64), crystals()).unwrap();
    let both = builder.index().unwrap();
    assert_eq!((both.len(), both.is_exact()), (12, false));
    assert_eq!(both.sets().iter().map(|set| set.exact).collect::<Vec<_>>(), [false, true]);
    for entry in both.entries() {
        assert_eq!(entry.pattern().is_some(), entry.set().exact);
    }
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let good = bytes(builder(Contents::Structures));
    let reason = |bytes: &[u8]| open(bytes).unwrap_err().to_string();
    assert!(reason(b"PK").contains("does not begin with DRUSEIDX"));
    let mut newer = good.clone();
    newer[8] = 9;
    assert!(reason(&newer).contains("format version 9, expected 1"), "{}", reason(&newer));
    let short = reason(&good[..good.len() - 1]);
    assert!(short.contains("not whole"), "{short}");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    assert!(reason(&flipped).contains("checksum"), "{}", reason(&flipped));
    // Made with other reduced cells, and whole.
    let text = String::from_utf8_lossy(&good).find("1: Niggli").unwrap();
    let place = good.windows(9).position(|window| window == b"1: Niggli").unwrap();
    assert!(text > 0);
    let mut other = good;
    other[place] = b'0';
    let content = other.len() - 4;
    let sum = crc32fast::hash(&other[..content]);
    other[content..].copy_from_slice(&sum.to_le_bytes());
    assert!(reason(&other).contains("reduced cells of version '0: Niggli"), "{}", reason(&other));
    let absent = Index::open(Path::new("/absent/x.index")).unwrap_err().to_string();
    assert!(absent.contains("/absent/x.index"), "{absent}");
}

/// Asks an index for everything that it can give.
fn use_all(index: &Index) {
    for entry in index.entries() {
        let _ = (entry.id(), entry.formula(), entry.pattern(), entry.invariants(), entry.volume_per_site());
    }
    let query = Query::of(&rock_salt(&[("Na", 1.0)], "Cl", 5.64)).unwrap();
    for scope in [Scope::Composition, Scope::ChemicalSystem, Scope::AnonymousFormula] {
        let _ = index.near(&query, scope);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Damage is found by the checksum; with a checksum made to fit, nothing may panic.
    #[test]
    fn damaged_files_never_panic(
        packed in any::<bool>(),
        fit in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 0..4),
    ) {
        let contents = if packed { Contents::InvariantsOnly } else { Contents::Structures };
        let good = bytes(builder(contents));
        let mut damaged = good.clone();
        if flips.is_empty() {
            damaged.truncate(cut.index(good.len()));
        }
        for (place, mask) in &flips {
            damaged[place.index(good.len())] ^= mask;
        }
        if fit && damaged.len() > 4 {
            let content = damaged.len() - 4;
            let sum = crc32fast::hash(&damaged[..content]);
            damaged[content..].copy_from_slice(&sum.to_le_bytes());
        }
        match open(&damaged) {
            Ok(index) => {
                prop_assert!(fit || damaged == good);
                use_all(&index);
            }
            Err(error) => prop_assert!(error.to_string().contains("x.index")),
        }
    }
}

/// Real structures, where they are.
fn shared(file: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("DRUSE_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let path = shared.join(file);
    if !path.exists() {
        println!("skipped: no {}", path.display());
    }
    path.exists().then_some(path)
}

#[test]
fn real_structures_find_themselves_and_decide_as_from_the_file() {
    let Some(path) = shared("novelty/refs.jsonl.gz") else { return };
    let mut builder = Builder::new(Contents::Structures, std::env::temp_dir());
    let mut told = 0;
    let added = builder.add_path(&source("refs"), &path, &mut |count| told += count).unwrap();
    let records: Vec<_> = read_path(&path).unwrap().into_iter().filter_map(Result::ok).collect();
    assert_eq!((added.added, told), (records.len(), records.len()));
    let index = builder.index().unwrap();
    assert_eq!(index.sets()[0].structures, records.len());
    let matcher = crate::matching::Pymatgen::default();
    for record in records.iter().step_by(7) {
        let query = Query::of(&record.crystal).unwrap();
        for scope in [Scope::Composition, Scope::ChemicalSystem, Scope::AnonymousFormula] {
            let hits = index.near(&query, scope);
            assert!(hits.is_sorted_by(|x, y| x.distance <= y.distance));
            let itself = hits.iter().find(|hit| index.entry(hit.entry).unwrap().id() == record.id).unwrap();
            assert_eq!(itself.distance, 0.0, "{}", record.id);
        }
        for hit in index.near(&query, Scope::Composition) {
            let entry = index.entry(hit.entry).unwrap();
            let stored = entry.pattern().unwrap();
            let known = &records.iter().find(|known| known.id == entry.id()).unwrap().crystal;
            let known = Pattern::of(known).unwrap();
            assert_eq!(stored.primitive.is_some(), known.primitive.is_some());
            let (x, y) = (matcher.rms(&query.pattern, &stored), matcher.rms(&query.pattern, &known));
            assert_eq!(x.is_some(), y.is_some(), "{} {}", record.id, entry.id());
            if let (Some(x), Some(y)) = (x, y) {
                assert!((x.rms - y.rms).abs() < 1e-6, "{} {}: {} {}", record.id, entry.id(), x.rms, y.rms);
            }
        }
    }
}
