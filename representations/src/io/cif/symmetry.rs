//! Which symmetry operations a data block means.
//!
//! Order of trust: listed operations, Hall symbol, Hermann-Mauguin symbol, number. A symbol alone
//! can leave the origin choice, the axes of a rhombohedral cell or the unique axis open; then the
//! settings that fit the cell are tried, and the one whose atoms agree with the chemical formula of
//! the file and do not overlap is taken.

use crate::composition::Composition;
use crate::crystal::Site;
use crate::lattice::Lattice;

use super::super::error::{Fault, Problem};
use super::block::Block;
use super::expand::{AsymmetricSite, expand};
use super::operation::SymmetryOperation;
use super::spacegroup::{self, Candidate};
use super::structure::agrees;

/// Tags of listed operations, with those of older and newer dictionaries.
const OPERATION_TAGS: [&str; 7] = [
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv_pos_as_xyz_",
    "_space_group_symop_magn_operation_xyz",
    "_symmetry_equiv_as_xyz",
    "_symmetry_pos_as_xyz",
    "_space_group_operation_xyz",
];

const CENTERING_TAG: &str = "_space_group_symop_magn_centering_xyz";
const HALL_TAGS: [&str; 2] = ["_space_group_name_hall", "_symmetry_space_group_name_hall"];
const HERMANN_MAUGUIN_TAGS: [&str; 5] = [
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m",
    "_space_group_name_h-m_ref",
    "_space_group_name_h-m_full",
];
const NUMBER_TAGS: [&str; 2] = ["_space_group_it_number", "_symmetry_int_tables_number"];

/// Cell metrics that an operation changes by more than this (relative) are not invariant under it.
const METRIC_TOLERANCE: f64 = 0.02;

/// Fully occupied atoms nearer than this (Å) speak against a setting.
const OVERLAP: f64 = 0.6;

/// Possible readings of the symmetry of a block.
pub(super) struct Settings {
    /// The first is the one to take unless the atoms speak against it.
    candidates: Vec<Candidate>,
    /// Other settings of the declared group, for coordinates that belong to another origin than
    /// the listed operations.
    others: Vec<Candidate>,
    note: Option<String>,
}

/// The settings that a block allows.
pub(super) fn settings(block: &Block, lattice: &Lattice) -> Result<Settings, Fault> {
    let named = named(block);
    if let Some(operations) = listed(block)? {
        let candidates = vec![Candidate { name: "listed operations".to_owned(), operations }];
        return Ok(Settings { candidates, others: fitting(named, lattice), note: None });
    }
    let symbols = symbols(block);
    if symbols.is_empty() {
        let candidates =
            vec![Candidate { name: "P 1".into(), operations: vec![SymmetryOperation::identity()] }];
        let note = "no space group and no symmetry operations in the file: read as P 1";
        return Ok(Settings { candidates, others: Vec::new(), note: Some(note.to_owned()) });
    }
    if named.is_empty() {
        return Err(Problem::SpaceGroup { found: symbols.join(", ") }.into());
    }
    let candidates = fitting(named.clone(), lattice);
    if candidates.is_empty() {
        let found = format!("{:.4?}", lattice.parameters());
        let expected = format!("a cell that fits the space group {}", symbols.join(", "));
        return Err(Problem::Unexpected { what: "cell".into(), found, expected }.into());
    }
    Ok(Settings { candidates, others: Vec::new(), note: None })
}

/// The operations that a block lists.
fn listed(block: &Block) -> Result<Option<Vec<SymmetryOperation>>, Fault> {
    for tag in OPERATION_TAGS {
        let Some(column) = block.column(tag)? else { continue };
        let mut operations = Vec::with_capacity(column.len());
        for text in column.iter().filter(|text| text.known().is_some()) {
            let operation = text.text.parse().map_err(|problem: Problem| Fault::at(text.line, problem))?;
            operations.push(operation);
        }
        if operations.is_empty() {
            continue;
        }
        let mut centred = operations.clone();
        for text in block.column(CENTERING_TAG)?.unwrap_or_default() {
            let shift: SymmetryOperation = text.text.parse().map_err(|p: Problem| Fault::at(text.line, p))?;
            if shift.translation.norm() > 0.0 {
                centred.extend(operations.iter().map(|operation| shift.after(operation)));
            }
        }
        if !centred.contains(&SymmetryOperation::identity()) {
            centred.insert(0, SymmetryOperation::identity());
        }
        return Ok(Some(centred));
    }
    Ok(None)
}

/// All symbols and numbers of the space group, for messages.
fn symbols(block: &Block) -> Vec<String> {
    let tags = HALL_TAGS.iter().chain(&HERMANN_MAUGUIN_TAGS).chain(&NUMBER_TAGS);
    let mut symbols: Vec<String> =
        tags.filter_map(|tag| block.value(tag)).map(|text| format!("'{text}'")).collect();
    symbols.dedup();
    symbols
}

/// Settings by the first symbol that is known.
fn named(block: &Block) -> Vec<Candidate> {
    let values = |tags: &'static [&'static str]| tags.iter().filter_map(|tag| block.value(tag));
    values(&HALL_TAGS)
        .map(|symbol| spacegroup::by_hall_symbol(symbol).into_iter().collect::<Vec<_>>())
        .chain(values(&HERMANN_MAUGUIN_TAGS).map(spacegroup::by_hermann_mauguin))
        .chain(values(&NUMBER_TAGS).filter_map(|text| text.parse().ok()).map(spacegroup::by_number))
        .find(|candidates| !candidates.is_empty())
        .unwrap_or_default()
}

/// Candidates whose operations leave the cell metric unchanged.
fn fitting(mut candidates: Vec<Candidate>, lattice: &Lattice) -> Vec<Candidate> {
    let metric = lattice.metric();
    let [a, b, c] = lattice.lengths();
    let lengths = [a, b, c];
    candidates.retain(|candidate| {
        candidate.operations.iter().all(|operation| {
            let rotation = operation.rotation.map(f64::from);
            let image = rotation.transpose() * metric * rotation;
            (0..3).all(|i| {
                (0..3).all(|j| {
                    (image[(i, j)] - metric[(i, j)]).abs() <= METRIC_TOLERANCE * lengths[i] * lengths[j]
                })
            })
        })
    });
    candidates
}

impl Settings {
    /// All sites of the cell in the setting that the atoms and the formula speak for.
    pub(super) fn expand(
        self,
        lattice: &Lattice,
        sites: &[AsymmetricSite],
        formula: Option<&Composition>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Site>, Fault> {
        notes.extend(self.note);
        let several = self.candidates.len() > 1;
        let mut first = None;
        for candidate in &self.candidates {
            let expanded = expand(lattice, sites, &candidate.operations);
            let good = expanded.as_ref().is_ok_and(|sites| is_sound(lattice, sites, formula));
            if good && several {
                notes.push(format!("setting chosen by cell and atoms: {}", candidate.name));
            }
            if good || !several && (formula.is_none() || self.others.is_empty()) {
                return expanded;
            }
            first = first.or(Some(expanded));
        }
        // Contradictory files: the formula must confirm another setting.
        for candidate in &self.others {
            if let Ok(expanded) = expand(lattice, sites, &candidate.operations)
                && formula.is_some()
                && is_sound(lattice, &expanded, formula)
            {
                notes.push(format!(
                    "the listed operations contradict the formula; read in the setting {}",
                    candidate.name
                ));
                return Ok(expanded);
            }
        }
        first.unwrap_or_else(|| Err(Problem::Empty.into()))
    }
}

/// Whether sites agree with the formula and no full ones overlap.
fn is_sound(lattice: &Lattice, sites: &[Site], formula: Option<&Composition>) -> bool {
    if formula.is_some_and(|formula| !agrees(sites, formula)) {
        return false;
    }
    let full: Vec<&Site> = sites.iter().filter(|site| site.is_ordered()).collect();
    full.iter().enumerate().all(|(i, x)| {
        full[..i].iter().all(|y| {
            let difference = (x.frac - y.frac).map(|d| d - d.round());
            lattice.to_cartesian(&difference).norm() > OVERLAP
        })
    })
}
