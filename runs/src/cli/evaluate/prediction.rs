//! `druse evaluate --protocol prediction`

use super::super::Global;
use super::super::failure::Failure;
use super::{Arguments, report};
use crate::evaluation::prediction::Prediction;
use crate::evaluation::{Evaluation, Source};

pub fn run(sources: Vec<Source>, arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let test = arguments.distributions.test()?.ok_or_else(|| {
        Failure::input("--protocol prediction needs --test FILE: the structures that were to be met")
    })?;
    let prediction = Prediction { test: &test, seed: arguments.seed(global) };
    let evaluations: Vec<Evaluation> = sources
        .into_iter()
        .map(|source| match source {
            Source::Set(set) => prediction.evaluate(&set),
            Source::Done(evaluation) => *evaluation,
        })
        .collect();
    report::write(&evaluations, prediction.columns(), &arguments.sets, global)
}
