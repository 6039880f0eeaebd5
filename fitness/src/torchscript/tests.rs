mod python;

use std::io::{Cursor, Write};

use druse_representations::Lattice;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::conformance::check_potential;
use crate::potential::GPA_PER_EV_PER_A3;

const EPSILON: f64 = 0.0104;
const SIGMA: f64 = 3.40;
const CUTOFF: f64 = 8.5;

/// `Module` of no state, as PyTorch pickles it: `training` is true.
const PICKLE: &[u8] = b"\x80\x02c__torch__\nModule\nq\x00)\x81}X\x08\x00\x00\x00trainingq\x01\x88sb.";

const METADATA: &str = r#"{"cutoff": 8.5, "elements": ["Ar"]}"#;

/// Code of a module whose `forward` does this and returns that. `vectors` of pairs are there.
fn code(body: &str, gives: &str) -> String {
    format!(
        "class Module(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(self: __torch__.Module, numbers: Tensor, positions: Tensor, cell: Tensor, edges: Tensor, shifts: Tensor) -> {gives}:
    first = torch.index_select(positions, 0, torch.select(edges, 0, 0))
    second = torch.index_select(positions, 0, torch.select(edges, 0, 1))
    vectors = torch.add(torch.sub(second, first), torch.matmul(shifts, cell))
    {body}
"
    )
}

/// Lennard-Jones argon, each pair in both directions, 0 at the cut-off.
fn argon() -> String {
    let body =
        "x = torch.pow(torch.mul(torch.reciprocal(torch.sum(torch.mul(vectors, vectors), [1])), 11.56), 3)
    energy = torch.mul(torch.sum(torch.add(torch.sub(torch.mul(x, x), x), 0.004079222784)), 0.0208)";
    code(&format!("{body}\n    return energy"), "Tensor")
}

/// The archive of a module, as `torch.jit.save` writes it.
fn archive(code: &str, metadata: Option<&str>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, bytes: &[u8]| {
        zip.start_file(format!("module/{name}"), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    };
    if let Some(text) = metadata {
        put("extra/druse.json", text.as_bytes());
    }
    put("data.pkl", PICKLE);
    put("code/__torch__.py", code.as_bytes());
    put("constants.pkl", b"\x80\x02).");
    put("version", b"3\n");
    zip.finish().unwrap().into_inner()
}

fn load(bytes: &[u8]) -> Result<TorchScript, TorchScriptError> {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path = folder.path().join("module.pt");
    std::fs::write(&path, bytes).unwrap();
    TorchScript::from_file(&path, "module", Device::Cpu)
}

fn module(code: &str, metadata: &str) -> TorchScript {
    load(&archive(code, Some(metadata))).unwrap()
}

/// Argon, rattled and sheared.
fn crystals() -> Vec<Crystal> {
    let ar = "Ar".parse().unwrap();
    let fcc = Lattice::from_rows([[0.0, 2.65, 2.7], [2.6, 0.1, 2.62], [2.7, 2.6, 0.0]]);
    let rattled = Lattice::from_rows([[5.3, 0.1, 0.0], [0.0, 5.2, -0.2], [0.3, 0.0, 5.4]]);
    let sites = [[0.02, 0.0, 0.0], [0.5, 0.48, 0.01], [0.49, 0.03, 0.5], [-0.01, 1.5, 0.52]];
    vec![
        Crystal::ordered(fcc, [(ar, [0.0; 3])]),
        Crystal::ordered(rattled, sites.map(|frac| (ar, frac))),
        Crystal::ordered(Lattice::cubic(3.9), [(ar, [0.1, 0.2, 0.3])]),
    ]
}

/// Energy, forces and stress of Lennard-Jones argon by formula.
fn analytic(crystal: &Crystal) -> (f64, Vec<Vector3<f64>>, Matrix3<f64>) {
    let pairs = Neighbours::within(crystal, CUTOFF).unwrap();
    let (mut energy, mut forces) = (0.0, vec![Vector3::zeros(); crystal.sites.len()]);
    let (mut virial, end) = (Matrix3::zeros(), (SIGMA / CUTOFF).powi(6));
    for (i, j, n, r) in pairs.iter() {
        let moved = crystal.sites[j].frac + Vector3::from(n.map(f64::from)) - crystal.sites[i].frac;
        let vector = crystal.lattice.to_cartesian(&moved);
        let x = (SIGMA / r).powi(6);
        energy += 2.0 * EPSILON * (x * x - x - (end * end - end));
        // dE/dr of the pair, a half for each direction.
        let slope = 2.0 * EPSILON * (6.0 * x - 12.0 * x * x) / r;
        forces[i] += 2.0 * slope / r * vector;
        virial += slope / r * vector * vector.transpose();
    }
    (energy, forces, virial * (GPA_PER_EV_PER_A3 / crystal.lattice.volume()))
}

fn worst<'a>(found: impl IntoIterator<Item = &'a f64>, expected: impl IntoIterator<Item = &'a f64>) -> f64 {
    found.into_iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn compare(potential: &TorchScript, tolerance: f64) {
    for crystal in crystals() {
        let found = potential.evaluate(&[&crystal], Want::FORCES).pop().unwrap().unwrap();
        let (energy, forces, stress) = analytic(&crystal);
        let forces: Vec<[f64; 3]> = forces.into_iter().map(Into::into).collect();
        let stress = <[[f64; 3]; 3]>::from(stress.transpose());
        assert!((found.energy - energy).abs() < tolerance, "{} for {energy}", found.energy);
        assert!(worst(found.forces.unwrap().as_flattened(), forces.as_flattened()) < tolerance);
        assert!(worst(found.stress.unwrap().as_flattened(), stress.as_flattened()) < tolerance);
        let cheap = potential.evaluate(&[&crystal], Want::ENERGY).pop().unwrap().unwrap();
        let energy = found.energy;
        assert_eq!(cheap, Prediction { energy, forces: None, stress: None, magmoms: None });
    }
}

#[test]
fn a_module_gives_what_the_formula_gives() {
    let double = module(&argon(), METADATA);
    compare(&double, 1e-12);
    assert_eq!(
        double.protocol(),
        format!("module sha256:{} f64 TorchScript libtorch cpu", &double.hash[..16])
    );
    compare(&module(&argon(), r#"{"cutoff": 8.5, "dtype": "float32"}"#), 1e-5);
    // One number in a dictionary and of another shape is as good.
    let body = argon().replace("return energy", "return {\"energy\": torch.view(energy, [1, 1])}");
    compare(&module(&body.replace("-> Tensor", "-> Dict[str, Tensor]"), METADATA), 1e-12);
}

#[test]
fn a_module_conforms() {
    let crystals = crystals();
    check_potential(&module(&argon(), METADATA), &crystals, 1e-9).unwrap();
    // A sum over atoms of something that turns with the crystal is no energy.
    let turns = code(
        "return torch.sum(torch.mul(torch.select(vectors, 1, 0), torch.select(vectors, 1, 0)))",
        "Tensor",
    );
    let broken = check_potential(&module(&turns, METADATA), &crystals, 1e-9).unwrap_err();
    assert_eq!(broken.rule, "it does not matter how a crystal is told");
}

#[test]
fn threads_share_a_module_and_change_nothing() {
    let (potential, crystals) = (module(&argon(), METADATA), crystals());
    let all: Vec<&Crystal> = crystals.iter().collect();
    let expected = potential.evaluate(&all, Want::FORCES);
    std::thread::scope(|scope| {
        let run = || (0..20).map(|_| potential.evaluate(&all, Want::FORCES)).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        for thread in threads {
            assert!(thread.join().unwrap().iter().all(|found| *found == expected));
        }
    });
}

#[test]
fn corrections_are_those_that_the_module_asks_for() {
    let oxide = Crystal::ordered(
        Lattice::cubic(4.2),
        [("Mg".parse().unwrap(), [0.0; 3]), ("O".parse().unwrap(), [0.5; 3])],
    );
    let raw = module(&argon(), r#"{"cutoff": 8.5, "corrections": "mp2020"}"#);
    assert_eq!(raw.hull_name(), "module + MP2020");
    // One oxide anion: -0.687 eV (Wang et al., Scientific Reports 11, 15496 (2021)).
    assert!((raw.hull_energy(&oxide, -1.0) + 1.687).abs() < 1e-12);
    let whole = module(&argon(), r#"{"cutoff": 8.5, "corrections": "none"}"#);
    assert_eq!((whole.hull_name(), whole.hull_energy(&oxide, -1.0)), ("module".to_owned(), -1.0));
}

#[test]
fn crystals_that_the_module_is_not_for_are_refused() {
    let potential = module(&argon(), METADATA);
    let of = |edge: f64, symbol: &str| {
        let crystal = Crystal::ordered(Lattice::cubic(edge), [(symbol.parse().unwrap(), [0.0; 3])]);
        potential.evaluate(&[&crystal], Want::ENERGY).pop().unwrap().unwrap_err()
    };
    assert_eq!(of(9.0, "Ar"), PotentialError::LoneAtom { site: 0, cutoff: CUTOFF });
    assert!(matches!(of(4.0, "Kr"), PotentialError::UnknownElement { site: 0, element: "Kr", .. }));
    let empty = Crystal::ordered(Lattice::cubic(4.0), []);
    assert_eq!(potential.evaluate(&[&empty], Want::ENERGY), [Err(PotentialError::Empty)]);
}

#[test]
fn what_a_module_does_wrong_is_told() {
    let energy = argon();
    let per_atom = energy.replace("return energy", "return torch.select(vectors, 1, 0)");
    for (what, code, expected) in [
        ("shape", per_atom, "it gives an energy of shape ["),
        ("detached", energy.replace("return energy", "return torch.detach(energy)"), "has no derivatives"),
        (
            "constant",
            energy.replace("return energy", "return torch.sum(torch.to(numbers, 7))"),
            "has no derivatives",
        ),
        (
            "whole",
            energy.replace("return energy", "return torch.sum(numbers)"),
            "of type Int64, expected a float",
        ),
        ("infinite", energy.replace("0.0208", "inf").replace("inf", "1.0e400"), "not a finite number"),
        ("number", code("return 1.0", "float"), "neither a tensor nor a dictionary"),
        ("unnamed", code("return {\"e\": torch.sum(vectors)}", "Dict[str, Tensor]"), "has no \"energy\""),
        ("text", code("return {\"energy\": \"low\"}", "Dict[str, str]"), "under \"energy\" is no tensor"),
        (
            "raises",
            code("ops.prim.RaiseException(\"no parameters\")\n    return vectors", "Tensor"),
            "no parameters",
        ),
        (
            "few",
            energy
                .replace(", edges: Tensor, shifts: Tensor", ", edges: Tensor")
                .replace("shifts", "vectors0")
                .replace("vectors = torch", "vectors0 = torch.zeros([3, 3])\n    vectors = torch"),
            "received 6 argument(s)",
        ),
    ] {
        let potential = module(&code, METADATA);
        let crystal = crystals().remove(1);
        let error = potential.evaluate(&[&crystal], Want::FORCES).pop().unwrap().unwrap_err().to_string();
        assert!(error.contains(expected) && error.lines().count() == 1, "{what}: {error}");
    }
}

#[test]
fn files_that_are_no_modules_are_told() {
    let told = |bytes: &[u8]| load(bytes).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(told(b"no module"), "the file is no TorchScript module: it is no zip archive");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("weights/data.pkl", SimpleFileOptions::default()).unwrap();
    let weights = zip.finish().unwrap().into_inner();
    assert!(told(&weights).contains("it holds no code; weights alone are no module"));
    let silent = told(&archive(&argon(), None));
    assert!(silent.starts_with("the module has no druse.json; save it by torch.jit.save("), "{silent}");
    let broken = told(&archive("class Module(Module):\n  def forward(", Some(METADATA)));
    assert!(
        broken.starts_with("the file is no TorchScript module: ") && broken.lines().count() == 1,
        "{broken}"
    );
    let unsaid = told(&archive(&argon(), Some("{}")));
    assert!(unsaid.starts_with("druse.json of the module: missing field `cutoff`"), "{unsaid}");
    let absent = TorchScript::from_file(Path::new("no/such.pt"), "such", Device::Cpu).err().unwrap();
    assert!(absent.to_string().starts_with("cannot read no/such.pt"));
}
