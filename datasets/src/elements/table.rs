//! A table of numbers per element with described columns, and its overrides from CSV.

use std::path::Path;
use std::sync::LazyLock;

use druse_representations::Element;
use serde::{Deserialize, Serialize};

use super::Toxicity;

/// Names of the shipped columns.
pub mod column {
    /// Abundance in the continental crust (mg/kg).
    pub const CRUSTAL_ABUNDANCE: &str = "crustal_abundance";
    /// Herfindahl-Hirschman index of production (0 to 10000).
    pub const HHI_PRODUCTION: &str = "hhi_production";
    /// Herfindahl-Hirschman index of reserves (0 to 10000).
    pub const HHI_RESERVE: &str = "hhi_reserve";
    /// Price (USD/kg).
    pub const PRICE: &str = "price";
    /// Permitted daily exposure by mouth (µg/day).
    pub const PDE_ORAL: &str = "pde_oral";
    /// Largest daily intake without harm (µg/day), for elements outside the guideline of the former.
    pub const UPPER_INTAKE: &str = "upper_intake";
    /// 1 where a source says that the element is of low inherent toxicity.
    pub const LOW_TOXICITY: &str = "low_toxicity";
    /// 1 for elements without a stable isotope.
    pub const RADIOACTIVE: &str = "radioactive";
    /// 1 for elements on the EU list of critical raw materials of 2024.
    pub const EU_CRITICAL: &str = "eu_critical";
    /// 1 for abundant elements that are on that list as a traded material only.
    pub const EU_CRITICAL_MATERIAL: &str = "eu_critical_material";
    /// 1 for elements on the list of critical minerals of the United States of 2022.
    pub const US_CRITICAL: &str = "us_critical";
    /// 1 for abundant elements that are on that list.
    pub const US_CRITICAL_MATERIAL: &str = "us_critical_material";
    /// Lower end of the class of the end-of-life recycling rate (%).
    pub const RECYCLING_RATE: &str = "recycling_rate";
    /// Emissions of greenhouse gases from cradle to gate (kg CO2e/kg).
    pub const EMBODIED_CARBON: &str = "embodied_carbon";
    /// Electronegativity (Pauling).
    pub const ELECTRONEGATIVITY: &str = "electronegativity";
    /// Covalent radius (Å).
    pub const COVALENT_RADIUS: &str = "covalent_radius";
    /// Atomic radius (Å).
    pub const ATOMIC_RADIUS: &str = "atomic_radius";
    /// Place on the modified Pettifor scale.
    pub const SIMILARITY_ORDER: &str = "similarity_order";
    /// Van der Waals radius (Å).
    pub const VDW_RADIUS: &str = "vdw_radius";
}

/// Where a column of an [`ElementTable`] comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Name, for instance `price`.
    #[serde(rename = "column")]
    pub name: String,
    /// Unit, `1` for pure numbers and flags.
    pub unit: String,
    /// Year of the source.
    pub year: String,
    /// Citation.
    pub source: String,
    /// What else a reader of the numbers should know.
    pub note: String,
}

/// Why a table of element data cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElementTableError {
    /// The file cannot be opened or read.
    #[error("cannot read the element table {path}: {source}")]
    Read {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The content is not what is expected.
    #[error("{origin}, line {line}: found {found}, expected {expected}")]
    Content {
        /// File or other origin of the text.
        origin: String,
        /// Line, from 1.
        line: u64,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
}

/// Numbers per element in named columns; a missing number is `None`.
#[derive(Clone, Debug)]
pub struct ElementTable {
    columns: Vec<Column>,
    /// `values[column][Z - 1]`.
    values: Vec<Vec<Option<f64>>>,
}

static SHIPPED: LazyLock<ElementTable> = LazyLock::new(|| {
    // The files are part of the program and a test reads them, so failing here is a bug.
    let mut descriptions = csv::Reader::from_reader(include_str!("../../data/columns.csv").as_bytes());
    let described: Vec<Column> =
        descriptions.deserialize().collect::<Result<_, _>>().expect("data/columns.csv is well formed");
    let empty = ElementTable { columns: Vec::new(), values: Vec::new() };
    let mut table = empty
        .with_csv_text(include_str!("../../data/elements.csv"), "data/elements.csv")
        .expect("data/elements.csv is well formed");
    for column in &mut table.columns {
        if let Some(known) = described.iter().find(|known| known.name == column.name) {
            *column = known.clone();
        }
    }
    table
});

impl ElementTable {
    /// The table that comes with druse.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Descriptions of the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Description of one column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Value in a column; `None` when the value is unknown or there is no such column.
    pub fn get(&self, name: &str, element: Element) -> Option<f64> {
        let index = self.columns.iter().position(|column| column.name == name)?;
        self.values[index][usize::from(element.atomic_number()) - 1]
    }

    /// What the columns `radioactive`, `pde_oral`, `upper_intake` and `low_toxicity` say together.
    pub fn toxicity(&self, element: Element) -> Toxicity {
        if self.get(column::RADIOACTIVE, element) == Some(1.0) {
            Toxicity::Radioactive
        } else if let Some(pde) = self.get(column::PDE_ORAL, element) {
            Toxicity::PermittedDailyExposure(pde)
        } else if let Some(intake) = self.get(column::UPPER_INTAKE, element) {
            Toxicity::UpperIntake(intake)
        } else if self.get(column::LOW_TOXICITY, element) == Some(1.0) {
            Toxicity::Low
        } else {
            Toxicity::Unknown
        }
    }

    /// This table with columns replaced or added from a CSV file: a header `element,NAME,...` and
    /// one row per element. An empty cell keeps what is there, the word `unknown` removes it.
    /// Columns so touched name the file as an additional source.
    ///
    /// # Errors
    /// Names file, line, what was found and what was expected.
    pub fn with_csv(&self, path: &Path) -> Result<Self, ElementTableError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ElementTableError::Read { path: path.display().to_string(), source })?;
        self.with_csv_text(&text, &path.display().to_string())
    }

    /// As [`with_csv`](Self::with_csv), from text; `origin` names it in errors and sources.
    ///
    /// # Errors
    /// Names origin, line, what was found and what was expected.
    pub fn with_csv_text(&self, text: &str, origin: &str) -> Result<Self, ElementTableError> {
        let error = |line: u64, found: String, expected: &str| ElementTableError::Content {
            origin: origin.to_owned(),
            line,
            found,
            expected: expected.to_owned(),
        };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let bad_csv = |e: csv::Error| {
            let line = e.position().map_or(1, csv::Position::line);
            error(line, e.to_string(), "rows of comma separated values of equal length")
        };
        let header: Vec<String> = reader.headers().map_err(bad_csv)?.iter().map(str::to_owned).collect();
        if header.first().map(String::as_str) != Some("element") || header.len() < 2 {
            let found = format!("the header '{}'", header.join(","));
            return Err(error(1, found, "'element' and at least one name of a column"));
        }
        let mut table = self.clone();
        let places: Vec<usize> = header[1..].iter().map(|name| table.open_column(name, origin)).collect();
        for record in reader.records() {
            let record = record.map_err(bad_csv)?;
            let line = record.position().map_or(0, csv::Position::line);
            let symbol = record.get(0).unwrap_or_default();
            let element = Element::from_symbol(symbol)
                .ok_or_else(|| error(line, format!("'{symbol}'"), "the symbol of an element"))?;
            for (&place, cell) in places.iter().zip(record.iter().skip(1)) {
                let value = match cell {
                    "" => continue,
                    "unknown" => None,
                    number => match number.parse::<f64>() {
                        Ok(value) if value.is_finite() => Some(value),
                        _ => {
                            return Err(error(line, format!("'{number}'"), "a number, nothing or 'unknown'"));
                        }
                    },
                };
                table.values[place][usize::from(element.atomic_number()) - 1] = value;
            }
        }
        Ok(table)
    }

    /// Index of a column, new or old, with `origin` noted as its source.
    fn open_column(&mut self, name: &str, origin: &str) -> usize {
        if let Some(index) = self.columns.iter().position(|column| column.name == name) {
            let column = &mut self.columns[index];
            column.source = format!("{}; values replaced from {origin}", column.source);
            return index;
        }
        self.columns.push(Column {
            name: name.to_owned(),
            unit: "not stated".to_owned(),
            year: "not stated".to_owned(),
            source: origin.to_owned(),
            note: String::new(),
        });
        self.values.push(vec![None; usize::from(Element::MAX_ATOMIC_NUMBER)]);
        self.columns.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn el(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn every_shipped_column_is_described() {
        let table = ElementTable::shipped();
        assert_eq!(table.columns().len(), 19);
        for column in table.columns() {
            assert_ne!(column.unit, "not stated", "{}", column.name);
            assert!(column.year.parse::<u16>().is_ok(), "{}", column.name);
            assert!(Element::all().any(|e| table.get(&column.name, e).is_some()), "{}", column.name);
        }
    }

    #[test]
    fn users_replace_add_and_remove_values() {
        let text = "element,price,footprint\nFe,0.5,1.5\nCo,unknown,\n";
        let table = ElementTable::shipped().with_csv_text(text, "mine.csv").unwrap();
        assert_eq!(table.get("price", el("Fe")), Some(0.5));
        assert_eq!(table.get("price", el("Co")), None);
        assert_eq!(table.get("price", el("Cu")), ElementTable::shipped().get("price", el("Cu")));
        assert_eq!(table.get("footprint", el("Fe")), Some(1.5));
        assert_eq!(table.get("footprint", el("Co")), None);
        assert!(table.column("price").unwrap().source.ends_with("replaced from mine.csv"));
        assert_eq!(table.column("footprint").unwrap().source, "mine.csv");
    }

    #[test]
    fn errors_name_the_line() {
        let read = |text: &str| ElementTable::shipped().with_csv_text(text, "x.csv").unwrap_err().to_string();
        assert_eq!(
            read("element,price\nFe,1\nXx,2\n"),
            "x.csv, line 3: found 'Xx', expected the symbol of an element"
        );
        assert_eq!(
            read("element,price\nFe,cheap\n"),
            "x.csv, line 2: found 'cheap', expected a number, nothing or 'unknown'"
        );
        assert!(read("symbol,price\nFe,1\n").contains("line 1: found the header 'symbol,price'"));
        assert!(read("element,price\nFe\n").contains("line 2"));
        let missing = ElementTable::shipped().with_csv(Path::new("no/such.csv")).unwrap_err();
        assert!(missing.to_string().contains("no/such.csv"));
    }
}
