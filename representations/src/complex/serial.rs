//! Complexes as JSON; what is read is checked.

use serde::Deserialize;

use crate::element::Element;

use super::{Complex, ComplexError, Geometry, PlacedLigand};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    metal: Element,
    oxidation_state: i32,
    multiplicity: u32,
    geometry: Geometry,
    ligands: Vec<PlacedLigand>,
    #[serde(default)]
    positions: Option<Vec<[f64; 3]>>,
}

impl TryFrom<Record> for Complex {
    type Error = ComplexError;

    fn try_from(record: Record) -> Result<Self, ComplexError> {
        let Record { metal, oxidation_state, multiplicity, geometry, ligands, positions } = record;
        let complex = Self { metal, oxidation_state, multiplicity, geometry, ligands, positions };
        complex.check()?;
        Ok(complex)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{chelate, complex, ligand};
    use super::*;

    #[test]
    fn a_complex_survives_json() {
        let placed =
            [(&chelate("N", "N"), vec![0, 1]), (&ligand("Cl", -1), vec![2]), (&ligand("P", 0), vec![3])];
        let made = complex("Pd", 2, 2, Geometry::SquarePlanar, &placed).unwrap();
        let built = made.clone().with_positions(vec![[0.1, 0.2, 1.0 / 3.0]; 5]).unwrap();
        for complex in [made, built] {
            let text = serde_json::to_string(&complex).unwrap();
            let back: Complex = serde_json::from_str(&text).unwrap();
            assert_eq!(back.identity(), complex.identity());
            assert_eq!(back.positions, complex.positions);
            assert_eq!(serde_json::to_string(&back).unwrap(), text);
        }
    }

    #[test]
    fn a_broken_complex_is_refused() {
        let complex =
            complex("Ag", 1, 1, Geometry::Linear, &[(&ligand("N", 0), vec![0]), (&ligand("N", 0), vec![1])]);
        let text = serde_json::to_string(&complex.unwrap()).unwrap();
        let error =
            serde_json::from_str::<Complex>(&text.replace("\"sites\":[1]", "\"sites\":[0]")).unwrap_err();
        assert!(error.to_string().contains("site 0 is taken"), "{error}");
    }
}
