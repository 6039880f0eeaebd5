//! A structure as it comes from a file.

use serde_json::{Map, Value};

use crate::crystal::Crystal;

use super::error::{Fault, Place, RecordError};

/// A crystal with the identity and the properties that its file gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Id: as the file says (`id`, `material_id`, `entry_id`, our own CIF tag), otherwise the file
    /// name without endings, followed by `#` and a number when the file holds several structures
    /// (CIF: by the block code).
    pub id: String,
    /// The crystal, all sites of one cell.
    pub crystal: Crystal,
    /// Everything else that the file says about the structure, in file order.
    pub properties: Map<String, Value>,
    /// The file, with the member of an archive after a colon.
    pub source: String,
}

/// Receives structures and errors one after the other.
pub(crate) type Emit<'a> = dyn FnMut(Result<Record, RecordError>) + 'a;

/// Where the bytes come from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Path for messages.
    pub(crate) file: String,
    /// File name without endings.
    pub(crate) stem: String,
}

/// Keys that hold an id, in order of preference.
const ID_KEYS: [&str; 4] = ["id", "material_id", "entry_id", "mp_id"];

impl Origin {
    /// Id of structure number `entry` (from 1) of a file; `None` when it is the only one.
    pub(crate) fn id(&self, entry: Option<usize>) -> String {
        entry.map_or_else(|| self.stem.clone(), |n| format!("{}#{n}", self.stem))
    }

    /// Ends the reading of one structure.
    pub(crate) fn finish(
        &self,
        id: String,
        mut place: Place,
        result: Result<(Crystal, Map<String, Value>), Fault>,
    ) -> Result<Record, RecordError> {
        match result {
            Ok((crystal, properties)) => Ok(Record { id, crystal, properties, source: self.file.clone() }),
            Err(fault) => {
                place.line = fault.line.or(place.line);
                Err(RecordError { id, file: self.file.clone(), place, problem: Box::new(fault.problem) })
            }
        }
    }

    /// An error that ends the file.
    pub(crate) fn fail(&self, place: Place, fault: impl Into<Fault>) -> RecordError {
        let fault = fault.into();
        let place = Place { line: fault.line.or(place.line), ..place };
        RecordError {
            id: self.id(place.entry),
            file: self.file.clone(),
            place,
            problem: Box::new(fault.problem),
        }
    }
}

/// The id among properties, if there is one (a text or a whole number). A key `id` is taken out,
/// the others stay.
pub(crate) fn id_from(properties: &mut Map<String, Value>) -> Option<String> {
    for key in ID_KEYS {
        let id = match properties.get(key) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => continue,
        };
        if key == "id" {
            properties.shift_remove(key);
        }
        return Some(id);
    }
    None
}
