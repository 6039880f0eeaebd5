//! Ligands from a trained model.

use std::path::Path;

use crate::fitness::chgnet::torch::device;
use crate::generators::LigandSpace;
use crate::generators::learned::complex_diffusion::ComplexDiffusion;
use crate::generators::learned::house::{Learner, ModelFile};
use crate::generators::learned::latent::LatentSampler;
use crate::generators::learned::ligand_vae::{LigandRequest, LigandSample, LigandVae};
use serde_json::{Value, json};

use super::cost::Cost;
use super::draw::{Source, draw};
use super::space::System;
use super::{Arguments, Baseline, Origin, ligand_reconstruction};
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::output::write_file;
use crate::cli::weights;

/// The model, where it is one of ligands or of their positions.
pub fn model(arguments: &Arguments) -> Result<Option<ModelFile>, Failure> {
    let name = arguments.model.as_str();
    if Baseline::named(name).is_some() && !Path::new(name).exists() {
        return Ok(None);
    }
    let file = weights::open(name)?;
    let kinds = [LigandVae::KIND, ComplexDiffusion::KIND];
    Ok(kinds.contains(&file.card.kind.as_str()).then_some(file))
}

/// Format of the file to write.
enum Format {
    /// A table of SMILES that druse reads as a source of ligands.
    Csv,
    /// As `druse ligands --json` writes them.
    Json,
}

impl Format {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            _ => Err(Failure::input(format!(
                "found the file name '{}', expected one that ends in .csv or .json, for ligands",
                path.display()
            ))),
        }
    }
}

pub fn run(arguments: &Arguments, file: ModelFile, global: &Global) -> Result<(), Failure> {
    let format = Format::of(&arguments.to)?;
    if let Some(flag) = of_crystals(arguments).or(arguments.placing.given()) {
        return Err(Failure::input(format!("{flag}: found a model of ligands, expected one of crystals")));
    }
    let device = device(&arguments.device).map_err(|error| Failure::input(format!("--device: {error}")))?;
    let sampler = LatentSampler::<LigandVae>::new(file.weights(device)?);
    if let Some(known) = &arguments.known.reconstruct {
        return ligand_reconstruction::run(known, &sampler, arguments, global);
    }
    let request = request(arguments);
    sampler.check_ligands(&request)?;

    let seed = global.seed.unwrap_or(0);
    let mut cost = Cost::start();
    let source = Source {
        what: "ligands",
        batch: sampler.ligands_in_batch(),
        sample: &|numbers| sampler.sample_ligands(&request, seed, numbers),
        violation: &|LigandSample { ligand, .. }| {
            let valid = || ligand.check_valence().map_err(|error| error.to_string());
            request.space.check_ligand(ligand).and_then(|()| valid()).err()
        },
        composition_key: &|sample: &LigandSample| sample.ligand.to_smiles(),
        seen: arguments.seen(&file.seen)?,
    };
    let drawn = draw(&source, arguments.n as usize, global)?;
    cost.stop();
    let name = arguments.model_name();
    let bytes = match format {
        Format::Csv => table(&drawn.samples, &name),
        Format::Json => {
            let all: Value =
                drawn.samples.iter().map(|(number, sample)| told(*number, sample, &name)).collect();
            format!("{all:#}\n")
        }
    };
    write_file(&arguments.to, bytes.as_bytes())?;

    let found = drawn.samples.len();
    global.note(&format!("{found} ligands in {}: {}", arguments.to.display(), cost.words(found)));
    global.note(&drawn.words());
    if found < arguments.n as usize {
        let missing = arguments.n as usize - found;
        global.note(&format!("{missing} ligands are missing: too many attempts came to nothing"));
    }
    let told = json!({
        "file": arguments.to,
        "count": found,
        "attempts": drawn.attempts,
        "nothing": drawn.nothing,
        "seen": arguments.unseen.then_some(drawn.seen),
        "repeated": arguments.unseen.then_some(drawn.repeated),
        "violations": drawn.violations(),
        "violation_reasons": drawn.violations,
        "request": request,
    });
    let origin = Origin { name: &name, sha256: Some(&file.sha256), seed };
    global.write_json(&cost.and(told, found, &origin, LigandVae::KIND))
}

/// The first flag that says something of crystals only.
pub fn of_crystals(arguments: &Arguments) -> Option<&'static str> {
    let space = &arguments.space;
    let flags = [
        ("--required", !space.required.is_empty()),
        ("--system", space.system.is_some()),
        ("--element-count", space.element_count.is_some()),
        ("--space-groups", !space.space_groups.is_empty()),
        ("--formula", space.formula.is_some()),
        ("--charge-neutral", space.charge_neutral.is_some()),
        ("--exclude A-B", space.exclude.iter().any(|System(elements)| elements.len() > 1)),
        ("--fix", arguments.fix.is_some()),
        ("--best-of", arguments.best_of > 1),
        ("--rank-by", arguments.rank_by.is_some()),
        ("--formulas", arguments.known.formulas.is_some()),
        ("--interpolate", arguments.known.interpolate.is_some()),
    ];
    flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
}

/// What is asked of ligands.
pub fn ligand_space(arguments: &Arguments) -> LigandSpace {
    let space = &arguments.space;
    LigandSpace {
        elements: space.elements.clone(),
        excluded: space.exclude.iter().flat_map(|System(elements)| elements.clone()).collect(),
        atoms: space.atoms,
        ..arguments.ligands.space()
    }
}

fn request(arguments: &Arguments) -> LigandRequest {
    LigandRequest {
        space: ligand_space(arguments),
        targets: arguments.condition.clone(),
        guidance: arguments.guidance,
        temperature: arguments.temperature,
        steps: arguments.steps.map(|steps| steps as usize),
    }
}

fn sites(sample: &LigandSample) -> Vec<&'static str> {
    sample.ligand.site_elements().into_iter().map(|element| element.symbol()).collect()
}

/// A table with the columns that [`Columns`](crate::datasets::ligands::Columns) looks for.
fn table(samples: &[(u64, LigandSample)], name: &str) -> String {
    let heads: Vec<&String> =
        samples.first().map_or(Vec::new(), |(_, sample)| sample.predicted.keys().collect());
    let mut text = "id,smiles,charge,denticity,donor_elements,formula,atoms,log_likelihood".to_owned();
    heads.iter().for_each(|head| text.push_str(&format!(",predicted_{head}")));
    text.push('\n');
    for (number, sample) in samples {
        let ligand = &sample.ligand;
        text.push_str(&format!(
            "{name}-{number},{},{},{},{},{},{},{:.4}",
            ligand.to_smiles(),
            ligand.charge(),
            ligand.denticity(),
            sites(sample).join(" "),
            ligand.composition().hill_formula(),
            ligand.graph.node_count(),
            sample.log_likelihood,
        ));
        sample.predicted.values().for_each(|value| text.push_str(&format!(",{value:.5}")));
        text.push('\n');
    }
    text
}

fn told(number: u64, sample: &LigandSample, name: &str) -> Value {
    let ligand = &sample.ligand;
    json!({
        "id": format!("{name}-{number}"),
        "formula": ligand.composition().hill_formula(),
        "charge": ligand.charge(),
        "denticity": ligand.denticity(),
        "donor_elements": sites(sample),
        "atoms": ligand.graph.node_count(),
        "smiles": ligand.to_smiles(),
        "log_likelihood": sample.log_likelihood,
        "predicted": sample.predicted,
    })
}
