//! Which sites of two crystals count as alike.

use crate::matching::Species;
use crate::matching::pattern::compare_species;

/// Occupancies that differ by no more are the same: files round them to two or three digits.
const OCCUPANCY_TOLERANCE: f64 = 0.01;

/// Whether two sites hold the same elements in the same shares, but for rounding.
pub(in crate::matching) fn alike(x: &Species, y: &Species) -> bool {
    x.len() == y.len()
        && x.iter()
            .zip(y)
            .all(|(x, y)| x.element == y.element && (x.occupancy - y.occupancy).abs() <= OCCUPANCY_TOLERANCE)
}

/// Numbers for the species of two crystals: linked species (directly or through others) share one.
/// Which crystal comes first does not matter.
pub(in crate::matching) fn common_labels(
    first: &[Species],
    second: &[Species],
    linked: impl Fn(&Species, &Species) -> bool,
) -> (Vec<u16>, Vec<u16>) {
    let mut all: Vec<&Species> = first.iter().chain(second).collect();
    all.sort_by(|x, y| compare_species(x, y));
    all.dedup();
    let mut label: Vec<usize> = (0..all.len()).collect();
    for i in 0..all.len() {
        for j in 0..i {
            if label[i] != label[j] && linked(all[i], all[j]) {
                let (low, high) = (label[i].min(label[j]), label[i].max(label[j]));
                label.iter_mut().filter(|label| **label == high).for_each(|label| *label = low);
            }
        }
    }
    let of = |species: &Species| {
        label[all.partition_point(|known| compare_species(known, species).is_lt())] as u16
    };
    (first.iter().map(of).collect(), second.iter().map(of).collect())
}
