//! How fast generators propose.
//!
//! ```text
//! cargo run --release -p druse-generators --no-default-features --example propose_speed
//! ```
//!
//! Each generator makes 20 batches of 40 proposals in the space of the default campaign and learns
//! from density and mass; the clock runs during `propose` only.

use std::error::Error;
use std::time::{Duration, Instant};

use druse_generators::{CRYSTAL_GENERATORS, DesignSpace, Evaluated, GeneticOptions, crystal_generator};
use druse_representations::Element;

const ELEMENTS: &str = "Li Na K Mg Ca Sr Ba Ti Zr V Cr Mo W Mn Fe Co Ni Cu Zn B Al C Si Sn N P O S F Cl";

fn main() -> Result<(), Box<dyn Error>> {
    let elements: Vec<Element> = ELEMENTS.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let space = DesignSpace { element_count: [2, 4], atoms: [2, 12], ..DesignSpace::new(elements) };
    for (name, _) in CRYSTAL_GENERATORS {
        let mut generator = crystal_generator(name, &space, 1, &GeneticOptions::default())?;
        // Wyckoff tables are computed once per group: not part of the speed.
        generator.propose(1_000_000, 200)?;
        let mut generator = crystal_generator(name, &space, 2, &GeneticOptions::default())?;
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
                    costs: Some(vec![p.design.density(), -p.design.composition().mass()]),
                    design: p.design,
                    violation: 0.0,
                })
                .collect();
            generator.learn(&evaluated);
        }
        println!("{name:13} {count} proposals, {:.0} per second", count as f64 / spent.as_secs_f64());
    }
    Ok(())
}
