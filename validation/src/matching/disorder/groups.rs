//! Which elements may share a site.

use druse_representations::Element;

/// Sets of elements, every element in one; ordered.
pub(in crate::matching) type Partition = Vec<Vec<Element>>;

/// Ways to divide the elements that are looked at: all there are for eight elements of which every pair may
/// mix. Of more, those that mix least.
const MOST_PARTITIONS: usize = 4140;

/// All ways to divide the elements into sets in which every pair `may` mix, those with the most sets first
/// (nothing mixes in the first one).
pub(in crate::matching) fn partitions(
    elements: &[Element],
    may: impl Fn(Element, Element) -> bool,
) -> Vec<Partition> {
    let mut found: Vec<Partition> = vec![Vec::new()];
    for &element in elements {
        let mut longer = Vec::new();
        for partition in &found {
            let mut alone = partition.clone();
            alone.push(vec![element]);
            longer.push(alone);
            for (place, set) in partition.iter().enumerate() {
                if set.iter().all(|&other| may(element, other)) {
                    let mut joined = partition.clone();
                    joined[place].push(element);
                    longer.push(joined);
                }
            }
        }
        longer.sort_by_key(|partition| std::cmp::Reverse(partition.len()));
        longer.truncate(MOST_PARTITIONS);
        found = longer;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::may_mix;

    fn elements(symbols: &str) -> Vec<Element> {
        symbols.split(' ').map(|symbol| symbol.parse().unwrap()).collect()
    }

    #[test]
    fn chemistry_limits_mixing() {
        let may = |x: &str, y: &str| may_mix(x.parse().unwrap(), y.parse().unwrap());
        assert!(may("Ta", "Cr")); // radii 1.45, 1.40 Å; 1.50, 1.66
        assert!(may("Na", "K") && may("Na", "Li"));
        assert!(!may("Li", "K")); // radii 1.45 and 2.20 Å
        assert!(!may("Mg", "O") && !may("H", "O"));
        assert!(!may("Ba", "Bi")); // 0.89 and 2.02
        assert!(!may("He", "Ar")); // no electronegativity
    }

    #[test]
    fn every_pair_of_a_set_may_mix() {
        let found = partitions(&elements("Li Na K Cl"), may_mix);
        // Li-Na-K is a chain, Li and K do not mix: alone, Li-Na or Na-K.
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].len(), 4);
        assert!(found.iter().all(|partition| partition.iter().all(|set| set.len() < 3)));
    }
}
