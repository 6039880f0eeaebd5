//! Objectives that read a property, and the density.

use druse_representations::{Crystal, Design};

use crate::objective::{Goal, Needs, Objective, ObjectiveError, Properties, property};

/// An objective whose value a tier has written: the property of the given name.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyObjective {
    property: String,
    goal: Goal,
    unit: String,
}

impl PropertyObjective {
    /// Objective with the name of its property.
    pub fn new(property: impl Into<String>, goal: Goal, unit: impl Into<String>) -> Self {
        Self { property: property.into(), goal, unit: unit.into() }
    }

    /// Energy above the convex hull (eV/atom), to be minimised.
    pub fn energy_above_hull() -> Self {
        Self::new(property::ENERGY_ABOVE_HULL, Goal::Minimise, "eV/atom")
    }

    /// Formation energy from the elements (eV/atom), to be minimised.
    pub fn formation_energy() -> Self {
        Self::new(property::FORMATION_ENERGY, Goal::Minimise, "eV/atom")
    }

    /// Distance to the nearest known crystal, to be maximised.
    pub fn novelty() -> Self {
        Self::new(property::NOVELTY, Goal::Maximise, "1")
    }
}

impl<D: Design> Objective<D> for PropertyObjective {
    fn name(&self) -> &str {
        &self.property
    }

    fn goal(&self) -> Goal {
        self.goal
    }

    fn unit(&self) -> &str {
        &self.unit
    }

    fn needs(&self) -> Needs {
        Needs::Properties
    }

    fn evaluate(&self, _: &D, properties: &Properties) -> Result<f64, ObjectiveError> {
        match properties.get(&self.property) {
            Some(&value) if value.is_finite() => Ok(value),
            Some(value) => Err(ObjectiveError::Failed {
                objective: self.property.clone(),
                reason: format!("the property is {value}, expected a finite number"),
            }),
            None => Err(ObjectiveError::MissingProperty {
                objective: self.property.clone(),
                property: self.property.clone(),
            }),
        }
    }
}

/// Mass density (g/cm^3), to be minimised: mass of the cell over its volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Density;

impl Objective<Crystal> for Density {
    fn name(&self) -> &str {
        "density"
    }

    fn goal(&self) -> Goal {
        Goal::Minimise
    }

    fn unit(&self) -> &str {
        "g/cm^3"
    }

    fn evaluate(&self, design: &Crystal, _: &Properties) -> Result<f64, ObjectiveError> {
        let density = design.density();
        if density.is_finite() && density > 0.0 {
            Ok(density)
        } else {
            let reason = format!("{density} g/cm^3 from a volume of {} Å^3", design.lattice.volume());
            Err(ObjectiveError::Failed { objective: "density".to_owned(), reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    #[test]
    fn properties_are_read_or_missed() {
        let iron = Crystal::ordered(Lattice::cubic(2.866), [("Fe".parse().unwrap(), [0.0; 3])]);
        let objective = PropertyObjective::energy_above_hull();
        let mut properties = Properties::new();
        let error = objective.evaluate(&iron, &properties).unwrap_err();
        assert!(matches!(error, ObjectiveError::MissingProperty { .. }));
        properties.insert("energy_above_hull".into(), -0.01);
        assert_eq!(objective.evaluate(&iron, &properties), Ok(-0.01));
        properties.insert("energy_above_hull".into(), f64::NAN);
        assert!(objective.evaluate(&iron, &properties).is_err());
    }

    #[test]
    fn flat_cells_have_no_density() {
        let flat = Lattice::from_rows([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [3.0, 3.0, 0.0]]);
        let crystal = Crystal::ordered(flat, [("Fe".parse().unwrap(), [0.0; 3])]);
        assert!(Density.evaluate(&crystal, &Properties::new()).is_err());
    }
}
