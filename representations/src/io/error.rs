//! What can go wrong while reading and writing structure files.

use std::fmt;
use std::path::PathBuf;

use crate::element::UnknownElement;
use crate::lattice::ImpossibleCell;

use super::format::KNOWN_INPUTS;

/// A structure that could not be read; the other structures of the file are not affected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{file}{place}: {problem}")]
pub struct RecordError {
    /// Id that the structure would have had.
    pub id: String,
    /// The file, with the member of an archive after a colon.
    pub file: String,
    /// Where in the file.
    pub place: Place,
    /// What was found and what was expected.
    #[source]
    pub problem: Box<Problem>,
}

/// A place in a structure file; what is unknown stays empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Name of the data block (CIF).
    pub block: Option<String>,
    /// Number of the structure, from 1 (lists, tables, frames).
    pub entry: Option<usize>,
    /// Line, from 1; inside a CIF that is a table cell, the line of that text.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(entry) = self.entry {
            write!(f, ", structure {entry}")?;
        }
        if let Some(block) = &self.block {
            write!(f, ", block '{block}'")?;
        }
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        Ok(())
    }
}

/// Why a structure was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something is not there.
    #[error("no {what}; expected {expected}")]
    Missing {
        /// What is missing.
        what: String,
        /// Where it is usually found.
        expected: String,
    },
    /// A text that should be a number.
    #[error("{what} is '{found}'; expected a finite number")]
    NotANumber {
        /// The quantity.
        what: String,
        /// The text.
        found: String,
    },
    /// A value of the wrong kind.
    #[error("{what} is '{found}'; expected {expected}")]
    Unexpected {
        /// The quantity.
        what: String,
        /// The value.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// Lists whose lengths do not agree.
    #[error("{found} {what}; expected {expected}")]
    Count {
        /// What was counted.
        what: String,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: String,
    },
    /// A site that names no element.
    #[error("site {site}: {problem}")]
    UnknownElement {
        /// Label or number (from 1) of the site.
        site: String,
        /// The text.
        problem: UnknownElement,
    },
    /// Cell parameters without volume.
    #[error(transparent)]
    ImpossibleCell(#[from] ImpossibleCell),
    /// Lattice vectors without volume.
    #[error("impossible lattice {0:?} Å: it spans no volume")]
    FlatLattice([[f64; 3]; 3]),
    /// A structure without atoms.
    #[error("the structure is empty; expected at least one atom with an occupancy above 0")]
    Empty,
    /// An occupancy outside [0, 1].
    #[error("site {site}: occupancy {found}; expected a number from 0 to 1")]
    Occupancy {
        /// Label or number (from 1) of the site.
        site: String,
        /// The occupancy.
        found: f64,
    },
    /// Occupancies at one place that add up to clearly more than 1.
    #[error(
        "site {site}: occupancies at this place add up to {sum:.4}; expected at most 1 (up to {limit} is scaled)"
    )]
    Overfull {
        /// Labels or numbers (from 1) of the sites.
        site: String,
        /// The sum.
        sum: f64,
        /// Largest sum that is tolerated.
        limit: f64,
    },
    /// A space group that no table knows.
    #[error(
        "unknown space group {found}; expected a Hermann-Mauguin or Hall symbol or a number from 1 to 230"
    )]
    SpaceGroup {
        /// The symbols as given.
        found: String,
    },
    /// A symmetry operation that cannot be read.
    #[error("symmetry operation '{found}'; expected a form such as -x,y+1/2,-z")]
    Operation {
        /// The text.
        found: String,
    },
    /// Text that breaks the rules of the format.
    #[error("broken {format}: {reason}")]
    Syntax {
        /// Name of the format.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The file could not be read to its end.
    #[error("cannot be read on: {0}")]
    Input(String),
}

/// A problem and, if known, its line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) line: Option<usize>,
    pub(crate) problem: Problem,
}

impl Fault {
    pub(crate) fn at(line: usize, problem: impl Into<Problem>) -> Self {
        Self { line: Some(line), problem: problem.into() }
    }
}

impl<P: Into<Problem>> From<P> for Fault {
    fn from(problem: P) -> Self {
        Self { line: None, problem: problem.into() }
    }
}

/// A file or folder that could not be opened at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such file.
    #[error("{path}: no such file or folder")]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// The name tells no known format.
    #[error("{path}: unknown format; expected one of {KNOWN_INPUTS}")]
    UnknownFormat {
        /// The path.
        path: PathBuf,
    },
    /// A folder or archive without structure files.
    #[error("{path}: nothing to read in it; expected files such as {KNOWN_INPUTS}")]
    NothingInside {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{path}: cannot read: {error}")]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        #[source]
        error: std::io::Error,
    },
    /// A zip archive that cannot be opened.
    #[error("{path}: broken zip archive: {reason}")]
    Archive {
        /// The path.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

/// Structures that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The format has no way to say partial occupancy.
    #[error("'{id}', site {site}: {format} cannot hold partial occupancies; write cif or jsonl instead")]
    Disordered {
        /// The structure.
        id: String,
        /// The site, from 1.
        site: usize,
        /// Name of the format.
        format: &'static str,
    },
    /// The format is one of structures with energies.
    #[error(
        "'{id}' has no energy, which computed entries of pymatgen need; expected the property 'energy' (eV of the cell), or another \
         format, such as json"
    )]
    NoEnergy {
        /// The structure.
        id: String,
    },
    /// The format is binary.
    #[error("the format {format} is no text")]
    NoText {
        /// Name of the format.
        format: &'static str,
    },
    /// A database that could not be made.
    #[error("cannot make the database: {0}")]
    Database(String),
    /// The system refused.
    #[error("{path}: cannot write: {error}")]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        #[source]
        error: std::io::Error,
    },
}
