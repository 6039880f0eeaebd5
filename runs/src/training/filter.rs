//! Which structures are wanted: comparisons of their labels.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use druse_generators::learned::Subject;
use serde_json::Value;

/// Comparisons that all have to hold, such as `e_hull <= 0.1 and icsd = 1 or missing`.
///
/// A comparison is a column, `<`, `<=`, `>`, `>=`, `=` or `!=`, and a number or a word; columns are
/// those of the data and the ones that every crystal has (atoms, density, volume_per_atom,
/// space_group) or every ligand (denticity, charge, atoms, heavy_atoms). A structure without the value does not pass, unless `or missing` follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    text: String,
    comparisons: Vec<Comparison>,
}

#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    column: String,
    relation: Relation,
    limit: Limit,
    missing_passes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Unequal,
}

#[derive(Clone, Debug, PartialEq)]
enum Limit {
    Number(f64),
    Word(String),
}

/// A text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found '{found}', expected comparisons such as 'e_hull <= 0.1 and icsd = 1 or missing': {reason}")]
pub struct BadFilter {
    found: String,
    reason: String,
}

/// Longer signs before those that they begin with.
const RELATIONS: [(&str, Relation); 7] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("!=", Relation::Unequal),
    ("==", Relation::Equal),
    ("<", Relation::Less),
    (">", Relation::More),
    ("=", Relation::Equal),
];

impl FromStr for Filter {
    type Err = BadFilter;

    fn from_str(text: &str) -> Result<Self, BadFilter> {
        let bad = |reason: String| BadFilter { found: text.to_owned(), reason };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // Spaces around it: an `and` at either end leaves a comparison of nothing.
        let spaced = format!(" {text} ");
        let comparisons = spaced.split(" and ").map(|part| comparison(part.trim()).map_err(bad));
        let comparisons = comparisons.collect::<Result<_, _>>()?;
        Ok(Self { comparisons, text })
    }
}

fn comparison(text: &str) -> Result<Comparison, String> {
    let (text, missing_passes) = match text.strip_suffix(" or missing") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let sign = text.find(['<', '>', '=', '!']).ok_or_else(|| format!("'{text}' compares nothing"))?;
    let (column, rest) = (text[..sign].trim(), &text[sign..]);
    let (sign, relation) = RELATIONS
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign))
        .ok_or_else(|| format!("'{rest}' begins with no comparison"))?;
    let limit = rest[sign.len()..].trim().trim_matches(['\'', '"']);
    if column.is_empty() || limit.is_empty() {
        return Err(format!("'{text}' lacks a column or a value"));
    }
    let number = limit.parse::<f64>().ok().filter(|number| number.is_finite());
    let limit = number.map_or_else(|| Limit::Word(limit.to_owned()), Limit::Number);
    if matches!(limit, Limit::Word(_)) && !matches!(relation, Relation::Equal | Relation::Unequal) {
        return Err(format!("'{text}' orders words"));
    }
    Ok(Comparison { column: column.to_owned(), relation, limit, missing_passes })
}

impl Filter {
    /// Why a structure is not wanted; `None` when it is.
    pub fn refuses(&self, record: &impl Subject) -> Option<String> {
        self.comparisons.iter().find_map(|comparison| match record.value(&comparison.column) {
            None if comparison.missing_passes => None,
            None => Some(format!("no value of {}", comparison.column)),
            Some(value) if comparison.holds(&value) => None,
            Some(_) => Some(format!("not {comparison}")),
        })
    }

    /// Columns that are compared.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.comparisons.iter().map(|comparison| comparison.column.as_str())
    }
}

impl Comparison {
    fn holds(&self, value: &Value) -> bool {
        let order = match (&self.limit, value.as_f64()) {
            (Limit::Number(limit), Some(value)) => value.partial_cmp(limit),
            // A word among numbers is another value.
            (Limit::Number(_), None) => None,
            (Limit::Word(word), _) => {
                let text = value.as_str().map_or_else(|| value.to_string().into(), Cow::Borrowed);
                let same = text == *word;
                Some(if same { Ordering::Equal } else { Ordering::Less })
            }
        };
        match self.relation {
            Relation::Less => order == Some(Ordering::Less),
            Relation::AtMost => order.is_some_and(Ordering::is_le),
            Relation::More => order == Some(Ordering::Greater),
            Relation::AtLeast => order.is_some_and(Ordering::is_ge),
            Relation::Equal => order == Some(Ordering::Equal),
            Relation::Unequal => order != Some(Ordering::Equal),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = RELATIONS.iter().find(|(_, relation)| *relation == self.relation).map_or("=", |(s, _)| s);
        match &self.limit {
            Limit::Number(number) => write!(f, "{} {sign} {number}", self.column),
            Limit::Word(word) => write!(f, "{} {sign} {word}", self.column),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use druse_datasets::prototypes::prototypes;
    use serde_json::json;

    use druse_representations::io::Record;

    use super::*;

    fn passes(filter: &str, properties: Value) -> bool {
        let crystal = prototypes()[0].code().to_primitive().unwrap();
        let properties = properties.as_object().unwrap().clone();
        let record = Record { id: "x".into(), crystal, properties, source: String::new() };
        filter.parse::<Filter>().unwrap().refuses(&record).is_none()
    }

    #[test]
    fn comparisons_hold_or_do_not() {
        assert!(passes("e_hull <= 0.1", json!({ "e_hull": 0.1 })));
        assert!(!passes("e_hull < 0.1", json!({ "e_hull": 0.1 })));
        assert!(!passes("e_hull <= 0.1", json!({})));
        assert!(passes("e_hull <= 0.1 or missing", json!({})));
        assert!(passes("e_hull<=0.1  and  src = 'mp20'", json!({ "e_hull": 0.0, "src": "mp20" })));
        assert!(!passes("e_hull <= 0.1 and src != mp20", json!({ "e_hull": 0.0, "src": "mp20" })));
        assert!(passes("atoms <= 2 and space_group = 225", json!({})));
        assert!(!passes("gap > 1", json!({ "gap": "wide" })));
        assert!(passes("icsd == 1", json!({ "icsd": 1 })));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "e_hull", "<= 1", "a <", "name > word", "a = 1 and", "a ! 3"] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
        let message = "gap > wide".parse::<Filter>().unwrap_err().to_string();
        assert!(message.contains("orders words"), "{message}");
    }
}
