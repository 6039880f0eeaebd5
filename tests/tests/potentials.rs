//! Campaigns with a potential of the user's, weights or a TorchScript module: relaxed by it, placed on a hull of its own energies,
//! continued with this very file only, and passed on with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use druse_tests::{druse, run, succeed};
use serde_json::Value;

/// A potential, another one under the same name, elements, and crystals for the hull.
struct Case {
    file: &'static str,
    contents: [Vec<u8>; 2],
    elements: &'static str,
    phases: &'static str,
}

const SALT: &str = r#"{"id": "na", "cell": [3.66, 3.66, 3.66, 109.4712206, 109.4712206, 109.4712206], "species": ["Na"], "frac": [[0, 0, 0]]}
{"id": "cl", "cell": [6.0, 6.0, 6.0, 90, 90, 90], "species": ["Cl", "Cl"], "frac": [[0, 0, 0], [0.333, 0, 0]]}
{"id": "halite", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
"#;

/// Runs the case through; the campaign takes a few seconds.
fn works(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (model, table) = (path(case.file), path("table.csv.gz"));
    fs::write(&model, &case.contents[0]).unwrap();
    fs::write(path("phases.jsonl"), case.phases).unwrap();
    let with_model = |command: &str| {
        let mut command_line = druse();
        command_line.args(command.split(' ')).arg(path("phases.jsonl")).arg("--model").arg(&model);
        command_line
    };
    succeed(with_model("data reference").arg("--to").arg(&table));
    let hull = succeed(with_model("hull").arg("--reference").arg(&table).args(["--json", "-"]));
    let hull: Value = serde_json::from_str(&hull).unwrap();
    for phase in hull.as_array().unwrap() {
        assert!(phase["energy_above_hull"].as_f64().unwrap().abs() < 1e-5, "{phase}");
    }
    let shipped = run(&mut with_model("hull"));
    let told = String::from_utf8_lossy(&shipped.stderr).into_owned();
    let name = model.file_stem().unwrap().to_string_lossy();
    assert_eq!(shipped.status.code(), Some(2));
    assert!(
        told.contains(&format!("no reference energies of {name} come with druse: make a table")),
        "{told}"
    );

    let text = |hull: &str| {
        format!(
            "campaign = {{ name = \"own\", budget = 12, population = 6, seed = 2 }}\n\
             space = {{ elements = {}, atoms = [1, 4], charge_neutral = false }}\n\
             generator = [{{ kind = \"random\" }}]\n\
             relax = {{ model = \"{}\", steps = 30 }}\n{hull}\
             objective = [{{ name = \"energy_above_hull\" }}, {{ name = \"density\" }}]\n",
            case.elements, case.file
        )
    };
    let start = |hull: &str, out: &Path| {
        fs::write(path("campaign.toml"), text(hull)).unwrap();
        run(druse().arg("run").arg(path("campaign.toml")).arg("--out").arg(out))
    };
    let without = start("", &path("without"));
    assert_eq!(without.status.code(), Some(2));
    let told = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(told.contains("hull.reference = TABLE by `druse data reference` with this model"), "{told}");

    let out = path("out");
    let done = start("hull.reference = \"table.csv.gz\"\n", &out);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let summary: Value =
        serde_json::from_str(&succeed(druse().arg("show").arg(&out).args(["--json", "-"]))).unwrap();
    assert!(!summary["front"].as_array().unwrap().is_empty(), "{summary}");

    // The campaign goes on with this file only.
    let resume = || -> Output { run(druse().arg("resume").arg(&out)) };
    fs::write(&model, &case.contents[1]).unwrap();
    let refused = resume();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_ne!(refused.status.code(), Some(0), "another potential is another campaign");
    // Its energies are not those of the table either, which is found out first.
    assert!(told.contains("unlike models cannot be compared"), "{told}");
    fs::write(&model, &case.contents[0]).unwrap();
    assert!(resume().status.success());

    // A bundle holds it.
    let bundle = path("bundle.zip");
    succeed(druse().arg("bundle").arg(&out).arg("--to").arg(&bundle));
    fs::remove_file(&model).unwrap();
    fs::remove_file(&table).unwrap();
    let again = run(druse().arg("reproduce").arg(&bundle).arg("--out").arg(path("again")));
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(said.starts_with("the same: all "), "{said}{}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn weights_of_nequix() {
    let shared = std::env::var_os("DRUSE_SHARED_DATA").map(PathBuf::from);
    let folder = shared.unwrap_or_else(|| druse_tests::workspace().join("../shared/data")).join("nequix");
    let files = ["nequix-oam-1.safetensors", "nequix-mp-1-pft.safetensors"];
    let [Ok(one), Ok(other)] = files.map(|name| fs::read(folder.join(name))) else {
        println!("skipped: no weights of Nequix in {}", folder.display());
        return;
    };
    works(&Case {
        file: "mine.safetensors",
        contents: [one, other],
        elements: r#"["Na", "Cl"]"#,
        phases: SALT,
    });
}

#[cfg(feature = "torch")]
mod torchscript {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const GASES: &str = r#"{"id": "Ar", "cell": [3.7, 3.7, 3.7, 60, 60, 60], "species": ["Ar"], "frac": [[0, 0, 0]]}
{"id": "Kr", "cell": [3.7, 3.7, 3.7, 60, 60, 60], "species": ["Kr"], "frac": [[0, 0, 0]]}
"#;

    /// Lennard-Jones atoms of this depth (eV, times 2) and the size of argon, in the archive that `torch.jit.save` writes.
    fn lennard_jones(depth: &str) -> Vec<u8> {
        let code = format!(
            "class Module(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(self: __torch__.Module, numbers: Tensor, positions: Tensor, cell: Tensor, edges: Tensor, shifts: Tensor) -> Tensor:
    first = torch.index_select(positions, 0, torch.select(edges, 0, 0))
    second = torch.index_select(positions, 0, torch.select(edges, 0, 1))
    vectors = torch.add(torch.sub(second, first), torch.matmul(shifts, cell))
    x = torch.pow(torch.mul(torch.reciprocal(torch.sum(torch.mul(vectors, vectors), [1])), 11.56), 3)
    return torch.mul(torch.sum(torch.sub(torch.mul(x, x), x)), {depth})
"
        );
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in [
            ("extra/druse.json", &br#"{"cutoff": 8.5, "elements": ["Ar", "Kr"]}"#[..]),
            ("data.pkl", b"\x80\x02c__torch__\nModule\nq\x00)\x81}X\x08\x00\x00\x00trainingq\x01\x88sb."),
            ("code/__torch__.py", code.as_bytes()),
            ("constants.pkl", b"\x80\x02)."),
            ("version", b"3\n"),
        ] {
            zip.start_file(format!("module/{name}"), SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn modules() {
        works(&Case {
            file: "noble.pt",
            contents: [lennard_jones("0.0208"), lennard_jones("0.03")],
            elements: r#"["Ar", "Kr"]"#,
            phases: GASES,
        });
    }
}
