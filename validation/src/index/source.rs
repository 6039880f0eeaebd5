//! Where entries come from.

use serde::{Deserialize, Serialize};

use crate::fingerprint::Invariants;

/// Version of the reduced cells in files. To be raised when [`Pattern::of`](crate::matching::Pattern::of)
/// finds other cells.
const REDUCTION: &str =
    "1: Niggli cell, and primitive cell at 0.25 Å by the decisions of pymatgen 2026.10.24";
/// Version of the invariants in files.
const INVARIANTS: &str = "1: average minimum distances in (V/N)^(1/3)";

/// A set of structures that went into an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Name.
    pub name: String,
    /// SHA-256 of the file or folder that was read, in hexadecimal digits.
    pub sha256: String,
    /// Number of its structures that are in the index.
    pub structures: usize,
    /// Whether coordinates of all of them are there; otherwise invariants only.
    pub exact: bool,
    /// Licence and attribution.
    pub licence: String,
    /// Day on which it was read, as the caller gave it.
    pub date: String,
}

/// What is said about a set when it is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSource {
    /// Name; ids are unique under it.
    pub name: String,
    /// Licence and attribution.
    pub licence: String,
    /// Day.
    pub date: String,
}

/// What became of the structures of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Number of new entries.
    pub added: usize,
    /// Number of structures whose id was there under the same name: what was there stays.
    pub known: usize,
    /// Structures that could not be read or prepared.
    pub refused: Vec<Refused>,
}

/// A structure that is not in the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// The description in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    reduction: String,
    invariants: String,
    blind_k: Vec<usize>,
    resolved_k: Vec<usize>,
    pub sources: Vec<Source>,
}

impl Description {
    pub fn new(sources: Vec<Source>) -> Self {
        Self {
            reduction: REDUCTION.to_owned(),
            invariants: INVARIANTS.to_owned(),
            blind_k: Invariants::BLIND_K.to_vec(),
            resolved_k: Invariants::RESOLVED_K.to_vec(),
            sources,
        }
    }

    pub fn to_json(&self) -> Result<Vec<u8>, std::io::Error> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Reads the description and checks that its numbers mean what they mean today.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let found: Self =
            serde_json::from_slice(json).map_err(|error| format!("its description: {error}"))?;
        let today = Self::new(Vec::new());
        let exact = found.sources.iter().any(|source| source.exact);
        if exact && found.reduction != today.reduction {
            return Err(version("reduced cells of version", &found.reduction, &today.reduction));
        }
        if found.invariants != today.invariants {
            return Err(version("invariants of version", &found.invariants, &today.invariants));
        }
        let ks = |known: &Self| format!("{:?}, {:?}", known.blind_k, known.resolved_k);
        if ks(&found) != ks(&today) {
            return Err(version("invariants at k =", &ks(&found), &ks(&today)));
        }
        Ok(found)
    }
}

fn version(what: &str, found: &str, expected: &str) -> String {
    format!("{what} '{found}', expected '{expected}'; build it again")
}
