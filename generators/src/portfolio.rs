//! Several generators side by side in one campaign.

use druse_representations::Design;
use serde_json::{Value, json};

use crate::generator::{Evaluated, Generator, GeneratorError, Proposal};

/// Shares the proposals of a campaign among generators by weight. Every generator learns from all
/// candidates, whoever proposed them.
pub struct Portfolio<D: Design> {
    parts: Vec<Part<D>>,
}

struct Part<D: Design> {
    generator: Box<dyn Generator<D>>,
    weight: f64,
    /// Proposals asked for so far.
    proposed: u64,
}

impl<D: Design> Portfolio<D> {
    /// Generators with their weights; weights need not add up to 1, those not above 0 get nothing.
    pub fn new(parts: Vec<(Box<dyn Generator<D>>, f64)>) -> Self {
        let part = |(generator, weight)| Part { generator, weight, proposed: 0 };
        Self { parts: parts.into_iter().map(part).collect() }
    }

    /// How many of the next `n` proposals each generator gets, so that the counts since the start
    /// stay as near to the weights as whole numbers can; the first of equals comes first.
    fn shares(&self, n: usize) -> Vec<usize> {
        let mut shares = vec![0; self.parts.len()];
        for _ in 0..n {
            let behind =
                |i: usize| (self.parts[i].proposed + shares[i] as u64 + 1) as f64 / self.parts[i].weight;
            let next = (0..self.parts.len())
                .filter(|&i| self.parts[i].weight > 0.0)
                .min_by(|&i, &j| behind(i).total_cmp(&behind(j)));
            if let Some(i) = next {
                shares[i] += 1;
            }
        }
        shares
    }
}

impl<D: Design> Generator<D> for Portfolio<D> {
    fn name(&self) -> &str {
        "portfolio"
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<D>>, GeneratorError> {
        let mut proposals = Vec::with_capacity(n);
        let mut failure = None;
        for (part, share) in self.shares(n).into_iter().enumerate().filter(|(_, share)| *share > 0) {
            let part = &mut self.parts[part];
            // Counted even when it delivers less: it shall not crowd out the others later.
            part.proposed += share as u64;
            match part.generator.propose(first + proposals.len() as u64, share) {
                Ok(new) => proposals.extend(new),
                // One generator that is used up does not stop the others.
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if proposals.is_empty() => Err(error),
            _ => Ok(proposals),
        }
    }

    fn learn(&mut self, evaluated: &[Evaluated<D>]) {
        for part in &mut self.parts {
            part.generator.learn(evaluated);
        }
    }

    fn state(&self) -> Value {
        self.parts
            .iter()
            .map(|part| json!({"proposed": part.proposed, "state": part.generator.state()}))
            .collect()
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        let bad =
            |reason: &str| GeneratorError::BadState { generator: "portfolio".into(), reason: reason.into() };
        let states = state.as_array().ok_or_else(|| bad("expected a list of states"))?;
        if states.len() != self.parts.len() {
            return Err(bad("another number of generators"));
        }
        for (part, state) in self.parts.iter_mut().zip(states) {
            part.proposed = state["proposed"].as_u64().ok_or_else(|| bad("no count of proposals"))?;
            part.generator.restore(&state["state"])?;
        }
        Ok(())
    }

    /// Entries with the place of their generator.
    fn journal(&mut self) -> Vec<Value> {
        let parts = self.parts.iter_mut().enumerate();
        parts
            .flat_map(|(place, part)| {
                part.generator.journal().into_iter().map(move |entry| json!([place, entry]))
            })
            .collect()
    }

    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        let place = entry[0].as_u64().and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.parts.get_mut(place)) {
            Some(part) => part.generator.replay(&entry[1]),
            None => Err(GeneratorError::BadState {
                generator: "portfolio".into(),
                reason: format!("the journal speaks of a generator that is not there: {}", entry[0]),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Lineage;
    use druse_representations::{Crystal, Lattice};

    /// Proposes up to `left` empty cells whose edge is the candidate number.
    struct Cells {
        name: &'static str,
        left: usize,
    }

    impl Generator<Crystal> for Cells {
        fn name(&self) -> &str {
            self.name
        }
        fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Crystal>>, GeneratorError> {
            if self.left == 0 {
                return Err(GeneratorError::Impossible {
                    generator: self.name.into(),
                    reason: "used up".into(),
                });
            }
            let n = n.min(self.left);
            self.left -= n;
            let lineage = Lineage::new(self.name, "count", vec![]);
            let cell = |number| Crystal { lattice: Lattice::cubic(1.0 + number as f64), sites: vec![] };
            Ok((first..first + n as u64)
                .map(|number| Proposal { number, design: cell(number), lineage: lineage.clone() })
                .collect())
        }
        fn learn(&mut self, _: &[Evaluated<Crystal>]) {}
        fn state(&self) -> Value {
            json!(self.left)
        }
        fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
            self.left = state.as_u64().unwrap_or(0) as usize;
            Ok(())
        }
    }

    fn portfolio() -> Portfolio<Crystal> {
        Portfolio::new(vec![
            (Box::new(Cells { name: "a", left: 100 }), 3.0),
            (Box::new(Cells { name: "b", left: 5 }), 1.0),
        ])
    }

    #[test]
    fn shares_follow_the_weights_and_numbers_run_on() {
        let mut portfolio = portfolio();
        let proposals = portfolio.propose(40, 16).unwrap();
        assert!(proposals.iter().map(|p| p.number).eq(40..56));
        assert_eq!(proposals.iter().filter(|p| p.lineage.generator == "b").count(), 4);
    }

    #[test]
    fn a_generator_that_is_used_up_leaves_the_rest_at_work() {
        let mut portfolio = portfolio();
        portfolio.propose(0, 40).unwrap();
        let saved = portfolio.state();
        let next: Vec<u64> = portfolio.propose(35, 8).unwrap().iter().map(|p| p.number).collect();
        assert_eq!(next, (35..41).collect::<Vec<_>>());
        portfolio.restore(&saved).unwrap();
        let again: Vec<u64> = portfolio.propose(35, 8).unwrap().iter().map(|p| p.number).collect();
        assert_eq!(next, again);
        assert!(portfolio.restore(&json!([])).is_err());
    }
}
