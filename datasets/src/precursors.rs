//! Compounds that crystals are made of: the list that comes with druse, and lists of users.

use std::path::Path;
use std::sync::LazyLock;

use druse_representations::Composition;
use druse_representations::composition::FormulaError;

/// Why a list of precursors cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrecursorListError {
    /// The file cannot be read.
    #[error("cannot read the precursors in '{path}': {source}")]
    Read {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// A line holds something that is no formula.
    #[error("{origin}, line {line}: {source}")]
    Formula {
        /// File or other origin of the text.
        origin: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        source: FormulaError,
    },
    /// Nothing but comments.
    #[error("{origin}: found no formula, expected formulas of precursors such as Li2CO3")]
    Empty {
        /// File or other origin of the text.
        origin: String,
    },
}

static SHIPPED: LazyLock<Vec<Composition>> = LazyLock::new(|| {
    // A part of the program that a test reads, so failing here is a bug.
    let text = include_str!("../data/precursors.txt");
    parse_precursors(text, "data/precursors.txt").expect("data/precursors.txt is well formed")
});

/// 628 common reagents: elements, oxides, hydroxides, carbonates, salts of oxo acids, hydrides, borides,
/// carbides, nitrides, pnictides, chalcogenides and halides, and the gases O2, N2, CO2 and H2O. Written from
/// general chemical knowledge; no radioactive element.
pub fn shipped_precursors() -> &'static [Composition] {
    &SHIPPED
}

/// Formulas in a file, separated by spaces, commas or lines; `#` begins a comment.
///
/// # Errors
/// Names the file, the line and what is wrong.
pub fn read_precursors(path: &Path) -> Result<Vec<Composition>, PrecursorListError> {
    let origin = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| PrecursorListError::Read { path: origin.clone(), source })?;
    parse_precursors(&text, &origin)
}

/// As [`read_precursors`], from text; `origin` names it in errors.
///
/// # Errors
/// Names the origin, the line and what is wrong.
pub fn parse_precursors(text: &str, origin: &str) -> Result<Vec<Composition>, PrecursorListError> {
    let mut list = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        for formula in line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()) {
            list.push(formula.parse().map_err(|source| PrecursorListError::Formula {
                origin: origin.to_owned(),
                line: index + 1,
                source,
            })?);
        }
    }
    if list.is_empty() {
        return Err(PrecursorListError::Empty { origin: origin.to_owned() });
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use druse_representations::Element;

    use super::*;
    use crate::elements::is_radioactive;
    use crate::reference::ReferenceTable;

    #[test]
    fn the_shipped_list_has_each_once_and_nearly_all_have_energies() {
        let list = shipped_precursors();
        let formulas: BTreeSet<String> = list.iter().map(Composition::reduced_formula).collect();
        assert_eq!((list.len(), formulas.len()), (628, 628));
        assert!(list.iter().flat_map(Composition::elements).all(|element| !is_radioactive(element)));
        let table = ReferenceTable::shipped().unwrap();
        let known = formulas.iter().filter(|formula| table.with_formula(formula).len() > 0).count();
        assert_eq!(known, 618);
        let pure: BTreeSet<Element> =
            list.iter().filter(|c| c.element_count() == 1).flat_map(Composition::elements).collect();
        let absent: Vec<&str> = Element::all()
            .take(83)
            .filter(|element| !pure.contains(element) && !is_radioactive(*element))
            .map(Element::symbol)
            .collect();
        assert_eq!(absent, ["He", "F", "Ne", "Ar", "Kr", "Xe"]);
    }

    #[test]
    fn lists_of_users() {
        let list = parse_precursors("Li2CO3, Co3O4 # oxides\n\nCa(OH)2\n", "mine.txt").unwrap();
        let formulas: Vec<String> = list.iter().map(Composition::reduced_formula).collect();
        assert_eq!(
            formulas,
            ["Li2CO3", "Co3O4", "CaH2O2"]
                .map(|f: &str| { f.parse::<Composition>().unwrap().reduced_formula() })
        );
        let error = parse_precursors("Li2CO3\nXx2O\n", "mine.txt").unwrap_err().to_string();
        assert!(error.starts_with("mine.txt, line 2: cannot read the formula 'Xx2O'"), "{error}");
        let error = parse_precursors("# none\n", "mine.txt").unwrap_err().to_string();
        assert!(error.starts_with("mine.txt: found no formula"), "{error}");
        let error = read_precursors(Path::new("no/such.txt")).unwrap_err().to_string();
        assert!(error.contains("no/such.txt"), "{error}");
    }
}
