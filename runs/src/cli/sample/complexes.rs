//! Complexes with one ligand replaced, from a trained model of positions.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::complexes::{distances, installed_library, named_ligand, placed_complexes, told_by_atoms, xyz};
use crate::fitness::assembly::{AssemblyError, Distances, Vacancy, validate};
use crate::fitness::chgnet::torch::device;
use crate::generators::LigandSpace;
use crate::generators::learned::RequestError;
use crate::generators::learned::complex_diffusion::{ComplexDiffusion, ComplexDiffusionSampler, Placement};
use crate::generators::learned::house::{Learner, ModelFile};
use crate::generators::learned::latent::LatentSampler;
use crate::generators::learned::ligand_vae::{LigandRequest, LigandVae};
use crate::representations::{Complex, Ligand};
use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use super::cost::Cost;
use super::draw::{Source, draw};
use super::ligands::{ligand_space, of_crystals};
use super::{Arguments, Origin};
use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::output::write_file;
use crate::cli::weights;

/// Ligands that are drawn and placed together.
const BATCH: usize = 16;

/// Which ligand gives way to what.
#[derive(Args)]
#[command(next_help_heading = "Complexes (complex-diffusion)")]
pub struct PlacingArguments {
    /// Complexes in space, as druse writes them (.xyz); one ligand of each is replaced, all other atoms stay where they are
    #[arg(long, value_name = "FILE")]
    complex: Option<PathBuf>,
    /// Number of the ligand that gives way, from 1 by its first atom; each in turn when absent
    #[arg(long, value_name = "N", requires = "complex", value_parser = clap::value_parser!(u32).range(1..))]
    replace: Option<u32>,
    /// Ligand to place: a name, or a SMILES with its donors as atom maps; new ones are drawn when absent
    #[arg(long, value_name = "LIGAND", requires = "complex")]
    ligand: Option<String>,
    /// Model that new ligands are drawn from
    #[arg(long, value_name = "MODEL", default_value = "ligand-vae")]
    ligands_from: String,
}

impl PlacingArguments {
    /// The first flag that is given.
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--complex", self.complex.is_some()),
            ("--replace", self.replace.is_some()),
            ("--ligand", self.ligand.is_some()),
        ];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}

/// Where new ligands come from.
enum Ligands {
    One(Box<Ligand>),
    Drawn(Box<LatentSampler<LigandVae>>),
}

/// A complex without one of its ligands.
struct Open<'a> {
    complex: &'a Complex,
    removed: usize,
    vacancy: Vacancy,
}

impl Open<'_> {
    /// What a ligand for it needs at least: number of donors and charge.
    fn needs(&self) -> (usize, i32) {
        (self.vacancy.sites.len(), self.complex.ligands[self.removed].ligand.charge())
    }
}

/// A complex that was made.
#[derive(Clone)]
struct Made {
    complex: Complex,
    new: usize,
}

pub fn run(arguments: &Arguments, file: ModelFile, global: &Global) -> Result<(), Failure> {
    if let Some(flag) = of_crystals(arguments) {
        return Err(Failure::input(format!("{flag}: found a model of complexes, expected one of crystals")));
    }
    let placing = &arguments.placing;
    if arguments.to.extension().is_none_or(|ending| ending != "xyz") {
        let name = arguments.to.display();
        return Err(Failure::input(format!(
            "found the file name '{name}', expected one that ends in .xyz, for complexes"
        )));
    }
    let path = placing.complex.as_ref().ok_or_else(|| {
        Failure::input("found no --complex, expected a file of complexes of which one ligand is replaced")
    })?;
    let complexes = placed_complexes(path).map_err(Failure::input)?.into_iter();
    let complexes = complexes.collect::<Result<Vec<_>, _>>().map_err(Failure::input)?;
    let open = vacancies(&complexes, placing.replace)?;
    let library = installed_library()?;
    let distances = distances(library.as_ref());
    let device = device(&arguments.device).map_err(|error| Failure::input(format!("--device: {error}")))?;
    let sampler = ComplexDiffusionSampler::new(file.weights::<ComplexDiffusion>(device)?);
    let ligands = match &placing.ligand {
        Some(text) => {
            let one = named_ligand(text, library.as_ref());
            Ligands::One(Box::new(one.map_err(|error| Failure::input(format!("--ligand: {error}")))?))
        }
        None => {
            let model = weights::open(&placing.ligands_from)?;
            Ligands::Drawn(Box::new(LatentSampler::new(model.weights::<LigandVae>(device)?)))
        }
    };
    let asked = Asked { arguments, open: &open, ligands: &ligands, seed: global.seed.unwrap_or(0) };
    asked.check()?;

    let mut cost = Cost::start();
    let steps = arguments.steps.map(|steps| steps as usize);
    let source = Source {
        what: "complexes",
        batch: BATCH,
        sample: &|numbers| {
            let chunks: Vec<&[u64]> = numbers.chunks(BATCH).collect();
            let made = chunks.into_par_iter().map(|numbers| asked.make(numbers, &sampler, &distances, steps));
            Ok(made.collect::<Result<Vec<_>, RequestError>>()?.into_iter().flatten().collect())
        },
        violation: &|made: &Made| {
            let placed = &made.complex.ligands[made.new].ligand;
            asked.space(placed.denticity(), None).check_ligand(placed).err()
        },
        composition_key: &|made: &Made| made.complex.identity(),
        seen: arguments.seen(&file.seen)?,
    };
    let drawn = draw(&source, arguments.n as usize, global)?;
    cost.stop();
    let name = arguments.model_name();
    let frames = drawn.samples.iter().filter_map(|(number, made)| {
        xyz(&made.complex, &format!("{name}-{number}"), &format!("new_ligand={} ", made.new + 1))
    });
    write_file(&arguments.to, frames.collect::<String>().as_bytes())?;

    let found = drawn.samples.len();
    global.note(&format!("{found} complexes in {}: {}", arguments.to.display(), cost.words(found)));
    global.note(&drawn.words());
    let told = json!({
        "file": arguments.to,
        "count": found,
        "attempts": drawn.attempts,
        "nothing": drawn.nothing,
        "violations": drawn.violations(),
        "violation_reasons": drawn.violations,
    });
    let origin = Origin { name: &name, sha256: Some(&file.sha256), seed: asked.seed };
    global.write_json(&cost.and(told, found, &origin, ComplexDiffusion::KIND))
}

/// Each complex without the ligand of this number (from 1), or without each of its ligands in turn.
fn vacancies(complexes: &[Complex], replace: Option<u32>) -> Result<Vec<Open<'_>>, Failure> {
    let mut open = Vec::new();
    for complex in complexes {
        let all = match replace {
            Some(number) => vec![number as usize - 1],
            None => (0..complex.ligands.len()).collect(),
        };
        for removed in all {
            let vacancy = Vacancy::of(complex, removed).map_err(|error| match error {
                AssemblyError::NoSuchLigand { found, count } => {
                    Failure::input(format!("--replace: found {}, expected 1 to {count}", found + 1))
                }
                error => Failure::input(error),
            })?;
            open.push(Open { complex, removed, vacancy });
        }
    }
    if open.is_empty() { Err(Failure::input("found no complex, expected one or more")) } else { Ok(open) }
}

/// What is asked for.
struct Asked<'a> {
    arguments: &'a Arguments,
    open: &'a [Open<'a>],
    ligands: &'a Ligands,
    seed: u64,
}

impl Asked<'_> {
    fn open(&self, number: u64) -> &Open<'_> {
        &self.open[(number % self.open.len() as u64) as usize]
    }

    /// What may take the place of a ligand: as many donors, and the same charge where none is asked for.
    fn space(&self, sites: usize, charge: Option<i32>) -> LigandSpace {
        let mut space = ligand_space(self.arguments);
        space.denticity = Some([sites; 2]);
        if space.charges.is_empty() {
            space.charges.extend(charge);
        }
        space
    }

    fn request(&self, open: &Open<'_>) -> LigandRequest {
        let (sites, charge) = open.needs();
        LigandRequest {
            targets: self.arguments.condition.clone(),
            guidance: self.arguments.guidance,
            temperature: self.arguments.temperature,
            ..LigandRequest::new(self.space(sites, Some(charge)))
        }
    }

    /// Number of the ligand for a complex among all that are drawn alike: without gaps, since whole batches are drawn.
    fn ligand_number(&self, number: u64) -> u64 {
        let (count, place) = (self.open.len() as u64, (number % self.open.len() as u64) as usize);
        let alike = |open: &&Open<'_>| open.needs() == self.open[place].needs();
        let all = self.open.iter().filter(alike).count() as u64;
        let before = self.open[..place].iter().filter(alike).count() as u64;
        number / count * all + before
    }

    /// Refuses before anything is made what can never be made.
    fn check(&self) -> Result<(), Failure> {
        for open in self.open {
            match self.ligands {
                Ligands::One(ligand) => {
                    open.vacancy
                        .order(ligand)
                        .map_err(|error| Failure::input(format!("--ligand: {error}")))?;
                }
                Ligands::Drawn(model) => model.check_ligands(&self.request(open))?,
            }
        }
        Ok(())
    }

    /// The complexes of these numbers, which are made together; `None` where no ligand was found or its positions are not sound.
    fn make(
        &self,
        numbers: &[u64],
        sampler: &ComplexDiffusionSampler,
        distances: &Distances,
        steps: Option<usize>,
    ) -> Result<Vec<Option<Made>>, RequestError> {
        let ligands = self.ligands(numbers)?;
        let placements: Vec<(usize, Placement<'_>)> = numbers
            .iter()
            .enumerate()
            .filter_map(|(slot, &number)| {
                let (ligand, vacancy) = (ligands[slot].as_ref()?, &self.open(number).vacancy);
                Some((slot, Placement { ligand, vacancy, number }))
            })
            .collect();
        let all: Vec<Placement<'_>> = placements.iter().map(|(_, placement)| *placement).collect();
        let mut made = vec![None; numbers.len()];
        for ((slot, placement), finished) in
            placements.iter().zip(sampler.place(&all, distances, steps, self.seed))
        {
            made[*slot] = finished.ok().and_then(|finished| {
                let open = self.open(placement.number);
                let new = open.removed;
                Some(Made { complex: completed(open, placement.ligand, &finished.positions)?, new })
            });
        }
        Ok(made)
    }

    fn ligands(&self, numbers: &[u64]) -> Result<Vec<Option<Ligand>>, RequestError> {
        let model = match self.ligands {
            Ligands::One(ligand) => return Ok(vec![Some(ligand.as_ref().clone()); numbers.len()]),
            Ligands::Drawn(model) => model,
        };
        let mut by_request: BTreeMap<(usize, i32), Vec<usize>> = BTreeMap::new();
        for (slot, &number) in numbers.iter().enumerate() {
            by_request.entry(self.open(number).needs()).or_default().push(slot);
        }
        let mut ligands = vec![None; numbers.len()];
        for slots in by_request.values() {
            let own: Vec<u64> = slots.iter().map(|&slot| self.ligand_number(numbers[slot])).collect();
            let request = self.request(self.open(numbers[slots[0]]));
            for (&slot, sample) in slots.iter().zip(model.sample_ligands(&request, self.seed, &own)?) {
                ligands[slot] = sample.map(|sample| sample.ligand);
            }
        }
        Ok(ligands)
    }
}

/// The complex with its new ligand, where it is sound and its atoms alone tell the same bonds.
fn completed(open: &Open<'_>, ligand: &Ligand, positions: &[[f64; 3]]) -> Option<Complex> {
    let complex = open.vacancy.filled(open.complex, open.removed, ligand, positions).ok()?;
    let positions = complex.positions.as_deref()?;
    validate(&complex, positions).ok()?;
    complex.check().ok()?;
    told_by_atoms(&complex).then_some(complex)
}
