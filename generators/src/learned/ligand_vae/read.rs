//! The steps by which a ligand grows.

use druse_representations::Ligand;

use super::cut::Cut;
use super::growth::{Place, Step};
use super::vocabulary::{Known, Vocabulary};

/// The steps that build a ligand; the same for all ways to number its atoms, as far as [`Piece::ranks`](super::Piece) tells atoms
/// apart.
///
/// # Errors
/// When a piece is not in the vocabulary.
pub(super) fn read(ligand: &Ligand, vocabulary: &Vocabulary) -> Result<Vec<Step>, String> {
    let unknown = || "a piece that the model does not know".to_owned();
    let cut = Cut::new(ligand, |piece| vocabulary.find(&Known::new(piece.clone())).is_some());
    let known: Vec<Known> = cut.pieces.iter().map(|piece| Known::new(piece.clone())).collect();
    let places = known
        .iter()
        .map(|known| vocabulary.find(known).ok_or_else(unknown))
        .collect::<Result<Vec<_>, _>>()?;
    let (whole, atoms) = Cut::whole(ligand).ok_or_else(unknown)?;
    let mut rank = vec![usize::MAX; ligand.graph.node_count()];
    whole.ranks().into_iter().zip(atoms).for_each(|(own, atom)| rank[atom] = own);
    let mut reading = Reading {
        vocabulary,
        rank: cut.atoms.iter().map(|atoms| atoms.iter().map(|&atom| rank[atom]).collect()).collect(),
        image: vec![Vec::new(); cut.pieces.len()],
        step: vec![None; cut.pieces.len()],
        steps: Vec::with_capacity(cut.pieces.len()),
        cut: &cut,
        known,
        places,
    };
    let donors = (0..cut.pieces.len()).flat_map(|number| {
        let atoms = cut.pieces[number].atoms.iter().enumerate();
        atoms.filter(|(_, atom)| atom.donor != 0).map(move |(atom, _)| (number, atom))
    });
    let first = donors.min_by_key(|&(number, atom)| (reading.places[number], reading.rank[number][atom]));
    let (number, atom) = first.ok_or("it has no donor")?;
    reading.visit(number, atom, None).ok_or("a piece that the model cannot tell from another")?;
    Ok(reading.steps)
}

struct Reading<'a> {
    vocabulary: &'a Vocabulary,
    cut: &'a Cut,
    known: Vec<Known>,
    places: Vec<usize>,
    /// Rank of each atom of each piece.
    rank: Vec<Vec<usize>>,
    /// For each atom of a piece the atom of its template.
    image: Vec<Vec<usize>>,
    /// Step of each piece that was visited.
    step: Vec<Option<usize>>,
    steps: Vec<Step>,
}

impl Reading<'_> {
    /// Adds a piece that is entered at this atom, and all that hangs on it.
    fn visit(&mut self, number: usize, atom: usize, slot: Option<Place>) -> Option<()> {
        let template = &self.vocabulary.pieces()[self.places[number]];
        let own = &self.known[number];
        let root = template.colours.iter().position(|colour| *colour == own.colours[atom])?;
        let bonds = &self.cut.bonds[number];
        // Of all ways to lay the template over the piece the one with the least list of bonded atoms.
        let order = |image: &Vec<usize>| {
            let mut places = vec![0; image.len()];
            image.iter().enumerate().for_each(|(k, &there)| places[there] = k);
            let key = |&(from, other, there): &(usize, usize, usize)| {
                (places[from], self.rank[other][there], from, other, there)
            };
            let mut order: Vec<(usize, usize, usize, usize, usize)> = bonds.iter().map(key).collect();
            order.sort_unstable();
            let least: Vec<(usize, usize)> = order.iter().map(|&(slot, rank, ..)| (slot, rank)).collect();
            (least, order, places)
        };
        let images = template.piece.images(&template.colours, &own.piece, &own.colours, Some((root, atom)));
        let (_, order, places) = images.iter().map(order).min_by(|a, b| a.0.cmp(&b.0))?;
        let step = self.steps.len();
        self.steps.push(Step::Grow { slot, piece: self.places[number], root });
        (self.step[number], self.image[number]) = (Some(step), places);
        // The bond that it was entered by is none that closes a ring.
        let entry = |other: usize, there: usize, from: usize, reading: &Self| {
            from == atom
                && slot.is_some_and(|slot| {
                    reading.step[other] == Some(slot.step) && reading.image[other][there] == slot.atom
                })
        };
        for &(at, _, from, other, there) in &order {
            if let Some(before) = self.step[other].filter(|_| !entry(other, there, from, self)) {
                let to = Place { step: before, atom: self.image[other][there] };
                self.steps.push(Step::Close { from: Place { step, atom: at }, to });
            }
        }
        for &(at, _, _, other, there) in &order {
            if self.step[other].is_none() {
                self.visit(other, there, Some(Place { step, atom: at }))?;
            }
        }
        Some(())
    }
}
