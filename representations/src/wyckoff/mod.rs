//! Wyckoff positions of the 230 space groups in their standard settings.
//!
//! Setting: unique axis b and cell choice 1 for monoclinic groups, hexagonal axes for rhombohedral
//! groups, origin choice 2 where the International Tables (volume A) give two. Letters, site
//! symmetries and representative coordinates are moyo's tables; everything else is computed from
//! them once per group and kept.

mod group;
mod parse;
mod position;

pub use group::{SpaceGroup, space_group};
pub(crate) use position::GENERIC;
pub use position::WyckoffPosition;
#[cfg(test)]
pub(crate) use position::same_point;

/// Wyckoff positions of a space group from `a` to the general position; empty for a number
/// outside 1..=230.
pub fn positions(number: u8) -> &'static [WyckoffPosition] {
    space_group(number).map_or(&[], |group| group.positions())
}

/// The Wyckoff position with this letter (`A` follows `z` in space group 47).
pub fn position(number: u8, letter: char) -> Option<&'static WyckoffPosition> {
    positions(number).iter().find(|position| position.letter() == letter)
}
