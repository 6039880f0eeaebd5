//! Facts about the elements: abundance, supply, price, toxicity, electronegativity, oxidation
//! states and radii.
//!
//! Every column names its source, year and unit ([`Column`]); a value the source does not give is
//! `None`, never 0. The numbers live in `datasets/data/*.csv`; `datasets/data/README.md` tells how
//! each column was checked. Users replace or add columns with [`ElementTable::with_csv`].
//!
//! ```
//! use druse_datasets::elements;
//! use druse_representations::Element;
//!
//! let iron = Element::from_symbol("Fe").unwrap();
//! assert_eq!(elements::crustal_abundance(iron), Some(56_300.0)); // mg/kg
//! assert_eq!(elements::oxidation_states(iron).common(), [2, 3]);
//! let francium = Element::from_symbol("Fr").unwrap();
//! assert_eq!(elements::crustal_abundance(francium), None); // unknown, not 0
//! ```

pub mod charge;
mod ionic;
mod moment;
mod oxidation;
mod table;

use druse_representations::Element;

pub use ionic::{Geometry, IonicRadius, Spin, ionic_radii, ionic_radius};
pub use moment::largest_spin_moment;
pub use oxidation::{OXIDATION_STATES_VERSION, OxidationStates, oxidation_states};
pub use table::{Column, ElementTable, ElementTableError, column};

/// Abundance in the continental crust (mg/kg; CRC Handbook).
pub fn crustal_abundance(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::CRUSTAL_ABUNDANCE, element)
}

/// Herfindahl-Hirschman index of production, 0 to 10000 (Gaultois et al. 2013).
pub fn hhi_production(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::HHI_PRODUCTION, element)
}

/// Herfindahl-Hirschman index of reserves, 0 to 10000 (Gaultois et al. 2013).
pub fn hhi_reserve(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::HHI_RESERVE, element)
}

/// Price (USD/kg) of the cheapest traded form, as listed in December 2024.
pub fn price(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::PRICE, element)
}

/// Electronegativity on Pauling's scale (CRC Handbook).
pub fn electronegativity(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::ELECTRONEGATIVITY, element)
}

/// Covalent radius (Å; Cordero et al. 2008), known up to Cm.
pub fn covalent_radius(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::COVALENT_RADIUS, element)
}

/// Van der Waals radius (Å; Alvarez 2013), known up to Rn and for Ac to Es.
pub fn vdw_radius(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::VDW_RADIUS, element)
}

/// Empirical atomic radius (Å; Slater 1964).
pub fn atomic_radius(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::ATOMIC_RADIUS, element)
}

/// Place on the modified Pettifor scale of Glawe et al. (2016), 1 (He) to 103 (H): elements with
/// near places replace each other in known crystals. Known up to Lr.
pub fn similarity_order(element: Element) -> Option<u8> {
    ElementTable::shipped().get(column::SIMILARITY_ORDER, element).map(|order| order as u8)
}

/// Whether the element has no stable isotope (Tc, Pm and Z >= 84).
pub fn is_radioactive(element: Element) -> bool {
    ElementTable::shipped().get(column::RADIOACTIVE, element) == Some(1.0)
}

/// Whether the element is on the European Union's list of critical raw materials of 2024 (Annex II of
/// the Critical Raw Materials Act) as an element. Abundant elements that are listed as a traded
/// material only (bauxite, coking coal, fluorspar, phosphate rock, silicon and titanium metal,
/// magnesium) do not count; column `eu_critical_material` has those.
pub fn is_eu_critical(element: Element) -> bool {
    ElementTable::shipped().get(column::EU_CRITICAL, element) == Some(1.0)
}

/// Lower end (%) of the class of the end-of-life recycling rate: 0 (below 10), 10, 25 or 50 (UNEP 2011).
/// Known for 59 metals and metalloids.
pub fn recycling_rate(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::RECYCLING_RATE, element)
}

/// Emissions of greenhouse gases (kg CO2e/kg, cradle to gate) of making an element (Nuss and Eckelman
/// 2014). Known for 63 metals, metalloids and He.
pub fn embodied_carbon(element: Element) -> Option<f64> {
    ElementTable::shipped().get(column::EMBODIED_CARBON, element)
}

/// What is known of the toxicity of an element, see [`toxicity`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Toxicity {
    /// Permitted daily exposure by mouth (µg/day), ICH Q3D(R2).
    PermittedDailyExposure(f64),
    /// Largest daily intake without harm to adults (µg/day), from food safety authorities, for
    /// elements that the guideline is silent about.
    UpperIntake(f64),
    /// Low inherent toxicity by the guideline's words, or an element that makes up the body.
    Low,
    /// No stable isotope.
    Radioactive,
    /// The sources say nothing; this does not mean harmless (beryllium is here).
    Unknown,
}

/// What ICH Q3D(R2), and where it is silent the sources of the columns, say about the toxicity of an
/// element.
///
/// The limits hold for impurities in medicines. The toxicity of a compound depends on speciation
/// and solubility (BaSO4 against BaCl2, CrIII against CrVI), so this is a screening number only.
pub fn toxicity(element: Element) -> Toxicity {
    ElementTable::shipped().toxicity(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn el(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn values_from_the_sources() {
        assert_eq!(crustal_abundance(el("S")), Some(350.0)); // CRC; some copies say 3.5
        assert_eq!(hhi_production(el("Co")), Some(3100.0)); // Gaultois 2013, Table 1
        assert_eq!(hhi_reserve(el("Pt")), Some(9100.0));
        assert_eq!(electronegativity(el("F")), Some(3.98));
        assert_eq!(electronegativity(el("He")), None);
        assert_eq!(covalent_radius(el("C")), Some(0.76)); // sp3
        assert_eq!(atomic_radius(el("Na")), Some(1.80));
        assert_eq!(atomic_radius(el("He")), None);
        assert_eq!(similarity_order(el("H")), Some(103));
        assert_eq!(similarity_order(el("Og")), None);
    }

    #[test]
    fn toxicity_has_five_kinds() {
        assert_eq!(toxicity(el("Cd")), Toxicity::PermittedDailyExposure(5.0));
        assert_eq!(toxicity(el("Au")), Toxicity::PermittedDailyExposure(300.0)); // R2, 100 in R1
        assert_eq!(toxicity(el("F")), Toxicity::UpperIntake(7000.0)); // EFSA 2005
        assert_eq!(toxicity(el("Fe")), Toxicity::Low);
        assert_eq!(toxicity(el("O")), Toxicity::Low);
        assert_eq!(toxicity(el("U")), Toxicity::Radioactive);
        assert_eq!(toxicity(el("Be")), Toxicity::Unknown);
    }

    #[test]
    fn flags() {
        let radioactive = Element::all().filter(|&e| is_radioactive(e)).count();
        assert_eq!(radioactive, 2 + (118 - 83));
        assert!(!is_radioactive(el("Bi")));
        let critical: Vec<Element> = Element::all().filter(|&e| is_eu_critical(e)).collect();
        assert!(
            critical.contains(&el("Co")) && critical.contains(&el("Cu")) && !critical.contains(&el("Zn"))
        );
        let table = ElementTable::shipped();
        let flags = |name: &str| Element::all().filter(|&e| table.get(name, e) == Some(1.0)).count();
        // Annex II lists 34 materials: 21 elements by name, 10 heavy and 5 light rare earths and 5
        // platinum group metals as groups, and 7 abundant ones; feldspar is no element.
        assert_eq!((critical.len(), flags(column::EU_CRITICAL_MATERIAL)), (41, 7));
        // 50 minerals, each of one element.
        assert_eq!((flags(column::US_CRITICAL), flags(column::US_CRITICAL_MATERIAL)), (45, 5));
        for element in Element::all() {
            for [one, other] in [
                [column::EU_CRITICAL, column::EU_CRITICAL_MATERIAL],
                [column::US_CRITICAL, column::US_CRITICAL_MATERIAL],
            ] {
                let both = [one, other].iter().all(|name| table.get(name, element) == Some(1.0));
                assert!(!both, "{element}");
            }
        }
    }

    #[test]
    fn recycling_and_footprint_from_the_sources() {
        // UNEP 2011: 18 metals above 50 %, 3 between 25 and 50 %, 3 between 10 and 25 %.
        let classes = [50.0, 25.0, 10.0, 0.0];
        let count = |class: f64| Element::all().filter(|&e| recycling_rate(e) == Some(class)).count();
        assert_eq!(classes.map(count), [18, 3, 3, 35]);
        assert_eq!((recycling_rate(el("Pb")), recycling_rate(el("Li"))), (Some(50.0), Some(0.0)));
        assert_eq!((recycling_rate(el("Na")), recycling_rate(el("O"))), (None, None));
        // Nuss and Eckelman 2014, Table S38: cheapest and dearest metals by the kilogram.
        assert_eq!((embodied_carbon(el("Fe")), embodied_carbon(el("Rh"))), (Some(1.5), Some(35_100.0)));
        assert_eq!((embodied_carbon(el("Si")), embodied_carbon(el("Dy"))), (None, None));
        assert_eq!(Element::all().filter(|&e| embodied_carbon(e).is_some()).count(), 63);
    }

    #[test]
    fn van_der_waals_radii_cover_the_elements_up_to_radon() {
        assert!(Element::all().take(86).all(|element| vdw_radius(element).is_some()));
        assert_eq!(vdw_radius(el("C")), Some(1.77)); // Alvarez 2013, Table 1
        assert_eq!(vdw_radius(el("Pd")), Some(2.15));
        assert_eq!(vdw_radius(el("Fm")), None);
    }

    #[test]
    fn similarity_order_is_a_permutation() {
        let mut order: Vec<u8> = Element::all().filter_map(similarity_order).collect();
        order.sort_unstable();
        assert_eq!(order, (1..=103).collect::<Vec<u8>>());
    }
}
