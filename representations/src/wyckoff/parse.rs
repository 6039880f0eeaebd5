//! Reads coordinate triplets such as `x,2x,1/4` or `1/8,y,-y+1/4`.

use nalgebra::{Matrix3, Vector3};

/// A coordinate triplet as affine map of (x, y, z): `linear * (x, y, z) + origin`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Triplet {
    pub(super) linear: Matrix3<f64>,
    pub(super) origin: Vector3<f64>,
}

/// Reads a triplet of terms in x, y, z and fractions; `None` when the text is no such triplet.
pub(super) fn triplet(text: &str) -> Option<Triplet> {
    let mut linear = Matrix3::zeros();
    let mut origin = Vector3::zeros();
    let mut row = 0;
    for coordinate in text.split(',') {
        for (sign, term) in signed_terms(coordinate) {
            let variable = term.chars().next_back().and_then(|c| "xyz".find(c));
            match variable {
                Some(column) => {
                    let factor = &term[..term.len() - 1];
                    let factor: f64 = if factor.is_empty() { 1.0 } else { factor.parse().ok()? };
                    *linear.get_mut((row, column))? += sign * factor;
                }
                None => *origin.get_mut(row)? += sign * fraction(term)?,
            }
        }
        row += 1;
    }
    (row == 3).then_some(Triplet { linear, origin })
}

/// Splits `-y+1/4` into (-1, `y`) and (1, `1/4`).
fn signed_terms(coordinate: &str) -> impl Iterator<Item = (f64, &str)> {
    coordinate
        .split_inclusive(['+', '-'])
        .scan(1.0, |sign, piece| {
            let now = *sign;
            let term = piece.trim_end_matches(['+', '-']).trim();
            *sign = if piece.ends_with('-') { -1.0 } else { 1.0 };
            Some((now, term))
        })
        .filter(|(_, term)| !term.is_empty())
}

fn fraction(text: &str) -> Option<f64> {
    match text.split_once('/') {
        Some((numerator, denominator)) => {
            Some(numerator.parse::<f64>().ok()? / denominator.parse::<f64>().ok()?)
        }
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triplets_are_read() {
        let read = triplet("1/8,y,-y+1/4").unwrap();
        assert_eq!(read.origin, Vector3::new(0.125, 0.0, 0.25));
        assert_eq!(read.linear, Matrix3::new(0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0));
        let read = triplet("-x+2z, y - 1/2, z").unwrap();
        assert_eq!(read.linear, Matrix3::new(-1.0, 0.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0));
        assert_eq!(read.origin, Vector3::new(0.0, -0.5, 0.0));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["x,y", "x,y,z,x", "x,y,w", "x,y,1/a", ""] {
            assert!(triplet(text).is_none(), "{text}");
        }
    }
}
