//! The objectives that come with druse, by name.
//!
//! | name | goal | unit | formula |
//! |---|---|---|---|
//! | `energy_above_hull` | minimise | eV/atom | property of the same name |
//! | `formation_energy` | minimise | eV/atom | property of the same name |
//! | `crustal_abundance` | maximise | log10(mg/kg) | mass-weighted mean of log10 of the abundance |
//! | `toxicity` | minimise | 1 | exposure limits in medicines, 0 to 1: [`ElementObjective`] |
//! | `supply_risk` | minimise | 1 | 0.25 production + 0.75 reserve index, 0 to 10 |
//! | `hhi_production`, `hhi_reserve` | minimise | 1 | mass-weighted mean of the index, 0 to 10000 |
//! | `price` | minimise | USD/kg | mass-weighted mean of the elements' prices |
//! | `density` | minimise | g/cm^3 | mass over volume of the cell |
//!
//! A column of a user's element table is an objective too, as the mass-weighted mean of it:
//! [`crystal_objective_with`]. Closures become objectives through [`FnObjective`].

mod element;
mod function;
mod property;

use std::sync::Arc;

use druse_datasets::elements::ElementTable;
use druse_representations::Crystal;

pub use druse_datasets::elements::charge;
pub use element::{ElementMeasure, ElementObjective};
pub use function::FnObjective;
pub use property::{Density, PropertyObjective};

use crate::objective::{Goal, Objective};

/// What the registry says about an objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownObjective {
    /// Name in campaign files.
    pub name: &'static str,
    /// Direction of improvement.
    pub goal: Goal,
    /// Unit.
    pub unit: &'static str,
    /// One sentence for `--help` and reports.
    pub description: &'static str,
}

/// A name that is no objective.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown objective '{name}': expected one of {known}")]
pub struct UnknownName {
    /// The name as given.
    pub name: String,
    /// Known names, separated by commas.
    pub known: String,
}

const KNOWN: [KnownObjective; 9] = {
    const fn known(
        name: &'static str,
        goal: Goal,
        unit: &'static str,
        description: &'static str,
    ) -> KnownObjective {
        KnownObjective { name, goal, unit, description }
    }
    use Goal::{Maximise, Minimise};
    [
        known(
            "energy_above_hull",
            Minimise,
            "eV/atom",
            "energy above the convex hull of the reference; negative for a new stable phase",
        ),
        known("formation_energy", Minimise, "eV/atom", "energy of formation from the elements"),
        known(
            "crustal_abundance",
            Maximise,
            "log10(mg/kg)",
            "mass-weighted mean of the logarithm of the elements' abundance in the crust (CRC Handbook)",
        ),
        known(
            "toxicity",
            Minimise,
            "1",
            "0 (low) to 1 (as cadmium or lead) from permitted daily exposures, ICH Q3D(R2); a screening number",
        ),
        known(
            "supply_risk",
            Minimise,
            "1",
            "0 to 10 from the concentration of production (0.25) and reserves (0.75), Gaultois et al. 2013",
        ),
        known(
            "hhi_production",
            Minimise,
            "1",
            "mass-weighted Herfindahl-Hirschman index of production, 0 to 10000 (Gaultois et al. 2013)",
        ),
        known(
            "hhi_reserve",
            Minimise,
            "1",
            "mass-weighted Herfindahl-Hirschman index of reserves, 0 to 10000 (Gaultois et al. 2013)",
        ),
        known("price", Minimise, "USD/kg", "mass-weighted price of the elements as listed in December 2024"),
        known("density", Minimise, "g/cm^3", "mass density"),
    ]
};

/// The objectives known by name.
pub fn known() -> &'static [KnownObjective] {
    &KNOWN
}

/// An objective for crystals by its name, with the shipped element table.
///
/// # Errors
/// When there is no such objective; the message lists those that there are.
pub fn crystal_objective(name: &str) -> Result<Box<dyn Objective<Crystal>>, UnknownName> {
    crystal_objective_with(name, &Arc::new(ElementTable::shipped().clone()))
}

/// An objective for crystals by its name, with the numbers of `table`. Any further column of the
/// table is an objective as well: the mass-weighted mean, to be minimised.
///
/// # Errors
/// When there is neither such an objective nor such a column.
pub fn crystal_objective_with(
    name: &str,
    table: &Arc<ElementTable>,
) -> Result<Box<dyn Objective<Crystal>>, UnknownName> {
    let element = |measure: ElementMeasure| -> Box<dyn Objective<Crystal>> {
        Box::new(ElementObjective::new(measure, Arc::clone(table)))
    };
    let of_shipped = ElementTable::shipped().column(name).is_some();
    Ok(match name {
        "energy_above_hull" => Box::new(PropertyObjective::energy_above_hull()),
        "formation_energy" => Box::new(PropertyObjective::formation_energy()),
        "density" => Box::new(Density),
        "crustal_abundance" => element(ElementMeasure::CrustalAbundance),
        "toxicity" => element(ElementMeasure::Toxicity),
        "supply_risk" => element(ElementMeasure::SupplyRisk),
        "hhi_production" | "hhi_reserve" | "price" => element(ElementMeasure::Mean(name.to_owned())),
        _ if !of_shipped && table.column(name).is_some() => element(ElementMeasure::Mean(name.to_owned())),
        _ => {
            let known: Vec<&str> = KNOWN.iter().map(|objective| objective.name).collect();
            return Err(UnknownName { name: name.to_owned(), known: known.join(", ") });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_true() {
        for known in known() {
            let objective = crystal_objective(known.name).unwrap();
            assert_eq!(objective.name(), known.name);
            assert_eq!(objective.goal(), known.goal, "{}", known.name);
            assert_eq!(objective.unit(), known.unit, "{}", known.name);
        }
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        let error = crystal_objective("hardness").err().unwrap().to_string();
        assert!(
            error.starts_with("unknown objective 'hardness': expected one of energy_above_hull, "),
            "{error}"
        );
        // A shipped column without an objective of its name is none either.
        assert!(crystal_objective("radioactive").is_err());
    }

    #[test]
    fn columns_of_users_are_objectives() {
        let table = ElementTable::shipped().with_csv_text("element,footprint\nFe,1.5\n", "mine.csv").unwrap();
        let objective = crystal_objective_with("footprint", &Arc::new(table)).unwrap();
        assert_eq!((objective.name(), objective.goal()), ("footprint", Goal::Minimise));
    }
}
