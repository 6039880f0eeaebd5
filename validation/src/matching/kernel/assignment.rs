//! Linear assignment: pairing rows with columns at the least total cost.

/// Cost of pairs that are out of question: any other cost is smaller by far.
pub(in crate::matching) const FORBIDDEN: f64 = 1e20;

/// No partner yet.
const FREE: usize = usize::MAX;

/// Working space of [`Assignment::solve`], kept between calls.
#[derive(Default)]
pub(in crate::matching) struct Assignment {
    /// Column of each row, after a call.
    pub(in crate::matching) columns: Vec<usize>,
    /// Entries of the cost table looked at so far.
    pub(in crate::matching) steps: u64,
    /// Row of each column.
    rows: Vec<usize>,
    row_potential: Vec<f64>,
    column_potential: Vec<f64>,
    /// Columns and costs of the pairs that are allowed, row by row, and where each row starts: most
    /// pairs are forbidden when there are many sites.
    pairs: Vec<(u32, f64)>,
    starts: Vec<usize>,
    /// Length of the shortest alternating path to a column, and the row that it comes from.
    shortest: Vec<f64>,
    previous: Vec<usize>,
    /// Columns whose distance is final, with it, and columns seen from them.
    settled: Vec<(usize, f64)>,
    seen: Vec<usize>,
}

impl Assignment {
    /// Pairs each of `rows` rows with a column of its own at the least total cost; `costs` holds rows
    /// of `columns` entries, `columns >= rows`. Whether that works without forbidden pairs.
    ///
    /// Shortest augmenting paths: D. F. Crouse, "On implementing 2D rectangular assignment
    /// algorithms", IEEE Trans. Aerosp. Electron. Syst. 52, 1679-1696 (2016).
    pub(in crate::matching) fn solve(&mut self, costs: &[f64], rows: usize, columns: usize) -> bool {
        self.steps += (rows * columns) as u64;
        if !self.start(costs, rows, columns) {
            return false;
        }
        reset(&mut self.column_potential, columns, 0.0);
        reset(&mut self.previous, columns, FREE);
        reset(&mut self.shortest, columns, f64::INFINITY);
        self.settled.clear();
        self.seen.clear();
        for row in 0..rows {
            if self.columns[row] != FREE {
                continue;
            }
            let Some((mut column, reached)) = self.shortest_path(row) else { return false };
            self.update_potentials(row, reached);
            loop {
                let above = self.previous[column];
                self.rows[column] = above;
                std::mem::swap(&mut self.columns[above], &mut column);
                if above == row {
                    break;
                }
            }
        }
        true
    }

    /// Lists the allowed pairs and gives every row its nearest column where no earlier row has it: most
    /// often that is all. `false` when a row has no partner at all.
    fn start(&mut self, costs: &[f64], rows: usize, columns: usize) -> bool {
        reset(&mut self.columns, rows, FREE);
        reset(&mut self.rows, columns, FREE);
        self.row_potential.clear();
        self.pairs.clear();
        self.starts.clear();
        for (row, own) in costs.chunks_exact(columns).enumerate() {
            self.starts.push(self.pairs.len());
            let mut least = FORBIDDEN;
            let mut nearest = FREE;
            for (column, &cost) in own.iter().enumerate().filter(|(_, cost)| **cost < FORBIDDEN) {
                self.pairs.push((column as u32, cost));
                if cost < least {
                    (least, nearest) = (cost, column);
                }
            }
            if nearest == FREE {
                return false;
            }
            self.row_potential.push(least);
            if self.rows[nearest] == FREE {
                self.rows[nearest] = row;
                self.columns[row] = nearest;
            }
        }
        self.starts.push(self.pairs.len());
        true
    }

    /// The nearest free column along alternating paths from `start`, and its distance; `None` when
    /// there is no such path.
    fn shortest_path(&mut self, start: usize) -> Option<(usize, f64)> {
        self.settled.drain(..).for_each(|(column, _)| self.shortest[column] = f64::INFINITY);
        self.seen.drain(..).for_each(|column| self.shortest[column] = f64::INFINITY);
        let mut row = start;
        let mut reached = 0.0;
        loop {
            let base = reached - self.row_potential[row];
            let own = &self.pairs[self.starts[row]..self.starts[row + 1]];
            self.steps += (own.len() + self.seen.len()) as u64;
            for &(column, cost) in own {
                let column = column as usize;
                let length = base + cost - self.column_potential[column];
                let known = self.shortest[column];
                if known == f64::INFINITY {
                    self.seen.push(column);
                }
                // Rounding cannot reopen a settled column: its distance is marked as below all.
                if length < known {
                    self.shortest[column] = length;
                    self.previous[column] = row;
                }
            }
            let mut next = None;
            let mut lowest = f64::INFINITY;
            for (place, &column) in self.seen.iter().enumerate() {
                let shortest = self.shortest[column];
                // Of columns at the same distance a free one ends the path.
                if shortest < lowest || (shortest == lowest && self.rows[column] == FREE) {
                    lowest = shortest;
                    next = Some(place);
                }
            }
            let column = self.seen.swap_remove(next?);
            self.settled.push((column, lowest));
            self.shortest[column] = f64::NEG_INFINITY;
            reached = lowest;
            row = self.rows[column];
            if row == FREE {
                return Some((column, reached));
            }
        }
    }

    fn update_potentials(&mut self, start: usize, reached: f64) {
        self.row_potential[start] += reached;
        for &(column, distance) in &self.settled {
            self.column_potential[column] -= reached - distance;
            if self.rows[column] != FREE {
                self.row_potential[self.rows[column]] += reached - distance;
            }
        }
    }
}

fn reset<T: Clone>(list: &mut Vec<T>, len: usize, value: T) {
    list.clear();
    list.resize(len, value);
}

/// Whether every row can have a column of its own among those that `partners` lists for it.
pub(super) fn is_feasible<'a>(rows: usize, columns: usize, partners: impl Fn(usize) -> &'a [u32]) -> bool {
    let mut owner: Vec<Option<usize>> = vec![None; columns];
    let mut seen = vec![usize::MAX; columns];
    let mut path: Vec<(usize, usize)> = Vec::new();
    for row in 0..rows {
        // Depth-first search of an augmenting path, without recursion.
        path.clear();
        path.push((row, 0));
        let mut found = false;
        while let Some(&mut (at, ref mut next)) = path.last_mut() {
            let Some(&column) = partners(at).get(*next) else {
                path.pop();
                continue;
            };
            *next += 1;
            let column = column as usize;
            if seen[column] == row {
                continue;
            }
            seen[column] = row;
            match owner[column] {
                None => {
                    found = true;
                    break;
                }
                Some(other) => path.push((other, 0)),
            }
        }
        if !found {
            return false;
        }
        for &(at, next) in path.iter().rev() {
            owner[partners(at)[next - 1] as usize] = Some(at);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The least cost by trying all.
    fn brute_force(costs: &[f64], columns: usize, row: usize, taken: &mut Vec<bool>) -> f64 {
        if (row + 1) * columns > costs.len() {
            return 0.0;
        }
        let mut least = f64::INFINITY;
        for column in 0..columns {
            if !taken[column] {
                taken[column] = true;
                least =
                    least.min(costs[row * columns + column] + brute_force(costs, columns, row + 1, taken));
                taken[column] = false;
            }
        }
        least
    }

    proptest! {
        #[test]
        fn least_cost_is_found(
            rows in 1..6usize, more in 0..3usize, entries in prop::collection::vec(0..9u8, 40),
        ) {
            let columns = rows + more;
            let cost = |&entry: &u8| if entry == 8 { FORBIDDEN } else { f64::from(entry) };
            let costs: Vec<f64> = entries[..rows * columns].iter().map(cost).collect();
            let least = brute_force(&costs, columns, 0, &mut vec![false; columns]);
            let mut assignment = Assignment::default();
            // Nothing of an earlier, larger problem may be left over.
            let large: Vec<f64> = (0..110).map(|at| f64::from(at * at % 7)).collect();
            assert!(assignment.solve(&large, 10, 11));
            let possible = assignment.solve(&costs, rows, columns);
            prop_assert_eq!(possible, least < FORBIDDEN);
            let partners: Vec<Vec<u32>> = (0..rows).map(|row| {
                (0..columns as u32).filter(|&j| costs[row * columns + j as usize] < FORBIDDEN).collect()
            }).collect();
            prop_assert_eq!(possible, is_feasible(rows, columns, |row| &partners[row]));
            if possible {
                let chosen = &assignment.columns;
                let total: f64 = (0..rows).map(|row| costs[row * columns + chosen[row]]).sum();
                prop_assert_eq!(total, least);
                let mut distinct = chosen.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), rows);
            }
        }
    }
}
