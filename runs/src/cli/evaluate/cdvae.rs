//! `druse evaluate --protocol cdvae`

use super::super::Global;
use super::super::failure::Failure;
use super::{Arguments, of_set, report};
use crate::evaluation::cdvae::Cdvae;
use crate::evaluation::{Evaluation, Source, read_sets};

pub fn run(sources: Vec<Source>, arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let test = match &arguments.distributions.test {
        Some(path) => match read_sets(std::slice::from_ref(path), None).map_err(of_set)?.pop() {
            Some(Source::Set(set)) => Some(set),
            _ => return Err(Failure::input("--test: found evaluations, expected structures")),
        },
        None => None,
    };
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
