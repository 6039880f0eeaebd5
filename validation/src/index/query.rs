//! Looking up.

use druse_representations::Crystal;

use super::keys::{Keys, amounts};
use super::piece::floats;
use super::{Index, PrepareError};
use crate::fingerprint::Invariants;
use crate::matching::{Pattern, Scope};

/// A candidate made ready once for looking up and comparing.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Its reduced cells.
    pub pattern: Pattern,
    /// Its invariants.
    pub invariants: Invariants,
    keys: Keys,
}

impl Query {
    /// Prepares a crystal.
    ///
    /// # Errors
    /// When it has no pattern or no invariants.
    pub fn of(crystal: &Crystal) -> Result<Self, PrepareError> {
        let (pattern, invariants) = (Pattern::of(crystal)?, Invariants::of(crystal)?);
        Ok(Self { pattern, invariants, keys: Keys::of(&amounts(crystal)) })
    }
}

/// A known crystal that a matcher should look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Number of the entry.
    pub entry: u32,
    /// [`Invariants::resolved_distance`] for [`Scope::Composition`], otherwise
    /// [`Invariants::blind_distance`].
    pub distance: f32,
}

impl Index {
    /// All entries of a scope, nearest first by invariants, and by number where equally near.
    pub fn near(&self, query: &Query, scope: Scope) -> Vec<Hit> {
        self.nearest_of(query, scope, usize::MAX)
    }

    /// At most `most` entries of a scope, the nearest ones, nearest first.
    pub fn nearest_of(&self, query: &Query, scope: Scope, most: usize) -> Vec<Hit> {
        let mut hits: Vec<Hit> = match scope {
            Scope::Composition => {
                let bucket = self.of_composition(query.keys.formula);
                bucket.map(|entry| self.resolved_hit(query, entry)).collect()
            }
            Scope::AnonymousFormula => {
                let bucket = self.of_anonymous(query.keys.formula.0);
                bucket.map(|entry| self.blind_hit(query, entry)).collect()
            }
            Scope::ChemicalSystem => {
                let sets = query.keys.systems();
                let mut entries: Vec<u32> = sets.flat_map(|set| self.of_system(set)).collect();
                entries.sort_unstable();
                entries.dedup();
                entries.into_iter().map(|entry| self.blind_hit(query, entry as usize)).collect()
            }
        };
        let nearer = |x: &Hit, y: &Hit| x.distance.total_cmp(&y.distance).then(x.entry.cmp(&y.entry));
        if most < hits.len() {
            hits.select_nth_unstable_by(most, nearer);
            hits.truncate(most);
        }
        hits.sort_unstable_by(nearer);
        hits
    }

    /// The entry of the query's composition with [`Invariants::resolved_distance`].
    fn resolved_hit(&self, query: &Query, entry: usize) -> Hit {
        let blind = self.blind_hit(query, entry);
        let known = self.resolved(entry).into_iter().flatten();
        let resolved = largest(known.zip(query.invariants.resolved.iter().copied()));
        Hit { distance: resolved.max(blind.distance), ..blind }
    }

    fn blind_hit(&self, query: &Query, entry: usize) -> Hit {
        let distance = largest(floats(self.blind(entry)).zip(query.invariants.blind));
        Hit { entry: entry as u32, distance }
    }
}

fn largest(pairs: impl Iterator<Item = (f32, f32)>) -> f32 {
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}
