//! How columns become outputs of the network, and back.

use crate::learned::{Column, Conditions, Label, Scale};

use super::CrystalPropertiesConfig;

/// Orders of magnitude that count as one standard deviation.
const DECADES: f64 = 0.4;

/// What is learnt of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    /// Name of the column.
    pub name: String,
    /// Place among the conditions.
    pub place: usize,
    /// How its numbers are read.
    pub kind: ReadingKind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ReadingKind {
    /// Numbers of this mean and standard deviation within this range: a gap that is said is not below 0.
    Linear { mean: f64, sd: f64, range: [f64; 2] },
    /// Logarithms (base 10) about this one.
    Logarithm { mean: f64 },
    /// 0 or 1.
    Chance,
}

impl Reading {
    /// The readings of all columns that are numbers.
    pub fn all(conditions: &Conditions, config: &CrystalPropertiesConfig) -> Vec<Self> {
        let reading = |(place, column): (usize, &Column)| {
            let Scale::Number { mean, sd, range } = column.scale else { return None };
            // Numbers between 0 and 1 have this variance when they are all 0 or 1, and otherwise a smaller one.
            let chance = range == [0.0, 1.0] && (sd * sd - mean * (1.0 - mean)).abs() < 1e-9;
            let kind = if config.logarithmic.contains(&column.name) {
                ReadingKind::Logarithm { mean: mean.max(1e-9).log10() }
            } else if chance {
                ReadingKind::Chance
            } else {
                ReadingKind::Linear { mean, sd, range }
            };
            Some(Self { name: column.name.clone(), place, kind })
        };
        conditions.columns.iter().enumerate().filter_map(reading).collect()
    }

    /// A label as the network is to say it; `None` where there is none.
    pub fn target(&self, label: Option<&Label>) -> Option<f64> {
        let Some(&Label::Number(x)) = label else { return None };
        match self.kind {
            ReadingKind::Linear { mean, sd, .. } => Some((x - mean) / sd),
            ReadingKind::Logarithm { mean } => (x > 0.0).then(|| (x.log10() - mean) / DECADES),
            ReadingKind::Chance => Some(x),
        }
    }

    /// Value and doubt (a standard deviation) in the units of the column. `said` holds the outputs of each member: the expected
    /// value and the logarithm of the expected mean error.
    pub fn estimate(&self, said: &[[f64; 2]]) -> (f64, f64) {
        let count = said.len() as f64;
        let mean_of = |f: &dyn Fn(&[f64; 2]) -> f64| said.iter().map(f).sum::<f64>() / count;
        if self.kind == ReadingKind::Chance {
            let chance = |one: &[f64; 2]| 1.0 / (1.0 + (-one[0]).exp());
            let mean = mean_of(&chance);
            return (mean, mean_of(&|one| (chance(one) - mean).powi(2)).sqrt());
        }
        let mean = mean_of(&|one| one[0]);
        // The variance of a Laplace distribution is twice the square of its scale.
        let doubt = mean_of(&|one| (one[0] - mean).powi(2) + 2.0 * (2.0 * one[1]).exp()).sqrt();
        match self.kind {
            ReadingKind::Linear { mean: middle, sd, range: [low, high] } => {
                ((middle + sd * mean).clamp(low, high), sd * doubt)
            }
            ReadingKind::Logarithm { mean: middle } => {
                let value = 10f64.powf(middle + DECADES * mean);
                (value, value * std::f64::consts::LN_10 * DECADES * doubt)
            }
            ReadingKind::Chance => (mean, doubt),
        }
    }
}
