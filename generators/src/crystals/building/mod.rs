//! Parts that every crystal generator needs: how large atoms are, how near they may come, where
//! they can sit, and the last check before a crystal is proposed.

mod chemistry;
mod contacts;
mod key;
mod placement;
mod volume;
mod workshop;

pub(crate) use chemistry::Chemistry;
pub(crate) use contacts::Contacts;
pub(crate) use placement::{Filling, closest_approach, place_orbit};
pub use volume::{estimated_volume, has_anion_former};
pub(crate) use workshop::{Draft, MENDABLE, Workshop, relative_volume};
