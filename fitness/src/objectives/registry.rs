//! Objectives by their names in campaign files.

use std::sync::{Arc, LazyLock};

use druse_datasets::elements::ElementTable;
use druse_representations::{Complex, Crystal, Design};

use super::disorder::{self, Disorder};
use super::synthesis::SyntheticAccessibility;
use super::{
    Density, ElementMeasure, ElementObjective, FnObjective, LigandAvailability, MetalObjective, Occurrences,
    PropertyObjective,
};
use crate::objective::{Goal, Needs, Objective, Properties, property};

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

/// Why there is no such objective for complexes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComplexObjectiveError {
    /// A name that is no objective.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The objective counts ligands in the library, and there is none.
    #[error("objective '{name}' needs the library of ligands, which is not there; run `make setup`")]
    NoLibrary {
        /// Name of the objective.
        name: String,
    },
}

const fn entry(
    name: &'static str,
    goal: Goal,
    unit: &'static str,
    description: &'static str,
) -> KnownObjective {
    KnownObjective { name, goal, unit, description }
}

/// Of the whole composition, for every domain.
const OF_COMPOSITION: [KnownObjective; 10] = [
    entry(
        "crustal_abundance",
        Goal::Maximise,
        "log10(mg/kg)",
        "mass-weighted mean of the logarithm of the elements' abundance in the crust (CRC Handbook)",
    ),
    entry(
        "toxicity",
        Goal::Minimise,
        "1",
        "0 (low) to 1 (as cadmium or lead) from permitted daily exposures, ICH Q3D(R2); a screening number",
    ),
    entry(
        "supply_risk",
        Goal::Minimise,
        "1",
        "0 to 10 from the concentration of production (0.25) and reserves (0.75), Gaultois et al. 2013",
    ),
    entry(
        "hhi_production",
        Goal::Minimise,
        "1",
        "mass-weighted Herfindahl-Hirschman index of production, 0 to 10000 (Gaultois et al. 2013)",
    ),
    entry(
        "hhi_reserve",
        Goal::Minimise,
        "1",
        "mass-weighted Herfindahl-Hirschman index of reserves, 0 to 10000 (Gaultois et al. 2013)",
    ),
    entry(
        "price",
        Goal::Minimise,
        "USD/kg",
        "mass-weighted price of the elements as listed in December 2024",
    ),
    entry(
        "recycling_rate",
        Goal::Maximise,
        "%",
        "end-of-life recycling rate of the metals, mass-weighted lower ends of classes (UNEP 2011)",
    ),
    entry(
        "embodied_carbon",
        Goal::Minimise,
        "kg CO2e/kg",
        "greenhouse gases of making the metals in a kilogram, cradle to gate (Nuss and Eckelman 2014)",
    ),
    entry(
        "eu_critical_share",
        Goal::Minimise,
        "1",
        "mass share of elements on the EU list of critical raw materials (2024), abundant ones left out",
    ),
    entry(
        "us_critical_share",
        Goal::Minimise,
        "1",
        "mass share of elements on the US list of critical minerals (2022), abundant ones left out",
    ),
];

const OF_CRYSTALS: [KnownObjective; 11] = [
    entry(
        "energy_above_hull",
        Goal::Minimise,
        "eV/atom",
        "energy above the convex hull of the reference; negative for a new stable phase",
    ),
    entry("formation_energy", Goal::Minimise, "eV/atom", "energy of formation from the elements"),
    entry(
        property::REACTION_ENERGY,
        Goal::Minimise,
        "eV/atom",
        "energy of the reaction from the cheapest precursors at hand (at 0 K, gases as their solids)",
    ),
    entry(
        property::INVERSE_HULL_ENERGY,
        Goal::Minimise,
        "eV/atom",
        "energy relative to the hull of all other compositions; negative by the depth of stabilisation",
    ),
    entry(
        property::METASTABILITY,
        Goal::Minimise,
        "1",
        "energy above hull over the 90th percentile of known metastable crystals of this kind of chemistry",
    ),
    entry("density", Goal::Minimise, "g/cm^3", "mass density"),
    entry(
        property::NOVELTY,
        Goal::Maximise,
        "1",
        "distance to the nearest known crystal in units of (V/N)^(1/3); 1 more for a new composition",
    ),
    entry(
        property::BAND_GAP,
        Goal::Maximise,
        "eV",
        "band gap as PBE gives it, estimated by a model trained on the Materials Project",
    ),
    entry(
        property::BULK_MODULUS,
        Goal::Maximise,
        "GPa",
        "bulk modulus (Voigt-Reuss-Hill), estimated by a model trained on the Materials Project",
    ),
    entry(
        property::SYNTHESIZABILITY,
        Goal::Maximise,
        "1",
        "probability of being listed in the ICSD, estimated by a model trained on the Materials Project",
    ),
    entry(
        disorder::NAME,
        Goal::Minimise,
        "1",
        "chance that elements share sites in reality, from how alike they are; fitted to 333 chemical systems",
    ),
];

const OF_COMPLEXES: [KnownObjective; 12] = [
    entry(
        property::GAP,
        Goal::Maximise,
        "eV",
        "gap between the highest occupied and the lowest empty orbital",
    ),
    entry(property::POLARIZABILITY, Goal::Maximise, "a.u.", "isotropic static polarizability"),
    entry(property::DIPOLE, Goal::Minimise, "D", "dipole moment; of an ion about its centre of mass"),
    entry(
        property::XTB_ENERGY,
        Goal::Minimise,
        "eV",
        "total energy; comparable between isomers and spin states of one composition only",
    ),
    entry("charge_magnitude", Goal::Minimise, "e", "size of the total charge"),
    entry("molecular_weight", Goal::Minimise, "g/mol", "mass of all atoms"),
    entry(
        "metal_abundance",
        Goal::Maximise,
        "log10(mg/kg)",
        "logarithm of the metal's abundance in the crust (CRC Handbook)",
    ),
    entry(
        "metal_toxicity",
        Goal::Minimise,
        "1",
        "0 (low) to 1 (as cadmium or lead) of the metal, ICH Q3D(R2); a screening number",
    ),
    entry(
        "metal_supply_risk",
        Goal::Minimise,
        "1",
        "0 to 10 from the concentration of the metal's production and reserves, Gaultois et al. 2013",
    ),
    entry("metal_price", Goal::Minimise, "USD/kg", "price of the metal as listed in December 2024"),
    entry(
        "ligand_availability",
        Goal::Maximise,
        "log10",
        "log10(1 + occurrences in crystal structures) of the rarest ligand",
    ),
    entry(
        "synthetic_accessibility",
        Goal::Minimise,
        "1",
        "1 (easy) to 10 (hard) for the hardest ligand, after Ertl and Schuffenhauer 2009",
    ),
];

static FOR_CRYSTALS: LazyLock<Vec<KnownObjective>> =
    LazyLock::new(|| [&OF_CRYSTALS[..], &OF_COMPOSITION].concat());

static FOR_COMPLEXES: LazyLock<Vec<KnownObjective>> =
    LazyLock::new(|| [&OF_COMPLEXES[..], &OF_COMPOSITION].concat());

/// The objectives for crystals known by name.
pub fn known() -> &'static [KnownObjective] {
    &FOR_CRYSTALS
}

/// The objectives for complexes known by name.
pub fn known_complex_objectives() -> &'static [KnownObjective] {
    &FOR_COMPLEXES
}

fn unknown(name: &str, known: &[KnownObjective]) -> UnknownName {
    let known: Vec<&str> = known.iter().map(|objective| objective.name).collect();
    UnknownName { name: name.to_owned(), known: known.join(", ") }
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
    Ok(match name {
        "energy_above_hull" => Box::new(PropertyObjective::energy_above_hull()),
        "formation_energy" => Box::new(PropertyObjective::formation_energy()),
        property::REACTION_ENERGY | property::INVERSE_HULL_ENERGY => {
            Box::new(PropertyObjective::new(name, Goal::Minimise, "eV/atom"))
        }
        property::METASTABILITY => Box::new(PropertyObjective::new(name, Goal::Minimise, "1")),
        "density" => Box::new(Density),
        property::NOVELTY => Box::new(PropertyObjective::novelty()),
        property::BAND_GAP => Box::new(PropertyObjective::new(name, Goal::Maximise, "eV")),
        property::BULK_MODULUS => Box::new(PropertyObjective::new(name, Goal::Maximise, "GPa")),
        property::SYNTHESIZABILITY => Box::new(PropertyObjective::new(name, Goal::Maximise, "1")),
        disorder::NAME => Box::new(Disorder),
        _ => return of_composition(name, table).ok_or_else(|| unknown(name, known())),
    })
}

/// What objectives for complexes take their numbers from.
#[derive(Clone)]
pub struct ComplexContext {
    /// Element table.
    pub table: Arc<ElementTable>,
    /// Occurrences of ligands, where there is a library.
    pub occurrences: Option<Arc<dyn Occurrences>>,
}

impl Default for ComplexContext {
    /// The shipped element table and no library of ligands.
    fn default() -> Self {
        Self { table: Arc::new(ElementTable::shipped().clone()), occurrences: None }
    }
}

/// An objective for complexes by its name. Any further column of the context's element table is an
/// objective as well: the mass-weighted mean, to be minimised.
///
/// # Errors
/// When there is neither such an objective nor such a column, or it needs a library of ligands and
/// the context has none.
pub fn complex_objective(
    name: &str,
    context: &ComplexContext,
) -> Result<Box<dyn Objective<Complex>>, ComplexObjectiveError> {
    let metal = |measure: ElementMeasure| -> Box<dyn Objective<Complex>> {
        Box::new(MetalObjective::new(name, measure, Arc::clone(&context.table)))
    };
    Ok(match name {
        property::GAP => Box::new(PropertyObjective::new(name, Goal::Maximise, "eV")),
        property::POLARIZABILITY => Box::new(PropertyObjective::new(name, Goal::Maximise, "a.u.")),
        property::DIPOLE => Box::new(PropertyObjective::new(name, Goal::Minimise, "D")),
        property::XTB_ENERGY => Box::new(PropertyObjective::new(name, Goal::Minimise, "eV")),
        "charge_magnitude" => {
            let charge = |complex: &Complex, _: &Properties| Ok(f64::from(complex.charge().abs()));
            Box::new(FnObjective::new(name, Goal::Minimise, "e", charge).needing(Needs::Identity))
        }
        "molecular_weight" => {
            let mass = |complex: &Complex, _: &Properties| Ok(complex.composition().mass());
            Box::new(FnObjective::new(name, Goal::Minimise, "g/mol", mass).needing(Needs::Identity))
        }
        "metal_abundance" => metal(ElementMeasure::CrustalAbundance),
        "metal_toxicity" => metal(ElementMeasure::Toxicity),
        "metal_supply_risk" => metal(ElementMeasure::SupplyRisk),
        "metal_price" => metal(ElementMeasure::Mean("price".to_owned())),
        "synthetic_accessibility" => Box::new(SyntheticAccessibility),
        "ligand_availability" => match &context.occurrences {
            Some(occurrences) => Box::new(LigandAvailability::new(Arc::clone(occurrences))),
            None => return Err(ComplexObjectiveError::NoLibrary { name: name.to_owned() }),
        },
        _ => {
            let found = of_composition(name, &context.table);
            return found.ok_or_else(|| unknown(name, known_complex_objectives()).into());
        }
    })
}

/// An objective of the whole composition.
fn of_composition<D: Design>(name: &str, table: &Arc<ElementTable>) -> Option<Box<dyn Objective<D>>> {
    let of_user = || ElementTable::shipped().column(name).is_none() && table.column(name).is_some();
    let measure = match name {
        "crustal_abundance" => ElementMeasure::CrustalAbundance,
        "toxicity" => ElementMeasure::Toxicity,
        "supply_risk" => ElementMeasure::SupplyRisk,
        "recycling_rate" => ElementMeasure::RecyclingRate,
        "embodied_carbon" => ElementMeasure::EmbodiedCarbon,
        "eu_critical_share" => ElementMeasure::EuCriticalShare,
        "us_critical_share" => ElementMeasure::UsCriticalShare,
        "hhi_production" | "hhi_reserve" | "price" => ElementMeasure::Mean(name.to_owned()),
        _ if of_user() => ElementMeasure::Mean(name.to_owned()),
        _ => return None,
    };
    Some(Box::new(ElementObjective::new(measure, Arc::clone(table))))
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
        let context =
            ComplexContext { occurrences: Some(Arc::new(|_: &str| 3)), ..ComplexContext::default() };
        for known in known_complex_objectives() {
            let objective = complex_objective(known.name, &context).unwrap();
            assert_eq!(objective.name(), known.name);
            assert_eq!(objective.goal(), known.goal, "{}", known.name);
            assert_eq!(objective.unit(), known.unit, "{}", known.name);
        }
    }

    #[test]
    fn a_missing_library_is_said_at_once() {
        let error = complex_objective("ligand_availability", &ComplexContext::default()).err().unwrap();
        assert!(error.to_string().contains("make setup"), "{error}");
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        let error = crystal_objective("hardness").err().unwrap().to_string();
        assert!(
            error.starts_with("unknown objective 'hardness': expected one of energy_above_hull, "),
            "{error}"
        );
        let error = complex_objective("hardness", &ComplexContext::default()).err().unwrap().to_string();
        assert!(error.starts_with("unknown objective 'hardness': expected one of gap, "), "{error}");
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
