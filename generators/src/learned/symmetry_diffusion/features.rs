//! What is known of elements, as numbers of order one.

use std::sync::LazyLock;

use druse_datasets::elements::charge::is_metal;
use druse_datasets::elements::{covalent_radius, electronegativity, oxidation_states};
use druse_representations::{Composition, Element};

use crate::crystals::building::estimated_volume;

/// Numbers that describe an element.
pub(super) const ELEMENT_FEATURES: usize = 36;
/// Rows of the table: atomic numbers from 0 (unknown).
pub(super) const ELEMENTS: usize = Element::MAX_ATOMIC_NUMBER as usize + 1;

/// Features by atomic number; row 0 stands for an unknown element.
pub(super) fn element_features() -> Vec<[f32; ELEMENT_FEATURES]> {
    let mut rows = vec![[0.0; ELEMENT_FEATURES]; ELEMENTS];
    for element in Element::all() {
        let row = &mut rows[usize::from(element.atomic_number())];
        let volume = estimated_volume(&Composition::from_iter([(element, 1.0)]));
        let numbers = [
            f64::from(u8::from(is_metal(element))),
            electronegativity(element).map_or(0.0, |x| x - 2.0),
            covalent_radius(element).unwrap_or(1.6) - 1.4,
            volume.ln() - 3.0,
        ];
        row.iter_mut().zip(numbers).for_each(|(feature, x)| *feature = x as f32);
        // Oxidation states from -4 to 8: 1 for common ones, a half for others.
        let states = oxidation_states(element);
        for state in states.all().iter().filter(|s| (-4..=8).contains(*s)) {
            let common = states.common().contains(state);
            row[(4 + i32::from(*state) + 4) as usize] = if common { 1.0 } else { 0.5 };
        }
        row[16 + usize::from(element.period().min(7))] = 1.0;
        let group = usize::from(element.group());
        row[24 + group.min(18) / 2] = 1.0;
        row[34] = (group % 2) as f32;
        row[35] = f32::from(element.atomic_number()) / 50.0 - 1.0;
    }
    rows
}

/// Numbers that describe what charge is still to be balanced.
pub(super) const CHARGE_FEATURES: usize = 3 * CHARGES + 2;
/// Gaussians over the charge per atom, from -6 to 8.
const CHARGES: usize = 29;

/// Lowest, usual and highest common oxidation state of every element, by atomic number. The usual one is the lowest of
/// non-metals and the mean of metals.
static STATES: LazyLock<Vec<[f32; 3]>> = LazyLock::new(|| {
    let mut states = vec![[0.0; 3]; ELEMENTS];
    for element in Element::all() {
        let common = oxidation_states(element).common();
        let (Some(&low), Some(&high)) = (common.first(), common.last()) else { continue };
        let (low, high) = (f32::from(low), f32::from(high));
        let mean = common.iter().map(|&s| f32::from(s)).sum::<f32>() / common.len() as f32;
        states[usize::from(element.atomic_number())] =
            [low, if is_metal(element) { mean } else { low }, high];
    }
    states
});

/// What the atoms without element have to bring, each, so that charges add up to zero, if all others have their lowest,
/// usual or highest oxidation state, as Gaussians; the share of those atoms, and whether there are any. A
/// crystal whose elements are all known is described by its own sums per atom instead. Nothing when no element is known.
pub(super) fn charge_features(
    atoms: impl Iterator<Item = (Option<Element>, usize)>,
) -> [f32; CHARGE_FEATURES] {
    let (mut sums, mut known, mut open) = ([0.0; 3], 0.0, 0.0);
    for (element, atoms) in atoms {
        let atoms = atoms as f32;
        match element {
            None => open += atoms,
            Some(element) => {
                known += atoms;
                let states = STATES[usize::from(element.atomic_number())];
                sums.iter_mut().zip(states).for_each(|(sum, state)| *sum += atoms * state);
            }
        }
    }
    let mut features = [0.0; CHARGE_FEATURES];
    if known == 0.0 {
        return features;
    }
    let share: f32 = if open > 0.0 { open } else { known };
    for (sum, features) in sums.iter().zip(features.chunks_mut(CHARGES)) {
        let wanted = (-sum / share).clamp(-6.5, 8.5);
        for (k, feature) in features.iter_mut().enumerate().take(CHARGES) {
            let z = (wanted + 6.0 - 0.5 * k as f32) / 0.5;
            *feature = (-0.5 * z * z).exp();
        }
    }
    features[3 * CHARGES] = open / (open + known);
    features[3 * CHARGES + 1] = f32::from(u8::from(open > 0.0));
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_tell_what_is_missing() {
        let oxygen = Some("O".parse().unwrap());
        // Three oxygens with two open atoms: each has to bring +3 (aluminium).
        let features = charge_features([(oxygen, 3), (None, 2)].into_iter());
        let usual = &features[CHARGES..2 * CHARGES];
        let most = (0..CHARGES).max_by(|&a, &b| usual[a].total_cmp(&usual[b])).unwrap();
        assert_eq!(0.5 * most as f32 - 6.0, 3.0);
        assert_eq!(charge_features([(None, 4)].into_iter()), [0.0; CHARGE_FEATURES]);
    }

    #[test]
    fn features_are_finite_and_tell_elements_apart() {
        let rows = element_features();
        assert!(rows.iter().flatten().all(|x| x.is_finite() && x.abs() < 5.0));
        for i in 1..104 {
            assert!((1..i).all(|j| rows[i] != rows[j]), "{i}");
        }
    }
}
