//! The library as a whole: a small file made here, broken ones, and the real one where it is.

use std::collections::{BTreeMap, BTreeSet};

use druse_representations::{BondOrder, Element, Ligand};
use proptest::prelude::*;

use super::layout::{DISTANCE, HEADER, INDEX, METAL};
use super::*;

fn el(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// A file with ammonia (seen 7 times with Co(III), 2 with Cu) and ethylene (haptic, 3 times with Pt),
/// byte by byte as `scripts/metalig.py` describes the layout.
pub(super) fn small_file() -> Vec<u8> {
    let ammonia: &[&[u8]] = &[
        b"\x07ammonia",
        &[7, 1, 1, 1],
        &positions(&[[0, 0, 2000], [940, 0, 2340], [-470, 814, 2340], [-470, -814, 2340]]),
        &[0, 0, 1, 0, 1, 0, 0, 2, 0, 1, 0, 0, 3, 0, 1],
        &[1, 0, 0],
    ];
    let ethylene: &[&[u8]] = &[
        b"\x08ethylene",
        &[6, 6, 1, 1, 1, 1],
        &positions(&[
            [690, 0, 2000],
            [-690, 0, 2000],
            [1200, 900, 2100],
            [1200, -900, 2100],
            [-1200, 900, 2100],
            [-1200, -900, 2100],
        ]),
        &[0, 0, 1, 0, 2, 0, 0, 2, 0, 1, 0, 0, 3, 0, 1, 1, 0, 4, 0, 1, 1, 0, 5, 0, 1],
        &[2, 0, 0, 1, 0],
    ];
    let data = [ammonia.concat(), ethylene.concat()];
    let metals: [(u8, i8, u32); 3] = [(27, 3, 7), (29, -128, 2), (78, 2, 3)];
    let names = b"\x061-mono";
    let at_metals = HEADER + 2 * INDEX;
    let at_distances = at_metals + 3 * METAL;
    let at_names = at_distances + 2 * DISTANCE;
    let at_data = at_names + names.len();
    let end = at_data + data[0].len() + data[1].len();

    let mut file = b"DRUSELIG".to_vec();
    for number in [1u32, 2, 3, 2, 1, 0] {
        file.extend(number.to_le_bytes());
    }
    for place in [HEADER, at_metals, at_distances, at_names, at_data, end] {
        file.extend((place as u64).to_le_bytes());
    }
    file.extend([0xab; 32]);
    file.extend([0; 16]);
    let mut entry =
        |at: usize, length: usize, numbers: [u32; 2], counts: [u16; 3], bytes: [u8; 6], site: u8| {
            file.extend((at as u64).to_le_bytes());
            file.extend((length as u32).to_le_bytes());
            file.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
            file.extend(counts.iter().flat_map(|n| n.to_le_bytes()));
            file.extend(bytes);
            file.push(site);
            file.extend([0; 15]);
        };
    entry(at_data, data[0].len(), [9, 0], [2, 4, 3], [0, 1, 0, 1, 27, 3], 7);
    entry(at_data + data[0].len(), data[1].len(), [3, 2], [1, 6, 5], [0, 1, 0, 3, 78, 2], 6);
    for (metal, state, count) in metals {
        file.extend([metal, state.to_le_bytes()[0], 0, 0]);
        file.extend(count.to_le_bytes());
    }
    for (keys, count) in [([27u8, 7, 1, 0], 4u32), ([27, 7, 1, 1], 9)] {
        file.extend(keys);
        file.extend(count.to_le_bytes());
        file.extend([1.9f32, 2.0, 2.25, 0.0].iter().flat_map(|x| x.to_le_bytes()));
    }
    file.extend(names);
    file.extend(data.concat());
    file
}

fn positions(thousandths: &[[i16; 3]]) -> Vec<u8> {
    thousandths.iter().flatten().flat_map(|x| x.to_le_bytes()).collect()
}

fn open(bytes: &[u8]) -> Result<LigandLibrary, LibraryError> {
    let folder = tempfile::tempdir().unwrap();
    open_in(folder.path(), bytes)
}

pub(super) fn open_in(folder: &std::path::Path, bytes: &[u8]) -> Result<LigandLibrary, LibraryError> {
    let path = folder.join("some.bin");
    std::fs::write(&path, bytes).unwrap();
    LigandLibrary::open(&path)
}

#[test]
fn records_and_ligands() {
    let library = open(&small_file()).unwrap();
    assert_eq!((library.len(), library.source_checksum()), (2, "ab".repeat(32)));
    let ammonia = library.record(0).unwrap();
    assert_eq!((ammonia.name(), ammonia.formula().as_str()), ("ammonia", "H3N"));
    assert_eq!((ammonia.charge(), ammonia.denticity(), ammonia.atoms()), (0, 1, 4));
    assert_eq!((ammonia.donors(), ammonia.archetype()), (vec![el("N")], "1-mono"));
    assert_eq!((ammonia.parent_metal(), ammonia.parent_oxidation_state()), (el("Co"), Some(3)));
    let seen: Vec<Sightings> = ammonia.sightings().collect();
    assert_eq!(seen[1], Sightings { metal: el("Cu"), oxidation_state: None, count: 2 });
    assert_eq!((library.count_for_metal(0, el("Co")), library.count_for_metal(0, el("Pt"))), (7, 0));
    assert!(ammonia.orders_known() && !ammonia.is_haptic() && !ammonia.has_short_contact());

    let ethylene = library.ligand(1).unwrap();
    assert_eq!(ethylene.donors, [[0, 1]]);
    assert_eq!(ethylene.graph.edge_weights().next(), Some(&BondOrder::Double));
    assert_eq!(ethylene.positions.as_ref().unwrap()[0], [0.69, 0.0, 2.0]);
    // The hydrogen at (1.2, 0.9, 2.1) is 1.04 Å from its carbon; afterwards 1.09 Å.
    assert!((distance(&ethylene, 0, 2) - 1.09).abs() < 1e-12);
    assert!(matches!(library.ligand(2), Err(LibraryError::NoSuchLigand { index: 2, count: 2 })));
    assert_eq!((library.index_of("ethylene"), library.index_of("x")), (Some(1), None));
}

fn distance(ligand: &Ligand, i: usize, j: usize) -> f64 {
    let positions = ligand.positions.as_ref().unwrap();
    positions[i].iter().zip(positions[j]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn distances_stand_in_for_each_other() {
    let library = open(&small_file()).unwrap();
    let table = library.distances();
    let few = table.get(el("Co"), el("N"), 1, false).unwrap();
    assert_eq!((few.count, few.lower, few.median, few.upper), (4, f64::from(1.9f32), 2.0, 2.25));
    assert_eq!(table.typical(el("Co"), el("N"), 1, false), Some(2.0));
    assert_eq!(table.typical(el("Co"), el("O"), 1, false), None);
}

#[test]
fn every_wish_of_a_query_counts() {
    let library = open(&small_file()).unwrap();
    let found = |change: &dyn Fn(&mut Query)| {
        let mut query = Query::default();
        change(&mut query);
        library.search(&query)
    };
    let nothing: [usize; 0] = [];
    assert_eq!(found(&|_| ()), [0, 1]);
    assert_eq!(found(&|q| q.metals = BTreeSet::from([el("Pt"), el("Cu")])), [1, 0]); // 3 against 2
    assert_eq!(found(&|q| q.metals = BTreeSet::from([el("Ti")])), nothing);
    assert_eq!(found(&|q| q.denticities = BTreeSet::from([2])), nothing);
    assert_eq!(found(&|q| q.charges = BTreeSet::from([0, 1])), [0, 1]);
    assert_eq!(found(&|q| q.charges = BTreeSet::from([-1])), nothing);
    assert_eq!(found(&|q| q.donors = vec![el("N")]), [0]);
    assert_eq!(found(&|q| q.donors = vec![el("N"), el("N")]), nothing);
    assert_eq!(found(&|q| q.donor_elements = BTreeSet::from([el("C"), el("P")])), [1]);
    assert_eq!(found(&|q| q.elements = BTreeSet::from([el("C"), el("H")])), [1]);
    assert_eq!(found(&|q| q.min_atoms = Some(5)), [1]);
    assert_eq!(found(&|q| q.max_atoms = Some(5)), [0]);
    assert_eq!(found(&|q| q.min_occurrences = 4), [0]);
    assert_eq!(found(&|q| q.haptic = Some(true)), [1]);
    assert_eq!(found(&|q| q.orders_known = Some(false)), nothing);
    assert_eq!(found(&|q| q.archetypes = BTreeSet::from(["2-cis".to_owned()])), nothing);
    assert_eq!(found(&|q| q.text = Some("Ethyl".to_owned())), [1]);
    assert_eq!(found(&|q| q.text = Some("H3N".to_owned())), [0]);
}

#[test]
fn broken_files_are_told_apart() {
    let good = small_file();
    let message = |bytes: &[u8]| open(bytes).unwrap_err().to_string();
    assert!(message(b"").contains("0 bytes, a header has 128") || message(b"").contains("cannot read"));
    assert!(message(&[0; 200]).contains("does not begin with DRUSELIG"));
    assert!(message(&good[..good.len() - 1]).contains(&format!("expected {}", good.len())));
    let mut newer = good.clone();
    newer[8] = 2;
    assert!(message(&newer).contains("layout 2, expected 1; delete it and run `make setup`"));
    let mut counts = good.clone();
    counts[HEADER + 12] = 8;
    assert!(message(&counts).contains("ligand 0 contradicts itself"));
}

#[test]
fn a_missing_library_says_what_to_do() {
    assert!(matches!(
        LigandLibrary::open(std::path::Path::new("no/such.bin")),
        Err(LibraryError::Unreadable { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever the bytes are: an error or a library whose every ligand is whole or an error.
    #[test]
    fn damaged_files_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = small_file();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let Ok(library) = open(&bytes) else { return Ok(()) };
        library.search(&Query { text: Some("x".to_owned()), ..Query::default() });
        for index in 0..library.len() {
            let Ok(ligand) = library.ligand(index) else { continue };
            prop_assert!(ligand.donors.iter().flatten().all(|&atom| atom < ligand.graph.node_count()));
            prop_assert_eq!(ligand.positions.map(|p| p.len()), Some(ligand.graph.node_count()));
        }
    }
}

/// The library of `make setup`, or `None` with a word where it is absent.
pub(super) fn real() -> Option<LigandLibrary> {
    match LigandLibrary::find() {
        Ok(library) => Some(library),
        Err(error @ LibraryError::Absent { .. }) => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Figures counted in the source with Python.
#[test]
fn the_real_library_is_whole() {
    let Some(library) = real() else { return };
    assert_eq!(library.len(), 41_018);
    let occurrences: u64 = library.records().map(|record| u64::from(record.occurrences())).sum();
    assert_eq!(occurrences, 489_774);
    let count = |query: Query| library.search(&query).len();
    assert_eq!(count(Query { archetypes: BTreeSet::from(["2-cis".to_owned()]), ..Query::default() }), 15_299);
    assert_eq!(count(Query { charges: BTreeSet::from([-1]), ..Query::default() }), 13_522);
    assert_eq!(count(Query { metals: BTreeSet::from([el("Cu")]), ..Query::default() }), 8_710);
    assert_eq!(count(Query { haptic: Some(true), ..Query::default() }), 1_740);
    assert_eq!(count(Query { orders_known: Some(false), ..Query::default() }), 1_832);
    assert_eq!(count(Query { min_occurrences: 2, ..Query::default() }), 22_796);
    let distance = |metal, donor| library.distances().typical(el(metal), el(donor), 1, false).unwrap();
    assert!((distance("Pd", "P") - 2.30).abs() < 0.01 && (distance("Cu", "N") - 2.00).abs() < 0.01);
}

/// At least 99 in 100 must be usable; prints how many are refused for which reason.
#[test]
fn real_ligands_load_connected() {
    let Some(library) = real() else { return };
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for record in library.records() {
        match library.ligand(record.index()) {
            Ok(ligand) => {
                assert_eq!(petgraph::algo::connected_components(&ligand.graph), 1, "{}", record.name());
                assert_eq!(ligand.charge(), record.charge(), "{}", record.name());
                assert_eq!(ligand.denticity(), record.denticity(), "{}", record.name());
                assert_eq!(ligand.is_haptic(), record.is_haptic(), "{}", record.name());
                assert_eq!(ligand.composition().hill_formula(), record.formula());
            }
            Err(error) => {
                let LibraryError::Refused { reason, .. } = error else { panic!("{error}") };
                println!("{} {reason}", record.name());
                let reason = reason.to_string().replace(|c: char| c.is_ascii_digit(), "#");
                *refused.entry(reason).or_default() += 1;
            }
        }
    }
    println!("refused of {}: {refused:#?}", library.len());
    assert!(100 * refused.values().sum::<usize>() <= library.len());
}
