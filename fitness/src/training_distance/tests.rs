use super::*;
use crate::chgnet::AtomFeatures;

/// Numbers between -1 and 1, the same everywhere.
fn noise(k: u64) -> f64 {
    let x = k.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x ^ (x >> 32)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Atoms about a mean of their element, with a width of 3 along the first axis and 1 along the others.
fn atoms(atomic_number: u8, count: u64, start: u64) -> Vec<AtomFeatures> {
    let one = |n: u64| AtomFeatures {
        atomic_number,
        features: std::array::from_fn(|k| {
            let width = if k == 0 { 3.0 } else { 1.0 };
            f64::from(atomic_number) + width * noise((start + n) * 64 + k as u64)
        }),
    };
    (0..count).map(one).collect()
}

fn known() -> (KnownAtoms, Vec<u8>) {
    let mut summary = Summary::default();
    summary.add(&atoms(8, 4000, 0));
    summary.add(&atoms(26, 500, 5000));
    assert_eq!(summary.atoms(), [(8, 4000), (26, 500)].into());
    let others: Vec<_> = (0..200).map(|n| atoms(8, 1, 10_000 + n)).collect();
    let bytes = summary.finish(&others, "weights").unwrap();
    assert_eq!(bytes, summary.finish(&others, "weights").unwrap());
    (KnownAtoms::from_bytes(&bytes).unwrap(), bytes)
}

fn of(known: &KnownAtoms, atoms: &[AtomFeatures]) -> f64 {
    match known.distance(atoms) {
        Distance::Of(distance) => distance,
        Distance::Unseen(element) => panic!("{element:?} is known"),
    }
}

#[test]
fn one_is_what_most_known_structures_stay_below() {
    let (known, _) = known();
    let below = (0..1000).filter(|&n| of(&known, &atoms(8, 1, 20_000 + n)) <= 1.0).count();
    assert!((900..990).contains(&below), "{below}");
}

/// A step of 3 along the wide axis is as far as one of 1 along the others: about the standard deviation 3/√3 and 1/√3.
#[test]
fn distances_are_in_units_of_the_spread() {
    let (known, _) = known();
    let at = |place: usize, step: f64| {
        let mut features = [8.0; 64];
        features[place] += step;
        of(&known, &[AtomFeatures { atomic_number: 8, features }])
    };
    assert!((at(0, 30.0) / at(1, 10.0) - 1.0).abs() < 0.1, "{} {}", at(0, 30.0), at(1, 10.0));
    assert!((at(5, 20.0) / at(5, 10.0) - 2.0).abs() < 0.05);
}

#[test]
fn the_farthest_atom_counts_and_unseen_elements_are_named() {
    let (known, _) = known();
    let mut both = atoms(8, 2, 30_000);
    let near = of(&known, &both);
    both[1].features[7] += 50.0;
    assert!(of(&known, &both) > near + 1.0);
    both.push(AtomFeatures { atomic_number: 79, features: [0.0; 64] });
    assert_eq!(known.distance(&both), Distance::Unseen("Au".parse().unwrap()));
}

#[test]
fn damaged_and_foreign_summaries_are_refused() {
    let (known, bytes) = known();
    assert!(KnownAtoms::from_bytes(&bytes[..bytes.len() - 8]).is_err());
    assert!(known.check("weights").is_ok());
    assert!(known.check("others").unwrap_err().to_string().contains("others"));
    assert!(Summary::default().finish(&[], "weights").is_err());
}

#[test]
fn what_comes_with_druse_tells_known_crystals_from_broken_ones() {
    use druse_representations::{Crystal, Lattice};

    use crate::chgnet::{Chgnet, ChgnetError, ChgnetKind};
    use crate::conformance::check_tier;
    use crate::objective::Properties;
    use crate::weights::WeightsError;

    let known = KnownAtoms::shipped().unwrap();
    assert!(known.elements().count() > 80);
    let chgnet = match Chgnet::load(ChgnetKind::V030) {
        Ok(chgnet) => chgnet,
        Err(error @ ChgnetError::Weights(WeightsError::Absent { .. })) => {
            return println!("skipped: {error}");
        }
        Err(error) => panic!("{error}"),
    };
    let tier = TrainingDistanceTier::new(chgnet.into(), known).unwrap();
    let distance = |crystal: &Crystal| match tier.distance(crystal).unwrap() {
        Distance::Of(distance) => distance,
        Distance::Unseen(element) => panic!("{element:?} is known"),
    };
    let rock_salt = |edge: f64| {
        let h = edge / 2.0;
        let atoms = [("Mg", [0.0; 3]), ("O", [0.5; 3])].map(|(symbol, x)| (symbol.parse().unwrap(), x));
        Crystal::ordered(Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]), atoms)
    };
    let (sound, squeezed) = (rock_salt(4.21), rock_salt(2.8));
    assert!(distance(&sound) < 1.0, "{}", distance(&sound));
    assert!(distance(&squeezed) > 1.0, "{}", distance(&squeezed));
    check_tier(&tier, &[sound, squeezed].map(|crystal| (crystal, Properties::new()))).unwrap();
}
