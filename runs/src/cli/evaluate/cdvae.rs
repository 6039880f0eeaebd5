//! `druse evaluate --protocol cdvae`

use super::super::Global;
use super::super::failure::Failure;
use super::{Arguments, report};
use crate::evaluation::cdvae::Cdvae;
use crate::evaluation::{Evaluation, Source};

pub fn run(sources: Vec<Source>, arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let test = arguments.distributions.test()?;
    let properties = arguments.distributions.properties();
    let cdvae = Cdvae { test: test.as_deref(), properties: &properties, seed: arguments.seed(global) };
    let evaluations: Vec<Evaluation> = sources
        .into_iter()
        .map(|source| match source {
            Source::Set(set) => cdvae.evaluate(&set),
            Source::Done(evaluation) => *evaluation,
        })
        .collect();
    report::write(&evaluations, cdvae.columns(), &arguments.sets, global)
}
