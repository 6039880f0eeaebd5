//! Do operators in latent space find better fronts than those on symmetry codes alone?
//!
//! ```text
//! cargo run --release -p druse-generators --example latent_front -- MODEL.safetensors [SEEDS] [EVALUATIONS]
//! ```
//!
//! Two NSGA-II searches with the same seed and number of evaluations, with and without the operators of a
//! trained autoencoder (`matrix-vae` or `symmetry-vae`), for light compounds that bind strongly: formation
//! energy (CHGNet after a short relaxation, relative to the elements of the shipped reference) and density,
//! both to be small. The hypervolume below the reference point is printed for every seed.

use std::error::Error;
use std::path::Path;

use druse_datasets::reference::ReferenceTable;
use druse_fitness::hull::{Exclude, PhaseDiagram};
use druse_fitness::pareto::hypervolume;
use druse_fitness::potential::Potential;
use druse_fitness::relax::{RelaxOptions, relax};
use druse_generators::crystals::Newcomers;
use druse_generators::learned::house::{Generative, ModelFile};
use druse_generators::learned::latent::{
    CrystalModel, LatentBreeder, LatentOptions, LatentSampler, Objective,
};
use druse_generators::learned::matrix_vae::MatrixVae;
use druse_generators::learned::symmetry_vae::SymmetryVae;
use druse_generators::{
    Breeder, CrystalBreeder, DesignSpace, Evaluated, Generator, Genetic, GeneticOptions, Selection,
};
use druse_representations::{Crystal, Element};
use rayon::prelude::*;

const ELEMENTS: &str = "Li Be Na Mg Al Si K Ca Ti Mn Fe Zn B C N O F P S Cl";
/// Formation energy (eV/atom) and density (g/cm^3) that every point of a front is better than.
const REFERENCE: [f64; 2] = [0.0, 5.0];
/// Proposals between two selections.
const BATCH: usize = 20;
const STEPS: usize = 40;
const FMAX: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    druse_fitness::chgnet::torch::single_threaded();
    let arguments: Vec<String> = std::env::args().collect();
    let model = arguments.get(1).ok_or("the file of a trained matrix-vae or symmetry-vae is needed")?;
    let file = ModelFile::read(Path::new(model))?;
    let number = |place: usize, default: usize| arguments.get(place).map_or(Ok(default), |text| text.parse());
    let (seeds, evaluations) = (number(2, 10)?, number(3, 240)?);
    match file.card.kind.as_str() {
        "matrix-vae" => compare::<MatrixVae>(&file, seeds, evaluations),
        "symmetry-vae" => compare::<SymmetryVae>(&file, seeds, evaluations),
        other => Err(format!("{other} is no autoencoder").into()),
    }
}

fn compare<M: Generative + CrystalModel + 'static>(
    file: &ModelFile,
    seeds: usize,
    evaluations: usize,
) -> Result<(), Box<dyn Error>> {
    let model = LatentSampler::<M>::new(file.weights::<M>(tch::Device::Cpu)?);
    let judge = Judge::new()?;
    let plain = CrystalBreeder::new(&judge.space, Newcomers::Mixture(0.6), 0.05)?;
    let properties = model.conditions().names();
    let small = |property: &str| Objective { property: property.into(), weight: -1.0, target: None };
    let known = ["e_form", "density"].into_iter().filter(|name| properties.iter().any(|known| known == name));
    let options = LatentOptions { objectives: known.map(small).collect(), ..LatentOptions::default() };
    let latent = LatentBreeder::new(plain.clone(), model, options)?;
    println!("{} {}: {evaluations} evaluations, reference point {REFERENCE:?}", M::KIND, file.sha256);
    let (mut better, mut sum) = (0, [0.0; 2]);
    for seed in 1..=seeds as u64 {
        let [without, with] =
            [judge.run(plain.clone(), seed, evaluations)?, judge.run(latent.clone(), seed, evaluations)?];
        better += usize::from(with > without);
        sum = [sum[0] + without, sum[1] + with];
        println!(
            "seed {seed:2}: plain {without:.3}, latent {with:.3} ({:+.1} %)",
            (with / without - 1.0) * 100.0
        );
    }
    let mean = sum.map(|sum| sum / seeds.max(1) as f64);
    println!(
        "latent operators better in {better} of {seeds} seeds; mean {:.3} against {:.3}",
        mean[1], mean[0]
    );
    Ok(())
}

/// Judges crystals.
struct Judge {
    space: DesignSpace,
    potential: Box<dyn Potential>,
    diagram: PhaseDiagram,
}

impl Judge {
    fn new() -> Result<Self, Box<dyn Error>> {
        let elements: Vec<Element> = ELEMENTS.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let table = ReferenceTable::shipped().ok_or("no reference energies are shipped")?;
        let diagram = PhaseDiagram::from_computed(&table.entries_within(&elements)?)?;
        let space = DesignSpace { atoms: [2, 12], element_count: [2, 4], ..DesignSpace::new(elements) };
        Ok(Self { space, potential: druse_fitness::potentials::load("chgnet-0.3.0", "cpu")?, diagram })
    }

    /// Hypervolume of all that a search finds.
    fn run<B>(&self, breeder: B, seed: u64, evaluations: usize) -> Result<f64, Box<dyn Error>>
    where
        B: Breeder<Design = Crystal>,
    {
        let options = GeneticOptions::default();
        let mut search = Genetic::new(Selection::Nsga2, breeder, seed, options);
        let mut points: Vec<Vec<f64>> = Vec::new();
        let mut done = 0;
        while done < evaluations {
            let proposals = search.propose(done as u64, BATCH.min(evaluations - done))?;
            done += proposals.len();
            let judged: Vec<Evaluated<Crystal>> = proposals
                .par_iter()
                .map(|proposal| {
                    let (design, costs) = self.judge(&proposal.design);
                    Evaluated { number: proposal.number, design, costs, violation: 0.0 }
                })
                .collect();
            points.extend(judged.iter().filter_map(|one| one.costs.clone()));
            search.learn(&judged);
        }
        Ok(hypervolume(&points, &REFERENCE))
    }

    fn judge(&self, crystal: &Crystal) -> (Crystal, Option<Vec<f64>>) {
        let options = RelaxOptions { fmax: FMAX, steps: STEPS, ..RelaxOptions::default() };
        let Some(relaxation) = relax(self.potential.as_ref(), &[crystal], &options).pop() else {
            return (crystal.clone(), None);
        };
        let costs = relaxation.verdict.is_usable().then_some(()).and_then(|()| {
            let relaxed = &relaxation.crystal;
            let per_atom = relaxation.prediction.as_ref()?.energy / relaxed.sites.len() as f64;
            let place =
                self.diagram.energy_above_hull(&relaxed.composition(), per_atom, Exclude::Nothing).ok()?;
            Some(vec![place.formation_energy, relaxed.density()])
        });
        (relaxation.crystal, costs)
    }
}
