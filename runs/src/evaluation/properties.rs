//! Properties of generated structures whose distributions are compared.

use druse_representations::Crystal;
use serde_json::{Map, Value};

/// Properties that every structure has, with their units.
pub const BUILT_IN: [(&str, &str); 4] =
    [("density", "g/cm^3"), ("volume_per_atom", "Å^3"), ("elements", "count"), ("atoms", "count")];

/// A property by name: a built-in one, or a number that the file gives for the structure.
pub fn property(name: &str, crystal: &Crystal, given: &Map<String, Value>) -> Option<f64> {
    let value = match name {
        "density" => crystal.density(),
        "volume_per_atom" => crystal.lattice.volume() / crystal.composition().atom_count(),
        "elements" => crystal.composition().element_count() as f64,
        "atoms" => crystal.sites.len() as f64,
        _ => given.get(name)?.as_f64()?,
    };
    value.is_finite().then_some(value)
}

/// Unit of a built-in property; empty for others.
pub fn unit(name: &str) -> &'static str {
    BUILT_IN.iter().find(|(known, _)| *known == name).map_or("", |(_, unit)| unit)
}
