//! What the network is told of pieces and of their atoms.

use std::collections::VecDeque;

use druse_representations::ligand::BondOrder;
use tch::Tensor;

use super::vocabulary::{Known, Vocabulary};

/// Elements with features of their own; others share the last one.
const ELEMENTS: [u8; 16] = [1, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 33, 34, 35, 50, 53];
/// Bonds between two atoms that are told apart.
pub(super) const HOPS: usize = 12;
/// Atoms of a piece that are told apart by their place.
const PLACES: usize = 24;
/// Features of an atom.
pub(super) const ATOM: usize = ELEMENTS.len() + 1 + 5 + 3 + 6 + 4 + 4 + PLACES + 2;
/// Features of a piece.
pub(super) const PIECE: usize = 2 * (ELEMENTS.len() + 1) + 10;

/// Features of all pieces and their atoms.
#[derive(Debug)]
pub(super) struct Table {
    /// Row of the first atom of each piece.
    first: Vec<usize>,
    /// Bonds between any two atoms of a piece, by rows.
    hops: Vec<Vec<u8>>,
    /// Features of pieces `[pieces + 1, PIECE]`; the last is the closing of a ring.
    pub(super) pieces: Tensor,
    /// Features of atoms `[atoms + 1, ATOM]`; the last is the metal.
    pub(super) atoms: Tensor,
    /// Row of the metal.
    pub(super) metal: usize,
}

impl Table {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let (mut first, mut hops) = (Vec::new(), Vec::new());
        let (mut pieces, mut atoms) = (Vec::new(), Vec::new());
        for known in vocabulary.pieces() {
            first.push(atoms.len() / ATOM);
            let distances = distances(known);
            for atom in 0..known.piece.atoms.len() {
                atoms.extend(atom_features(known, atom, &distances));
            }
            hops.push(distances);
            pieces.extend(piece_features(known));
        }
        let metal = atoms.len() / ATOM;
        atoms.extend([0f32; ATOM]);
        pieces.extend([0f32; PIECE]);
        Self {
            first,
            hops,
            metal,
            pieces: Tensor::from_slice(&pieces).view([-1, PIECE as i64]),
            atoms: Tensor::from_slice(&atoms).view([-1, ATOM as i64]),
        }
    }

    /// Row of an atom of a piece.
    pub(super) fn row(&self, piece: usize, atom: usize) -> usize {
        self.first[piece] + atom
    }

    /// Bonds between two atoms of a piece.
    pub(super) fn hops(&self, piece: usize, from: usize, to: usize) -> usize {
        let hops = &self.hops[piece];
        let atoms = hops.len().isqrt();
        usize::from(hops[from * atoms + to])
    }
}

/// Bonds between any two atoms, at most [`HOPS`] less one.
fn distances(known: &Known) -> Vec<u8> {
    let neighbours = known.piece.neighbours();
    let count = neighbours.len();
    let mut all = vec![(HOPS - 1) as u8; count * count];
    for from in 0..count {
        let row = &mut all[from * count..][..count];
        let mut seen = vec![false; count];
        let mut open = VecDeque::from([(from, 0)]);
        seen[from] = true;
        while let Some((atom, hops)) = open.pop_front() {
            row[atom] = hops;
            for &(other, _) in &neighbours[atom] {
                if !std::mem::replace(&mut seen[other], true) {
                    open.push_back((other, (hops + 1).min((HOPS - 1) as u8)));
                }
            }
        }
    }
    all
}

fn kind(z: u8) -> usize {
    ELEMENTS.iter().position(|known| *known == z).unwrap_or(ELEMENTS.len())
}

fn one_hot(place: usize, count: usize) -> impl Iterator<Item = f32> {
    let place = place.min(count - 1);
    (0..count).map(move |k| if k == place { 1.0 } else { 0.0 })
}

fn atom_features(known: &Known, atom: usize, distances: &[u8]) -> Vec<f32> {
    let piece = &known.piece;
    let own = piece.atoms[atom];
    let orders: Vec<BondOrder> = piece.neighbours()[atom].iter().map(|(_, order)| *order).collect();
    let donor = match own.donor {
        0 => 0,
        donor if piece.atoms.iter().filter(|other| other.donor == donor).count() == 1 => 1,
        _ => 2,
    };
    let row = &distances[atom * piece.atoms.len()..][..piece.atoms.len()];
    let nearest =
        (0..piece.atoms.len()).filter(|&other| piece.atoms[other].donor != 0).map(|other| row[other]).min();
    let has = |order: BondOrder| if orders.contains(&order) { 1.0 } else { 0.0 };
    let mut features: Vec<f32> = Vec::with_capacity(ATOM);
    features.extend(one_hot(kind(own.element.atomic_number()), ELEMENTS.len() + 1));
    features.extend(one_hot((i32::from(own.charge) + 2).clamp(0, 4) as usize, 5));
    features.extend(one_hot(donor, 3));
    features.extend(one_hot(usize::from(own.free), 6));
    features.extend(one_hot(orders.len(), 4));
    features.extend([
        has(BondOrder::Single),
        has(BondOrder::Double),
        has(BondOrder::Triple),
        has(BondOrder::Aromatic),
    ]);
    features.extend(one_hot(atom, PLACES));
    features.extend([1.0, nearest.map_or(0.0, |hops| 1.0 / (1.0 + f32::from(hops)))]);
    features
}

fn piece_features(known: &Known) -> Vec<f32> {
    let piece = &known.piece;
    let mut elements = [0f32; ELEMENTS.len() + 1];
    let mut donors = [0f32; ELEMENTS.len() + 1];
    for atom in &piece.atoms {
        let kind = kind(atom.element.atomic_number());
        elements[kind] += 1.0;
        donors[kind] += if atom.donor != 0 { 1.0 } else { 0.0 };
    }
    let orders = |order: BondOrder| piece.bonds.iter().filter(|bond| bond.2 == order).count() as f32;
    let size = piece.atoms.len() as f32;
    let mut features: Vec<f32> = elements.iter().chain(&donors).map(|count| count.ln_1p()).collect();
    features.extend([
        1.0,
        piece.charge() as f32,
        piece.donors() as f32,
        size.ln(),
        (piece.free() as f32).ln_1p(),
        orders(BondOrder::Single).ln_1p(),
        orders(BondOrder::Double).ln_1p(),
        orders(BondOrder::Triple).ln_1p(),
        orders(BondOrder::Aromatic).ln_1p(),
        (piece.bonds.len() as f32 - size + 1.0).max(0.0),
    ]);
    features
}
