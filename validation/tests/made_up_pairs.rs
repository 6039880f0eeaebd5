//! Small made-up crystals: decisions and distances of pymatgen 2026.10.24 for several settings, and
//! what else a comparison says.
//!
//! The numbers come from, for every row and with the keyword arguments in `options`,
//!
//! ```text
//! S = {r["id"]: Structure(r["lattice"], r["species"], r["frac"]) for r in map(json.loads, open("made_up.jsonl"))}
//! StructureMatcher(**kw).fit(S[a], S[b]), StructureMatcher(**kw).get_rms_dist(S[a], S[b])
//! ```

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::{Crystal, Lattice, io};
use druse_validation::matching::kernel::{Allowed, Outcome, Search, Tolerances, search};
use druse_validation::matching::{
    Matcher, NAMES, Overrides, Pattern, Pymatgen, PymatgenOptions as Options, matcher,
};

type Row = (&'static str, &'static str, &'static str, bool, Option<(f64, f64)>);

#[rustfmt::skip]
const ROWS: [Row; 33] = [
    ("low", "low-moved", "default", true, Some((0.039939, 0.066282))),
    ("low-moved", "low", "default", true, Some((0.039939, 0.066282))),
    ("low", "low-moved", "given", true, Some((0.039939, 0.066282))),
    ("low", "low-swollen", "default", true, Some((0.018173, 0.024886))),
    ("low", "low-swollen", "unscaled", false, None),
    ("low", "low-swollen", "rmsd", true, Some((0.018173, 0.024886))),
    ("low", "low-double", "default", false, None),
    ("low", "low-double", "supercell", true, Some((0.096041, 0.154755))),
    ("low-double", "low", "supercell", true, Some((0.096041, 0.154755))),
    ("low", "low-double", "rmsd", true, Some((0.096041, 0.154755))),
    ("low", "low-triple", "default", false, None),
    ("low", "low-triple", "supercell", true, Some((0.078974, 0.109168))),
    ("low-triple", "low", "supercell", true, Some((0.078974, 0.109168))),
    ("low", "low-without-o", "default", false, None),
    ("low", "low-without-o", "subset", true, Some((0.035443, 0.053197))),
    ("low-without-o", "low", "subset", true, Some((0.035443, 0.053197))),
    ("low", "low-mirrored", "default", true, Some((0.027367, 0.038165))),
    ("low", "low-mixed", "default", false, None),
    ("low-mixed", "low-mixed-moved", "default", true, Some((0.048099, 0.061886))),
    ("low", "low-k", "default", false, None),
    ("cube", "cube-eight", "default", true, Some((0.017490, 0.028290))),
    ("cube-eight", "cube", "default", true, Some((0.017490, 0.028290))),
    ("cube", "cube-eight", "given", false, None),
    ("cube", "cube-tetragonal", "default", true, Some((0.036319, 0.069257))),
    ("cube", "cube-tetragonal", "unscaled", true, Some((0.036324, 0.069267))),
    ("cube", "cube-tetragonal", "rmsd", true, Some((0.036324, 0.069267))),
    ("cube-eight", "cube-tetragonal", "cdvae", true, Some((0.038820, 0.060684))),
    ("wurtz", "blende", "default", false, None),
    ("one", "bcc", "default", false, None),
    ("bcc", "fcc", "default", false, None),
    ("bcc", "fcc", "cdvae", true, Some((0.000000, 0.000000))),
    ("fcc", "bcc", "cdvae", false, None),
    ("bcc", "fcc", "rmsd", true, Some((0.000000, 0.000000))),
];

fn options(name: &str) -> Options {
    let default = Options::default();
    match name {
        // No arguments.
        "default" => default,
        // ltol=0.3, stol=0.5, angle_tol=10
        "cdvae" => Options::cdvae(),
        // ltol=0.5, stol=0.5, angle_tol=10, scale=False, attempt_supercell=True
        "rmsd" => Options::rmsd(),
        // scale=False
        "unscaled" => Options { scale: false, ..default },
        // attempt_supercell=True
        "supercell" => Options { supercell: true, ..default },
        // allow_subset=True
        "subset" => Options { subset: true, ..default },
        // primitive_cell=False
        "given" => Options { primitive: false, ..default },
        _ => panic!("{name}"),
    }
}

fn patterns() -> HashMap<String, Pattern> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/made_up.jsonl");
    let records = io::read_path(&file).unwrap().into_iter().map(Result::unwrap);
    records.map(|record| (record.id, Pattern::of(&record.crystal).unwrap())).collect()
}

#[test]
fn pymatgen_decides_the_same() {
    let patterns = patterns();
    for (first, second, name, fit, distances) in ROWS {
        let (x, y) = (&patterns[first], &patterns[second]);
        let matcher = Pymatgen::new("pymatgen", options(name));
        assert_eq!(matcher.fit(x, y), fit, "{first} {second} {name}");
        let found = matcher.rms(x, y);
        match (&found, distances) {
            (Some(found), Some((rms, largest))) => {
                assert!((found.rms - rms).abs() < 1e-6, "{first} {second} {name}: {found:?}");
                assert!((found.largest - largest).abs() < 1e-6, "{first} {second} {name}: {found:?}");
            }
            (None, None) => {}
            _ => panic!("{first} {second} {name}: {found:?}"),
        }
    }
}

/// Sites and cell parameters of the reduced cells: `s.get_reduced_structure("niggli")` and then
/// `.get_primitive_structure()`. The doubled cell keeps its sites: they moved by more than 0.25 Å.
#[test]
fn reduced_cells_are_those_of_pymatgen() {
    let patterns = patterns();
    for (id, sites, cell) in [
        ("low-moved", 5, [4.20000, 5.15000, 6.20000, 81.99999, 83.99999, 74.00000]),
        ("low-double", 10, [5.20000, 6.30000, 8.20000, 83.00000, 75.00000, 81.00000]),
        ("cube-eight", 5, [3.91, 3.91, 3.91, 90.0, 90.0, 90.0]),
        ("cube-tetragonal", 5, [3.95, 3.95, 4.1, 90.0, 90.0, 90.0]),
        ("wurtz", 4, [3.20000, 3.20000, 5.10000, 90.00000, 90.00000, 119.99999]),
        ("blende", 2, [3.20319, 3.20319, 3.20319, 60.0, 60.0, 60.0]),
        ("fcc", 1, [2.56332, 2.56332, 2.57590, 60.29749, 60.29749, 89.20973]),
    ] {
        let reduced = patterns[id].reduced();
        assert_eq!(reduced.len(), sites, "{id}");
        for (got, wanted) in reduced.lattice.parameters().into_iter().zip(cell) {
            assert!((got - wanted).abs() < 1e-4, "{id}: {:?}", reduced.lattice.parameters());
        }
    }
}

/// The mapping of a comparison, laid out: pairs of sites are as far apart as it says.
#[test]
fn mappings_prove_the_distances() {
    let patterns = patterns();
    for (first, second, name, _, distances) in ROWS.into_iter().filter(|row| row.2 != "given") {
        let (x, y) = (&patterns[first], &patterns[second]);
        let comparison = Pymatgen::new("pymatgen", options(name)).compare(x, y);
        assert_eq!(comparison.mapping.is_some(), distances.is_some());
        let Some(mapping) = comparison.mapping else { continue };
        let (x, y) = (x.reduced(), y.reduced());
        let matrix = Matrix3::from_fn(|i, j| f64::from(mapping.lattice[i][j]));
        // From a cell to the shared basis.
        let own = matrix.transpose().try_inverse().unwrap();
        let (of_first, of_second) =
            if mapping.of_first { (own, Matrix3::identity()) } else { (Matrix3::identity(), own) };
        let shared = if mapping.of_first { y.lattice } else { x.lattice };
        let sites = mapping.sites.len() as f64;
        let unit = (shared.volume() / sites).cbrt();
        for (&(i, j), distance) in mapping.sites.iter().zip(&mapping.distances) {
            let way = of_first * x.frac[i] - of_second * y.frac[j] - Vector3::from(mapping.translation);
            let got = nearest(&way, &own, &shared) / unit;
            // Distances are measured on the mean of the two lattices.
            assert!((got - distance).abs() < 0.02 + 0.2 * distance, "{first} {second}: {got} {distance}");
        }
    }
}

/// Length of the shortest way up to translations of the small lattice: shared basis and its points.
fn nearest(way: &Vector3<f64>, own: &Matrix3<f64>, shared: &Lattice) -> f64 {
    let range = || [-2.0, -1.0, 0.0, 1.0, 2.0].into_iter();
    let steps = range().flat_map(|i| range().flat_map(move |j| range().map(move |k| Vector3::new(i, j, k))));
    let lengths = steps.map(|step| {
        let moved = way + own * step;
        shared.to_cartesian(&(moved - moved.map(f64::round))).norm()
    });
    lengths.fold(f64::INFINITY, f64::min)
}

#[test]
fn comparisons_say_how_the_cells_differ() {
    let patterns = patterns();
    let swollen = Pymatgen::default().compare(&patterns["low"], &patterns["low-swollen"]);
    assert!((swollen.volume_ratio.unwrap() - 1.9).abs() < 1e-5);
    assert!(swollen.strain.unwrap() < 1e-5);
    // Edges 3.95, 3.95, 4.1 Å against a cube: stretches at equal volume.
    let tetragonal = Pymatgen::default().compare(&patterns["cube"], &patterns["cube-tetragonal"]);
    let mean = (3.95_f64 * 3.95 * 4.1).cbrt();
    assert!((tetragonal.strain.unwrap() - (4.1 / mean - 1.0)).abs() < 1e-5);
}

#[test]
fn names_lead_to_matchers() {
    for name in NAMES {
        let matcher = matcher(name, &Overrides::default()).unwrap();
        assert_eq!(matcher.name(), *name);
        assert!(matcher.protocol().starts_with(name), "{}", matcher.protocol());
    }
    let unknown = matcher("pymatgem", &Overrides::default()).err().unwrap();
    assert!(unknown.to_string().starts_with("unknown matcher 'pymatgem': expected one of pymatgen, "));
    let strict = Overrides { site: Some(0.05), ..Overrides::default() };
    let patterns = patterns();
    let (x, y) = (&patterns["low"], &patterns["low-moved"]);
    assert!(!matcher("pymatgen", &strict).unwrap().same(x, y));
    let negative = Overrides { angle: Some(-1.0), ..Overrides::default() };
    assert!(matcher("pymatgen", &negative).is_err());
}

/// Needles, plates and huge cells come to an end.
#[test]
fn odd_cells_end() {
    let atom = |lattice| Crystal::ordered(lattice, [("Fe".parse().unwrap(), [0.0; 3])]);
    let cell = |a: f64, b: f64, c: f64| Lattice::from_rows([[a, 0.0, 0.0], [0.1, b, 0.0], [0.2, 0.1, c]]);
    let odd = [cell(2.5, 2.5, 2e2), cell(2.5, 50.0, 50.0), cell(1e-3, 1.0, 1.0), cell(3.0, 3.1, 3.2)]
        .map(|lattice| Pattern::of(&atom(lattice)).unwrap());
    let anything = Allowed::new(1, 1, |_, _| true);
    let loose = Tolerances { length: 0.5, site: 0.5, angle: 10.0 };
    let mut unfinished = 0;
    for x in &odd {
        assert!(Pymatgen::default().fit(x, x));
        for y in &odd {
            let what = Search { effort: 1_000_000, ..Search::new(loose) };
            let outcome = search(&x.given, &y.given, &anything, &what, |_| ControlFlow::Continue(()));
            unfinished += usize::from(outcome == Outcome::Unfinished);
        }
    }
    assert!(unfinished > 0);
    assert!(
        Pattern::of(&atom(Lattice::from_rows([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))).is_err()
    );
    assert!(Pattern::of(&Crystal { lattice: Lattice::cubic(3.0), sites: Vec::new() }).is_err());
}
