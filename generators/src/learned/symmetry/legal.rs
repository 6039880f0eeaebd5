//! Legal occupations: which positions and elements can come next so that the whole can still be completed
//! within the hard constraints.

use std::collections::BTreeSet;

use druse_representations::{Composition, Element};

use super::PositionEntry;
use crate::crystals::DesignSpace;

/// Greatest number of atoms that is counted.
pub const MOST_ATOMS: usize = 63;
/// Steps of the search for a distribution of a formula over positions; beyond, there is none.
const STEPS: usize = 20_000;

/// Numbers of atoms that can be reached with exactly so many further sites of a group.
#[derive(Clone, Debug)]
pub struct Reach {
    /// By number of sites: bit `a` is set when `a` atoms can be reached.
    by_sites: Vec<u64>,
}

impl Reach {
    /// For the positions of a group, of which those without freedom can be occupied once (`used`).
    pub fn new(positions: &[PositionEntry], used: &[bool], most_sites: usize) -> Self {
        let mut by_sites = vec![0u64; most_sites + 1];
        by_sites[0] = 1;
        for (entry, &used) in positions.iter().zip(used) {
            if entry.atoms > MOST_ATOMS || used {
                continue;
            }
            if entry.freedom > 0 {
                for k in 0..most_sites {
                    by_sites[k + 1] |= by_sites[k] << entry.atoms;
                }
            } else {
                for k in (0..most_sites).rev() {
                    by_sites[k + 1] |= by_sites[k] << entry.atoms;
                }
            }
        }
        Self { by_sites }
    }

    /// Whether `sites` further sites can bring between `fewest` and `most` atoms.
    pub fn can(&self, sites: usize, fewest: usize, most: usize) -> bool {
        if fewest > most.min(MOST_ATOMS) {
            return false;
        }
        let upto = |n: usize| if n >= 63 { u64::MAX } else { (1u64 << (n + 1)) - 1 };
        let range = upto(most.min(MOST_ATOMS)) & !(if fewest == 0 { 0 } else { upto(fewest - 1) });
        self.by_sites.get(sites).is_some_and(|reached| reached & range != 0)
    }

    /// Which positions can be occupied next when, with this one, `left` sites are to come on top of `atoms`
    /// atoms and the total shall be within `range`.
    pub fn next(
        positions: &[PositionEntry],
        used: &[bool],
        left: usize,
        atoms: usize,
        range: [usize; 2],
    ) -> Vec<bool> {
        let Some(rest) = left.checked_sub(1) else { return vec![false; positions.len()] };
        let all = Self::new(positions, used, rest);
        let mut used = used.to_vec();
        (0..positions.len())
            .map(|place| {
                let entry = &positions[place];
                let sum = atoms + entry.atoms;
                if used[place] || sum > range[1] {
                    return false;
                }
                let (fewest, most) = (range[0].saturating_sub(sum), range[1] - sum);
                if entry.freedom > 0 {
                    return all.can(rest, fewest, most);
                }
                used[place] = true;
                let possible = Self::new(positions, &used, rest).can(rest, fewest, most);
                used[place] = false;
                possible
            })
            .collect()
    }
}

/// Which elements may stand together.
#[derive(Clone, Debug)]
pub struct ElementRules {
    /// By atomic number.
    allowed: Vec<bool>,
    count: [usize; 2],
    required: Vec<Element>,
    excluded: Vec<Vec<Element>>,
}

impl ElementRules {
    /// Those of a design space.
    pub fn new(space: &DesignSpace) -> Self {
        let mut allowed = vec![false; usize::from(Element::MAX_ATOMIC_NUMBER) + 1];
        space.elements.iter().for_each(|e| allowed[usize::from(e.atomic_number())] = true);
        let mut required = space.required.clone();
        required.sort_unstable();
        required.dedup();
        Self { allowed, count: space.element_count, required, excluded: space.excluded.clone() }
    }

    /// Fewest sites that these rules need.
    pub fn fewest_sites(&self) -> usize {
        self.count[0].max(self.required.len()).max(1)
    }

    /// Which elements (by atomic number) one of `left` sites without element may take, next to those of
    /// `present`, so that the other sites can still bring what is missing.
    pub fn next(&self, present: &BTreeSet<Element>, left: usize) -> Vec<bool> {
        let rest = left.saturating_sub(1);
        Element::all()
            .map(|element| {
                let mut together = present.clone();
                together.insert(element);
                let distinct = together.len();
                let missing = self.required.iter().filter(|e| !together.contains(e)).count();
                let enough = missing <= rest
                    && distinct + missing <= self.count[1]
                    && self.count[0].saturating_sub(distinct) <= rest;
                together.extend(&self.required);
                let apart = self
                    .excluded
                    .iter()
                    .all(|set| set.is_empty() || !set.iter().all(|e| together.contains(e)));
                enough && apart && self.allowed[usize::from(element.atomic_number())]
            })
            .fold(vec![false], |mut list, may| {
                list.push(may);
                list
            })
    }
}

/// Exactly these atoms in the primitive cell.
#[derive(Clone, Debug)]
pub struct FormulaRules {
    counts: Vec<(Element, usize)>,
}

impl FormulaRules {
    /// Of a formula with whole numbers of atoms; `None` for others and for too many atoms.
    pub fn new(formula: &Composition) -> Option<Self> {
        let counts: Vec<(Element, usize)> =
            formula.integer_amounts()?.into_iter().map(|(element, n)| (element, n as usize)).collect();
        (!counts.is_empty() && counts.iter().map(|(_, n)| n).sum::<usize>() <= MOST_ATOMS)
            .then_some(Self { counts })
    }

    /// Atoms of the formula.
    pub fn atoms(&self) -> usize {
        self.counts.iter().map(|(_, n)| n).sum()
    }

    /// Different elements.
    pub fn elements(&self) -> Vec<Element> {
        self.counts.iter().map(|(element, _)| *element).collect()
    }

    /// Whether the formula can be spread over the `chosen` sites (atoms of each) and exactly `left` further
    /// positions of a group.
    pub fn fits(&self, positions: &[PositionEntry], used: &[bool], chosen: &[usize], left: usize) -> bool {
        let remains = self.counts.iter().map(|(_, n)| *n).collect();
        Spread::new(positions, used).search(chosen, remains, left)
    }

    /// Which positions can come next, as [`Reach::next`].
    pub fn next(
        &self,
        positions: &[PositionEntry],
        used: &[bool],
        chosen: &[usize],
        left: usize,
    ) -> Vec<bool> {
        let Some(rest) = left.checked_sub(1) else { return vec![false; positions.len()] };
        let (mut used, mut chosen) = (used.to_vec(), chosen.to_vec());
        (0..positions.len())
            .map(|place| {
                if used[place] {
                    return false;
                }
                used[place] = positions[place].freedom == 0;
                chosen.push(positions[place].atoms);
                let fits = self.fits(positions, &used, &chosen, rest);
                chosen.pop();
                used[place] = false;
                fits
            })
            .collect()
    }

    /// Which elements (by atomic number) a site of `atoms` atoms may take, when `given` atoms of each element are placed
    /// and the sites of `others` are to come.
    pub fn next_elements(&self, given: &Composition, atoms: usize, others: &[usize]) -> Vec<bool> {
        let mut may = vec![false; usize::from(Element::MAX_ATOMIC_NUMBER) + 1];
        let remains: Vec<usize> =
            self.counts.iter().map(|&(e, n)| n.saturating_sub(given.amount(e).round() as usize)).collect();
        for (k, &(element, _)) in self.counts.iter().enumerate() {
            if remains[k] >= atoms {
                let mut remains = remains.clone();
                remains[k] -= atoms;
                may[usize::from(element.atomic_number())] = Spread::new(&[], &[]).search(others, remains, 0);
            }
        }
        may
    }
}

/// Depth-first search for a distribution of atoms over positions, which remembers where it failed.
struct Spread {
    /// Numbers of atoms that a site can have, descending, and how many such sites there are.
    supply: Vec<(usize, usize)>,
    failed: BTreeSet<(usize, usize, Vec<usize>, Vec<usize>)>,
    steps: usize,
}

impl Spread {
    fn new(positions: &[PositionEntry], used: &[bool]) -> Self {
        let mut supply: Vec<(usize, usize)> = Vec::new();
        for (entry, _) in positions.iter().zip(used).filter(|(_, used)| !**used) {
            let more = if entry.freedom > 0 { MOST_ATOMS } else { 1 };
            match supply.iter_mut().find(|(atoms, _)| *atoms == entry.atoms) {
                Some((_, count)) => *count = (*count + more).min(MOST_ATOMS),
                None => supply.push((entry.atoms, more)),
            }
        }
        supply.sort_unstable_by(|a, b| b.cmp(a));
        Self { supply, failed: BTreeSet::new(), steps: STEPS }
    }

    fn search(&mut self, chosen: &[usize], mut remains: Vec<usize>, left: usize) -> bool {
        let mut chosen = chosen.to_vec();
        chosen.sort_unstable_by(|a, b| b.cmp(a));
        remains.sort_unstable();
        self.assign(&chosen, remains, left)
    }

    /// Gives the chosen sites to elements, the largest first.
    fn assign(&mut self, chosen: &[usize], remains: Vec<usize>, left: usize) -> bool {
        let Some((&first, rest)) = chosen.split_first() else {
            let spent = vec![0; self.supply.len()];
            return self.fill(remains, left, spent);
        };
        let key = (chosen.len(), left, remains.clone(), Vec::new());
        if self.steps == 0 || self.failed.contains(&key) {
            return false;
        }
        self.steps -= 1;
        for k in 0..remains.len() {
            // Elements with the same number of atoms left are alike here.
            if remains[k] < first || (k > 0 && remains[k] == remains[k - 1]) {
                continue;
            }
            let mut next = remains.clone();
            next[k] -= first;
            next.sort_unstable();
            if self.assign(rest, next, left) {
                return true;
            }
        }
        self.failed.insert(key);
        false
    }

    /// Fills what remains with exactly `left` sites of the supply, of which so many are `spent`.
    fn fill(&mut self, remains: Vec<usize>, left: usize, spent: Vec<usize>) -> bool {
        let sum: usize = remains.iter().sum();
        if sum == 0 || left == 0 {
            return sum == 0 && left == 0;
        }
        if sum < left {
            return false;
        }
        let key = (0, left, remains.clone(), spent.clone());
        if self.steps == 0 || self.failed.contains(&key) {
            return false;
        }
        self.steps -= 1;
        // The element with the fewest atoms left is served first.
        let Some(k) = remains.iter().position(|&n| n > 0) else { return false };
        for (kind, &(atoms, count)) in self.supply.clone().iter().enumerate() {
            if atoms > remains[k] || spent[kind] >= count {
                continue;
            }
            let (mut next, mut spent) = (remains.clone(), spent.clone());
            next[k] -= atoms;
            next.sort_unstable();
            // Unlimited kinds need no bookkeeping.
            if count < MOST_ATOMS {
                spent[kind] += 1;
            }
            if self.fill(next, left - 1, spent) {
                return true;
            }
        }
        self.failed.insert(key);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::symmetry::position_table;

    fn elements(symbols: &str) -> Vec<Element> {
        symbols.split(' ').map(|s| s.parse().unwrap()).collect()
    }

    #[test]
    fn reach_counts_positions_without_freedom_once() {
        // Fm-3m: a and b hold one atom, c two, d six, ... ; x00 (e) six.
        let positions = position_table().of_group(225);
        let free = vec![false; positions.len()];
        let reach = Reach::new(positions, &free, 3);
        assert!(reach.can(1, 1, 1) && reach.can(2, 2, 2) && !reach.can(3, 3, 3));
        assert!(reach.can(3, 4, 4)); // a, b, c
        let next = Reach::next(positions, &free, 3, 0, [4, 4]);
        let letters: String =
            positions.iter().zip(&next).filter(|(_, may)| **may).map(|(p, _)| p.letter).collect();
        assert_eq!(letters, "abc");
    }

    #[test]
    fn elements_leave_room_for_what_is_missing() {
        let mut space = DesignSpace::new(elements("Na Cl K O"));
        space.required = elements("O");
        space.element_count = [2, 2];
        let rules = ElementRules::new(&space);
        let symbols = |present: &str, left: usize| -> String {
            let present = present.split_whitespace().map(|s| s.parse().unwrap()).collect();
            let may = rules.next(&present, left);
            Element::all().filter(|e| may[usize::from(e.atomic_number())]).map(|e| e.symbol()).collect()
        };
        assert_eq!(symbols("", 2), "ONaClK");
        assert_eq!(symbols("Na", 1), "O");
        assert_eq!(symbols("Na", 2), "ONa");
        assert_eq!(symbols("O", 1), "NaClK");
        assert_eq!(symbols("", 1), "");
        space.excluded = vec![elements("O Cl")];
        assert!(!ElementRules::new(&space).next(&BTreeSet::new(), 2)[17]);
    }

    #[test]
    fn formulas_are_spread_exactly() {
        let positions = position_table().of_group(225);
        let free = vec![false; positions.len()];
        let rules = |formula: &str| FormulaRules::new(&formula.parse().unwrap()).unwrap();
        assert!(rules("NaCl").fits(positions, &free, &[], 2));
        assert!(!rules("NaCl").fits(positions, &free, &[], 3));
        assert!(rules("CaF2").fits(positions, &free, &[], 2));
        // Two elements with one atom each fit, three do not: only a and b hold one atom.
        assert!(!rules("NaKCl").fits(positions, &free, &[], 3));
        assert!(rules("MgAlCu2").fits(positions, &free, &[2], 2));
        let next = rules("CaF2").next(positions, &free, &[], 2);
        assert!(next[0] && next[1] && next[2] && next.iter().filter(|may| **may).count() == 3);
        let given: Composition = "Ca".parse().unwrap();
        let may = rules("CaF2").next_elements(&given, 2, &[]);
        assert!(may[9] && !may[20]);
    }
}
