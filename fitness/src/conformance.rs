//! What every objective, tier and potential must keep to, as checks for plug-ins and for our own.
//!
//! ```
//! use druse_fitness::conformance::check_objective;
//! use druse_fitness::objectives::Density;
//! use druse_fitness::Properties;
//! use druse_representations::conformance::retold_crystal;
//! use druse_representations::{Crystal, Lattice};
//!
//! let iron = "Fe".parse().unwrap();
//! let bcc = Crystal::ordered(Lattice::cubic(2.866), [(iron, [0.0; 3]), (iron, [0.5; 3])]);
//! check_objective(&Density, &[(bcc, Properties::new())], &retold_crystal, 1e-9).unwrap();
//! ```

mod potential;

use std::collections::BTreeSet;

use druse_representations::Design;
use druse_representations::conformance::{Nonconformance, Retell};

pub use potential::check_potential;

use crate::objective::{Goal, Objective, ObjectiveError, Properties, Tier, TierOutcome};

/// Checks of an objective that
///
/// * name and unit say something, and a target is a finite number;
/// * every value is finite (or there is an error instead), and some design has one;
/// * the same design has the same value twice;
/// * a batch, in any order, gives what its designs give alone, one result for each;
/// * whatever `retell` changes about how a design is told, such as the
///   [cell of a crystal](druse_representations::conformance::retold_crystal), changes no value by more than
///   `tolerance` of its size (or of 1, when it is smaller), nor whether there is one.
///
/// # Errors
/// The first rule that is broken.
pub fn check_objective<D: Design>(
    objective: &dyn Objective<D>,
    items: &[(D, Properties)],
    retell: Retell<'_, D>,
    tolerance: f64,
) -> Result<(), Nonconformance> {
    let part = format!("objective '{}'", objective.name());
    let broken = |rule, detail: String| Nonconformance::new(part.as_str(), rule, detail);
    if objective.name().trim().is_empty() || objective.unit().trim().is_empty() {
        let detail = format!("name '{}', unit '{}'", objective.name(), objective.unit());
        return Err(broken("it has a name and a unit (1 for pure numbers)", detail));
    }
    if let Goal::Target(target) = objective.goal()
        && !target.is_finite()
    {
        return Err(broken("a target is a finite number", target.to_string()));
    }
    if objective.protocol().is_some_and(|protocol| protocol.trim().is_empty()) {
        return Err(broken("a protocol says something", "it is empty".into()));
    }
    let alone: Vec<_> = items.iter().map(|(design, known)| objective.evaluate(design, known)).collect();
    for (index, value) in alone.iter().enumerate() {
        if let Ok(value) = value
            && !value.is_finite()
        {
            return Err(broken("values are finite numbers", format!("design {index}: {value}")));
        }
    }
    if !alone.iter().any(Result::is_ok) {
        let first = alone.first().and_then(|value| value.as_ref().err().map(ObjectiveError::to_string));
        let detail = first.unwrap_or_else(|| "no designs were given".to_owned());
        return Err(broken("some design has a value", detail));
    }
    let again: Vec<_> = items.iter().map(|(design, known)| objective.evaluate(design, known)).collect();
    same(&alone, &again).map_err(|detail| broken("the same design has the same value", detail))?;
    let batch: Vec<(&D, &Properties)> = items.iter().map(|(design, known)| (design, known)).collect();
    let together = objective.evaluate_batch(&batch);
    same(&alone, &together).map_err(|detail| broken("a batch gives what its designs give alone", detail))?;
    let backwards: Vec<(&D, &Properties)> = batch.iter().rev().copied().collect();
    let mut reversed = objective.evaluate_batch(&backwards);
    reversed.reverse();
    same(&alone, &reversed).map_err(|detail| broken("the order of a batch does not matter", detail))?;
    if !objective.evaluate_batch(&[]).is_empty() {
        return Err(broken(
            "a batch gives what its designs give alone",
            "an empty batch gave a value".into(),
        ));
    }
    for ((design, known), value) in items.iter().zip(&alone) {
        for (change, other) in retell(design) {
            let rule = "it does not matter how a design is told";
            match (value, objective.evaluate(&other, known)) {
                (Ok(a), Ok(b)) if (a - b).abs() <= tolerance * a.abs().max(1.0) => {}
                (Err(_), Err(_)) => {}
                (a, b) => return Err(broken(rule, format!("{change}: {a:?} became {b:?}"))),
            }
        }
    }
    Ok(())
}

/// Whether two lists of results agree; an error agrees with any other.
fn same(a: &[Result<f64, ObjectiveError>], b: &[Result<f64, ObjectiveError>]) -> Result<(), String> {
    if a.len() != b.len() {
        return Err(format!("{} results for {} designs", b.len(), a.len()));
    }
    let differs = |(a, b): (&Result<f64, _>, &Result<f64, _>)| match (a, b) {
        (Ok(a), Ok(b)) => a != b,
        (a, b) => a.is_ok() != b.is_ok(),
    };
    match a.iter().zip(b).position(differs) {
        Some(index) => Err(format!("design {index}: {:?} became {:?}", a[index], b[index])),
        None => Ok(()),
    }
}

/// Checks of a tier that
///
/// * name and protocol say something, and the properties that it says it writes have names, each once;
/// * it gives one outcome for each design, the same every time and whatever else is in the batch;
/// * properties are finite numbers, and rejections have a reason;
/// * a design that passed survives being written and read; a tier that says that it only rejects leaves it
///   as it was.
///
/// # Errors
/// The first rule that is broken.
pub fn check_tier<D: Design>(tier: &dyn Tier<D>, items: &[(D, Properties)]) -> Result<(), Nonconformance> {
    let part = format!("tier '{}'", tier.name());
    let broken = |rule, detail: String| Nonconformance::new(part.as_str(), rule, detail);
    if tier.name().trim().is_empty() || tier.protocol().trim().is_empty() {
        let detail = format!("name '{}', protocol '{}'", tier.name(), tier.protocol());
        return Err(broken("it has a name and a protocol", detail));
    }
    if tier.protocol() != tier.protocol() {
        return Err(broken("the protocol stays", format!("'{}' became another", tier.protocol())));
    }
    let names: Vec<String> = tier.writes();
    let distinct: BTreeSet<&String> = names.iter().collect();
    if distinct.len() != names.len() || names.iter().any(|name| name.trim().is_empty()) {
        return Err(broken("properties that it writes have names, each once", format!("{names:?}")));
    }
    if items.is_empty() {
        return Err(broken("something is checked", "no designs were given".into()));
    }
    let batch: Vec<(&D, &Properties)> = items.iter().map(|(design, known)| (design, known)).collect();
    let together = tier.run(&batch);
    if together.len() != items.len() || !tier.run(&[]).is_empty() {
        let detail = format!("{} outcomes for {} designs", together.len(), items.len());
        return Err(broken("one outcome for each design", detail));
    }
    for (index, outcome) in together.iter().enumerate() {
        check_outcome(index, outcome, &broken)?;
        if let (true, TierOutcome::Passed { design, properties }) = (tier.only_rejects(), outcome) {
            let text = |design: &D| serde_json::to_string(design).unwrap_or_default();
            if !properties.is_empty() || text(design) != text(&items[index].0) {
                let rule = "a tier that only rejects lets designs pass as they are";
                return Err(broken(rule, format!("design {index}")));
            }
        }
    }
    let texts: Vec<String> = together.iter().map(text).collect();
    let like = |rule, outcomes: Vec<TierOutcome<D>>| {
        let others: Vec<String> = outcomes.iter().map(text).collect();
        match texts.iter().zip(&others).find(|(a, b)| a != b) {
            Some((a, b)) => Err(broken(rule, format!("{a} became {b}"))),
            None if texts.len() != others.len() => Err(broken(rule, format!("{} outcomes", others.len()))),
            None => Ok(()),
        }
    };
    like("the same design has the same outcome", tier.run(&batch))?;
    let backwards: Vec<(&D, &Properties)> = batch.iter().rev().copied().collect();
    like("the order of a batch does not matter", tier.run(&backwards).into_iter().rev().collect())?;
    let alone = batch.iter().flat_map(|item| tier.run(std::slice::from_ref(item)));
    like("a batch gives what its designs give alone", alone.collect())
}

fn check_outcome<D: Design>(
    index: usize,
    outcome: &TierOutcome<D>,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    match outcome {
        TierOutcome::Rejected { reason } | TierOutcome::Failed { reason } if reason.trim().is_empty() => {
            Err(broken("rejections have a reason", format!("design {index}")))
        }
        TierOutcome::Rejected { .. } | TierOutcome::Failed { .. } => Ok(()),
        TierOutcome::Passed { design, properties } => {
            if let Some((name, value)) = properties.iter().find(|(_, value)| !value.is_finite()) {
                return Err(broken(
                    "properties are finite numbers",
                    format!("design {index}: {name} = {value}"),
                ));
            }
            let written = serde_json::to_string(design).unwrap_or_default();
            let read: Result<D, _> = serde_json::from_str(&written);
            let again = read.ok().and_then(|design| serde_json::to_string(&design).ok());
            if again.as_ref() != Some(&written) {
                return Err(broken("designs survive being written", format!("design {index}: {written}")));
            }
            Ok(())
        }
    }
}

fn text<D: Design>(outcome: &TierOutcome<D>) -> String {
    match outcome {
        TierOutcome::Passed { design, properties } => {
            format!("{} {properties:?}", serde_json::to_string(design).unwrap_or_default())
        }
        TierOutcome::Rejected { reason } => format!("rejected: {reason}"),
        TierOutcome::Failed { reason } => format!("failed: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hull::{HullTier, PhaseDiagram, PhaseEntry};
    use crate::objectives::{FnObjective, crystal_objective, known};
    use druse_representations::conformance::retold_crystal;
    use druse_representations::{Crystal, Lattice};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn items() -> Vec<(Crystal, Properties)> {
        let salt = |edge: f64| {
            let h = edge / 2.0;
            let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
            Crystal::ordered(lattice, [("Li".parse().unwrap(), [0.0; 3]), ("Cl".parse().unwrap(), [0.5; 3])])
        };
        let known = ["novelty", "energy_per_atom"].into_iter();
        let known = known.chain(crate::property::OF_HULL).chain(crate::property::ESTIMATED);
        let properties: Properties = known.map(|name| (name.to_owned(), -0.25)).collect();
        [5.6, 5.7, 6.0].into_iter().map(|edge| (salt(edge), properties.clone())).collect()
    }

    #[test]
    fn our_objectives_conform() {
        for entry in known() {
            let objective = crystal_objective(entry.name).unwrap();
            check_objective(objective.as_ref(), &items(), &retold_crystal, 1e-9).unwrap();
        }
    }

    fn rule(
        function: impl Fn(&Crystal, &Properties) -> Result<f64, ObjectiveError> + Send + Sync,
    ) -> &'static str {
        let objective = FnObjective::new("bad", Goal::Minimise, "1", function);
        check_objective(&objective, &items(), &retold_crystal, 1e-9).unwrap_err().rule
    }

    #[test]
    fn bad_objectives_are_told_what_is_wrong() {
        assert_eq!(rule(|_, _| Ok(f64::NAN)), "values are finite numbers");
        let counter = AtomicU64::new(0);
        assert_eq!(
            rule(move |_, _| Ok(counter.fetch_add(1, Ordering::Relaxed) as f64)),
            "the same design has the same value"
        );
        assert_eq!(
            rule(|crystal, _| Ok(crystal.sites[0].frac.sum())),
            "it does not matter how a design is told"
        );
        let unitless = FnObjective::new("bad", Goal::Minimise, "", |_: &Crystal, _: &Properties| Ok(0.0));
        let broken = check_objective(&unitless, &items(), &retold_crystal, 1e-9).unwrap_err();
        assert_eq!(broken.rule, "it has a name and a unit (1 for pure numbers)");
    }

    #[test]
    fn our_tiers_conform() {
        let entry = |formula: &str, energy_per_atom| PhaseEntry {
            id: formula.to_owned(),
            composition: formula.parse().unwrap(),
            energy_per_atom,
        };
        let diagram = PhaseDiagram::new([entry("Li", -1.0), entry("Cl", -2.0), entry("LiCl", -3.5)]).unwrap();
        check_tier(&HullTier::new(Arc::new(diagram), "three phases"), &items()).unwrap();
    }

    /// Writes a number that depends on what `self` is.
    enum Bad {
        Short,
        Infinite,
        Batch,
    }

    impl Tier<Crystal> for Bad {
        fn name(&self) -> &str {
            "bad"
        }
        fn protocol(&self) -> String {
            "bad".to_owned()
        }
        fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
            let value = match self {
                Self::Short => 1.0,
                Self::Infinite => f64::INFINITY,
                Self::Batch => items.len() as f64,
            };
            let kept = items.len() - usize::from(matches!(self, Self::Short) && items.len() > 1);
            let outcome = |(crystal, _): &(&Crystal, &Properties)| TierOutcome::Passed {
                design: (*crystal).clone(),
                properties: Properties::from([("x".to_owned(), value)]),
            };
            items[..kept].iter().map(outcome).collect()
        }
    }

    #[test]
    fn bad_tiers_are_told_what_is_wrong() {
        let rule = |tier: Bad| check_tier(&tier, &items()).unwrap_err().rule;
        assert_eq!(rule(Bad::Short), "one outcome for each design");
        assert_eq!(rule(Bad::Infinite), "properties are finite numbers");
        assert_eq!(rule(Bad::Batch), "a batch gives what its designs give alone");
    }
}
