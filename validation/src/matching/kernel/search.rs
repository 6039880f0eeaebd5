//! The loop over lattice maps and translations.

use std::ops::ControlFlow;

use druse_representations::nalgebra::{Matrix3, Vector3};

use super::super::pattern::Cell;
use super::super::reduction::unimodular_inverse;
use super::assignment::{Assignment, FORBIDDEN, is_feasible};
use super::average::{Average, Parameters, Short};
use super::lattices::{LatticeMap, lattice_maps, points_in_supercell};
use super::{Allowed, Search, Supercell, Trial};

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The caller had seen enough.
    Stopped,
    /// Everything was looked at.
    Exhausted,
    /// The numbers of sites differ, or no pairing keeps to the allowed kinds: no mapping can exist.
    Impossible,
    /// [`Search::effort`] was used up.
    Unfinished,
}

/// Shows all mappings of `first` and `second` whose sites have partners within reach to `judge`, until
/// it breaks. `allowed` says which kind of the first may stand for which of the second.
///
/// The crystal with more sites (after repeating a cell) takes the part of pymatgen's first structure,
/// the first one when there are as many.
pub fn search(
    first: &Cell,
    second: &Cell,
    allowed: &Allowed,
    what: &Search,
    judge: impl FnMut(&Trial) -> ControlFlow<()>,
) -> Outcome {
    let (first_moves, factor) = match what.supercell {
        Supercell::First(factor) => (true, factor),
        Supercell::Second(factor) => (false, factor),
    };
    if first.is_empty() || second.is_empty() || factor == 0 {
        return Outcome::Impossible;
    }
    let repeats = |moves: bool| if moves { factor } else { 1 };
    let counts = [first.len() * repeats(first_moves), second.len() * repeats(!first_moves)];
    if counts[0] != counts[1] && !what.subset {
        return Outcome::Impossible;
    }
    let rows_are_first = counts[0] < counts[1];
    let (rows, columns) = if rows_are_first { (first, second) } else { (second, first) };
    let rows_move = rows_are_first == first_moves;
    let may = |row: u16, column: u16| {
        if rows_are_first { allowed.get(row, column) } else { allowed.get(column, row) }
    };
    let partners = Partners::new(rows, columns, repeats(rows_move), repeats(!rows_move), may);
    if !is_feasible(partners.rows(), partners.columns, |row| partners.of(row)) {
        return Outcome::Impossible;
    }
    let (moving, target) = if first_moves { (first, second) } else { (second, first) };
    let (moving_rows, target_rows) = scaled(moving, target, factor, what.scale);
    let target_parameters = Parameters::of(&target_rows);
    let Some(maps) = lattice_maps(&moving_rows, &target_parameters, what, factor) else {
        return Outcome::Unfinished;
    };
    let mut walk = Walk {
        what,
        moving,
        target,
        target_rows,
        target_parameters,
        first_moves,
        rows_are_first,
        rows_move,
        factor,
        partners,
        places: Places::default(),
        assignment: Assignment::default(),
        steps: 0,
        judge,
    };
    for map in &maps {
        if let ControlFlow::Break(outcome) = walk.look_at(map) {
            return outcome;
        }
    }
    Outcome::Exhausted
}

/// Rows of both lattices, scaled to the same volume (the geometric mean) when asked for.
fn scaled(moving: &Cell, target: &Cell, factor: usize, scale: bool) -> (Matrix3<f64>, Matrix3<f64>) {
    let (moving, target) = (&moving.lattice, &target.lattice);
    if !scale {
        return (*moving.matrix(), *target.matrix());
    }
    let ratio = (target.volume() / (moving.volume() * factor as f64)).powf(1.0 / 6.0);
    (moving.matrix() * ratio, target.matrix() / ratio)
}

/// The columns that each row may be paired with.
struct Partners {
    columns: usize,
    starts: Vec<u32>,
    list: Vec<u32>,
    /// Rows, those with few partners first: they tell soonest that a translation does not fit.
    order: Vec<u32>,
    /// The first of the rows with the fewest partners.
    pinned: usize,
}

impl Partners {
    fn new(
        rows: &Cell,
        columns: &Cell,
        row_repeats: usize,
        column_repeats: usize,
        may: impl Fn(u16, u16) -> bool,
    ) -> Self {
        let count = rows.len() * row_repeats;
        let mut starts = Vec::with_capacity(count + 1);
        let mut list = Vec::new();
        starts.push(0);
        for &row in &rows.kinds {
            for _ in 0..row_repeats {
                for (column, _) in columns.kinds.iter().enumerate().filter(|&(_, &column)| may(row, column)) {
                    list.extend((0..column_repeats).map(|k| (column * column_repeats + k) as u32));
                }
                starts.push(list.len() as u32);
            }
        }
        let size = |&row: &u32| starts[row as usize + 1] - starts[row as usize];
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.sort_by_key(size);
        let pinned = order.first().map_or(0, |&row| row as usize);
        Self { columns: columns.len() * column_repeats, starts, list, order, pinned }
    }

    fn rows(&self) -> usize {
        self.order.len()
    }

    fn of(&self, row: usize) -> &[u32] {
        &self.list[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

/// Working space: coordinates and distances for the map at hand.
#[derive(Default)]
struct Places {
    rows: Vec<Vector3<f64>>,
    columns: Vec<Vector3<f64>>,
    short_rows: Vec<Vector3<f64>>,
    short_columns: Vec<Vector3<f64>>,
    costs: Vec<f64>,
    ways: Vec<Vector3<f64>>,
    distances: Vec<f64>,
}

/// What preparing a lattice map costs, in steps.
const MAP_STEPS: u64 = 200;

struct Walk<'a, J> {
    what: &'a Search,
    moving: &'a Cell,
    target: &'a Cell,
    target_rows: Matrix3<f64>,
    target_parameters: Parameters,
    first_moves: bool,
    rows_are_first: bool,
    rows_move: bool,
    factor: usize,
    partners: Partners,
    places: Places,
    assignment: Assignment,
    steps: u64,
    judge: J,
}

impl<J: FnMut(&Trial) -> ControlFlow<()>> Walk<'_, J> {
    fn look_at(&mut self, map: &LatticeMap) -> ControlFlow<Outcome> {
        if self.steps + self.assignment.steps > self.what.effort {
            return ControlFlow::Break(Outcome::Unfinished);
        }
        let Some(average) = Average::new(&Parameters::of(&map.rows), &self.target_parameters) else {
            return ControlFlow::Continue(());
        };
        self.place(map);
        // Length that distances are measured in (Å).
        let unit = (average.volume / self.partners.columns as f64).cbrt();
        let reach = 2.0 * self.what.tolerances.site * unit;
        let window = average.inverse_spacings * reach;
        let mut short: Option<Short> = None;
        let pinned = self.partners.pinned;
        // Columns that lie in one cell repeated differ by lattice translations only.
        let step = if self.rows_move { 1 } else { self.factor };
        for at in (0..self.partners.of(pinned).len()).step_by(step) {
            let column = self.partners.of(pinned)[at] as usize;
            let translation = self.places.columns[column] - self.places.rows[pinned];
            if self.steps + self.assignment.steps > self.what.effort {
                return ControlFlow::Break(Outcome::Unfinished);
            }
            if !self.may_fit(&translation, &window) {
                continue;
            }
            let short = short.get_or_insert_with(|| {
                let short = Short::of(&average);
                let change = |x: &Vector3<f64>| short.to_short * x;
                self.places.short_rows.clear();
                self.places.short_rows.extend(self.places.rows.iter().map(change));
                self.places.short_columns.clear();
                self.places.short_columns.extend(self.places.columns.iter().map(change));
                short
            });
            let Some(shift) = self.pair(short, &translation, reach, unit) else { continue };
            let trial = Trial {
                map,
                target: &self.target_rows,
                first_moves: self.first_moves,
                rows_are_first: self.rows_are_first,
                factor: self.factor,
                columns: &self.assignment.columns,
                distances: &self.places.distances,
                translation: translation + shift,
                unit,
            };
            if (self.judge)(&trial).is_break() {
                return ControlFlow::Break(Outcome::Stopped);
            }
        }
        ControlFlow::Continue(())
    }

    /// Coordinates of all sites in the basis that both lattices share under this map.
    fn place(&mut self, map: &LatticeMap) {
        self.steps += MAP_STEPS + (self.partners.rows() + self.partners.columns) as u64;
        let places = &mut self.places;
        let (moved, fixed) = if self.rows_move {
            (&mut places.rows, &mut places.columns)
        } else {
            (&mut places.columns, &mut places.rows)
        };
        moved.clear();
        if self.factor == 1 {
            let change = unimodular_inverse(&map.matrix).transpose();
            moved.extend(self.moving.frac.iter().map(|x| change * x));
        } else {
            let change = map.matrix.map(f64::from).transpose().try_inverse().unwrap_or_else(Matrix3::zeros);
            let points = points_in_supercell(&map.matrix);
            for x in &self.moving.frac {
                let first = change * x;
                moved.extend(points.iter().map(|&point| first + Vector3::from(point)));
            }
        }
        if fixed.is_empty() {
            fixed.extend_from_slice(&self.target.frac);
        }
    }

    /// Whether every row has a partner within the window, each for itself.
    fn may_fit(&mut self, translation: &Vector3<f64>, window: &Vector3<f64>) -> bool {
        let mut steps = 0;
        let fits = self.partners.order.iter().all(|&row| {
            let place = self.places.rows[row as usize] + translation;
            self.partners.of(row as usize).iter().any(|&column| {
                steps += 1;
                let way = place - self.places.columns[column as usize];
                (0..3).all(|k| (way[k] - round(way[k])).abs() <= window[k])
            })
        });
        self.steps += steps;
        fits
    }

    /// Pairs rows with columns at the least sum of squared distances, and moves the rows by the mean
    /// of the ways, which is returned (fractional). Fills the distances. `None` when some row has no
    /// partner within reach.
    fn pair(
        &mut self,
        short: &Short,
        translation: &Vector3<f64>,
        reach: f64,
        unit: f64,
    ) -> Option<Vector3<f64>> {
        let (rows, columns) = (self.partners.rows(), self.partners.columns);
        let translation = short.to_short * translation;
        let window = short.inverse_spacings * reach;
        let places = &mut self.places;
        places.costs.clear();
        places.costs.resize(rows * columns, FORBIDDEN);
        places.ways.resize(rows * columns, Vector3::zeros());
        for row in 0..rows {
            let place = places.short_rows[row] + translation;
            let mut alone = true;
            for &column in self.partners.of(row) {
                // Most pairs are out of reach along the first axis already.
                let mut way = places.short_columns[column as usize] - place;
                let near = (0..3).all(|k| {
                    way[k] -= round(way[k]);
                    way[k].abs() <= window[k]
                });
                if near {
                    let at = row * columns + column as usize;
                    (places.ways[at], places.costs[at]) = short.shortest(&way);
                    alone = false;
                }
            }
            if alone {
                return None;
            }
        }
        if !self.assignment.solve(&places.costs, rows, columns) {
            return None;
        }
        let chosen = self.assignment.columns.iter().enumerate().map(|(row, column)| row * columns + column);
        let mean = chosen.clone().map(|at| places.ways[at]).sum::<Vector3<f64>>() / rows as f64;
        places.distances.clear();
        places.distances.extend(chosen.map(|at| (places.ways[at] - mean).norm() / unit));
        // From Å to the short basis and back to the shared one.
        let fractional = short.rows.transpose().try_inverse()? * mean;
        Some(short.to_short.try_inverse()? * fractional)
    }
}

/// The nearest whole number. Adding and subtracting 1.5 * 2^52 leaves nothing below the units; unlike
/// `f64::round` this is not a function call on usual targets.
fn round(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    (x + SHIFT) - SHIFT
}
