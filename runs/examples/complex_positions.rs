//! How good are ligands that a model of positions places? First attempts, without a second try.
//!
//! ```text
//! complex_positions set COUNT SET.xyz             # complexes of ligands of the library, assembled
//! complex_positions place MODEL SET.xyz COUNT ALL.xyz
//! complex_positions gfn2 ALL.xyz COUNT            # of those that are sound
//! ```
//!
//! `place` takes one ligand out of each complex, draws another of the same number of donors and the same charge from
//! `ligand-vae`, and places it with the model; with `geometry` instead of a model, by distance geometry, which knows nothing of what
//! stands around until the ligand is finished. `gfn2` cleans up with GFN-FF, optimises with GFN2-xTB, and counts the complexes
//! whose bonds are the same afterwards. `druse evaluate --protocol tmc ALL.xyz` judges the same file.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use druse::complexes::{placed_complexes, told_by_atoms, xyz};
use druse::datasets::elements::covalent_radius;
use druse::datasets::ligands::{LigandLibrary, Query};
use druse::fitness::assembly::{AssemblyTier, Distances, Finished, Vacancy, embed, validate};
use druse::fitness::chgnet::torch::{device, single_threaded};
use druse::fitness::xtb::{Level, Xtb, XtbOptions, XtbTier};
use druse::fitness::{Properties, Tier, TierOutcome};
use druse::generators::learned::complex_diffusion::{
    ComplexDiffusion, ComplexDiffusionSampler, Placement, PlacementError,
};
use druse::generators::learned::house::ModelFile;
use druse::generators::learned::latent::LatentSampler;
use druse::generators::learned::ligand_vae::{LigandRequest, LigandVae};
use druse::generators::learned::shipped;
use druse::generators::{ComplexSpace, LigandPool, LigandSpace, complex_generator};
use druse::representations::complex::perceive;
use druse::representations::{Complex, Element, Geometry, Ligand};
use rayon::prelude::*;

const SEED: u64 = 1;
/// Ligands that are placed together.
const BATCH: usize = 16;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    single_threaded();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["set", count, to] => set(count.parse()?, Path::new(to)),
        ["place", model, set, count, to] => place(model, Path::new(set), count.parse()?, Path::new(to)),
        ["gfn2", set, count] => gfn2(Path::new(set), count.parse()?),
        _ => Err("expected set COUNT FILE, place MODEL SET COUNT FILE, or gfn2 FILE COUNT".into()),
    }
}

/// Random complexes of ligands of the library with 16 or 18 valence electrons: others are open to more ligands than they have, and
/// lose or gain donors whatever their positions.
fn set(count: usize, to: &Path) -> Result<(), Failure> {
    let library = LigandLibrary::find()?;
    let query = Query {
        denticities: [1, 2, 3].into(),
        charges: [0, -1].into(),
        max_atoms: Some(30),
        orders_known: Some(true),
        ..Query::default()
    };
    let mut found = library.search(&query);
    // A fixed shuffle: multiplication by an odd number permutes the low bits.
    found.sort_by_key(|&index| (index as u32).wrapping_mul(2_654_435_761));
    let ligands = found.into_iter().filter_map(|index| library.ligand(index).ok()).take(3000);
    let metals = [
        ("Mn", 1),
        ("Fe", 2),
        ("Co", 3),
        ("Ni", 2),
        ("Cu", 1),
        ("Zn", 2),
        ("Ru", 2),
        ("Rh", 3),
        ("Pd", 2),
        ("Ir", 3),
        ("Pt", 2),
    ];
    let metals = metals.into_iter().map(|(symbol, state)| Ok((symbol.parse::<Element>()?, vec![state])));
    let geometries =
        [Geometry::Tetrahedral, Geometry::SquarePlanar, Geometry::TrigonalBipyramidal, Geometry::Octahedral];
    let space = ComplexSpace {
        atoms: [8, 70],
        charge: [-1, 2],
        electrons: vec![16, 18],
        ..ComplexSpace::new(
            metals.collect::<Result<Vec<_>, Failure>>()?,
            geometries,
            LigandPool::new(ligands),
        )
    };
    let mut random = complex_generator("random", &space, SEED, &Default::default())?;
    let assembly = AssemblyTier::new(distances(&library), Default::default());
    let (mut text, mut made, mut first) = (String::new(), 0, 0);
    while made < count {
        let proposals = random.propose(first, 64)?;
        first += proposals.len() as u64;
        let built: Vec<Option<Complex>> =
            proposals.par_iter().map(|one| passed(&assembly, &one.design).ok()).collect();
        for complex in built.into_iter().flatten().take(count - made) {
            text.push_str(&xyz(&complex, &format!("set-{made}"), "").ok_or("a built complex has positions")?);
            made += 1;
        }
    }
    std::fs::write(to, text)?;
    println!("{made} of {first} complexes were built");
    Ok(())
}

/// The complexes of a file whose bonds are those that it tells.
fn read(set: &Path) -> Result<impl Iterator<Item = Complex>, Failure> {
    Ok(placed_complexes(set)?.into_iter().filter_map(|one| one.map_err(|error| eprintln!("{error}")).ok()))
}

fn distances(library: &LigandLibrary) -> Distances {
    Distances::from_statistics(library.distances().clone())
}

fn passed(tier: &dyn Tier<Complex>, complex: &Complex) -> Result<Complex, String> {
    match tier.run(&[(complex, &Properties::new())]).pop() {
        Some(TierOutcome::Passed { design, .. }) => Ok(design),
        Some(TierOutcome::Rejected { reason } | TierOutcome::Failed { reason }) => Err(reason),
        None => Err("no outcome".to_owned()),
    }
}

fn place(model: &str, set: &Path, count: usize, to: &Path) -> Result<(), Failure> {
    let distances = distances(&LigandLibrary::find()?);
    let complexes: Vec<Complex> = read(set)?.take(count).collect();
    let open: Vec<(&Complex, usize, Vacancy)> = complexes
        .iter()
        .enumerate()
        .map(|(number, complex)| {
            let removed = number % complex.ligands.len();
            Ok((complex, removed, Vacancy::of(complex, removed)?))
        })
        .collect::<Result<_, Failure>>()?;
    let vae = ModelFile::from_bytes(shipped::weights("ligand-vae").ok_or("no ligand-vae")?, "ligand-vae")?;
    let vae = LatentSampler::<LigandVae>::new(vae.weights::<LigandVae>(device("cpu")?)?);
    let ligands = drawn(&vae, &open)?;

    let start = Instant::now();
    let placed: Vec<Result<Vec<[f64; 3]>, String>> = match model {
        "geometry" => open
            .par_iter()
            .zip(&ligands)
            .map(|((_, _, vacancy), ligand)| by_geometry(ligand, vacancy, &distances))
            .collect(),
        model => {
            let file = match shipped::weights(model) {
                Some(bytes) => ModelFile::from_bytes(bytes, model)?,
                None => ModelFile::read(Path::new(model))?,
            };
            let sampler = ComplexDiffusionSampler::new(file.weights::<ComplexDiffusion>(device("cpu")?)?);
            let all: Vec<Placement<'_>> = open
                .iter()
                .zip(&ligands)
                .enumerate()
                .map(|(number, ((_, _, vacancy), ligand))| Placement {
                    ligand,
                    vacancy,
                    number: number as u64,
                })
                .collect();
            let all_of = |batch| sampler.place(batch, &distances, None, SEED).into_iter();
            let finished: Vec<_> = all.par_chunks(BATCH).flat_map_iter(all_of).collect();
            let mut strains: Vec<f64> = finished.iter().flatten().map(|one| one.strain).collect();
            strains.sort_by(f64::total_cmp);
            let quantile = |share: f64| {
                strains.get((share * strains.len() as f64) as usize).copied().unwrap_or(f64::NAN)
            };
            println!(
                "strain {:.3} (median), {:.3} (90 %), {:.3} (95 %)",
                quantile(0.5),
                quantile(0.9),
                quantile(0.95)
            );
            let positions = |one: Result<Finished, PlacementError>| {
                one.map(|one| one.positions).map_err(|error| error.to_string())
            };
            finished.into_iter().map(positions).collect()
        }
    };
    let seconds = start.elapsed().as_secs_f64();

    let (mut connected, mut valid, mut donors, mut bonds, mut text) = (0, 0, 0, 0, String::new());
    for (number, (((complex, removed, vacancy), ligand), positions)) in
        open.iter().zip(&ligands).zip(&placed).enumerate()
    {
        let complex = match positions {
            Ok(positions) => vacancy.filled(complex, *removed, ligand, positions)?,
            Err(reason) => {
                eprintln!("{number}: {reason}");
                continue;
            }
        };
        let molecule = complex.molecule().ok_or("it has positions")?;
        let found = perceive(&molecule, &covalent_radius);
        connected += usize::from(found.is_ok());
        let offset = complex.offsets()[*removed];
        let wanted: Vec<usize> = {
            let mut atoms: Vec<usize> = ligand.donors.iter().flatten().map(|atom| atom + offset).collect();
            atoms.sort_unstable();
            atoms
        };
        let own = offset..offset + ligand.graph.node_count();
        let is_own = |atom: &usize| own.contains(atom);
        let realised = found
            .is_ok_and(|found| found.donor_atoms().into_iter().filter(is_own).collect::<Vec<_>>() == wanted);
        donors += usize::from(realised);
        let at = complex.positions.as_deref().unwrap_or_default();
        bonds += usize::from(told_by_atoms(&complex));
        let sound = validate(&complex, at);
        valid += usize::from(sound.is_ok());
        if let Err(flaw) = sound {
            eprintln!("{number} ({ligand}): {flaw}", ligand = ligand.to_smiles());
        }
        text.push_str(&xyz(&complex, &format!("placed-{number}"), "").ok_or("it has positions")?);
    }
    std::fs::write(to, text)?;
    let share = |count: usize| 100.0 * count as f64 / open.len() as f64;
    println!(
        "{} complexes: connected {:.1} %, valid {:.1} %, donors as asked {:.1} %, all bonds as drawn {:.1} %; {:.3} s each",
        open.len(),
        share(connected),
        share(valid),
        share(donors),
        share(bonds),
        seconds / open.len() as f64,
    );
    Ok(())
}

/// A new ligand for each vacancy: as many donors and the charge of the one that gave way.
fn drawn(
    model: &LatentSampler<LigandVae>,
    open: &[(&Complex, usize, Vacancy)],
) -> Result<Vec<Ligand>, Failure> {
    let mut by_request: BTreeMap<(usize, i32), Vec<usize>> = BTreeMap::new();
    for (place, (complex, removed, vacancy)) in open.iter().enumerate() {
        let charge = complex.ligands[*removed].ligand.charge();
        by_request.entry((vacancy.sites.len(), charge)).or_default().push(place);
    }
    let mut ligands = vec![None; open.len()];
    for ((sites, charge), places) in by_request {
        let space = LigandSpace {
            denticity: Some([sites; 2]),
            charges: vec![charge],
            heavy_atoms: Some([1, 30]),
            ..LigandSpace::default()
        };
        // A few attempts come to nothing.
        let numbers: Vec<u64> = (0..2 * places.len() as u64 + 16).collect();
        let made = model.sample_ligands(&LigandRequest::new(space), SEED, &numbers)?;
        for (place, sample) in places.into_iter().zip(made.into_iter().flatten()) {
            ligands[place] = Some(sample.ligand);
        }
    }
    ligands.into_iter().map(|ligand| ligand.ok_or_else(|| "too few ligands were drawn".into())).collect()
}

/// By distance geometry alone, finished like any other.
fn by_geometry(ligand: &Ligand, vacancy: &Vacancy, distances: &Distances) -> Result<Vec<[f64; 3]>, String> {
    let order = vacancy.order(ligand).map_err(|error| error.to_string())?;
    let sites: Vec<[f64; 3]> = order.iter().map(|&site| vacancy.sites[site]).collect();
    let shaped =
        embed(ligand, vacancy.metal, Some(&sites), distances, SEED).map_err(|error| error.to_string())?;
    let rough: Vec<Option<[f64; 3]>> = shaped.positions.unwrap_or_default().into_iter().map(Some).collect();
    let finished = vacancy.finish(ligand, &rough, distances, SEED);
    finished.map(|finished| finished.positions).map_err(|error| error.to_string())
}

fn gfn2(set: &Path, count: usize) -> Result<(), Failure> {
    let options = XtbOptions { force_field: true, level: Level::Crude, ..XtbOptions::default() };
    let tier = XtbTier::new(Xtb::find()?, options);
    let sound =
        |complex: &Complex| validate(complex, complex.positions.as_deref().unwrap_or_default()).is_ok();
    let complexes: Vec<Complex> = read(set)?.filter(sound).take(count).collect();
    let start = Instant::now();
    let kept: Vec<Result<Complex, String>> =
        complexes.par_iter().map(|complex| passed(&tier, complex)).collect();
    for reason in kept.iter().filter_map(|one| one.as_ref().err()) {
        eprintln!("{reason}");
    }
    let count = kept.iter().filter(|one| one.is_ok()).count();
    println!(
        "{count} of {} keep their coordination ({:.1} %); {:.1} s each",
        kept.len(),
        100.0 * count as f64 / kept.len().max(1) as f64,
        start.elapsed().as_secs_f64() / kept.len().max(1) as f64,
    );
    Ok(())
}
