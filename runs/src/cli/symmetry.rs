//! `druse symmetry`

use crate::representations::symmetry::{SymmetryInfo, analyse};
use crate::representations::wyckoff::position;
use crate::representations::{Crystal, Exchange};
use clap::Args;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::Failure;
use super::results::{Outcome, Results};
use super::structures::Files;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Distance (Å) within which sites count as equivalent
    #[arg(long, value_name = "Å", default_value_t = 0.01)]
    symprec: f64,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    if !(arguments.symprec.is_finite() && arguments.symprec > 0.0) {
        let found = arguments.symprec;
        return Err(Failure::input(format!("--symprec: found {found}, expected a number of Å above 0")));
    }
    let outcomes: Vec<(String, Outcome)> = arguments
        .files
        .read()?
        .into_par_iter()
        .map(|input| {
            let outcome = input.record.and_then(|record| {
                let info = analyse(&record.crystal, arguments.symprec).map_err(|error| error.to_string())?;
                Ok(values(&record.crystal, &info))
            });
            (input.id, outcome)
        })
        .collect();
    Results::from(outcomes).finish(global, &["formula", "no.", "symbol", "Pearson", "orbits"], |values| {
        ["formula", "number", "symbol", "pearson_symbol", "orbits"]
            .iter()
            .map(|&key| match &values[key] {
                Value::String(text) => text.clone(),
                Value::Array(orbits) => orbits.iter().map(orbit_text).collect::<Vec<_>>().join(" "),
                other => other.to_string(),
            })
            .collect()
    })
}

fn orbit_text(orbit: &Value) -> String {
    let text = |key: &str| orbit[key].as_str().unwrap_or_default().to_owned();
    format!("{}:{}", text("species"), text("wyckoff"))
}

fn values(crystal: &Crystal, info: &SymmetryInfo) -> Map<String, Value> {
    let mut values = Map::new();
    let mut set = |key: &str, value: Value| values.insert(key.to_owned(), value);
    set("formula", json!(crystal.composition().reduced_formula()));
    set("number", json!(info.number));
    set("symbol", json!(info.symbol));
    set("wyckoff", info.sites.iter().map(|site| json!(site.letter)).collect());
    set("symprec", json!(info.symprec));
    set("orbits", orbits(crystal, info));
    set("equivalent_to", info.sites.iter().map(|site| json!(site.representative)).collect());
    set("hall_number", json!(info.hall_number));
    set("point_group", json!(info.point_group));
    set("pearson_symbol", json!(info.pearson_symbol));
    set("operations", json!(info.operations.len()));
    set("conventional", info.conventional.to_exchange());
    set("primitive", info.primitive.to_exchange());
    values
}

/// One object for each set of equivalent sites.
fn orbits(crystal: &Crystal, info: &SymmetryInfo) -> Value {
    let first = info.sites.iter().enumerate().filter(|(index, site)| *index == site.representative);
    first
        .map(|(index, site)| {
            let occupants: Vec<String> =
                crystal.sites[index].occupants.iter().map(|occupant| occupant.element.to_string()).collect();
            let multiplicity =
                position(info.number, site.letter).map_or(0, |position| position.multiplicity());
            let members: Vec<usize> =
                (0..info.sites.len()).filter(|&other| info.sites[other].representative == index).collect();
            json!({
                "species": occupants.join("/"),
                "wyckoff": format!("{multiplicity}{}", site.letter),
                "site_symmetry": site.symbol,
                "sites": members,
            })
        })
        .collect()
}
