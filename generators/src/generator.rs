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
    /// What else is to be told, such as the file that a design was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Lineage {
    /// A lineage without a note.
    pub fn new(generator: impl Into<String>, operator: impl Into<String>, parents: Vec<u64>) -> Self {
        Self { generator: generator.into(), operator: operator.into(), parents, note: None }
    }
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
///
/// # A loop of one's own
///
/// Whoever judges designs elsewhere asks and tells without an engine or a store:
///
/// ```
/// use druse_generators::{DesignSpace, Evaluated, GeneticOptions, crystal_generator};
///
/// let elements = ["Li", "Mg", "Al", "O", "F"].map(|symbol| symbol.parse().unwrap());
/// let space = DesignSpace { atoms: [2, 8], ..DesignSpace::new(elements) };
/// let mut generator = crystal_generator("nsga2", &space, 1, &GeneticOptions::default()).unwrap();
///
/// let (mut next, mut lightest) = (0, f64::INFINITY);
/// for _generation in 0..3 {
///     let proposals = generator.propose(next, 20).unwrap();
///     next += proposals.len() as u64;
///     let judged: Vec<Evaluated<_>> = proposals
///         .into_iter()
///         .map(|proposal| {
///             // Your own judgement; numbers to minimise, `None` for a design that failed.
///             let density = proposal.design.density();
///             lightest = lightest.min(density);
///             Evaluated { number: proposal.number, design: proposal.design, costs: Some(vec![density]), violation: 0.0 }
///         })
///         .collect();
///     generator.learn(&judged);
/// }
/// assert!(next == 60 && lightest < 2.5); // g/cm^3
/// ```
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
    /// other generators proposed. A number that it has learnt before comes again when a measurement
    /// corrects a prediction: then the new costs replace the old ones, and nothing counts twice.
    fn learn(&mut self, evaluated: &[Evaluated<D>]);

    /// Everything needed to continue exactly here, but for what stands in the [journal](Self::journal).
    /// It is written after every step, so it should not grow with the number of candidates.
    fn state(&self) -> serde_json::Value;

    /// Continues from a saved state and forgets all else, what came from the journal too.
    ///
    /// # Errors
    /// When the state is not one of this generator's; then nothing changes.
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), GeneratorError>;

    /// What has to be remembered of every candidate, such as which designs must not be repeated: entries
    /// that are new since the last call. They are recorded together with the state that is taken next.
    /// A generator that remembers nothing of this kind has no journal.
    fn journal(&mut self) -> Vec<serde_json::Value> {
        Vec::new()
    }

    /// Takes back an entry of its journal; all entries come in their order after [`Self::restore`].
    ///
    /// # Errors
    /// When the entry is not one of this generator's.
    fn replay(&mut self, entry: &serde_json::Value) -> Result<(), GeneratorError> {
        let reason = format!("it keeps no journal, found the entry {entry}");
        Err(GeneratorError::BadState { generator: self.name().to_owned(), reason })
    }
}
