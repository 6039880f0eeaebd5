//! The designs that are allowed.

use std::collections::BTreeSet;

use druse_datasets::elements::charge::ChargeRules;
use druse_generators::DesignSpace;
use druse_representations::wyckoff::positions;
use druse_representations::{Composition, Element};

use super::{Mistakes, quoted};
use crate::config::file::{SpaceGroups, SpaceSection};

/// Most atoms that the file may ask for: beyond this a mistyped number is more likely.
const MOST_ATOMS: u64 = 200;

pub(super) fn check_space(space: &SpaceSection, mistakes: &mut Mistakes) -> DesignSpace {
    let elements = check_elements(space.elements.as_deref(), mistakes);
    let required = check_members("space.required", space.required.as_deref(), &elements, mistakes);
    let sets = space.excluded.iter().flatten().enumerate();
    let excluded: Vec<Vec<Element>> = sets
        .map(|(index, set)| {
            check_members(&format!("space.excluded[{index}]"), Some(set), &elements, mistakes)
        })
        .collect();
    if let Some(set) = excluded.iter().find(|set| !set.is_empty() && set.iter().all(|e| required.contains(e)))
    {
        let set: Vec<&str> = set.iter().map(|element| element.symbol()).collect();
        mistakes.report(
            "space.required",
            format!("all of {}", set.join(", ")),
            "none of the sets of space.excluded",
        );
    }
    let count = elements.len() as u64;
    let per_design = space.elements_per_design.unwrap_or([2.min(count.max(1)), 4.min(count.max(1))]);
    let atoms = space.atoms.unwrap_or([1, 20]);
    let ordered = |key: &str, range: [u64; 2], mistakes: &mut Mistakes| {
        if range[0] > range[1] {
            mistakes.report(key, list(&range), "the smaller number first");
        } else if range[0] == 0 {
            mistakes.report(key, list(&range), "numbers from 1");
        } else {
            return true;
        }
        false
    };
    if ordered("space.elements_per_design", per_design, mistakes) {
        if !elements.is_empty() && per_design[1] > count {
            mistakes.report(
                "space.elements_per_design",
                list(&per_design),
                format!("at most {count}, the number of different elements in space.elements"),
            );
        }
        if required.len() as u64 > per_design[1] {
            let found = format!("{} elements", required.len());
            mistakes.report(
                "space.required",
                found,
                format!("at most {}, the most that space.elements_per_design allows", per_design[1]),
            );
        }
        if ordered("space.atoms", atoms, mistakes) {
            if atoms[1] > MOST_ATOMS {
                mistakes.report("space.atoms", list(&atoms), format!("at most {MOST_ATOMS} atoms"));
            } else if atoms[1] < per_design[0] {
                mistakes.report(
                    "space.atoms",
                    list(&atoms),
                    format!(
                        "room for at least {} atoms, one of each element that space.elements_per_design asks for",
                        per_design[0]
                    ),
                );
            }
        }
    } else {
        ordered("space.atoms", atoms, mistakes);
    }
    let rules = ChargeRules { metals_pass: space.metals_alone.unwrap_or(true), ..ChargeRules::default() };
    let charge = space.charge_neutral.unwrap_or(true).then_some(rules);
    let space = DesignSpace {
        elements,
        element_count: per_design.map(|n| n as usize),
        atoms: atoms.map(|n| n as usize),
        space_groups: check_space_groups(space.space_groups.as_ref(), atoms[1], mistakes),
        required,
        excluded,
        charge,
    };
    // Only a space whose parts are right can be searched.
    if mistakes.0.iter().all(|mistake| !mistake.key.starts_with("space")) {
        check_compositions(&space, mistakes);
    }
    space
}

/// Looks for one composition that is allowed. A space with so many that the search is cut short is
/// taken to have one.
fn check_compositions(space: &DesignSpace, mistakes: &mut Mistakes) {
    let mut search = Search { space, trials: 0, chosen: Vec::new() };
    if search.any(0) || search.trials >= MOST_TRIALS {
        return;
    }
    let neutral = if space.charge.is_some() { " charge-neutral" } else { "" };
    let [fewest, most] = space.atoms;
    mistakes.report(
        "space",
        format!("no{neutral} composition of the allowed elements with {fewest} to {most} atoms"),
        "constraints that leave at least one composition",
    );
}

/// Compositions tried before the search for an allowed one is given up.
const MOST_TRIALS: usize = 20_000;

struct Search<'a> {
    space: &'a DesignSpace,
    trials: usize,
    chosen: Vec<(Element, u64)>,
}

impl Search<'_> {
    /// Whether an allowed composition continues the chosen elements with those from `first` on.
    fn any(&mut self, first: usize) -> bool {
        let [fewest, most] = self.space.atoms.map(|n| n as u64);
        let atoms: u64 = self.chosen.iter().map(|(_, n)| n).sum();
        if self.chosen.len() >= self.space.element_count[0] && atoms >= fewest {
            self.trials += 1;
            let composition: Composition = self.chosen.iter().map(|&(e, n)| (e, n as f64)).collect();
            if self.space.check_composition(&composition).is_ok() {
                return true;
            }
        }
        if self.chosen.len() == self.space.element_count[1] {
            return false;
        }
        for index in first..self.space.elements.len() {
            for n in 1..=most - atoms {
                if self.trials >= MOST_TRIALS {
                    return false;
                }
                self.chosen.push((self.space.elements[index], n));
                let found = self.any(index + 1);
                self.chosen.pop();
                if found {
                    return true;
                }
            }
        }
        false
    }
}

fn list(range: &[u64; 2]) -> String {
    format!("[{}, {}]", range[0], range[1])
}

fn check_elements(symbols: Option<&[String]>, mistakes: &mut Mistakes) -> Vec<Element> {
    let Some(symbols) = symbols.filter(|symbols| !symbols.is_empty()) else {
        let found = if symbols.is_some() { "an empty list" } else { "nothing" };
        mistakes.report("space.elements", found, "a list of element symbols such as [\"Na\", \"Cl\"]");
        return Vec::new();
    };
    let mut elements = BTreeSet::new();
    for (index, symbol) in symbols.iter().enumerate() {
        let key = format!("space.elements[{index}]");
        match Element::from_symbol(symbol) {
            None => mistakes.report(key, quoted(symbol), "the symbol of an element"),
            Some(element) if !elements.insert(element) => {
                mistakes.report(key, quoted(symbol), "each element once");
            }
            Some(_) => {}
        }
    }
    elements.into_iter().collect()
}

/// Symbols that must be among `elements`.
fn check_members(
    key: &str,
    symbols: Option<&[String]>,
    elements: &[Element],
    mistakes: &mut Mistakes,
) -> Vec<Element> {
    let mut members = BTreeSet::new();
    for (index, symbol) in symbols.into_iter().flatten().enumerate() {
        match Element::from_symbol(symbol).filter(|element| elements.contains(element)) {
            Some(element) => {
                members.insert(element);
            }
            None => mistakes.report(format!("{key}[{index}]"), quoted(symbol), "one of space.elements"),
        }
    }
    members.into_iter().collect()
}

fn check_space_groups(groups: Option<&SpaceGroups>, most_atoms: u64, mistakes: &mut Mistakes) -> Vec<u8> {
    let Some(SpaceGroups::Numbers(numbers)) = groups else { return (1..=230).collect() };
    if numbers.is_empty() {
        mistakes.report(
            "space.space_groups",
            "an empty list",
            "\"all\" or at least one number from 1 to 230",
        );
    }
    let mut checked = BTreeSet::new();
    for (index, &number) in numbers.iter().enumerate() {
        let key = format!("space.space_groups[{index}]");
        match u8::try_from(number) {
            Ok(number @ 1..=230) => {
                let sites = positions(number).iter().map(|position| position.primitive_multiplicity() as u64);
                let smallest = sites.min().unwrap_or(1);
                if smallest > most_atoms {
                    let expected = format!("one with room in space.atoms: it needs {smallest} atoms or more");
                    mistakes.report(key, number, expected);
                }
                checked.insert(number);
            }
            _ => mistakes.report(key, number, "a space-group number from 1 to 230"),
        }
    }
    checked.into_iter().collect()
}
