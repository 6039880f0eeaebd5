//! Invariants in one byte per number, for files that hold very many.
//!
//! A number is written as a ratio: the distance divided by that to which a sphere would have to grow to
//! hold k points if they were spread evenly,
//!
//! ```text
//! r = (3 k / (4 pi x))^(1/3)        x: share of the element among the atoms; 1 for all sites alike
//! y = (d / r - 1) / s               s = 1/2 for pairs of elements, 1/4 for all sites alike
//! byte = round(127.5 (1 + y / (1 + |y|)))
//! ```
//!
//! so that all distances fit, and the usual ones, near y = 0, are resolved best. The error is at most
//! r s (1 + |y|)^2 / 250 where |y| < 2: 0.002 r at y = 0.

use druse_representations::{Composition, Element};

use super::invariants::Invariants;

const RESOLVED_SPREAD: f64 = 0.5;
const BLIND_SPREAD: f64 = 0.25;

impl Invariants {
    /// Number of bytes for a crystal of this many elements.
    pub fn quantised_len(elements: usize) -> usize {
        Self::BLIND_K.len() + elements * elements * Self::RESOLVED_K.len()
    }

    /// One byte per number: first those for all sites alike, then those for pairs of elements.
    /// `composition` is that of the crystal, in any multiple.
    pub fn quantise(&self, composition: &Composition) -> Vec<u8> {
        let blind = self.blind.iter().zip(Self::BLIND_K);
        let blind = blind.map(|(&x, k)| byte(f64::from(x) / even(k, 1.0), BLIND_SPREAD));
        let scales = scales(&self.elements, composition);
        let resolved =
            self.resolved.iter().zip(scales).map(|(&x, scale)| byte(f64::from(x) / scale, RESOLVED_SPREAD));
        blind.chain(resolved).collect()
    }

    /// What [`Self::quantise`] wrote for a crystal of this composition; `None` when the number of bytes
    /// does not fit to the number of its elements.
    pub fn dequantise(bytes: &[u8], composition: &Composition) -> Option<Self> {
        let elements: Vec<Element> = composition.elements().collect();
        if bytes.len() != Self::quantised_len(elements.len()) {
            return None;
        }
        let (first, rest) = bytes.split_at(Self::BLIND_K.len());
        let mut blind = [0.0; 16];
        for ((x, &byte), k) in blind.iter_mut().zip(first).zip(Self::BLIND_K) {
            *x = (ratio(byte, BLIND_SPREAD) * even(k, 1.0)) as f32;
        }
        let scales = scales(&elements, composition);
        let resolved = rest.iter().zip(scales).map(|(&x, scale)| (ratio(x, RESOLVED_SPREAD) * scale) as f32);
        Some(Self { resolved: resolved.collect(), blind, elements })
    }
}

/// Radius, in units of (V/N)^(1/3), of a sphere that holds `k` points of a kind that makes up `share`
/// of all.
fn even(k: usize, share: f64) -> f64 {
    (3.0 * k as f64 / (4.0 * std::f64::consts::PI * share)).cbrt()
}

/// The scales of the numbers for pairs of elements in order.
fn scales(elements: &[Element], composition: &Composition) -> impl Iterator<Item = f64> {
    let around: Vec<f64> = elements
        .iter()
        .flat_map(|&element| Invariants::RESOLVED_K.map(|k| even(k, composition.fraction(element))))
        .collect();
    let count = elements.len();
    (0..count).flat_map(move |_| around.clone())
}

fn byte(ratio: f64, spread: f64) -> u8 {
    let y = (ratio - 1.0) / spread;
    (127.5 * (1.0 + y / (1.0 + y.abs()))).round() as u8
}

fn ratio(byte: u8, spread: f64) -> f64 {
    // The two ends stand for infinitely small and large ratios; half a step inside is finite.
    let z = (f64::from(byte) / 127.5 - 1.0).clamp(-1.0 + 1.0 / 255.0, 1.0 - 1.0 / 255.0);
    (1.0 + spread * z / (1.0 - z.abs())).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::testing::any_crystal;
    use proptest::prelude::*;

    #[test]
    fn every_byte_comes_back() {
        for spread in [BLIND_SPREAD, RESOLVED_SPREAD] {
            let mut last = -1.0;
            for wanted in 1..255 {
                let ratio = ratio(wanted, spread);
                assert!(ratio > last || ratio == 0.0);
                assert!(ratio == 0.0 || byte(ratio, spread) == wanted, "{wanted} {ratio}");
                last = ratio;
            }
        }
        assert_eq!((byte(1e9, BLIND_SPREAD), byte(0.0, RESOLVED_SPREAD)), (255, 43));
        assert!(ratio(255, BLIND_SPREAD).is_finite());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_error_is_small(crystal in any_crystal()) {
            let invariants = Invariants::of(&crystal).unwrap();
            let composition = crystal.composition();
            let bytes = invariants.quantise(&composition);
            prop_assert_eq!(bytes.len(), Invariants::quantised_len(invariants.elements.len()));
            let back = Invariants::dequantise(&bytes, &composition).unwrap();
            prop_assert_eq!(&back.elements, &invariants.elements);
            let blind = invariants.blind.iter().zip(back.blind).zip(Invariants::BLIND_K);
            for ((x, y), k) in blind {
                within(f64::from(*x), f64::from(y), even(k, 1.0), BLIND_SPREAD)?;
            }
            let scales = scales(&back.elements, &composition);
            for ((x, y), scale) in invariants.resolved.iter().zip(&back.resolved).zip(scales) {
                within(f64::from(*x), f64::from(*y), scale, RESOLVED_SPREAD)?;
            }
            prop_assert_eq!(Invariants::dequantise(&bytes[1..], &composition), None);
        }
    }

    fn within(x: f64, y: f64, scale: f64, spread: f64) -> Result<(), TestCaseError> {
        let away = ((x / scale - 1.0) / spread).abs();
        let limit = scale * spread * (1.0 + away).powi(2) / 250.0;
        prop_assert!(away > 2.0 || (x - y).abs() <= limit, "{x} {y} {limit}");
        Ok(())
    }
}
