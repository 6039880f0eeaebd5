//! From tokens to atoms and bonds as drawn.

use std::collections::BTreeMap;

use super::error::Unexpected;
use super::lexer::{ATOM, AtomToken, BondSymbol, Kind, Token, tokens};

/// A molecule as drawn: hydrogens may be implied, the metal may be there.
pub(super) struct Drawn {
    pub(super) atoms: Vec<DrawnAtom>,
    pub(super) bonds: Vec<DrawnBond>,
    /// Byte of the first dot.
    pub(super) dot: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct DrawnAtom {
    pub(super) token: AtomToken,
    /// Byte where it stands.
    pub(super) at: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct DrawnBond {
    pub(super) from: usize,
    pub(super) to: usize,
    /// `None` when no symbol was written. Arrows point from `from` to `to` (`Forward` only).
    pub(super) symbol: Option<BondSymbol>,
    pub(super) at: usize,
}

/// Atoms and bonds of a text.
pub(super) fn parse(text: &str) -> Result<Drawn, Unexpected> {
    let mut parser = Parser {
        text,
        drawn: Drawn { atoms: Vec::new(), bonds: Vec::new(), dot: None },
        last: None,
        bond: None,
        branches: Vec::new(),
        rings: BTreeMap::new(),
    };
    for token in tokens(text)? {
        parser.token(token)?;
    }
    parser.finish()
}

struct Parser<'a> {
    text: &'a str,
    drawn: Drawn,
    /// The atom that the next one is bonded to.
    last: Option<usize>,
    bond: Option<(BondSymbol, usize)>,
    /// Atoms to return to, with the byte of the bracket.
    branches: Vec<(usize, usize)>,
    rings: BTreeMap<u16, OpenRing>,
}

struct OpenRing {
    atom: usize,
    symbol: Option<BondSymbol>,
    at: usize,
}

impl Parser<'_> {
    fn unexpected(&self, at: usize, expected: &'static str) -> Unexpected {
        Unexpected::character(self.text, at, expected)
    }

    fn token(&mut self, token: Token) -> Result<(), Unexpected> {
        let at = token.at;
        if let (Some((_, bond)), Kind::Bond(_) | Kind::Open | Kind::Close | Kind::Dot) =
            (&self.bond, &token.kind)
        {
            return Err(self.unexpected(at.max(*bond), "an atom or a ring number after the bond"));
        }
        let after_atom = |parser: &Self| parser.last.ok_or_else(|| parser.unexpected(at, ATOM));
        match token.kind {
            Kind::Atom(atom) => self.atom(atom, at),
            Kind::Bond(symbol) => {
                after_atom(self)?;
                self.bond = Some((symbol, at));
            }
            Kind::Open => self.branches.push((after_atom(self)?, at)),
            Kind::Close => match self.branches.pop() {
                Some((_, open)) if open + 1 == at => return Err(self.unexpected(at, ATOM)),
                Some((atom, _)) => self.last = Some(atom),
                None => return Err(self.unexpected(at, "a '(' before it")),
            },
            Kind::Dot => {
                after_atom(self)?;
                if let Some(&(_, open)) = self.branches.last() {
                    return Err(self.unexpected(open, "a ')' before the dot"));
                }
                self.drawn.dot.get_or_insert(at);
                self.last = None;
            }
            Kind::Ring(number) => self.ring(number, after_atom(self)?, at)?,
        }
        Ok(())
    }

    fn atom(&mut self, token: AtomToken, at: usize) {
        let index = self.drawn.atoms.len();
        self.drawn.atoms.push(DrawnAtom { token, at });
        if let Some(last) = self.last.replace(index) {
            let symbol = self.bond.take();
            self.add(last, index, symbol.map(|(symbol, _)| symbol), symbol.map_or(at, |(_, at)| at));
        }
    }

    fn add(&mut self, from: usize, to: usize, symbol: Option<BondSymbol>, at: usize) {
        self.drawn.bonds.push(match symbol {
            Some(BondSymbol::Backward) => {
                DrawnBond { from: to, to: from, symbol: Some(BondSymbol::Forward), at }
            }
            symbol => DrawnBond { from, to, symbol, at },
        });
    }

    fn ring(&mut self, number: u16, atom: usize, at: usize) -> Result<(), Unexpected> {
        let symbol = self.bond.take().map(|(symbol, _)| symbol);
        let Some(open) = self.rings.remove(&number) else {
            self.rings.insert(number, OpenRing { atom, symbol, at });
            return Ok(());
        };
        if open.atom == atom {
            return Err(self.unexpected(at, "a ring number that another atom has opened"));
        }
        let twice = |bond: &DrawnBond| {
            (bond.from, bond.to) == (open.atom, atom) || (bond.from, bond.to) == (atom, open.atom)
        };
        if self.drawn.bonds.iter().any(twice) {
            return Err(self.unexpected(at, "a ring bond between atoms that are not bonded yet"));
        }
        let reversed = symbol.map(|symbol| match symbol {
            BondSymbol::Forward => BondSymbol::Backward,
            BondSymbol::Backward => BondSymbol::Forward,
            other => other,
        });
        match (open.symbol, reversed) {
            (Some(first), Some(second)) if first != second => {
                Err(self.unexpected(at, "the same bond at both ends of the ring closure"))
            }
            (first, second) => {
                self.add(open.atom, atom, first.or(second), at);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<Drawn, Unexpected> {
        let end = self.text.len();
        if self.drawn.atoms.is_empty() || self.last.is_none() {
            return Err(self.unexpected(end, ATOM));
        }
        if self.bond.is_some() {
            return Err(self.unexpected(end, "an atom or a ring number after the bond"));
        }
        if !self.branches.is_empty() {
            return Err(self.unexpected(end, "')' for each '('"));
        }
        if let Some(ring) = self.rings.values().min_by_key(|ring| ring.at) {
            let mut error = self.unexpected(ring.at, "each ring number twice");
            error.found = format!("a ring that is not closed, {}", error.found);
            return Err(error);
        }
        Ok(self.drawn)
    }
}
