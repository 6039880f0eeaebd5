//! Which kinds of sites may stand for each other.

/// For each kind of the first crystal and each of the second whether a site of one may stand for a
/// site of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    columns: usize,
    table: Vec<bool>,
}

impl Allowed {
    /// A table of `first` times `second` kinds; `may` gets a kind of the first and one of the second.
    pub fn new(first: usize, second: usize, mut may: impl FnMut(usize, usize) -> bool) -> Self {
        let table = (0..first * second).map(|at| may(at / second, at % second)).collect();
        Self { columns: second, table }
    }

    /// Whether sites of these kinds may stand for each other.
    pub fn get(&self, first: u16, second: u16) -> bool {
        self.table[usize::from(first) * self.columns + usize::from(second)]
    }
}
