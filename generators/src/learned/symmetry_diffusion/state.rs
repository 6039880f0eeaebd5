//! A crystal that is known in part, as training masks it and sampling fills it in.

use std::f64::consts::TAU;

use druse_representations::symmetry::{CrystalSystem, Orbit, SymmetryCode};
use druse_representations::{Composition, Element};
use tch::{Device, Kind, Tensor};

use super::features::{CHARGE_FEATURES, charge_features};
use crate::learned::symmetry::{
    CELL_TERMS, ORBIT_FEATURES, PlacedOrbit, Placement, cell_from_terms, free_cell_terms, position_table,
};

/// Waves along the axes that a point is described by.
const FREQUENCIES: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0];
/// Numbers that describe a point.
pub(super) const POINT_FEATURES: usize = 6 * FREQUENCIES.len();
/// Numbers that describe the cell: its terms and whether it is known.
pub(super) const CELL_FEATURES: usize = CELL_TERMS + 1;

/// A cell that is known.
#[derive(Clone, Debug)]
pub(super) struct KnownCell {
    /// Conventional cell (Å, degrees).
    pub(super) cell: [f64; 6],
    /// Its terms.
    pub(super) terms: [f64; CELL_TERMS],
    /// The primitive cell.
    pub(super) placement: Placement,
}

impl KnownCell {
    /// The cell with these terms.
    pub(super) fn from_terms(group: u8, composition: &Composition, terms: [f64; CELL_TERMS]) -> Option<Self> {
        let cell = cell_from_terms(group, composition, &terms)?;
        Some(Self { cell, terms, placement: Placement::new(group, cell)? })
    }
}

/// A site whose Wyckoff position is known.
#[derive(Clone, Debug)]
pub(super) struct SiteState {
    /// Place of the position in the table.
    pub(super) position: usize,
    /// Element, when it is known.
    pub(super) element: Option<Element>,
    /// Free parameters, when they are known; known from the start where there are none.
    pub(super) free: Option<Vec<f64>>,
}

/// A crystal that is known in part. What is masked is what is not there: positions of sites that are yet to come, then
/// elements, then the cell, then free parameters.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Space group.
    pub(super) group: u8,
    /// Number of sites when all are known.
    pub(super) total: usize,
    /// Sites with known position.
    pub(super) sites: Vec<SiteState>,
    /// The cell.
    pub(super) cell: Option<KnownCell>,
}

impl State {
    /// Atoms so far.
    pub(super) fn atoms(&self) -> usize {
        self.atoms_of_sites().map(|(_, atoms)| atoms).sum()
    }

    /// Which positions of the group are without freedom and occupied.
    pub(super) fn used(&self) -> Vec<bool> {
        let table = position_table();
        let range = table.group(self.group);
        let mut used = vec![false; range.len()];
        for site in &self.sites {
            used[site.position - range.start] = table.entries()[site.position].freedom == 0;
        }
        used
    }

    /// Element, when it is known, and number of atoms of every site.
    pub(super) fn atoms_of_sites(&self) -> impl Iterator<Item = (Option<Element>, usize)> {
        let entries = position_table().entries();
        self.sites.iter().map(|site| (site.element, entries[site.position].atoms))
    }

    /// Atoms of the sites whose element is known.
    pub(super) fn composition(&self) -> Composition {
        self.atoms_of_sites().filter_map(|(element, atoms)| Some((element?, atoms as f64))).collect()
    }

    /// Whether all positions and elements are known.
    pub(super) fn occupied(&self) -> bool {
        self.sites.len() == self.total && self.sites.iter().all(|site| site.element.is_some())
    }

    /// Cell terms that the system leaves free.
    pub(super) fn free_terms(&self) -> &'static [usize] {
        CrystalSystem::of(self.group).map_or(&[], free_cell_terms)
    }

    /// The code of a state in which everything is known.
    pub(super) fn code(&self) -> Option<SymmetryCode> {
        let orbits = self.sites.iter().map(|site| {
            let letter = position_table().entries()[site.position].letter;
            Some(Orbit { element: site.element?, letter, free: site.free.clone()? })
        });
        let cell = self.cell.as_ref()?.cell;
        Some(SymmetryCode { space_group: self.group, cell, orbits: orbits.collect::<Option<_>>()? })
    }

    /// Orbits that are placed, `None` for others.
    pub(super) fn placed(&self) -> Vec<Option<PlacedOrbit>> {
        let Some(cell) = &self.cell else { return vec![None; self.sites.len()] };
        self.sites
            .iter()
            .map(|site| {
                let position = position_table().entries()[site.position].position()?;
                Some(cell.placement.orbit(site.element?, position, site.free.as_ref()?))
            })
            .collect()
    }
}

/// States of a batch as tensors; `T` is the largest number of sites.
pub(super) struct Inputs {
    /// Space groups less 1, `[batch]`.
    pub(super) groups: Tensor,
    /// Numbers of sites, known ones and others, `[batch]`.
    pub(super) totals: Tensor,
    /// Numbers of sites that are yet to come, `[batch]`.
    pub(super) left: Tensor,
    /// Atoms so far, `[batch]`.
    pub(super) atoms: Tensor,
    /// `[batch, CELL_FEATURES]`.
    pub(super) cells: Tensor,
    /// Places of positions, `[batch, T]`.
    pub(super) positions: Tensor,
    /// Atomic numbers, 0 for unknown, `[batch, T]`.
    pub(super) elements: Tensor,
    /// Waves of the representative point and whether it is known, `[batch, T, POINT_FEATURES + 1]`.
    pub(super) points: Tensor,
    /// What charge is still to be balanced, `[batch, CHARGE_FEATURES]`.
    pub(super) charges: Tensor,
    /// Whether the element of a site is unknown, `[batch, T]`, 0 or 1.
    pub(super) open: Tensor,
    /// Logarithms of the numbers of atoms of sites, `[batch, T]`.
    pub(super) weights: Tensor,
    /// Whether there is a site, `[batch, T]`.
    pub(super) there: Tensor,
    /// Features of pairs of placed orbits and whether both are placed, `[batch, T, T, ORBIT_FEATURES + 1]`; absent when no orbit
    /// of the batch is placed.
    pub(super) pairs: Option<Tensor>,
}

impl Inputs {
    /// Of these states.
    pub(super) fn new(states: &[&State], device: Device) -> Self {
        let table = position_table();
        let batch = states.len();
        // One place at least, so that no tensor is empty.
        let t = states.iter().map(|state| state.sites.len()).max().unwrap_or(0).max(1);
        let integers = |values: Vec<i64>| Tensor::from_slice(&values).to_device(device);
        let of = |value: &dyn Fn(&State) -> usize| integers(states.iter().map(|s| value(s) as i64).collect());
        let mut cells = vec![0f32; batch * CELL_FEATURES];
        let (mut positions, mut elements) = (vec![0i64; batch * t], vec![0i64; batch * t]);
        let mut points = vec![0f32; batch * t * (POINT_FEATURES + 1)];
        let mut charges = Vec::with_capacity(batch * CHARGE_FEATURES);
        let mut open = vec![0f32; batch * t];
        let mut weights = vec![0f32; batch * t];
        let mut there = vec![false; batch * t];
        let mut pairs: Option<Vec<f32>> = None;
        const PAIR: usize = ORBIT_FEATURES + 1;
        for (row, state) in states.iter().enumerate() {
            if let Some(cell) = &state.cell {
                let features = &mut cells[row * CELL_FEATURES..(row + 1) * CELL_FEATURES];
                features.iter_mut().zip(cell.terms).for_each(|(f, x)| *f = x as f32);
                features[CELL_TERMS] = 1.0;
            }
            charges.extend(charge_features(state.atoms_of_sites()));
            // Before the geometry begins, a point says nothing that its position does not.
            let geometry = state.occupied();
            for (i, site) in state.sites.iter().enumerate() {
                let at = row * t + i;
                let entry = &table.entries()[site.position];
                there[at] = true;
                positions[at] = site.position as i64;
                elements[at] = site.element.map_or(0, |e| i64::from(e.atomic_number()));
                open[at] = f32::from(u8::from(site.element.is_none()));
                weights[at] = (entry.atoms as f32).ln();
                if let (true, Some(free), Some(position)) = (geometry, &site.free, entry.position()) {
                    let features = &mut points[at * (POINT_FEATURES + 1)..(at + 1) * (POINT_FEATURES + 1)];
                    let point = position.representative(free);
                    write_waves(features, point.as_slice());
                    features[POINT_FEATURES] = 1.0;
                }
            }
            let placed = state.placed();
            for (i, from) in placed.iter().enumerate() {
                for (j, to) in placed.iter().enumerate() {
                    let (Some(cell), Some(from), Some(to)) = (&state.cell, from, to) else { continue };
                    let pairs = pairs.get_or_insert_with(|| vec![0.0; batch * t * t * PAIR]);
                    let at = ((row * t + i) * t + j) * PAIR;
                    pairs[at..at + ORBIT_FEATURES].copy_from_slice(&cell.placement.features(
                        from,
                        to,
                        i == j,
                    ));
                    pairs[at + ORBIT_FEATURES] = 1.0;
                }
            }
        }
        let (b, t64) = (batch as i64, t as i64);
        let floats = |values: &[f32], shape: &[i64]| Tensor::from_slice(values).to_device(device).view(shape);
        Self {
            groups: of(&|s| usize::from(s.group) - 1),
            totals: of(&|s| s.total),
            left: of(&|s| s.total - s.sites.len()),
            atoms: of(&State::atoms),
            cells: floats(&cells, &[b, CELL_FEATURES as i64]),
            positions: integers(positions).view([b, t64]),
            elements: integers(elements).view([b, t64]),
            points: floats(&points, &[b, t64, POINT_FEATURES as i64 + 1]),
            charges: floats(&charges, &[b, CHARGE_FEATURES as i64]),
            open: floats(&open, &[b, t64]),
            weights: floats(&weights, &[b, t64]),
            there: Tensor::from_slice(&there).to_device(device).to_kind(Kind::Bool).view([b, t64]),
            pairs: pairs.map(|pairs| floats(&pairs, &[b, t64, t64, PAIR as i64])),
        }
    }
}

/// Writes cosines and sines of the coordinates.
pub(super) fn write_waves(features: &mut [f32], coordinates: &[f64]) {
    for (axis, x) in coordinates.iter().enumerate() {
        for (k, frequency) in FREQUENCIES.iter().enumerate() {
            let angle = TAU * frequency * x;
            let at = 2 * (axis * FREQUENCIES.len() + k);
            features[at] = angle.cos() as f32;
            features[at + 1] = angle.sin() as f32;
        }
    }
}
