//! Closures as objectives, as short as they can be.

use druse_fitness::objectives::FnObjective;
use druse_fitness::{Goal, ObjectiveError, Properties};
use druse_representations::Design;

use super::AnyError;

/// An objective made of a closure on a design and what the tiers found out about it. Where there is no
/// honest value it gives an error in words: `Err("no such property".into())`.
///
/// ```
/// use druse::fitness::{Goal, Objective, Properties};
/// use druse::representations::{Crystal, Lattice};
///
/// let softness = druse::objective("softness", Goal::Maximise, "Å/eV", |_: &Crystal, properties| {
///     let force = properties.get("max_force").ok_or("nothing was relaxed")?;
///     Ok(1.0 / force)
/// });
/// let polonium = Crystal::ordered(Lattice::cubic(3.35), [("Po".parse().unwrap(), [0.0; 3])]);
/// let error = softness.evaluate(&polonium, &Properties::new()).unwrap_err();
/// assert_eq!(error.to_string(), "objective 'softness': nothing was relaxed");
/// ```
pub fn objective<D, F>(
    name: &str,
    goal: Goal,
    unit: &str,
    function: F,
) -> FnObjective<D, impl Fn(&D, &Properties) -> Result<f64, ObjectiveError> + Send + Sync + use<D, F>>
where
    D: Design,
    F: Fn(&D, &Properties) -> Result<f64, AnyError> + Send + Sync,
{
    let objective = name.to_owned();
    FnObjective::new(name, goal, unit, move |design: &D, properties: &Properties| {
        function(design, properties).map_err(|error| ObjectiveError::Failed {
            objective: objective.clone(),
            reason: error.to_string(),
        })
    })
}
