//! How often samples of a trained model break hard constraints.
//!
//! ```text
//! cargo run --release -p druse-generators --example count_violations -- MODEL.safetensors [N] [SEED]
//! ```
//!
//! Draws N samples (10,000) in all, shared among spaces with required and excluded elements, narrow numbers of
//! atoms, few space groups and charge neutrality, and checks each twice: by the check that guards campaigns, and by
//! counting elements and atoms from the sites alone. Ends with 1 if there is a violation.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use druse_fitness::chgnet::torch::single_threaded;
use druse_generators::DesignSpace;
use druse_generators::breeding::Constraints;
use druse_generators::learned::house::ModelFile;
use druse_generators::learned::{Request, Sampler};
use druse_representations::reduction::primitive;
use druse_representations::{Crystal, Element};

/// Distance (Å) within which translations carry a crystal onto itself.
const TOLERANCE: f64 = 0.01;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    single_threaded();
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("expected the file of a model")?;
    let samples: u64 = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let sampler = ModelFile::read(Path::new(&path))?.sampler(tch::Device::Cpu)?;
    let spaces = spaces()?;
    let each = samples.div_ceil(spaces.len() as u64);
    println!("{path}: {}, {each} samples of each space, seed {seed}", sampler.kind());
    println!("{:<44} {:>8} {:>8} {:>10} {:>9}", "space", "samples", "nothing", "violations", "per s");
    let mut all = 0;
    for (name, space) in spaces {
        let start = Instant::now();
        let request = Request::new(space);
        let drawn = draw(sampler.as_ref(), &request, seed, each)?;
        let seconds = start.elapsed().as_secs_f64();
        let crystals: Vec<&Crystal> = drawn.iter().flatten().collect();
        let mut violations = 0;
        for crystal in &crystals {
            let found =
                request.space.check_design(crystal).err().or_else(|| counted(crystal, &request.space));
            if let Some(reason) = found {
                violations += 1;
                println!("  {}: {reason}", crystal.composition().reduced_formula());
            }
        }
        let nothing = drawn.len() - crystals.len();
        let speed = crystals.len() as f64 / seconds;
        println!("{name:<44} {:>8} {nothing:>8} {violations:>10} {speed:>9.1}", crystals.len());
        all += violations;
    }
    println!("{all} violations");
    Ok(if all == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The samples with the first numbers, `None` for attempts that came to nothing.
fn draw(
    sampler: &dyn Sampler,
    request: &Request,
    seed: u64,
    count: u64,
) -> Result<Vec<Option<Crystal>>, Box<dyn Error>> {
    // Whole batches, some at a time, so that not all samples are in memory with their predictions.
    let (chunk, mut drawn) = (16 * sampler.batch().max(1) as u64, Vec::new());
    while (drawn.len() as u64) < count {
        let from = drawn.len() as u64;
        let numbers: Vec<u64> = (from..count.min(from + chunk)).collect();
        let samples = sampler.sample(request, seed, &numbers)?;
        drawn.extend(samples.into_iter().map(|sample| sample.map(|sample| sample.crystal)));
    }
    Ok(drawn)
}

/// What is wrong with the elements and the number of atoms, from the sites alone.
fn counted(crystal: &Crystal, space: &DesignSpace) -> Option<String> {
    let elements: BTreeSet<Element> = crystal
        .sites
        .iter()
        .flat_map(|site| site.occupants.iter().map(|occupant| occupant.element))
        .collect();
    if let Some(element) = elements.iter().find(|element| !space.elements.contains(element)) {
        return Some(format!("{element} is not allowed"));
    }
    if let Some(element) = space.required.iter().find(|element| !elements.contains(element)) {
        return Some(format!("{element} is missing"));
    }
    if let Some(set) = space.excluded.iter().find(|set| set.iter().all(|element| elements.contains(element)))
    {
        return Some(format!("{set:?} occur together"));
    }
    if !(space.element_count[0]..=space.element_count[1]).contains(&elements.len()) {
        return Some(format!("{} different elements", elements.len()));
    }
    let atoms = match primitive(crystal, TOLERANCE) {
        Ok(primitive) => primitive.sites.len(),
        Err(error) => return Some(error.to_string()),
    };
    (!(space.atoms[0]..=space.atoms[1]).contains(&atoms)).then(|| format!("{atoms} atoms"))
}

/// Spaces that ask for something.
fn spaces() -> Result<Vec<(&'static str, DesignSpace)>, Box<dyn Error>> {
    let elements = |symbols: &str| -> Result<Vec<Element>, Box<dyn Error>> {
        symbols.split(' ').map(|symbol| symbol.parse().map_err(Into::into)).collect()
    };
    let light = elements("Li Na K Mg Ca Sr Ba Ti V Cr Mn Fe Co Ni Cu Zn B Al C Si Sn N P O S F Cl")?;
    let space =
        |element_count, atoms| DesignSpace { element_count, atoms, ..DesignSpace::new(light.clone()) };
    Ok(vec![
        (
            "O required, neutral, 2-4 elements, 2-14 atoms",
            DesignSpace { required: elements("O")?, ..space([2, 4], [2, 14]) },
        ),
        (
            "Li and O required, Co excluded, 8-20 atoms",
            DesignSpace {
                required: elements("Li O")?,
                excluded: vec![elements("Co")?, elements("Ni Mn")?],
                ..space([3, 5], [8, 20])
            },
        ),
        ("exactly 3 elements, 5-6 atoms, any charge", DesignSpace { charge: None, ..space([3, 3], [5, 6]) }),
        (
            "nitrides in 9 space groups",
            DesignSpace {
                required: elements("N")?,
                space_groups: vec![12, 62, 63, 139, 166, 194, 221, 225, 227],
                ..space([2, 4], [2, 16])
            },
        ),
        ("all elements, 1-20 atoms", DesignSpace { charge: None, ..DesignSpace::new(Element::all()) }),
    ])
}
