use druse_representations::{Crystal, Lattice};

use super::super::tests::{crystal, crystal_from, deviations, distorted, reference};
use super::super::{Chgnet, WeightsError};
use super::*;

/// Worst deviations from the original that are allowed: eV/atom, eV/Å, GPa, µB.
const ORIGINAL: [f64; 4] = [1e-5, 1e-4, 1e-3, 1e-4];
/// The same between implementations here.
const OURS: [f64; 4] = [3e-6, 1e-5, 2e-4, 1e-5];

/// The model, or `None` with a note where its weights are not installed.
fn model(kind: ChgnetKind) -> Option<TorchChgnet> {
    match TorchChgnet::load(kind, Device::Cpu) {
        Ok(model) => Some(model),
        Err(error @ ChgnetError::Weights(WeightsError::Absent { .. })) => {
            println!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn evaluate(model: &dyn Potential, crystals: &[Crystal], want: Want) -> Vec<Prediction> {
    let crystals: Vec<&Crystal> = crystals.iter().collect();
    model.evaluate(&crystals, want).into_iter().map(|prediction| prediction.unwrap()).collect()
}

/// Largest differences of two predictions, as [`ORIGINAL`].
fn differences(a: &Prediction, b: &Prediction) -> [f64; 4] {
    let worst = |a: &[f64], b: &[f64]| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let flat = |p: &Prediction| (p.forces.as_ref().unwrap().concat(), p.stress.unwrap().concat());
    let ((fa, sa), (fb, sb)) = (flat(a), flat(b));
    let (ma, mb) = (a.magmoms.as_ref().unwrap(), b.magmoms.as_ref().unwrap());
    [(a.energy - b.energy).abs() / ma.len() as f64, worst(&fa, &fb), worst(&sa, &sb), worst(ma, mb)]
}

fn check(what: &str, found: impl Iterator<Item = [f64; 4]>, tolerances: [f64; 4]) {
    let worst = found.fold([0.0; 4], |worst, found| std::array::from_fn(|k| f64::max(worst[k], found[k])));
    let [e, f, s, m] = worst;
    println!("{what}: {e:.1e} eV/atom, {f:.1e} eV/Å, {s:.1e} GPa, {m:.1e} µB");
    assert!(worst.iter().zip(tolerances).all(|(worst, tolerance)| *worst <= tolerance), "{what}: {worst:?}");
}

/// Against the original, against the native implementation, and alone against in batches.
fn parity(kind: ChgnetKind, key: &str) {
    let (Some(model), Some(data)) = (model(kind), reference("single_point.json")) else { return };
    let structures = data["structures"].as_object().unwrap();
    let entries: Vec<_> = structures.values().filter(|entry| entry.get(key).is_some()).collect();
    let crystals: Vec<Crystal> = entries.iter().map(|entry| crystal_from(entry)).collect();
    let original = |predictions: &[Prediction]| -> Vec<[f64; 4]> {
        let each = crystals.iter().zip(predictions).zip(&entries);
        each.map(|((crystal, prediction), entry)| deviations(crystal, prediction, &entry[key])).collect()
    };
    let single: Vec<Prediction> = crystals
        .iter()
        .flat_map(|crystal| evaluate(&model, std::slice::from_ref(crystal), Want::ALL))
        .collect();
    let batch = evaluate(&model, &crystals, Want::ALL);
    let native = evaluate(&Chgnet::load(kind).unwrap(), &crystals, Want::ALL);
    check(&format!("{key}, alone, against the original"), original(&single).into_iter(), ORIGINAL);
    check(&format!("{key}, in batches, against the original"), original(&batch).into_iter(), ORIGINAL);
    let pairs = |a: &[Prediction], b: &[Prediction]| -> Vec<[f64; 4]> {
        a.iter().zip(b).map(|(a, b)| differences(a, b)).collect()
    };
    check(&format!("{key}, against native"), pairs(&batch, &native).into_iter(), OURS);
    check(&format!("{key}, alone against in batches"), pairs(&single, &batch).into_iter(), OURS);
    let few = &crystals[..12];
    assert_eq!(evaluate(&model, few, Want::ALL), evaluate(&model, few, Want::ALL), "the same call again");
}

// Reference values: chgnet 0.4.2 with torch 2.13.0, float32.
#[test]
fn equals_the_original_0_3_0() {
    parity(ChgnetKind::V030, "0.3.0");
}

#[test]
fn equals_the_original_r2scan() {
    parity(ChgnetKind::R2scan, "r2scan");
}

#[test]
fn gives_what_is_wanted() {
    let Some(model) = model(ChgnetKind::V030) else { return };
    let all = evaluate(&model, &[distorted()], Want::ALL).pop().unwrap();
    let energy = evaluate(&model, &[distorted()], Want::ENERGY).pop().unwrap();
    assert_eq!(energy, Prediction { energy: all.energy, forces: None, stress: None, magmoms: None });
    let want = Want { stress: true, ..Want::ENERGY };
    let stress = tch::no_grad(|| evaluate(&model, &[distorted()], want)).pop().unwrap();
    assert_eq!((stress.forces, stress.stress), (None, all.stress));
    assert_eq!(model.evaluate(&[], Want::ALL), []);
}

#[test]
fn a_failure_stays_alone() {
    let Some(model) = model(ChgnetKind::V030) else { return };
    let argon = crystal(Lattice::cubic(5.0), &[("Ar", [0.0; 3])]); // no angle
    let lone = crystal(Lattice::cubic(9.0), &[("Ar", [0.0; 3])]);
    let curium = crystal(Lattice::cubic(3.0), &[("Cm", [0.0; 3])]);
    let empty = crystal(Lattice::cubic(3.0), &[]);
    let good = evaluate(&model, &[argon.clone(), distorted()], Want::ALL);
    let mixed = model.evaluate(&[&lone, &argon, &curium, &distorted(), &empty], Want::ALL);
    assert_eq!(mixed[0], Err(PotentialError::LoneAtom { site: 0, cutoff: 6.0 }));
    assert!(matches!(mixed[2], Err(PotentialError::UnknownElement { site: 0, element: "Cm", .. })));
    assert_eq!(mixed[4], Err(PotentialError::Empty));
    assert_eq!([&mixed[1], &mixed[3]], [&Ok(good[0].clone()), &Ok(good[1].clone())]);
    let alone = evaluate(&model, &[argon], Want::ALL);
    check("argon alone and with angles", std::iter::once(differences(&alone[0], &good[0])), OURS);
    assert_eq!(model.evaluate(&[&lone], Want::ALL), [mixed[0].clone()]);
}

#[test]
fn threads_share_a_model_and_change_nothing() {
    let Some(model) = model(ChgnetKind::V030) else { return };
    let crystals = [distorted()];
    let expected = evaluate(&model, &crystals, Want::ALL);
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| evaluate(&model, &crystals, Want::ALL))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

#[test]
fn damaged_weights_are_refused() {
    assert!(matches!(Weights::new(b"no model", Device::Cpu), Err(ChgnetError::Damaged(_))));
}

#[test]
fn long_lists_are_cut() {
    assert_eq!(runs(&[3, 4, 2, 20, 1, 9], 10), [0..3, 3..4, 4..6]);
    assert_eq!(runs(&[], 10), []);
}

#[test]
fn devices_by_name() {
    assert_eq!(device("cpu"), Ok(Device::Cpu));
    for name in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "cuda:+1", "cuda:99999999999999999999"] {
        assert_eq!(device(name), Err(DeviceError::Unknown(name.into())));
    }
    let found = usize::try_from(tch::Cuda::device_count()).unwrap();
    let wanted = format!("cuda:{found}");
    assert_eq!(device(&wanted), Err(DeviceError::Absent { wanted, found }));
    if found == 0 {
        assert!(device("cuda").unwrap_err().to_string().contains("libtorch sees 0 CUDA devices"));
    }
    assert_eq!(device_name(Device::Cuda(2)), "cuda:2");
    assert_eq!(device_name(Device::Cpu), "cpu");
}
