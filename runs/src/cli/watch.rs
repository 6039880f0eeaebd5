//! A running campaign on the terminal: a bar, or a line a step where there is no terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use crate::engine::{Event, Observer};
use crate::store::{Status, StepRow};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Global;
use super::summary::duration;

const TEMPLATE: &str = "{bar:24} {pos} of {len} evaluated{msg}";

/// Listens to a campaign and shows how far it is.
pub struct Watch {
    quiet: bool,
    bar: Option<ProgressBar>,
    /// Text for the first line, until the campaign has started.
    folder: String,
    /// What goes on with it.
    program: &'static str,
    budget: OnceLock<u64>,
}

impl Watch {
    /// Shows a campaign in `folder`.
    pub fn new(global: &Global, folder: &Path) -> Self {
        let bar = (!global.quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            // The template is a constant that a test draws.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            bar
        });
        let folder = folder.display().to_string();
        Self { quiet: global.quiet, bar, folder, program: global.program(), budget: OnceLock::new() }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn started(&self, evaluated: u64, budget: u64) {
        // Told once only.
        let _ = self.budget.set(budget);
        let text = match evaluated {
            0 => format!(
                "{budget} candidates to evaluate; after a stop: {} resume {}",
                self.program, self.folder
            ),
            _ => format!("{evaluated} of {budget} candidates are evaluated; going on"),
        };
        match &self.bar {
            Some(bar) => {
                bar.set_length(budget);
                bar.set_position(evaluated);
                bar.println(text);
                bar.enable_steady_tick(Duration::from_millis(250));
            }
            None => eprintln!("{text}"),
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    fn step_finished(&self, step: &StepRow) {
        let volume = step.hypervolume.map_or_else(String::new, |x| format!(", hypervolume {x:.3}"));
        match &self.bar {
            Some(bar) => {
                // Duplicates were counted as evaluated until now.
                bar.set_position(step.evaluated);
                bar.set_message(format!(", front {}{volume}", step.front));
            }
            None => eprintln!(
                "step {}: {} of {} evaluated, front {}{volume}, {}",
                step.step,
                step.evaluated,
                self.budget.get().copied().unwrap_or(0),
                step.front,
                duration(step.seconds)
            ),
        }
    }
}

impl Observer for Watch {
    fn notice(&self, event: &Event<'_>) {
        if let Event::Waiting { text } = event {
            // A campaign that waits for somebody must say so, whoever wants it quiet.
            return self.say(text);
        }
        if self.quiet {
            return;
        }
        match event {
            Event::Started { evaluated, budget } => self.started(*evaluated, *budget),
            Event::Measured { values } => eprintln!("{values} measured values take the place of predictions"),
            Event::CandidateDone { status: Status::Evaluated, .. } => {
                self.bar.iter().for_each(|bar| bar.inc(1));
            }
            Event::TakenOver { holder } => {
                let text =
                    format!("{holder} stopped in the middle of this campaign; going on after its last step");
                match &self.bar {
                    Some(bar) => bar.println(text),
                    None => eprintln!("{text}"),
                }
            }
            Event::StepFinished { step } => self.step_finished(step),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_well_formed() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
