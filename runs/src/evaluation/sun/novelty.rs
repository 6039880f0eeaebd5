//! Uniqueness and novelty by pymatgen's matcher, as MatterGen's evaluation has it for ordered crystals.

use druse_validation::index::{Index, Query};
use druse_validation::matching::{Matcher, Overrides, Scope, UnknownMatcher, matcher};

/// The matcher.
pub(super) fn ordered() -> Result<Box<dyn Matcher>, UnknownMatcher> {
    matcher("mattergen-ordered", &Overrides::default())
}

/// Id of the first known structure of the same composition, nearest first by invariants, that matches
/// by any of the references.
pub(super) fn known_match(query: &Query, references: &[&Index], matcher: &dyn Matcher) -> Option<String> {
    references.iter().find_map(|index| {
        index.near(query, Scope::Composition).into_iter().find_map(|hit| {
            let entry = index.entry(hit.entry)?;
            let pattern = entry.pattern()?;
            matcher.same(&query.pattern, &pattern).then(|| entry.id().to_owned())
        })
    })
}
