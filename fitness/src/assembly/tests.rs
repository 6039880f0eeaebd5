use druse_representations::{BondOrder, Complex, Geometry, Ligand, PlacedLigand};
use proptest::prelude::*;

use super::testing::{common, el};
use super::*;

const COMMON: [&str; 22] = [
    "water",
    "ammonia",
    "chloride",
    "carbonyl",
    "cyanide",
    "thiocyanate-N",
    "thiocyanate-S",
    "pyr",
    "pph3",
    "pme3",
    "bipy",
    "phen",
    "en",
    "acac",
    "dppe",
    "terpy",
    "edta",
    "cp",
    "benzene",
    "ethylene",
    "cod",
    "porphyrin",
];

fn complex(metal: &str, state: i32, geometry: Geometry, ligands: &[(Ligand, &[usize])]) -> Complex {
    let place =
        |(ligand, sites): &(Ligand, &[usize])| PlacedLigand { ligand: ligand.clone(), sites: sites.to_vec() };
    let mut complex = Complex {
        metal: el(metal),
        oxidation_state: state,
        multiplicity: 1,
        geometry,
        ligands: ligands.iter().map(place).collect(),
        positions: None,
    };
    complex.multiplicity = 1 + u32::from(complex.electrons() % 2 != 0);
    complex
}

fn apart(positions: &[[f64; 3]], a: usize, b: usize) -> f64 {
    (0..3).map(|c| (positions[a][c] - positions[b][c]).powi(2)).sum::<f64>().sqrt()
}

fn angle(positions: &[[f64; 3]], a: usize, b: usize, c: usize) -> f64 {
    let (p, q, r) = (apart(positions, a, b), apart(positions, b, c), apart(positions, a, c));
    ((p * p + q * q - r * r) / (2.0 * p * q)).clamp(-1.0, 1.0).acos().to_degrees()
}

/// Sites that suit the common ligands in an octahedron.
fn usual_sites(ligand: &Ligand) -> Vec<usize> {
    match (ligand.name.as_str(), ligand.denticity()) {
        ("edta", _) => vec![0, 1, 2, 4, 3, 5],
        (_, count) => (0..count).collect(),
    }
}

fn embedded(name: &str) -> (Ligand, Vec<[f64; 3]>) {
    let ligand = common(name);
    embedded_on(&ligand, &usual_sites(&ligand))
}

fn embedded_on(ligand: &Ligand, sites: &[usize]) -> (Ligand, Vec<[f64; 3]>) {
    let sites: Vec<[f64; 3]> = sites.iter().map(|&site| Geometry::Octahedral.sites()[site]).collect();
    let shaped = embed(ligand, el("Fe"), Some(&sites), &Distances::from_radii(), 1).unwrap();
    let positions = std::iter::once([0.0; 3]).chain(shaped.positions.clone().unwrap()).collect();
    (shaped, positions)
}

#[test]
fn common_ligands_get_sound_shapes() {
    for name in COMMON {
        let (ligand, positions) = embedded(name);
        for edge in ligand.graph.edge_indices() {
            let (a, b) = ligand.graph.edge_endpoints(edge).unwrap();
            let ideal =
                ideal::bond_length(ligand.graph[a].element, ligand.graph[b].element, ligand.graph[edge]);
            let found = apart(&positions, a.index() + 1, b.index() + 1);
            assert!((found - ideal).abs() < 0.1, "{name}: {a:?}-{b:?} is {found:.2} Å, ideal {ideal:.2} Å");
        }
        for group in &ligand.donors {
            for &atom in group {
                let elements: Vec<_> = group
                    .iter()
                    .map(|&atom| ligand.graph[petgraph::graph::NodeIndex::new(atom)].element)
                    .collect();
                let usual = Distances::from_radii().donor(el("Fe"), &elements, false);
                let found = apart(&positions, 0, atom + 1);
                assert!((found - usual).abs() < 0.2, "{name}: metal-donor {found:.2} Å, usual {usual:.2} Å");
            }
        }
    }
}

#[test]
fn conjugated_ligands_are_flat() {
    for name in ["bipy", "phen", "terpy", "porphyrin", "benzene", "pyr"] {
        let (ligand, positions) = embedded(name);
        let first = usize::from(ligand.is_haptic());
        let points: Vec<Point> = positions[first..].iter().map(|&p| p.into()).collect();
        let centre: Point = points.iter().sum::<Point>() / points.len() as f64;
        let spread: druse_representations::nalgebra::Matrix3<f64> =
            points.iter().map(|p| (p - centre) * (p - centre).transpose()).sum();
        let thickness = (spread.symmetric_eigenvalues().min().max(0.0) / points.len() as f64).sqrt();
        assert!(thickness < 0.12, "{name}: root mean square height {thickness:.2} Å");
    }
}

#[test]
fn angles_are_those_of_textbooks() {
    let (_, ammonia) = embedded("ammonia");
    assert!((angle(&ammonia, 0, 1, 2) - 109.5).abs() < 6.0);
    let (_, carbonyl) = embedded("carbonyl");
    assert!(angle(&carbonyl, 0, 1, 2) > 170.0);
    let (_, nitrogen) = embedded("thiocyanate-N");
    assert!(angle(&nitrogen, 0, 1, 2) > 160.0);
    let (_, sulfur) = embedded("thiocyanate-S");
    assert!((angle(&sulfur, 0, 1, 2) - 104.0).abs() < 8.0);
    // Bite angles: bipyridine 77° to 80°, ethylenediamine 80° to 86°, acetylacetonate 85° to 95°.
    let bite = |name: &str, a: usize, b: usize| angle(&embedded(name).1, a, 0, b);
    assert!((bite("bipy", 1, 7) - 80.0).abs() < 6.0, "{}", bite("bipy", 1, 7));
    assert!((bite("en", 1, 4) - 84.0).abs() < 6.0, "{}", bite("en", 1, 4));
    assert!((bite("acac", 1, 5) - 90.0).abs() < 6.0, "{}", bite("acac", 1, 5));
}

#[test]
fn isomers_keep_their_sites() {
    for (sites, between) in [([0, 2], 180.0), ([0, 1], 90.0)] {
        let rest: Vec<usize> = (0..4).filter(|site| !sites.contains(site)).collect();
        let complex = complex(
            "Pt",
            2,
            Geometry::SquarePlanar,
            &[
                (common("chloride"), &[sites[0]]),
                (common("chloride"), &[sites[1]]),
                (common("ammonia"), &[rest[0]]),
                (common("ammonia"), &[rest[1]]),
            ],
        );
        let built = assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap();
        assert!((angle(&built.positions, 1, 0, 2) - between).abs() < 5.0);
        assert_eq!(built.positions[0], [0.0; 3]);
    }
}

#[test]
fn sandwiches_are_built() {
    let complex = complex("Fe", 2, Geometry::Linear, &[(common("cp"), &[0]), (common("cp"), &[1])]);
    let built = assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap();
    let distances: Vec<f64> = (1..6).map(|atom| apart(&built.positions, 0, atom)).collect();
    assert!(distances.iter().all(|d| (d - 2.08).abs() < 0.05), "{distances:?}");
}

#[test]
fn what_cannot_be_built_is_told() {
    let distances = Distances::from_radii();
    let mut opened = embedded("bipy").0;
    // Both donors on one side: the bite is far from 180°.
    let ammonia = common("ammonia");
    let trans = complex(
        "Pd",
        2,
        Geometry::SquarePlanar,
        &[(opened.clone(), &[0, 2]), (ammonia.clone(), &[1]), (ammonia.clone(), &[3])],
    );
    let error = assemble(&trans, &distances, &Options::default()).unwrap_err();
    assert!(matches!(error, AssemblyError::Misfit { .. }), "{error}");
    opened.positions = Some(vec![[0.0; 3]; 3]);
    let short = complex("Ag", 1, Geometry::Linear, &[(opened, &[0, 1])]);
    let error = assemble(&short, &distances, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("3 positions"), "{error}");
    let open = complex("Ag", 1, Geometry::Linear, &[(ammonia, &[0])]);
    assert!(matches!(assemble(&open, &distances, &Options::default()), Err(AssemblyError::Complex(_))));
    assert!(matches!(place_freely(&open, &distances, &Options::default()), Err(AssemblyError::Complex(_))));
}

#[test]
fn flaws_are_seen() {
    let complex = complex("Ag", 1, Geometry::Linear, &[(common("ammonia"), &[0]), (common("ammonia"), &[1])]);
    let built = assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap().positions;
    assert_eq!(validate(&complex, &built), Ok(()));
    assert!(matches!(validate(&complex, &built[1..]), Err(Flaw::Length { found: 8, expected: 9 })));
    let mut lost = built.clone();
    lost[1..5].iter_mut().for_each(|p| p[2] += 1.0);
    assert!(matches!(validate(&complex, &lost), Err(Flaw::LostDonor { ligand: 0, donor: 0, atom: 1, .. })));
    let mut close = built.clone();
    close[6] = close[2].map(|x| x + 0.3);
    assert!(matches!(
        validate(&complex, &close),
        Err(Flaw::TooClose { atoms: [2, 6], same_ligand: false, .. })
    ));
    let mut nan = built;
    nan[3][1] = f64::NAN;
    assert_eq!(validate(&complex, &nan), Err(Flaw::NotFinite { atom: 3 }));
}

#[test]
fn chelates_wrap_either_way() {
    let dien = embedded_on(&common("dien"), &[0, 1, 4]).0;
    let built = |sites: &'static [usize]| {
        let rest = [2_usize, 3, 5].map(|site| vec![site]);
        let mut ligands = vec![(dien.clone(), sites)];
        ligands.extend(rest.iter().map(|sites| (common("ammonia"), &sites[..])));
        let complex = complex("Co", 3, Geometry::Octahedral, &ligands);
        assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap().report.mirrored
    };
    assert!(!built(&[0, 1, 4]));
    assert!(built(&[4, 1, 0]));
}

#[test]
fn free_placement_finds_the_only_sites() {
    // Terpyridine is flat: in an octahedron it is meridional, two of them are at right angles.
    let complex = complex("Ru", 2, Geometry::Octahedral, &[(common("terpy"), &[]), (common("terpy"), &[])]);
    let (placed, built) = place_freely(&complex, &Distances::from_radii(), &Options::default()).unwrap();
    for ligand in &placed.ligands {
        let opposite = |a: usize, b: usize| placed.geometry.angle(ligand.sites[a], ligand.sites[b]) > 179.0;
        assert!(opposite(0, 2) && !opposite(0, 1) && !opposite(1, 2));
    }
    assert!(built.report.misfit < 25.0);
    assert_eq!(validate(&placed, &built.positions), Ok(()));
}

#[test]
fn the_same_seed_builds_the_same() {
    let ligands: Vec<(Ligand, &[usize])> =
        vec![(common("dppe"), &[0, 1]), (common("pph3"), &[2]), (common("pyr"), &[3])];
    let complex = complex("Pd", 2, Geometry::SquarePlanar, &ligands);
    let build = || assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap();
    assert_eq!(build(), build());
}

/// The 20 complexes of `assembly_benchmark.json`: all are to be valid by its rule.
#[test]
fn simple_complexes_are_all_valid() {
    let folder = std::env::var("DRUSE_SHARED_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned());
    let Ok(text) = std::fs::read_to_string(format!("{folder}/tmc/assembly_benchmark.json")) else {
        println!("skipped: no tmc/assembly_benchmark.json in {folder}");
        return;
    };
    let set: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut milliseconds = Vec::new();
    for entry in set["complexes"].as_array().unwrap() {
        let mut ligands: Vec<(Ligand, &[usize])> = Vec::new();
        for pair in entry["ligands"].as_array().unwrap() {
            for _ in 0..pair[1].as_u64().unwrap() {
                ligands.push((common(pair[0].as_str().unwrap()), &[]));
            }
        }
        let geometry = entry["geometry"].as_str().unwrap().parse().unwrap();
        let state = entry["oxidation_state"].as_i64().unwrap() as i32;
        let complex = complex(entry["metal"].as_str().unwrap(), state, geometry, &ligands);
        assert_eq!(i64::from(complex.charge()), entry["total_charge"].as_i64().unwrap());
        let start = std::time::Instant::now();
        let (placed, built) = place_freely(&complex, &Distances::from_radii(), &Options::default()).unwrap();
        milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(validate(&placed, &built.positions), Ok(()), "{entry}");
    }
    assert_eq!(milliseconds.len(), 20);
    println!("ms for each: {milliseconds:.1?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A known shape is used as it is, wherever it points.
    #[test]
    fn the_start_orientation_does_not_matter(axis in prop::array::uniform3(-3.0f64..3.0)) {
        let turn = druse_representations::nalgebra::Rotation3::from_scaled_axis(axis.into());
        let mut bipy = embedded("bipy").0;
        let build = |bipy: &Ligand| {
            let chloride = common("chloride");
            let ligands: [(Ligand, &[usize]); 3] = [(bipy.clone(), &[0, 1]), (chloride.clone(), &[2]), (chloride, &[3])];
            assemble(&complex("Pd", 2, Geometry::SquarePlanar, &ligands), &Distances::from_radii(), &Options::default()).unwrap()
        };
        let before = build(&bipy);
        bipy.positions.iter_mut().flatten().for_each(|p| *p = (turn * Point::from(*p)).into());
        let after = build(&bipy);
        for (a, b) in before.positions.iter().zip(&after.positions) {
            prop_assert!((Point::from(*a) - Point::from(*b)).norm() < 1e-3);
        }
        prop_assert_eq!(before.report.relieved, after.report.relieved);
    }
}

#[test]
fn bonds_of_higher_order_are_shorter() {
    let length = |order| ideal::bond_length(el("C"), el("C"), order);
    // Ethane 1.53, ethene 1.33, benzene 1.40, ethyne 1.20 Å.
    assert!((length(BondOrder::Single) - 1.53).abs() < 0.02);
    assert!((length(BondOrder::Double) - 1.33).abs() < 0.02);
    assert!((length(BondOrder::Aromatic) - 1.40).abs() < 0.02);
    assert!((length(BondOrder::Triple) - 1.20).abs() < 0.02);
}
