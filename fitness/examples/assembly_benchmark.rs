//! Builds random complexes of library ligands and counts how many are sound.
//!
//! `cargo run --release -p druse-fitness --no-default-features --example assembly_benchmark -- [N] [SEED] [graphs]`
//!
//! N complexes (1,000), octahedral or square planar, of a random metal out of ten in a common
//! oxidation state. The pattern of denticities is drawn from a list, each ligand uniformly from all
//! library ligands of that denticity with at most 100 atoms. A draw is dropped only when the archetypes
//! of its ligands cannot share the polyhedron or the total charge is beyond ±3. Sites are chosen by the
//! assembly. With `graphs`, the crystal shapes of the ligands are taken away first.
//!
//! Times are wall times of one thread; on a busy machine they are upper bounds of CPU times.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use druse_datasets::elements::oxidation_states;
use druse_datasets::ligands::LigandLibrary;
use druse_fitness::assembly::{AssemblyError, Distances, Flaw, Options, place_freely, validate};
use druse_representations::{Complex, Element, Geometry, PlacedLigand};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const METALS: [&str; 10] = ["Fe", "Co", "Ni", "Cu", "Zn", "Ru", "Rh", "Pd", "Ir", "Pt"];
const MOST_ATOMS: usize = 100;
const LARGEST_CHARGE: i32 = 3;
const OCTAHEDRAL: [&[usize]; 11] = [
    &[1; 6],
    &[2; 3],
    &[3, 3],
    &[4, 1, 1],
    &[2, 2, 1, 1],
    &[3, 2, 1],
    &[4, 2],
    &[3, 1, 1, 1],
    &[2, 1, 1, 1, 1],
    &[5, 1],
    &[6],
];
const SQUARE_PLANAR: [&[usize]; 5] = [&[1; 4], &[2, 2], &[2, 1, 1], &[3, 1], &[4]];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().map_or(Ok(1000), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let graphs_only = arguments.next().is_some_and(|word| word == "graphs");

    let library = LigandLibrary::find()?;
    let distances = Distances::from_statistics(library.distances().clone());
    let metals: Vec<Element> = METALS.iter().map(|symbol| symbol.parse()).collect::<Result<_, _>>()?;
    // Index and archetype of the ligands of each denticity.
    let mut pool: BTreeMap<usize, Vec<(usize, &str)>> = BTreeMap::new();
    for record in library.records().filter(|record| record.atoms() <= MOST_ATOMS) {
        pool.entry(record.denticity()).or_default().push((record.index(), record.archetype()));
    }

    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut valid, mut relieved, mut dropped) = (0, 0, 0);
    let mut milliseconds = Vec::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    while milliseconds.len() < count {
        let &metal = metals.choose(&mut rng).ok_or("no metals")?;
        let (geometry, patterns) = if rng.random_bool(0.5) {
            (Geometry::Octahedral, &OCTAHEDRAL[..])
        } else {
            (Geometry::SquarePlanar, &SQUARE_PLANAR[..])
        };
        let pattern = patterns.choose(&mut rng).ok_or("no patterns")?;
        let mut indices = Vec::new();
        let mut archetypes = Vec::new();
        for denticity in *pattern {
            let &(index, archetype) = pool[denticity].choose(&mut rng).ok_or("no ligands")?;
            indices.push(index);
            archetypes.push(archetype);
        }
        let &state = oxidation_states(metal).common().choose(&mut rng).ok_or("no oxidation state")?;
        let place = |index: &usize| -> Result<PlacedLigand, Box<dyn Error>> {
            let mut ligand = library.ligand(*index)?;
            if graphs_only {
                ligand.positions = None;
            }
            Ok(PlacedLigand { ligand, sites: Vec::new() })
        };
        let ligands = indices.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let oxidation_state = i32::from(state);
        let mut complex =
            Complex { metal, oxidation_state, multiplicity: 1, geometry, ligands, positions: None };
        let fits = complex.charge().abs() <= LARGEST_CHARGE && share(geometry, &archetypes, 0);
        let Some(&multiplicity) = complex.multiplicities().first().filter(|_| fits) else {
            dropped += 1;
            continue;
        };
        complex.multiplicity = multiplicity;

        let start = Instant::now();
        let result = place_freely(&complex, &distances, &Options::default());
        milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        match result {
            Ok((placed, built)) => {
                validate(&placed, &built.positions)?;
                valid += 1;
                relieved += usize::from(built.report.relieved);
            }
            Err(error) => {
                *reasons.entry(reason(&error)).or_default() += 1;
                let names: Vec<&str> =
                    complex.ligands.iter().map(|placed| placed.ligand.name.as_str()).collect();
                println!("failed: {} {geometry} {archetypes:?} {names:?}: {error}", metal.symbol());
            }
        }
    }
    milliseconds.sort_by(f64::total_cmp);
    let quantile = |share: f64| milliseconds[((count - 1) as f64 * share) as usize];
    println!(
        "{valid} of {count} valid ({:.1} %), {relieved} of them deformed to relieve clashes",
        100.0 * valid as f64 / count as f64
    );
    println!("failures: {reasons:?}; {dropped} draws dropped for charge or archetypes");
    println!("ms: median {:.2}, 90 % {:.1}, most {:.0}", quantile(0.5), quantile(0.9), quantile(1.0));
    Ok(())
}

fn reason(error: &AssemblyError) -> &'static str {
    match error {
        AssemblyError::Misfit { .. } => "misfit",
        AssemblyError::Unplaceable { .. } => "no sites",
        AssemblyError::Shapeless { .. } => "no shape",
        AssemblyError::Flawed(Flaw::TooClose { same_ligand: true, .. }) => "too close inside a ligand",
        AssemblyError::Flawed(Flaw::TooClose { .. }) => "too close between ligands",
        AssemblyError::Flawed(Flaw::LostDonor { .. }) => "lost donor",
        AssemblyError::Flawed(Flaw::ExtraNeighbour { .. }) => "extra neighbour",
        _ => "other",
    }
}

/// Whether ligands of these archetypes can share the free sites of a polyhedron.
fn share(geometry: Geometry, archetypes: &[&str], taken: u32) -> bool {
    let Some((first, rest)) = archetypes.split_first() else { return true };
    let count = geometry.site_count();
    (0..1_u32 << count).filter(|set| set & taken == 0).any(|set| {
        let sites: Vec<usize> = (0..count).filter(|site| set >> site & 1 == 1).collect();
        let pairs = sites.iter().flat_map(|a| sites.iter().map(move |b| (*a, *b))).filter(|(a, b)| a < b);
        let opposite = pairs.filter(|&(a, b)| geometry.angle(a, b) > 170.0).count();
        let wanted = match *first {
            "1-mono" => (1, 0),
            "2-cis" => (2, 0),
            "2-trans" => (2, 1),
            "3-facial" => (3, 0),
            "3-meridional" => (3, 1),
            "4-facial" => (4, 1),
            "4-tetragonal" => (4, 2),
            "5-square-pyramidal" => (5, 2),
            "6-octahedral" => (6, 3),
            _ => return false,
        };
        (sites.len(), opposite) == wanted && share(geometry, rest, taken | set)
    })
}
