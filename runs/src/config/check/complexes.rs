//! The complexes that are allowed, where their ligands come from, and xtb.

use std::collections::BTreeSet;
use std::path::Path;

use druse_datasets::ligands::{Query, builtin_ligand, builtin_ligands};
use druse_fitness::xtb::{Level, XtbOptions};
use druse_generators::{LigandLimits, SpinRule};
use druse_representations::complex::is_transition_metal;
use druse_representations::{Complex, Element, Geometry};

use super::reference::check_file;
use super::{Mistakes, one_of, quoted};
use crate::config::campaign::{ComplexSpec, LibraryChoice, LigandSources, Preset, XtbSpec};
use crate::config::file::{ComplexesSection, LibrarySection, LigandNames, LigandsSection, XtbSection};
use crate::config::mistake::Mistake;

/// Seconds for one run of xtb when the file gives none.
const TIMEOUT: u64 = 600;

pub(super) fn check_complexes(
    section: &ComplexesSection,
    ligands: Option<&LigandsSection>,
    xtb: Option<&XtbSection>,
    base: &Path,
    mistakes: &mut Mistakes,
) -> ComplexSpec {
    let range = |key: &str, range: [i64; 2], mistakes: &mut Mistakes| {
        if range[0] > range[1] {
            mistakes.report(key, format!("[{}, {}]", range[0], range[1]), "the smaller number first");
        }
    };
    if let Some(charge) = section.charge {
        range("complexes.charge", charge, mistakes);
    }
    let preset = check_preset(section, mistakes);
    let atoms = section.atoms.unwrap_or([1, 120]);
    range("complexes.atoms", atoms.map(u64::cast_signed), mistakes);
    let most_distinct = section.most_distinct.unwrap_or(4);
    if most_distinct == 0 {
        mistakes.report("complexes.most_distinct", most_distinct, "1 or more");
    }
    let donors = elements("complexes.donors", section.donors.as_deref(), mistakes);
    ComplexSpec {
        metals: check_metals(section, preset.is_some(), mistakes),
        geometries: check_geometries(section.geometries.as_deref(), preset.is_some(), mistakes),
        preset,
        ligands: check_ligands(ligands, base, mistakes),
        charge: section.charge.map(|charge| charge.map(|charge| charge.clamp(-99, 99) as i32)),
        electrons: section.electrons.iter().flatten().map(|&n| n.min(99) as u32).collect(),
        atoms: atoms.map(|n| n as usize),
        donors: donors.into_iter().collect(),
        denticities: section.denticities.iter().flatten().map(|&n| n as usize).collect(),
        most_distinct: most_distinct as usize,
        required: section.required.clone().unwrap_or_default(),
        spin: check_word(
            "complexes.spin",
            section.spin.as_deref(),
            [("lowest", SpinRule::Lowest), ("highest", SpinRule::Highest), ("any", SpinRule::Any)],
            mistakes,
        ),
        evolve: section.evolve_ligands.unwrap_or(false).then(LigandLimits::default),
        xtb: xtb.map(|xtb| check_xtb(xtb, mistakes)),
    }
}

fn check_preset(section: &ComplexesSection, mistakes: &mut Mistakes) -> Option<Preset> {
    const PRESETS: [&str; 1] = ["chromophores"];
    match (section.preset.as_deref(), section.replace.as_deref()) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            mistakes.report(
                "complexes.replace",
                "it beside a preset",
                "one of complexes.preset and complexes.replace",
            );
            None
        }
        (Some("chromophores"), None) => Some(Preset::Chromophores),
        (Some(other), None) => {
            mistakes.add(
                Mistake::new("complexes.preset", quoted(other), one_of(&PRESETS)).nearest(other, PRESETS),
            );
            None
        }
        (None, Some(text)) => {
            if let Err(error) = text.parse::<Complex>() {
                let expected = format!("a whole-complex string ({error})");
                mistakes.report("complexes.replace", quoted(text), expected);
            }
            Some(Preset::Replace(text.to_owned()))
        }
    }
}

fn check_metals(
    section: &ComplexesSection,
    optional: bool,
    mistakes: &mut Mistakes,
) -> Vec<(Element, Vec<i32>)> {
    if optional && section.metals.as_ref().is_none_or(|metals| metals.is_empty()) {
        return Vec::new();
    }
    let expected = "metals with oxidation states such as { Fe = [2, 3] }";
    let Some(metals) = section.metals.as_ref().filter(|metals| !metals.is_empty()) else {
        let found = if section.metals.is_some() { "an empty table" } else { "nothing" };
        mistakes.report("complexes.metals", found, expected);
        return Vec::new();
    };
    let mut checked = Vec::new();
    for (symbol, states) in metals {
        let key = format!("complexes.metals.{symbol}");
        let Some(metal) = Element::from_symbol(symbol).filter(|metal| is_transition_metal(*metal)) else {
            mistakes.report(key, quoted(symbol), "the symbol of a transition metal");
            continue;
        };
        let most = i64::from(metal.group());
        let possible = |state: &i64| (most - 12..=most).contains(state);
        if states.is_empty() || !states.iter().all(possible) {
            let expected = format!("oxidation states from {} to {most}", most - 12);
            mistakes.report(key, format!("{states:?}"), expected);
        }
        let states: BTreeSet<i32> = states.iter().map(|&state| state.clamp(-99, 99) as i32).collect();
        checked.push((metal, states.into_iter().collect()));
    }
    checked.sort_unstable();
    checked
}

fn check_geometries(names: Option<&[String]>, optional: bool, mistakes: &mut Mistakes) -> Vec<Geometry> {
    if optional && names.is_none_or(<[String]>::is_empty) {
        return Vec::new();
    }
    let known = Geometry::ALL.map(Geometry::name);
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        let found = if names.is_some() { "an empty list" } else { "nothing" };
        mistakes.report("complexes.geometries", found, format!("a list of {}", one_of(&known)));
        return Vec::new();
    };
    let mut geometries = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let key = format!("complexes.geometries[{index}]");
        match name.parse::<Geometry>() {
            Err(_) => mistakes.add(Mistake::new(key, quoted(name), one_of(&known)).nearest(name, known)),
            Ok(geometry) if !geometries.insert(geometry) => {
                mistakes.report(key, quoted(name), "each geometry once");
            }
            Ok(_) => {}
        }
    }
    geometries.into_iter().collect()
}

fn check_ligands(section: Option<&LigandsSection>, base: &Path, mistakes: &mut Mistakes) -> LigandSources {
    let known = || builtin_ligands().iter().map(|ligand| ligand.name.as_str());
    let all = || known().map(str::to_owned).collect();
    let Some(section) = section else {
        return LigandSources { builtin: all(), library: None, files: Vec::new() };
    };
    let builtin = match &section.builtin {
        None => Vec::new(),
        Some(LigandNames::Word(word)) if word == "all" => all(),
        Some(LigandNames::Word(word)) => {
            mistakes.report(
                "ligands.builtin",
                quoted(word),
                "\"all\" or a list of names of built-in ligands",
            );
            Vec::new()
        }
        Some(LigandNames::Names(names)) => {
            for (index, name) in names.iter().enumerate() {
                let key = format!("ligands.builtin[{index}]");
                if builtin_ligand(name).is_none() {
                    let expected = "the name of a built-in ligand (see `druse ligands --builtin`)";
                    mistakes.add(Mistake::new(key, quoted(name), expected).nearest(name, known()));
                } else if names[..index].contains(name) {
                    mistakes.report(key, quoted(name), "each ligand once");
                }
            }
            names.clone()
        }
    };
    let library = section.library.as_ref().map(|library| check_library(library, mistakes));
    let files = section.files.iter().flatten().enumerate();
    let files: Vec<_> = files
        .filter_map(|(index, name)| {
            check_file(&format!("ligands.files[{index}]"), name, "a readable file", base, mistakes)
        })
        .collect();
    if builtin.is_empty() && library.is_none() && section.files.iter().flatten().next().is_none() {
        mistakes.report("ligands", "no source of ligands", "builtin, library or files");
    }
    LigandSources { builtin, library, files }
}

fn check_library(section: &LibrarySection, mistakes: &mut Mistakes) -> LibraryChoice {
    let most = section.most.unwrap_or(0);
    if most == 0 {
        let found = section.most.map_or("nothing".to_owned(), |most| most.to_string());
        mistakes.report("ligands.library.most", found, "the number of ligands to take, 1 or more");
    }
    let query = Query {
        denticities: section.denticities.iter().flatten().map(|&n| n as usize).collect(),
        donor_elements: elements("ligands.library.donors", section.donors.as_deref(), mistakes),
        charges: section.charges.iter().flatten().map(|&charge| charge.clamp(-99, 99) as i32).collect(),
        max_atoms: section.atoms.map(|atoms| atoms as usize),
        metals: elements("ligands.library.metals", section.metals.as_deref(), mistakes),
        min_occurrences: section.occurrences.unwrap_or(1).min(u64::from(u32::MAX)) as u32,
        orders_known: Some(true),
        ..Query::default()
    };
    LibraryChoice { query, most: most as usize }
}

fn check_xtb(section: &XtbSection, mistakes: &mut Mistakes) -> XtbSpec {
    let timeout = section.timeout.unwrap_or(TIMEOUT);
    if timeout == 0 {
        mistakes.report("xtb.timeout", timeout, "1 or more seconds");
    }
    let default = XtbOptions::default();
    let levels = [("normal", Level::Normal), ("crude", Level::Crude), ("tight", Level::Tight)];
    let options = XtbOptions {
        level: check_word("xtb.level", section.level.as_deref(), levels, mistakes),
        force_field: section.force_field.unwrap_or(default.force_field),
        spin_states: section.spin_states.unwrap_or(default.spin_states),
        fod: section.fod.unwrap_or(default.fod),
        solvent: section.solvent.clone(),
        ..default
    };
    XtbSpec { options, timeout }
}

/// The value that a word stands for; the first one when the word is absent or wrong.
fn check_word<T: Copy, const N: usize>(
    key: &str,
    word: Option<&str>,
    known: [(&str, T); N],
    mistakes: &mut Mistakes,
) -> T {
    let Some(word) = word else { return known[0].1 };
    let names = known.map(|(name, _)| name);
    known.iter().find(|(name, _)| *name == word).map_or_else(
        || {
            mistakes.add(Mistake::new(key, quoted(word), one_of(&names)).nearest(word, names));
            known[0].1
        },
        |(_, value)| *value,
    )
}

fn elements(key: &str, symbols: Option<&[String]>, mistakes: &mut Mistakes) -> BTreeSet<Element> {
    let mut found = BTreeSet::new();
    for (index, symbol) in symbols.into_iter().flatten().enumerate() {
        match Element::from_symbol(symbol) {
            Some(element) => {
                found.insert(element);
            }
            None => {
                mistakes.report(format!("{key}[{index}]"), quoted(symbol), "the symbol of an element");
            }
        }
    }
    found
}
