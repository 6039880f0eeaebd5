//! What a campaign tells while it runs. The engine knows no progress bar and no terminal.

use crate::store::{Holder, Status, StepRow};

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The campaign starts, or goes on with this many candidates evaluated already.
    Started {
        /// Candidates evaluated before.
        evaluated: u64,
        /// Candidates to evaluate.
        budget: u64,
    },
    /// So many measured values took the place of predictions.
    Measured {
        /// Values of objectives and properties.
        values: usize,
    },
    /// An engine before this one ended without giving the campaign back, for instance by a kill.
    TakenOver {
        /// That engine.
        holder: &'a Holder,
    },
    /// A step starts with this many candidates.
    StepStarted {
        /// Step.
        step: u64,
        /// Candidates proposed.
        candidates: usize,
    },
    /// A candidate went through the funnel. Called from several threads, in any order.
    CandidateDone {
        /// Candidate number.
        number: u64,
        /// What became of it; duplicates are told apart when the step ends.
        status: Status,
    },
    /// A step is recorded.
    StepFinished {
        /// Its row.
        step: &'a StepRow,
    },
    /// The campaign waits for something outside of this process.
    Waiting {
        /// For what, and what can be done about it, in plain words.
        text: &'a str,
    },
}

/// Listens to a running campaign.
pub trait Observer: Sync {
    /// Hears of one event.
    fn notice(&self, event: &Event<'_>);
}

/// Hears nothing.
pub struct Silent;

impl Observer for Silent {
    fn notice(&self, _: &Event<'_>) {}
}
