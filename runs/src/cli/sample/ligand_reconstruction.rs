//! Ligands that an autoencoder wrote down and read again.

use std::path::Path;

use crate::datasets::ligands::{Columns, ImportedLigands};
use crate::generators::LigandSpace;
use crate::generators::learned::latent::LatentSampler;
use crate::generators::learned::ligand_vae::LigandVae;
use crate::validation::metrics::Share;
use serde_json::json;

use super::Arguments;
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::output::write_file;

/// Reconstructs the ligands of a table and writes what came of each.
pub fn run(
    path: &Path,
    sampler: &LatentSampler<LigandVae>,
    arguments: &Arguments,
    global: &Global,
) -> Result<(), Failure> {
    let imported = ImportedLigands::read(path, &Columns::default(), "", "", "").map_err(Failure::input)?;
    let ligands = imported.ligands;
    if ligands.is_empty() {
        return Err(Failure::input(format!("{}: found no ligand, expected some", path.display())));
    }
    let codes = sampler.encode_ligands(&ligands);
    let latents: Vec<Vec<f32>> = codes.iter().flatten().map(|code| code.mean.clone()).collect();
    let mut read = sampler.decode_ligands(&latents, &LigandSpace::default()).into_iter();
    let mut text = "of,smiles,same,reason\n".to_owned();
    let (mut same, mut written) = (0, 0);
    for (ligand, code) in ligands.iter().zip(&codes) {
        let (smiles, equal, reason) = match code {
            Err(reason) => (String::new(), false, reason.as_str()),
            Ok(_) => {
                written += 1;
                let back = read.next().flatten().map(|decoded| decoded.ligand);
                let equal = back.as_ref().is_some_and(|back| back.canonical().key == ligand.canonical().key);
                (back.map_or_else(String::new, |back| back.to_smiles()), equal, "")
            }
        };
        same += usize::from(equal);
        text.push_str(&format!("{},{smiles},{equal},\"{reason}\"\n", ligand.name));
    }
    write_file(&arguments.to, text.as_bytes())?;
    let percent = |count: usize, of: usize| {
        let share = Share { count, of };
        let percent = |x: f64| format!("{:.1}", 100.0 * x);
        let interval = share.interval().map_or(String::new(), |interval| {
            format!(" ({} to {})", percent(interval.low), percent(interval.high))
        });
        format!("{} %{interval}", share.value().map_or_else(|| "-".to_owned(), percent))
    };
    global.note(&format!(
        "{same} of {} ligands came back the same: {}; of the {written} that the model can write {}",
        ligands.len(),
        percent(same, ligands.len()),
        percent(same, written),
    ));
    global.write_json(&json!({
        "file": arguments.to,
        "ligands": ligands.len(),
        "written": written,
        "same": same,
    }))
}
