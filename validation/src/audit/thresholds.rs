//! From what a matcher found to a verdict.

use super::known::{Candidate, Known};
use super::verdict::Verdict;
use crate::matching::Comparison;

/// Root mean square distance (in units of (V/N)^(1/3)) up to which a structure is the known one and not
/// a displaced copy: about 0.002 Å, what files with five decimals and two ways of writing leave.
pub const EXACT_RMS: f64 = 1e-3;
/// Relative difference of volumes and strain of lattices up to which a structure is the known one.
pub const EXACT_CELL: f64 = 1e-3;
/// Difference of shares up to which two variants of a solid solution have the same ratio.
pub const ORDERING_GAP: f64 = 0.02;
/// Distance of invariants, element by element, up to which structures of one composition count as the
/// same where coordinates are unknown. Chosen on 1,000 structures by DiffCSP against 99,209 of the
/// Materials Project: of 150 that the matcher `leak-safe` finds 139 are within, of 109 others of known
/// composition 7.
pub const SAME_BY_INVARIANTS: f32 = 0.1;
/// The same without regard to elements for structure types. In the same data 154 of 183 that the matcher
/// `prototype` finds are within, and 15 of 500 others.
pub const TYPE_BY_INVARIANTS: f32 = 0.02;
/// Distance of invariants up to which a structure is the known one; files round them to 0.002.
pub const EXACT_BY_INVARIANTS: f32 = 0.003;

/// The verdict on a structure that a matcher calls the same as a known one.
pub(super) fn by_mapping(candidate: &Candidate, known: &Known, found: &Comparison) -> Verdict {
    if found.elements.iter().any(|(own, other)| own != other) {
        return Verdict::KnownPrototype;
    }
    if let Some(family) = found.family.as_ref().filter(|family| !family.mixing.is_empty()) {
        return match family.ratio_gap <= ORDERING_GAP {
            true => Verdict::OrderedVariant,
            false => Verdict::SameSolidSolutionOtherRatio,
        };
    }
    // Matchers that turn structures disordered name no family.
    let same_species = known.pattern.as_ref().is_none_or(|other| {
        let own = &candidate.query.pattern.species;
        own.len() == other.species.len()
            && own.iter().zip(&other.species).all(|(x, y)| {
                x.len() == y.len()
                    && x.iter().zip(y).all(|(x, y)| {
                        x.element == y.element && (x.occupancy - y.occupancy).abs() <= ORDERING_GAP
                    })
            })
    });
    if !same_species {
        return Verdict::OrderedVariant;
    }
    let within = |value: Option<f64>, limit: f64| value.is_some_and(|value| value <= limit);
    let same_volume = found.volume_ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= EXACT_CELL);
    // Matchers that do not measure strain leave it to the distances, which a strain changes too.
    let unstrained = found.strain.is_none_or(|strain| strain <= EXACT_CELL);
    if !(within(found.rms, EXACT_RMS) && same_volume && unstrained) {
        return Verdict::NearDuplicate;
    }
    same_or_other_cell(candidate, known)
}

/// The verdict on a structure whose invariants are those of a known one.
pub(super) fn by_invariants(candidate: &Candidate, known: &Known, distance: f32) -> Verdict {
    let same_volume = (known.volume_per_site / candidate.volume_per_site() - 1.0).abs() <= EXACT_CELL;
    match distance <= EXACT_BY_INVARIANTS && same_volume {
        true => same_or_other_cell(candidate, known),
        false => Verdict::NearDuplicate,
    }
}

fn same_or_other_cell(candidate: &Candidate, known: &Known) -> Verdict {
    match candidate.sites() == known.sites {
        true => Verdict::ExactDuplicate,
        false => Verdict::SupercellOrSetting,
    }
}

/// What stands in the place of a matcher's protocol where coordinates are unknown.
pub(super) fn invariants_protocol() -> String {
    format!(
        "invariants v1 (average minimum distances in (V/N)^(1/3): same<={SAME_BY_INVARIANTS} \
         type<={TYPE_BY_INVARIANTS})"
    )
}
