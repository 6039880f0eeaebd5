//! A program with a representation of its own: layered crystals as a stacking sequence. The genetic algorithms
//! and random search of druse work on it.
//!
//! ```text
//! cargo run -p druse-example-representation -- run runs/examples/representation/campaign.toml --out layers
//! ```
//!
//! A representation is a way to write designs down (the genome) with a [`Breeder`] that makes new ones, varies
//! and mixes them. Selection, duplicates, state and restart are the business of druse.

use std::process::ExitCode;

use druse::datasets::elements::ionic_radius;
use druse::generators::breeding::{Constraints, fnv1a};
use druse::generators::rand::RngExt;
use druse::generators::rand_chacha::ChaCha8Rng;
use druse::generators::{Breeder, DesignSpace, Sprout};
use druse::plugins::{AnyError, Setting};
use druse::representations::{Crystal, Design, Element, Lattice};
use serde::{Deserialize, Serialize};

fn main() -> ExitCode {
    druse::Program::new()
        .of(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .representation("layers", |setting: &Setting<Crystal>| Layers::new(&setting.space))
        .main()
}

/// A stack of square layers of cation and anion, as in rock salt along a cubic axis: one cation for each
/// layer, the same anion in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stack {
    cations: Vec<Element>,
    anion: Element,
}

/// Makes stacks of monovalent ions.
#[derive(Clone)]
struct Layers {
    space: DesignSpace,
    cations: Vec<Element>,
    anions: Vec<Element>,
    /// Most layers.
    most: usize,
}

#[derive(Clone, Copy)]
enum Operator {
    /// One layer gets another cation.
    Substitute,
    /// The anion changes.
    Anion,
    /// The lower layers of one parent below the upper layers of the other.
    Cross,
}

impl Layers {
    fn new(space: &DesignSpace) -> Result<Self, AnyError> {
        let ions = |charge| -> Vec<Element> {
            let all = space.elements.iter().copied();
            all.filter(|element| ionic_radius(*element, charge, 6).is_some()).collect()
        };
        let (cations, anions, most) = (ions(1), ions(-1), space.atoms[1] / 2);
        if cations.is_empty() || anions.is_empty() || most == 0 {
            return Err("layers need a monovalent cation, a monovalent anion and room for two atoms".into());
        }
        Ok(Self { space: space.clone(), cations, anions, most })
    }

    /// The crystal: layers as wide as the mean bond asks for, each as high as its own bond.
    fn decode(&self, stack: &Stack) -> Option<Crystal> {
        let anion = ionic_radius(stack.anion, -1, 6)?;
        let bonds = stack.cations.iter().map(|cation| Some(ionic_radius(*cation, 1, 6)? + anion));
        let bonds: Vec<f64> = bonds.collect::<Option<_>>()?;
        let height: f64 = bonds.iter().sum();
        let edge = 2f64.sqrt() * height / bonds.len() as f64;
        // Ions alternate along the stack, so an odd number of layers is shifted by half a cell at its top.
        let shift = if bonds.len() % 2 == 1 { edge / 2.0 } else { 0.0 };
        let lattice = Lattice::from_rows([[edge, 0.0, 0.0], [0.0, edge, 0.0], [shift, shift, height]]);
        let (mut atoms, mut z) = (Vec::new(), 0.0);
        for (layer, (cation, bond)) in stack.cations.iter().zip(&bonds).enumerate() {
            let height_here = z / height;
            // Fractional coordinates of the slanted cell.
            let place = |x: f64| x - shift / edge * height_here;
            let (x, y) = if layer % 2 == 0 { (0.0, 0.5) } else { (0.5, 0.0) };
            atoms.push((*cation, [place(x), place(x), height_here]));
            atoms.push((stack.anion, [place(y), place(y), height_here]));
            z += bond;
        }
        Some(Crystal::ordered(lattice, atoms).wrapped())
    }

    fn sprout(&self, genome: Stack, operator: &'static str, parents: usize) -> Option<Sprout<Self>> {
        let design = self.decode(&genome)?;
        self.space.check_design(&design).ok()?;
        let key = fnv1a(design.content_id().as_bytes());
        Some(Sprout { genome, design, key, operator, parents })
    }
}

/// One of a list that is not empty.
fn any<T: Copy>(list: &[T], rng: &mut ChaCha8Rng) -> T {
    list[rng.random_range(0..list.len())]
}

impl Breeder for Layers {
    type Design = Crystal;
    type Genome = Stack;
    type Operator = Operator;

    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>> {
        let layers = rng.random_range(1..=self.most);
        let cations = (0..layers).map(|_| any(&self.cations, rng)).collect();
        let anion = any(&self.anions, rng);
        self.sprout(Stack { cations, anion }, "random stack", 0)
    }

    fn operator(&self, rng: &mut ChaCha8Rng) -> Operator {
        any(&[Operator::Substitute, Operator::Anion, Operator::Cross], rng)
    }

    fn child(
        &self,
        operator: Operator,
        first: &Stack,
        second: &Stack,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        let mut stack = first.clone();
        match operator {
            Operator::Substitute => {
                let layer = rng.random_range(0..stack.cations.len());
                stack.cations[layer] = any(&self.cations, rng);
                self.sprout(stack, "substitute layer", 1)
            }
            Operator::Anion => {
                stack.anion = any(&self.anions, rng);
                self.sprout(stack, "change anion", 1)
            }
            Operator::Cross => {
                stack.cations.truncate(rng.random_range(1..=stack.cations.len()));
                let from = rng.random_range(0..second.cations.len());
                stack.cations.extend(&second.cations[from..]);
                stack.cations.truncate(self.most);
                self.sprout(stack, "stack on top", 2)
            }
        }
    }

    fn holds(&self, sprout: &Sprout<Self>) -> bool {
        self.space.check_design(&sprout.design).is_ok()
    }

    /// A relaxed crystal is remembered as the stack that it was made from; crystals of other generators are no
    /// stacks.
    fn genome(&self, _: &Crystal, proposed: Option<Stack>) -> Option<Stack> {
        proposed
    }

    fn is_valid(&self, stack: &Stack) -> bool {
        !stack.cations.is_empty() && self.decode(stack).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse::generators::{Genetic, GeneticOptions, Selection, check_breeder, check_generator};

    fn space() -> DesignSpace {
        DesignSpace {
            atoms: [2, 10],
            ..DesignSpace::new(["Li", "Na", "K", "Rb", "F", "Cl", "Br", "I"].map(|s| s.parse().unwrap()))
        }
    }

    #[test]
    fn the_breeder_conforms() {
        let layers = Layers::new(&space()).unwrap();
        check_breeder("layers", &layers, &space()).unwrap();
    }

    #[test]
    fn genetic_algorithms_on_it_conform() {
        let options = GeneticOptions { population: 12, initial: 12, ..GeneticOptions::default() };
        let mut nsga2 = Genetic::new(Selection::Nsga2, Layers::new(&space()).unwrap(), 1, options);
        let costs = |crystal: &Crystal| vec![crystal.density(), crystal.sites.len() as f64];
        check_generator(&mut nsga2, &space(), &costs).unwrap();
    }

    #[test]
    fn one_layer_is_rock_salt() {
        let layers = Layers::new(&space()).unwrap();
        let stack = Stack { cations: vec!["Na".parse().unwrap()], anion: "Cl".parse().unwrap() };
        let salt = layers.decode(&stack).unwrap();
        // Shannon's radii give 2.83 Å; the bond is 2.82 Å.
        assert!((salt.density() - 2.14).abs() < 0.02, "{}", salt.density());
        let found = druse::representations::symmetry::analyse(&salt, 0.01).unwrap();
        assert_eq!(found.number, 225);
    }
}
