//! How large the spin moment of an atom can be.

use druse_representations::Element;

/// Most unpaired electrons (µB of spin) of a free atom in its ground state, of all atoms of the block of the periodic table that the
/// element belongs to: s 1 (Li), p 3 (N), d 6 (Cr, 3d5 4s1), f 8 (Gd, 4f7 5d1). Ground states: NIST Atomic Spectra Database.
pub fn largest_spin_moment(element: Element) -> f64 {
    match element.atomic_number() {
        1..=4 | 11 | 12 | 19 | 20 | 37 | 38 | 55 | 56 | 87 | 88 => 1.0,
        57..=71 | 89..=103 => 8.0,
        21..=30 | 39..=48 | 72..=80 | 104..=112 => 6.0,
        _ => 3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_has_its_own() {
        let of = |symbol: &str| largest_spin_moment(Element::from_symbol(symbol).unwrap());
        let blocks = [("H", "Ba", 1.0), ("B", "Rn", 3.0), ("Sc", "Hg", 6.0), ("La", "Lr", 8.0)];
        for (first, last, moment) in blocks {
            assert_eq!([of(first), of(last)], [moment; 2]);
        }
    }
}
