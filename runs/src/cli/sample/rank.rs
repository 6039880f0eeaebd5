//! The best samples by what the model itself knows.

use crate::generators::learned::{ABOVE_HULL, Sample};

use super::super::failure::Failure;

/// What the best samples are chosen by.
pub enum Rank {
    Likelihood,
    Predicted(String),
}

impl Rank {
    pub fn of(name: Option<&str>, samples: &[(u64, Sample)]) -> Result<Self, Failure> {
        let known: Vec<&String> = samples.first().map_or(Vec::new(), |(_, s)| s.predicted.keys().collect());
        let likely = samples.iter().all(|(_, sample)| sample.log_likelihood.is_some());
        let predicts = |name: &str| known.iter().any(|column| *column == name);
        match name {
            Some("likelihood") if likely => Ok(Self::Likelihood),
            Some(name) if predicts(name) => Ok(Self::Predicted(name.to_owned())),
            None => ABOVE_HULL
                .into_iter()
                .find(|name| predicts(name))
                .map(|name| Self::Predicted(name.to_owned()))
                .or(likely.then_some(Self::Likelihood))
                .ok_or_else(|| Failure::input("--best-of: the model knows neither likelihoods nor energies")),
            Some(name) => {
                let mut all: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
                all.extend(likely.then_some("likelihood"));
                Err(Failure::input(format!("--rank-by: found '{name}', expected one of {}", all.join(", "))))
            }
        }
    }

    pub fn words(&self) -> String {
        match self {
            Self::Likelihood => "likelihood".to_owned(),
            Self::Predicted(column) => format!("least predicted {column}"),
        }
    }

    /// Keeps the best `count`, in order of their numbers.
    pub fn keep_best(&self, samples: &mut Vec<(u64, Sample)>, count: usize) {
        let badness = |sample: &Sample| match self {
            Self::Likelihood => -sample.log_likelihood.unwrap_or(f64::NEG_INFINITY),
            Self::Predicted(column) => sample.predicted.get(column).copied().unwrap_or(f64::INFINITY),
        };
        samples.sort_by(|(_, a), (_, b)| badness(a).total_cmp(&badness(b)));
        samples.truncate(count);
        samples.sort_by_key(|(number, _)| *number);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_best_are_kept_in_order() {
        let crystal = crate::datasets::prototypes::prototypes()[0].code().to_primitive().unwrap();
        let sample = |number: u64, energy: f64| {
            let predicted = BTreeMap::from([("e_hull".to_owned(), energy)]);
            (number, Sample { crystal: crystal.clone(), log_likelihood: Some(energy), predicted })
        };
        let all = vec![sample(0, 0.3), sample(1, 0.1), sample(2, 0.2), sample(5, 0.4)];
        let best = |name: Option<&str>| {
            let mut samples = all.clone();
            Rank::of(name, &samples).unwrap().keep_best(&mut samples, 2);
            samples.iter().map(|(number, _)| *number).collect::<Vec<_>>()
        };
        assert_eq!(best(None), [1, 2]);
        assert_eq!(best(Some("likelihood")), [0, 5]);
        assert!(Rank::of(Some("gap"), &all).is_err());
    }
}
