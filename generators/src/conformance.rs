//! What every generator must keep to, as a check for plug-ins and for our own.

use std::collections::BTreeSet;

use druse_representations::Design;
use serde_json::Value;

use crate::breeding::Constraints;
use crate::generator::{Evaluated, Generator, Proposal};

/// Batches that are proposed.
const BATCHES: u64 = 4;
/// Proposals per batch.
const BATCH: usize = 12;

/// A rule that a generator does not keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("generator '{generator}' breaks the rule '{rule}': {detail}")]
pub struct Nonconformance {
    /// Generator.
    pub generator: String,
    /// Rule.
    pub rule: &'static str,
    /// What was found.
    pub detail: String,
}

/// Runs a generator for some batches with `costs` as evaluation and checks that
///
/// * proposals are numbered on from the number asked for, at most as many as wanted;
/// * the lineage names the generator and its parents came before;
/// * every design keeps all constraints of `space`;
/// * no design is proposed twice;
/// * failed candidates (without costs) and those of others do no harm;
/// * a run that is interrupted between batches, its state taken through text, proposes the same
///   as one that is not;
/// * a state that is none is refused and leaves the generator as it was.
///
/// The generator is left in a later state than before.
///
/// # Errors
/// The first rule that is broken.
pub fn check_generator<D: Design>(
    generator: &mut dyn Generator<D>,
    space: &dyn Constraints<D>,
    costs: &dyn Fn(&D) -> Vec<f64>,
) -> Result<(), Nonconformance> {
    let name = generator.name().to_owned();
    let broken =
        |rule: &'static str, detail: String| Nonconformance { generator: name.clone(), rule, detail };
    let start = through_text(&generator.state());
    let first = run(generator, space, costs, false, &broken)?;
    generator.restore(&start).map_err(|e| broken("a saved state is restored", e.to_string()))?;
    let second = run(generator, space, costs, true, &broken)?;
    if let Some((a, b)) = first.iter().zip(&second).find(|(a, b)| a != b) {
        return Err(broken("the same state gives the same proposals", format!("{a} became {b}")));
    }
    if first.len() != second.len() {
        let detail = format!("{} proposals became {}", first.len(), second.len());
        return Err(broken("the same state gives the same proposals", detail));
    }
    let before = generator.state();
    if generator.restore(&Value::from("no state")).is_ok() {
        return Err(broken("a broken state is refused", "the text 'no state' was accepted".into()));
    }
    if generator.state() != before {
        return Err(broken("a refused state changes nothing", "the state changed".into()));
    }
    Ok(())
}

/// Proposes, checks and teaches; returns what was proposed as text. An interrupted run takes the
/// state through text between batches.
fn run<D: Design>(
    generator: &mut dyn Generator<D>,
    space: &dyn Constraints<D>,
    costs: &dyn Fn(&D) -> Vec<f64>,
    interrupted: bool,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<Vec<String>, Nonconformance> {
    let mut texts = Vec::new();
    let mut ids = BTreeSet::new();
    let mut next = 0;
    for batch in 0..BATCHES {
        if interrupted && batch > 0 {
            let state = through_text(&generator.state());
            generator.restore(&state).map_err(|e| broken("a saved state is restored", e.to_string()))?;
        }
        let proposals = match generator.propose(next, BATCH) {
            Ok(proposals) => proposals,
            Err(error) if batch == 0 => return Err(broken("something is proposed", error.to_string())),
            Err(_) => break,
        };
        if proposals.len() > BATCH {
            return Err(broken("no more proposals than wanted", format!("{} of {BATCH}", proposals.len())));
        }
        let mut evaluated = Vec::new();
        for (proposal, number) in proposals.iter().zip(next..) {
            check_proposal(proposal, number, generator.name(), space, broken)?;
            if !ids.insert(proposal.design.content_id()) {
                return Err(broken("nothing is proposed twice", format!("candidate {number}")));
            }
            texts.push(serde_json::to_string(&proposal.design).unwrap_or_default());
            // Every fifth candidate fails, every seventh is infeasible.
            evaluated.push(Evaluated {
                number,
                design: proposal.design.clone(),
                costs: (number % 5 != 4).then(|| costs(&proposal.design)),
                violation: if number % 7 == 6 { 1.0 } else { 0.0 },
            });
        }
        next += proposals.len() as u64;
        if let Some(one) = evaluated.first().cloned() {
            evaluated.push(Evaluated { number: next + 1_000_000, ..one });
        }
        generator.learn(&evaluated);
    }
    Ok(texts)
}

fn check_proposal<D: Design>(
    proposal: &Proposal<D>,
    number: u64,
    name: &str,
    space: &dyn Constraints<D>,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    let Proposal { design, lineage, .. } = proposal;
    if proposal.number != number {
        return Err(broken("numbers count on", format!("expected {number}, found {}", proposal.number)));
    }
    if lineage.generator != name || lineage.operator.is_empty() {
        return Err(broken("the lineage names generator and operator", format!("{lineage:?}")));
    }
    if let Some(parent) = lineage.parents.iter().find(|&&parent| parent == number) {
        return Err(broken("parents come before", format!("candidate {number} has parent {parent}")));
    }
    space
        .check_design(design)
        .map_err(|violation| broken("constraints hold", format!("candidate {number}: {violation}")))
}

fn through_text(state: &Value) -> Value {
    serde_json::from_str(&state.to_string()).unwrap_or(Value::Null)
}
