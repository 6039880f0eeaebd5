//! Oxidation states that elements take in inorganic solids.

use std::sync::LazyLock;

use druse_representations::Element;

/// Version of the table of oxidation states. Validity by charge neutrality moves with it, so it is
/// part of every result that depends on it.
pub const OXIDATION_STATES_VERSION: &str = "druse-oxidation-states-1";

/// Oxidation states of one element.
///
/// `common` are the states of ordinary oxides, halides and salts by inorganic chemistry texts
/// (Greenwood and Earnshaw, *Chemistry of the Elements*, 2nd ed.; Shannon 1976), `all` adds those
/// with several well characterised solids. `datasets/data/README.md` compares the choice with the
/// frequencies of assigned states in the ICSD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OxidationStates {
    common: Vec<i8>,
    all: Vec<i8>,
}

impl OxidationStates {
    /// Common states, ascending.
    pub fn common(&self) -> &[i8] {
        &self.common
    }

    /// Common and less common states, ascending; empty for elements without known compounds.
    pub fn all(&self) -> &[i8] {
        &self.all
    }
}

static STATES: LazyLock<Vec<OxidationStates>> = LazyLock::new(|| {
    // The file is part of the program and a test reads it, so failing here is a bug.
    let mut states = vec![OxidationStates::default(); usize::from(Element::MAX_ATOMIC_NUMBER)];
    let numbers = |cell: &str| -> Vec<i8> {
        cell.split_whitespace()
            .map(|x| x.parse().expect("data/oxidation_states.csv holds integers"))
            .collect()
    };
    for line in include_str!("../../data/oxidation_states.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [symbol, common, rare] = cells[..] else { panic!("data/oxidation_states.csv: '{line}'") };
        let element = Element::from_symbol(symbol).expect("data/oxidation_states.csv holds symbols");
        let common = numbers(common);
        let mut all = [common.clone(), numbers(rare)].concat();
        all.sort_unstable();
        states[usize::from(element.atomic_number()) - 1] = OxidationStates { common, all };
    }
    states
});

/// Oxidation states of an element; both lists are empty where none is known (He, Ne, Ar, Rn and
/// beyond Lr).
pub fn oxidation_states(element: Element) -> &'static OxidationStates {
    &STATES[usize::from(element.atomic_number()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_sorted_and_within_the_periodic_table() {
        for element in Element::all() {
            let states = oxidation_states(element);
            assert!(states.all().windows(2).all(|w| w[0] < w[1]), "{element}");
            assert!(states.common().windows(2).all(|w| w[0] < w[1]), "{element}");
            assert!(states.common().iter().all(|q| states.all().contains(q)), "{element}");
            // No state above the group's number of valence electrons (Cu, Ag and Au pass theirs).
            let group = i16::from(element.group());
            let most = match group {
                3 => 7, // actinoids
                11 => 5,
                g if g > 12 => g - 10,
                g => g,
            };
            assert!(states.all().iter().all(|&q| q != 0 && i16::from(q) <= most), "{element}");
        }
    }

    #[test]
    fn textbook_states() {
        let states = |symbol: &str| oxidation_states(symbol.parse().unwrap());
        assert_eq!(states("O").common(), [-2]);
        assert_eq!(states("O").all(), [-2, -1]);
        assert_eq!(states("Mn").all(), [2, 3, 4, 5, 6, 7]);
        assert_eq!(states("Ce").common(), [3, 4]);
        assert!(states("He").all().is_empty());
    }
}
