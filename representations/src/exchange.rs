//! Designs as other programs read and write them: plain JSON without druse's inner structure.

use serde_json::{Map, Value, json};

use crate::complex::Complex;
use crate::crystal::Crystal;
use crate::design::Design;
use crate::io::{crystal_from_json, crystal_object};

/// A design that other programs can read and propose.
///
/// | design | written as |
/// |---|---|
/// | crystal | `{"lattice": [[..],[..],[..]], "species": ["Na", {"K": 0.5, "Rb": 0.5}], "frac": [[..], ..]}`, Å, rows are vectors |
/// | complex | `{"complex": "Pt(II)\|SP-4\|m1\|{[Cl-:1]}@0\|…", "charge": 0, "multiplicity": 1, "symbols": ["Pt", ..], "positions": [[..], ..]}`, Å; no positions when it is not built |
///
/// Crystals are read with all the keys of JSON lines (`cell` for `lattice`; pymatgen and OPTIMADE
/// objects); of complexes only `complex` is read.
///
/// ```
/// use druse_representations::{Crystal, Exchange, Lattice};
/// let polonium = Crystal::ordered(Lattice::cubic(3.35), [("Po".parse().unwrap(), [0.0; 3])]);
/// let json = polonium.to_exchange();
/// assert_eq!(json["species"][0], "Po");
/// assert_eq!(Crystal::from_exchange(&json).unwrap(), polonium);
/// ```
pub trait Exchange: Design {
    /// The design as JSON.
    fn to_exchange(&self) -> Value;

    /// The design that another program wrote.
    ///
    /// # Errors
    /// Says what is missing or impossible.
    fn from_exchange(value: &Value) -> Result<Self, String>;
}

impl Exchange for Crystal {
    fn to_exchange(&self) -> Value {
        Value::Object(crystal_object(self))
    }

    fn from_exchange(value: &Value) -> Result<Self, String> {
        crystal_from_json(value.clone()).map_err(|problem| problem.to_string())
    }
}

impl Exchange for Complex {
    fn to_exchange(&self) -> Value {
        let mut object = Map::new();
        object.insert("complex".to_owned(), json!(self.to_string()));
        object.insert("charge".to_owned(), json!(self.charge()));
        object.insert("multiplicity".to_owned(), json!(self.multiplicity));
        object.insert("symbols".to_owned(), self.elements().map(|element| json!(element.symbol())).collect());
        if let Some(positions) = &self.positions {
            object.insert("positions".to_owned(), json!(positions));
        }
        Value::Object(object)
    }

    fn from_exchange(value: &Value) -> Result<Self, String> {
        let text = value.get("complex").and_then(Value::as_str);
        let text = text.ok_or("no 'complex'; expected an object with a whole-complex string of that name")?;
        text.parse().map_err(|error: crate::complex::ComplexTextError| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystal::Occupant;
    use crate::lattice::Lattice;

    #[test]
    fn disorder_survives() {
        let mut crystal = Crystal::ordered(Lattice::cubic(4.0), [("K".parse().unwrap(), [0.25; 3])]);
        let rubidium = Occupant { element: "Rb".parse().unwrap(), occupancy: 0.25 };
        crystal.sites[0].occupants[0].occupancy = 0.75;
        crystal.sites[0].occupants.push(rubidium);
        assert_eq!(Crystal::from_exchange(&crystal.to_exchange()).unwrap(), crystal);
    }

    #[test]
    fn complexes_come_back_by_their_text() {
        let text = "Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[Cl-:1]}@1|{[NH3:1]}@2|{[NH3:1]}@3";
        let cisplatin: Complex = text.parse().unwrap();
        let json = cisplatin.to_exchange();
        assert_eq!(json["symbols"].as_array().unwrap().len(), 11);
        assert_eq!(json.get("positions"), None);
        let back = Complex::from_exchange(&json).unwrap();
        assert_eq!(back.identity(), cisplatin.identity());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| Crystal::from_exchange(&serde_json::from_str(text).unwrap()).unwrap_err();
        assert!(error("{}").contains("lattice"), "{}", error("{}"));
        assert!(error("17").contains("expected a pymatgen structure"), "{}", error("17"));
        let unknown = error(r#"{"cell": [4, 4, 4, 90, 90, 90], "species": ["Zz"], "frac": [[0, 0, 0]]}"#);
        assert!(unknown.contains("Zz"), "{unknown}");
        assert!(Complex::from_exchange(&json!({ "complex": "nonsense" })).is_err());
        assert!(Complex::from_exchange(&json!([])).unwrap_err().contains("'complex'"));
    }
}
