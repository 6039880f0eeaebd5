//! Metal-donor distances: what is usual for a metal and a kind of donor.

use druse_datasets::bytes::hexadecimal;
use druse_datasets::elements::covalent_radius;
use druse_datasets::ligands::DistanceTable;
use druse_representations::Element;
use sha2::{Digest, Sha256};

use super::validate::{BOUND, BOUND_HAPTIC};

/// Radius (Å) of elements beyond the table of covalent radii, about that of the actinoids.
const UNKNOWN_RADIUS: f64 = 1.7;
/// Distance (Å) of neighbours in a haptic group, between benzene 1.40 and a bound alkene 1.42.
const HAPTIC_BOND: f64 = 1.41;
/// Share of the limit of a bond that usual distances stay below, and of the radii that they exceed.
const WITHIN_BOUND: f64 = 0.97;
const SHORTEST: f64 = 0.8;

/// Covalent radius (Å; Cordero et al. 2008).
pub(super) fn radius(element: Element) -> f64 {
    covalent_radius(element).unwrap_or(UNKNOWN_RADIUS)
}

/// Distance (Å) of a metal from the centre of a donor of so many atoms that are each `to_atoms` (Å) away.
pub(super) fn reach(to_atoms: f64, atoms: usize) -> f64 {
    let spread = spread(atoms);
    (to_atoms * to_atoms - spread * spread).max(1.0).sqrt()
}

/// Distance (Å) of the atoms of a haptic group of this size from their centre.
fn spread(atoms: usize) -> f64 {
    match atoms {
        0 | 1 => 0.0,
        2 => HAPTIC_BOND / 2.0,
        n => HAPTIC_BOND / (2.0 * (std::f64::consts::PI / n as f64).sin()),
    }
}

/// Usual distances between metals and the atoms that bind to them: medians of crystal structures
/// where there are enough, else sums of covalent radii.
#[derive(Clone, Debug, Default)]
pub struct Distances {
    medians: DistanceTable,
}

impl Distances {
    /// Sums of covalent radii only.
    pub fn from_radii() -> Self {
        Self::default()
    }

    /// Statistics first, for instance of [`druse_datasets::ligands::LigandLibrary::distances`].
    pub fn from_statistics(medians: DistanceTable) -> Self {
        Self { medians }
    }

    /// Where the distances come from, for protocols.
    pub(super) fn source(&self) -> String {
        match self.medians.len() {
            0 => "distances from covalent radii".to_owned(),
            n => {
                let digest = hexadecimal(Sha256::digest(format!("{:?}", self.medians)));
                format!("distances from {n} medians of crystal structures (sha256 {})", &digest[..16])
            }
        }
    }

    /// Distance (Å) between a metal and each atom of a donor with these elements (one for a kappa
    /// donor), in a ligand with one or several donors (`chelate`).
    pub fn donor(&self, metal: Element, group: &[Element], chelate: bool) -> f64 {
        let commonest =
            group.iter().max_by_key(|element| group.iter().filter(|other| other == element).count());
        let Some(&commonest) = commonest else { return radius(metal) };
        let radii =
            radius(metal) + group.iter().map(|&element| radius(element)).sum::<f64>() / group.len() as f64;
        let limit = if group.len() > 1 { BOUND_HAPTIC } else { BOUND };
        let median = self.medians.typical(metal, commonest, group.len(), chelate);
        // The radii are right within 0.1 Å for haptic groups as well (ferrocene 2.08, measured 2.05).
        let usual = median.map_or(radii, |centre| centre.hypot(spread(group.len())));
        usual.clamp(SHORTEST * radii, WITHIN_BOUND * limit * radii)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::ligands::LigandLibrary;

    fn el(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn radii_stand_in_for_statistics() {
        let distances = Distances::from_radii();
        // Cordero: Pd 1.39, O 0.66, Fe 1.32, C 0.76.
        assert!((distances.donor(el("Pd"), &[el("O")], false) - 2.05).abs() < 1e-12);
        assert!((distances.donor(el("Fe"), &[el("C"); 5], false) - 2.08).abs() < 1e-12);
    }

    #[test]
    fn statistics_of_the_library_come_first() {
        let Ok(library) = LigandLibrary::find() else {
            println!("skipped: the library of ligands is not there");
            return;
        };
        let distances = Distances::from_statistics(library.distances().clone());
        // Medians of MetaLig: Pd-P 2.30 Å (sum of the radii 2.46 Å); ferrocene has 2.05 Å.
        assert!((distances.donor(el("Pd"), &[el("P")], false) - 2.30).abs() < 0.05);
        assert!((distances.donor(el("Fe"), &[el("C"); 5], false) - 2.05).abs() < 0.07);
    }
}
