//! Structures as OPTIMADE APIs answer them (specification 1.1 and later, C. W. Andersen et al.,
//! Sci. Data 8, 217 (2021)): an entry with `attributes`, or the attributes alone.

mod write;

pub(super) use write::write;

use nalgebra::Vector3;
use serde_json::{Map, Value};

use crate::crystal::Crystal;
use crate::element::{Element, UnknownElement};

use super::build;
use super::error::{Fault, Problem};
use super::values::{number, numbers};

const SITES: &str = "cartesian_site_positions";

/// What begins the names of properties that the specification does not know, where druse writes them.
const PREFIX: &str = "_druse_";
/// Properties whose names the specification does not allow.
const FURTHER: &str = "_druse_further_properties";
/// Attributes that follow from the structure, or say when and where it was stored.
const STANDARD: [&str; 17] = [
    "elements",
    "nelements",
    "elements_ratios",
    "chemical_formula_descriptive",
    "chemical_formula_reduced",
    "chemical_formula_anonymous",
    "dimension_types",
    "nperiodic_dimensions",
    "lattice_vectors",
    SITES,
    "nsites",
    "species",
    "species_at_sites",
    "structure_features",
    "last_modified",
    "immutable_id",
    "chemical_formula_hill",
];

pub(crate) fn is_structure(object: &Map<String, Value>) -> bool {
    let attributes = object.get("attributes").and_then(Value::as_object).unwrap_or(object);
    attributes.contains_key("lattice_vectors") && attributes.contains_key(SITES)
}

/// The structure; all other attributes that are not null are properties, ours without their prefix.
pub(crate) fn structure(mut object: Map<String, Value>) -> Result<(Crystal, Map<String, Value>), Fault> {
    let mut attributes = match object.shift_remove("attributes") {
        Some(Value::Object(attributes)) => attributes,
        _ => object,
    };
    let mut take = |key: &str| match attributes.shift_remove(key) {
        Some(Value::Array(list)) => Ok(list),
        Some(other) => Err(Problem::Unexpected {
            what: key.to_owned(),
            found: other.to_string().chars().take(60).collect(),
            expected: "a list".to_owned(),
        }),
        None => Err(Problem::Missing { what: key.to_owned(), expected: "a list".to_owned() }),
    };
    let vectors = take("lattice_vectors")?;
    if vectors.len() != 3 {
        let expected = "3 (periodic in three directions)".to_owned();
        return Err(Problem::Count { what: "lattice_vectors".into(), found: vectors.len(), expected }.into());
    }
    let mut rows = [[0.0; 3]; 3];
    for (row, target) in vectors.iter().zip(&mut rows) {
        *target = numbers(row, || "row of lattice_vectors".into())?;
    }
    let lattice = build::lattice_from_rows(rows)?;
    let (positions, names) = (take(SITES)?, take("species_at_sites")?);
    if positions.len() != names.len() {
        let expected = format!("{}, the number of {SITES}", positions.len());
        return Err(Problem::Count { what: "species_at_sites".into(), found: names.len(), expected }.into());
    }
    // Optional by the specification where every species is its own name.
    let kinds = take("species").unwrap_or_default();
    let mut sites = Vec::with_capacity(names.len());
    for (index, (name, position)) in names.iter().zip(&positions).enumerate() {
        let label = || (index + 1).to_string();
        let name = name.as_str().unwrap_or_default();
        let xyz: [f64; 3] = numbers(position, || format!("position of site {}", index + 1))?;
        let frac = lattice.to_fractional(&Vector3::from(xyz)).unwrap_or_default();
        let kind = kinds.iter().find(|kind| kind.get("name").and_then(Value::as_str) == Some(name));
        sites.extend(build::site(&label, shares(name, kind, &label)?, frac.into())?);
    }
    Ok((build::crystal(lattice, sites)?, properties(attributes)))
}

fn properties(attributes: Map<String, Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    for (key, value) in attributes {
        match (key.strip_prefix(PREFIX), value) {
            (_, Value::Null) => {}
            (Some(_), Value::Object(further)) if key == FURTHER => properties.extend(further),
            (Some(own), value) if !own.is_empty() => drop(properties.insert(own.to_owned(), value)),
            (_, value) => drop(properties.insert(key, value)),
        }
    }
    properties
}

/// Elements and concentrations of a species. `vacancy` leaves its share empty.
fn shares(
    name: &str,
    kind: Option<&Value>,
    label: &dyn Fn() -> String,
) -> Result<Vec<(Element, f64)>, Problem> {
    let unknown = |problem: UnknownElement| Problem::UnknownElement { site: label(), problem };
    let Some(kind) = kind else { return Ok(vec![(build::element(name).map_err(unknown)?, 1.0)]) };
    let list = |key: &str| kind.get(key).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let (symbols, concentrations) = (list("chemical_symbols"), list("concentration"));
    if symbols.len() != concentrations.len() {
        let expected = format!("{}, the number of chemical_symbols", symbols.len());
        let what = format!("concentrations of species {name}");
        return Err(Problem::Count { what, found: concentrations.len(), expected });
    }
    let mut shares = Vec::with_capacity(symbols.len());
    for (symbol, concentration) in symbols.iter().zip(concentrations) {
        let symbol = symbol.as_str().unwrap_or_default();
        if symbol != "vacancy" {
            let share = number(concentration, || format!("concentration of species {name}"))?;
            shares.push((build::element(symbol).map_err(unknown)?, share));
        }
    }
    Ok(shares)
}
