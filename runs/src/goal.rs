//! An objective with the goal that the campaign file gives it.

use druse_fitness::{Goal, Needs, Objective, ObjectiveError, Properties};
use druse_representations::Design;

/// Another goal for the same values.
pub struct WithGoal<D: Design> {
    objective: Box<dyn Objective<D>>,
    goal: Goal,
}

impl<D: Design> WithGoal<D> {
    /// `objective` with this goal, or as it is when there is none.
    pub fn wrap(objective: Box<dyn Objective<D>>, goal: Option<Goal>) -> Box<dyn Objective<D>> {
        match goal {
            Some(goal) => Box::new(Self { objective, goal }),
            None => objective,
        }
    }
}

impl<D: Design> Objective<D> for WithGoal<D> {
    fn name(&self) -> &str {
        self.objective.name()
    }
    fn goal(&self) -> Goal {
        self.goal
    }
    fn unit(&self) -> &str {
        self.objective.unit()
    }
    fn protocol(&self) -> Option<String> {
        self.objective.protocol()
    }
    fn needs(&self) -> Needs {
        self.objective.needs()
    }
    fn evaluate(&self, design: &D, properties: &Properties) -> Result<f64, ObjectiveError> {
        self.objective.evaluate(design, properties)
    }
    fn evaluate_batch(&self, items: &[(&D, &Properties)]) -> Vec<Result<f64, ObjectiveError>> {
        self.objective.evaluate_batch(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_fitness::objectives::crystal_objective;

    #[test]
    fn only_the_goal_differs() {
        let aimed = WithGoal::wrap(crystal_objective("density").unwrap(), Some(Goal::Target(3.0)));
        assert_eq!((aimed.name(), aimed.unit(), aimed.goal()), ("density", "g/cm^3", Goal::Target(3.0)));
    }
}
