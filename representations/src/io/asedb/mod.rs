//! Databases of ASE (A. H. Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)): SQLite files with the tables of
//! version 9, as ASE 3.29 writes them; versions 5 to 8 are read as well.
//!
//! Energy, forces, stress and magnetic moments have columns ([`calculated`](super::calculated)). Other properties are
//! key-value pairs, which `ase db` shows and selects by, where ASE allows their keys and values, and `data` where it does
//! not. The id of a structure is the pair [`ID`].

mod packed;
mod read;
mod tables;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// Key that holds the id of a structure: `id` itself is a number of ASE's own.
const ID: &str = "druse_id";

/// Version of the tables that is written, and the newest that is read.
const VERSION: i64 = 9;
/// Oldest version that is read, as by ASE.
const OLDEST: i64 = 5;

#[cfg(test)]
mod tests;
