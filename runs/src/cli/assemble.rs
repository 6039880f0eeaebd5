//! `druse assemble`

use std::path::PathBuf;

use crate::complexes::{distances, formula, installed_library, named_ligand, shape, xyz};
use crate::datasets::ligands::LigandLibrary;
use crate::fitness::assembly::{Distances, Options, assemble, place_freely};
use crate::fitness::xtb::{Level, Xtb, XtbOptions, XtbTier};
use crate::fitness::{Properties, Tier, TierOutcome};
use crate::representations::complex::chelates_fit;
use crate::representations::{Complex, Element, Geometry, Ligand, PlacedLigand};
use clap::Args;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::Failure;
use super::output::write_folder;
use super::results::{Results, shown};

#[derive(Args)]
#[command(after_help = "\
A ligand is the name of a built-in one (`druse ligands --builtin`), the name of one of the library \
(`druse ligands`), or a SMILES with its donors as atom maps, such as 'C[NH2:1]'.

Examples:
  druse assemble --metal Fe --state 2 --geometry octahedral --ligands bipy,bipy,CN,CN --isomers
  druse assemble 'Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[Cl-:1]}@1|{[NH3:1]}@2|{[NH3:1]}@3' --to cisplatin")]
pub struct Arguments {
    /// Whole-complex strings, which say which ligand holds which site
    #[arg(value_name = "COMPLEX", required_unless_present = "metal")]
    complexes: Vec<String>,
    /// Metal; then the sites are chosen by how well the ligands fit
    #[arg(
        long,
        value_name = "SYMBOL",
        requires = "ligands",
        requires = "geometry",
        requires = "state",
        conflicts_with = "complexes"
    )]
    metal: Option<Element>,
    /// Oxidation state of the metal
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    state: Option<i32>,
    /// Coordination polyhedron by name or symbol, such as square_planar or OC-6
    #[arg(long, value_name = "NAME")]
    geometry: Option<Geometry>,
    /// Ligands, separated by commas
    #[arg(long, value_name = "LIGANDS", value_delimiter = ',')]
    ligands: Vec<String>,
    /// Spin multiplicity; the lowest sensible one when absent
    #[arg(long, value_name = "M")]
    multiplicity: Option<u32>,
    /// Build all isomers instead of the one that fits best
    #[arg(long)]
    isomers: bool,
    /// Clean the geometry up with GFN-FF and optimise it with GFN2-xTB
    #[arg(long)]
    xtb: bool,
    /// Folder for one XYZ file each
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// A complex to build.
struct Wanted {
    id: String,
    complex: Complex,
    /// Whether the ligands may go on any sites.
    free: bool,
}

/// A complex that was built.
struct Built {
    complex: Complex,
    properties: Properties,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let library = installed_library()?;
    let distances = distances(library.as_ref());
    let wanted = wanted(arguments, library.as_ref())?;
    let tier = match arguments.xtb {
        true => {
            let options = XtbOptions { force_field: true, level: Level::Normal, ..XtbOptions::default() };
            Some(XtbTier::new(Xtb::find().map_err(Failure::other)?, options))
        }
        false => None,
    };
    let options = Options { seed: global.seed.unwrap_or(0), ..Options::default() };
    let built: Vec<Result<Built, String>> =
        wanted.par_iter().map(|wanted| build(wanted, &distances, &options, tier.as_ref())).collect();
    if let Some(folder) = &arguments.to {
        let files = wanted.iter().zip(&built).filter_map(|(wanted, built)| {
            let built = built.as_ref().ok()?;
            Some((format!("{}.xyz", wanted.id), xyz(&built.complex, &wanted.id, "")?))
        });
        write_folder(folder, &files.collect::<Vec<_>>())?;
    }
    report(&wanted, built, global)
}

fn wanted(arguments: &Arguments, library: Option<&LigandLibrary>) -> Result<Vec<Wanted>, Failure> {
    let Arguments { metal: Some(metal), state: Some(state), geometry: Some(geometry), .. } = arguments else {
        let read = |(index, text): (usize, &String)| {
            let complex: Complex =
                text.parse().map_err(|error| Failure::input(format!("'{text}': {error}")))?;
            let complexes = if arguments.isomers { isomers(&complex)? } else { vec![complex] };
            Ok(numbered(&format!("complex-{}", index + 1), complexes, false))
        };
        let all: Vec<Vec<Wanted>> =
            arguments.complexes.iter().enumerate().map(read).collect::<Result<_, Failure>>()?;
        return Ok(all.into_iter().flatten().collect());
    };
    let ligands: Vec<Ligand> = arguments
        .ligands
        .iter()
        .map(|name| {
            named_ligand(name, library).map_err(|error| Failure::input(format!("--ligands: {error}")))
        })
        .collect::<Result<_, _>>()?;
    let mut site = 0;
    let placed = ligands.into_iter().map(|ligand| {
        let sites = (site..site + ligand.denticity()).collect();
        site += ligand.denticity();
        PlacedLigand { ligand, sites }
    });
    let mut complex = Complex {
        metal: *metal,
        oxidation_state: *state,
        multiplicity: 1,
        geometry: *geometry,
        ligands: placed.collect(),
        positions: None,
    };
    complex.multiplicity =
        arguments.multiplicity.or_else(|| complex.multiplicities().first().copied()).unwrap_or(1);
    complex.check().map_err(Failure::input)?;
    let id = format!("{metal}-{}", geometry.symbol());
    Ok(match arguments.isomers {
        true => numbered(&id, isomers(&complex)?, false),
        false => vec![Wanted { id, complex, free: true }],
    })
}

fn isomers(complex: &Complex) -> Result<Vec<Complex>, Failure> {
    let geometry = complex.geometry;
    complex.isomers(&|_, sites| chelates_fit(geometry, sites)).map_err(Failure::input)
}

fn numbered(id: &str, complexes: Vec<Complex>, free: bool) -> Vec<Wanted> {
    let one = complexes.len() == 1;
    let id = |number: usize| if one { id.to_owned() } else { format!("{id}-{number}") };
    let wanted = |(index, complex)| Wanted { id: id(index + 1), complex, free };
    complexes.into_iter().enumerate().map(wanted).collect()
}

fn build(
    wanted: &Wanted,
    distances: &Distances,
    options: &Options,
    tier: Option<&XtbTier>,
) -> Result<Built, String> {
    let (complex, report) = match wanted.free {
        true => {
            place_freely(&wanted.complex, distances, options).map(|(complex, built)| (complex, built.report))
        }
        false => assemble(&wanted.complex, distances, options).map(|built| {
            (Complex { positions: Some(built.positions), ..wanted.complex.clone() }, built.report)
        }),
    }
    .map_err(|error| error.to_string())?;
    let mut properties =
        Properties::from([("misfit".to_owned(), report.misfit), ("clash".to_owned(), report.clash)]);
    let Some(tier) = tier else { return Ok(Built { complex, properties }) };
    match tier.run(&[(&complex, &properties)]).pop() {
        Some(TierOutcome::Passed { design, properties: found }) => {
            properties.extend(found);
            Ok(Built { complex: design, properties })
        }
        Some(TierOutcome::Rejected { reason } | TierOutcome::Failed { reason }) => Err(reason),
        None => Err("xtb gave no outcome".to_owned()),
    }
}

fn report(wanted: &[Wanted], built: Vec<Result<Built, String>>, global: &Global) -> Result<(), Failure> {
    let mut results = Results::default();
    for (wanted, built) in wanted.iter().zip(built) {
        results.push(wanted.id.clone(), built.map(|built| values(&built)));
    }
    let header = ["formula", "geometry", "charge", "2S+1", "misfit\n(°)", "gap\n(eV)"];
    results.finish(global, &header, |values| {
        let text = |key: &str| values[key].as_str().unwrap_or_default().to_owned();
        vec![
            text("formula"),
            text("geometry"),
            values["charge"].to_string(),
            values["multiplicity"].to_string(),
            shown(values, "misfit", 1),
            shown(values, "gap", 3),
        ]
    })
}

fn values(built: &Built) -> Map<String, Value> {
    let complex = &built.complex;
    let species: Vec<&str> = complex.elements().map(|element| element.symbol()).collect();
    let mut values = Map::from_iter([
        ("formula".to_owned(), json!(formula(complex))),
        ("geometry".to_owned(), json!(shape(complex))),
        ("complex".to_owned(), json!(complex.to_string())),
        ("charge".to_owned(), json!(complex.charge())),
        ("multiplicity".to_owned(), json!(complex.multiplicity)),
        ("species".to_owned(), json!(species)),
        ("positions".to_owned(), json!(complex.positions)),
    ]);
    for (name, value) in &built.properties {
        values.entry(name.clone()).or_insert_with(|| json!(value));
    }
    values
}
