//! Does climbing along the property heads of a ligand autoencoder move what xTB says of the complexes?
//!
//! ```text
//! latent_steering labels COUNT LABELS.csv           # gap and polarizability of complexes with ligands of the library
//! druse train ligand-vae --from ligand-vae --data library --labels LABELS.csv --conditions …,gap,polarizability …
//! latent_steering steer MODEL.safetensors STARTS RESULTS.csv
//! ```
//!
//! The complex of a ligand is trans-PdCl2L2, or PdCl2L for a chelate: assembled, optimised crudely with GFN2-xTB (both
//! ends of every comparison alike), and checked to be the same complex afterwards. Starts are ligands that have no label.

use std::error::Error;
use std::path::Path;

use druse_datasets::ligands::{LigandLibrary, Query};
use druse_fitness::assembly::{AssemblyTier, Distances};
use druse_fitness::xtb::{Level, Xtb, XtbOptions, XtbTier};
use druse_fitness::{Properties, Tier, TierOutcome};
use druse_generators::LigandSpace;
use druse_generators::learned::house::ModelFile;
use druse_generators::learned::latent::{Ascent, LatentSampler, Objective};
use druse_generators::learned::ligand_vae::LigandVae;
use druse_representations::{Complex, Geometry, Ligand, PlacedLigand};
use rayon::prelude::*;

const PROPERTIES: [&str; 2] = ["gap", "polarizability"];
/// Most atoms of a ligand, and of what it becomes.
const ATOMS: [usize; 2] = [30, 40];

fn main() -> Result<(), Box<dyn Error>> {
    druse_fitness::chgnet::torch::single_threaded();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let library = LigandLibrary::find()?;
    let probe = Probe::new(&library)?;
    match arguments[..] {
        ["labels", count, to] => labels(&library, &probe, count.parse()?, Path::new(to)),
        ["steer", model, starts, to] => steer(&library, &probe, model, starts.parse()?, Path::new(to)),
        _ => Err("expected labels COUNT FILE or steer MODEL STARTS FILE".into()),
    }
}

/// Ligands for both stages, in an order that has nothing to do with what they are.
fn candidates(library: &LigandLibrary) -> Vec<usize> {
    let query = Query {
        denticities: [1, 2].into(),
        charges: [0, -1].into(),
        max_atoms: Some(ATOMS[0]),
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
    let chosen: Vec<Ligand> =
        candidates(library).into_iter().take(count).filter_map(|index| library.ligand(index).ok()).collect();
    let found: Vec<Result<[f64; 2], String>> =
        chosen.par_iter().map(|ligand| probe.measure(ligand)).collect();
    let mut text = "id,gap,polarizability\n".to_owned();
    for (ligand, found) in chosen.iter().zip(&found) {
        match found {
            Ok([gap, polarizability]) => {
                text.push_str(&format!("{},{gap:.4},{polarizability:.3}\n", ligand.name));
            }
            Err(reason) => eprintln!("{}: {reason}", ligand.name),
        }
    }
    std::fs::write(to, text)?;
    println!("{} of {} ligands have labels", found.iter().filter(|one| one.is_ok()).count(), found.len());
    Ok(())
}

fn steer(
    library: &LigandLibrary,
    probe: &Probe,
    model: &str,
    starts: usize,
    to: &Path,
) -> Result<(), Box<dyn Error>> {
    let file = ModelFile::read(Path::new(model))?;
    let model = LatentSampler::<LigandVae>::new(file.weights::<LigandVae>(tch::Device::Cpu)?);
    // From the end of the order, labels from its beginning.
    let order = candidates(library).into_iter().rev();
    let chosen: Vec<Ligand> = order.filter_map(|index| library.ligand(index).ok()).take(starts).collect();
    let codes = model.encode_ligands(&chosen);
    let before: Vec<Result<[f64; 2], String>> =
        chosen.par_iter().map(|ligand| probe.measure(ligand)).collect();
    let mut text = "property,direction,start,climbed,before,after\n".to_owned();
    for (k, property) in PROPERTIES.iter().enumerate() {
        for (direction, weight) in [("up", 1.0), ("down", -1.0)] {
            let objective = Objective { property: (*property).to_owned(), weight, target: None };
            let climbed: Vec<Option<Ligand>> = chosen
                .iter()
                .zip(&codes)
                .map(|(ligand, code)| {
                    let start = code.as_ref().ok()?.mean.clone();
                    let end = model.climb(&[start], std::slice::from_ref(&objective), &Ascent::default());
                    let space = LigandSpace {
                        denticity: Some([ligand.denticity(); 2]),
                        charges: vec![ligand.charge()],
                        atoms: Some([1, ATOMS[1]]),
                        haptic: Some(false),
                        ..LigandSpace::default()
                    };
                    let found = model.decode_ligands(&[end.ok()?.pop()?.latent], &space).pop()??;
                    Some(found.ligand)
                })
                .collect();
            let after: Vec<Option<[f64; 2]>> =
                climbed.par_iter().map(|ligand| probe.measure(ligand.as_ref()?).ok()).collect();
            let (mut moved, mut changes, mut same) = (0, Vec::new(), 0);
            for (((ligand, climbed), before), after) in chosen.iter().zip(&climbed).zip(&before).zip(&after) {
                let (Some(climbed), Ok(before), Some(after)) = (climbed, before, after) else { continue };
                same += usize::from(climbed.canonical().key == ligand.canonical().key);
                let change = after[k] - before[k];
                moved += usize::from(change * weight > 0.0);
                changes.push(change);
                let (start, end) = (ligand.to_smiles(), climbed.to_smiles());
                text.push_str(&format!("{property},{direction},{start},{end},{},{}\n", before[k], after[k]));
            }
            changes.sort_by(f64::total_cmp);
            let median = changes.get(changes.len() / 2).copied().unwrap_or(f64::NAN);
            println!(
                "{property} {direction}: {moved} of {} moved that way ({:.0} %), median change {median:+.3}; \
                 {same} came back as they were; {} starts, {} decoded",
                changes.len(),
                100.0 * moved as f64 / changes.len().max(1) as f64,
                chosen.len(),
                climbed.iter().flatten().count(),
            );
        }
    }
    std::fs::write(to, text)?;
    Ok(())
}
