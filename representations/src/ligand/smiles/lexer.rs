//! Tokens of SMILES (C. A. James et al., OpenSMILES 1.0, 2016), with dative arrows and `~`.

use super::error::Unexpected;
use crate::element::Element;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte where the token starts.
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Atom(AtomToken),
    Bond(BondSymbol),
    Ring(u16),
    Open,
    Close,
    Dot,
}

/// An atom as written. Isotopes and stereochemistry are read and forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtomToken {
    pub(super) element: Element,
    pub(super) aromatic: bool,
    /// Hydrogens stated in brackets; `None` without brackets, where they are implied.
    pub(super) hydrogens: Option<u8>,
    pub(super) charge: i8,
    /// Atom-map number; 0 means none.
    pub(super) map: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BondSymbol {
    /// Also `/` and `\`.
    Single,
    Double,
    Triple,
    Aromatic,
    Unknown,
    /// `->`: the atom before gives the electrons.
    Forward,
    /// `<-`: the atom after gives the electrons.
    Backward,
}

pub(super) const ATOM: &str = "an atom such as C, n or [NH3+]";

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Unexpected> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while lexer.at < text.len() {
        let at = lexer.at;
        tokens.push(Token { kind: lexer.token()?, at });
    }
    Ok(tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, expected: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(expected.as_bytes());
        if found {
            self.at += expected.len();
        }
        found
    }

    fn unexpected(&self, expected: &'static str) -> Unexpected {
        Unexpected::character(self.text, self.at, expected)
    }

    /// Digits at this place as a number, at most `most` of them.
    fn digits(&mut self, most: usize) -> Option<u32> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.text[self.at..self.at + count].parse().ok()?;
        self.at += count;
        Some(number)
    }

    fn token(&mut self) -> Result<Kind, Unexpected> {
        const BONDS: [(&str, BondSymbol); 9] = [
            ("->", BondSymbol::Forward),
            ("<-", BondSymbol::Backward),
            ("-", BondSymbol::Single),
            ("/", BondSymbol::Single),
            ("\\", BondSymbol::Single),
            ("=", BondSymbol::Double),
            ("#", BondSymbol::Triple),
            (":", BondSymbol::Aromatic),
            ("~", BondSymbol::Unknown),
        ];
        if let Some(&(_, symbol)) = BONDS.iter().find(|(word, _)| self.take(word)) {
            return Ok(Kind::Bond(symbol));
        }
        match self.peek() {
            Some(b'(') => self.single(Kind::Open),
            Some(b')') => self.single(Kind::Close),
            Some(b'.') => self.single(Kind::Dot),
            Some(b'[') => self.bracket(),
            Some(b'%') => self.long_ring(),
            Some(byte) if byte.is_ascii_digit() => self.single(Kind::Ring(u16::from(byte - b'0'))),
            _ => self.organic(),
        }
    }

    fn single(&mut self, kind: Kind) -> Result<Kind, Unexpected> {
        self.at += 1;
        Ok(kind)
    }

    /// `%nn` or `%(n...)`.
    fn long_ring(&mut self) -> Result<Kind, Unexpected> {
        self.at += 1;
        let bracketed = self.take("(");
        let start = self.at;
        let number = self.digits(if bracketed { 4 } else { 2 });
        let complete = if bracketed { self.take(")") } else { self.at == start + 2 };
        match number {
            Some(number) if complete => Ok(Kind::Ring(number as u16)),
            _ => Err(self.unexpected("two digits, or digits in round brackets, after '%'")),
        }
    }

    fn organic(&mut self) -> Result<Kind, Unexpected> {
        const SYMBOLS: [&str; 16] =
            ["Cl", "Br", "B", "C", "N", "O", "P", "S", "F", "I", "b", "c", "n", "o", "p", "s"];
        let start = self.at;
        let found = SYMBOLS.into_iter().find(|symbol| self.take(symbol));
        let element = found.and_then(Element::from_symbol);
        let (Some(symbol), Some(element)) = (found, element) else {
            self.at = start;
            return Err(self.unexpected("an atom, a bond, a ring number, a bracket or the end"));
        };
        let aromatic = symbol.starts_with(|first: char| first.is_ascii_lowercase());
        Ok(Kind::Atom(AtomToken { element, aromatic, hydrogens: None, charge: 0, map: 0 }))
    }

    /// `[` isotope? symbol chirality? hydrogens? charge? map? `]`
    fn bracket(&mut self) -> Result<Kind, Unexpected> {
        self.at += 1;
        self.digits(4);
        let (element, aromatic) = self.symbol()?;
        self.chirality();
        let hydrogens = if self.take("H") { self.digits(1).unwrap_or(1) as u8 } else { 0 };
        let charge = self.charge()?;
        let map = if self.take(":") {
            self.digits(9).ok_or_else(|| self.unexpected("a number after ':'"))?
        } else {
            0
        };
        if !self.take("]") {
            return Err(self.unexpected("']' (or chirality, hydrogens, charge or map number in this order)"));
        }
        Ok(Kind::Atom(AtomToken { element, aromatic, hydrogens: Some(hydrogens), charge, map }))
    }

    fn symbol(&mut self) -> Result<(Element, bool), Unexpected> {
        const AROMATIC: [&str; 10] = ["se", "as", "te", "si", "b", "c", "n", "o", "p", "s"];
        let aromatic = AROMATIC.into_iter().find(|symbol| self.take(symbol));
        if let Some(element) = aromatic.and_then(Element::from_symbol) {
            return Ok((element, true));
        }
        let rest = &self.text.as_bytes()[self.at..];
        if rest.first().is_some_and(u8::is_ascii_uppercase) {
            let long = if rest.get(1).is_some_and(u8::is_ascii_lowercase) { 2 } else { 1 };
            for length in (1..=long).rev() {
                if let Some(element) = Element::from_symbol(&self.text[self.at..self.at + length]) {
                    self.at += length;
                    return Ok((element, false));
                }
            }
        }
        Err(self.unexpected("the symbol of an element"))
    }

    /// `@`, `@@`, `@TH1`, `@SP2`, `@OH12` and the like.
    fn chirality(&mut self) {
        if !self.take("@") {
            return;
        }
        self.take("@");
        if ["TH", "AL", "SP", "TB", "OH"].into_iter().any(|class| self.take(class)) {
            self.digits(2);
        }
    }

    /// `+`, `--`, `+2` and the like.
    fn charge(&mut self) -> Result<i8, Unexpected> {
        let sign = match self.peek() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Ok(0),
        };
        let start = self.at;
        let symbol = if sign > 0 { "+" } else { "-" };
        let mut size = 0_u32;
        while self.take(symbol) {
            size += 1;
        }
        if size == 1 {
            size = self.digits(3).unwrap_or(1);
        }
        if size > 15 {
            self.at = start;
            return Err(self.unexpected("a charge from -15 to +15"));
        }
        Ok(sign * size as i8)
    }
}
