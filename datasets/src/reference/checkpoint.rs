//! The lines of a checkpoint.
//!
//! A line is `id,formula,space_group,atoms,energy_per_atom,remark`. The remark is empty for a row of the table,
//! `out of steps` for one whose relaxation did not converge, and `as given` for an energy that only decides
//! whether the structure is relaxed; of a failure there is nothing but id and reason.

use druse_representations::Composition;

use super::{ReferenceError, ReferenceRow};

/// Remark of an energy by which structures are chosen.
const AS_GIVEN: &str = "as given";
/// Remark of an energy that is not the lowest in reach.
const OUT_OF_STEPS: &str = "out of steps";

/// A row as held until the table is finished.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) formula: String,
    pub(super) space_group: Option<u8>,
    pub(super) atoms: u32,
    pub(super) energy_per_atom: f64,
}

/// What is known of a structure.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// An energy by which it is chosen or not.
    AsGiven(Row),
    /// A row of the table.
    Done {
        /// The row.
        row: Row,
        /// Whether it is that of a relaxation that ran out of steps.
        out_of_steps: bool,
    },
    /// Why there is no energy.
    Failed(String),
}

impl Line {
    /// Id and contents of a line without its end; `None` when it is none.
    pub(super) fn read(line: &str) -> Option<(&str, Self)> {
        let cells: Vec<&str> = line.splitn(6, ',').collect();
        match cells[..] {
            [id, "", "", "", "", reason] => Some((id, Self::Failed(reason.to_owned()))),
            [id, formula, space_group, atoms, energy, remark] => {
                let space_group = if space_group.is_empty() { None } else { Some(space_group.parse().ok()?) };
                let row = Row {
                    formula: formula.to_owned(),
                    space_group,
                    atoms: atoms.parse().ok()?,
                    energy_per_atom: energy.parse().ok()?,
                };
                let done = |out_of_steps| Self::Done { row: row.clone(), out_of_steps };
                match remark {
                    "" => Some((id, done(false))),
                    OUT_OF_STEPS => Some((id, done(true))),
                    AS_GIVEN => Some((id, Self::AsGiven(row))),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The line with its end.
    pub(super) fn text(&self, id: &str) -> String {
        let (row, remark) = match self {
            Self::Failed(reason) => return format!("{id},,,,,{reason}\n"),
            Self::AsGiven(row) => (row, AS_GIVEN),
            Self::Done { row, out_of_steps: true } => (row, OUT_OF_STEPS),
            Self::Done { row, out_of_steps: false } => (row, ""),
        };
        let space_group = row.space_group.map(|number| number.to_string()).unwrap_or_default();
        format!("{id},{},{space_group},{},{},{remark}\n", row.formula, row.atoms, row.energy_per_atom)
    }
}

impl Row {
    /// A row that the format can hold.
    ///
    /// # Errors
    /// When its formula is not its own reduced formula, or it has no atoms, no such space group or no finite energy.
    pub(super) fn checked(row: &ReferenceRow) -> Result<Self, ReferenceError> {
        let bad = |reason: String| ReferenceError::BadRow { id: row.id.to_owned(), reason };
        let reduced = row.formula.parse::<Composition>().map(|composition| composition.reduced_formula());
        match reduced {
            Ok(reduced) if reduced == row.formula => {}
            Ok(reduced) => {
                return Err(bad(format!(
                    "formula '{}', expected the reduced formula '{reduced}'",
                    row.formula
                )));
            }
            Err(e) => return Err(bad(e.to_string())),
        }
        if row.atoms == 0 || !row.energy_per_atom.is_finite() {
            let found = format!("{} atoms and {} eV/atom", row.atoms, row.energy_per_atom);
            return Err(bad(format!("{found}, expected atoms and a finite energy")));
        }
        if row.space_group.is_some_and(|number| !(1..=230).contains(&number)) {
            return Err(bad(format!("space group {:?}, expected 1 to 230", row.space_group)));
        }
        Ok(Self {
            formula: row.formula.to_owned(),
            space_group: row.space_group,
            atoms: row.atoms,
            energy_per_atom: row.energy_per_atom,
        })
    }

    /// The row with its id.
    pub(super) fn named<'a>(&'a self, id: &'a str) -> ReferenceRow<'a> {
        ReferenceRow {
            id,
            formula: &self.formula,
            space_group: self.space_group,
            atoms: self.atoms,
            energy_per_atom: self.energy_per_atom,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_written() {
        let row =
            |space_group| Row { formula: "MgO".into(), space_group, atoms: 2, energy_per_atom: -1.0 / 7.0 };
        for line in [
            Line::AsGiven(row(None)),
            Line::Done { row: row(Some(225)), out_of_steps: false },
            Line::Done { row: row(None), out_of_steps: true },
            Line::Failed("clash: two atoms, too near".into()),
        ] {
            let text = line.text("mp-1");
            assert_eq!(Line::read(text.trim_end_matches('\n')), Some(("mp-1", line)), "{text}");
        }
        for bad in
            ["", "mp-1,MgO,225,2,-1", "mp-1,MgO,225,2,-1,relaxed", "mp-1,MgO,x,2,-1,", "mp-1,MgO,,2,low,"]
        {
            assert_eq!(Line::read(bad), None, "{bad}");
        }
    }
}
