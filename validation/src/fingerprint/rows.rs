//! Weighted rows of distances, and the earth mover's distance between two sets of them.

use super::transport::transport;

/// Rows that differ by less than this (Å, in every column) are one.
pub(super) const MERGE_TOLERANCE: f32 = 1e-4;

/// Rows of equal width with weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rows {
    pub width: usize,
    pub weights: Vec<f64>,
    /// Row after row.
    pub values: Vec<f32>,
}

impl Rows {
    /// Merges rows that are equal within `tolerance` in every column: weights are added, values
    /// averaged. The result is ordered by the values, so that it does not depend on the order of the input.
    pub fn merged(rows: &[(&[f32], f64)], width: usize, tolerance: f32) -> Self {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let compare = |x: &[f32], y: &[f32]| {
            let mut pairs = x.iter().zip(y).map(|(x, y)| x.total_cmp(y));
            pairs.find(|ordering| ordering.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        };
        order.sort_unstable_by(|&x, &y| compare(rows[x].0, rows[y].0));
        let mut merged = Self { width, ..Self::default() };
        merged.weights.reserve(rows.len());
        merged.values.reserve(rows.len() * width);
        let mut first: Vec<&[f32]> = Vec::with_capacity(rows.len());
        for index in order {
            let (row, weight) = rows[index];
            // The first column is ascending, so that only the last few can be near.
            let near = |known: &&[f32]| known.iter().zip(row).all(|(x, y)| (x - y).abs() <= tolerance);
            let from = first.partition_point(|known| row[0] - known[0] > tolerance);
            if let Some(place) = first[from..].iter().position(near) {
                let place = from + place;
                merged.weights[place] += weight;
                let share = (weight / merged.weights[place]) as f32;
                let known = &mut merged.values[place * width..][..width];
                known.iter_mut().zip(row).for_each(|(x, y)| *x += (y - *x) * share);
            } else {
                first.push(row);
                merged.weights.push(weight);
                merged.values.extend_from_slice(row);
            }
        }
        merged
    }

    pub fn len(&self) -> usize {
        self.weights.len()
    }

    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..][..self.width]
    }

    /// Weighted mean of every column.
    pub fn mean(&self) -> Vec<f64> {
        let total: f64 = self.weights.iter().sum();
        let mut mean = vec![0.0; self.width];
        for (index, weight) in self.weights.iter().enumerate() {
            mean.iter_mut()
                .zip(self.row(index))
                .for_each(|(sum, x)| *sum += f64::from(*x) * (weight / total));
        }
        mean
    }
}

/// Earth mover's distance between two sets of rows, of which the first `columns` count: the least mean
/// of the largest difference in any column, over all ways to move the weights of one onto the
/// other.
pub(super) fn earth_movers(x: &[&Rows], y: &[&Rows], columns: usize) -> f64 {
    let flat = |sets: &[&Rows]| -> Vec<f64> { sets.iter().flat_map(|rows| rows.weights.clone()).collect() };
    let (supply, demand) = (flat(x), flat(y));
    let mut costs = Vec::with_capacity(supply.len() * demand.len());
    for from in x.iter().flat_map(|rows| (0..rows.len()).map(|row| &rows.row(row)[..columns])) {
        for to in y.iter().flat_map(|rows| (0..rows.len()).map(|row| &rows.row(row)[..columns])) {
            costs.push(f64::from(largest_difference(from, to)));
        }
    }
    transport(&costs, &supply, &demand)
}

/// Largest difference in any column.
fn largest_difference(x: &[f32], y: &[f32]) -> f32 {
    // Eight running maxima, so that the compiler can use vectors.
    let mut largest = [0.0_f32; 8];
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let rest = xs.remainder().iter().zip(ys.remainder()).fold(0.0_f32, |l, (x, y)| l.max((x - y).abs()));
    for (x, y) in xs.zip(ys) {
        for lane in 0..8 {
            let difference = (x[lane] - y[lane]).abs();
            largest[lane] = if difference > largest[lane] { difference } else { largest[lane] };
        }
    }
    largest.into_iter().fold(rest, f32::max)
}
