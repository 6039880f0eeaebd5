//! An objective with the goal that the campaign file gives it.

use druse_fitness::{Goal, Objective, ObjectiveError, Properties};
use druse_representations::Crystal;

/// Another goal for the same values.
pub struct WithGoal {
    objective: Box<dyn Objective<Crystal>>,
    goal: Goal,
}

impl WithGoal {
    /// Replaces the goal of `objective`.
    pub fn new(objective: Box<dyn Objective<Crystal>>, goal: Goal) -> Self {
        Self { objective, goal }
    }
}

impl Objective<Crystal> for WithGoal {
    fn name(&self) -> &str {
        self.objective.name()
    }
    fn goal(&self) -> Goal {
        self.goal
    }
    fn unit(&self) -> &str {
        self.objective.unit()
    }
    fn evaluate(&self, design: &Crystal, properties: &Properties) -> Result<f64, ObjectiveError> {
        self.objective.evaluate(design, properties)
    }
    fn evaluate_batch(&self, items: &[(&Crystal, &Properties)]) -> Vec<Result<f64, ObjectiveError>> {
        self.objective.evaluate_batch(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_fitness::objectives::crystal_objective;

    #[test]
    fn only_the_goal_differs() {
        let aimed = WithGoal::new(crystal_objective("density").unwrap(), Goal::Target(3.0));
        assert_eq!((aimed.name(), aimed.unit(), aimed.goal()), ("density", "g/cm^3", Goal::Target(3.0)));
    }
}
