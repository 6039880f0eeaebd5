//! The pieces that a model knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use druse_representations::Ligand;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cut::Cut;
use super::piece::{NoPiece, Piece, hash};

/// Pieces in a fixed order, the commonest first; cheap to clone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    pieces: Vec<Known>,
    /// Places by the colours of all atoms.
    places: BTreeMap<u64, Vec<usize>>,
}

/// A piece of a vocabulary.
#[derive(Clone, Debug)]
pub struct Known {
    /// The piece.
    pub piece: Piece,
    /// [`Piece::colours`].
    pub colours: Vec<u64>,
    /// For each atom the first atom of its colour.
    pub classes: Vec<usize>,
}

impl Known {
    pub(super) fn new(piece: Piece) -> Self {
        let colours = piece.colours();
        let classes = colours
            .iter()
            .map(|colour| colours.iter().position(|other| other == colour).unwrap_or_default())
            .collect();
        Self { piece, colours, classes }
    }

    fn key(&self) -> u64 {
        let mut sorted = self.colours.clone();
        sorted.sort_unstable();
        hash(&sorted)
    }
}

impl Vocabulary {
    fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut inner = Inner::default();
        for piece in pieces {
            let known = Known::new(piece);
            inner.places.entry(known.key()).or_default().push(inner.pieces.len());
            inner.pieces.push(known);
        }
        Self(Arc::new(inner))
    }

    /// The pieces of these ligands: ring systems that come at least `fewest` times whole, others cut, see [`Cut`]; the
    /// `most` commonest.
    pub(super) fn fit(ligands: &[&Ligand], fewest: usize, most: usize) -> Self {
        let whole: Vec<Vec<Piece>> =
            ligands.par_iter().map(|ligand| Cut::new(ligand, |_| true).pieces).collect();
        let common = Self::count(whole.into_iter().flatten(), fewest, usize::MAX);
        let known = |piece: &Piece| common.find(&Known::new(piece.clone())).is_some();
        let parts: Vec<Vec<Piece>> =
            ligands.par_iter().map(|ligand| Cut::new(ligand, known).pieces).collect();
        Self::count(parts.into_iter().flatten(), 1, most)
    }

    /// The `most` commonest pieces that come at least `fewest` times, the commonest first.
    fn count(pieces: impl IntoIterator<Item = Piece>, fewest: usize, most: usize) -> Self {
        let mut all = Inner::default();
        let mut counts: Vec<usize> = Vec::new();
        for piece in pieces {
            let known = Known::new(piece);
            let key = known.key();
            match all.find(&known, key) {
                Some((place, _)) => counts[place] += 1,
                None => {
                    all.places.entry(key).or_default().push(all.pieces.len());
                    all.pieces.push(known);
                    counts.push(1);
                }
            }
        }
        let mut kept: Vec<(usize, Known)> =
            counts.into_iter().zip(all.pieces).filter(|&(count, _)| count >= fewest).collect();
        // Stable: the first seen of equally common ones stays first.
        kept.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        kept.truncate(most);
        Self::of(kept.into_iter().map(|(_, known)| known.piece))
    }

    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.0.pieces.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.pieces.is_empty()
    }

    /// All pieces in order.
    pub fn pieces(&self) -> &[Known] {
        &self.0.pieces
    }

    /// Place of the piece that is like this one.
    pub(super) fn find(&self, known: &Known) -> Option<usize> {
        self.0.find(known, known.key()).map(|(place, _)| place)
    }
}

impl Inner {
    fn find(&self, known: &Known, key: u64) -> Option<(usize, Vec<usize>)> {
        self.places.get(&key)?.iter().find_map(|&place| {
            let own = &self.pieces[place];
            let image =
                own.piece.images(&own.colours, &known.piece, &known.colours, None).into_iter().next()?;
            Some((place, image))
        })
    }
}

impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        self.0.pieces.len() == other.0.pieces.len()
            && self.0.pieces.iter().zip(&other.0.pieces).all(|(a, b)| a.piece == b.piece)
    }
}

impl TryFrom<Vec<String>> for Vocabulary {
    type Error = NoPiece;

    fn try_from(texts: Vec<String>) -> Result<Self, NoPiece> {
        let pieces: Vec<Piece> = texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        Ok(Self::of(pieces))
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.0.pieces.iter().map(|known| known.piece.to_string()).collect()
    }
}
