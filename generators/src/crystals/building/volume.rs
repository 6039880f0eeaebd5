//! How much room a composition needs.

use std::sync::LazyLock;

use druse_datasets::elements::covalent_radius;
use druse_representations::{Composition, Element};

/// Atomic volumes (Å^3) by atomic number: in compounds with an anion former, in other compounds.
static VOLUMES: LazyLock<Vec<[Option<f64>; 2]>> = LazyLock::new(|| {
    // The file is part of the program and a test reads it, so failing here is a bug.
    let mut volumes = vec![[None; 2]; usize::from(Element::MAX_ATOMIC_NUMBER)];
    for line in include_str!("volumes.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [symbol, ionic, metallic] = cells[..] else { panic!("volumes.csv: '{line}'") };
        let element = Element::from_symbol(symbol).expect("volumes.csv holds symbols");
        volumes[usize::from(element.atomic_number()) - 1] = [ionic.parse().ok(), metallic.parse().ok()];
    }
    volumes
});

/// Whether one of the elements forms anions: H, N, P, As, a chalcogen (to Te) or a halogen.
pub fn has_anion_former(elements: impl IntoIterator<Item = Element>) -> bool {
    const FORMERS: [u8; 13] = [1, 7, 8, 9, 15, 16, 17, 33, 34, 35, 52, 53, 85];
    elements.into_iter().any(|element| FORMERS.contains(&element.atomic_number()))
}

/// Volume (Å^3) that the atoms of a composition take up in a crystal at rest.
///
/// Sum of atomic volumes, one per element for compounds with an anion former and one for others.
/// Fitted to 36 505 structures of the Materials Project (Jain et al., APL Mater. 1, 011002 (2013),
/// CC BY 4.0) within 0.05 eV/atom of the hull: median relative error 4 %, 90 % of them within
/// 14 % (example `fit_volumes`). Elements without a value: from the covalent radius,
/// `1.35 (4/3) pi r^3`, at least 8 Å^3.
pub fn estimated_volume(composition: &Composition) -> f64 {
    let kind = usize::from(!has_anion_former(composition.elements()));
    composition.iter().map(|(element, amount)| amount * atomic_volume(element, kind)).sum()
}

fn atomic_volume(element: Element, kind: usize) -> f64 {
    let [ionic, metallic] = VOLUMES[usize::from(element.atomic_number()) - 1];
    let (first, second) = if kind == 0 { (ionic, metallic) } else { (metallic, ionic) };
    first.or(second).unwrap_or_else(|| {
        let radius = covalent_radius(element).unwrap_or(1.6);
        (1.35 * 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3)).max(8.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototypes;

    #[test]
    fn volumes_of_the_archetypes_are_met() {
        let mut errors: Vec<f64> = prototypes()
            .iter()
            .map(|prototype| {
                let crystal = prototype.code().to_primitive().unwrap();
                (estimated_volume(&crystal.composition()) / crystal.lattice.volume() - 1.0).abs()
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        let (median, ninety) = (errors[errors.len() / 2], errors[errors.len() * 9 / 10]);
        assert!(median < 0.07 && ninety < 0.22, "median {median:.3}, 90 % {ninety:.3}");
    }

    #[test]
    fn every_element_has_a_volume() {
        for element in Element::all() {
            let one: Composition = [(element, 1.0)].into_iter().collect();
            assert!((3.0..140.0).contains(&estimated_volume(&one)), "{element}");
        }
    }
}
