//! Objectives and generators that programs of the user's stand behind.

use druse_fitness::process::{Client, ClientError, ProcessObjective};
use druse_fitness::{Goal, Objective};
use druse_generators::breeding::Constraints;
use druse_generators::{External, Generator};
use druse_representations::Exchange;

use crate::config::{ObjectiveSpec, ProgramObjective, ProgramSetting};

/// The objective of `spec` behind its program, which is started.
///
/// # Errors
/// When the program cannot be started or does not introduce itself.
pub(crate) fn objective<D: Exchange>(
    spec: &ObjectiveSpec,
    program: &ProgramObjective,
) -> Result<Box<dyn Objective<D>>, ClientError> {
    let client = Client::start(program.program.spec())?;
    let goal = spec.goal.unwrap_or(Goal::Minimise);
    let stamp = format!("command sha256 {}", &program.program.digest()[..16]);
    Ok(Box::new(ProcessObjective::new(&spec.name, goal, &program.unit, client).with_stamp(stamp)))
}

/// The generator behind a program, which is started; designs outside the constraints are left out.
///
/// # Errors
/// As [`objective`].
pub(crate) fn generator<D: Exchange>(
    program: &ProgramSetting,
    seed: u64,
    constraints: impl Constraints<D> + Send + 'static,
) -> Result<Box<dyn Generator<D>>, ClientError> {
    let client = Client::start(program.spec())?;
    Ok(Box::new(External::new("process", seed, client, Box::new(constraints))))
}
