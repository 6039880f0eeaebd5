//! Crystals in a tenth of their memory.

use druse_representations::{Crystal, Element, Lattice, Occupant, Site};

/// A crystal in single precision: coordinates are kept to about 1e-6 Å, far below what tells two
/// crystals apart.
pub(crate) struct CompactCrystal {
    lattice: [f32; 9],
    /// Fractional coordinates of the sites, in 0..1.
    sites: Box<[[f32; 3]]>,
    /// Site, element and occupancy.
    occupants: Box<[(u16, Element, f32)]>,
}

impl CompactCrystal {
    pub(crate) fn of(crystal: &Crystal) -> Self {
        let matrix = crystal.lattice.matrix();
        let place = |site: &Site| std::array::from_fn(|k| (site.frac[k] - site.frac[k].floor()) as f32);
        let occupants = crystal.sites.iter().zip(0..).flat_map(|(site, number)| {
            site.occupants.iter().map(move |occupant| (number, occupant.element, occupant.occupancy as f32))
        });
        Self {
            lattice: std::array::from_fn(|i| matrix[(i / 3, i % 3)] as f32),
            sites: crystal.sites.iter().map(place).collect(),
            occupants: occupants.collect(),
        }
    }

    pub(crate) fn expand(&self) -> Crystal {
        let mut crystal = Crystal {
            lattice: Lattice::from_rows(std::array::from_fn(|i| {
                std::array::from_fn(|k| f64::from(self.lattice[3 * i + k]))
            })),
            sites: Vec::with_capacity(self.sites.len()),
        };
        for place in &self.sites {
            crystal.sites.push(Site { occupants: Vec::new(), frac: place.map(f64::from).into() });
        }
        for &(site, element, occupancy) in &self.occupants {
            let occupant = Occupant { element, occupancy: f64::from(occupancy) };
            crystal.sites[usize::from(site)].occupants.push(occupant);
        }
        crystal
    }
}
