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

/// Elements whose numbers tables of metals do not have, because they are no metals. Se, Te and other
/// metalloids are in such tables.
const NONMETALS: [&str; 16] =
    ["H", "He", "C", "N", "O", "F", "Ne", "P", "S", "Cl", "Ar", "Br", "Kr", "I", "Xe", "Rn"];

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
    /// End-of-life recycling rate (%) of the metals, mass-weighted, at least: the mean over metals and
    /// metalloids of the lower ends of the classes of UNEP 2011 (Graedel et al., J. Ind. Ecol. 15, 355
    /// (2011)). Nonmetals do not count, whatever they are bound to. To be maximised.
    RecyclingRate,
    /// Greenhouse gases (kg CO2e) from cradle to gate of the metals and metalloids in one kilogram:
    /// `sum_i w_i g_i` with the mass fractions `w_i` of the whole composition; Nuss and Eckelman, PLoS ONE
    /// 9, e101298 (2014). Nonmetals and what it takes to make the compound from the metals are left out.
    EmbodiedCarbon,
    /// Mass share of elements on the EU list of critical raw materials of 2024, without the abundant
    /// ones that are listed as a traded material (Al, C, F, Mg, P, Si, Ti).
    EuCriticalShare,
    /// Mass share of elements on the list of critical minerals of the United States of 2022, without the
    /// abundant ones (Al, C, F, Mg, Ti).
    UsCriticalShare,
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
            ElementMeasure::RecyclingRate => "%".to_owned(),
            ElementMeasure::EmbodiedCarbon => "kg CO2e/kg".to_owned(),
            ElementMeasure::Toxicity
            | ElementMeasure::SupplyRisk
            | ElementMeasure::EuCriticalShare
            | ElementMeasure::UsCriticalShare => "1".to_owned(),
            ElementMeasure::Mean(name) => table.column(name).map_or("1", |column| &column.unit).to_owned(),
        };
        let name = match &measure {
            ElementMeasure::CrustalAbundance => "crustal_abundance".to_owned(),
            ElementMeasure::Toxicity => "toxicity".to_owned(),
            ElementMeasure::SupplyRisk => "supply_risk".to_owned(),
            ElementMeasure::RecyclingRate => "recycling_rate".to_owned(),
            ElementMeasure::EmbodiedCarbon => "embodied_carbon".to_owned(),
            ElementMeasure::EuCriticalShare => "eu_critical_share".to_owned(),
            ElementMeasure::UsCriticalShare => "us_critical_share".to_owned(),
            ElementMeasure::Mean(column) => column.clone(),
        };
        Self { name, measure, unit, table }
    }

    fn goal_of_measure(&self) -> Goal {
        match self.measure {
            ElementMeasure::CrustalAbundance | ElementMeasure::RecyclingRate => Goal::Maximise,
            _ => Goal::Minimise,
        }
    }

    /// Value of a composition in this objective's unit.
    ///
    /// # Errors
    /// When an element has no value, is radioactive (toxicity only), or there are no atoms (of metals,
    /// where metals alone count).
    pub fn of(&self, composition: &Composition) -> Result<f64, ObjectiveError> {
        let mass = composition.mass();
        if !(mass > 0.0 && mass.is_finite()) {
            return Err(self.failed(format!("the composition '{composition}' has no mass")));
        }
        let (mut mean, mut counted) = (0.0, 0.0);
        for (element, amount) in composition.iter().filter(|&(_, amount)| amount > 0.0) {
            if self.counts(element) {
                let share = amount * element.mass() / mass;
                mean += share * self.of_element(element)?;
                counted += share;
            }
        }
        if counted == 0.0 {
            return Err(self.failed(format!("'{composition}' holds no metal")));
        }
        Ok(match self.measure {
            ElementMeasure::RecyclingRate => mean / counted,
            // Rounding puts the mean of harmless elements a hair below their common value.
            ElementMeasure::Toxicity => {
                (HARMLESS_PDE * mean).max(1.0).log10() / (HARMLESS_PDE / WORST_PDE).log10()
            }
            _ => mean,
        })
    }

    /// Whether an element takes part: of tables of metals only metals and metalloids do.
    fn counts(&self, element: Element) -> bool {
        let metals_alone =
            matches!(self.measure, ElementMeasure::RecyclingRate | ElementMeasure::EmbodiedCarbon);
        !(metals_alone && NONMETALS.contains(&element.symbol()))
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
            ElementMeasure::RecyclingRate => value(column::RECYCLING_RATE),
            ElementMeasure::EmbodiedCarbon => value(column::EMBODIED_CARBON),
            ElementMeasure::EuCriticalShare => value(column::EU_CRITICAL),
            ElementMeasure::UsCriticalShare => value(column::US_CRITICAL),
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
    fn metals_alone_are_recycled_and_have_a_footprint() {
        // Li below 1 %, Co above 50 % (UNEP 2011): the mass share of cobalt in the metals, times 50.
        let cobalt = 58.933 / (58.933 + 6.94);
        let rate = value(ElementMeasure::RecyclingRate, "LiCoO2").unwrap();
        assert!((rate - 50.0 * cobalt).abs() < 0.01, "{rate}");
        // 7.1 kg CO2e/kg of Li and 8.3 of Co (Nuss and Eckelman 2014), per kilogram of LiCoO2.
        let mass = 6.94 + 58.933 + 2.0 * 15.999;
        let by_hand = (6.94 * 7.1 + 58.933 * 8.3) / mass;
        let carbon = value(ElementMeasure::EmbodiedCarbon, "LiCoO2").unwrap();
        assert!((carbon - by_hand).abs() < 1e-3, "{carbon}");
        for measure in [ElementMeasure::RecyclingRate, ElementMeasure::EmbodiedCarbon] {
            let error = value(measure.clone(), "SiO2").unwrap_err();
            assert!(matches!(&error, ObjectiveError::UnknownElement { element, .. } if element == "Si"));
            assert!(matches!(value(measure, "PCl5"), Err(ObjectiveError::Failed { .. })));
        }
    }

    #[test]
    fn critical_elements_by_mass() {
        let cobalt = 58.933 / (58.933 + 15.999);
        for measure in [ElementMeasure::EuCriticalShare, ElementMeasure::UsCriticalShare] {
            let value = |formula| value(measure.clone(), formula).unwrap();
            assert!((value("CoO") - cobalt).abs() < 1e-4);
            assert_eq!((value("Fe2O3"), value("Al2O3"), value("Pt")), (0.0, 0.0, 1.0));
        }
        assert_eq!(value(ElementMeasure::EuCriticalShare, "Cu").unwrap(), 1.0);
        assert_eq!(value(ElementMeasure::UsCriticalShare, "Cu").unwrap(), 0.0);
        assert_eq!(value(ElementMeasure::EuCriticalShare, "Zn").unwrap(), 0.0);
        assert_eq!(value(ElementMeasure::UsCriticalShare, "Zn").unwrap(), 1.0);
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
