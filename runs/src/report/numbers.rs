//! Numbers in the data of pages: as short as they may be.

use std::collections::BTreeSet;

use druse_datasets::elements::charge::is_metal;
use druse_datasets::elements::covalent_radius;
use druse_representations::Element;
use serde_json::{Value, json};

/// A number with so many decimals; a whole one without any.
pub fn rounded(number: f64, decimals: i32) -> Value {
    let scale = 10f64.powi(decimals);
    whole_or_not((number * scale).round() / scale)
}

/// A number with six digits; null when it is not finite.
pub fn significant(number: f64) -> Value {
    // Writing and reading a finite number cannot fail.
    whole_or_not(format!("{number:.5e}").parse().unwrap_or(f64::NAN))
}

fn whole_or_not(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

/// Covalent radius (Å) and whether it is a metal, by element; what views of structures need.
pub fn radii(elements: impl Iterator<Item = Element>) -> Value {
    let found: BTreeSet<Element> = elements.collect();
    let known = |element: Element| covalent_radius(element).map(|radius| json!([radius, is_metal(element)]));
    Value::Object(
        found.into_iter().filter_map(|element| Some((element.to_string(), known(element)?))).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_may_be() {
        assert_eq!(significant(1.23456789e-3).to_string(), "0.00123457");
        assert_eq!(significant(1234567.8).to_string(), "1234570");
        assert_eq!(significant(-4.0).to_string(), "-4");
        assert_eq!(significant(f64::NAN), Value::Null);
        assert_eq!(rounded(-1e-9, 4).to_string(), "0");
    }
}
