//! A program with a generator of its own: alkali halides in three structure types, better elements more often.
//!
//! ```text
//! cargo run -p druse-example-generator -- run runs/examples/generator/campaign.toml --out halides
//! ```
//!
//! A generator is asked ([`Generator::propose`]) and told ([`Generator::learn`]). Its random numbers come from
//! the seed of the campaign and the number of the candidate alone. [`Generator::state`] holds what it knows and
//! [`Generator::journal`] what it has to remember of every candidate, so that a campaign that was stopped goes on
//! as if it had not been.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use druse::datasets::elements::ionic_radius;
use druse::generators::breeding::Constraints;
use druse::generators::rand::RngExt;
use druse::generators::{DesignSpace, Evaluated, Generator, GeneratorError, Lineage, Proposal, stream};
use druse::plugins::Setting;
use druse::representations::{Crystal, Design, Element, Lattice};
use serde::{Deserialize, Serialize};

/// Trials for one candidate before there is nothing new.
const TRIALS: usize = 500;

fn main() -> ExitCode {
    druse::Program::new()
        .of(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .generator("halides", |setting: &Setting<Crystal>| Halides::new(setting))
        .main()
}

/// `[generator.options]` of the campaign file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Cells are stretched by at most this share in either direction.
    stretch: f64,
}

struct Halides {
    seed: u64,
    space: DesignSpace,
    options: Options,
    memory: Memory,
    /// Content ids of all that was proposed.
    seen: BTreeSet<String>,
    /// Those of them that the journal has not handed over.
    new: Vec<String>,
}

/// What the generator knows; small, because it is written after every step.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    /// Sum of costs and number of the evaluated crystals with an element, by symbol.
    costs: BTreeMap<String, (f64, u64)>,
}

impl Halides {
    fn new(setting: &Setting<Crystal>) -> Result<Self, druse::plugins::AnyError> {
        let options: Options = setting.options()?;
        if !(0.0..0.5).contains(&options.stretch) {
            return Err(format!("stretch is {}, expected 0 to 0.5", options.stretch).into());
        }
        let space = setting.space.clone();
        Ok(Self {
            seed: setting.seed,
            space,
            options,
            memory: Memory::default(),
            seen: BTreeSet::new(),
            new: Vec::new(),
        })
    }

    /// The elements of the space that have an ion of this charge.
    fn ions(&self, charge: i8) -> Vec<Element> {
        let is_ion = |element: &Element| ionic_radius(*element, charge, 6).is_some();
        self.space.elements.iter().copied().filter(is_ion).collect()
    }

    /// One of two drawn elements: that with the smaller mean cost.
    fn better(&self, elements: &[Element], rng: &mut impl RngExt) -> Option<Element> {
        let mut draw = || elements.get(rng.random_range(0..elements.len().max(1))).copied();
        let (first, second) = (draw()?, draw()?);
        let mean = |element: Element| match self.memory.costs.get(element.symbol()) {
            Some((sum, count)) => sum / *count as f64,
            None => f64::NEG_INFINITY, // Unknown ones first.
        };
        Some(if mean(second) < mean(first) { second } else { first })
    }

    /// A crystal that need not be allowed, with the name of its structure type.
    fn draw(&self, rng: &mut impl RngExt) -> Option<(Crystal, &'static str)> {
        let cation = self.better(&self.ions(1), rng)?;
        let anion = self.better(&self.ions(-1), rng)?;
        let bond = ionic_radius(cation, 1, 6)? + ionic_radius(anion, -1, 6)?;
        let stretch = self.options.stretch;
        let bond = bond * (1.0 + stretch * (2.0 * rng.random::<f64>() - 1.0));
        let face_centred = |edge: f64| {
            let h = edge / 2.0;
            Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]])
        };
        let (name, lattice, place) = match rng.random_range(0..3) {
            0 => ("rock salt", face_centred(2.0 * bond), 0.5),
            1 => ("zinc blende", face_centred(4.0 / 3f64.sqrt() * bond), 0.25),
            _ => ("caesium chloride", Lattice::cubic(2.0 / 3f64.sqrt() * bond), 0.5),
        };
        Some((Crystal::ordered(lattice, [(cation, [0.0; 3]), (anion, [place; 3])]), name))
    }
}

impl Generator<Crystal> for Halides {
    fn name(&self) -> &str {
        "halides"
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Crystal>>, GeneratorError> {
        let mut proposals = Vec::new();
        for number in first..first + n as u64 {
            let mut rng = stream(self.seed, number);
            let new = (0..TRIALS).find_map(|_| {
                let (design, operator) = self.draw(&mut rng)?;
                let fresh = !self.seen.contains(&design.content_id());
                (fresh && self.space.check_design(&design).is_ok()).then_some((design, operator))
            });
            let Some((design, operator)) = new else { break };
            self.seen.insert(design.content_id());
            self.new.push(design.content_id());
            let lineage = Lineage::new(self.name(), operator, Vec::new());
            proposals.push(Proposal { number, design, lineage });
        }
        if proposals.is_empty() && n > 0 {
            let reason = format!("{TRIALS} trials gave nothing new");
            return Err(GeneratorError::Impossible { generator: self.name().to_owned(), reason });
        }
        Ok(proposals)
    }

    fn learn(&mut self, evaluated: &[Evaluated<Crystal>]) {
        for one in evaluated {
            // Rejected candidates have no costs.
            let Some(costs) = &one.costs else { continue };
            let cost: f64 = costs.iter().sum();
            for (element, _) in one.design.composition().iter() {
                let entry = self.memory.costs.entry(element.symbol().to_owned()).or_default();
                *entry = (entry.0 + cost, entry.1 + 1);
            }
        }
    }

    fn state(&self) -> serde_json::Value {
        serde_json::to_value(&self.memory).unwrap_or_default()
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), GeneratorError> {
        self.memory = serde_json::from_value(state.clone()).map_err(|error| GeneratorError::BadState {
            generator: self.name().to_owned(),
            reason: error.to_string(),
        })?;
        self.seen.clear();
        self.new.clear();
        Ok(())
    }

    fn journal(&mut self) -> Vec<serde_json::Value> {
        std::mem::take(&mut self.new).into_iter().map(Into::into).collect()
    }

    fn replay(&mut self, entry: &serde_json::Value) -> Result<(), GeneratorError> {
        let id = entry.as_str().ok_or_else(|| GeneratorError::BadState {
            generator: self.name().to_owned(),
            reason: format!("found the entry {entry}, expected a text"),
        })?;
        self.seen.insert(id.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse::generators::check_generator;

    #[test]
    fn the_generator_conforms() {
        let space = DesignSpace::new(["Li", "Na", "K", "F", "Cl", "Br"].map(|s| s.parse().unwrap()));
        let options = serde_json::from_str(r#"{"stretch": 0.1}"#).unwrap();
        let setting = Setting { seed: 1, space: space.clone(), options };
        let mut halides = Halides::new(&setting).unwrap();
        check_generator(&mut halides, &space, &|crystal: &Crystal| vec![crystal.density()]).unwrap();
    }

    #[test]
    fn options_are_checked() {
        let space = DesignSpace::new(["Na", "Cl"].map(|s| s.parse().unwrap()));
        let options = serde_json::from_str(r#"{"strech": 0.1}"#).unwrap();
        let error = Halides::new(&Setting { seed: 1, space, options }).err().unwrap().to_string();
        assert!(error.starts_with("generator.options: unknown field `strech`"), "{error}");
    }
}
