//! Reading and writing structure files.
//!
//! [`read_path`] and [`for_each`] read CIF, POSCAR, extXYZ, pymatgen and OPTIMADE JSON, JSON lines,
//! CSV tables and databases of ASE, each also compressed, in zip archives and folders. [`write_file`],
//! [`write_bytes`] and [`write_string`] write the formats of [`Format`]. Molecules have a reader and a writer of their own,
//! [`read_molecules`] and [`write_xyz_text`], for XYZ.
//!
//! Reading checks what makes a structure impossible (cells without volume, numbers that are none,
//! unknown elements, no atoms, overfull sites). Whether atoms are too close is a question for the
//! validation crate.

mod asedb;
mod atomic;
mod build;
pub mod calculated;
pub mod cif;
mod csv_table;
mod entries;
mod error;
mod extxyz;
mod format;
mod json;
mod jsonl;
mod optimade;
mod poscar;
mod pymatgen;
mod record;
mod source;
mod values;
mod write;
mod xyz;

pub use atomic::{write_atomically, write_atomically_with};
pub use build::OCCUPANCY_LIMIT;
pub use error::{Place, Problem, ReadError, RecordError, WriteError};
pub use format::{Format, UnknownFormat};
pub(crate) use json::crystal as crystal_from_json;
pub(crate) use jsonl::crystal_object;
pub use record::Record;
pub use source::{for_each, read_molecules, read_path};
pub use write::{write_bytes, write_file, write_string};
pub use xyz::{MoleculeRecord, read_xyz_text, write_xyz_text};
