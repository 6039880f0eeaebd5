//! The shape of a JSON document of computed entries, parsed without keeping what is not needed
//! (structures are most of such files).

use std::fmt;

use druse_representations::{Composition, Element};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value seen as entries and groups of entries.
pub(super) enum Node {
    /// An object with a composition or an energy.
    Record(Box<Record>),
    /// A list.
    List(Vec<Node>),
    /// Any other object.
    Map(Vec<(String, Node)>),
    /// A value that holds no entries; the word is its kind.
    Other(&'static str),
}

/// The fields of an entry that are read.
#[derive(Default)]
pub(super) struct Record {
    pub id: Option<String>,
    pub composition: Option<Composition>,
    pub energy: Option<f64>,
    pub correction: Option<f64>,
    pub adjustments: Option<Vec<Adjustment>>,
    pub e_above_hull: Option<f64>,
    pub e_form_per_atom: Option<f64>,
}

/// An energy adjustment of pymatgen, in any of its classes.
#[derive(Deserialize)]
pub(super) struct Adjustment {
    value: Option<f64>,
    adj_per_atom: Option<f64>,
    adj_per_deg: Option<f64>,
    temp: Option<f64>,
    n_atoms: Option<f64>,
}

impl Adjustment {
    /// The adjustment in eV per cell, if its class is known.
    pub fn energy(&self) -> Option<f64> {
        self.value
            .or_else(|| Some(self.adj_per_atom? * self.n_atoms?))
            .or_else(|| Some(self.adj_per_deg? * self.temp? * self.n_atoms?))
    }
}

/// A composition written as a map of amounts or as a formula.
struct Amounts(Composition);

/// An id written as a text or a number.
struct Id(Option<String>);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("computed entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut record = Record::default();
        let mut children = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "composition" => record.composition = map.next_value::<Option<Amounts>>()?.map(|a| a.0),
                "energy" => record.energy = map.next_value()?,
                "correction" => record.correction = map.next_value()?,
                "energy_adjustments" => record.adjustments = map.next_value()?,
                "e_above_hull" => record.e_above_hull = map.next_value()?,
                "e_form_per_atom" => record.e_form_per_atom = map.next_value()?,
                "entry_id" => record.id = map.next_value::<Id>()?.0,
                "structure" | "parameters" | "data" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => children.push((key, map.next_value::<Node>()?)),
            }
        }
        let is_record = record.composition.is_some() || record.energy.is_some();
        Ok(if is_record { Node::Record(Box::new(record)) } else { Node::Map(children) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Other("a text"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other("a number"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other("a number"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other("a truth value"))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other("null"))
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountsVisitor)
    }
}

struct AmountsVisitor;

impl<'de> Visitor<'de> for AmountsVisitor {
    type Value = Amounts;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a composition: a map from element to amount, or a formula")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Amounts, A::Error> {
        let mut composition = Composition::new();
        while let Some(key) = map.next_key::<String>()? {
            if key.starts_with('@') {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            // Species with an oxidation state (`Fe3+`, `O2-`) count as their element.
            let symbol = key.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
            let element: Element = symbol.parse().map_err(A::Error::custom)?;
            let amount: f64 = map.next_value()?;
            if !amount.is_finite() || amount < 0.0 {
                return Err(A::Error::custom(format!("amount of {key} is {amount}, expected a number >= 0")));
            }
            if amount > 0.0 {
                composition.add(element, amount);
            }
        }
        Ok(Amounts(composition))
    }

    fn visit_str<E: Error>(self, formula: &str) -> Result<Amounts, E> {
        formula.parse().map(Amounts).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        }))
    }
}
