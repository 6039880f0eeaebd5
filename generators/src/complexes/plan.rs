//! A complex in the making.

use std::sync::Arc;

use druse_representations::{Complex, Element, Geometry, PlacedLigand};
use rand::Rng;

use super::part::Part;
use super::placing::{place, spans};
use super::space::Sums;

/// A metal in an oxidation state with its polyhedron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) metal: Element,
    pub(crate) oxidation_state: i32,
    pub(crate) geometry: Geometry,
}

/// A complex whose ligands carry what the operators need to know.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) frame: Frame,
    /// Matters where the multiplicity is free.
    pub(crate) multiplicity: u32,
    pub(crate) seats: Vec<Seat>,
}

/// A ligand with the site of each donor; no sites while it has no place.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) part: Arc<Part>,
    pub(crate) sites: Vec<usize>,
}

impl Plan {
    pub(crate) fn new(frame: Frame, parts: impl IntoIterator<Item = Arc<Part>>) -> Self {
        let seat = |part| Seat { part, sites: Vec::new() };
        Self { frame, multiplicity: 0, seats: parts.into_iter().map(seat).collect() }
    }

    /// Adds a ligand, without a place.
    pub(crate) fn push(&mut self, part: Arc<Part>) {
        self.seats.push(Seat { part, sites: Vec::new() });
    }

    /// Sum of the charges of the ligands.
    pub(crate) fn ligand_charge(&self) -> i32 {
        self.seats.iter().map(|seat| seat.part.charge).sum()
    }

    /// Electrons that the ligands give.
    pub(crate) fn ligand_electrons(&self) -> i32 {
        self.seats.iter().map(|seat| seat.part.electrons.cast_signed()).sum()
    }

    pub(crate) fn sums(&self) -> Sums {
        let mut keys: Vec<&str> = self.seats.iter().map(|seat| seat.part.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        let Frame { metal, oxidation_state, .. } = self.frame;
        Sums {
            charge: oxidation_state + self.ligand_charge(),
            electrons: i32::from(metal.group()) - oxidation_state + self.ligand_electrons(),
            atoms: 1 + self.seats.iter().map(|seat| seat.part.atoms()).sum::<usize>(),
            distinct: keys.len(),
        }
    }

    /// Gives all ligands places, new ones to all if the present ones will not do.
    pub(crate) fn settle<R: Rng + ?Sized>(mut self, rng: &mut R) -> Option<Self> {
        if !self.is_settled() {
            self.rearrange(rng)?;
        }
        Some(self)
    }

    fn is_settled(&self) -> bool {
        let mut taken = vec![false; self.frame.geometry.site_count()];
        let mut takes = |site: &usize| match taken.get_mut(*site) {
            Some(slot) => !std::mem::replace(slot, true),
            None => false,
        };
        let fits = |seat: &Seat| {
            seat.sites.len() == seat.part.denticity() && spans(&seat.part, self.frame.geometry, &seat.sites)
        };
        self.seats.iter().all(fits)
            && self.seats.iter().flat_map(|seat| &seat.sites).all(&mut takes)
            && taken.iter().all(|&taken| taken)
    }

    /// Random places for all ligands.
    pub(crate) fn rearrange<R: Rng + ?Sized>(&mut self, rng: &mut R) -> Option<()> {
        let parts: Vec<Arc<Part>> = self.seats.iter().map(|seat| Arc::clone(&seat.part)).collect();
        let free: Vec<usize> = (0..self.frame.geometry.site_count()).collect();
        let sites = place(self.frame.geometry, &parts, &free, rng)?;
        for (seat, sites) in self.seats.iter_mut().zip(sites) {
            seat.sites = sites;
        }
        Some(())
    }

    /// The complex; its multiplicity is the planned one and may be impossible.
    pub(crate) fn complex(&self) -> Complex {
        let Frame { metal, oxidation_state, geometry } = self.frame;
        let place =
            |seat: &Seat| PlacedLigand { ligand: seat.part.ligand.clone(), sites: seat.sites.clone() };
        Complex {
            metal,
            oxidation_state,
            multiplicity: self.multiplicity,
            geometry,
            ligands: self.seats.iter().map(place).collect(),
            positions: None,
        }
    }
}
