//! From a data block to a crystal.

use serde_json::{Map, Value, json};

use crate::composition::Composition;
use crate::crystal::{Crystal, Site};
use crate::lattice::Lattice;

use super::super::build;
use super::super::error::{Fault, Problem};
use super::block::{Block, Column, Ragged};
use super::expand::AsymmetricSite;
use super::number::number;
use super::species;
use super::symmetry;

impl From<Ragged> for Fault {
    fn from(ragged: Ragged) -> Self {
        let expected = format!("a multiple of {}, the number of tags of the loop", ragged.tags);
        Self::at(ragged.line, Problem::Count { what: "values".into(), found: ragged.values, expected })
    }
}

/// Whether a block lists atoms.
pub(crate) fn has_atoms(block: &Block) -> bool {
    ["_atom_site_fract_x", "_atom_site_label", "_atom_site_type_symbol", "_atom_site_cartn_x"]
        .iter()
        .any(|tag| block.text(tag).is_some())
}

/// The crystal of a block and what else the block says.
pub(crate) fn structure(block: &Block) -> Result<(Crystal, Map<String, Value>), Fault> {
    let lattice = lattice(block)?;
    let formula = block.value("_chemical_formula_sum").and_then(species::formula);
    let sites = asymmetric_sites(block, formula.as_ref())?;
    let mut notes = Vec::new();
    let units = block.value("_cell_formula_units_z").and_then(number).map(|number| number.value);
    let content = symmetry::Content { formula: formula.as_ref(), units: units.filter(|&units| units > 0.0) };
    let sites = symmetry::settings(block, &lattice)?.expand(&lattice, &sites, content, &mut notes)?;
    let crystal = build::crystal(lattice, sites)?;
    Ok((crystal, properties(block, &notes)))
}

fn lattice(block: &Block) -> Result<Lattice, Fault> {
    let mut cell = [90.0; 6];
    let tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
    for (index, tag) in tags.into_iter().enumerate() {
        let tag = format!("_cell_{tag}");
        match block.text(&tag).filter(|text| text.known().is_some()) {
            Some(text) => {
                cell[index] = number(text.text)
                    .ok_or_else(|| {
                        Fault::at(text.line, Problem::NotANumber { what: tag, found: text.text.to_owned() })
                    })?
                    .value;
            }
            // Angles are 90° unless stated (core dictionary).
            None if index >= 3 => (),
            None => return Err(Problem::Missing { what: "cell".into(), expected: tag }.into()),
        }
    }
    let line = block.text("_cell_length_a").map(|text| text.line);
    build::lattice_from_parameters(cell).map_err(|problem| Fault { line, problem })
}

fn asymmetric_sites(block: &Block, formula: Option<&Composition>) -> Result<Vec<AsymmetricSite>, Fault> {
    let labels = block.column("_atom_site_label")?;
    let symbols = block.column("_atom_site_type_symbol")?;
    let occupancies = block.column("_atom_site_occupancy")?;
    let flags = block.column("_atom_site_calc_flag")?;
    let mut axes: Vec<Column> = Vec::with_capacity(3);
    for axis in ["x", "y", "z"] {
        let tag = format!("_atom_site_fract_{axis}");
        let column = block.column(&tag)?;
        axes.push(
            column
                .ok_or_else(|| Problem::Missing { what: "fractional coordinates".into(), expected: tag })?,
        );
    }
    if axes[1].len() != axes[0].len() || axes[2].len() != axes[0].len() {
        let (found, expected) = (axes[1].len(), axes[0].len().to_string());
        return Err(Problem::Count { what: "coordinates".into(), found, expected }.into());
    }
    let mut sites = Vec::with_capacity(axes[0].len());
    for row in 0..axes[0].len() {
        let at = |column: &Option<Column>| {
            column.as_ref().and_then(|c| c.get(row).copied()?.known().map(str::to_owned))
        };
        let line = axes[0][row].line;
        let (label, symbol) = (at(&labels), at(&symbols));
        let name = label.clone().or_else(|| symbol.clone()).unwrap_or_else(|| (row + 1).to_string());
        if at(&flags).is_some_and(|flag| flag.eq_ignore_ascii_case("dum")) {
            continue;
        }
        let element = species::element_of(symbol.as_deref(), label.as_deref(), formula)
            .map_err(|problem| Fault::at(line, Problem::UnknownElement { site: name.clone(), problem }))?;
        let not_a_number = |what: &str, found: &str| {
            let what = format!("{what} of site {name}");
            Fault::at(line, Problem::NotANumber { what, found: found.to_owned() })
        };
        let mut frac = nalgebra::Vector3::zeros();
        let mut decimals = 0;
        for (axis, column) in axes.iter().enumerate() {
            let text = column[row].text;
            let number = number(text).ok_or_else(|| not_a_number(["x", "y", "z"][axis], text))?;
            frac[axis] = number.value;
            decimals = decimals.max(number.decimals);
        }
        let occupancy = match at(&occupancies) {
            None => 1.0,
            Some(text) => number(&text).ok_or_else(|| not_a_number("occupancy", &text))?.value,
        };
        if !(0.0..=build::OCCUPANCY_LIMIT).contains(&occupancy) {
            return Err(Fault::at(line, Problem::Occupancy { site: name, found: occupancy }));
        }
        if occupancy > 0.0 {
            sites.push(AsymmetricSite { label: name, element, occupancy, frac, decimals, line });
        }
    }
    Ok(sites)
}

/// Tags that are kept as properties.
const KEPT: [(&str, &str); 7] = [
    ("_chemical_formula_sum", "chemical_formula_sum"),
    ("_chemical_name_mineral", "chemical_name_mineral"),
    ("_chemical_name_systematic", "chemical_name_systematic"),
    ("_chemical_name_common", "chemical_name_common"),
    ("_cod_database_code", "cod_database_code"),
    ("_database_code_icsd", "database_code_icsd"),
    ("_journal_year", "journal_year"),
];

/// Loop of properties that `druse` writes: names, and values as JSON.
pub(super) const PROPERTY_TAGS: [&str; 2] = ["_druse_property_name", "_druse_property_value"];

/// Tag and value that mark the files that `druse` writes.
pub(super) const METHOD_TAG: &str = "_audit_creation_method";
pub(super) const METHOD: &str = "druse";

fn properties(block: &Block, notes: &[String]) -> Map<String, Value> {
    let mut properties = Map::new();
    let [names, values] = PROPERTY_TAGS.map(|tag| block.column(tag).ok().flatten().unwrap_or_default());
    let own = block.value(METHOD_TAG) == Some(METHOD);
    for (name, value) in names.iter().zip(&values) {
        let value = serde_json::from_str(value.text).unwrap_or_else(|_| json!(value.text));
        properties.insert(name.text.to_owned(), value);
    }
    for (tag, key) in KEPT {
        if !own && let Some(value) = block.value(tag) {
            properties.insert(key.to_owned(), json!(value));
        }
    }
    if !notes.is_empty() {
        properties.insert("reader_notes".to_owned(), json!(notes));
    }
    properties
}

/// Largest relative difference between the shares of an element in two compositions that still
/// counts as agreement.
const SAME_SHARE: f64 = 0.02;

/// Whether sites have the elements of a formula in its proportions.
pub(super) fn agrees(sites: &[Site], formula: &Composition) -> bool {
    let found: Composition =
        sites.iter().flat_map(|site| site.occupants.iter().map(|o| (o.element, o.occupancy))).collect();
    found.element_count() == formula.element_count()
        && formula.iter().all(|(element, _)| {
            let (want, got) = (formula.fraction(element), found.fraction(element));
            (want - got).abs() <= SAME_SHARE * want
        })
}
