//! How far long work has come: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::Global;

/// Time between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Progress of work on a known number of things; may be told from several threads.
pub struct Progress {
    what: &'static str,
    total: u64,
    start: Instant,
    shown: Shown,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines(Mutex<State>),
}

struct State {
    done: u64,
    last: Instant,
}

impl Progress {
    /// Starts; `what` is what is counted, for instance `structures`.
    pub fn start(global: &Global, what: &'static str, total: usize) -> Self {
        let start = Instant::now();
        let total = total as u64;
        let shown = if global.quiet {
            Shown::Nothing
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            // The template is a constant that a test draws.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style.with_key(
                    "rate",
                    |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                        // Writing to the terminal's line cannot fail in a way that matters.
                        let _ = write!(out, "{:.1} per second", state.per_sec());
                    },
                ));
            }
            bar.set_message(what);
            bar.enable_steady_tick(Duration::from_millis(250));
            Shown::Bar(bar)
        } else {
            Shown::Lines(Mutex::new(State { done: 0, last: start }))
        };
        Self { what, total, start, shown }
    }

    /// One more is done.
    pub fn step(&self) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.inc(1),
            Shown::Lines(state) => {
                let Ok(mut state) = state.lock() else { return };
                state.done += 1;
                if state.last.elapsed() >= PLAIN_EVERY {
                    state.last = Instant::now();
                    let rate = state.done as f64 / self.start.elapsed().as_secs_f64();
                    let left = (self.total - state.done) as f64 / rate;
                    let (done, total, what) = (state.done, self.total, self.what);
                    eprintln!("{done} of {total} {what}, {rate:.1} per second, {left:.0} s left");
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

const TEMPLATE: &str = "{bar:30} {pos} of {len} {msg}, {rate}, {eta} left";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_well_formed() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
