//! Known designs before any that are generated.

use std::collections::{BTreeMap, BTreeSet};

use druse_representations::Design;
use serde_json::{Value, json};

use crate::breeding::Constraints;
use crate::generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};

const NAME: &str = "warm_start";

/// A design to begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct Seed<D> {
    /// The design.
    pub design: D,
    /// The kind of source, such as `file`; the operator of its lineage.
    pub operator: String,
    /// Where it comes from.
    pub note: String,
}

/// Proposes given designs first, in their order, and then lets another generator go on, which learns
/// from all of them.
///
/// They keep to hard constraints as all proposals do: those that do not are left out and counted, and
/// so are repetitions.
pub struct WarmStart<D: Design> {
    seeds: Vec<Seed<D>>,
    next: usize,
    left_out: BTreeMap<String, u64>,
    rest: Box<dyn Generator<D>>,
}

impl<D: Design> WarmStart<D> {
    /// These designs, as far as they keep to the constraints, before what `rest` proposes.
    pub fn new(
        seeds: impl IntoIterator<Item = Seed<D>>,
        constraints: &dyn Constraints<D>,
        rest: Box<dyn Generator<D>>,
    ) -> Self {
        let mut start = Self { seeds: Vec::new(), next: 0, left_out: BTreeMap::new(), rest };
        let mut seen = BTreeSet::new();
        for seed in seeds {
            let problem = match constraints.check_design(&seed.design) {
                Err(reason) => Some(reason),
                Ok(()) => (!seen.insert(seed.design.content_id())).then(|| "the same twice".to_owned()),
            };
            match problem {
                Some(reason) => *start.left_out.entry(reason).or_default() += 1,
                None => start.seeds.push(seed),
            }
        }
        start
    }

    /// Designs that are proposed.
    pub fn seeds(&self) -> &[Seed<D>] {
        &self.seeds
    }

    /// Designs that are not, by reason.
    pub fn left_out(&self) -> &BTreeMap<String, u64> {
        &self.left_out
    }
}

impl<D: Design> Generator<D> for WarmStart<D> {
    fn name(&self) -> &str {
        NAME
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<D>>, GeneratorError> {
        let seeds = self.seeds[self.next..].iter().take(n).zip(first..);
        let mut proposals: Vec<Proposal<D>> = seeds
            .map(|(seed, number)| Proposal {
                number,
                design: seed.design.clone(),
                lineage: Lineage {
                    generator: NAME.to_owned(),
                    operator: seed.operator.clone(),
                    parents: Vec::new(),
                    note: Some(seed.note.clone()),
                },
            })
            .collect();
        self.next += proposals.len();
        if proposals.len() < n {
            match self.rest.propose(first + proposals.len() as u64, n - proposals.len()) {
                Ok(more) => proposals.extend(more),
                Err(error) if proposals.is_empty() => return Err(error),
                // It says so again when it is asked the next time.
                Err(_) => {}
            }
        }
        Ok(proposals)
    }

    fn learn(&mut self, evaluated: &[Evaluated<D>]) {
        self.rest.learn(evaluated);
    }

    fn state(&self) -> Value {
        json!({ "next": self.next, "rest": self.rest.state() })
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        let bad =
            |reason: &str| GeneratorError::BadState { generator: NAME.to_owned(), reason: reason.to_owned() };
        let next = state["next"].as_u64().ok_or_else(|| bad("no count of designs"))? as usize;
        if next > self.seeds.len() {
            return Err(bad("more designs than there are"));
        }
        self.rest.restore(&state["rest"])?;
        self.next = next;
        Ok(())
    }

    fn journal(&mut self) -> Vec<Value> {
        self.rest.journal()
    }

    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        self.rest.replay(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::check_generator;
    use crate::crystals::DesignSpace;
    use crate::genetic::GeneticOptions;
    use crate::registry::crystal_generator;
    use druse_representations::{Crystal, Lattice};

    fn cube(edge: f64, symbol: &str) -> Seed<Crystal> {
        let design = Crystal::ordered(Lattice::cubic(edge), [(symbol.parse().unwrap(), [0.0; 3])]);
        Seed { design, operator: "file".into(), note: format!("cubes: {edge}") }
    }

    fn space() -> DesignSpace {
        let mut space = DesignSpace::new(["Po", "Na", "Cl"].map(|symbol| symbol.parse().unwrap()));
        space.element_count = [1, 2];
        space
    }

    fn start(seeds: Vec<Seed<Crystal>>) -> WarmStart<Crystal> {
        let space = space();
        let rest = crystal_generator("random", &space, 1, &GeneticOptions::default()).unwrap();
        WarmStart::new(seeds, &space, rest)
    }

    #[test]
    fn it_is_a_generator_like_any_other() {
        let mut start = start((0..60).map(|i| cube(3.0 + 0.05 * f64::from(i), "Po")).collect());
        check_generator(&mut start, &space(), &|crystal: &Crystal| vec![crystal.lattice.volume()]).unwrap();
    }

    #[test]
    fn what_may_not_be_proposed_is_left_out_and_the_rest_goes_on() {
        let mut start = start(vec![cube(3.0, "Po"), cube(3.0, "Xe"), cube(3.0, "Po"), cube(3.4, "Po")]);
        assert_eq!(start.left_out()["the same twice"], 1);
        assert_eq!(start.left_out().values().sum::<u64>(), 2, "{:?}", start.left_out());
        let proposals = start.propose(7, 5).unwrap();
        assert!(proposals.iter().map(|proposal| proposal.number).eq(7..12));
        let notes: Vec<_> =
            proposals.iter().filter_map(|proposal| proposal.lineage.note.as_deref()).collect();
        assert_eq!(notes, ["cubes: 3", "cubes: 3.4"]);
        assert_eq!(proposals[2].lineage.generator, "random");
        assert!(start.restore(&json!({ "next": 3, "rest": null })).is_err());
    }
}
