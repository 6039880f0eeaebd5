//! Units, tasks and outcomes for tests.

use serde_json::json;

use super::stamp::{Identity, NotMeasured, Reading, ResultHeader, Stamp, digest, digest_of};
use crate::engine::{Evaluate, ObjectiveInfo, Outcome, Stage, Task};
use crate::store::Status;

pub(crate) fn task(number: u64) -> Task {
    Task {
        number,
        design: json!({"x": number as f64 / 3.0}),
        known: Default::default(),
        values: Default::default(),
    }
}

pub(crate) fn outcome(number: u64) -> Outcome {
    let mut outcome = Outcome::failed(number, "test", "to be replaced");
    (outcome.status, outcome.reason, outcome.stage) = (Status::Evaluated, None, None);
    outcome.objectives.insert("third".into(), number as f64 / 3.0);
    outcome
}

pub(crate) fn identity() -> Identity {
    Identity { campaign: "campaign".into(), program: "program".into() }
}

/// What [`Thirds`] makes of it.
pub(crate) fn stamp(unit: u64, tasks: &[Task]) -> Stamp {
    Stamp {
        unit,
        campaign: "campaign".into(),
        program: "program".into(),
        protocol: digest("thirds"),
        tasks: digest_of(tasks),
    }
}

pub(crate) fn header(stamp: Stamp) -> ResultHeader {
    ResultHeader {
        stamp,
        host: "host".into(),
        attempt: 1,
        wall_seconds: 1.0,
        cpu_seconds: 0.5,
        energy: Reading::None(NotMeasured::NotMeasured),
    }
}

/// Divides by three, two by two.
pub(crate) struct Thirds;

impl Evaluate for Thirds {
    fn stages(&self) -> Vec<Stage> {
        Vec::new()
    }
    fn objectives(&self) -> Vec<ObjectiveInfo> {
        Vec::new()
    }
    fn protocol(&self) -> String {
        "thirds".into()
    }
    fn batch(&self) -> usize {
        2
    }
    fn evaluate(&self, tasks: &[Task]) -> Vec<Outcome> {
        tasks.iter().map(|task| outcome(task.number)).collect()
    }
}

/// [`Thirds`], with a look at every batch before it is evaluated.
pub(crate) struct Watched<F>(pub(crate) F);

impl<F: Fn(&[Task]) + Sync> Evaluate for Watched<F> {
    fn stages(&self) -> Vec<Stage> {
        Thirds.stages()
    }
    fn objectives(&self) -> Vec<ObjectiveInfo> {
        Thirds.objectives()
    }
    fn protocol(&self) -> String {
        Thirds.protocol()
    }
    fn batch(&self) -> usize {
        Thirds.batch()
    }
    fn evaluate(&self, tasks: &[Task]) -> Vec<Outcome> {
        (self.0)(tasks);
        Thirds.evaluate(tasks)
    }
}
