//! Which of many structures are the same, whatever their order.

use std::collections::BTreeMap;

use druse_representations::Composition;
use rayon::prelude::*;

use super::report::UniquenessInfo;
use crate::matching::{Matcher, Pattern, Scope};

/// A structure to be grouped.
#[derive(Clone, Debug)]
pub struct Member {
    /// The structure made ready for comparing.
    pub pattern: Pattern,
    /// Its composition.
    pub composition: Composition,
}

/// Groups of equal structures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// For every structure the number of the first member of its group; `None` for one that could not
    /// be compared.
    pub first: Vec<Option<usize>>,
    /// Which structures match none of those kept before them, in the order of the input.
    pub kept: Vec<bool>,
    /// How many there are.
    pub info: UniquenessInfo,
}

impl Groups {
    /// Connected components of the graph in which structures are joined that `matcher` calls the same,
    /// in either order; `None` stands for a structure that cannot be compared. Unlike greedy grouping
    /// this does not depend on the order of the structures. The greedy number (each structure against
    /// those kept before it) is counted beside it, as other tools give it.
    pub fn of(members: &[Option<Member>], matcher: &dyn Matcher) -> Self {
        let earlier = earlier_partners(members, matcher.scope());
        let blocks: Vec<Block> = blocks(&earlier)
            .into_par_iter()
            .map(|block| grouped(&block, &earlier, members, matcher))
            .collect();
        let mut first = vec![None; members.len()];
        let mut kept = vec![false; members.len()];
        let mut info = UniquenessInfo { of: members.iter().flatten().count(), ..Default::default() };
        for block in blocks {
            info.groups += block.components.len();
            info.greedy += block.kept.len();
            block.kept.into_iter().for_each(|member| kept[member] = true);
            for component in block.components {
                let name = component.iter().min().copied();
                component.into_iter().for_each(|member| first[member] = name);
            }
        }
        first
            .iter_mut()
            .zip(members)
            .filter(|(_, member)| member.is_none())
            .for_each(|(first, _)| *first = None);
        Self { first, kept, info }
    }
}

/// Structures that may be joined, with the groups they make.
struct Block {
    components: Vec<Vec<usize>>,
    kept: Vec<usize>,
}

/// Keys under which partners are looked for: two structures are compared when the own key of one (the
/// first) is among the keys of the other.
fn keys(composition: &Composition, scope: Scope) -> Vec<String> {
    match scope {
        Scope::Composition => vec![composition.reduced_formula()],
        Scope::AnonymousFormula => vec![composition.anonymous_formula()],
        Scope::ChemicalSystem => {
            let symbols: Vec<&str> = composition.elements().map(|element| element.symbol()).collect();
            let without = |left_out: Option<usize>| {
                let kept = symbols.iter().enumerate().filter(|(place, _)| Some(*place) != left_out);
                kept.map(|(_, symbol)| *symbol).collect::<Vec<_>>().join("-")
            };
            std::iter::once(None).chain((0..symbols.len()).map(Some)).map(without).collect()
        }
    }
}

/// For every structure the earlier ones that it has to be compared with, ascending.
fn earlier_partners(members: &[Option<Member>], scope: Scope) -> Vec<Vec<usize>> {
    let keys: Vec<Vec<String>> = members
        .iter()
        .map(|member| member.as_ref().map_or_else(Vec::new, |member| keys(&member.composition, scope)))
        .collect();
    // By key: those whose own key it is, and all that have it.
    let mut own: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut any: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    keys.iter()
        .enumerate()
        .map(|(number, keys)| {
            let mut partners: Vec<usize> = Vec::new();
            for key in keys {
                partners.extend(own.get(key.as_str()).into_iter().flatten());
            }
            if let Some(first) = keys.first() {
                partners.extend(any.get(first.as_str()).into_iter().flatten());
                own.entry(first).or_default().push(number);
            }
            for key in keys {
                any.entry(key).or_default().push(number);
            }
            partners.sort_unstable();
            partners.dedup();
            partners
        })
        .collect()
}

/// Structures that are linked by partners, in ascending order: they can be treated side by side.
fn blocks(earlier: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut block_of: Vec<usize> = (0..earlier.len()).collect();
    let mut members: Vec<Vec<usize>> = (0..earlier.len()).map(|number| vec![number]).collect();
    for (number, partners) in earlier.iter().enumerate() {
        for &partner in partners {
            let (mut into, mut from) = (block_of[partner], block_of[number]);
            if into == from {
                continue;
            }
            if members[into].len() < members[from].len() {
                std::mem::swap(&mut into, &mut from);
            }
            let moved = std::mem::take(&mut members[from]);
            moved.iter().for_each(|&member| block_of[member] = into);
            members[into].extend(moved);
        }
    }
    members.retain(|members| !members.is_empty());
    members.iter_mut().for_each(|members| members.sort_unstable());
    members
}

fn grouped(
    block: &[usize],
    earlier: &[Vec<usize>],
    members: &[Option<Member>],
    matcher: &dyn Matcher,
) -> Block {
    let same = |first: usize, second: usize| match (&members[first], &members[second]) {
        (Some(first), Some(second)) => matcher.compare(&first.pattern, &second.pattern).same,
        _ => false,
    };
    let mut components: Vec<Vec<usize>> = Vec::new();
    let mut kept: Vec<usize> = Vec::new();
    for &number in block.iter().filter(|&&number| members[number].is_some()) {
        let partners = &earlier[number];
        let is_partner = |other: &usize| partners.binary_search(other).is_ok();
        // Of each component the members up to the first that is the same, with forward verdicts.
        let found: Vec<(bool, Vec<(usize, bool)>)> = components
            .par_iter()
            .map(|component| {
                let mut forward = Vec::new();
                for &other in component.iter().filter(|other| is_partner(other)) {
                    let is_same = same(other, number);
                    forward.push((other, is_same));
                    if is_same || (!matcher.is_symmetric() && same(number, other)) {
                        return (true, forward);
                    }
                }
                (false, forward)
            })
            .collect();
        let known: BTreeMap<usize, bool> = found.iter().flat_map(|(_, forward)| forward).copied().collect();
        let repeats = |&other: &usize| known.get(&other).copied().unwrap_or_else(|| same(other, number));
        if !kept.iter().filter(|other| is_partner(other)).any(repeats) {
            kept.push(number);
        }
        let mut joined = vec![number];
        let mut apart = Vec::new();
        for (component, (is_same, _)) in components.into_iter().zip(&found) {
            if *is_same { joined.extend(component) } else { apart.push(component) }
        }
        apart.push(joined);
        components = apart;
    }
    Block { components, kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Comparison;
    use druse_representations::{Crystal, Lattice};
    use proptest::prelude::*;

    /// Calls crystals the same whose first lattice vectors are nearly equally long.
    struct ByLength(Scope);

    impl Matcher for ByLength {
        fn name(&self) -> &'static str {
            "by-length"
        }
        fn protocol(&self) -> String {
            "by-length".to_owned()
        }
        fn scope(&self) -> Scope {
            self.0
        }
        fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
            let length = |pattern: &Pattern| pattern.given.lattice.parameters()[0];
            Comparison { same: (length(first) - length(second)).abs() < 0.15, ..Comparison::default() }
        }
        fn is_symmetric(&self) -> bool {
            true
        }
    }

    fn member(symbols: &[&str], edge: f64) -> Option<Member> {
        let count = symbols.len() as f64;
        let atoms =
            symbols.iter().enumerate().map(|(n, symbol)| (symbol.parse().unwrap(), [n as f64 / count; 3]));
        let crystal = Crystal::ordered(Lattice::cubic(edge), atoms);
        Some(Member { pattern: Pattern::of(&crystal).unwrap(), composition: crystal.composition() })
    }

    #[test]
    fn chains_are_one_group_and_greedy_counts_more() {
        let edges = [4.0, 4.2, 4.1, 6.0];
        let members: Vec<_> = edges.iter().map(|&edge| member(&["Cs", "Cl"], edge)).collect();
        let groups = Groups::of(&members, &ByLength(Scope::Composition));
        assert_eq!(groups.first, [Some(0), Some(0), Some(0), Some(3)]);
        assert_eq!(groups.kept, [true, true, false, true]);
        assert_eq!(groups.info, UniquenessInfo { groups: 2, greedy: 3, of: 4 });
    }

    #[test]
    fn scopes_and_broken_structures() {
        let members = [
            member(&["Cs", "Cl"], 4.0),
            None,
            member(&["Cs", "Br"], 4.0),
            member(&["Cs", "Cl", "Br"], 4.0),
            member(&["Cs", "Cl", "Cl"], 4.0),
        ];
        let first = |scope| Groups::of(&members, &ByLength(scope)).first;
        assert_eq!(first(Scope::Composition), [Some(0), None, Some(2), Some(3), Some(4)]);
        assert_eq!(first(Scope::AnonymousFormula), [Some(0), None, Some(0), Some(3), Some(4)]);
        // One element more or less, so that all are linked.
        assert_eq!(first(Scope::ChemicalSystem), [Some(0), None, Some(0), Some(0), Some(0)]);
        assert_eq!(Groups::of(&[None], &ByLength(Scope::Composition)).info, UniquenessInfo::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn groups_do_not_depend_on_the_order(edges in prop::collection::vec(30u32..60, 1..20), seed in 0usize..100) {
            let members: Vec<_> = edges.iter().map(|&edge| member(&["Cs", "Cl"], f64::from(edge) / 10.0)).collect();
            let groups = Groups::of(&members, &ByLength(Scope::Composition));
            let count = members.len();
            // A rotation of the order, then its reverse.
            let order: Vec<usize> = (0..count).map(|n| (n + seed) % count).rev().collect();
            let turned: Vec<_> = order.iter().map(|&n| members[n].clone()).collect();
            let again = Groups::of(&turned, &ByLength(Scope::Composition));
            prop_assert_eq!(groups.info.groups, again.info.groups);
            for (x, &from) in order.iter().enumerate() {
                for (y, &other) in order.iter().enumerate() {
                    prop_assert_eq!(again.first[x] == again.first[y], groups.first[from] == groups.first[other]);
                }
            }
        }
    }
}
