//! Numbers from JSON values, with messages that name the place.

use serde_json::Value;

use super::error::Problem;

fn text(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// A finite number.
pub(crate) fn number(value: &Value, what: impl FnOnce() -> String) -> Result<f64, Problem> {
    match value.as_f64() {
        Some(number) if number.is_finite() => Ok(number),
        _ => Err(Problem::NotANumber { what: what(), found: text(value) }),
    }
}

/// A list of exactly `N` finite numbers.
pub(crate) fn numbers<const N: usize>(value: &Value, what: impl Fn() -> String) -> Result<[f64; N], Problem> {
    let list = value.as_array().filter(|list| list.len() == N).ok_or_else(|| Problem::Unexpected {
        what: what(),
        found: text(value),
        expected: format!("a list of {N} numbers"),
    })?;
    let mut result = [0.0; N];
    for (target, value) in result.iter_mut().zip(list) {
        *target = number(value, &what)?;
    }
    Ok(result)
}
