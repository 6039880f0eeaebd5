//! Labels that a model is conditioned on.
//!
//! A condition is the name of a column: a property that comes with the training structures
//! (`energy_above_hull`, `band_gap`, or whatever the user's table holds), or one of those that
//! every crystal or ligand has ([`Subject::BUILT_IN`]). Nothing but the name is needed to add one. Structures without
//! the label are trained on all the same, with the label marked as absent.

use druse_representations::Element;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Subject;

/// See [`without_errors`].
const ERROR: f64 = 10.0;
/// Columns of texts may have so many different values.
const MOST_CATEGORIES: usize = 256;

/// What a column holds, and how it is scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Numbers, with mean and standard deviation in the training data and the range seen there, values far
    /// from all others left out.
    Number {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
        /// Least and greatest value.
        range: [f64; 2],
    },
    /// One of these values.
    Category(Vec<String>),
    /// The set of elements.
    Elements,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Name of the column.
    pub name: String,
    /// What it holds.
    pub scale: Scale,
}

/// The conditions of a model, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Columns.
    pub columns: Vec<Column>,
}

/// The value of one condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// In units of the column.
    Number(f64),
    /// Place among the categories.
    Category(usize),
    /// Elements, sorted.
    Elements(Vec<Element>),
}

/// Values of all conditions of a model, `None` where the label is unknown or dropped.
pub type Labels = Vec<Option<Label>>;

/// Values of some columns for many structures: computed once, side by side.
#[derive(Clone, Debug)]
pub struct Values {
    names: Vec<String>,
    /// Columns that are sets of elements.
    sets: &'static [&'static str],
    /// One row per structure.
    rows: Vec<Vec<Option<Value>>>,
}

impl Values {
    /// The values of these columns; sets of elements are no value but taken from the structures.
    pub fn of<S: Subject>(names: &[String], records: &[&S]) -> Self {
        let row = |record: &&S| names.iter().map(|name| record.value(name)).collect();
        Self { names: names.to_vec(), sets: S::SETS, rows: records.par_iter().map(row).collect() }
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

impl Conditions {
    /// The conditions of these names, scaled to the training data.
    ///
    /// # Errors
    /// For a column that no structure has a value in, or that mixes numbers and texts.
    pub fn fit<S: Subject>(names: &[String], records: &[&S]) -> Result<Self, String> {
        Self::fit_values(names, &Values::of(names, records))
    }

    /// The same from values that are known already.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn fit_values(names: &[String], values: &Values) -> Result<Self, String> {
        let columns = names.iter().map(|name| {
            if values.sets.contains(&name.as_str()) {
                return Ok(Column { name: name.clone(), scale: Scale::Elements });
            }
            let place = values.column(name);
            let found: Vec<&Value> =
                values.rows.iter().filter_map(|row| row[place?].as_ref()).collect();
            if found.is_empty() {
                return Err(format!("no structure has a value in the column '{name}'"));
            }
            let scale = if name != "space_group" && found.iter().all(|value| value.is_number()) {
                let numbers = without_errors(found.iter().filter_map(|value| value.as_f64()).collect());
                let n = numbers.len() as f64;
                let mean = numbers.iter().sum::<f64>() / n;
                let sd = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
                let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                Scale::Number { mean, sd, range: [least, greatest] }
            } else {
                let texts: std::collections::BTreeSet<String> =
                    found.iter().map(|value| text(value)).collect();
                if texts.len() > MOST_CATEGORIES {
                    return Err(format!(
                        "the column '{name}' has {} different values; expected numbers or at most {MOST_CATEGORIES} texts",
                        texts.len()
                    ));
                }
                Scale::Category(texts.into_iter().collect())
            };
            Ok(Column { name: name.clone(), scale })
        });
        Ok(Self { columns: columns.collect::<Result<_, String>>()? })
    }

    /// These conditions and behind them those of `more` that are new.
    pub fn and(&self, more: &Self) -> Self {
        let new = more.columns.iter().filter(|column| self.position(&column.name).is_none());
        Self { columns: self.columns.iter().chain(new).cloned().collect() }
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The labels of a structure.
    pub fn labels<S: Subject>(&self, record: &S) -> Labels {
        let found = |column: &Column| match column.scale {
            Scale::Elements => None,
            _ => record.value(&column.name),
        };
        self.columns.iter().map(|column| column.label(record, found(column).as_ref())).collect()
    }

    /// The labels of structure number `place` of those that the values were taken from.
    pub fn labels_at<S: Subject>(&self, record: &S, values: &Values, place: usize) -> Labels {
        let value = |column: &Column| values.rows[place][values.column(&column.name)?].as_ref();
        self.columns.iter().map(|column| column.label(record, value(column))).collect()
    }

    /// Labels that say nothing.
    pub fn absent(&self) -> Labels {
        vec![None; self.columns.len()]
    }

    /// Place of the column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

impl Column {
    /// The label that a value of this column stands for.
    fn label<S: Subject>(&self, record: &S, value: Option<&Value>) -> Option<Label> {
        match &self.scale {
            Scale::Elements => Some(Label::Elements(record.set(&self.name))),
            Scale::Number { .. } => value?.as_f64().map(Label::Number),
            Scale::Category(known) => {
                let value = text(value?);
                known.iter().position(|known| *known == value).map(Label::Category)
            }
        }
    }
}

/// The numbers, sorted, without those farther from the quartiles than [`ERROR`] times the distance of these:
/// tables of calculated properties hold a few that are errors and would stretch the scale of all others.
fn without_errors(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    let quartile = |k: usize| numbers[(numbers.len() - 1) * k / 4];
    let (low, high) = (quartile(1), quartile(3));
    let most = ERROR * (high - low);
    if most > 0.0 {
        numbers.retain(|x| (low - most..=high + most).contains(x));
    }
    numbers
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use druse_datasets::prototypes::prototype;
    use druse_representations::io::Record;
    use serde_json::json;

    use super::*;

    fn records() -> Vec<Record> {
        let record = |name: &str, gap: Value| Record {
            id: name.to_owned(),
            crystal: prototype(name).unwrap().code().to_primitive().unwrap(),
            properties: [("gap".to_owned(), gap), ("source".to_owned(), json!("hand"))].into_iter().collect(),
            source: String::new(),
        };
        vec![record("spinel", json!(2.0)), record("rocksalt", json!(4.0)), record("zincblende", Value::Null)]
    }

    #[test]
    fn labels_are_the_same_one_by_one_and_together() {
        let records = records();
        let records: Vec<&Record> = records.iter().collect();
        let names = ["gap", "elements", "space_group", "source", "atoms"].map(str::to_owned);
        let values = Values::of(&names, &records);
        let conditions = Conditions::fit_values(&names, &values).unwrap();
        assert_eq!(conditions, Conditions::fit(&names, &records).unwrap());
        for (place, record) in records.iter().enumerate() {
            assert_eq!(conditions.labels(*record), conditions.labels_at(*record, &values, place));
        }
        let scale = &conditions.columns[0].scale;
        assert_eq!(scale, &Scale::Number { mean: 3.0, sd: 1.0, range: [2.0, 4.0] });
        assert_eq!(conditions.labels(records[2])[0], None);
        assert_eq!(
            conditions.columns[2].scale,
            Scale::Category(["216", "225", "227"].map(str::to_owned).into())
        );
    }

    #[test]
    fn errors_of_a_table_do_not_stretch_its_scale() {
        let mut numbers: Vec<f64> = (0..100).map(f64::from).collect();
        numbers.push(-3476.0);
        let kept = without_errors(numbers);
        assert_eq!((kept.len(), kept[0], kept[99]), (100, 0.0, 99.0));
        assert_eq!(without_errors(vec![0.0, 0.0, 0.0, 7.0]).len(), 4);
    }

    #[test]
    fn unknown_columns_are_refused_and_new_ones_come_behind() {
        let records = records();
        let records: Vec<&Record> = records.iter().collect();
        let fit = |names: &[&str]| {
            Conditions::fit(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), &records)
        };
        assert!(fit(&["hardness"]).unwrap_err().contains("'hardness'"));
        let both = fit(&["gap"]).unwrap().and(&fit(&["atoms", "gap"]).unwrap());
        assert_eq!(both.names(), ["gap", "atoms"]);
    }
}
