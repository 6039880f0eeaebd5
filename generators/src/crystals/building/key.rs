//! When two proposed crystals count as the same.

use druse_representations::symmetry::SymmetryCode;

use crate::breeding::fnv1a;

/// Step by which cell shapes and free parameters are rounded before crystals count as repeated:
/// nearer starting points mostly relax to the same crystal.
const ROUNDING: f64 = 0.05;
/// The same for angles (degrees).
const ANGLE_ROUNDING: f64 = 5.0;

/// Key of a crystal: its fingerprint, the rounded shape of its cell (not its volume) and rounded
/// free parameters. `None` for an impossible code.
pub(crate) fn key(code: &SymmetryCode) -> Option<u64> {
    let canonical = code.canonical().ok()?;
    let mut text = code.fingerprint().ok()?;
    let [a, b, c, alpha, beta, gamma] = canonical.cell;
    let round = |x: f64, step: f64| (x / step).round() as i64;
    for ratio in [(b / a).ln(), (c / a).ln()] {
        text.push_str(&format!("|{}", round(ratio, ROUNDING)));
    }
    for angle in [alpha, beta, gamma] {
        text.push_str(&format!("|{}", round(angle, ANGLE_ROUNDING)));
    }
    let steps = round(1.0, ROUNDING);
    for x in canonical.orbits.iter().flat_map(|orbit| &orbit.free) {
        text.push_str(&format!("|{}", round(*x, ROUNDING).rem_euclid(steps)));
    }
    Some(fnv1a(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototype;

    #[test]
    fn keys_see_chemistry_and_shape_but_not_volume() {
        let rutile = prototype("rutile").unwrap().code();
        let mut other = rutile.clone();
        other.cell = other.cell.map(|x| if x == 90.0 { x } else { 1.1 * x });
        assert_eq!(key(&rutile), key(&other));
        other.cell[2] *= 1.2;
        assert_ne!(key(&rutile), key(&other));
        let mut other = rutile.clone();
        other.orbits[0].element = "Sn".parse().unwrap();
        assert_ne!(key(&rutile), key(&other));
        let mut other = rutile.clone();
        other.orbits[1].free[0] += 0.1;
        assert_ne!(key(&rutile), key(&other));
    }
}
