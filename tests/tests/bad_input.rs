//! Whatever is wrong, one clear message, an exit code, and nothing half-written.

use std::path::Path;
use std::process::Command;

use druse_tests::{contents, druse, run, workspace};

/// Exit code and standard error of a command that has to fail.
fn refusal(command: &mut Command) -> (i32, String) {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{command:?} succeeded");
    assert!(!text.contains("panicked"), "{text}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let errors = text.lines().filter(|line| line.starts_with("error:")).count();
    assert_eq!(errors, 1, "{text}");
    (output.status.code().unwrap(), text)
}

fn write(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

const CIF: &str = "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n_cell_angle_alpha 90\n\
    _cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_fract_x\n\
    _atom_site_fract_y\n_atom_site_fract_z\n";

#[test]
fn structures_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("broken.cif", CIF.replace("fract_z", "fract_q") + "Na 0 0 0\n", "broken.cif"),
        ("unknown.cif", CIF.to_owned() + "Xx1 0 0 0\n", "Xx"),
        ("overlap.cif", CIF.to_owned() + "Na1 0 0 0\nCl1 0.05 0 0\n", "0.200 Å"),
    ];
    for (name, text, expected) in cases {
        let path = write(folder.path(), name, &text);
        for command in ["energy", "relax", "hull"] {
            let (code, text) = refusal(druse().arg(command).arg(&path));
            assert_eq!(code, 2, "{text}");
            assert!(text.contains(expected), "{command}: {text}");
        }
    }
    let (code, text) = refusal(druse().args(["energy", "no-such-file.cif"]));
    assert!(code == 2 && text.contains("no-such-file.cif"), "{text}");
}

#[test]
fn campaigns_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let small = std::fs::read_to_string(workspace().join("runs/campaigns/small.toml")).unwrap();
    let cases = [
        ("unknown-key.toml", small.replace("budget =", "budgt ="), "campaign.budgt"),
        ("unknown-element.toml", small.replace("\"Li\"", "\"Lx\""), "Lx"),
        ("impossible.toml", small.replace("atoms = [2, 8]", "atoms = [9, 8]"), "space.atoms"),
        (
            "impossible-charge.toml",
            small.replace("charge_neutral = true", "charge_neutral = true\nmetals_alone = false")
                .replace("\"B\", \"Al\", \"C\", \"Si\", \"Sn\", \"N\", \"P\", \"Sb\", \"O\", \"S\", \"Se\", \"F\", \"Cl\",", ""),
            "found no design that satisfies the constraints",
        ),
    ];
    for (name, text, expected) in cases {
        assert_ne!(text, small, "{name}");
        let path = write(folder.path(), name, &text);
        let out = folder.path().join("out");
        let (code, text) = refusal(druse().arg("run").arg(&path).arg("--out").arg(&out));
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(expected), "{name}: {text}");
        assert!(!out.exists(), "{name} left {:?}", contents(&out).keys());
    }
}

#[test]
fn machines_that_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let small = workspace().join("runs/campaigns/small.toml");
    let start = |out: &Path| {
        let mut command = druse();
        command.arg("run").arg(&small).arg("--out").arg(out);
        command
    };
    // A folder below a file cannot be made, not even by root.
    let file = write(folder.path(), "file", "");
    let (code, text) = refusal(&mut start(&file.join("out")));
    assert!(code == 1 && text.contains("file/out"), "{text}");
    // Weights that are not there.
    let empty = folder.path().join("models");
    std::fs::create_dir(&empty).unwrap();
    let out = folder.path().join("out");
    let (code, text) = refusal(start(&out).env("DRUSE_MODELS", &empty));
    assert!(code == 1 && text.contains("make setup"), "{text}");
    assert!(!out.exists());
    // A device that is always full.
    let (code, text) = refusal(druse().args(["schema", "--json", "/dev/full"]));
    assert!(code == 1 && text.contains("/dev/full"), "{text}");
    // There is no campaign here.
    let (code, text) = refusal(druse().arg("resume").arg(&empty));
    assert!(code == 2 && text.contains("holds no campaign"), "{text}");
    assert!(contents(&empty).is_empty());
}
