//! Pieces that ligands are built of.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use druse_representations::Element;
use druse_representations::ligand::BondOrder;

/// Ways to lay a piece over another that are looked at: highly symmetric cages have more, all of them alike.
const MOST_IMAGES: usize = 512;

/// An atom of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PieceAtom {
    /// Element.
    pub element: Element,
    /// Formal charge.
    pub charge: i8,
    /// Donor that it belongs to, from 1; 0 when it does not bind to the metal.
    pub donor: u8,
    /// Single bonds out of the piece: to other pieces, and to hydrogen for the rest.
    pub free: u8,
}

/// A part of ligands that is never taken apart: a ring system, atoms joined by multiple bonds or neighbours of opposite charge, a donor of several
/// atoms, or a single atom. All bonds out of it are single bonds outside of rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Atoms; hydrogens that end a bond are not among them, see [`PieceAtom::free`].
    pub atoms: Vec<PieceAtom>,
    /// Bonds, from the lower to the higher atom, ascending.
    pub bonds: Vec<(usize, usize, BondOrder)>,
}

impl Piece {
    /// Neighbours of each atom with the orders of the bonds.
    pub fn neighbours(&self) -> Vec<Vec<(usize, BondOrder)>> {
        let mut neighbours = vec![Vec::new(); self.atoms.len()];
        for &(from, to, order) in &self.bonds {
            neighbours[from].push((to, order));
            neighbours[to].push((from, order));
        }
        neighbours
    }

    /// Number of donors.
    pub fn donors(&self) -> usize {
        self.atoms.iter().map(|atom| usize::from(atom.donor)).max().unwrap_or(0)
    }

    /// Sum of the formal charges.
    pub fn charge(&self) -> i32 {
        self.atoms.iter().map(|atom| i32::from(atom.charge)).sum()
    }

    /// All single bonds out of it.
    pub fn free(&self) -> usize {
        self.atoms.iter().map(|atom| usize::from(atom.free)).sum()
    }

    /// A number for each atom that is the same for atoms that no look at their surroundings tells apart (refinement of
    /// Weisfeiler and Lehman), whatever the order of the atoms. The numbers of donors do not count, only which atoms share one.
    pub fn colours(&self) -> Vec<u64> {
        let sizes = self.donor_sizes();
        let own = |(atom, &size): (&PieceAtom, &usize)| {
            let z = u64::from(atom.element.atomic_number());
            hash(&[z, atom.charge as u64, u64::from(atom.free), size as u64])
        };
        self.refined(self.atoms.iter().zip(&sizes).map(own).collect())
    }

    /// A rank for each atom, from 0, that does not depend on their order but for atoms that symmetry makes alike.
    pub(super) fn ranks(&self) -> Vec<usize> {
        let mut colours = self.colours();
        loop {
            let mut order: Vec<usize> = (0..colours.len()).collect();
            order.sort_by_key(|&atom| colours[atom]);
            let Some(tied) = order.windows(2).find(|pair| colours[pair[0]] == colours[pair[1]]) else {
                let mut ranks = vec![0; order.len()];
                order.iter().enumerate().for_each(|(rank, &atom)| ranks[atom] = rank);
                return ranks;
            };
            // One of them is set apart; which one makes no difference where they are alike.
            colours[tied[0]] = hash(&[colours[tied[0]], 1]);
            colours = self.refined(colours);
        }
    }

    /// Colours told apart by those around, until no more are.
    fn refined(&self, mut colours: Vec<u64>) -> Vec<u64> {
        let neighbours = self.neighbours();
        let classes = |colours: &[u64]| {
            let mut sorted = colours.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            sorted.len()
        };
        let mut count = classes(&colours);
        for _ in 0..self.atoms.len() {
            let next = (0..self.atoms.len()).map(|atom| {
                let mut around: Vec<u64> = neighbours[atom]
                    .iter()
                    .map(|&(other, order)| hash(&[colours[other], u64::from(order.code())]))
                    .collect();
                around.sort_unstable();
                let donor = self.atoms[atom].donor;
                let mut group: Vec<u64> = (0..self.atoms.len())
                    .filter(|&other| donor != 0 && self.atoms[other].donor == donor)
                    .map(|other| colours[other])
                    .collect();
                group.sort_unstable();
                hash(&[colours[atom], hash(&around), hash(&group)])
            });
            colours = next.collect();
            let now = classes(&colours);
            if now == count {
                break;
            }
            count = now;
        }
        colours
    }

    /// Atoms of the donor that each atom belongs to; 0 for none.
    fn donor_sizes(&self) -> Vec<usize> {
        let size = |donor: u8| self.atoms.iter().filter(|atom| atom.donor == donor).count();
        self.atoms.iter().map(|atom| if atom.donor == 0 { 0 } else { size(atom.donor) }).collect()
    }

    /// All ways to lay this piece over `other` so that atoms, bonds and donors agree: place `k` of an image is the atom of `other` that
    /// atom `k` comes to lie on. `colours` are those of both; with `fixed` atom `fixed.0` lies on atom `fixed.1`. Of very many, the
    /// first.
    pub fn images(
        &self,
        colours: &[u64],
        other: &Piece,
        other_colours: &[u64],
        fixed: Option<(usize, usize)>,
    ) -> Vec<Vec<usize>> {
        if self.atoms.len() != other.atoms.len() || self.bonds.len() != other.bonds.len() {
            return Vec::new();
        }
        let mine = self.neighbours();
        let theirs: Vec<BTreeMap<usize, BondOrder>> =
            other.neighbours().into_iter().map(|row| row.into_iter().collect()).collect();
        // Along bonds, so that every atom but the first has a neighbour that is placed before.
        let start = fixed.map_or(0, |(atom, _)| atom);
        let mut order = vec![start];
        let mut before: Vec<Option<usize>> = vec![None; self.atoms.len()];
        let mut seen = vec![false; self.atoms.len()];
        seen[start] = true;
        let mut next = 0;
        while next < order.len() {
            let atom = order[next];
            next += 1;
            for &(neighbour, _) in &mine[atom] {
                if !std::mem::replace(&mut seen[neighbour], true) {
                    before[neighbour] = Some(atom);
                    order.push(neighbour);
                }
            }
        }
        let mut search = Images {
            order,
            before,
            mine,
            theirs,
            colours: [colours, other_colours],
            donors: [
                self.atoms.iter().map(|atom| atom.donor).collect(),
                other.atoms.iter().map(|atom| atom.donor).collect(),
            ],
            fixed,
            image: vec![usize::MAX; self.atoms.len()],
            taken: vec![false; self.atoms.len()],
            found: Vec::new(),
        };
        if search.order.len() == self.atoms.len() {
            search.place(0);
        }
        search.found
    }
}

struct Images<'a> {
    order: Vec<usize>,
    before: Vec<Option<usize>>,
    mine: Vec<Vec<(usize, BondOrder)>>,
    theirs: Vec<BTreeMap<usize, BondOrder>>,
    colours: [&'a [u64]; 2],
    donors: [Vec<u8>; 2],
    fixed: Option<(usize, usize)>,
    image: Vec<usize>,
    taken: Vec<bool>,
    found: Vec<Vec<usize>>,
}

impl Images<'_> {
    fn place(&mut self, number: usize) {
        if self.found.len() >= MOST_IMAGES {
            return;
        }
        let Some(&atom) = self.order.get(number) else {
            self.found.push(self.image.clone());
            return;
        };
        let candidates: Vec<usize> = match (self.before[atom], self.fixed) {
            (Some(before), _) => self.theirs[self.image[before]].keys().copied().collect(),
            (None, Some((_, there))) => vec![there],
            (None, None) => (0..self.theirs.len()).collect(),
        };
        for there in candidates {
            if self.taken[there]
                || self.colours[0][atom] != self.colours[1][there]
                || !self.agrees(atom, there)
            {
                continue;
            }
            (self.image[atom], self.taken[there]) = (there, true);
            self.place(number + 1);
            (self.image[atom], self.taken[there]) = (usize::MAX, false);
        }
    }

    /// Whether bonds and donors among the atoms placed so far stay what they are.
    fn agrees(&self, atom: usize, there: usize) -> bool {
        let bonds = self.mine[atom].iter().all(|&(other, order)| match self.image[other] {
            usize::MAX => true,
            image => self.theirs[there].get(&image) == Some(&order),
        });
        bonds
            && self.mine[atom].len() == self.theirs[there].len()
            && (0..self.image.len()).filter(|&other| self.image[other] != usize::MAX).all(|other| {
                let [mine, theirs] = &self.donors;
                (mine[atom] == mine[other]) == (theirs[there] == theirs[self.image[other]])
            })
    }
}

/// FNV-1a over numbers, with a last mixing.
pub(super) fn hash(numbers: &[u64]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for byte in numbers.iter().flat_map(|number| number.to_le_bytes()) {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    sum ^ (sum >> 29)
}

/// A text that is no piece.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("piece '{text}': found {found}, expected atoms such as N-1*1/2 and, behind '|', bonds such as 0=1")]
pub struct NoPiece {
    text: String,
    found: String,
}

const BONDS: [(char, BondOrder); 5] = [
    ('-', BondOrder::Single),
    ('=', BondOrder::Double),
    ('#', BondOrder::Triple),
    (':', BondOrder::Aromatic),
    ('~', BondOrder::Unknown),
];

/// Atoms as element, charge, donor behind `*` and free bonds behind `/`; bonds with their orders:
/// `N*1/0 C/1 C/1 C/1 C/1 C/1|0:1 0:5 1:2 2:3 3:4 4:5` is pyridine.
impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, atom) in self.atoms.iter().enumerate() {
            let gap = if place > 0 { " " } else { "" };
            write!(f, "{gap}{}", atom.element.symbol())?;
            if atom.charge != 0 {
                write!(f, "{:+}", atom.charge)?;
            }
            if atom.donor != 0 {
                write!(f, "*{}", atom.donor)?;
            }
            write!(f, "/{}", atom.free)?;
        }
        for (place, &(from, to, order)) in self.bonds.iter().enumerate() {
            let symbol = BONDS.iter().find(|(_, known)| *known == order).map_or('~', |(symbol, _)| *symbol);
            write!(f, "{}{from}{symbol}{to}", if place > 0 { ' ' } else { '|' })?;
        }
        Ok(())
    }
}

impl FromStr for Piece {
    type Err = NoPiece;

    fn from_str(text: &str) -> Result<Self, NoPiece> {
        let bad = |found: &str| NoPiece { text: text.to_owned(), found: format!("'{found}'") };
        let (atoms, bonds) = text.split_once('|').unwrap_or((text, ""));
        let atoms: Vec<PieceAtom> = atoms
            .split_whitespace()
            .map(|word| atom(word).ok_or_else(|| bad(word)))
            .collect::<Result<_, _>>()?;
        let bonds: Vec<(usize, usize, BondOrder)> = bonds
            .split_whitespace()
            .map(|word| bond(word, atoms.len()).ok_or_else(|| bad(word)))
            .collect::<Result<_, _>>()?;
        if atoms.is_empty() {
            return Err(bad(""));
        }
        Ok(Self { atoms, bonds })
    }
}

fn atom(word: &str) -> Option<PieceAtom> {
    let (rest, free) = word.split_once('/')?;
    let (rest, donor) = rest.split_once('*').unwrap_or((rest, "0"));
    let end = rest.find(['+', '-']).unwrap_or(rest.len());
    let (symbol, charge) = rest.split_at(end);
    Some(PieceAtom {
        element: Element::from_symbol(symbol)?,
        charge: if charge.is_empty() { 0 } else { charge.parse().ok()? },
        donor: donor.parse().ok()?,
        free: free.parse().ok()?,
    })
}

fn bond(word: &str, atoms: usize) -> Option<(usize, usize, BondOrder)> {
    let (symbol, order) = BONDS.into_iter().find(|(symbol, _)| word.contains(*symbol))?;
    let (from, to) = word.split_once(symbol)?;
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
    (from < to && to < atoms).then_some((from, to, order))
}
