//! The objectives that come with druse, by name.
//!
//! For crystals and complexes, of the whole composition:
//!
//! | name | goal | unit | formula |
//! |---|---|---|---|
//! | `crustal_abundance` | maximise | log10(mg/kg) | mass-weighted mean of log10 of the abundance |
//! | `toxicity` | minimise | 1 | exposure limits in medicines, 0 to 1: [`ElementObjective`] |
//! | `supply_risk` | minimise | 1 | 0.25 production + 0.75 reserve index, 0 to 10 |
//! | `hhi_production`, `hhi_reserve` | minimise | 1 | mass-weighted mean of the index, 0 to 10000 |
//! | `price` | minimise | USD/kg | mass-weighted mean of the elements' prices |
//! | `recycling_rate` | maximise | % | at least this, of the metals, by mass |
//! | `embodied_carbon` | minimise | kg CO2e/kg | greenhouse gases of making the metals |
//! | `eu_critical_share`, `us_critical_share` | minimise | 1 | mass share of elements on the lists |
//!
//! For crystals:
//!
//! | name | goal | unit | formula |
//! |---|---|---|---|
//! | `energy_above_hull` | minimise | eV/atom | property of the same name |
//! | `formation_energy` | minimise | eV/atom | property of the same name |
//! | `reaction_energy` | minimise | eV/atom | property of the same name: [`Precursors`](crate::hull::Precursors) |
//! | `inverse_hull_energy` | minimise | eV/atom | property of the same name: depth below other phases |
//! | `metastability` | minimise | 1 | property of the same name: [`metastability`](crate::hull::metastability) |
//! | `density` | minimise | g/cm^3 | mass over volume of the cell |
//! | `novelty` | maximise | 1 | property of the same name: distance to the nearest known crystal |
//! | `disorder` | minimise | 1 | chance that elements share sites, from how alike they are: [`disorder`] |
//!
//! For complexes:
//!
//! | name | goal | unit | formula |
//! |---|---|---|---|
//! | `gap` | maximise | eV | property of the same name: lowest empty minus highest occupied orbital |
//! | `polarizability` | maximise | a.u. | property of the same name |
//! | `dipole` | minimise | D | property of the same name; of an ion it depends on the origin |
//! | `xtb_energy` | minimise | eV | property of the same name; for isomers and spin states of one composition |
//! | `charge_magnitude` | minimise | e | size of the total charge |
//! | `molecular_weight` | minimise | g/mol | mass of all atoms |
//! | `metal_abundance`, `metal_toxicity`, `metal_supply_risk`, `metal_price` | as above | as above | of the metal alone |
//! | `ligand_availability` | maximise | log10 | log10(1 + occurrences) of the rarest ligand: [`LigandAvailability`] |
//! | `synthetic_accessibility` | minimise | 1 | 1 (easy) to 10 (hard) of the hardest ligand: [`synthesis`] |
//!
//! A column of a user's element table is an objective too, as the mass-weighted mean of it:
//! [`crystal_objective_with`], [`complex_objective`]. Closures become objectives through [`FnObjective`].

mod availability;
pub mod disorder;
mod element;
mod function;
mod property;
mod registry;
pub mod synthesis;

pub use availability::{LigandAvailability, Occurrences, library_occurrences};
pub use druse_datasets::elements::charge;
pub use element::{ElementMeasure, ElementObjective, MetalObjective};
pub use function::FnObjective;
pub use property::{Density, PropertyObjective};
pub use registry::{
    ComplexContext, ComplexObjectiveError, KnownObjective, UnknownName, complex_objective, crystal_objective,
    crystal_objective_with, known, known_complex_objectives,
};
