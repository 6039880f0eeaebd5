//! How fast generators propose.
//!
//! ```text
//! cargo run --release -p druse-generators --no-default-features --example propose_speed
//! ```
//!
//! Each generator makes 20 batches of 40 proposals, crystals in the space of the default campaign and
//! complexes of six metals with thirteen ligands that may evolve, and learns from two cheap costs; the
//! clock runs during `propose` only.

use std::error::Error;
use std::time::{Duration, Instant};

use druse_generators::complexes::LigandLimits;
use druse_generators::{
    COMPLEX_GENERATORS, CRYSTAL_GENERATORS, ComplexSpace, DesignSpace, Evaluated, Generator, GeneticOptions,
    LigandPool, complex_generator, crystal_generator,
};
use druse_representations::{Complex, Crystal, Design, Element, Geometry, Ligand};

const ELEMENTS: &str = "Li Na K Mg Ca Sr Ba Ti Zr V Cr Mo W Mn Fe Co Ni Cu Zn B Al C Si Sn N P O S F Cl";
const METALS: [(&str, i32); 6] = [("Mn", 2), ("Fe", 2), ("Co", 3), ("Ni", 2), ("Cu", 1), ("Ru", 2)];
const LIGANDS: &str = "[Cl-:1] [NH3:1] [OH2:1] [C-:1]#N [C-:1]#[O+] C[P:1](C)C c1cc[n:1]cc1 \
    [NH2:1]CC[NH2:2] CC(=[O:1])C=C(C)[O-:2] c1cc[n:1]c(c1)-c1cccc[n:2]1 [c-:1]1ccccc1-c1cccc[n:2]1 \
    c1ccc(cc1)[P:1](c1ccccc1)CC[P:2](c1ccccc1)c1ccccc1 c1cc[n:1]c(c1)-c1cccc([n:2]1)-c1cccc[n:3]1";

fn main() -> Result<(), Box<dyn Error>> {
    let options = GeneticOptions::default();
    let elements: Vec<Element> = ELEMENTS.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let space = DesignSpace { element_count: [2, 4], atoms: [2, 12], ..DesignSpace::new(elements) };
    for (name, _) in CRYSTAL_GENERATORS {
        // Wyckoff tables are computed once per group: not part of the speed.
        crystal_generator(name, &space, 1, &options)?.propose(1_000_000, 200)?;
        let costs = |crystal: &Crystal| vec![crystal.density(), -crystal.composition().mass()];
        measure(&format!("crystals {name}"), crystal_generator(name, &space, 2, &options)?, &costs)?;
    }
    let metals: Vec<(Element, Vec<i32>)> = METALS
        .iter()
        .map(|&(symbol, state)| Ok((symbol.parse()?, vec![state])))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let ligands = LIGANDS.split_whitespace().map(Ligand::from_smiles).collect::<Result<LigandPool, _>>()?;
    let space = ComplexSpace {
        evolve: Some(LigandLimits::default()),
        ..ComplexSpace::new(
            metals,
            [Geometry::Tetrahedral, Geometry::SquarePlanar, Geometry::Octahedral],
            ligands,
        )
    };
    for (name, _) in COMPLEX_GENERATORS {
        let costs = |complex: &Complex| vec![complex.composition().mass(), -(complex.ligands.len() as f64)];
        measure(&format!("complexes {name}"), complex_generator(name, &space, 2, &options)?, &costs)?;
    }
    Ok(())
}

fn measure<D: Design>(
    name: &str,
    mut generator: Box<dyn Generator<D>>,
    costs: &dyn Fn(&D) -> Vec<f64>,
) -> Result<(), Box<dyn Error>> {
    let (mut spent, mut count) = (Duration::ZERO, 0);
    for batch in 0..20 {
        let start = Instant::now();
        let proposals = generator.propose(40 * batch, 40)?;
        spent += start.elapsed();
        count += proposals.len();
        let evaluated: Vec<_> = proposals
            .into_iter()
            .map(|p| Evaluated {
                number: p.number,
                costs: Some(costs(&p.design)),
                design: p.design,
                violation: 0.0,
            })
            .collect();
        generator.learn(&evaluated);
    }
    println!("{name:22} {count} proposals, {:.0} per second", count as f64 / spent.as_secs_f64());
    Ok(())
}
