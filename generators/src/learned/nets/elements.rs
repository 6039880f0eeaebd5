//! What is known of the elements.

use druse_datasets::elements::oxidation_states;
use druse_datasets::elements::{atomic_radius, covalent_radius, electronegativity};
use druse_representations::Element;
use tch::Tensor;

/// Greatest atomic number plus one; 0 stands for an element that is hidden.
pub const ELEMENTS: i64 = 119;
/// Length of a row of [`table`].
pub const FEATURES: i64 = 7 + 18 + 3 + 12;
/// Radius (Å) of atoms whose element is hidden or has no radius in the table, about the mean.
const MEAN_RADIUS: f64 = 1.4;

/// Covalent radius (Å) by atomic number.
pub fn radius(z: u8) -> f64 {
    Element::from_atomic_number(z).and_then(covalent_radius).unwrap_or(MEAN_RADIUS)
}

/// Features of all elements, `[ELEMENTS, FEATURES]`: period, group, electronegativity, radii and common
/// oxidation states (-4 to 7). Elements that are rare in the data borrow from their relatives through them.
pub fn table() -> Tensor {
    let mut rows = vec![0f32; (ELEMENTS * FEATURES) as usize];
    for element in Element::all() {
        let row = &mut rows[usize::from(element.atomic_number()) * FEATURES as usize..][..FEATURES as usize];
        row[usize::from(element.period()) - 1] = 1.0;
        row[6 + usize::from(element.group()).clamp(1, 18)] = 1.0;
        row[25] = electronegativity(element).map_or(0.0, |x| (x - 1.8) as f32);
        row[26] = covalent_radius(element).map_or(0.0, |x| (x - MEAN_RADIUS) as f32 * 2.0);
        row[27] = atomic_radius(element).map_or(0.0, |x| (x - MEAN_RADIUS) as f32 * 2.0);
        for &charge in oxidation_states(element).common() {
            if (-4..=7).contains(&charge) {
                row[(32 + i32::from(charge)) as usize] = 1.0;
            }
        }
    }
    Tensor::from_slice(&rows).view([ELEMENTS, FEATURES])
}
