//! From files of structures to the data of a training.

mod data;
mod filter;

pub use data::{By, Data, DataError, DataRequest, Duplicates, SetApart};
pub use filter::{BadFilter, Filter};
