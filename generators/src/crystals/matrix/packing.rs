//! Random crystals without symmetry.

use druse_representations::{Composition, Element, Lattice, MatrixCode};
use nalgebra::Vector3;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::draft::MatrixDraft;
use crate::crystals::building::{Contacts, Filling, Workshop, estimated_volume};

/// Volume relative to that of crystals at rest, as for random symmetric crystals.
const VOLUME: f64 = 1.1;
/// Draws of the place of one atom.
const DRAWS: usize = 12;
/// Standard deviation of the logarithms of the edges.
const SPREAD: f64 = 0.25;
/// Range of the angles (degrees).
const ANGLES: std::ops::Range<f64> = 65.0..115.0;

/// One attempt at a random crystal: a neutral formula, a random cell of the right volume, and atoms put
/// where there is room (compare AIRSS, Pickard and Needs, J. Phys.: Condens. Matter 23, 053201 (2011)).
pub(super) fn packed_draft<R: Rng + ?Sized>(workshop: &Workshop, rng: &mut R) -> Option<MatrixDraft> {
    let counts = workshop.chemistry.random_counts(&workshop.space, rng)?;
    let species: Vec<Element> =
        counts.into_iter().flat_map(|(element, n)| std::iter::repeat_n(element, n)).collect();
    let composition: Composition = species.iter().map(|&element| (element, 1.0)).collect();
    let lattice = random_lattice(VOLUME * estimated_volume(&composition), rng)?;
    let contacts = Contacts::of(&composition);
    let mut filling = Filling::new(lattice, &contacts);
    let mut frac = Vec::with_capacity(species.len());
    for &element in &species {
        let kind = contacts.index(element)?;
        let place = roomiest(&filling, kind, DRAWS, rng);
        filling.add(place, kind);
        frac.push(place.into());
    }
    let code = MatrixCode { lattice, frac, species };
    Some(MatrixDraft { code, volume: VOLUME, operator: "packing", parents: 0 })
}

/// The place with most room among some random ones for an atom of `kind`; the first that keeps all
/// contacts.
pub(super) fn roomiest<R: Rng + ?Sized>(
    filling: &Filling<'_>,
    kind: usize,
    draws: usize,
    rng: &mut R,
) -> Vector3<f64> {
    let mut best = (Vector3::zeros(), f64::NEG_INFINITY);
    for _ in 0..draws.max(1) {
        let place = Vector3::from_fn(|_, _| rng.random::<f64>());
        let ratio = filling.ratio_at(place, kind);
        if ratio > best.1 {
            best = (place, ratio);
        }
        if ratio >= 1.0 {
            break;
        }
    }
    best.0
}

/// A cell of random shape and given volume (Å^3).
fn random_lattice<R: Rng + ?Sized>(volume: f64, rng: &mut R) -> Option<Lattice> {
    let mut edge = || (SPREAD * rng.sample::<f64, _>(StandardNormal)).exp();
    let edges = [edge(), edge(), edge()];
    let angles: [f64; 3] = std::array::from_fn(|_| rng.random_range(ANGLES));
    let cell = [edges[0], edges[1], edges[2], angles[0], angles[1], angles[2]];
    Some(Lattice::from_parameters(cell).ok()?.scaled_to_volume(volume))
}
