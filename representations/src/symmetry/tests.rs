//! Tests of the symmetry representation over all space groups and on odd input.

use nalgebra::{Matrix3, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::crystal::{Crystal, Occupant, Site};
use crate::design::Representation;
use crate::element::Element;
use crate::lattice::Lattice;
use crate::supercell::supercell;
use crate::wyckoff::positions;

fn element(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// A random cell that obeys the constraints of the crystal system, far from more symmetric ones.
fn random_cell(number: u8, rng: &mut ChaCha8Rng) -> [f64; 6] {
    let a = rng.random_range(5.0..6.0);
    let cell = [
        a,
        a + rng.random_range(1.0..2.0),
        a + rng.random_range(2.5..4.0),
        rng.random_range(93.0..97.0),
        rng.random_range(99.0..105.0),
        rng.random_range(107.0..112.0),
    ];
    CrystalSystem::of(number).unwrap().constrain(cell)
}

/// The general position, once with each of two elements, and `special` random other positions with
/// random elements: the group of such a structure is almost surely the given one.
fn random_code(number: u8, special: usize, rng: &mut ChaCha8Rng) -> SymmetryCode {
    let all = positions(number);
    let mut orbits = Vec::new();
    let mut add = |index: usize, element: Element, rng: &mut ChaCha8Rng| {
        let position = &all[index];
        let free = (0..position.degrees_of_freedom()).map(|_| rng.random_range(0.0..1.0)).collect();
        orbits.push(Orbit { element, letter: position.letter(), free });
    };
    let kinds = ["O", "S", "Na", "Cl", "Fe"].map(element);
    add(all.len() - 1, kinds[0], rng);
    add(all.len() - 1, kinds[1], rng);
    let mut used = vec![all.len() - 1];
    for _ in 0..special {
        let index = rng.random_range(0..all.len());
        if !used.contains(&index) {
            used.push(index);
            let kind = kinds[rng.random_range(2..kinds.len())];
            add(index, kind, rng);
        }
    }
    let mut code = SymmetryCode { space_group: number, cell: random_cell(number, rng), orbits };
    code.sort_orbits();
    code
}

/// The smallest distance between two sites (Å), images included.
fn smallest_distance(crystal: &Crystal) -> f64 {
    let mut least = f64::INFINITY;
    for (i, x) in crystal.sites.iter().enumerate() {
        for y in &crystal.sites[..i] {
            for k in 0..27 {
                let shift = Vector3::new(k % 3 - 1, k / 3 % 3 - 1, k / 9 - 1).map(f64::from);
                let mut d = x.frac - y.frac;
                d -= d.map(f64::round);
                least = least.min(crystal.lattice.to_cartesian(&(d + shift)).norm());
            }
        }
    }
    least
}

/// A random code whose atoms keep 0.05 Å apart, and its crystal.
fn separated(number: u8, special: usize, rng: &mut ChaCha8Rng) -> (SymmetryCode, Crystal) {
    loop {
        let code = random_code(number, special, rng);
        let crystal = code.to_primitive().unwrap();
        if smallest_distance(&crystal) > 0.05 {
            return (code, crystal);
        }
    }
}

#[test]
fn decoding_gives_the_space_group_of_the_code() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for number in 1..=230 {
        for special in [0, 2, 3] {
            let (code, primitive) = separated(number, special, &mut rng);
            let conventional = code.to_conventional().unwrap();
            assert_eq!(primitive.sites.len(), code.primitive_atom_count());
            assert_eq!(conventional.sites.len(), code.conventional_atom_count());
            assert_eq!(primitive.composition(), code.composition());
            assert_eq!(
                primitive.composition().reduced_formula(),
                conventional.composition().reduced_formula()
            );
            assert!((primitive.density() - conventional.density()).abs() < 1e-9);
            let info = analyse(&primitive, 1e-4).unwrap();
            assert_eq!(info.number, number, "{code:?}");
            assert_eq!(info.primitive.sites.len(), primitive.sites.len());
            let info = analyse(&conventional, 1e-4).unwrap();
            assert_eq!(info.number, number, "{code:?}");
        }
    }
}

#[test]
fn special_positions_alone_give_a_group_that_contains_the_code() {
    // Without an occupied general position the atoms may have more symmetry than the code says,
    // as four atoms on Fm-3m (a) described in P-43m; never less.
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut same, mut more) = (0, 0);
    for number in 1..=230 {
        for _ in 0..4 {
            let mut code = random_code(number, 3, &mut rng);
            let general = positions(number).last().unwrap().letter();
            code.orbits.retain(|orbit| orbit.letter != general);
            let Ok(crystal) = code.to_primitive() else { continue };
            if smallest_distance(&crystal) < 0.05 {
                continue;
            }
            let info = analyse(&crystal, 1e-4).unwrap();
            let order = crate::wyckoff::space_group(number).unwrap().order();
            // Operations in the input cell count its pure translations as well.
            assert!(info.operations.len() >= order, "{code:?} became {}", info.symbol);
            if info.number == number { same += 1 } else { more += 1 }
        }
    }
    println!("special positions alone: {same} keep the group, {more} have a supergroup");
    assert!(same > 0 && more > 0, "{same} {more}");
}

/// The same crystal with another cell, origin, orientation and order of sites.
fn disguised(crystal: &Crystal, rng: &mut ChaCha8Rng) -> Crystal {
    let mut t = Matrix3::<i32>::identity();
    for _ in 0..3 {
        let (i, j) = (rng.random_range(0..3), rng.random_range(1..3));
        let n = rng.random_range(-1..=1);
        for k in 0..3 {
            t[(i, k)] += n * t[((i + j) % 3, k)];
        }
    }
    let mut other = supercell(crystal, &t).unwrap();
    let shift = Vector3::from_fn(|_, _| rng.random_range(0.0..1.0));
    for site in &mut other.sites {
        site.frac += shift;
    }
    for i in (1..other.sites.len()).rev() {
        let j = rng.random_range(0..=i);
        other.sites.swap(i, j);
    }
    let rotation = nalgebra::Rotation3::from_euler_angles(
        rng.random_range(0.0..3.0),
        rng.random_range(0.0..3.0),
        rng.random_range(0.0..3.0),
    );
    let lattice = Lattice::from_matrix(other.lattice.matrix() * rotation.matrix());
    Crystal { lattice, ..other }.wrapped()
}

#[test]
fn encoding_is_invariant_and_canonical_codes_are_equal() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let representation = SymmetryRepresentation::new(1e-4);
    let (mut total, mut equal) = (0, 0);
    for number in 1..=230 {
        for special in [1, 3] {
            let (code, crystal) = separated(number, special, &mut rng);
            let canonical = code.canonical().unwrap();
            let fingerprint = code.fingerprint().unwrap();
            assert_eq!(canonical.fingerprint().unwrap(), fingerprint);
            assert!(canonical.canonical().unwrap().agrees_with(&canonical, 1e-6), "{code:?}");
            for _ in 0..2 {
                let other = disguised(&crystal, &mut rng);
                let again = representation.encode(&other).unwrap();
                assert_eq!(again.space_group, number, "{code:?}");
                assert_eq!(again.fingerprint().unwrap(), fingerprint, "{code:?}\n{again:?}");
                total += 1;
                let again = again.canonical().unwrap();
                if again.agrees_with(&canonical, 1e-4) {
                    equal += 1;
                } else {
                    println!("{number}\n{code:?}\n{canonical:?}\n{again:?}");
                }
            }
        }
    }
    println!("canonical codes equal: {equal} of {total}");
    assert_eq!(equal, total);
}

#[test]
fn known_structures_have_known_codes() {
    let (na, cl) = (element("Na"), element("Cl"));
    let primitive = Lattice::from_rows([[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]]);
    let salt = Crystal::ordered(primitive, [(na, [0.1; 3]), (cl, [0.6; 3])]);
    let info = analyse(&salt, 0.01).unwrap();
    assert_eq!((info.number, info.symbol.as_str(), info.point_group.as_str()), (225, "Fm-3m", "m-3m"));
    assert_eq!((info.pearson_symbol.as_str(), info.operations.len()), ("cF8", 48));
    assert_eq!((info.conventional.sites.len(), info.primitive.sites.len()), (8, 2));
    let code = SymmetryRepresentation::default().encode(&salt).unwrap();
    assert_eq!(code.fingerprint().unwrap(), "225|a:Na|b:Cl");
    assert_eq!(code.degrees_of_freedom(), 1);
    assert!((code.cell[0] - 5.64).abs() < 1e-9);
}

#[test]
fn disorder_is_analysed_but_not_encoded() {
    let alloy = |share: f64, frac: [f64; 3]| Site {
        occupants: vec![
            Occupant { element: element("Cu"), occupancy: share },
            Occupant { element: element("Au"), occupancy: 1.0 - share },
        ],
        frac: Vector3::from(frac),
    };
    let lattice = Lattice::cubic(3.9);
    let random = Crystal { lattice, sites: vec![alloy(0.5, [0.0; 3]), alloy(0.5, [0.5; 3])] };
    assert_eq!(analyse(&random, 0.01).unwrap().number, 229);
    let ordered = Crystal { lattice, sites: vec![alloy(0.5, [0.0; 3]), alloy(0.7, [0.5; 3])] };
    let info = analyse(&ordered, 0.01).unwrap();
    assert_eq!(info.number, 221);
    assert_eq!(info.conventional.composition(), ordered.composition());
    let error = SymmetryRepresentation::default().encode(&ordered).unwrap_err();
    assert_eq!(error, SymmetryError::Disordered { site: 0 });
}

#[test]
fn odd_input_is_an_error() {
    let fe = element("Fe");
    let one = |lattice: Lattice| Crystal::ordered(lattice, [(fe, [0.0; 3])]);
    assert_eq!(
        analyse(&Crystal { sites: vec![], ..one(Lattice::cubic(3.0)) }, 0.01),
        Err(SymmetryError::NoSites)
    );
    assert_eq!(analyse(&one(Lattice::cubic(3.0)), 0.0), Err(SymmetryError::BadTolerance(0.0)));
    for rows in [
        [[0.0; 3]; 3],
        [[1e-9, 0.0, 0.0], [0.0, 1e-9, 0.0], [0.0, 0.0, 1e-9]],
        [[1e9, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[3.0, 0.0, 0.0], [3.0, 1e-9, 0.0], [0.0, 0.0, 3.0]],
        [[f64::NAN, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]],
        [[f64::MAX, 0.0, 0.0], [0.0, f64::MAX, 0.0], [0.0, 0.0, f64::MAX]],
    ] {
        let error = analyse(&one(Lattice::from_rows(rows)), 0.01).unwrap_err();
        assert!(matches!(error, SymmetryError::BadCell(_)), "{error}");
    }
    let twice = Crystal::ordered(Lattice::cubic(3.0), [(fe, [0.999, 0.0, 0.0]), (fe, [0.0005, 0.0, 1.0])]);
    let error = analyse(&twice, 0.01).unwrap_err();
    assert!(matches!(error, SymmetryError::OverlappingSites { first: 0, second: 1, .. }), "{error}");
    let mut broken = one(Lattice::cubic(3.0));
    broken.sites[0].frac[2] = f64::INFINITY;
    assert!(matches!(analyse(&broken, 0.01), Err(SymmetryError::BadSite { site: 0, .. })));
    broken.sites[0] = Site { occupants: vec![], frac: Vector3::zeros() };
    assert!(matches!(analyse(&broken, 0.01), Err(SymmetryError::BadSite { site: 0, .. })));
}

/// Random skewed, distorted or nearly symmetric cells with atoms near special places.
fn odd_crystal(kind: usize, rng: &mut ChaCha8Rng) -> (Crystal, f64) {
    let scale = |rng: &mut ChaCha8Rng| 10f64.powf(rng.random_range(-1.5..2.5));
    let mut rows = [[0.0; 3]; 3];
    for (i, row) in rows.iter_mut().enumerate() {
        let length = scale(rng);
        for (j, x) in row.iter_mut().enumerate() {
            *x = match kind {
                0 => length * rng.random_range(-1.0..1.0),
                1 => f64::from(u8::from(i == j)) * 4.0 + rng.random_range(-0.02..0.02),
                _ => f64::from(rng.random_range(-2..=2)) * 2.0 + rng.random_range(-0.01..0.01),
            };
        }
    }
    if kind == 1 {
        // A long shear.
        let (i, factor) = (rng.random_range(0..3), f64::from(rng.random_range(-60..60)));
        rows[i] = std::array::from_fn(|k| rows[i][k] + factor * rows[(i + 1) % 3][k]);
    }
    let grid = [2.0, 3.0, 4.0, 8.0][rng.random_range(0..4)];
    let noise = 10f64.powf(rng.random_range(-6.0..-0.7));
    let kinds = rng.random_range(1..4u8);
    let atoms: Vec<(Element, [f64; 3])> = (0..rng.random_range(1..16))
        .map(|_| {
            let element = Element::from_atomic_number(10 + rng.random_range(0..kinds)).unwrap();
            let x = [0; 3]
                .map(|_: i32| f64::from(rng.random_range(0..8)) / grid + noise * rng.random_range(-1.0..1.0));
            (element, x)
        })
        .collect();
    (Crystal::ordered(Lattice::from_rows(rows), atoms), 10f64.powf(rng.random_range(-5.0..0.3)))
}

#[test]
fn searches_end_on_odd_input() {
    // Among such cells are some with which moyo alone widens the tolerance until it tries to close
    // an infinite group of shears.
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (mut found, mut refused) = (0, 0);
    for trial in 0..1000 {
        let (crystal, symprec) = odd_crystal(trial % 3, &mut rng);
        match analyse(&crystal, symprec) {
            Ok(info) => {
                found += 1;
                assert!(info.symprec <= symprec);
                let code = SymmetryRepresentation::new(symprec).encode(&crystal).unwrap();
                assert!(code.canonical().unwrap().is_valid());
            }
            Err(SymmetryError::SearchFailed { reason, .. }) => panic!("{reason}: {crystal:?} {symprec}"),
            Err(_) => refused += 1,
        }
    }
    assert!(found > 300 && refused > 100, "{found} {refused}");
}

#[test]
fn operations_of_supercells_carry_the_sites_onto_each_other() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for number in [2, 14, 62, 136, 166, 194, 221] {
        let (_, crystal) = separated(number, 1, &mut rng);
        let doubled = Matrix3::new(1, 1, 0, -1, 1, 0, 0, 0, 1);
        let large = disguised(&supercell(&crystal, &doubled).unwrap(), &mut rng);
        let info = analyse(&large, 1e-3).unwrap();
        assert_eq!(info.number, number);
        assert_eq!(info.sites.len(), large.sites.len());
        assert!(info.operations.len() >= 2);
        for operation in &info.operations {
            for (site, symmetry) in large.sites.iter().zip(&info.sites) {
                let image = operation.apply(&site.frac);
                let target = large.sites.iter().position(|other| {
                    crate::wyckoff::same_point(&other.frac, &image, 1e-4) && other.occupants == site.occupants
                });
                let target = target.expect("operations carry sites onto sites of the same kind");
                assert_eq!(info.sites[target].representative, symmetry.representative);
            }
        }
    }
}

#[test]
fn impossible_codes_are_refused() {
    let orbit = |letter: char, free: &[f64]| Orbit { element: element("Fe"), letter, free: free.to_vec() };
    let cubic = [4.0, 4.0, 4.0, 90.0, 90.0, 90.0];
    let code =
        |space_group: u8, cell: [f64; 6], orbits: Vec<Orbit>| SymmetryCode { space_group, cell, orbits };
    let fine = code(221, cubic, vec![orbit('a', &[]), orbit('e', &[0.2])]);
    assert!(fine.is_valid());
    assert!(matches!(code(0, cubic, vec![orbit('a', &[])]).validate(), Err(CodeError::UnknownSpaceGroup(0))));
    assert!(matches!(code(221, cubic, vec![]).validate(), Err(CodeError::Empty)));
    assert!(matches!(
        code(221, cubic, vec![orbit('z', &[])]).validate(),
        Err(CodeError::UnknownLetter { orbit: 0, letter: 'z', .. })
    ));
    assert!(matches!(
        code(221, cubic, vec![orbit('e', &[])]).validate(),
        Err(CodeError::BadParameters { expected: 1, .. })
    ));
    assert!(matches!(
        code(221, cubic, vec![orbit('e', &[f64::NAN])]).validate(),
        Err(CodeError::BadParameters { .. })
    ));
    assert!(matches!(
        code(221, cubic, vec![orbit('a', &[]), orbit('b', &[]), orbit('a', &[])]).validate(),
        Err(CodeError::OccupiedTwice { letter: 'a', first: 0, second: 2 })
    ));
    assert!(matches!(
        code(221, [4.0, 4.1, 4.0, 90.0, 90.0, 90.0], vec![orbit('a', &[])]).validate(),
        Err(CodeError::UnconstrainedCell { .. })
    ));
    assert!(matches!(
        code(1, [4.0, 4.0, 4.0, 150.0, 150.0, 150.0], vec![orbit('a', &[0.0; 3])]).validate(),
        Err(CodeError::ImpossibleCell(_))
    ));
}
