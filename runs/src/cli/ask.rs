//! `druse ask`

use std::path::{Path, PathBuf};

use crate::feedback::{self, AskOptions, Batch, FeedbackError, Pick, TEMPLATE};
use clap::Args;
use serde_json::json;

use super::Global;
use super::failure::Failure;
use super::output::{self, write_folder};

#[derive(Args)]
pub struct Arguments {
    /// Folder of a campaign, running or done
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Most candidates of the batch
    #[arg(short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Write the structures and a table to fill in (measure.csv) to this folder
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Standard deviation of an objective's prediction from the truth, in its unit, before anything is
    /// measured; may be given for several
    #[arg(long, value_name = "OBJECTIVE=X", value_parser = doubt)]
    doubt: Vec<(String, f64)>,
}

fn doubt(text: &str) -> Result<(String, f64), String> {
    let (name, number) = text.rsplit_once('=').ok_or("expected OBJECTIVE=NUMBER")?;
    let number = number.parse().map_err(|_| format!("found '{number}', expected a number"))?;
    Ok((name.to_owned(), number))
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let options = AskOptions {
        count: usize::try_from(arguments.count).unwrap_or(usize::MAX),
        doubts: arguments.doubt.iter().cloned().collect(),
    };
    let batch = feedback::ask(&arguments.folder, &global.plugins, &options)?;
    if let Some(folder) = &arguments.to {
        let mut files: Vec<(String, String)> =
            batch.files().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        files.push((TEMPLATE.to_owned(), batch.template.clone()));
        write_folder(folder, &files)?;
    }
    if !global.json_on_stdout() {
        output::print(&text(&batch, options.count))?;
        if let Some(folder) = &arguments.to {
            global.note(&hint(&arguments.folder, folder));
        }
    }
    global.write_json(&json!(batch))
}

fn hint(campaign: &Path, folder: &Path) -> String {
    let table = folder.join(TEMPLATE);
    format!(
        "\nstructures: {}; fill in {table} and say: druse tell {} {table}",
        folder.display(),
        campaign.display(),
        table = table.display(),
    )
}

fn text(batch: &Batch, wanted: usize) -> String {
    let mut text = format!(
        "{} of {} candidates that are not measured; {} measured\n",
        batch.picks.len(),
        batch.open,
        batch.measured
    );
    for doubt in batch.doubts.iter().filter(|doubt| doubt.doubt > 0.0) {
        let unit = if doubt.unit == "1" { String::new() } else { format!(" {}", doubt.unit) };
        let measured = match doubt.measured {
            0 => String::new(),
            n => format!("; {n} measured"),
        };
        text += &format!(
            "doubt of {}: ±{:.3}{unit} ({}{measured})\n",
            doubt.objective,
            doubt.doubt,
            doubt.from.words()
        );
    }
    for pick in &batch.picks {
        text += &format!("\n{}", describe(pick));
    }
    if batch.picks.len() < wanted && batch.picks.len() < batch.open {
        text += "\nthe others are not expected to add anything; a larger --doubt would let them\n";
    }
    text
}

fn describe(pick: &Pick) -> String {
    let shape = pick.shape.as_deref().map_or_else(String::new, |shape| format!(", {shape}"));
    let mut text = format!("{:>3}  {}{shape}, candidate {}\n", pick.place, pick.formula, pick.candidate);
    let values: Vec<String> =
        pick.predicted.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    text += &format!("     {}\n     {}\n", pick.file, values.join(", "));
    for reason in &pick.reasons {
        text += &format!("     - {reason}\n");
    }
    text
}

impl From<FeedbackError> for Failure {
    fn from(error: FeedbackError) -> Self {
        match error {
            FeedbackError::Campaign(error) => error.into(),
            error => Self::input(error),
        }
    }
}
