//! Row Hermite normal form of integer vectors: a triangular basis of the lattice they span.

/// Upper triangular basis with positive diagonal of the lattice spanned by `rows`, entries above a
/// pivot reduced to `0..pivot`; `None` when the rows span less than three dimensions.
pub(crate) fn hermite(mut rows: Vec<[i64; 3]>) -> Option<[[i64; 3]; 3]> {
    let mut basis = [[0; 3]; 3];
    for column in 0..3 {
        // Euclid's algorithm on this column leaves one row with a non-zero entry.
        loop {
            let pivot =
                (0..rows.len()).filter(|&i| rows[i][column] != 0).min_by_key(|&i| rows[i][column].abs())?;
            let pivot_row = rows[pivot];
            let mut clean = true;
            for (i, row) in rows.iter_mut().enumerate() {
                if i != pivot && row[column] != 0 {
                    let factor = row[column].div_euclid(pivot_row[column]);
                    for (entry, x) in row.iter_mut().zip(pivot_row) {
                        *entry -= factor * x;
                    }
                    clean &= row[column] == 0;
                }
            }
            if clean {
                let mut row = rows.swap_remove(pivot);
                if row[column] < 0 {
                    row = row.map(|x| -x);
                }
                basis[column] = row;
                break;
            }
        }
    }
    for column in 1..3 {
        for row in 0..column {
            let factor = basis[row][column].div_euclid(basis[column][column]);
            let pivot = basis[column];
            for (entry, x) in basis[row].iter_mut().zip(pivot) {
                *entry -= factor * x;
            }
        }
    }
    Some(basis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_found() {
        let rows = vec![[4, 0, 0], [0, 4, 0], [0, 0, 4], [2, 2, 0], [0, 2, 2]];
        assert_eq!(hermite(rows), Some([[2, 0, 2], [0, 2, 2], [0, 0, 4]]));
        assert_eq!(hermite(vec![[1, 2, 3], [2, 4, 6], [0, 0, 1]]), None);
        assert_eq!(hermite(vec![[0, 0, -3], [0, -2, 1], [5, 1, 1]]), Some([[5, 1, 1], [0, 2, 2], [0, 0, 3]]));
    }
}
