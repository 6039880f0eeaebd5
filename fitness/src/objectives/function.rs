//! Closures as objectives.

use std::marker::PhantomData;

use druse_representations::Design;

use crate::objective::{Goal, Needs, Objective, ObjectiveError, Properties};

/// An objective made of a closure.
///
/// ```
/// use druse_fitness::objectives::FnObjective;
/// use druse_fitness::{Goal, Objective, Properties};
/// use druse_representations::{Crystal, Lattice};
///
/// let volume = FnObjective::new("volume_per_atom", Goal::Minimise, "Å^3", |crystal: &Crystal, _: &Properties| {
///     Ok(crystal.lattice.volume() / crystal.sites.len() as f64)
/// });
/// let polonium = Crystal::ordered(Lattice::cubic(3.35), [("Po".parse().unwrap(), [0.0; 3])]);
/// let value = volume.evaluate(&polonium, &Properties::new()).unwrap();
/// assert!((value - 37.6).abs() < 0.1);
/// ```
pub struct FnObjective<D, F> {
    name: String,
    goal: Goal,
    unit: String,
    needs: Needs,
    function: F,
    design: PhantomData<fn(&D)>,
}

impl<D, F> FnObjective<D, F>
where
    D: Design,
    F: Fn(&D, &Properties) -> Result<f64, ObjectiveError> + Send + Sync,
{
    /// An objective with this name, goal, unit and function.
    pub fn new(name: impl Into<String>, goal: Goal, unit: impl Into<String>, function: F) -> Self {
        Self {
            name: name.into(),
            goal,
            unit: unit.into(),
            needs: Needs::Refined,
            function,
            design: PhantomData,
        }
    }

    /// The same with a statement of what the function looks at.
    pub fn needing(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }
}

impl<D, F> Objective<D> for FnObjective<D, F>
where
    D: Design,
    F: Fn(&D, &Properties) -> Result<f64, ObjectiveError> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn goal(&self) -> Goal {
        self.goal
    }

    fn unit(&self) -> &str {
        &self.unit
    }

    fn needs(&self) -> Needs {
        self.needs
    }

    fn evaluate(&self, design: &D, properties: &Properties) -> Result<f64, ObjectiveError> {
        (self.function)(design, properties)
    }
}
