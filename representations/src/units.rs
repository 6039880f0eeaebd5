//! Constants between units.

/// eV/Å^3 in GPa (exact in the SI of 2019).
pub const GPA_PER_EV_PER_A3: f64 = 160.217_663_4;
