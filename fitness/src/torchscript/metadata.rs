//! What a module says of itself: the file `druse.json` in its archive.

use std::io::{Cursor, Read};

use druse_representations::Element;
use serde::Deserialize;
use tch::Kind;
use zip::ZipArchive;

use super::TorchScriptError;

/// Name of the extra file.
pub const FILE: &str = "druse.json";

/// Largest cut-off (Å): beyond it lists of neighbours of dense crystals fill the memory.
const LARGEST_CUTOFF: f64 = 20.0;

/// Largest metadata that are read (bytes).
const MOST: u64 = 1 << 16;

/// What the energies of a module need before they stand on a hull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Corrections {
    /// Nothing: they are comparable as they are.
    #[default]
    None,
    /// Those of MP2020: they are raw PBE(+U) in the settings of the Materials Project.
    Mp2020,
}

/// Type of the numbers that a module takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// Single precision.
    Float32,
    /// Double precision.
    #[default]
    Float64,
}

impl Numbers {
    /// libtorch's name for it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Float32 => Kind::Float,
            Self::Float64 => Kind::Double,
        }
    }

    /// Name in protocols.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "f32",
            Self::Float64 => "f64",
        }
    }
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    cutoff: f64,
    #[serde(default)]
    corrections: Corrections,
    #[serde(default)]
    dtype: Numbers,
    elements: Option<Vec<String>>,
}

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// Distance up to which atoms are neighbours (Å).
    pub cutoff: f64,
    /// What its energies need on a hull.
    pub corrections: Corrections,
    /// Type of positions, cell and shifts.
    pub numbers: Numbers,
    /// Elements that it was made for; `None` when it does not say.
    pub elements: Option<Vec<Element>>,
}

impl Metadata {
    /// Reads the metadata in the archive of a module.
    ///
    /// # Errors
    /// When the file is no archive of a module, or has no or other metadata.
    pub fn of(module: &[u8]) -> Result<Self, TorchScriptError> {
        let foreign = |reason: &str| TorchScriptError::Foreign(reason.to_owned());
        let mut zip = ZipArchive::new(Cursor::new(module)).map_err(|_| foreign("it is no zip archive"))?;
        let names: Vec<String> =
            zip.file_names().filter_map(Result::ok).map(|name| name.into_owned()).collect();
        if !names.iter().any(|name| name.contains("/code/")) {
            return Err(foreign("it holds no code; weights alone are no module"));
        }
        let end = format!("/extra/{FILE}");
        let name = names.iter().find(|name| name.ends_with(&end)).ok_or(TorchScriptError::NoMetadata)?;
        let mut text = String::new();
        let member = zip.by_name(name).map_err(|error| TorchScriptError::Metadata(error.to_string()))?;
        let read = member.take(MOST).read_to_string(&mut text);
        read.map_err(|error| TorchScriptError::Metadata(error.to_string()))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, TorchScriptError> {
        let bad = TorchScriptError::Metadata;
        let written: Written = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let Written { cutoff, corrections, dtype: numbers, elements } = written;
        if !(cutoff > 0.0 && cutoff <= LARGEST_CUTOFF) {
            return Err(bad(format!("cutoff is {cutoff}, expected a number up to {LARGEST_CUTOFF} (Å)")));
        }
        let symbol = |symbol: &String| {
            symbol.parse().map_err(|_| bad(format!("elements: '{symbol}' is no symbol of an element")))
        };
        let elements = elements.map(|symbols| symbols.iter().map(symbol).collect()).transpose()?;
        Ok(Self { cutoff, corrections, numbers, elements })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_read_or_refused_in_words() {
        let full = r#"{"cutoff": 5, "corrections": "mp2020", "dtype": "float32", "elements": ["Na", "Cl"]}"#;
        let read = Metadata::parse(full).unwrap();
        assert_eq!((read.cutoff, read.corrections), (5.0, Corrections::Mp2020));
        assert_eq!((read.numbers.kind(), read.elements.unwrap().len()), (Kind::Float, 2));
        let least = Metadata::parse(r#"{"cutoff": 8.5}"#).unwrap();
        assert_eq!((least.corrections, least.numbers), (Corrections::None, Numbers::Float64));
        assert_eq!(least.elements, None);
        for (text, expected) in [
            ("{}", "missing field `cutoff`"),
            (r#"{"cutof": 5}"#, "unknown field `cutof`"),
            (r#"{"cutoff": -1}"#, "cutoff is -1, expected a number up to 20 (Å)"),
            (r#"{"cutoff": 100}"#, "cutoff is 100"),
            (r#"{"cutoff": "5"}"#, "expected f64"),
            (r#"{"cutoff": 5, "corrections": "mp2021"}"#, "expected `none` or `mp2020`"),
            (r#"{"cutoff": 5, "dtype": "float16"}"#, "expected `float32` or `float64`"),
            (r#"{"cutoff": 5, "elements": ["Xx"]}"#, "'Xx' is no symbol of an element"),
        ] {
            let error = Metadata::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
