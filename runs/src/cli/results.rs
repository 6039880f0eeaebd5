//! One result per input: a table for people, JSON for programs, a line for each failure.

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::table::table;
use super::{Global, output};

/// Values of one input, or why there are none.
pub type Outcome = Result<Map<String, Value>, String>;

/// Results in the order of the inputs.
#[derive(Default)]
pub struct Results {
    outcomes: Vec<(String, Outcome)>,
}

impl From<Vec<(String, Outcome)>> for Results {
    /// Results by the ids of their inputs.
    fn from(outcomes: Vec<(String, Outcome)>) -> Self {
        Self { outcomes }
    }
}

impl Results {
    /// Adds the result of the next input.
    pub fn push(&mut self, id: String, outcome: Outcome) {
        self.outcomes.push((id, outcome));
    }

    /// Whether there is no result yet.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Number of results.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// The values of inputs that did not fail.
    pub fn values(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok())
    }

    /// Shows and writes everything. `row` makes a row of the table (after the id) of the values of
    /// one input.
    ///
    /// # Errors
    /// When nothing can be written, and when every single input failed.
    pub fn finish(
        self,
        global: &Global,
        header: &[&str],
        row: impl Fn(&Map<String, Value>) -> Vec<String>,
    ) -> Result<(), Failure> {
        let rows: Vec<Vec<String>> = self
            .outcomes
            .iter()
            .filter_map(|(id, outcome)| Some([vec![id.clone()], row(outcome.as_ref().ok()?)].concat()))
            .collect();
        let header: Vec<&str> = ["id"].iter().chain(header).copied().collect();
        let text = if rows.is_empty() { String::new() } else { table(&header, &rows) };
        self.finish_with(global, &text)
    }

    /// Shows `text` in place of a table, and writes everything.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn finish_with(self, global: &Global, text: &str) -> Result<(), Failure> {
        if !global.json_on_stdout() && !text.is_empty() {
            output::print(text)?;
        }
        let errors: Vec<(&String, &String)> = self
            .outcomes
            .iter()
            .filter_map(|(id, outcome)| outcome.as_ref().err().map(|error| (id, error)))
            .collect();
        let count = self.outcomes.len();
        let failure = match errors[..] {
            [(_, error)] if count == 1 => Some(error.clone()),
            _ => {
                for (id, error) in &errors {
                    eprintln!("{id}: {error}");
                }
                match errors.len() {
                    0 => None,
                    failed if failed == count => Some(format!("all {count} structures failed")),
                    failed => {
                        global.note(&format!("{failed} of {count} structures failed"));
                        None
                    }
                }
            }
        };
        global.write_json(&self.outcomes.into_iter().map(object).collect())?;
        failure.map_or(Ok(()), |message| Err(Failure::input(message)))
    }
}

fn object((id, outcome): (String, Outcome)) -> Value {
    match outcome {
        Ok(values) => {
            let mut object = Map::new();
            object.insert("id".to_owned(), json!(id));
            object.extend(values);
            Value::Object(object)
        }
        Err(error) => json!({ "id": id, "error": error }),
    }
}

/// A number of a result with this many decimals, or `-`.
pub fn shown(values: &Map<String, Value>, key: &str, decimals: usize) -> String {
    super::table::number(values.get(key).and_then(Value::as_f64), decimals)
}
