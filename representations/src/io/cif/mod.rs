//! Crystallographic Information Files (CIF 1.1; the tags of newer dictionaries are understood).
//!
//! What a file leaves open or says twice is settled so:
//!
//! * Images of one fully occupied site within 0.5 Å are one atom at their mean (a special position
//!   given with too few digits); images of a partly occupied one only within its rounding error.
//! * Sites of different rows within 0.01 Å are one site with several species. Their occupancies
//!   may add up to 1.05 (scaled to 1); more is an error. So is a file that lists symmetry
//!   equivalent atoms once more as atoms of their own.
//! * Without listed operations the space group comes from its symbols or number; where they leave
//!   the setting open, cell and atoms decide (see `symmetry`).
//! * Unknown occupancies are 1, unknown angles 90°, dummy atoms (`dum`) are left out.
//!
//! Whatever was settled against the letter of the file is listed under the property
//! `reader_notes`.

mod block;
mod expand;
mod lexer;
mod number;
mod operation;
mod spacegroup;
mod species;
mod structure;
mod symmetry;
mod write;

use serde_json::{Map, Value};

use crate::crystal::Crystal;

use super::error::{Fault, Place, Problem};
use super::record::{Emit, Origin};
use block::{Block, blocks};

pub use operation::SymmetryOperation;
pub(crate) use write::write;
pub use write::{WyckoffSite, write_symmetrised};

/// Tag of the id that `druse` writes.
const ID_TAG: &str = "_audit_block_code";

/// Reads every block that lists atoms.
pub(crate) fn read(text: &str, origin: &Origin, emit: &mut Emit) {
    let text = &with_line_feeds(text);
    let blocks = blocks(text);
    let atoms: Vec<&Block> = blocks.iter().filter(|block| structure::has_atoms(block)).collect();
    if atoms.is_empty() {
        let expected = "a data block with _atom_site_fract_x, _y and _z".to_owned();
        let problem = Problem::Missing { what: "atom sites".to_owned(), expected };
        emit(Err(origin.fail(Place::default(), problem)));
    }
    for (index, block) in atoms.iter().enumerate() {
        let id = block.value(ID_TAG).map(str::to_owned).unwrap_or_else(|| {
            let unique = atoms.iter().filter(|other| other.name == block.name).count() == 1;
            match (atoms.len(), unique && !block.name.is_empty()) {
                (1, _) => origin.id(None),
                (_, true) => block.name.to_owned(),
                (_, false) => origin.id(Some(index + 1)),
            }
        });
        let name = (!block.name.is_empty()).then(|| block.name.to_owned());
        let place = Place { block: name, entry: None, line: Some(block.line) };
        emit(origin.finish(id, place, structure::structure(block)));
    }
}

/// The first structure of a CIF text that is part of another file.
pub(crate) fn first(text: &str) -> Result<(Crystal, Map<String, Value>), Fault> {
    let text = &with_line_feeds(text);
    let blocks = blocks(text);
    match blocks.iter().find(|block| structure::has_atoms(block)) {
        Some(block) => structure::structure(block),
        None => {
            let expected = "a CIF with _atom_site_fract_x, _y and _z".to_owned();
            Err(Problem::Missing { what: "atom sites".to_owned(), expected }.into())
        }
    }
}

/// Old Macintosh files end their lines with a carriage return alone.
fn with_line_feeds(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\r') && !text.contains('\n') { text.replace('\r', "\n").into() } else { text.into() }
}
