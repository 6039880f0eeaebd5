//! The labelled pairs of the folder of development data, when it is there.

#![allow(dead_code, reason = "every test takes what it needs")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use druse_representations::{Crystal, io};

/// A row of `pairs.csv`; the columns are described beside it.
pub struct Pair {
    pub first: String,
    pub second: String,
    pub kind: String,
    pub level: String,
    pub label: String,
    columns: HashMap<String, String>,
}

impl Pair {
    /// A decision: 1 or 0; `None` when it was not evaluated.
    pub fn decision(&self, column: &str) -> Option<bool> {
        self.columns[column].parse::<u8>().ok().map(|x| x == 1)
    }

    /// A number; `None` when there is none.
    pub fn number(&self, column: &str) -> Option<f64> {
        self.columns[column].parse().ok()
    }
}

/// Structures by id, and pairs of them.
pub struct Labelled {
    pub crystals: HashMap<String, Crystal>,
    pub pairs: Vec<Pair>,
}

/// The folder `name` of the development data: beside the workspace, or in the folder that the
/// environment variable `DRUSE_SHARED_DATA` names.
pub fn shared_data(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = std::env::var_os("DRUSE_SHARED_DATA").map_or(beside, PathBuf::from).join(name);
    path.is_dir().then_some(path)
}

/// The labelled pairs; `None` (and a line that says so) without the data.
pub fn labelled() -> Option<Labelled> {
    let Some(folder) = shared_data("novelty") else {
        println!("skipped: no labelled pairs (development data, see DRUSE_SHARED_DATA)");
        return None;
    };
    let mut crystals = HashMap::new();
    for file in ["refs.jsonl.gz", "derived.jsonl.gz"] {
        for record in io::read_path(&folder.join(file)).unwrap() {
            let record = record.unwrap();
            crystals.insert(record.id.clone(), record.crystal);
        }
    }
    let mut reader = csv::Reader::from_path(folder.join("pairs.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let pairs = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            let mut columns: HashMap<String, String> =
                header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect();
            let mut take = |name: &str| columns.remove(name).unwrap();
            Pair {
                first: take("id1"),
                second: take("id2"),
                kind: take("kind"),
                level: take("level"),
                label: take("label"),
                columns,
            }
        })
        .collect();
    Some(Labelled { crystals, pairs })
}
