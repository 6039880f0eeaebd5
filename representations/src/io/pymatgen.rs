//! Structures as pymatgen's `Structure.as_dict` writes them (S. P. Ong et al., Comput. Mater. Sci.
//! 68, 314 (2013)).

use nalgebra::Vector3;
use serde_json::{Map, Value, json};

use crate::crystal::{Crystal, Site};
use crate::lattice::Lattice;

use super::build;
use super::error::{Fault, Problem};
use super::record::Record;
use super::values::{number, numbers};

/// Keys of pymatgen's own book-keeping.
const BOOK_KEEPING: [&str; 3] = ["@module", "@class", "@version"];

pub(crate) fn is_structure(object: &Map<String, Value>) -> bool {
    object.get("lattice").is_some_and(Value::is_object) && object.contains_key("sites")
}

/// The structure; `properties` and further keys are properties.
pub(crate) fn structure(mut object: Map<String, Value>) -> Result<(Crystal, Map<String, Value>), Fault> {
    let lattice = lattice(&object.shift_remove("lattice").unwrap_or_default())?;
    let Some(Value::Array(listed)) = object.shift_remove("sites") else {
        let found = "something else".into();
        return Err(Problem::Unexpected { what: "sites".into(), found, expected: "a list".into() }.into());
    };
    let mut sites = Vec::with_capacity(listed.len());
    for (index, site) in listed.iter().enumerate() {
        sites.extend(self::site(site, index + 1, &lattice)?);
    }
    let crystal = build::crystal(lattice, sites)?;
    let mut properties = Map::new();
    if let Some(Value::Object(inner)) = object.shift_remove("properties") {
        properties = inner;
    }
    if object.get("charge").is_some_and(|charge| charge.is_null() || charge.as_f64() == Some(0.0)) {
        object.shift_remove("charge");
    }
    Ok((crystal, outer_properties(object, properties)))
}

/// Keys around a structure and properties inside of it; the outer ones win.
pub(crate) fn outer_properties(
    mut outer: Map<String, Value>,
    inner: Map<String, Value>,
) -> Map<String, Value> {
    for key in BOOK_KEEPING {
        outer.shift_remove(key);
    }
    for (key, value) in inner {
        outer.entry(key).or_insert(value);
    }
    outer
}

fn lattice(value: &Value) -> Result<Lattice, Fault> {
    if let Some(Value::Array(rows)) = value.get("matrix") {
        let mut matrix = [[0.0; 3]; 3];
        if rows.len() != 3 {
            let expected = "3".into();
            return Err(Problem::Count {
                what: "rows of lattice.matrix".into(),
                found: rows.len(),
                expected,
            }
            .into());
        }
        for (row, target) in rows.iter().zip(&mut matrix) {
            *target = numbers(row, || "row of lattice.matrix".into())?;
        }
        return Ok(build::lattice_from_rows(matrix)?);
    }
    let mut cell = [0.0; 6];
    for (key, target) in ["a", "b", "c", "alpha", "beta", "gamma"].into_iter().zip(&mut cell) {
        *target = number(value.get(key).unwrap_or(&Value::Null), || format!("lattice.{key}"))?;
    }
    Ok(build::lattice_from_parameters(cell)?)
}

fn site(value: &Value, number_of_site: usize, lattice: &Lattice) -> Result<Option<Site>, Fault> {
    let label = || number_of_site.to_string();
    let frac: [f64; 3] = match (value.get("abc"), value.get("xyz")) {
        (Some(abc), _) => numbers(abc, || format!("abc of site {number_of_site}"))?,
        (None, Some(xyz)) => {
            let xyz: [f64; 3] = numbers(xyz, || format!("xyz of site {number_of_site}"))?;
            lattice.to_fractional(&Vector3::from(xyz)).unwrap_or_default().into()
        }
        (None, None) => {
            let what = format!("coordinates of site {number_of_site}");
            return Err(Problem::Missing { what, expected: "'abc' or 'xyz'".into() }.into());
        }
    };
    let Some(Value::Array(species)) = value.get("species") else {
        let what = format!("species of site {number_of_site}");
        return Err(Problem::Missing { what, expected: "a list of {element, occu}".into() }.into());
    };
    let mut shares = Vec::with_capacity(species.len());
    for species in species {
        let symbol = species.get("element").and_then(Value::as_str).unwrap_or_default();
        let element =
            build::element(symbol).map_err(|problem| Problem::UnknownElement { site: label(), problem })?;
        let occupancy = match species.get("occu") {
            Some(value) => number(value, || format!("occu of site {number_of_site}"))?,
            None => 1.0,
        };
        shares.push((element, occupancy));
    }
    Ok(build::site(&label, shares, frac)?)
}

/// A list of structures with the further key `id`, which pymatgen ignores.
pub(crate) fn write(records: &[Record]) -> String {
    let list: Vec<Value> = records.iter().map(dictionary).collect();
    Value::Array(list).to_string() + "\n"
}

fn dictionary(record: &Record) -> Value {
    let mut structure = structure_dictionary(&record.crystal);
    structure["id"] = json!(record.id);
    structure["properties"] = json!(record.properties);
    structure
}

/// A crystal as `Structure.as_dict` writes it, without properties.
pub(super) fn structure_dictionary(crystal: &Crystal) -> Value {
    let lattice = &crystal.lattice;
    let [a, b, c, alpha, beta, gamma] = lattice.parameters();
    let sites: Vec<Value> = crystal
        .sites
        .iter()
        .map(|site| {
            let species: Vec<Value> = site
                .occupants
                .iter()
                .map(|o| json!({"element": o.element.symbol(), "occu": o.occupancy}))
                .collect();
            let label: Vec<&str> = site.occupants.iter().map(|o| o.element.symbol()).collect();
            let (abc, xyz): ([f64; 3], [f64; 3]) =
                (site.frac.into(), lattice.to_cartesian(&site.frac).into());
            json!({"species": species, "abc": abc, "xyz": xyz, "properties": {}, "label": label.join(":")})
        })
        .collect();
    json!({
        "@module": "pymatgen.core.structure",
        "@class": "Structure",
        "charge": 0.0,
        "lattice": {
            "matrix": lattice.rows(), "pbc": [true, true, true],
            "a": a, "b": b, "c": c, "alpha": alpha, "beta": beta, "gamma": gamma,
            "volume": lattice.volume(),
        },
        "properties": {},
        "sites": sites,
    })
}
