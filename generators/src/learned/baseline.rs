//! Generators without training as samplers: what trained models have to beat, asked in the same way.

use druse_representations::Crystal;

use super::sampler::{Request, RequestError, Sample, Sampler, in_batches};
use crate::genetic::GeneticOptions;
use crate::registry::{RegistryError, crystal_generator};

/// Crystals proposed together; nothing repeats within such a batch.
const BATCH: u64 = 50;

/// A generator of crystals that knows nothing but the design space: `random` symmetric crystals, or
/// `substitution` of elements in known structure types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baseline(&'static str);

impl Baseline {
    /// All of them.
    pub const NAMES: [&'static str; 2] = ["random", "substitution"];

    /// The baseline of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|known| *known == name).map(Self)
    }

    /// The crystals of one batch by their place in it.
    fn propose(self, request: &Request, seed: u64, batch: u64) -> Result<Vec<Option<Crystal>>, RequestError> {
        let generator = crystal_generator(self.0, &request.space, seed, &GeneticOptions::default());
        let mut generator = generator.map_err(|error| match error {
            RegistryError::Space(error) => RequestError::Space(error),
            other => RequestError::NotPossible { kind: self.0, what: other.to_string() },
        })?;
        let first = batch * BATCH;
        let mut crystals = vec![None; BATCH as usize];
        // A space in which nothing is found leaves the batch empty.
        for proposal in generator.propose(first, BATCH as usize).unwrap_or_default() {
            if let Some(place) = crystals.get_mut((proposal.number - first) as usize) {
                *place = Some(proposal.design);
            }
        }
        Ok(crystals)
    }
}

impl Sampler for Baseline {
    fn kind(&self) -> &'static str {
        self.0
    }

    fn check(&self, request: &Request) -> Result<(), RequestError> {
        if let Some(target) = request.targets.first() {
            let found = target.column.clone();
            return Err(RequestError::UnknownCondition { found, known: vec!["nothing".to_owned()] });
        }
        let not_possible =
            |what: &str| Err(RequestError::NotPossible { kind: self.0, what: what.to_owned() });
        if request.formula.is_some() {
            return not_possible("keep a formula");
        }
        if request.fixed.is_some() {
            return not_possible("keep a part of a structure");
        }
        Ok(request.space.check()?)
    }

    fn sample(
        &self,
        request: &Request,
        seed: u64,
        numbers: &[u64],
    ) -> Result<Vec<Option<Sample>>, RequestError> {
        self.check(request)?;
        in_batches(numbers, self.batch(), |batch| {
            let sample = |crystal| Sample { crystal, log_likelihood: None, predicted: Default::default() };
            let crystals = self.propose(request, seed, batch)?;
            Ok(crystals.into_iter().map(|crystal| crystal.map(sample)).collect())
        })
    }

    fn batch(&self) -> usize {
        BATCH as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breeding::Constraints;
    use crate::crystals::DesignSpace;

    #[test]
    fn samples_depend_on_seed_and_number_alone() {
        let space = DesignSpace::new(["Li", "Mg", "Ti", "O", "F"].map(|symbol| symbol.parse().unwrap()));
        let request = Request::new(space);
        for name in Baseline::NAMES {
            let baseline = Baseline::named(name).unwrap();
            let all: Vec<u64> = (0..60).collect();
            let samples = baseline.sample(&request, 3, &all).unwrap();
            let some = baseline.sample(&request, 3, &[59, 4]).unwrap();
            assert_eq!(some, [samples[59].clone(), samples[4].clone()]);
            assert!(samples.iter().flatten().count() >= 50, "{name}");
            let inside = |sample: &Sample| request.space.check_design(&sample.crystal).is_ok();
            assert!(samples.iter().flatten().all(inside));
        }
        assert_eq!(Baseline::named("nsga3"), None);
    }

    #[test]
    fn what_they_cannot_do_is_refused() {
        let mut request = Request::new(DesignSpace::new(["Na", "Cl"].map(|symbol| symbol.parse().unwrap())));
        request.formula = Some("NaCl".parse().unwrap());
        let error = Baseline::named("random").unwrap().check(&request).unwrap_err();
        assert_eq!(error.to_string(), "random cannot keep a formula");
    }
}
