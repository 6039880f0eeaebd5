//! What the worth of a crystal may depend on, before anything is computed: for the surrogate that screens children.

use druse_datasets::elements::electronegativity;
use druse_representations::{Crystal, Element};

/// Shares of the elements, how unlike they are, and the number of atoms. Nothing of it moves much in a relaxation, so that what relaxed crystals teach holds for proposals.
pub fn features(crystal: &Crystal) -> Vec<(String, f64)> {
    let composition = crystal.composition();
    let shares: Vec<(Element, f64)> =
        composition.elements().map(|element| (element, composition.fraction(element))).collect();
    let mut features: Vec<(String, f64)> =
        shares.iter().map(|(element, share)| (element.symbol().to_owned(), *share)).collect();
    let value = |element: Element| electronegativity(element).unwrap_or(2.0);
    let mean: f64 = shares.iter().map(|&(element, share)| share * value(element)).sum();
    let spread: f64 = shares.iter().map(|&(element, share)| share * (value(element) - mean).powi(2)).sum();
    features.extend([
        ("electronegativity".to_owned(), mean),
        ("ionicity".to_owned(), spread),
        ("elements".to_owned(), shares.len() as f64 / 4.0),
        ("atoms".to_owned(), crystal.sites.len() as f64 / 20.0),
    ]);
    features
}

/// Pairs of atoms within reach of each other in the cell, up to a factor: what a potential works on.
pub fn pairs(crystal: &Crystal) -> f64 {
    let atoms = crystal.sites.len() as f64;
    atoms * atoms / crystal.lattice.volume()
}
