//! Does climbing along the property heads of a ligand autoencoder move what xTB says of the complexes?
//!
//! ```text
//! latent_steering labels COUNT LABELS.csv           # gap and polarizability of complexes with ligands of the library
//! druse train ligand-vae --from ligand-vae --data library --labels LABELS.csv --conditions …,gap,polarizability …
//! latent_steering steer MODEL.safetensors STARTS RESULTS.csv [gap+ gap- polarizability+ polarizability-]
//! ```
//!
//! Each ligand is improved ([`LatentSampler::improve_ligands`]): what comes back as it was, or no better by the heads, is no
//! result and counted apart. The complex of a ligand is trans-PdCl2L2, or PdCl2L for a chelate: assembled, optimised crudely with GFN2-xTB (both
//! ends of every comparison alike), and checked to be the same complex afterwards. Starts are ligands that have no label. What was
//! measured is written beside the results (`RESULTS.measured`) as it comes, and not measured again.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use druse_datasets::ligands::{LigandLibrary, Query};
use druse_fitness::assembly::{AssemblyTier, Distances};
use druse_fitness::xtb::{Level, Xtb, XtbOptions, XtbTier};
use druse_fitness::{Properties, Tier, TierOutcome};
use druse_generators::LigandSpace;
use druse_generators::learned::house::ModelFile;
use druse_generators::learned::latent::{LatentSampler, Objective};
use druse_generators::learned::ligand_vae::{Improvement, LigandVae};
use druse_representations::{Complex, Geometry, Ligand, PlacedLigand};
use rayon::prelude::*;

const PROPERTIES: [&str; 2] = ["gap", "polarizability"];
/// Most atoms of a ligand with labels.
const LABELLED: usize = 30;
/// Most atoms of a ligand to start from, and of what it becomes.
const ATOMS: [usize; 2] = [24, 30];

fn main() -> Result<(), Box<dyn Error>> {
    druse_fitness::chgnet::torch::single_threaded();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let library = LigandLibrary::find()?;
    let probe = Probe::new(&library)?;
    match arguments[..] {
        ["labels", count, to] => labels(&library, &probe, count.parse()?, Path::new(to)),
        ["steer", model, starts, to, ref goals @ ..] => {
            steer(&library, &probe, model, starts.parse()?, Path::new(to), goals)
        }
        _ => Err("expected labels COUNT FILE or steer MODEL STARTS FILE [GOAL ...]".into()),
    }
}

/// Ligands for both stages, in an order that has nothing to do with what they are.
fn candidates(library: &LigandLibrary, most: usize) -> Vec<usize> {
    let query = Query {
        denticities: [1, 2].into(),
        charges: [0, -1].into(),
        max_atoms: Some(most),
        haptic: Some(false),
        orders_known: Some(true),
        ..Query::default()
    };
    let mut found = library.search(&query);
    // A fixed shuffle: multiplication by an odd number permutes the low bits.
    found.sort_by_key(|&index| (index as u32).wrapping_mul(2_654_435_761));
    found
}

struct Probe {
    assembly: AssemblyTier,
    xtb: XtbTier,
}

impl Probe {
    fn new(library: &LigandLibrary) -> Result<Self, Box<dyn Error>> {
        let distances = Distances::from_statistics(library.distances().clone());
        let options = XtbOptions { level: Level::Crude, ..XtbOptions::default() };
        Ok(Self {
            assembly: AssemblyTier::new(distances, Default::default()),
            xtb: XtbTier::new(Xtb::find()?, options),
        })
    }

    /// Gap (eV) and polarizability (a.u.) of the complex, or why there are none.
    fn measure(&self, ligand: &Ligand) -> Result<[f64; 2], String> {
        let complex = complex(ligand)?;
        let (complex, _) = passed(&self.assembly, &complex)?;
        let (_, found) = passed(&self.xtb, &complex)?;
        let value = |name: &str| found.get(name).copied().ok_or_else(|| format!("no {name}"));
        Ok([value(PROPERTIES[0])?, value(PROPERTIES[1])?])
    }
}

/// What was measured before, by the drawing of the ligand, in a file of lines `SMILES gap polarizability` or `SMILES reason`.
struct Measured<'a> {
    probe: &'a Probe,
    known: BTreeMap<String, Result<[f64; 2], String>>,
    file: Mutex<File>,
}

impl<'a> Measured<'a> {
    fn open(probe: &'a Probe, path: &Path) -> Result<Self, Box<dyn Error>> {
        let file = File::options().create(true).append(true).open(path)?;
        let read = |line: &str| {
            let (smiles, rest) = line.split_once(' ')?;
            let numbers: Result<Vec<f64>, _> = rest.split(' ').map(str::parse).collect();
            let value = match numbers.as_deref() {
                Ok(&[gap, polarizability]) => Ok([gap, polarizability]),
                _ => Err(rest.to_owned()),
            };
            Some((smiles.to_owned(), value))
        };
        let known = std::fs::read_to_string(path)?.lines().filter_map(read).collect();
        Ok(Self { probe, known, file: Mutex::new(file) })
    }

    fn of(&self, ligand: &Ligand) -> Result<[f64; 2], String> {
        let smiles = ligand.to_smiles();
        if let Some(known) = self.known.get(&smiles) {
            return known.clone();
        }
        let found = self.probe.measure(ligand);
        let line = match &found {
            Ok([gap, polarizability]) => format!("{smiles} {gap} {polarizability}\n"),
            Err(reason) => format!("{smiles} {}\n", reason.replace('\n', " ")),
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            eprintln!("not kept: {error}");
        }
        found
    }
}

fn passed(tier: &dyn Tier<Complex>, complex: &Complex) -> Result<(Complex, Properties), String> {
    match tier.run(&[(complex, &Properties::new())]).pop() {
        Some(TierOutcome::Passed { design, properties }) => Ok((design, properties)),
        Some(TierOutcome::Rejected { reason } | TierOutcome::Failed { reason }) => Err(reason),
        None => Err("no outcome".to_owned()),
    }
}

fn complex(ligand: &Ligand) -> Result<Complex, String> {
    let chloride = Ligand::from_smiles("[Cl-:1]").map_err(|error| error.to_string())?;
    let place =
        |ligand: &Ligand, sites: &[usize]| PlacedLigand { ligand: ligand.clone(), sites: sites.to_vec() };
    let ligands = match ligand.denticity() {
        1 => vec![place(ligand, &[0]), place(&chloride, &[1]), place(ligand, &[2]), place(&chloride, &[3])],
        _ => vec![place(ligand, &[0, 1]), place(&chloride, &[2]), place(&chloride, &[3])],
    };
    let metal = "Pd".parse().map_err(|_| "Pd is no element".to_owned())?;
    Complex::new(metal, 2, 1, Geometry::SquarePlanar, ligands).map_err(|error| error.to_string())
}

fn labels(library: &LigandLibrary, probe: &Probe, count: usize, to: &Path) -> Result<(), Box<dyn Error>> {
    let chosen: Vec<Ligand> = candidates(library, LABELLED)
        .into_iter()
        .take(count)
        .filter_map(|index| library.ligand(index).ok())
        .collect();
    let mut text = "id,gap,polarizability\n".to_owned();
    let mut labelled = 0;
    // Written as it grows: hours of work are not lost with the last of it.
    for some in chosen.chunks(64) {
        let found: Vec<Result<[f64; 2], String>> =
            some.par_iter().map(|ligand| probe.measure(ligand)).collect();
        for (ligand, found) in some.iter().zip(&found) {
            match found {
                Ok([gap, polarizability]) => {
                    labelled += 1;
                    text.push_str(&format!("{},{gap:.4},{polarizability:.3}\n", ligand.name));
                }
                Err(reason) => eprintln!("{}: {reason}", ligand.name),
            }
        }
        std::fs::write(to, &text)?;
    }
    println!("{labelled} of {} ligands have labels", chosen.len());
    Ok(())
}

fn steer(
    library: &LigandLibrary,
    probe: &Probe,
    model: &str,
    starts: usize,
    to: &Path,
    goals: &[&str],
) -> Result<(), Box<dyn Error>> {
    let file = ModelFile::read(Path::new(model))?;
    let model = LatentSampler::<LigandVae>::new(file.weights::<LigandVae>(tch::Device::Cpu)?);
    // From the end of the order, labels from its beginning.
    let order = candidates(library, ATOMS[0]).into_iter().rev();
    let chosen: Vec<Ligand> = order.filter_map(|index| library.ligand(index).ok()).take(starts).collect();
    let measured = Measured::open(probe, &to.with_extension("measured"))?;
    let before: Vec<Result<[f64; 2], String>> = chosen.par_iter().map(|ligand| measured.of(ligand)).collect();
    heads(&model, &chosen, &before);
    let space = LigandSpace { atoms: Some([1, ATOMS[1]]), ..LigandSpace::default() };
    let mut text = "property,direction,start,end,gain,before,after\n".to_owned();
    for (k, property) in PROPERTIES.iter().enumerate() {
        for (direction, sign, weight) in [("up", '+', 1.0), ("down", '-', -1.0)] {
            if !goals.is_empty() && !goals.contains(&format!("{property}{sign}").as_str()) {
                continue;
            }
            let objective = Objective { property: (*property).to_owned(), weight, target: None };
            let improved =
                model.improve_ligands(&chosen, &[objective], &space, &Improvement::default(), 1)?;
            let after: Vec<Option<[f64; 2]>> =
                improved.par_iter().map(|improved| measured.of(&improved.as_ref()?.ligand).ok()).collect();
            let mut changes = Vec::new();
            for (((ligand, improved), before), after) in chosen.iter().zip(&improved).zip(&before).zip(&after)
            {
                let (Some(improved), Ok(before), Some(after)) = (improved, before, after) else { continue };
                changes.push(after[k] - before[k]);
                let (start, end) = (ligand.to_smiles(), improved.ligand.to_smiles());
                let row = format!("{start},{end},{:.3},{},{}", improved.gain, before[k], after[k]);
                text.push_str(&format!("{property},{direction},{row}\n"));
            }
            changes.sort_by(f64::total_cmp);
            let moved = changes.iter().filter(|&change| change * weight > 0.0).count();
            let median = changes.get(changes.len() / 2).copied().unwrap_or(f64::NAN);
            println!(
                "{property} {direction}: {moved} of {} moved that way ({:.0} %), median change {median:+.3}; \
                 {} of {} starts came to another ligand that the model takes to be better",
                changes.len(),
                100.0 * moved as f64 / changes.len().max(1) as f64,
                improved.iter().flatten().count(),
                chosen.len(),
            );
        }
    }
    std::fs::write(to, text)?;
    Ok(())
}

/// Tells how well the heads know what the starts were measured to be.
fn heads(model: &LatentSampler<LigandVae>, ligands: &[Ligand], measured: &[Result<[f64; 2], String>]) {
    let (mut latents, mut values) = (Vec::new(), Vec::new());
    for (code, measured) in model.encode_ligands(ligands).into_iter().zip(measured) {
        if let (Ok(code), Ok(measured)) = (code, measured) {
            latents.push(code.mean);
            values.push(*measured);
        }
    }
    let predicted = model.predict(&latents);
    for (k, property) in PROPERTIES.iter().enumerate() {
        let pairs: Vec<[f64; 2]> =
            predicted.iter().zip(&values).filter_map(|(p, v)| Some([*p.get(*property)?, v[k]])).collect();
        let count = pairs.len() as f64;
        let mean = [0, 1].map(|i| pairs.iter().map(|pair| pair[i]).sum::<f64>() / count);
        let moment =
            |i: usize, j: usize| pairs.iter().map(|p| (p[i] - mean[i]) * (p[j] - mean[j])).sum::<f64>();
        let correlation = moment(0, 1) / (moment(0, 0) * moment(1, 1)).sqrt();
        let error = pairs.iter().map(|[p, v]| (p - v).abs()).sum::<f64>() / count;
        println!(
            "{property} of {} starts by the heads: correlation {correlation:.2}, mean error {error:.3}, mean {:.3}",
            pairs.len(),
            mean[1],
        );
    }
}
