//! Which symmetry operations a data block means.
//!
//! Order of trust: listed operations, Hall symbol, Hermann-Mauguin symbol, number. A symbol alone
//! can leave the origin choice, the axes of a rhombohedral cell or the unique axis open; then the
//! settings that fit the cell are tried, and the best is taken: atoms that agree with the chemical
//! formula of the file, do not overlap, fill the stated number of formula units, and are few.

use nalgebra::Vector3;

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

/// Fully occupied atoms nearer than this (Å) speak against a setting: with and without hydrogen.
/// The shortest real distances are H-H 0.74, O-H 0.95 and N-N 1.10 Å.
const OVERLAP: [f64; 2] = [0.6, 1.0];

/// Possible readings of the symmetry of a block.
pub(super) struct Settings<'a> {
    block: &'a Block<'a>,
    /// The first is the one to take unless the atoms speak against it.
    candidates: Vec<Candidate>,
    /// Whether the file lists its operations.
    listed: bool,
    note: Option<String>,
}

/// The settings that a block allows.
pub(super) fn settings<'a>(block: &'a Block<'a>, lattice: &Lattice) -> Result<Settings<'a>, Fault> {
    if let Some(operations) = listed(block)? {
        let candidates = vec![Candidate { name: "listed operations".to_owned(), number: None, operations }];
        return Ok(Settings { block, candidates, listed: true, note: None });
    }
    let symbols = symbols(block);
    if symbols.is_empty() {
        let operations = vec![SymmetryOperation::identity()];
        let candidates = vec![Candidate { name: "P 1".into(), number: Some(1), operations }];
        let note = "no space group and no symmetry operations in the file: read as P 1".to_owned();
        return Ok(Settings { block, candidates, listed: false, note: Some(note) });
    }
    let named = named(block);
    if named.is_empty() {
        return Err(Problem::SpaceGroup { found: symbols.join(", ") }.into());
    }
    let candidates = fitting(named, lattice);
    if candidates.is_empty() {
        let found = format!("{:.4?}", lattice.parameters());
        let expected = format!("a cell that fits the space group {}", symbols.join(", "));
        return Err(Problem::Unexpected { what: "cell".into(), found, expected }.into());
    }
    Ok(Settings { block, candidates, listed: false, note: None })
}

/// The operations that a block lists.
fn listed(block: &Block) -> Result<Option<Vec<SymmetryOperation>>, Fault> {
    for tag in OPERATION_TAGS {
        let Some(operations) = operations(block, tag)? else { continue };
        let mut centred = operations.clone();
        for shift in self::operations(block, CENTERING_TAG)?.unwrap_or_default() {
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

/// The operations under one tag; `None` when there are none.
fn operations(block: &Block, tag: &str) -> Result<Option<Vec<SymmetryOperation>>, Fault> {
    let strict = block.column(tag).map_err(Fault::from).and_then(|column| {
        let known = column.into_iter().flatten().filter(|text| text.known().is_some());
        known
            .map(|text| text.text.parse().map_err(|problem: Problem| Fault::at(text.line, problem)))
            .collect::<Result<Vec<SymmetryOperation>, Fault>>()
    });
    let operations = strict.or_else(|fault| {
        // Operations with blanks and without quotes: one per line, perhaps behind a number.
        let read = |text: &str| -> Option<SymmetryOperation> {
            let behind = || text.split_once(' ').filter(|(number, _)| number.parse::<u32>().is_ok());
            text.parse().ok().or_else(|| behind()?.1.parse().ok())
        };
        block.lines(tag).iter().map(|(_, text)| read(text)).collect::<Option<Vec<_>>>().ok_or(fault)
    })?;
    Ok((!operations.is_empty()).then_some(operations))
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

/// What a file says about its content.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content<'a> {
    /// Chemical formula.
    pub(super) formula: Option<&'a Composition>,
    /// Formula units in the cell.
    pub(super) units: Option<f64>,
}

/// Marks against a reading; the smallest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Marks {
    other_formula: bool,
    overlap: bool,
    other_units: bool,
    /// Wrong origins put atoms on less special positions.
    sites: usize,
}

impl Marks {
    fn of(lattice: &Lattice, sites: &[Site], content: Content) -> Self {
        let atoms: f64 = sites.iter().flat_map(|site| &site.occupants).map(|o| o.occupancy).sum();
        // Z counts the formula as written or, in files of some programs, the reduced formula.
        let is_stated = |(formula, units): (&Composition, f64)| {
            let per_unit = [formula.atom_count(), formula.atom_count() / formula.formula_units() as f64];
            per_unit.into_iter().any(|n| (atoms - n * units).abs() <= 0.05 * n * units)
        };
        Self {
            other_formula: content.formula.is_some_and(|formula| !agrees(sites, formula)),
            overlap: overlaps(lattice, sites),
            other_units: content.formula.zip(content.units).is_some_and(|stated| !is_stated(stated)),
            sites: sites.len(),
        }
    }

    fn is_sound(&self) -> bool {
        !self.other_formula && !self.overlap
    }
}

impl Settings<'_> {
    /// All sites of the cell in the setting that the atoms and the formula speak for.
    pub(super) fn expand(
        self,
        lattice: &Lattice,
        asymmetric: &[AsymmetricSite],
        content: Content,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Site>, Fault> {
        notes.extend(self.note);
        if let ([only], None) = (&self.candidates[..], content.formula) {
            return expand(lattice, asymmetric, &only.operations);
        }
        let read = |candidates: &[Candidate]| -> Option<(Marks, usize, Vec<Site>)> {
            let readings = candidates.iter().enumerate().filter_map(|(index, candidate)| {
                let sites = expand(lattice, asymmetric, &candidate.operations).ok()?;
                Some((Marks::of(lattice, &sites, content), index, sites))
            });
            readings.min_by_key(|(marks, index, _)| (*marks, *index))
        };
        let literal = read(&self.candidates);
        let sound = literal.as_ref().is_some_and(|(marks, ..)| marks.is_sound());
        if !sound && content.formula.is_some() {
            // The file contradicts itself: another setting must give exactly its formula.
            let number = named(self.block).first().and_then(|candidate| candidate.number);
            let mut others = fitting(number.map(spacegroup::by_number).unwrap_or_default(), lattice);
            if !self.listed && literal.is_some() && asymmetric.len() <= MOST_SITES {
                let origins = quarter_origins();
                let moved = self.candidates.iter().flat_map(|c| origins.iter().map(|o| c.with_origin(o)));
                others.extend(moved);
            }
            if let Some((marks, index, sites)) = read(&others)
                && marks.is_sound()
            {
                let name = &others[index].name;
                notes.push(format!(
                    "symmetry and coordinates contradict the formula of the file; read with {name}"
                ));
                return Ok(sites);
            }
        }
        match literal {
            Some((marks, index, sites)) => {
                if self.candidates.len() > 1 {
                    notes.push(format!("setting chosen by cell and atoms: {}", self.candidates[index].name));
                }
                if marks.other_formula {
                    notes.push("the atoms do not add up to the formula of the file".to_owned());
                }
                Ok(sites)
            }
            // Say why the first reading failed.
            None => match self.candidates.first() {
                Some(candidate) => expand(lattice, asymmetric, &candidate.operations),
                None => Err(Problem::Empty.into()),
            },
        }
    }
}

/// Number of asymmetric sites up to which other origins are tried.
const MOST_SITES: usize = 30;

/// Number of sites up to which overlaps are looked for (the time grows with its square).
const MOST_COMPARED: usize = 2000;

/// Origins on a grid of quarters, nearest first: older papers put the origin on other special
/// positions than International Tables do.
fn quarter_origins() -> Vec<Vector3<f64>> {
    let quarter = |n: u8| f64::from(n) / 4.0;
    let mut origins: Vec<Vector3<f64>> =
        (1..64u8).map(|n| Vector3::new(quarter(n / 16), quarter(n / 4 % 4), quarter(n % 4))).collect();
    origins.sort_by(|a, b| a.norm().total_cmp(&b.norm()));
    origins
}

/// Whether fully occupied atoms overlap.
fn overlaps(lattice: &Lattice, sites: &[Site]) -> bool {
    let is_hydrogen = |site: &Site| site.main_element().is_some_and(|element| element.atomic_number() == 1);
    let full: Vec<&Site> = sites.iter().filter(|site| site.is_ordered()).take(MOST_COMPARED).collect();
    full.iter().enumerate().any(|(i, x)| {
        full[..i].iter().any(|y| {
            let difference = (x.frac - y.frac).map(|d| d - d.round());
            let limit = if is_hydrogen(x) || is_hydrogen(y) { OVERLAP[0] } else { OVERLAP[1] };
            lattice.to_cartesian(&difference).norm() < limit
        })
    })
}
