//! Batches of growing ligands as tensors.

use tch::{Device, Tensor};

use super::growth::{Growth, Place, Step};
use super::table::Table;
use super::vocabulary::Vocabulary;

/// Kinds of relation between two steps, see [`relation`].
pub(super) const RELATIONS: i64 = 9;
/// Depths that are told apart.
pub(super) const DEPTHS: usize = 16;

/// An atom that can be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// Step that its piece was added by, plus one; 0 where it is of a piece that is yet to be added.
    pub(super) token: usize,
    /// Its row in the table.
    pub(super) row: usize,
    /// Bonds to the atom by which its piece is bonded.
    pub(super) hops: usize,
}

/// What the vocabulary says, for growing ligands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) table: &'a Table,
}

impl Terms<'_> {
    /// Stands for closing a ring where a piece is expected.
    pub(super) fn close(&self) -> usize {
        self.vocabulary.len()
    }

    pub(super) fn choice(&self, growth: &Growth<'_>, place: Place) -> Choice {
        let Some(piece) = growth.piece(place.step) else { return self.metal() };
        Choice {
            token: place.step + 1,
            row: self.table.row(piece, place.atom),
            hops: self.table.hops(piece, growth.root(place.step), place.atom),
        }
    }

    pub(super) fn metal(&self) -> Choice {
        Choice { token: 0, row: self.table.metal, hops: 0 }
    }

    /// Atoms by which a new piece can be bonded, or bind to the metal for the first.
    pub(super) fn roots(&self, piece: usize, first: bool) -> Vec<usize> {
        let known = &self.vocabulary.pieces()[piece];
        let open = |&atom: &usize| {
            let own = known.piece.atoms[atom];
            known.classes[atom] == atom && if first { own.donor != 0 } else { own.free > 0 }
        };
        (0..known.piece.atoms.len()).filter(open).collect()
    }

    pub(super) fn root(&self, piece: usize, atom: usize) -> Choice {
        Choice { token: 0, row: self.table.row(piece, atom), hops: 0 }
    }
}

/// A step as the network is told of it.
#[derive(Clone, Copy, Debug)]
struct Token {
    piece: usize,
    slot: Choice,
    root: Choice,
    depth: usize,
    /// Step that it hangs on, plus one.
    parent: usize,
    /// For the closing of a ring the other step, plus one.
    partner: usize,
}

/// Grown ligands as tokens `[batch, tokens]`.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) piece: Tensor,
    pub(super) slot_token: Tensor,
    pub(super) slot_row: Tensor,
    pub(super) slot_hops: Tensor,
    pub(super) root_row: Tensor,
    pub(super) root_hops: Tensor,
    pub(super) depth: Tensor,
    pub(super) there: Tensor,
    /// Relations of the latent and all tokens `[batch, tokens + 1, tokens + 1]`.
    pub(super) relations: Tensor,
}

impl Tokens {
    /// Of these ligands as they stand.
    pub(super) fn new(terms: Terms<'_>, grown: &[&Growth<'_>], device: Device) -> Self {
        let rows: Vec<Vec<Token>> = grown.iter().map(|growth| tokens(terms, growth)).collect();
        let most = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let shape = [rows.len() as i64, most as i64];
        let tensor = |of: &dyn Fn(&Token) -> usize| {
            let mut flat = vec![0i64; rows.len() * most];
            for (row, flat) in rows.iter().zip(flat.chunks_mut(most)) {
                row.iter().zip(flat).for_each(|(token, flat)| *flat = of(token) as i64);
            }
            Tensor::from_slice(&flat).to_device(device).view(shape)
        };
        let there: Vec<bool> = rows.iter().flat_map(|row| (0..most).map(|k| k < row.len())).collect();
        let side = most + 1;
        let mut relations = vec![0i64; rows.len() * side * side];
        for (row, flat) in rows.iter().zip(relations.chunks_mut(side * side)) {
            for from in 0..side {
                for to in 0..side {
                    flat[from * side + to] = relation(row, from, to);
                }
            }
        }
        Self {
            piece: tensor(&|token| token.piece),
            slot_token: tensor(&|token| token.slot.token),
            slot_row: tensor(&|token| token.slot.row),
            slot_hops: tensor(&|token| token.slot.hops),
            root_row: tensor(&|token| token.root.row),
            root_hops: tensor(&|token| token.root.hops),
            depth: tensor(&|token| token.depth),
            there: Tensor::from_slice(&there).to_device(device).view(shape),
            relations: Tensor::from_slice(&relations).to_device(device).view([
                shape[0],
                side as i64,
                side as i64,
            ]),
        }
    }
}

fn tokens(terms: Terms<'_>, growth: &Growth<'_>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(growth.steps.len());
    for step in &growth.steps {
        let token = match *step {
            Step::Grow { slot, piece, root } => Token {
                piece,
                slot: slot.map_or(terms.metal(), |slot| terms.choice(growth, slot)),
                root: terms.root(piece, root),
                depth: slot.map_or(0, |slot| tokens[slot.step].depth + 1).min(DEPTHS - 1),
                parent: slot.map_or(0, |slot| slot.step + 1),
                partner: 0,
            },
            Step::Close { from, to } => Token {
                piece: terms.close(),
                slot: terms.choice(growth, from),
                root: terms.choice(growth, to),
                depth: (tokens[from.step].depth + 1).min(DEPTHS - 1),
                parent: from.step + 1,
                partner: to.step + 1,
            },
        };
        tokens.push(token);
    }
    tokens
}

/// What token `to` is to token `from`, 0 being the latent: itself, the latent, what it hangs on, what that hangs on, what hangs on it, directly or
/// not, a neighbour on the same piece, the other end of a ring, or none of these.
fn relation(row: &[Token], from: usize, to: usize) -> i64 {
    let parent = |token: usize| row.get(token.wrapping_sub(1)).map_or(0, |token| token.parent);
    let above = |low: usize, high: usize| {
        let mut at = parent(low);
        while at > high {
            at = parent(at);
        }
        at == high
    };
    let partner = |token: usize| row.get(token.wrapping_sub(1)).map_or(0, |token| token.partner);
    match () {
        () if from == to => 0,
        () if to == 0 || from == 0 => 1,
        () if from > row.len() || to > row.len() => 8,
        () if partner(from) == to || partner(to) == from => 7,
        () if parent(from) == to => 2,
        () if parent(to) == from => 4,
        () if to < from && above(from, to) => 3,
        () if from < to && above(to, from) => 5,
        () if parent(from) == parent(to) => 6,
        () => 8,
    }
}

/// Choices for some decisions, padded `[decisions, most]`.
#[derive(Debug)]
pub(super) struct Choices {
    /// Places among all tokens, the latents included.
    pub(super) token: Tensor,
    pub(super) row: Tensor,
    pub(super) hops: Tensor,
    /// Whether there is such a choice.
    pub(super) there: Tensor,
}

impl Choices {
    /// `lists` with the row of the batch of each; `side` tokens are there for every row, the latent included.
    pub(super) fn new(lists: &[(usize, Vec<Choice>)], side: usize, device: Device) -> Self {
        let most = lists.iter().map(|(_, list)| list.len()).max().unwrap_or(0).max(1);
        let shape = [lists.len() as i64, most as i64];
        let mut token = vec![0i64; lists.len() * most];
        let (mut row, mut hops, mut there) = (token.clone(), token.clone(), vec![false; token.len()]);
        for (number, (batch_row, list)) in lists.iter().enumerate() {
            for (k, choice) in list.iter().enumerate() {
                let at = number * most + k;
                token[at] = (batch_row * side + choice.token) as i64;
                (row[at], hops[at], there[at]) = (choice.row as i64, choice.hops as i64, true);
            }
        }
        let tensor = |values: &[i64]| Tensor::from_slice(values).to_device(device).view(shape);
        Self {
            token: tensor(&token),
            row: tensor(&row),
            hops: tensor(&hops),
            there: Tensor::from_slice(&there).to_device(device).view(shape),
        }
    }
}

/// All decisions by which the ligands of a batch grew.
#[derive(Debug)]
pub(super) struct Decisions {
    /// Place among all tokens of the last step before each decision on where to go on.
    pub(super) at: Tensor,
    pub(super) slots: Choices,
    /// What was chosen: 0 for the end, otherwise the place among the slots plus one.
    pub(super) slot: Tensor,
    /// Place of the last step before each decision on a piece.
    pub(super) piece_at: Tensor,
    /// The slot of each piece, one choice each.
    pub(super) piece_slot: Choices,
    pub(super) piece: Tensor,
    pub(super) roots: Choices,
    pub(super) root: Tensor,
}

impl Decisions {
    pub(super) fn new(terms: Terms<'_>, batch: &[&[Step]], side: usize, device: Device) -> Self {
        let (mut at, mut slots, mut slot) = (Vec::new(), Vec::new(), Vec::new());
        let (mut piece_at, mut piece_slot, mut piece) = (Vec::new(), Vec::new(), Vec::new());
        let (mut roots, mut root) = (Vec::new(), Vec::new());
        for (row, steps) in batch.iter().enumerate() {
            let mut growth = Growth::new(terms.vocabulary);
            for (number, step) in steps.iter().enumerate() {
                let here = (row * side + number) as i64;
                let (from, which, what, list) = match *step {
                    Step::Grow { slot, piece, root } => {
                        let list = terms.roots(piece, slot.is_none());
                        let which = list.iter().position(|&atom| atom == root);
                        let list: Vec<Choice> =
                            list.into_iter().map(|atom| terms.root(piece, atom)).collect();
                        (slot, which, piece, list)
                    }
                    Step::Close { from, to } => {
                        let list = growth.closures(from);
                        let which = list.iter().position(|&place| place == to);
                        let list = list.into_iter().map(|place| terms.choice(&growth, place)).collect();
                        (Some(from), which, terms.close(), list)
                    }
                };
                if let Some(from) = from {
                    let open = growth.slots();
                    let chosen = open.iter().position(|&place| place == from);
                    at.push(here);
                    slot.push(chosen.map_or(0, |chosen| chosen as i64 + 1));
                    slots.push((row, open.iter().map(|&place| terms.choice(&growth, place)).collect()));
                }
                piece_at.push(here);
                piece_slot
                    .push((row, vec![from.map_or(terms.metal(), |place| terms.choice(&growth, place))]));
                piece.push(what as i64);
                roots.push((row, list));
                root.push(which.unwrap_or(0) as i64);
                growth.take(*step);
            }
            at.push((row * side + steps.len()) as i64);
            slot.push(0);
            slots.push((row, growth.slots().iter().map(|&place| terms.choice(&growth, place)).collect()));
        }
        let tensor = |values: &[i64]| Tensor::from_slice(values).to_device(device);
        Self {
            at: tensor(&at),
            slots: Choices::new(&slots, side, device),
            slot: tensor(&slot),
            piece_at: tensor(&piece_at),
            piece_slot: Choices::new(&piece_slot, side, device),
            piece: tensor(&piece),
            roots: Choices::new(&roots, side, device),
            root: tensor(&root),
        }
    }
}
