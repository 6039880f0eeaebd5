//! How good are ligands that a model of positions places? First attempts, without a second try.
//!
//! ```text
//! complex_positions set COUNT SET.xyz             # complexes of ligands of the library, assembled
//! complex_positions real FOLDER SET.xyz           # complexes of crystals, an XYZ file each, say of tmQMg
//! complex_positions place MODEL SET.xyz COUNT ALL.xyz
//! complex_positions gfn2 ALL.xyz COUNT            # of those that are sound
//! ```
//!
//! `real` takes charges and bond orders of the ligands from the library, and the oxidation state that gives the polyhedron
//! its closed shell (14, 16 or 18 valence electrons; charges up to 1, as in tmQM). `place` takes one ligand of more than one heavy atom out of each complex, draws another with the same donors and
//! charge from `ligand-vae`, and places it with the model; with `geometry` instead of a model, by distance
//! geometry, which knows nothing of what stands around until the ligand is finished. `gfn2` cleans up with GFN-FF, optimises with
//! GFN2-xTB, and counts the complexes whose bonds are the same afterwards; of a file of `set` or `real` it says what of the loss is not
//! the placement's. `druse evaluate --protocol tmc ALL.xyz` judges the same file.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use druse::complexes::{perceived_key, placed_complexes, told_by_atoms, xyz};
use druse::datasets::elements::{covalent_radius, oxidation_states};
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
use druse::generators::{ComplexSpace, LigandPool, LigandSpace, complex_generator, valence_electrons};
use druse::representations::complex::{PerceivedLigand, perceive};
use druse::representations::io::read_molecules;
use druse::representations::ligand::Atom;
use druse::representations::molecule::Molecule;
use druse::representations::{Complex, Element, Geometry, Ligand, PlacedLigand};
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
        ["real", folder, to] => real(Path::new(folder), Path::new(to)),
        ["place", model, set, count, to] => place(model, Path::new(set), count.parse()?, Path::new(to)),
        ["gfn2", set, count] => gfn2(Path::new(set), count.parse()?),
        _ => Err("expected set COUNT FILE, real FOLDER FILE, place MODEL SET COUNT FILE, or gfn2 FILE COUNT"
            .into()),
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

/// Complexes of crystals whose ligands are all in the library.
fn real(folder: &Path, to: &Path) -> Result<(), Failure> {
    let library = LigandLibrary::find()?;
    let ligand = |index: usize| library.ligand(index).ok();
    let mut known: Vec<(String, Reverse<u32>, usize)> = (0..library.len())
        .into_par_iter()
        .filter_map(|index| {
            let record = library.record(index).filter(|record| record.orders_known())?;
            Some((perceived_key(&ligand(index)?), Reverse(record.occurrences()), index))
        })
        .collect();
    known.sort();
    let find = |found: &Ligand| {
        let key = perceived_key(found);
        let place = known.partition_point(|one| one.0 < key);
        known.get(place).filter(|one| one.0 == key).and_then(|one| ligand(one.2))
    };
    let mut files: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, Failure>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "xyz"));
    files.sort();
    let (mut text, mut made) = (String::new(), 0);
    for file in &files {
        for record in read_molecules(file)?.into_iter().flatten() {
            if let Some(complex) = told(&record.molecule, &find) {
                let at = record.molecule.positions.iter().zip(&record.molecule.elements);
                let lines: String =
                    at.map(|([x, y, z], element)| format!("{element} {x:.5} {y:.5} {z:.5}\n")).collect();
                text.push_str(&format!("{}\ncomplex={complex}\n{lines}", record.molecule.len()));
                made += 1;
            }
        }
    }
    std::fs::write(to, text)?;
    println!("{made} complexes of {} files", files.len());
    Ok(())
}

/// What atoms are, by ligands that are known: closed shells alone.
fn told(molecule: &Molecule, find: &dyn Fn(&Ligand) -> Option<Ligand>) -> Option<Complex> {
    let found = perceive(molecule, &covalent_radius).ok()?;
    let (geometry, _) = found.shape?;
    let place =
        |one: &PerceivedLigand| Some(PlacedLigand { ligand: find(&one.ligand)?, sites: one.sites.clone() });
    let ligands = found.ligands.iter().map(place).collect::<Option<Vec<_>>>()?;
    let electrons = match geometry {
        Geometry::Linear => 14,
        Geometry::TrigonalPlanar | Geometry::SquarePlanar => 16,
        _ => 18,
    };
    let complexes = oxidation_states(found.metal)
        .all()
        .iter()
        .filter_map(|&state| Complex::new(found.metal, i32::from(state), 1, geometry, ligands.clone()).ok());
    complexes
        .filter(|complex| valence_electrons(complex) == electrons)
        .min_by_key(|complex| complex.charge().abs())
        .filter(|complex| complex.charge().abs() <= 1)
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
    let complexes: Vec<Complex> = read(set)?.collect();
    let heavy = |atom: &Atom| atom.element.atomic_number() > 1;
    let large = |ligand: &Ligand| ligand.graph.node_weights().filter(|&atom| heavy(atom)).count() > 1;
    // One ligand of each complex, then another of each, until there are as many as asked for.
    let mut places: Vec<(usize, &Complex, usize)> = Vec::new();
    for (number, complex) in complexes.iter().enumerate() {
        let from = number % complex.ligands.len();
        let removable = (0..complex.ligands.len()).map(|k| (from + k) % complex.ligands.len()).filter(|&k| {
            let ligand = &complex.ligands[k].ligand;
            large(ligand) && !ligand.is_haptic()
        });
        places.extend(removable.enumerate().map(|(round, removed)| (round, complex, removed)));
    }
    places.sort_by_key(|&(round, ..)| round);
    let open: Vec<(&Complex, usize, Vacancy)> = places
        .into_iter()
        .cycle()
        .take(count)
        .map(|(_, complex, removed)| Ok((complex, removed, Vacancy::of(complex, removed)?)))
        .collect::<Result<_, Failure>>()?;
    let vae = ModelFile::from_bytes(shipped::weights("ligand-vae").ok_or("no ligand-vae")?, "ligand-vae")?;
    let vae = LatentSampler::<LigandVae>::new(vae.weights::<LigandVae>(device("cpu")?)?);
    let (open, ligands): (Vec<_>, Vec<Ligand>) = open
        .iter()
        .zip(drawn(&vae, &open)?)
        .filter_map(|((complex, removed, vacancy), ligand)| Some(((*complex, *removed, vacancy), ligand?)))
        .unzip();

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

/// A new ligand for each vacancy, with the donors and the charge of the one that gave way; none where the model makes too few.
fn drawn(
    model: &LatentSampler<LigandVae>,
    open: &[(&Complex, usize, Vacancy)],
) -> Result<Vec<Option<Ligand>>, Failure> {
    let mut by_request: BTreeMap<(Vec<Element>, i32), Vec<usize>> = BTreeMap::new();
    for (place, (complex, removed, _)) in open.iter().enumerate() {
        let ligand = &complex.ligands[*removed].ligand;
        let mut donors = ligand.site_elements();
        donors.sort_unstable();
        by_request.entry((donors, ligand.charge())).or_default().push(place);
    }
    let mut ligands = vec![None; open.len()];
    for ((donors, charge), places) in by_request {
        let space = LigandSpace {
            donors,
            charges: vec![charge],
            heavy_atoms: Some([2, 30]),
            haptic: Some(false),
            ..LigandSpace::default()
        };
        // A few attempts come to nothing.
        let numbers: Vec<u64> = (0..2 * places.len() as u64 + 16).collect();
        match model.sample_ligands(&LigandRequest::new(space), SEED, &numbers) {
            Ok(made) => {
                for (place, sample) in places.into_iter().zip(made.into_iter().flatten()) {
                    ligands[place] = Some(sample.ligand);
                }
            }
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(ligands)
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
    // Closed shells alone are in the sets.
    let options =
        XtbOptions { force_field: true, level: Level::Crude, spin_states: false, ..XtbOptions::default() };
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
