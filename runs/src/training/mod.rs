//! From files of structures or ligands to the data of a training.

mod data;
mod filter;
mod ligands;

pub use data::{By, Data, DataError, DataRequest, Duplicates, SetApart};
pub use filter::{BadFilter, Filter};
