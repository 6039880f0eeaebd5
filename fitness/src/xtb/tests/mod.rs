mod complexes;
mod fake;
pub mod molecules;
mod real;
