//! Test problems with known fronts, to verify searches.

use super::{Evaluation, VectorProblem};

/// ZDT1 (Zitzler, Deb and Thiele, Evol. Comput. 8, 173 (2000)): two objectives, front
/// `f2 = 1 - sqrt(f1)`, hypervolume 0.876667 from (1.1, 1.1).
#[derive(Clone, Debug)]
pub struct Zdt1 {
    bounds: Vec<(f64, f64)>,
}

impl Zdt1 {
    /// The problem in `variables` variables, 30 in the literature.
    pub fn new(variables: usize) -> Self {
        Self { bounds: vec![(0.0, 1.0); variables] }
    }
}

impl VectorProblem for Zdt1 {
    fn bounds(&self) -> &[(f64, f64)] {
        &self.bounds
    }

    fn evaluate(&self, x: &[f64]) -> Evaluation {
        let Some((first, rest)) = x.split_first() else { return Evaluation::feasible(vec![0.0, 1.0]) };
        let g = 1.0 + 9.0 * rest.iter().sum::<f64>() / rest.len().max(1) as f64;
        Evaluation::feasible(vec![*first, g * (1.0 - (first / g).sqrt())])
    }
}

/// DTLZ2 (Deb et al., CEC 2002): the front is the part of the unit sphere with positive
/// coordinates; hypervolume 0.807401 from (1.1, 1.1, 1.1) with three objectives.
#[derive(Clone, Debug)]
pub struct Dtlz2 {
    bounds: Vec<(f64, f64)>,
    objectives: usize,
}

impl Dtlz2 {
    /// The problem in `variables` variables (at least `objectives`) and at least one objective; 12
    /// and 3 in the literature.
    pub fn new(variables: usize, objectives: usize) -> Self {
        let objectives = objectives.max(1);
        Self { bounds: vec![(0.0, 1.0); variables.max(objectives)], objectives }
    }
}

impl VectorProblem for Dtlz2 {
    fn bounds(&self) -> &[(f64, f64)] {
        &self.bounds
    }

    fn evaluate(&self, x: &[f64]) -> Evaluation {
        let (angles, rest) = x.split_at(self.objectives - 1);
        let mut radius = 1.0 + rest.iter().map(|x| (x - 0.5).powi(2)).sum::<f64>();
        let mut costs = vec![0.0; self.objectives];
        // f_m = r sin a_1; f_{m-1} = r cos a_1 sin a_2; ...; f_1 = r cos a_1 cos a_2 ...
        for (cost, angle) in costs.iter_mut().rev().zip(angles) {
            let (sine, cosine) = (angle * std::f64::consts::FRAC_PI_2).sin_cos();
            *cost = radius * sine;
            radius *= cosine;
        }
        costs[0] = radius;
        Evaluation::feasible(costs)
    }
}
