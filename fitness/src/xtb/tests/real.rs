//! Against the real program. Energies were measured with xtb 6.5.1 (Debian) for these geometries;
//! the literature has them for others, so relaxed ones are compared loosely.

use super::molecules::*;
use crate::xtb::{Failure, Job, Level, Method, Rung, Task, Xtb, XtbResult};
use druse_representations::Molecule;

const HARTREE: f64 = 27.211_386;

pub fn xtb() -> Option<Xtb> {
    match Xtb::find() {
        Ok(xtb) => Some(xtb),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() < tolerance, "{value}, expected {expected} +- {tolerance}");
}

fn optimised(xtb: &Xtb, molecule: Molecule, charge: i32, unpaired: u32) -> XtbResult {
    let job = Job::new(molecule, charge, unpaired).with_task(Task::Optimise(Level::Normal));
    xtb.run(&job).unwrap()
}

#[test]
fn energies_of_known_complexes() {
    let Some(xtb) = xtb() else { return };
    // Single point here, energy of a relaxed geometry as known before (Eh), gap there (eV).
    let cases = [
        (transdiamminedichloropalladium(), 0, 0, -22.630_419, -22.631_277, 2.266_196),
        (hexacarbonylchromium(), 0, 0, -39.159_314, -39.160_928, 2.525_771),
        (hexacyanoferrate(), -4, 0, -33.440_239, -33.441_774, 3.112_181),
        (hexaaquairon(), 2, 4, -32.768_629, -32.806_645, 8.502_944),
    ];
    for (molecule, charge, unpaired, start, relaxed, gap) in cases {
        let single = xtb.run(&Job::new(molecule.clone(), charge, unpaired)).unwrap();
        near(single.energy / HARTREE, start, 2e-6);
        assert_eq!(single.molecule, molecule);
        assert_eq!(single.cycles, None);
        let result = optimised(&xtb, molecule, charge, unpaired);
        near(result.energy / HARTREE, relaxed, 2e-5);
        near(result.gap.unwrap(), gap, 2e-3);
        near(result.lumo.unwrap() - result.homo.unwrap(), result.gap.unwrap(), 1e-6);
        near(result.charges.iter().sum(), f64::from(charge), 1e-5);
        assert!(result.cycles.unwrap() > 1);
        assert!(result.energy < single.energy);
    }
}

#[test]
fn properties_of_a_small_complex() {
    let Some(xtb) = xtb() else { return };
    let result =
        xtb.run(&Job::new(transdiamminedichloropalladium(), 0, 0).with_task(Task::Gradient)).unwrap();
    near(result.polarizability.unwrap(), 91.0623, 1e-3);
    near(result.dipole_norm().unwrap(), 0.0624, 1e-3);
    let bond = |i, j| result.bond_orders.iter().find(|b| (b.0, b.1) == (i, j)).map(|b| b.2).unwrap();
    near(bond(0, 1), 0.847, 1e-3);
    near(bond(0, 3), 0.612, 1e-3);
    // The gradient is the derivative of the energy.
    let gradient = result.gradient.unwrap();
    let at = |shift: f64| {
        let mut molecule = transdiamminedichloropalladium();
        molecule.positions[1][0] += shift;
        let job = Job { accuracy: Some(0.01), ..Job::new(molecule, 0, 0) };
        xtb.run(&job).unwrap().energy
    };
    near((at(0.01) - at(-0.01)) / 0.02, gradient[1][0], 2e-3);
    assert_eq!(gradient.len(), 11);
}

#[test]
fn the_dipole_of_an_ion_does_not_depend_on_where_it_is() {
    let Some(xtb) = xtb() else { return };
    let mut moved = hexaaquairon();
    for position in &mut moved.positions {
        position[0] += 5.0;
    }
    let job = Job::new(moved, 2, 4);
    near(xtb.run(&job).unwrap().dipole_norm().unwrap(), 0.0, 1e-3);
}

#[test]
fn methods_have_their_own_energies() {
    let Some(xtb) = xtb() else { return };
    let job = Job::new(transdiamminedichloropalladium(), 0, 0).with_task(Task::Optimise(Level::Crude));
    let gfn1 = xtb.run(&job.clone().with_method(Method::Gfn1)).unwrap();
    near(gfn1.energy / HARTREE, -22.730_291, 1e-5);
    assert_eq!(gfn1.polarizability, None);
    let force_field = xtb.run(&job.clone().with_method(Method::GfnFf)).unwrap();
    near(force_field.energy / HARTREE, -1.331_798, 1e-5);
    assert!(force_field.charges.is_empty() && force_field.gap.is_none());
    assert_ne!(force_field.molecule, job.molecule);
    let water = Job { solvent: Some("water".into()), ..Job::new(transdiamminedichloropalladium(), 0, 0) };
    near(xtb.run(&water).unwrap().energy / HARTREE, -22.668_592, 1e-5);
    let blood = Job { solvent: Some("blood".into()), ..water };
    let failure = xtb.run(&blood).unwrap_err().to_string();
    assert!(failure.starts_with("aborted: exit code 1, ") && failure.contains("'blood'"), "{failure}");
}

#[test]
fn what_xtb_calls_success_is_looked_through() {
    let Some(xtb) = xtb() else { return };
    let job = Job::new(transdiamminedichloropalladium(), 0, 0);
    let short = Job { cycles: Some(2), ..job.clone() }.with_task(Task::Optimise(Level::Tight));
    assert_eq!(xtb.run(&short).unwrap_err(), Failure::NotConverged { cycles: "2".into() });
    let scc = xtb.run(&Job { iterations: Some(3), ..job }).unwrap_err();
    assert!(matches!(&scc, Failure::Scc(text) if text.contains("did not converge")), "{scc}");
}

#[test]
fn the_same_job_gives_the_same_bits() {
    let Some(xtb) = xtb() else { return };
    let run = || XtbResult { seconds: 0.0, ..optimised(&xtb, hexaaquairon(), 2, 4) };
    let first = run();
    for _ in 0..3 {
        assert_eq!(run(), first);
    }
}

#[test]
fn the_second_rung_gives_the_energy_of_the_first() {
    let Some(xtb) = xtb() else { return };
    let job = Job::new(hexacarbonylchromium(), 0, 0);
    let attempt = xtb.run_with_retries(&job, false).unwrap();
    assert_eq!(attempt.rung, Rung::AsAsked);
    let warm = Job { electronic_temperature: Some(1000.0), ..job.clone() };
    let (_, folder) = xtb.run_from(&warm, None).unwrap();
    let (again, _) = xtb.run_from(&job, Some(&folder)).unwrap();
    near(again.energy, attempt.result.energy, 1e-5);
}

#[test]
fn static_correlation_marks_the_textbook_cases() {
    let Some(xtb) = xtb() else { return };
    let fod =
        |molecule: &Molecule, charge, unpaired| xtb.static_correlation(molecule, charge, unpaired).unwrap();
    let palladium = fod(&transdiamminedichloropalladium(), 0, 0);
    near(palladium.n_fod, 0.4545, 1e-3);
    assert_eq!(palladium.electrons, 40);
    assert!(!palladium.is_strong());
    assert!(!fod(&hexacyanoferrate(), -4, 0).is_strong());
    // The quintuple bond, and twisted bonds gone radical.
    let chromium = molecule(&[("Cr", [0.0; 3]), ("Cr", [1.68, 0.0, 0.0])]);
    assert!(fod(&chromium, 0, 0).per_electron() > 0.3);
    let stretched = molecule(&[("H", [0.0; 3]), ("H", [3.0, 0.0, 0.0])]);
    assert!(fod(&stretched, 0, 0).is_strong());
    assert!(!fod(&hydrogen(), 0, 0).is_strong());
}
