//! Every format gives back what was written to it.

use druse_representations::io::{Format, Record, cif, read_path, write_bytes, write_file, write_string};
use druse_representations::{Crystal, Element, Lattice, Occupant, Site};
use nalgebra::Vector3;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn lattices() -> impl Strategy<Value = Lattice> {
    (prop::array::uniform3(2.0..15.0f64), prop::array::uniform3(65.0..115.0f64))
        .prop_filter_map("spans no volume", |([a, b, c], [alpha, beta, gamma])| {
            Lattice::from_parameters([a, b, c, alpha, beta, gamma]).ok()
        })
}

/// Sites on a grid of eighths, so that no two of them fall together.
fn sites(disordered: bool) -> impl Strategy<Value = Vec<Site>> {
    let element = (1u8..=103).prop_map(|z| Element::from_atomic_number(z).unwrap());
    let shares = (element.clone(), element, 0.05..0.5f64, any::<bool>());
    prop::collection::btree_map(0u16..512, (shares, prop::array::uniform3(0.0..0.06f64)), 1..8).prop_map(
        move |sites| {
            sites
                .into_iter()
                .map(|(cell, ((first, second, share, ordered), noise))| {
                    let base = [cell / 64, cell / 8 % 8, cell % 8].map(|n| f64::from(n) / 8.0);
                    let frac = Vector3::from_fn(|i, _| base[i] + noise[i]);
                    if !disordered || ordered || first == second {
                        return Site::ordered(first, frac);
                    }
                    let occupant = |element, occupancy| Occupant { element, occupancy };
                    Site { occupants: vec![occupant(first, share), occupant(second, 0.9 - share)], frac }
                })
                .collect()
        },
    )
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(|x| json!(x)),
        (-1000i64..1000).prop_map(|x| json!(x)),
        (-1e3..1e3f64).prop_map(|x| json!(x)),
        "[ -~]{0,12}".prop_map(|text| json!(text)),
        "[a-zäé'\";#\n]{0,8}".prop_map(|text| json!(text)),
        Just(json!([1, "x", {"y": null}])),
    ]
}

fn records(disordered: bool) -> impl Strategy<Value = Vec<Record>> {
    let properties = prop::collection::btree_map("p_[a-z]{1,6}", values(), 0..4);
    let record =
        (lattices(), sites(disordered), properties).prop_map(|(lattice, sites, properties)| Record {
            id: String::new(),
            crystal: Crystal { lattice, sites },
            properties: properties.into_iter().collect::<Map<_, _>>(),
            source: String::new(),
        });
    prop::collection::vec(record, 1..4).prop_map(|mut records| {
        for (index, record) in records.iter_mut().enumerate() {
            record.id = format!("mp-{index} it's");
        }
        records
    })
}

/// Largest distance (Å) between sites of the same rank, once both crystals are in the standard
/// orientation.
fn assert_same(a: &Crystal, b: &Crystal) {
    for (x, y) in a.lattice.parameters().into_iter().zip(b.lattice.parameters()) {
        assert!((x - y).abs() < 1e-7, "{x} {y}");
    }
    assert_eq!(a.sites.len(), b.sites.len());
    for (x, y) in a.sites.iter().zip(&b.sites) {
        let difference = (x.frac - y.frac).map(|d| d - d.round());
        assert!(a.lattice.to_cartesian(&difference).norm() < 1e-8, "{} {}", x.frac, y.frac);
        assert_eq!(x.occupants.len(), y.occupants.len());
        for (p, q) in x.occupants.iter().zip(&y.occupants) {
            assert_eq!(p.element, q.element);
            assert!((p.occupancy - q.occupancy).abs() < 1e-12);
        }
    }
}

fn through_file(format: Format, records: &[Record]) -> Vec<Record> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x").with_extension(format.extension());
    write_file(&path, format, records).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file is left over");
    assert_eq!(std::fs::read(&path).unwrap(), write_bytes(format, records).unwrap());
    read_path(&path).unwrap().into_iter().map(|record| record.unwrap()).collect()
}

fn check(format: Format, records: &[Record], properties: bool) {
    let back = through_file(format, records);
    assert_eq!(back.len(), records.len());
    for (got, want) in back.iter().zip(records) {
        assert_eq!(got.id, want.id);
        assert_same(&got.crystal, &want.crystal);
        if properties {
            assert_eq!(got.properties, want.properties);
        }
    }
}

/// Records with what a potential computes, and settings as pymatgen has them.
fn computed(disordered: bool) -> impl Strategy<Value = Vec<Record>> {
    let numbers = prop::array::uniform9(-9.0..9.0f64);
    (records(disordered), numbers).prop_map(|(mut records, numbers)| {
        for record in &mut records {
            let forces = |at: usize| [0, 1, 2].map(|axis| numbers[(3 * at + axis) % 9] / (1 + at) as f64);
            let sites = record.crystal.sites.len();
            let [xx, yy, zz, yz, xz, xy, ..] = numbers;
            record.properties.extend(
                [
                    ("energy", json!(numbers[0] * sites as f64)),
                    ("forces", (0..sites).map(|at| json!(forces(at))).collect()),
                    ("stress", json!([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])),
                    ("magmoms", (0..sites).map(|at| json!(numbers[at % 9])).collect()),
                    ("correction", json!(numbers[8])),
                    ("parameters", json!({ "run_type": "GGA" })),
                    ("Odd name", json!(1)),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            );
        }
        records
    })
}

/// Every property is there and the same, numbers to 1e-12; formats may say more of the structure.
fn check_computed(format: Format, records: &[Record], lost: &[&str]) {
    let back = through_file(format, records);
    assert_eq!(back.len(), records.len());
    for (got, want) in back.iter().zip(records) {
        assert_eq!(got.id, want.id);
        assert_same(&got.crystal, &want.crystal);
        for (key, value) in want.properties.iter().filter(|(key, _)| !lost.contains(&key.as_str())) {
            assert_close(got.properties.get(key).unwrap_or(&Value::Null), value, key);
        }
    }
}

fn assert_close(a: &Value, b: &Value, key: &str) {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|(a, b)| assert_close(a, b, key));
        }
        (Value::Number(_), Value::Number(_)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{key}: {a} {b}");
        }
        _ => assert_eq!(a, b, "{key}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cif(records in records(true)) {
        check(Format::Cif, &records, true);
    }

    #[test]
    fn jsonl(records in records(true)) {
        check(Format::Jsonl, &records, true);
    }

    #[test]
    fn json(records in records(true)) {
        check(Format::Json, &records, true);
    }

    #[test]
    fn extxyz(records in records(false)) {
        check(Format::Extxyz, &records, true);
    }

    #[test]
    fn extxyz_with_what_was_computed(records in computed(false)) {
        // Blanks in names become underscores.
        check_computed(Format::Extxyz, &records, &["Odd name"]);
    }

    #[test]
    fn ase_database(records in computed(false)) {
        check_computed(Format::AseDb, &records, &[]);
        check(Format::AseDb, &through_file(Format::AseDb, &records), false);
    }

    #[test]
    fn pymatgen_entries(records in computed(true)) {
        check_computed(Format::Pymatgen, &records, &[]);
    }

    #[test]
    fn optimade(records in computed(true)) {
        check_computed(Format::Optimade, &records, &[]);
    }

    #[test]
    fn poscar(records in records(false)) {
        check(Format::Poscar, &records, false);
    }
}

#[test]
fn formats_without_occupancies_refuse_disorder() {
    let iron = "Fe".parse().unwrap();
    let site = Site { occupants: vec![Occupant { element: iron, occupancy: 0.5 }], frac: Vector3::zeros() };
    let crystal = Crystal { lattice: Lattice::cubic(3.0), sites: vec![site] };
    let record = Record { id: "half".into(), crystal, properties: Map::new(), source: String::new() };
    for format in [Format::Poscar, Format::Extxyz, Format::AseDb] {
        let message = write_bytes(format, std::slice::from_ref(&record)).unwrap_err().to_string();
        assert!(message.contains("'half', site 1") && message.contains("write cif or jsonl"), "{message}");
    }
    let message = write_string(Format::Pymatgen, &[record]).unwrap_err().to_string();
    assert!(message.starts_with("'half' has no energy") && message.contains("such as json"), "{message}");
    assert!(write_string(Format::AseDb, &[]).is_err());
}

#[test]
fn symmetrised_cif_expands_to_the_full_cell() {
    // Rutile: a = 4.594, c = 2.959 Å, u = 0.305 (S. C. Abrahams, J. L. Bernstein, J. Chem. Phys. 55, 3206 (1971)).
    let site = |symbol: &str, frac, letter, multiplicity| cif::WyckoffSite {
        occupants: vec![Occupant { element: symbol.parse().unwrap(), occupancy: 1.0 }],
        frac,
        letter,
        multiplicity,
    };
    let sites = [site("Ti", [0.0, 0.0, 0.0], 'a', 2), site("O", [0.305, 0.305, 0.0], 'f', 4)];
    let generators = ["-y+1/2,x+1/2,z+1/2", "x+1/2,-y+1/2,z+1/2", "-x,-y,-z"];
    let mut group: Vec<cif::SymmetryOperation> = vec![cif::SymmetryOperation::identity()];
    let mut next = 0;
    while next < group.len() {
        for generator in generators {
            let product = generator.parse::<cif::SymmetryOperation>().unwrap().after(&group[next]);
            if !group.contains(&product) {
                group.push(product);
            }
        }
        next += 1;
    }
    assert_eq!(group.len(), 16);
    let operations: Vec<String> = group.iter().map(ToString::to_string).collect();
    let lattice = Lattice::from_parameters([4.594, 4.594, 2.959, 90.0, 90.0, 90.0]).unwrap();
    let text = cif::write_symmetrised("rutile", 136, "P 42/m n m", &operations, &lattice, &sites);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any.cif");
    std::fs::write(&path, &text).unwrap();
    let record = read_path(&path).unwrap().remove(0).unwrap();
    assert_eq!(record.id, "rutile");
    assert_eq!(record.crystal.sites.len(), 6);
    assert_eq!(record.crystal.composition().to_string(), "Ti2O4");
    assert!(text.contains("'Ti2 O4'"), "{text}");
    // The symbol alone says the same.
    std::fs::write(&path, text.replace("_space_group_symop_operation_xyz", "_nothing")).unwrap();
    let bare = read_path(&path).unwrap().remove(0).unwrap();
    assert_eq!(bare.crystal.composition(), record.crystal.composition());
}
