//! Up to supergroups: what is nearly symmetric is made so.

use druse_representations::Representation;
use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use rand::{Rng, RngExt};

/// Range of tolerances (Å).
const SYMPREC: std::ops::Range<f64> = 0.1..0.6;

/// The crystal with the symmetry that it has within a coarse tolerance; `None` when that is none
/// more.
pub(super) fn symmetrise<R: Rng + ?Sized>(code: &SymmetryCode, rng: &mut R) -> Option<SymmetryCode> {
    let crystal = code.to_primitive().ok()?;
    let child = SymmetryRepresentation::new(rng.random_range(SYMPREC)).encode(&crystal).ok()?;
    (child.space_group != code.space_group).then_some(child)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use druse_datasets::prototypes::prototype;

    #[test]
    fn a_distorted_perovskite_becomes_cubic() {
        let code = prototype("perovskite-tetragonal").unwrap().code();
        let groups: std::collections::BTreeSet<u8> = (0..20)
            .filter_map(|number| symmetrise(&code, &mut stream(0, number)))
            .map(|child| child.space_group)
            .collect();
        assert!(groups.contains(&221), "{groups:?}");
    }
}
