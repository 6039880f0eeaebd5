//! Every verdict, on crystals made here.

use druse_representations::crystal::Occupant;
use druse_representations::nalgebra::Vector3;
use druse_representations::{Crystal, Element, Lattice, Site};

use super::*;
use crate::index::{Builder, Contents, NewSource};

fn el(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// Rock salt in the primitive cell; `edge` (Å) is that of the cubic one.
fn rock_salt(cation: &str, anion: &str, edge: f64) -> Crystal {
    let h = edge / 2.0;
    let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
    Crystal::ordered(lattice, [(el(cation), [0.0; 3]), (el(anion), [0.5; 3])])
}

fn caesium_chloride(cation: &str, anion: &str, edge: f64) -> Crystal {
    Crystal::ordered(Lattice::cubic(edge), [(el(cation), [0.0; 3]), (el(anion), [0.5; 3])])
}

/// `crystal` repeated along its vectors.
fn repeated(crystal: &Crystal, times: [usize; 3]) -> Crystal {
    let rows: Vec<[f64; 3]> = crystal.lattice.rows().to_vec();
    let lattice = std::array::from_fn(|i| rows[i].map(|x| x * times[i] as f64));
    let [na, nb, nc] = times;
    let shifts = (0..na).flat_map(|a| (0..nb).flat_map(move |b| (0..nc).map(move |c| [a, b, c])));
    let sites = shifts.flat_map(|shift| {
        crystal.sites.iter().map(move |site| Site {
            occupants: site.occupants.clone(),
            frac: Vector3::from_fn(|i, _| (site.frac[i] + shift[i] as f64) / times[i] as f64),
        })
    });
    Crystal { lattice: Lattice::from_rows(lattice), sites: sites.collect() }
}

/// Every atom moved by `size` (Å), each in another direction.
fn displaced(crystal: &Crystal, size: f64) -> Crystal {
    let mut moved = crystal.clone();
    for (n, site) in moved.sites.iter_mut().enumerate() {
        let n = n as f64;
        let direction =
            Vector3::new((1.7 * n).sin(), (2.9 * n + 1.0).sin(), (0.6 * n + 2.0).cos()).normalize();
        site.frac += crystal.lattice.to_fractional(&(direction * size)).unwrap();
    }
    moved
}

/// Rutile, a = 4.65, c = 3.04, u = 0.305, with these shares of Ta and Cr on the metal's site.
fn rutile(shares: &[(&str, f64)]) -> Crystal {
    let lattice = Lattice::from_parameters([4.65, 4.65, 3.04, 90.0, 90.0, 90.0]).unwrap();
    let u = 0.305;
    let anions = [[u, u, 0.0], [-u, -u, 0.0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]];
    let atoms = [[0.0; 3], [0.5; 3]].map(|x| ("Ta", x)).into_iter().chain(anions.map(|x| ("O", x)));
    let mut crystal = Crystal::ordered(lattice, atoms.map(|(symbol, x)| (el(symbol), x)));
    for site in &mut crystal.sites[..2] {
        site.occupants =
            shares.iter().map(|&(symbol, occupancy)| Occupant { element: el(symbol), occupancy }).collect();
    }
    crystal
}

/// The ordering of a third of Ta among Cr along the c axis: the trirutile of TaCr2O6, unrelaxed.
fn trirutile() -> Crystal {
    let mut crystal = repeated(&rutile(&[("Cr", 1.0)]), [1, 1, 3]);
    for site in &mut crystal.sites {
        let is_metal = site.occupants[0].element == el("Cr");
        let height = site.frac.z.rem_euclid(1.0);
        if is_metal && (height < 0.1 || (height - 0.5).abs() < 0.1) {
            site.occupants[0].element = el("Ta");
        }
    }
    crystal
}

fn known() -> Vec<(&'static str, Crystal)> {
    vec![
        ("salt", rock_salt("Na", "Cl", 5.64)),
        ("caesium", caesium_chloride("Cs", "Cl", 4.12)),
        ("rutile", rutile(&[("Cr", 2.0 / 3.0), ("Ta", 1.0 / 3.0)])),
    ]
}

fn set(name: &str, crystals: Vec<(&str, Crystal)>, contents: Contents) -> KnownSet {
    let mut builder = Builder::new(contents, std::env::temp_dir());
    let source = NewSource { name: name.to_owned(), licence: String::new(), date: String::new() };
    let items = crystals.into_iter().map(|(id, crystal)| (id.to_owned(), crystal));
    builder.add_crystals(&source, "0".to_owned(), items).unwrap();
    KnownSet::Own(Box::new(builder.index().unwrap()))
}

fn matchers() -> Matchers {
    Matchers::usual().unwrap()
}

fn audit(contents: Contents) -> Audit {
    Audit::new(matchers(), Vec::new(), vec![set("known", known(), contents)])
}

fn judged(crystal: &Crystal) -> AuditRow {
    audit(Contents::Structures).judge(crystal).unwrap()
}

fn verdict(crystal: &Crystal) -> (Verdict, String) {
    let row = judged(crystal);
    (row.verdict.unwrap(), row.nearest_id.unwrap_or_default())
}

fn at(verdict: Verdict, id: &str) -> (Verdict, String) {
    (verdict, id.to_owned())
}

#[test]
fn the_same_structure_in_the_same_or_another_cell() {
    let salt = rock_salt("Na", "Cl", 5.64);
    let row = judged(&salt);
    assert_eq!(row.verdict, Some(Verdict::ExactDuplicate));
    assert_eq!((row.found_in, row.nearest_set.as_deref()), (FoundIn::Reference, Some("known")));
    assert!(row.distance.unwrap() < 1e-6 && row.rms.unwrap() < 1e-6);
    assert!((row.volume_ratio.unwrap() - 1.0).abs() < 1e-6);
    assert!(row.evidence.exact && row.evidence.mapping.is_some());
    assert!(row.matcher.starts_with("leak-safe") && row.nearest_structure.is_some());
    let cell = repeated(&salt, [2, 1, 2]);
    assert_eq!(verdict(&cell), at(Verdict::SupercellOrSetting, "salt"));
    assert!(judged(&cell).evidence.words.contains("8 instead of 2 sites"));
}

#[test]
fn displaced_and_scaled_structures() {
    let cell = repeated(&rock_salt("Na", "Cl", 5.64), [2, 2, 1]);
    let row = judged(&displaced(&cell, 0.15));
    assert_eq!((row.verdict, row.nearest_id.as_deref()), (Some(Verdict::NearDuplicate), Some("salt")));
    assert!(row.distance.unwrap() > 0.01 && row.rms.unwrap() > 0.01);
    let scaled = judged(&rock_salt("Na", "Cl", 5.8));
    assert_eq!(scaled.verdict, Some(Verdict::NearDuplicate));
    assert!((scaled.volume_ratio.unwrap() - (5.64f64 / 5.8).powi(3)).abs() < 1e-6);
    assert!(scaled.distance.unwrap() < 1e-6);
}

#[test]
fn orderings_and_other_ratios_of_a_solid_solution() {
    assert_eq!(verdict(&trirutile()), at(Verdict::OrderedVariant, "rutile"));
    let half = judged(&rutile(&[("Cr", 0.5), ("Ta", 0.5)]));
    assert_eq!(half.verdict, Some(Verdict::SameSolidSolutionOtherRatio));
    assert!(half.distance.unwrap() < 1e-6, "{:?}", half.distance);
    let gap = half.evidence.family.unwrap().ratio_gap;
    assert!((gap - 1.0 / 6.0).abs() < 1e-6, "{gap}");
    assert!(half.evidence.words.contains("0.167"), "{}", half.evidence.words);
}

#[test]
fn structure_types_and_compositions() {
    let fluoride = judged(&rock_salt("Li", "F", 4.03));
    assert_eq!(fluoride.verdict, Some(Verdict::KnownPrototype));
    assert_eq!(fluoride.nearest_id.as_deref(), Some("salt"));
    let pairs = &fluoride.evidence.elements;
    assert!(pairs.contains(&(el("Li"), el("Na"))) && pairs.contains(&(el("F"), el("Cl"))));
    // Known composition and known type, but not together: the composition is what is said.
    let high_pressure = judged(&caesium_chloride("Na", "Cl", 3.4));
    assert_eq!(high_pressure.verdict, Some(Verdict::KnownComposition));
    assert_eq!(high_pressure.nearest_id.as_deref(), Some("salt"));
    assert!(
        high_pressure.evidence.words.contains("structure type of caesium"),
        "{}",
        high_pressure.evidence.words
    );
    assert!(high_pressure.novelty().unwrap() < 1.0 && fluoride.novelty().unwrap() >= 1.0);
}

#[test]
fn new_structures_have_a_nearest_one_too() {
    let lattice = Lattice::from_parameters([3.1, 4.3, 7.2, 90.0, 97.0, 90.0]).unwrap();
    let atoms = [("Na", [0.1, 0.2, 0.3]), ("Cl", [0.7, 0.55, 0.8]), ("Cl", [0.3, 0.8, 0.6])];
    let new = Crystal::ordered(lattice, atoms.map(|(symbol, x)| (el(symbol), x)));
    let row = judged(&new);
    assert_eq!((row.verdict, row.found_in), (Some(Verdict::New), FoundIn::None));
    assert!(row.distance.unwrap() > 0.05);
    let alone = Crystal::ordered(Lattice::cubic(3.3), [(el("W"), [0.0; 3]), (el("W"), [0.5; 3])]);
    let row = judged(&alone);
    assert_eq!((row.verdict, row.found_in), (Some(Verdict::New), FoundIn::None));
    assert!(row.nearest_id.is_some() && row.distance.unwrap() > 0.0);
}

#[test]
fn training_data_come_first() {
    let training = set(
        "training",
        vec![("old", displaced(&repeated(&rock_salt("Na", "Cl", 5.64), [2, 1, 1]), 0.1))],
        Contents::Structures,
    );
    let audit = Audit::new(matchers(), vec![training], vec![set("known", known(), Contents::Structures)]);
    // The reference holds the very same structure, but what was trained on is a leak.
    let salt = audit.judge(&rock_salt("Na", "Cl", 5.64)).unwrap();
    assert_eq!((salt.verdict, salt.found_in), (Some(Verdict::NearDuplicate), FoundIn::Training));
    assert_eq!(salt.nearest_id.as_deref(), Some("old"));
    let caesium = audit.judge(&caesium_chloride("Cs", "Cl", 4.12)).unwrap();
    assert_eq!((caesium.verdict, caesium.found_in), (Some(Verdict::ExactDuplicate), FoundIn::Reference));
}

#[test]
fn invariants_alone_say_so() {
    let audit = audit(Contents::InvariantsOnly);
    let salt = audit.judge(&rock_salt("Na", "Cl", 5.64)).unwrap();
    assert_eq!(salt.verdict, Some(Verdict::ExactDuplicate));
    assert!(!salt.evidence.exact && salt.evidence.words.contains("druse index build"));
    assert_eq!((salt.rms, salt.nearest_structure), (None, None));
    let cell = audit.judge(&repeated(&rock_salt("Na", "Cl", 5.64), [2, 1, 1])).unwrap();
    assert_eq!(cell.verdict, Some(Verdict::SupercellOrSetting));
    let fluoride = audit.judge(&rock_salt("Li", "F", 4.03)).unwrap();
    assert_eq!(fluoride.verdict, Some(Verdict::KnownPrototype));
    let high_pressure = audit.judge(&caesium_chloride("Na", "Cl", 3.4)).unwrap();
    assert_eq!(high_pressure.verdict, Some(Verdict::KnownComposition));
}

#[test]
fn a_run_keeps_the_order_counts_and_groups() {
    let empty = Crystal { lattice: Lattice::cubic(3.0), sites: Vec::new() };
    let inputs: Vec<Input> = vec![
        ("a".to_owned(), Ok(rock_salt("Li", "F", 4.03))),
        ("b".to_owned(), Err("unreadable".to_owned())),
        ("c".to_owned(), Ok(empty)),
        ("d".to_owned(), Ok(repeated(&rock_salt("Li", "F", 4.03), [1, 2, 1]))),
        ("e".to_owned(), Ok(rock_salt("Na", "Cl", 5.64))),
    ];
    let report = audit(Contents::Structures).run(inputs, &|| ());
    let ids: Vec<&str> = report.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "e"]);
    assert_eq!(report.rows[1].error.as_deref(), Some("unreadable"));
    assert!(report.rows[2].error.is_some() && report.rows[2].verdict.is_none());
    let groups: Vec<Option<usize>> = report.rows.iter().map(|row| row.group).collect();
    assert_eq!(groups, [Some(0), None, None, Some(0), Some(4)]);
    assert_eq!(report.unique, UniquenessInfo { groups: 2, greedy: 2, of: 3 });
    let count = |wanted| report.counts.iter().find(|(verdict, _)| *verdict == wanted).unwrap().1;
    assert_eq!((count(Verdict::KnownPrototype), count(Verdict::ExactDuplicate)), (2, 1));
    assert_eq!(report.references[0].structures, 3);
}
