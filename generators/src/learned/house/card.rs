//! What is said of a trained model, kept within the file of its weights.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Progress, TrainOptions};
use crate::learned::{Conditions, Scale};

/// Version of the layout of files of weights.
pub const FORMAT: u32 = 1;

/// What a model is, from which data, by which command, at which cost, and how good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// [`FORMAT`]; comes first, so that newer files are told as such.
    pub format: u32,
    /// `model` or `checkpoint`.
    pub role: String,
    /// Kind of the model, for instance `symmetry-diffusion`.
    pub kind: String,
    /// Version of druse.
    pub druse: String,
    /// Sizes and settings of the network.
    pub config: Value,
    /// Conditions with their scales.
    pub conditions: Conditions,
    /// How it was trained.
    pub options: TrainOptions,
    /// From what.
    pub data: DataCard,
    /// The command.
    pub command: String,
    /// Day.
    pub date: String,
    /// Name and SHA-256 of the weights that it started from.
    pub started_from: Option<(String, String)>,
    /// Steps of the optimiser.
    pub steps: u64,
    /// Passes over the data.
    pub epochs: f64,
    /// Steps left out because loss or gradients were no numbers.
    pub skipped: u64,
    /// Wall seconds, over all runs.
    pub seconds: f64,
    /// Joules, over all runs.
    pub joules: f64,
    /// How the joules were found.
    pub joules_basis: String,
    /// Numbers in the tensors.
    pub parameters: u64,
    /// Validation loss of the weights as they are in the file, with its parts; `None` without validation
    /// data.
    pub validation: Option<Validation>,
    /// Whether the training came to its end; weights are also written with every checkpoint.
    pub finished: bool,
}

/// A validation loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// What is minimised.
    pub loss: f64,
    /// Its parts by name.
    pub parts: Vec<(String, f64)>,
    /// Step of the weights.
    pub step: u64,
}

/// The data of a training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataCard {
    /// Files of structures and of labels.
    pub files: Vec<DataFile>,
    /// Licence and attribution as the user gives them.
    pub licence: Option<String>,
    /// Which structures were wanted, in words.
    pub filter: Option<String>,
    /// How validation data were set apart, in words.
    pub split: String,
    /// Structures read.
    pub read: usize,
    /// Structures not taken, by reason.
    pub refused: Vec<(String, usize)>,
    /// Structures that were trained on.
    pub training: usize,
    /// Structures of the validation loss.
    pub validation: usize,
    /// Structures that only taught what to say of them.
    #[serde(default)]
    pub judged: usize,
    /// SHA-256 over ids, crystals and labels of both sets in order: what a continued training must meet again.
    pub sha256: String,
}

/// A file of data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// Name without folders.
    pub name: String,
    /// SHA-256.
    pub sha256: String,
}

impl Card {
    /// The card for people, as Markdown.
    pub fn markdown(&self, name: &str, sha256: &str, curve: &[Progress]) -> String {
        let mut text = format!("# Model card: {name}\n\n");
        let mut row = |what: &str, value: String| {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "| {what} | {value} |");
        };
        row("", String::new());
        row("---", "---".to_owned());
        row("kind", format!("{} (druse {}, format {})", self.kind, self.druse, self.format));
        row("parameters", self.parameters.to_string());
        let data: Vec<String> =
            self.data.files.iter().map(|file| format!("{} (SHA-256 {})", file.name, file.sha256)).collect();
        row("data", data.join(", "));
        row("licence of the data", self.data.licence.clone().unwrap_or_else(|| "not stated".to_owned()));
        row(
            "structures",
            format!(
                "{} for training, {} for validation{}; {}{}",
                self.data.training,
                self.data.validation,
                if self.data.judged > 0 {
                    format!(", {} that only taught what to say of them", self.data.judged)
                } else {
                    String::new()
                },
                self.data.split,
                self.data.filter.as_ref().map_or(String::new(), |filter| format!("; taken where {filter}"))
            ),
        );
        let refused: Vec<String> =
            self.data.refused.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        if !refused.is_empty() {
            row("not taken", refused.join("; "));
        }
        row("conditions", self.conditions.columns.iter().map(described).collect::<Vec<_>>().join(", "));
        row("command", format!("`{}`", self.command));
        if let Some((name, sum)) = &self.started_from {
            row("started from", format!("{name} (SHA-256 {sum})"));
        }
        let skipped = if self.skipped > 0 { format!(", {} left out", self.skipped) } else { String::new() };
        let state = if self.finished { "finished" } else { "not finished" };
        row("training", format!("{} steps, {:.2} epochs{skipped}; {state}", self.steps, self.epochs));
        row(
            "time and energy",
            format!("{:.0} s, {:.0} J ({})", self.seconds, self.joules, self.joules_basis),
        );
        if let Some(validation) = &self.validation {
            let parts: Vec<String> =
                validation.parts.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
            row(
                "validation loss",
                format!("{:.4} at step {} ({})", validation.loss, validation.step, parts.join(", ")),
            );
        }
        if !curve.is_empty() {
            row("looks at the validation loss", curve.len().to_string());
        }
        row("date", self.date.clone());
        row("SHA-256 (seal)", sha256.to_owned());
        text
    }
}

fn described(column: &crate::learned::Column) -> String {
    match &column.scale {
        Scale::Number { range: [least, most], .. } => format!("{} ({least:.4} to {most:.4})", column.name),
        Scale::Category(values) => format!("{} ({} values)", column.name, values.len()),
        Scale::Elements => format!("{} (sets of elements)", column.name),
    }
}
