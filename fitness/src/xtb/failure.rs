//! Why xtb cannot be used, and why a calculation has no result.

use std::path::PathBuf;

use druse_representations::Element;

/// Why there is no usable xtb.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum XtbError {
    /// No such program.
    #[error(
        "xtb is not installed: no program '{program}' {place}; install xtb (Debian, Ubuntu: apt install xtb; \
         conda: conda install -c conda-forge xtb) or set DRUSE_XTB to its path"
    )]
    NotFound {
        /// Name or path that was looked for.
        program: String,
        /// Where it was looked for.
        place: &'static str,
    },
    /// The program cannot be started or does not say which version it is.
    #[error("{program} is not xtb: {found}, expected a line 'xtb version 6.4.0' or later")]
    NotXtb {
        /// Path.
        program: PathBuf,
        /// What it said or why it cannot be started.
        found: String,
    },
    /// Too old: it writes other results.
    #[error("{program} is xtb {found}, expected 6.4.0 or later")]
    TooOld {
        /// Path.
        program: PathBuf,
        /// Its version.
        found: String,
    },
}

/// Why a calculation has no result. The texts start with a short kind, as reasons in a store do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The job makes no sense.
    #[error("input: {0}")]
    Input(String),
    /// An element outside the parametrisation, which ends at radon.
    #[error("element: atom {atom} is {element}, xtb covers H to Rn (Z <= 86)")]
    Element {
        /// Index of the atom, from 0.
        atom: usize,
        /// Element.
        element: Element,
    },
    /// Two atoms on top of each other; xtb may give such molecules an energy without complaint.
    #[error("clash: {0}{1}-{2}{3} {distance:.2} Å, at least {least:.2} Å", pair.0.0, pair.0.1, pair.1.0, pair.1.1)]
    Clash {
        /// Elements and indices, from 0.
        pair: ((Element, usize), (Element, usize)),
        /// Their distance (Å).
        distance: f64,
        /// Smallest accepted distance (Å).
        least: f64,
    },
    /// Charge and unpaired electrons contradict each other.
    #[error("parity: {unpaired} unpaired of {electrons} valence electrons")]
    Parity {
        /// Valence electrons after the charge.
        electrons: i64,
        /// Unpaired electrons asked for.
        unpaired: u32,
    },
    /// The time limit.
    #[error("timeout: stopped after {seconds} s")]
    Timeout {
        /// Limit (s).
        seconds: f64,
    },
    /// A signal ended the program, for instance for lack of memory.
    #[error("killed: by signal {signal}")]
    Killed {
        /// Number of the signal.
        signal: i32,
    },
    /// The self-consistent charges do not converge.
    #[error("scc not converged: {0}")]
    Scc(String),
    /// The geometry does not converge.
    #[error("not converged: geometry after {cycles} cycles")]
    NotConverged {
        /// Cycles that were allowed.
        cycles: String,
    },
    /// xtb gave up.
    #[error("aborted: exit code {code}, {message}")]
    Aborted {
        /// Exit code.
        code: i32,
        /// Its own words.
        message: String,
    },
    /// A result is missing or cannot be read.
    #[error("output: {file}: found {found}, expected {expected}")]
    Output {
        /// File in the scratch folder, or `stdout`.
        file: &'static str,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// An energy that no molecule has.
    #[error("energy: {value:.3} eV per {unit}, expected {least} to {most}")]
    Energy {
        /// Energy (eV) for each unit.
        value: f64,
        /// `valence electron` or `atom`.
        unit: &'static str,
        /// Lower end of the band.
        least: f64,
        /// Upper end of the band.
        most: f64,
    },
    /// All rungs of the ladder of retries failed.
    #[error("{first}; {retries} other settings failed too")]
    Exhausted {
        /// Failure of the first attempt, with the settings that were asked for.
        first: Box<Failure>,
        /// Attempts after it.
        retries: usize,
    },
    /// The scratch folder or the program cannot be used.
    #[error("system: {0}")]
    System(String),
}

impl Failure {
    /// A result that is missing or cannot be read.
    pub(super) fn output(file: &'static str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Output { file, found: found.into(), expected: expected.into() }
    }

    /// Whether the same would happen another time; not so for what time, memory or disk decide.
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Timeout { .. } | Self::Killed { .. } | Self::Output { .. } | Self::System(_))
    }

    /// Whether another setting of the self-consistent field may help.
    pub(super) fn is_electronic(&self) -> bool {
        matches!(self, Self::Scc(_) | Self::NotConverged { .. } | Self::Aborted { .. } | Self::Energy { .. })
    }
}
