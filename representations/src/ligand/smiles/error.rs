//! What can be wrong with a SMILES string.

use crate::ligand::LigandError;

/// A SMILES string that is no ligand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmilesError {
    /// The text does not follow the grammar.
    #[error("SMILES '{text}', character {position}: found {found}; expected {expected}")]
    Syntax {
        /// The whole text.
        text: String,
        /// The character, from 1; one more than there are when the text ends too early.
        position: usize,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: String,
    },
    /// The text is a molecule, but no ligand.
    #[error("SMILES '{text}': {problem}")]
    NoLigand {
        /// The whole text.
        text: String,
        /// What is wrong.
        #[source]
        problem: LigandError,
    },
}

/// Something unexpected at a byte of the text.
#[derive(Clone, Debug)]
pub(super) struct Unexpected {
    pub(super) at: usize,
    pub(super) found: String,
    pub(super) expected: &'static str,
}

impl Unexpected {
    /// The character at this byte is not what was expected.
    pub(super) fn character(text: &str, at: usize, expected: &'static str) -> Self {
        let found = match text.get(at..).and_then(|rest| rest.chars().next()) {
            Some(character) => format!("'{character}'"),
            None => "the end of the text".to_owned(),
        };
        Self { at, found, expected }
    }

    pub(super) fn in_text(self, text: &str) -> SmilesError {
        let position = text.char_indices().take_while(|(byte, _)| *byte < self.at).count() + 1;
        SmilesError::Syntax {
            text: text.to_owned(),
            position,
            found: self.found,
            expected: self.expected.to_owned(),
        }
    }
}
