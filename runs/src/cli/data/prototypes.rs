//! `druse data prototypes`

use crate::datasets::prototypes::{Prototype, prototypes};
use crate::representations::Exchange;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::results::{Outcome, Results};

#[derive(Args)]
pub struct Arguments {
    /// Show the structure types whose name contains this text
    #[arg(value_name = "TEXT", default_value = "")]
    text: String,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let wanted = arguments.text.to_lowercase();
    let mut results = Results::default();
    for prototype in prototypes().iter().filter(|prototype| prototype.name.to_lowercase().contains(&wanted)) {
        results.push(prototype.name.to_owned(), values(prototype));
    }
    if results.is_empty() {
        return Err(Failure::input(format!("found no structure type with '{}' in its name", arguments.text)));
    }
    results.finish(global, &["formula", "group", "atoms", "source"], |values| {
        ["formula", "space_group", "atoms", "source"]
            .iter()
            .map(|&key| values[key].as_str().map_or_else(|| values[key].to_string(), str::to_owned))
            .collect()
    })
}

fn values(prototype: &Prototype) -> Outcome {
    let code = prototype.code();
    let crystal = code.to_conventional().map_err(|error| error.to_string())?;
    let mut values = Map::new();
    let mut set = |key: &str, value: Value| values.insert(key.to_owned(), value);
    set("formula", json!(prototype.formula));
    set("space_group", json!(prototype.space_group));
    set("atoms", json!(code.primitive_atom_count()));
    set("source", json!(prototype.source));
    set("structure", crystal.to_exchange());
    Ok(values)
}
