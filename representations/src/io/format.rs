//! The known formats and how file names tell them.

use std::path::Path;
use std::str::FromStr;

/// What `druse` reads, for messages.
pub(crate) const KNOWN_INPUTS: &str = "CIF (.cif, .mcif), POSCAR (POSCAR*, CONTCAR*, .vasp, .poscar), extXYZ (.extxyz, .xyz), \
    pymatgen or OPTIMADE JSON (.json), JSON lines (.jsonl, .ndjson), CSV with a column 'cif' (.csv), ASE databases (.db), \
    each also .gz or .bz2, in a .zip archive or in a folder";

/// A format that structures can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Crystallographic Information File 1.1, one block per structure.
    Cif,
    /// VASP 5 POSCAR; several structures one after the other.
    Poscar,
    /// Extended XYZ, one frame per structure.
    Extxyz,
    /// A list of pymatgen `Structure` dictionaries.
    Json,
    /// One object per line: `id`, `lattice`, `species`, `frac` and the properties.
    Jsonl,
    /// A list of pymatgen `ComputedStructureEntry` dictionaries; needs energies.
    Pymatgen,
    /// A database of ASE (SQLite), one row per structure.
    AseDb,
    /// The answer of an OPTIMADE API.
    Optimade,
}

/// A text that names no output format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format '{0}'; expected cif, poscar, extxyz, json, jsonl, pymatgen, asedb or optimade")]
pub struct UnknownFormat(pub String);

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Cif,
        Self::Poscar,
        Self::Extxyz,
        Self::Json,
        Self::Jsonl,
        Self::Pymatgen,
        Self::AseDb,
        Self::Optimade,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cif => "cif",
            Self::Poscar => "poscar",
            Self::Extxyz => "extxyz",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Pymatgen => "pymatgen",
            Self::AseDb => "asedb",
            Self::Optimade => "optimade",
        }
    }

    /// Whether several structures in one file are more than their texts one after the other.
    pub fn is_one_piece(self) -> bool {
        matches!(self, Self::Json | Self::Pymatgen | Self::AseDb | Self::Optimade)
    }

    /// Usual ending of file names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Poscar => "vasp",
            Self::AseDb => "db",
            Self::Pymatgen | Self::Optimade => "json",
            other => other.name(),
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| text.eq_ignore_ascii_case(format.name()))
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Cif,
    Poscar,
    Xyz,
    Json,
    JsonLines,
    Csv,
    AseDb,
}

/// How the bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Bzip2,
}

/// Format and packing by file name, and the name without the endings.
pub(crate) fn by_name(path: &Path) -> Option<(Input, Packing, String)> {
    let name = path.file_name()?.to_str()?;
    let (name, packing) = match name.rsplit_once('.') {
        Some((rest, end)) if end.eq_ignore_ascii_case("gz") => (rest, Packing::Gzip),
        Some((rest, end)) if end.eq_ignore_ascii_case("bz2") => (rest, Packing::Bzip2),
        _ => (name, Packing::Plain),
    };
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    let input = match end.to_ascii_lowercase().as_str() {
        "cif" | "mcif" => Some(Input::Cif),
        "vasp" | "poscar" | "contcar" => Some(Input::Poscar),
        "xyz" | "extxyz" => Some(Input::Xyz),
        "json" => Some(Input::Json),
        "jsonl" | "ndjson" => Some(Input::JsonLines),
        "csv" => Some(Input::Csv),
        "db" => Some(Input::AseDb),
        _ => None,
    };
    if let Some(input) = input {
        return Some((input, packing, stem.to_owned()));
    }
    let upper = name.to_ascii_uppercase();
    (upper.starts_with("POSCAR") || upper.starts_with("CONTCAR"))
        .then(|| (Input::Poscar, packing, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        let of = |name: &str| by_name(Path::new(name));
        assert_eq!(of("a/b.CIF.gz"), Some((Input::Cif, Packing::Gzip, "b".into())));
        assert_eq!(of("x.2.json.bz2"), Some((Input::Json, Packing::Bzip2, "x.2".into())));
        assert_eq!(of("POSCAR_12"), Some((Input::Poscar, Packing::Plain, "POSCAR_12".into())));
        assert_eq!(of("results.db"), Some((Input::AseDb, Packing::Plain, "results".into())));
        assert_eq!(of("README.md"), None);
        assert_eq!(of("gz"), None);
    }

    #[test]
    fn formats_have_names() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert!("pdb".parse::<Format>().unwrap_err().to_string().contains("expected cif"));
    }
}
