//! Objectives that are means over the elements of a composition, or numbers of the metal alone.

use std::sync::Arc;

use druse_datasets::elements::{ElementTable, Toxicity, column};
use druse_representations::{Complex, Composition, Design, Element};

use crate::objective::{Goal, Needs, Objective, ObjectiveError, Properties};

/// Largest permitted daily exposure of the guideline (µg/day, chromium): the scale's harmless end.
const HARMLESS_PDE: f64 = 11_000.0;
/// Smallest one (µg/day, cadmium and lead): the scale's other end.
const WORST_PDE: f64 = 5.0;
/// Share of production in the supply risk, as in LeMat-GenBench; reserves have the rest.
const PRODUCTION_SHARE: f64 = 0.25;

/// What an [`ElementObjective`] measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementMeasure {
    /// Mass-weighted mean of log10 of the abundance in the continental crust (mg/kg):
    /// `sum_i w_i log10(a_i)` with mass fractions `w_i`. To be maximised.
    CrustalAbundance,
    /// Toxicity from permitted daily exposures (µg/day, ICH Q3D(R2), by mouth), 0 to 1:
    ///
    /// ```text
    /// score = log10(11000 sum_i w_i / PDE_i) / log10(11000 / 5)
    /// ```
    ///
    /// The sum adds toxic units: its inverse is the mass of the compound that holds one permitted
    /// daily exposure in all. 0 is chromium or less, 1 is pure cadmium or lead; elements of low
    /// inherent toxicity count as 11000 µg/day, and where the guideline is silent the largest daily
    /// intake without harm stands in. Radioactive elements have no value. The exposures
    /// are for impurities in medicines and know nothing of speciation and solubility (BaSO4 against
    /// BaCl2): this is a screening penalty.
    Toxicity,
    /// Supply risk from 0 to 10, the mass-weighted mean of
    /// `(0.25 HHI_production + 0.75 HHI_reserve) / 1000`; indices of Gaultois et al., Chem. Mater.
    /// 25, 2911 (2013), weights of LeMat-GenBench.
    SupplyRisk,
    /// Mass-weighted mean of this column, to be minimised. Mass fractions as in Gaultois et al.
    Mean(String),
}

/// A mass-weighted mean over the elements of a design. An element without value makes it fail with
/// [`ObjectiveError::UnknownElement`]; it never counts as 0.
#[derive(Clone, Debug)]
pub struct ElementObjective {
    name: String,
    measure: ElementMeasure,
    unit: String,
    table: Arc<ElementTable>,
}

impl ElementObjective {
    /// An objective with the numbers of `table`.
    pub fn new(measure: ElementMeasure, table: Arc<ElementTable>) -> Self {
        let unit = match &measure {
            ElementMeasure::CrustalAbundance => "log10(mg/kg)".to_owned(),
            ElementMeasure::Toxicity | ElementMeasure::SupplyRisk => "1".to_owned(),
            ElementMeasure::Mean(name) => table.column(name).map_or("1", |column| &column.unit).to_owned(),
        };
        let name = match &measure {
            ElementMeasure::CrustalAbundance => "crustal_abundance".to_owned(),
            ElementMeasure::Toxicity => "toxicity".to_owned(),
            ElementMeasure::SupplyRisk => "supply_risk".to_owned(),
            ElementMeasure::Mean(column) => column.clone(),
        };
        Self { name, measure, unit, table }
    }

    fn goal_of_measure(&self) -> Goal {
        match self.measure {
            ElementMeasure::CrustalAbundance => Goal::Maximise,
            _ => Goal::Minimise,
        }
    }

    /// Value of a composition in this objective's unit.
    ///
    /// # Errors
    /// When an element has no value, is radioactive (toxicity only), or there are no atoms.
    pub fn of(&self, composition: &Composition) -> Result<f64, ObjectiveError> {
        let mass = composition.mass();
        if !(mass > 0.0 && mass.is_finite()) {
            return Err(self.failed(format!("the composition '{composition}' has no mass")));
        }
        let mut mean = 0.0;
        for (element, amount) in composition.iter().filter(|&(_, amount)| amount > 0.0) {
            mean += amount * element.mass() / mass * self.of_element(element)?;
        }
        Ok(match self.measure {
            // Rounding puts the mean of harmless elements a hair below their common value.
            ElementMeasure::Toxicity => {
                (HARMLESS_PDE * mean).max(1.0).log10() / (HARMLESS_PDE / WORST_PDE).log10()
            }
            _ => mean,
        })
    }

    /// What is averaged.
    fn of_element(&self, element: Element) -> Result<f64, ObjectiveError> {
        let value = |name: &str| self.table.get(name, element).ok_or_else(|| self.unknown(element));
        match &self.measure {
            ElementMeasure::CrustalAbundance => Ok(value(column::CRUSTAL_ABUNDANCE)?.log10()),
            ElementMeasure::SupplyRisk => {
                let (production, reserve) = (value(column::HHI_PRODUCTION)?, value(column::HHI_RESERVE)?);
                Ok((PRODUCTION_SHARE * production + (1.0 - PRODUCTION_SHARE) * reserve) / 1000.0)
            }
            ElementMeasure::Mean(name) => value(name),
            ElementMeasure::Toxicity => match self.table.toxicity(element) {
                Toxicity::PermittedDailyExposure(limit) | Toxicity::UpperIntake(limit) => {
                    Ok(1.0 / limit.clamp(WORST_PDE, HARMLESS_PDE))
                }
                Toxicity::Low => Ok(1.0 / HARMLESS_PDE),
                Toxicity::Radioactive => Err(self.failed(format!("{element} is radioactive"))),
                Toxicity::Unknown => Err(self.unknown(element)),
            },
        }
    }

    fn unknown(&self, element: Element) -> ObjectiveError {
        ObjectiveError::UnknownElement { objective: self.name.clone(), element: element.to_string() }
    }

    fn failed(&self, reason: String) -> ObjectiveError {
        ObjectiveError::Failed { objective: self.name.clone(), reason }
    }
}

impl<D: Design> Objective<D> for ElementObjective {
    fn name(&self) -> &str {
        &self.name
    }

    fn goal(&self) -> Goal {
        self.goal_of_measure()
    }

    fn unit(&self) -> &str {
        &self.unit
    }

    fn needs(&self) -> Needs {
        Needs::Identity
    }

    fn evaluate(&self, design: &D, _: &Properties) -> Result<f64, ObjectiveError> {
        self.of(&design.composition())
    }
}

/// An [`ElementObjective`] of the metal of a complex alone, whatever its ligands are.
#[derive(Clone, Debug)]
pub struct MetalObjective(ElementObjective);

impl MetalObjective {
    /// An objective with the numbers of `table` and a name of its own.
    pub fn new(name: impl Into<String>, measure: ElementMeasure, table: Arc<ElementTable>) -> Self {
        Self(ElementObjective { name: name.into(), ..ElementObjective::new(measure, table) })
    }
}

impl Objective<Complex> for MetalObjective {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn goal(&self) -> Goal {
        self.0.goal_of_measure()
    }

    fn unit(&self) -> &str {
        &self.0.unit
    }

    fn needs(&self) -> Needs {
        Needs::Identity
    }

    fn evaluate(&self, design: &Complex, _: &Properties) -> Result<f64, ObjectiveError> {
        self.0.of(&[(design.metal, 1.0)].into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(measure: ElementMeasure, formula: &str) -> Result<f64, ObjectiveError> {
        ElementObjective::new(measure, Arc::new(ElementTable::shipped().clone()))
            .of(&formula.parse().unwrap())
    }

    #[test]
    fn concentration_indices_as_in_pymatgen() {
        // pymatgen 2026.10, HHIModel().get_hhi("LiCoO2") and ("PbTe")
        let mean = |name: &str, formula| value(ElementMeasure::Mean(name.to_owned()), formula).unwrap();
        assert!((mean("hhi_production", "LiCoO2") - 2235.767).abs() < 0.1);
        assert!((mean("hhi_reserve", "LiCoO2") - 2087.105).abs() < 0.1);
        assert!((mean("hhi_production", "PbTe") - 2776.225).abs() < 0.1);
        assert!((mean("hhi_reserve", "PbTe") - 2981.481).abs() < 0.1);
        let risk = value(ElementMeasure::SupplyRisk, "PbTe").unwrap();
        assert!((risk - (0.25 * 2.776225 + 0.75 * 2.981481)).abs() < 1e-4);
    }

    #[test]
    fn abundance_is_a_mean_of_logarithms() {
        let oxygen = value(ElementMeasure::CrustalAbundance, "O2").unwrap();
        assert!((oxygen - 461_000f64.log10()).abs() < 1e-12);
        let silica = value(ElementMeasure::CrustalAbundance, "SiO2").unwrap();
        let weight = 28.085 / (28.085 + 2.0 * 15.999);
        let by_hand = weight * 282_000f64.log10() + (1.0 - weight) * 461_000f64.log10();
        assert!((silica - by_hand).abs() < 1e-12);
        assert!(value(ElementMeasure::CrustalAbundance, "PtO2").unwrap() < silica);
    }

    #[test]
    fn toxicity_runs_from_zero_to_one() {
        let toxicity = |formula| value(ElementMeasure::Toxicity, formula);
        assert!((toxicity("Cd").unwrap() - 1.0).abs() < 1e-12);
        assert!(toxicity("Fe2O3").unwrap().abs() < 1e-12);
        assert!(toxicity("CdO").unwrap() > toxicity("CoO").unwrap());
        assert!(toxicity("CoO").unwrap() > toxicity("CuO").unwrap());
        // The mass that holds one exposure: 1/PDE of CuO is that of its copper share plus oxygen's.
        let share = 63.546 / (63.546 + 15.999);
        let units: f64 = share / 3000.0 + (1.0 - share) / 11_000.0;
        assert!((toxicity("CuO").unwrap() - (11_000.0 * units).log10() / 2200f64.log10()).abs() < 1e-12);
    }

    #[test]
    fn unknowns_are_errors_not_zeros() {
        let error = value(ElementMeasure::Toxicity, "BeO").unwrap_err();
        assert_eq!(
            error,
            ObjectiveError::UnknownElement { objective: "toxicity".into(), element: "Be".into() }
        );
        assert!(matches!(value(ElementMeasure::Toxicity, "UO2"), Err(ObjectiveError::Failed { .. })));
        assert!(value(ElementMeasure::Mean("hhi_production".into()), "LiH").is_err());
        assert!(value(ElementMeasure::Mean("no such column".into()), "Fe").is_err());
        let empty =
            ElementObjective::new(ElementMeasure::SupplyRisk, Arc::new(ElementTable::shipped().clone()));
        assert!(empty.of(&Composition::new()).is_err());
    }

    #[test]
    fn the_metal_alone_or_all_atoms() {
        let text = r#"{"metal":"Pt","oxidation_state":2,"multiplicity":1,"geometry":"linear","ligands":[
            {"ligand":{"atoms":[["Cl",-1]],"bonds":[],"donors":[[0]]},"sites":[0]},
            {"ligand":{"atoms":[["Cl",-1]],"bonds":[],"donors":[[0]]},"sites":[1]}]}"#;
        let complex: Complex = serde_json::from_str(text).unwrap();
        let table = Arc::new(ElementTable::shipped().clone());
        let metal = MetalObjective::new("metal_toxicity", ElementMeasure::Toxicity, Arc::clone(&table));
        let none = Properties::new();
        assert_eq!(metal.evaluate(&complex, &none).unwrap(), value(ElementMeasure::Toxicity, "Pt").unwrap());
        let all = ElementObjective::new(ElementMeasure::Toxicity, table);
        assert_eq!(all.evaluate(&complex, &none).unwrap(), value(ElementMeasure::Toxicity, "PtCl2").unwrap());
        let technetium = Complex { metal: "Tc".parse().unwrap(), ..complex };
        let error = metal.evaluate(&technetium, &none).unwrap_err().to_string();
        assert_eq!(error, "objective 'metal_toxicity': Tc is radioactive");
    }
}
