//! Words that stand in many rows: each once, with its place in the list.

use std::collections::HashMap;

use serde_json::Value;

/// A list of words and their places.
#[derive(Debug, Default)]
pub struct Names {
    list: Vec<String>,
    places: HashMap<String, usize>,
}

impl Names {
    /// The place of a word, from 0, in the order of first use.
    pub fn place(&mut self, name: &str) -> Value {
        if let Some(&place) = self.places.get(name) {
            return place.into();
        }
        let place = self.list.len();
        self.list.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place.into()
    }

    /// The list.
    pub fn finish(self) -> Value {
        self.list.into()
    }
}
