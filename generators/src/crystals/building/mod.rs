//! Parts that every crystal generator needs: how large atoms are, how near they may come, where
//! they can sit, and the last check before a crystal is proposed.

mod chemistry;
mod contacts;
mod key;
mod placement;
mod separation;
mod volume;
mod workshop;

pub(crate) use chemistry::Chemistry;
pub(crate) use contacts::Contacts;
pub(crate) use key::key;
pub(crate) use placement::{Filling, closest_approach, place_orbit};
pub(crate) use separation::separate;
pub use volume::{estimated_volume, has_anion_former};
pub(crate) use workshop::{Draft, MENDABLE, VOLUME_RANGE, Workshop, relative_volume};
