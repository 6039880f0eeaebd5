//! The vocabulary of proposing: ask ([`Generator::propose`]) and tell ([`Generator::learn`]).

use druse_representations::Design;
use serde::{Deserialize, Serialize};

/// Where a candidate comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Generator, for instance `nsga3`.
    pub generator: String,
    /// Operator, for instance `substitute` or `random`.
    pub operator: String,
    /// Numbers of the parent candidates.
    pub parents: Vec<u64>,
}

/// A proposed design.
#[derive(Clone, Debug)]
pub struct Proposal<D> {
    /// Candidate number: counts up from 0 within a campaign and keys the random stream.
    pub number: u64,
    /// The design.
    pub design: D,
    /// Where it comes from.
    pub lineage: Lineage,
}

/// A design with what evaluation made of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluated<D> {
    /// Candidate number.
    pub number: u64,
    /// The design after refinement.
    pub design: D,
    /// Objective values as numbers to minimise; `None` for a rejected or failed candidate.
    pub costs: Option<Vec<f64>>,
    /// Sum of constraint violations, 0 when all constraints hold.
    pub violation: f64,
}

/// Why a generator cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorError {
    /// The hard constraints leave no design, or none was found in a bounded number of trials.
    #[error("{generator} found no design that satisfies the constraints: {reason}")]
    Impossible {
        /// Generator.
        generator: String,
        /// Reason.
        reason: String,
    },
    /// A program that should propose gives no answer.
    #[error("{generator} cannot propose: {reason}")]
    Failed {
        /// Generator.
        generator: String,
        /// Reason.
        reason: String,
    },
    /// A saved state does not fit.
    #[error("{generator} cannot restore its state: {reason}")]
    BadState {
        /// Generator.
        generator: String,
        /// Reason.
        reason: String,
    },
}

/// Proposes designs and learns from their evaluation. Does no input or output; all randomness
/// comes from (campaign seed, candidate number).
pub trait Generator<D: Design>: Send {
    /// Name in campaign files and lineages.
    fn name(&self) -> &str;

    /// Up to `n` new proposals with the numbers `first`, `first + 1`, ...; fewer only when a batch
    /// would otherwise repeat itself. The caller hands out the numbers, so that several generators
    /// can share a campaign and speak of the same candidates.
    ///
    /// # Errors
    /// When the constraints leave nothing to propose.
    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<D>>, GeneratorError>;

    /// Learns from evaluated candidates, given in order of their numbers; also from those that
    /// other generators proposed.
    fn learn(&mut self, evaluated: &[Evaluated<D>]);

    /// Everything needed to continue exactly here.
    fn state(&self) -> serde_json::Value;

    /// Continues from a saved state.
    ///
    /// # Errors
    /// When the state is not one of this generator's.
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), GeneratorError>;
}
