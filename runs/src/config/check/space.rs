//! The designs that are allowed.

use std::collections::BTreeSet;

use druse_datasets::elements::oxidation_states;
use druse_representations::Element;

use super::{Mistakes, quoted};
use crate::config::campaign::CrystalSpace;
use crate::config::file::{SpaceGroups, SpaceSection};

/// Most atoms that the file may ask for: beyond this a mistyped number is more likely.
const MOST_ATOMS: u64 = 200;

pub(super) fn check_space(space: &SpaceSection, mistakes: &mut Mistakes) -> CrystalSpace {
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
    let space = CrystalSpace {
        elements,
        elements_per_design: per_design.map(|n| n as usize),
        atoms: atoms.map(|n| n as usize),
        space_groups: check_space_groups(space.space_groups.as_ref(), mistakes),
        required,
        excluded,
        charge_neutral: space.charge_neutral.unwrap_or(true),
    };
    check_charge(&space, mistakes);
    space
}

/// Charges balance only between an element that gives electrons and one that takes them.
fn check_charge(space: &CrystalSpace, mistakes: &mut Mistakes) {
    if !space.charge_neutral || space.elements.is_empty() || space.elements_per_design[0] < 2 {
        return;
    }
    let has = |sign: i8| {
        space
            .elements
            .iter()
            .any(|&e| oxidation_states(e).common().iter().any(|state| state.signum() == sign))
    };
    for (sign, word) in [(1, "positive"), (-1, "negative")] {
        if !has(sign) {
            mistakes.report(
                "space.elements",
                format!("no element with a {word} common oxidation state"),
                "elements that can balance, or space.charge_neutral = false",
            );
        }
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

fn check_space_groups(groups: Option<&SpaceGroups>, mistakes: &mut Mistakes) -> Vec<u16> {
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
        match u16::try_from(number) {
            Ok(number @ 1..=230) => {
                checked.insert(number);
            }
            _ => mistakes.report(
                format!("space.space_groups[{index}]"),
                number,
                "a space-group number from 1 to 230",
            ),
        }
    }
    checked.into_iter().collect()
}
