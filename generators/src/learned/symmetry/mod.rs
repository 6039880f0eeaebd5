//! What the models over the symmetry representation share: reading crystals as canonical symmetry codes,
//! features of Wyckoff positions, the numbers that describe a cell, distances between orbits, and the
//! rules of a legal occupation.

mod cells;
mod distances;
mod legal;
mod reading;
mod table;

pub use cells::{CELL_TERMS, cell_from_terms, cell_terms, free_cell_terms};
pub use distances::{ORBIT_FEATURES, PlacedOrbit, Placement};
pub use legal::{ElementRules, FormulaRules, MOST_ATOMS, Reach};
pub use reading::{SYMPRECS, read};
pub use table::{GROUP_FEATURES, POSITION_FEATURES, PositionEntry, PositionTable, position_table};
