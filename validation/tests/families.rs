//! Families of ordered, disordered and solid-solution crystals, and structure types.

mod labelled;

use std::collections::HashMap;
use std::path::Path;

use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::supercell::supercell;
use druse_representations::{Crystal, Element, Lattice, Occupant, Site, io};
use druse_validation::matching::{Comparison, Disorder, LeakSafe, Matcher, Pattern, Prototype};
use labelled::shared_data;

fn compare(matcher: &dyn Matcher, first: &Crystal, second: &Crystal) -> Comparison {
    let (x, y) = (Pattern::of(first).unwrap(), Pattern::of(second).unwrap());
    let (there, back) = (matcher.compare(&x, &y), matcher.compare(&y, &x));
    assert_eq!(there.same, back.same);
    assert_eq!(there.rms, back.rms);
    assert_eq!(there.same, matcher.same(&x, &y));
    let gap = |c: &Comparison| c.family.as_ref().map(|family| family.ratio_gap);
    assert_eq!(gap(&there), gap(&back));
    there
}

/// Verdict and gap of `disorder`.
fn family(first: &Crystal, second: &Crystal) -> (bool, Option<f64>) {
    let found = compare(&Disorder::default(), first, second);
    (found.same, found.family.map(|family| (family.ratio_gap * 1e4).round() / 1e4))
}

fn element(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// A site with shares, for instance "Na 0.7 K 0.3".
fn site(text: &str, frac: [f64; 3]) -> Site {
    let words: Vec<&str> = text.split(' ').collect();
    let occupants = match words[..] {
        [only] => vec![Occupant { element: element(only), occupancy: 1.0 }],
        _ => words
            .chunks(2)
            .map(|pair| Occupant { element: element(pair[0]), occupancy: pair[1].parse().unwrap() })
            .collect(),
    };
    Site { occupants, frac: Vector3::from(frac) }
}

fn rock_salt(cation: &str, anion: &str, edge: f64) -> Crystal {
    let half = edge / 2.0;
    let lattice = Lattice::from_rows([[0.0, half, half], [half, 0.0, half], [half, half, 0.0]]);
    Crystal { lattice, sites: vec![site(cation, [0.0; 3]), site(anion, [0.5; 3])] }
}

/// Rock salt with layers of two cations along [111].
fn layered(first: &str, second: &str, anion: &str, edge: f64) -> Crystal {
    let salt = rock_salt(first, anion, edge);
    let mut double = supercell(&salt, &Matrix3::new(2, 0, 0, 0, 1, 0, 0, 0, 1)).unwrap();
    double.sites[1] = site(second, double.sites[1].frac.into());
    double
}

fn rutiles() -> HashMap<String, Crystal> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rutiles.jsonl");
    let records = io::read_path(&path).unwrap().into_iter().map(Result::unwrap);
    records.map(|record| (record.id, record.crystal)).collect()
}

#[test]
fn rutiles_are_one_family_at_any_ratio() {
    let rutiles = rutiles();
    let sixth = 0.1667;
    for (first, second, expected) in [
        ("ordered", "ordered", (true, None)),
        ("ordered", "other-ordering", (true, Some(0.0))),
        ("ordered", "solution", (true, Some(0.0))),
        ("ordered", "one-to-one", (true, Some(sixth))),
        ("solution", "one-to-one", (true, Some(sixth))),
        ("solution", "other-ordering", (true, Some(0.0))),
    ] {
        assert_eq!(family(&rutiles[first], &rutiles[second]), expected, "{first} {second}");
    }
    // Ba and V are too unlike to mix.
    assert!(!family(&rutiles["unlike"], &rutiles["unlike-other"]).0);
    let found = compare(&Disorder::default(), &rutiles["ordered"], &rutiles["one-to-one"]);
    let family = found.family.unwrap();
    assert_eq!(family.mixing, [[element("V"), element("Nb")]]);
    let metal = family.sublattices.iter().find(|s| s.elements.len() == 2).unwrap();
    assert!((metal.first[1] - 1.0 / 3.0).abs() < 1e-9 && (metal.second[1] - 0.5).abs() < 1e-9);
}

#[test]
fn end_members_and_substitutions() {
    let (nacl, kcl) = (rock_salt("Na", "Cl", 5.64), rock_salt("K", "Cl", 6.29));
    let mixed = rock_salt("Na 0.7 K 0.3", "Cl", 5.8);
    // The end member of the larger part is of the family, with its gap; the other one is not.
    assert_eq!(family(&nacl, &mixed), (true, Some(0.3)));
    assert_eq!(family(&kcl, &mixed), (false, Some(0.7)));
    assert_eq!(family(&mixed, &rock_salt("Na 0.2 K 0.8", "Cl", 6.1)), (true, Some(0.5)));
    // All of one element replaced: the same type, no family.
    assert_eq!(family(&nacl, &kcl), (false, None));
    let prototype = compare(&Prototype::default(), &nacl, &kcl);
    assert!(prototype.same);
    assert_eq!(prototype.elements.len(), 2);
    assert!(prototype.elements.contains(&(element("Cl"), element("Cl"))));
    // Half of it, ordered: another compound than the parent, but an ordering of the solution.
    let ordered = layered("Na", "K", "Cl", 5.9);
    assert!(!family(&nacl, &ordered).0);
    assert_eq!(family(&rock_salt("Na 0.5 K 0.5", "Cl", 5.9), &ordered), (true, Some(0.0)));
    // Rounded occupancies are the same phase, vacancies above 5 % are not.
    let rounded =
        family(&rock_salt("Na 0.67 K 0.33", "Cl", 5.8), &rock_salt("Na 0.6667 K 0.3333", "Cl", 5.8));
    assert!(rounded.0 && rounded.1.unwrap() < 0.02);
    assert!(family(&rock_salt("Na 0.5 K 0.47", "Cl", 5.8), &rock_salt("Na 0.5 K 0.5", "Cl", 5.8)).0);
    assert!(!family(&rock_salt("Na 0.5 K 0.4", "Cl", 5.8), &rock_salt("Na 0.5 K 0.5", "Cl", 5.8)).0);
}

#[test]
fn elements_that_fail_the_rule_do_not_mix() {
    // Ba and Bi: electronegativities 0.89 and 2.02. Not even a crystal that has them on one site makes
    // them mix.
    let mixed = rock_salt("Ba 0.5 Bi 0.5", "S", 6.0);
    assert!(!family(&mixed, &layered("Ba", "Bi", "S", 6.0)).0);
    assert!(!family(&mixed, &rock_salt("Ba", "S", 6.0)).0);
    assert!(family(&mixed, &mixed).0);
    // Li and Rb: radii 1.45 and 2.35 Å. Of two ordered crystals nobody knows that they mix ...
    let ordered = layered("Li", "Rb", "S", 6.0);
    let other = supercell(&ordered, &Matrix3::new(2, 0, 0, 0, 1, 0, 0, 0, 1)).unwrap();
    let lithium = other.sites.iter().position(|site| site.main_element() == Some(element("Li")));
    let rubidium = other.sites.iter().position(|site| site.main_element() == Some(element("Rb")));
    let mut exchanged = other.clone();
    let (l, r) = (lithium.unwrap(), rubidium.unwrap());
    (exchanged.sites[l].occupants, exchanged.sites[r].occupants) =
        (other.sites[r].occupants.clone(), other.sites[l].occupants.clone());
    assert!(!family(&ordered, &exchanged).0);
    // ... but a crystal that has them on one site is evidence.
    let mixed = rock_salt("Li 0.5 Rb 0.5", "S", 6.0);
    assert_eq!(family(&mixed, &ordered), (true, Some(0.0)));
    // Of Li, Na and K only neighbours mix; the division that fits is found.
    let mixed = rock_salt("Li 0.5 Na 0.5", "Cl", 5.4);
    assert!(family(&mixed, &layered("Li", "Na", "Cl", 5.4)).0);
    assert!(!family(&mixed, &layered("Li", "K", "Cl", 5.4)).0);
}

/// Normal and inverse: the elements of two sublattices exchanged are two compounds.
#[test]
fn exchange_is_no_mixing() {
    let perovskite = |a: &str, b: &str| {
        let anions = [[0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]];
        let mut sites = vec![site(a, [0.0; 3]), site(b, [0.5; 3])];
        sites.extend(anions.map(|x| site("F", x)));
        Crystal { lattice: Lattice::cubic(4.0), sites }
    };
    let (one, other) = (perovskite("Ca", "Sr"), perovskite("Sr", "Ca"));
    assert_eq!(family(&one, &other), (false, Some(1.0)));
    assert!(compare(&Prototype::default(), &one, &other).same);
    assert!(!compare(&LeakSafe::default(), &one, &other).same);
}

/// TaCr2O6, proposed as new: an ordering of a rutile known since 1972.
#[test]
fn tantalum_chromium_rutile() {
    let Some(folder) = shared_data("disorder/mattergen_experimental") else {
        println!("skipped: no structures of the MatterGen release (development data, see DRUSE_SHARED_DATA)");
        return;
    };
    let read = |name: &str| io::read_path(&folder.join(name)).unwrap().remove(0).unwrap().crystal;
    let proposed = read("TaCr2O6.cif");
    let refined = read("Ta0.66666667Cr1.33333333O4.cif");
    let mut one_to_one = refined.clone();
    for site in one_to_one.sites.iter_mut().filter(|site| !site.is_ordered()) {
        site.occupants.iter_mut().for_each(|occupant| occupant.occupancy = 0.5);
    }
    assert!(compare(&LeakSafe::default(), &proposed, &read("TaCr2O6_symmetrized.cif")).same);
    assert_eq!(family(&proposed, &read("TaCr2O6_symmetrized.cif")), (true, None));
    assert_eq!(family(&proposed, &refined), (true, Some(0.0)));
    assert_eq!(family(&proposed, &one_to_one), (true, Some(0.1667)));
    assert_eq!(family(&refined, &one_to_one), (true, Some(0.1667)));
    assert!(!compare(&LeakSafe::default(), &proposed, &refined).same);
    for other in ["Cr2MoO6.cif", "LaMoO4.cif", "Mn3NiO6.cif"] {
        assert!(!family(&proposed, &read(other)).0, "{other}");
    }
}
