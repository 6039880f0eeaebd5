//! Symmetry operations in the form `-x,y+1/2,-z`.

use std::fmt;
use std::str::FromStr;

use nalgebra::{Matrix3, Vector3};

use crate::crystal::wrap;

use super::super::error::Problem;

/// A symmetry operation x' = W x + w in fractional coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SymmetryOperation {
    /// W, integer.
    pub rotation: Matrix3<i32>,
    /// w, each component in [0, 1).
    pub translation: Vector3<f64>,
}

/// Decimal translations this near to a multiple of 1/24 are meant to be it (0.333, 0.6667).
const TRANSLATION_ROUNDING: f64 = 2e-3;

impl SymmetryOperation {
    /// The operation that changes nothing.
    pub fn identity() -> Self {
        Self { rotation: Matrix3::identity(), translation: Vector3::zeros() }
    }

    /// The image of a point, not wrapped.
    pub fn apply(&self, x: &Vector3<f64>) -> Vector3<f64> {
        self.rotation.map(f64::from) * x + self.translation
    }

    /// This operation after `first`.
    pub fn after(&self, first: &Self) -> Self {
        let translation = self.apply(&first.translation).map(wrap_near);
        Self { rotation: self.rotation * first.rotation, translation }
    }
}

/// `x` modulo 1 with values just below 1 taken as 0.
fn wrap_near(x: f64) -> f64 {
    let y = wrap(x);
    if y > 1.0 - 1e-9 { 0.0 } else { y }
}

impl FromStr for SymmetryOperation {
    type Err = Problem;

    /// Reads `x,y,z`, `1/2-X, y+0.5, -z`, `x-y,x,z+1/3` and the like. A fourth component (time
    /// reversal) is ignored.
    fn from_str(text: &str) -> Result<Self, Problem> {
        let problem = || Problem::Operation { found: text.trim().to_owned() };
        let plain: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '"'))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let parts: Vec<&str> = plain.split(',').collect();
        if parts.len() != 3 && !(parts.len() == 4 && matches!(parts[3], "+1" | "-1" | "1")) {
            return Err(problem());
        }
        let mut operation = Self { rotation: Matrix3::zeros(), translation: Vector3::zeros() };
        for (row, part) in parts.into_iter().take(3).enumerate() {
            let (factors, shift) = component(part).ok_or_else(problem)?;
            for (column, factor) in factors.into_iter().enumerate() {
                operation.rotation[(row, column)] = factor;
            }
            operation.translation[row] = wrap_near(shift);
        }
        let determinant = operation.rotation.map(i64::from).map(|x| x as f64).determinant();
        if (determinant.abs() - 1.0).abs() > 1e-6 {
            return Err(problem());
        }
        Ok(operation)
    }
}

/// Factors of x, y, z and the shift of a component such as `x-y+1/3`.
fn component(text: &str) -> Option<([i32; 3], f64)> {
    let mut factors = [0i32; 3];
    let mut shift = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (sign, after_sign) = match rest.as_bytes()[0] {
            b'+' => (1.0, &rest[1..]),
            b'-' => (-1.0, &rest[1..]),
            _ => (1.0, rest),
        };
        let digits = after_sign
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '/')))
            .unwrap_or(after_sign.len());
        let (amount, after) = after_sign.split_at(digits);
        let after_amount = after.strip_prefix('*').unwrap_or(after);
        let variable = after_amount.bytes().next().and_then(|c| b"xyz".iter().position(|&v| v == c));
        match (variable, amount) {
            (None, "") => return None,
            (None, amount) => {
                shift += sign * fraction(amount)?;
                rest = after;
            }
            (Some(axis), amount) => {
                let factor = if amount.is_empty() { 1.0 } else { fraction(amount)? };
                if factor.fract() != 0.0 || factor.abs() > 100.0 {
                    return None;
                }
                factors[axis] += (sign * factor) as i32;
                rest = &after_amount[1..];
            }
        }
        if !rest.is_empty() && !rest.starts_with(['+', '-', 'x', 'y', 'z']) {
            return None;
        }
    }
    Some((factors, shift))
}

fn fraction(text: &str) -> Option<f64> {
    if let Some((above, below)) = text.split_once('/') {
        let value = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
        return value.is_finite().then_some(value);
    }
    let value: f64 = text.parse().ok()?;
    let nearest = (value * 24.0).round() / 24.0;
    Some(if (value - nearest).abs() < TRANSLATION_ROUNDING { nearest } else { value })
}

impl fmt::Display for SymmetryOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in 0..3 {
            let mut text = String::new();
            for (column, name) in ["x", "y", "z"].into_iter().enumerate() {
                match self.rotation[(row, column)] {
                    0 => (),
                    1 if text.is_empty() => text += name,
                    1 => text += &format!("+{name}"),
                    -1 => text += &format!("-{name}"),
                    n => text += &format!("{n:+}{name}"),
                }
            }
            let shift = self.translation[row];
            let twenty_fourths = (shift * 24.0).round();
            if (shift * 24.0 - twenty_fourths).abs() > 1e-6 {
                text += &format!("{shift:+}");
            } else if twenty_fourths != 0.0 {
                let (mut above, mut below) = (twenty_fourths as i64, 24);
                for prime in [2, 2, 2, 3] {
                    if above % prime == 0 && below % prime == 0 {
                        (above, below) = (above / prime, below / prime);
                    }
                }
                text += &if below == 1 { format!("{above:+}") } else { format!("{above:+}/{below}") };
            }
            f.write_str(if row > 0 { "," } else { "" })?;
            f.write_str(&text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SymmetryOperation {
        text.parse().unwrap()
    }

    #[test]
    fn many_spellings_of_one_operation() {
        let expected = read("-x+1/2,y,z-x+2/3");
        for text in
            ["1/2-x,y,-x+z+2/3", "'0.5 - X, +Y, -X+Z+.6667'", "-1*x+1/2,1y,2/3-x+z,+1", "3/2-x,y,z-x-1/3"]
        {
            let got = read(text);
            assert_eq!(got.rotation, expected.rotation, "{text}");
            assert!((got.translation - expected.translation).norm() < 1e-12, "{text}");
        }
        assert_eq!(expected.to_string(), "-x+1/2,y,-x+z+2/3");
    }

    #[test]
    fn broken_operations_are_refused() {
        for text in
            ["", "x,y", "x,y,z,z", "x,y,w", "x,y,", "x,x,z", "x,y,z+1/0", "x,y,z+", "0.5x,y,z", "x,y,2z"]
        {
            assert!(text.parse::<SymmetryOperation>().is_err(), "{text}");
        }
    }

    #[test]
    fn products() {
        let screw = read("-x,-y,z+1/2");
        assert_eq!(screw.after(&screw), SymmetryOperation::identity());
        assert_eq!(read("y,x,z+1/3").after(&read("-x,y,z+2/3")).to_string(), "y,-x,z");
    }
}
