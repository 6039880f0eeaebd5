//! Known crystals in disguise: cells, supercells, noise, strain and scaling must not make them new.

use druse_representations::nalgebra::{Matrix3, Rotation3, Vector3};
use druse_representations::supercell::supercell;
use druse_representations::{Crystal, Element, Lattice};
use druse_validation::matching::{Disorder, LeakSafe, Matcher, Pattern, Prototype};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn crystal(lattice: [f64; 6], sites: &[(&str, [f64; 3])]) -> Crystal {
    let element = |symbol: &str| -> Element { symbol.parse().unwrap() };
    let lattice = Lattice::from_parameters(lattice).unwrap();
    Crystal::ordered(lattice, sites.iter().map(|(symbol, x)| (element(symbol), *x)))
}

/// Rutile, rock salt, perovskite, and one without any symmetry.
fn known() -> [Crystal; 4] {
    let u = 0.305;
    [
        crystal(
            [4.59, 4.59, 2.96, 90.0, 90.0, 90.0],
            &[
                ("Ti", [0.0; 3]),
                ("Ti", [0.5; 3]),
                ("O", [u, u, 0.0]),
                ("O", [1.0 - u, 1.0 - u, 0.0]),
                ("O", [0.5 + u, 0.5 - u, 0.5]),
                ("O", [0.5 - u, 0.5 + u, 0.5]),
            ],
        ),
        crystal([3.99, 3.99, 3.99, 60.0, 60.0, 60.0], &[("Na", [0.0; 3]), ("Cl", [0.5; 3])]),
        crystal(
            [3.91, 3.91, 3.91, 90.0, 90.0, 90.0],
            &[
                ("Sr", [0.0; 3]),
                ("Ti", [0.5; 3]),
                ("O", [0.5, 0.5, 0.0]),
                ("O", [0.5, 0.0, 0.5]),
                ("O", [0.0, 0.5, 0.5]),
            ],
        ),
        crystal(
            [4.1, 5.2, 6.3, 81.0, 97.0, 105.0],
            &[
                ("Na", [0.02, 0.11, 0.09]),
                ("Cl", [0.51, 0.43, 0.12]),
                ("O", [0.28, 0.77, 0.61]),
                ("O", [0.75, 0.2, 0.83]),
                ("Ti", [0.1, 0.6, 0.37]),
            ],
        ),
    ]
}

/// What is done to a crystal, in this order.
struct Disguise {
    cell: Matrix3<i32>,
    /// Root mean square displacement (Å).
    noise: f64,
    /// Largest relative change of a length.
    strain: f64,
    scale: f64,
}

fn disguised(crystal: &Crystal, disguise: &Disguise, seed: u64) -> Crystal {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = |width: f64| width * (2.0 * random.random::<f64>() - 1.0);
    let mut changed = supercell(crystal, &disguise.cell).unwrap();
    let back = changed.lattice.matrix().transpose().try_inverse().unwrap();
    let origin = Vector3::from_fn(|_, _| uniform(0.5));
    for site in &mut changed.sites {
        // Uniform in a cube of this half width: the rms length is the noise.
        let way = Vector3::from_fn(|_, _| uniform(disguise.noise));
        site.frac += back * way + origin;
    }
    let axis = Vector3::from_fn(|_, _| uniform(1.0));
    let turn = Rotation3::new(axis * 3.0);
    let mut stretch = Matrix3::zeros();
    for (i, j) in [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)] {
        let e = uniform(if i == j { disguise.strain } else { disguise.strain / 3.0 });
        stretch[(i, j)] = e;
        stretch[(j, i)] = e;
    }
    let rows =
        changed.lattice.matrix() * (Matrix3::identity() + stretch) * turn.matrix() * disguise.scale.cbrt();
    changed.lattice = Lattice::from_matrix(rows);
    for i in (1..changed.sites.len()).rev() {
        let other = (uniform(0.5) + 0.5) * (i + 1) as f64;
        changed.sites.swap(i, (other as usize).min(i));
    }
    changed.wrapped()
}

fn same(first: &Crystal, second: &Crystal) -> bool {
    let (x, y) = (Pattern::of(first).unwrap(), Pattern::of(second).unwrap());
    let matchers: [&dyn Matcher; 3] = [&LeakSafe::default(), &Disorder::default(), &Prototype::default()];
    let verdicts = matchers.map(|matcher| {
        let (there, back) = (matcher.compare(&x, &y), matcher.compare(&y, &x));
        assert_eq!(there.same, back.same);
        assert_eq!(there.same, matcher.same(&x, &y));
        assert_eq!((there.rms, there.max_dist, there.strain), (back.rms, back.max_dist, back.strain));
        there.same
    });
    // Whatever is the same crystal is of one family and of one type.
    assert!(!verdicts[0] || (verdicts[1] && verdicts[2]));
    verdicts[0]
}

fn diagonal(a: i32, b: i32, c: i32) -> Matrix3<i32> {
    Matrix3::from_diagonal(&Vector3::new(a, b, c))
}

const AS_IT_IS: Disguise =
    Disguise { cell: Matrix3::new(1, 0, 0, 0, 1, 0, 0, 0, 1), noise: 0.0, strain: 0.0, scale: 1.0 };

/// Share of the disguises that are seen through, over crystals and seeds.
fn recall(first: &Disguise, second: &Disguise) -> f64 {
    let mut found = 0;
    for (number, crystal) in known().iter().enumerate() {
        for seed in 0..5 {
            let seed = 100 * number as u64 + seed;
            let (x, y) = (disguised(crystal, first, seed), disguised(crystal, second, seed + 50));
            found += usize::from(same(&x, &y));
        }
    }
    found as f64 / 20.0
}

#[test]
fn noisy_supercells_are_seen_through() {
    for (cell, noise) in [
        (diagonal(1, 1, 2), 0.3),
        (diagonal(3, 1, 1), 0.2),
        (diagonal(1, 3, 1), 0.3),
        (diagonal(2, 2, 1), 0.2),
        (Matrix3::new(1, 1, 0, -1, 1, 0, 0, 0, 2), 0.2),
        (diagonal(2, 2, 2), 0.2),
    ] {
        assert!(recall(&AS_IT_IS, &Disguise { cell, noise, ..AS_IT_IS }) >= 0.95, "{cell} {noise}");
    }
}

#[test]
fn noise_on_both_sides_is_seen_through() {
    for (x, y, noise) in [
        (diagonal(1, 1, 1), diagonal(1, 1, 1), 0.2),
        (diagonal(2, 1, 1), diagonal(1, 1, 2), 0.15),
        // No whole-numbered ratio.
        (diagonal(1, 2, 1), diagonal(1, 1, 3), 0.15),
    ] {
        let noisy = |cell| Disguise { cell, noise, ..AS_IT_IS };
        let recall = recall(&noisy(x), &noisy(y));
        assert!(recall >= 0.9, "{x} {y} {noise}: {recall}");
    }
}

#[test]
fn strain_noise_and_volume_together_are_seen_through() {
    for (strain, noise, scale) in [(0.05, 0.0, 1.0), (0.03, 0.15, 1.0), (0.02, 0.2, 1.3), (0.04, 0.1, 0.8)] {
        for cell in [diagonal(1, 1, 1), diagonal(1, 2, 1), diagonal(1, 1, 3)] {
            let recall = recall(&AS_IT_IS, &Disguise { cell, noise, strain, scale });
            assert!(recall >= 0.95, "{strain} {noise} {scale} {cell}: {recall}");
        }
    }
}

#[test]
fn different_crystals_stay_different() {
    let [rutile, salt, perovskite, low] = known();
    let all = [&rutile, &salt, &perovskite, &low];
    for (i, x) in all.iter().enumerate() {
        for y in &all[..i] {
            assert!(!same(x, y));
        }
    }
    // One atom moved off by 1 Å in a doubled cell, and two exchanged.
    let mut moved = supercell(&rutile, &diagonal(1, 1, 2)).unwrap();
    moved.sites[4].frac[0] += 1.0 / 4.59;
    assert!(!same(&rutile, &moved));
    let mut swapped = supercell(&salt, &diagonal(2, 1, 1)).unwrap();
    let frac = swapped.sites[0].frac;
    swapped.sites[0].frac = swapped.sites[2].frac;
    swapped.sites[2].frac = frac;
    assert!(!same(&salt, &swapped));
    // Zinc blende and wurtzite, caesium chloride and rock salt.
    let blende = crystal([3.2, 3.2, 3.2, 60.0, 60.0, 60.0], &[("Zn", [0.0; 3]), ("S", [0.25; 3])]);
    let (a, b) = (1.0 / 3.0, 2.0 / 3.0);
    let wurtzite = crystal(
        [3.2, 3.2, 5.22, 90.0, 90.0, 120.0],
        &[("Zn", [a, b, 0.0]), ("Zn", [b, a, 0.5]), ("S", [a, b, 0.375]), ("S", [b, a, 0.875])],
    );
    assert!(!same(&blende, &wurtzite));
    let chloride = crystal([3.5, 3.5, 3.5, 90.0, 90.0, 90.0], &[("Na", [0.0; 3]), ("Cl", [0.5; 3])]);
    assert!(!same(&salt, &chloride));
}

/// The crystal without symmetry and its mirror image.
#[test]
fn mirror_images_are_flagged() {
    let low = &known()[3];
    let mut mirrored = low.clone();
    mirrored.lattice = Lattice::from_matrix(-mirrored.lattice.matrix());
    let (x, y) = (Pattern::of(low).unwrap(), Pattern::of(&mirrored).unwrap());
    let found = LeakSafe::default().compare(&x, &y);
    assert!(found.same && found.rms.unwrap() < 1e-6);
    assert_eq!(found.mirror_image_only, Some(true));
    assert_eq!(LeakSafe::default().compare(&x, &x).mirror_image_only, Some(false));
    let rutile = Pattern::of(&known()[0]).unwrap();
    assert_eq!(LeakSafe::default().compare(&rutile, &rutile).mirror_image_only, Some(false));
}

/// The pairs of a mapping lie where it says, at the distances it tells.
#[test]
fn mappings_can_be_checked() {
    for (number, crystal) in known().iter().enumerate() {
        let disguise = Disguise { cell: diagonal(1, 1, 2), noise: 0.25, ..AS_IT_IS };
        let (x, y) = (Pattern::of(crystal).unwrap(), Pattern::of(&disguised(crystal, &disguise, 7)).unwrap());
        let found = LeakSafe::default().compare(&x, &y);
        let mapping = found.mapping.unwrap();
        assert!(mapping.of_first, "{number}");
        let (small, large) = (x.reduced(), y.reduced());
        assert_eq!(mapping.sites.len(), large.len());
        let m = Matrix3::from_fn(|i, j| f64::from(mapping.lattice[i][j]));
        let shift = Vector3::from(mapping.translation);
        let unit = small.volume_per_site().cbrt();
        for (&(i, j), distance) in mapping.sites.iter().zip(&mapping.distances) {
            assert_eq!(x.species[usize::from(small.kinds[i])], y.species[usize::from(large.kinds[j])]);
            let way = m.transpose() * (large.frac[j] + shift) - small.frac[i];
            let way = small.lattice.to_cartesian(&(way - way.map(f64::round))).norm() / unit;
            assert!((way - distance).abs() < 0.02, "{number}: {way} {distance}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_cell_is_the_same_crystal(
        which in 0..4usize,
        entries in prop::array::uniform9(-2..=2i32),
        seed in 0..1000u64,
        scale in 0.7..1.5f64,
    ) {
        let cell = Matrix3::from_row_slice(&entries);
        let size = cell.map(f64::from).determinant().abs().round() as usize;
        prop_assume!((1..=8).contains(&size));
        let crystal = &known()[which];
        let other = disguised(crystal, &Disguise { cell, scale, ..AS_IT_IS }, seed);
        prop_assert!(same(crystal, &other));
        let (x, y) = (Pattern::of(crystal).unwrap(), Pattern::of(&other).unwrap());
        let found = LeakSafe::default().compare(&x, &y);
        prop_assert!(found.rms.unwrap() < 1e-6 && found.strain.unwrap() < 1e-6);
        prop_assert!((found.volume_ratio.unwrap() - scale).abs() < 1e-6);
        prop_assert!(which == 3 || found.mirror_image_only == Some(false));
    }

    #[test]
    fn swapped_arguments_and_other_cells_agree(
        which in 0..4usize, noise in 0.0..0.8f64, strain in 0.0..0.2f64, seed in 0..1000u64,
        shear in -2..=2i32,
    ) {
        let crystal = &known()[which];
        let disguise = Disguise { cell: diagonal(1, 1, 1), noise, strain, scale: 1.1 };
        let other = disguised(crystal, &disguise, seed);
        let cell = Matrix3::new(1, shear, 0, 0, 1, 0, -1, 0, 1);
        let rewritten = disguised(&other, &Disguise { cell, ..AS_IT_IS }, seed + 1);
        let pattern = |crystal: &Crystal| Pattern::of(crystal).unwrap();
        let matcher = LeakSafe::default();
        let found = matcher.compare(&pattern(crystal), &pattern(&other));
        let again = matcher.compare(&pattern(&rewritten), &pattern(crystal));
        prop_assert_eq!(found.same, again.same);
        if found.same {
            prop_assert!((found.rms.unwrap() - again.rms.unwrap()).abs() < 1e-3);
        }
    }
}
