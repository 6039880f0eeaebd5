//! How a model is trained.

use serde::{Deserialize, Serialize};

use crate::learned::nets::Precision;

/// How a model is trained; what the result depends on is written into its card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainOptions {
    /// Seed of weights, order, noise and dropped labels.
    pub seed: u64,
    /// Steps of the optimiser.
    pub steps: u64,
    /// Ends after this many minutes over all runs, the schedule shortened to fit. A run that is
    /// ended by the clock cannot be repeated bit by bit.
    pub minutes: Option<f64>,
    /// Structures per step.
    pub batch: usize,
    /// Parts of a batch whose gradients are computed side by side; fixed, so that the result does not
    /// depend on the number of threads.
    pub shards: usize,
    /// Greatest learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warmup: u64,
    /// Share of the run, at its end, over which it falls to 0 again (as a line).
    pub cooldown: f64,
    /// Decoupled weight decay of AdamW, of matrices only.
    pub weight_decay: f64,
    /// Gradients are shortened to this norm.
    pub clip: f64,
    /// Decay of the moving average of the weights per step.
    pub ema: f64,
    /// Probability that one label is dropped.
    pub drop_label: f64,
    /// Probability that all labels are dropped.
    pub drop_all: f64,
    /// Precision of the products of matrices.
    pub precision: Precision,
    /// Crystals that are only judged, for every one that is learnt from; nothing without such crystals.
    pub judged: f64,
    /// Strength of balancing over space groups and elements, 0 none to 1 full.
    pub balance: f64,
    /// Steps between two looks at the validation loss (of the averaged weights).
    pub validate_every: u64,
    /// Looks without a better validation loss after which training stops; 0 never.
    pub patience: u64,
    /// Whether the weights of the least validation loss are kept, rather than the last.
    pub keep_best: bool,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            steps: 20_000,
            minutes: None,
            batch: 128,
            shards: 2,
            learning_rate: 5e-4,
            warmup: 200,
            cooldown: 0.2,
            weight_decay: 0.01,
            clip: 1.0,
            ema: 0.999,
            drop_label: 0.3,
            drop_all: 0.15,
            precision: Precision::Float32,
            judged: 0.25,
            balance: 0.0,
            validate_every: 500,
            patience: 0,
            keep_best: true,
        }
    }
}

/// A number of [`TrainOptions`] that makes no training.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("training option {name}: found {found}, expected {expected}")]
pub struct BadOption {
    /// Field.
    pub name: &'static str,
    /// Value found.
    pub found: String,
    /// What it may be.
    pub expected: &'static str,
}

impl TrainOptions {
    /// Checks every number.
    ///
    /// # Errors
    /// Names the first that makes no sense.
    pub fn check(&self) -> Result<(), BadOption> {
        let refuse = |name, found: String, expected| Err(BadOption { name, found, expected });
        let counts = [
            ("batch", self.batch as u64),
            ("shards", self.shards as u64),
            ("validate_every", self.validate_every),
        ];
        if let Some((name, _)) = counts.into_iter().find(|&(_, count)| count == 0) {
            return refuse(name, "0".into(), "1 or more");
        }
        let shares = [
            ("cooldown", self.cooldown),
            ("ema", self.ema),
            ("drop_label", self.drop_label),
            ("drop_all", self.drop_all),
            ("judged", self.judged),
            ("balance", self.balance),
        ];
        if let Some((name, found)) = shares.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return refuse(name, found.to_string(), "0 to 1");
        }
        let positive = [("learning_rate", self.learning_rate), ("clip", self.clip)]
            .into_iter()
            .chain(self.minutes.map(|minutes| ("minutes", minutes)));
        if let Some((name, found)) = positive.into_iter().find(|(_, x)| !(x.is_finite() && *x > 0.0)) {
            return refuse(name, found.to_string(), "a positive number");
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            return refuse("weight_decay", self.weight_decay.to_string(), "0 or a positive number");
        }
        Ok(())
    }

    /// Share of the run that is over after `step` steps and these minutes, 0 to 1.
    pub fn progress(&self, step: u64, minutes: f64) -> f64 {
        let steps = if self.steps == 0 { 1.0 } else { step as f64 / self.steps as f64 };
        steps.max(self.minutes.map_or(0.0, |most| minutes / most)).min(1.0)
    }

    /// Whether the learning rate falls already when `progress` of the run is over.
    pub fn cools(&self, progress: f64) -> bool {
        self.cooldown > 0.0 && progress > 1.0 - self.cooldown
    }

    /// Learning rate of a step when `progress` (0 to 1) of the run is over: constant but for a rise at
    /// the beginning and a fall at the end, so that a run can be made longer from where its fall began
    /// (Hägele et al., arXiv:2405.18392).
    pub fn rate(&self, step: u64, progress: f64) -> f64 {
        let rise = ((step + 1) as f64 / self.warmup.max(1) as f64).min(1.0);
        let fall =
            if self.cools(progress) { ((1.0 - progress) / self.cooldown).clamp(0.0, 1.0) } else { 1.0 };
        self.learning_rate * rise * fall
    }

    /// What differs from the options of a checkpoint that may not: a continued training changes how
    /// long it takes, how fast it learns and when it is looked at, nothing else.
    pub fn changed(&self, checkpoint: &Self) -> Option<&'static str> {
        let Self {
            seed,
            batch,
            shards,
            weight_decay,
            clip,
            ema,
            drop_label,
            drop_all,
            precision,
            judged,
            balance,
            ..
        } = self;
        let c = checkpoint;
        [
            ("seed", *seed == c.seed),
            ("batch", *batch == c.batch),
            ("shards", *shards == c.shards),
            ("weight_decay", *weight_decay == c.weight_decay),
            ("clip", *clip == c.clip),
            ("ema", *ema == c.ema),
            ("drop_label", *drop_label == c.drop_label),
            ("drop_all", *drop_all == c.drop_all),
            ("precision", *precision == c.precision),
            ("judged", *judged == c.judged),
            ("balance", *balance == c.balance),
        ]
        .into_iter()
        .find_map(|(name, same)| (!same).then_some(name))
    }

    /// Whether the schedule of the learning rate is another one than that of a checkpoint.
    pub fn reschedules(&self, checkpoint: &Self) -> bool {
        (self.steps, self.minutes, self.cooldown, self.learning_rate)
            != (checkpoint.steps, checkpoint.minutes, checkpoint.cooldown, checkpoint.learning_rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_stays_and_falls() {
        let options = TrainOptions { steps: 1000, warmup: 10, ..TrainOptions::default() };
        let rate = |step| options.rate(step, options.progress(step, 0.0)) / options.learning_rate;
        assert!((rate(0) - 0.1).abs() < 1e-12);
        assert_eq!((rate(10), rate(800)), (1.0, 1.0));
        assert!((rate(900) - 0.5).abs() < 1e-12 && rate(1000) == 0.0);
        let timed = TrainOptions { minutes: Some(10.0), ..options };
        assert_eq!(timed.progress(0, 9.0), 0.9);
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        assert_eq!(TrainOptions::default().check(), Ok(()));
        let message = TrainOptions { ema: 1.5, ..TrainOptions::default() }.check().unwrap_err().to_string();
        assert_eq!(message, "training option ema: found 1.5, expected 0 to 1");
        assert!(TrainOptions { batch: 0, ..TrainOptions::default() }.check().is_err());
        assert!(TrainOptions { learning_rate: f64::NAN, ..TrainOptions::default() }.check().is_err());
    }
}
