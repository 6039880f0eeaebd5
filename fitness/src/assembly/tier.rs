//! Assembly as a tier of the funnel.

use druse_representations::Complex;
use sha2::{Digest, Sha256};

use super::{Distances, Options, assemble};
use crate::objective::{Properties, Tier, TierOutcome, property};

/// Builds complexes in space, on the sites that their design asks for; those that cannot be built
/// are rejected with the reason.
///
/// Stored positions are rounded to 1e-5 Å. The seed of each complex is drawn from its identity, so
/// that it is built alike wherever it is proposed.
#[derive(Clone, Debug)]
pub struct AssemblyTier {
    distances: Distances,
    options: Options,
}

impl AssemblyTier {
    /// A tier with these metal-donor distances; the seed of `options` is replaced for each complex.
    pub fn new(distances: Distances, options: Options) -> Self {
        Self { distances, options }
    }

    fn build(&self, complex: &Complex) -> Result<(Complex, Properties), String> {
        let options = Options { seed: seed(&complex.identity()), ..self.options };
        let built =
            assemble(complex, &self.distances, &options).map_err(|error| format!("assembly: {error}"))?;
        let round = |position: [f64; 3]| position.map(|x| (x * 1e5).round() / 1e5 + 0.0);
        let positions = built.positions.into_iter().map(round).collect();
        let built_complex = Complex { positions: Some(positions), ..complex.clone() };
        let properties = Properties::from([(property::MISFIT.to_owned(), built.report.misfit)]);
        Ok((built_complex, properties))
    }
}

/// The first eight bytes of the SHA-256 of an identity.
fn seed(identity: &str) -> u64 {
    Sha256::digest(identity).iter().take(8).fold(0, |seed, &byte| seed << 8 | u64::from(byte))
}

impl Tier<Complex> for AssemblyTier {
    fn name(&self) -> &str {
        "assembly"
    }

    fn protocol(&self) -> String {
        format!(
            "assembly 1: {} starts, misfit {}°, clash sum {} Å², {}",
            self.options.starts,
            self.options.misfit,
            self.options.tolerance,
            self.distances.source()
        )
    }

    fn writes(&self) -> Vec<String> {
        vec![property::MISFIT.to_owned()]
    }

    fn run(&self, items: &[(&Complex, &Properties)]) -> Vec<TierOutcome<Complex>> {
        items
            .iter()
            .map(|(complex, _)| match self.build(complex) {
                Ok((design, properties)) => TierOutcome::Passed { design, properties },
                Err(reason) => TierOutcome::Rejected { reason },
            })
            .collect()
    }
}
