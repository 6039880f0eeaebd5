//! From noise to structures of given elements.
//!
//! The ordinary differential equation of the flow, `dx/ds = -v(x, s)`, from `s = 1` to 0. Steps shrink
//! towards the end, where atoms fall into place (the schedule of Karras et al., arXiv:2206.00364). Before
//! each step in the middle some noise is added again and removed by a step that is longer by as much: the
//! corrector, which mends errors of earlier steps (their stochastic sampler).

use druse_representations::nalgebra::{Matrix3, Vector3};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::learner::MatrixDiffusion;
use super::super::noising::{VELOCITY, point, strain_noise};
use super::super::state::{Batch, State, from_mandel, length_scale};
use super::plan::Plan;
use crate::learned::Labels;
use crate::learned::matrix::strain::{PLACES, cell_of, deviator};

/// Last amount of noise before none.
const LAST: f64 = 0.02;
/// Exponent of the schedule.
const CURVE: f64 = 2.0;
/// Noise that the corrector adds, as a share of what is there, and the amounts that it works between.
const CORRECTOR: f64 = 0.15;
const CORRECTED: (f64, f64) = (0.04, 0.8);
/// Standard deviation of the corrector's noise in the units of the velocities for amount 1, per component.
const SPREAD: f64 = 0.8;
/// The strain may not leave this range (logarithm of lengths in Å) on the way.
const STRAIN_RANGE: f64 = 5.0;

/// Rate of change per crystal: fractional coordinates and strain.
struct Velocity {
    frac: Vec<Vector3<f64>>,
    strain: Matrix3<f64>,
}

/// Structures of these elements, one for each; `samples` are the places of their random streams.
pub fn structures(
    model: &MatrixDiffusion,
    plan: &Plan,
    elements: &[&[u8]],
    labels: &[Labels],
    samples: &[usize],
    rngs: &mut [ChaCha8Rng],
) -> Vec<State> {
    let mut states: Vec<State> =
        elements.iter().zip(samples).map(|(z, &i)| start(plan, z, &mut rngs[i])).collect();
    let amounts = schedule(plan.steps);
    for step in amounts.windows(2) {
        let (now, next) = (step[0], step[1]);
        let mut from = now;
        if (CORRECTED.0..=CORRECTED.1).contains(&now) {
            from = (now * (1.0 + CORRECTOR)).min(1.0);
            let added = (from * from - now * now).sqrt();
            states.iter_mut().zip(samples).for_each(|(state, &i)| shake(plan, state, added, &mut rngs[i]));
        }
        set_noise(plan, &mut states, from);
        let velocities = velocities(model, plan, &states, labels);
        for (state, velocity) in states.iter_mut().zip(&velocities) {
            advance(plan, state, velocity, from - next);
        }
    }
    set_noise(plan, &mut states, 0.0);
    states
}

/// Amounts of noise from 1 to 0.
fn schedule(steps: usize) -> Vec<f64> {
    let last = LAST.powf(1.0 / CURVE);
    let mut amounts: Vec<f64> =
        (0..steps).map(|k| (1.0 + (last - 1.0) * k as f64 / (steps.max(2) - 1) as f64).powf(CURVE)).collect();
    amounts.push(0.0);
    amounts
}

/// Pure noise, but for what is fixed.
fn start(plan: &Plan, elements: &[u8], rng: &mut ChaCha8Rng) -> State {
    let n = elements.len();
    let mut state = State {
        strain: strain_noise(n, rng),
        frac: (0..n).map(|_| point(rng)).collect(),
        elements: elements.to_vec(),
        noise: vec![1.0; n],
        cell_noise: 1.0,
    };
    if let Some(fixed) = &plan.fixed {
        state.frac[..fixed.frac.len()].copy_from_slice(&fixed.frac);
        state.strain = fixed.strain.unwrap_or(state.strain);
    }
    state
}

fn fixed_atoms(plan: &Plan) -> usize {
    plan.fixed_elements().len()
}

fn fixed_cell(plan: &Plan) -> bool {
    plan.fixed.as_ref().is_some_and(|fixed| fixed.strain.is_some())
}

fn set_noise(plan: &Plan, states: &mut [State], amount: f64) {
    let fixed = fixed_atoms(plan);
    for state in states {
        state.noise.iter_mut().enumerate().for_each(|(i, s)| *s = if i < fixed { 0.0 } else { amount });
        state.cell_noise = if fixed_cell(plan) { 0.0 } else { amount };
    }
}

/// Adds noise: as much as the flow has at this amount.
fn shake(plan: &Plan, state: &mut State, amount: f64, rng: &mut ChaCha8Rng) {
    let n = state.frac.len();
    let fixed = fixed_atoms(plan);
    let unit = VELOCITY * length_scale(&state.strain, n) * SPREAD * amount;
    let Some(inverse) = cell_of(&state.strain).try_inverse() else { return };
    let mut kicks: Vec<Vector3<f64>> = (fixed..n)
        .map(|_| {
            let kick = Vector3::from_fn(|_, _| StandardNormal.sample(rng));
            inverse.tr_mul(&(kick * unit))
        })
        .collect();
    if fixed == 0 {
        centre(&mut kicks);
    }
    state.frac[fixed..].iter_mut().zip(kicks).for_each(|(x, kick)| *x += kick);
    if !fixed_cell(plan) {
        // Volumes are found early: only the shape is shaken.
        state.strain += deviator(&strain_noise(n, rng)) * amount;
    }
}

/// Velocities from noise to crystal, guided by the labels.
fn velocities(model: &MatrixDiffusion, plan: &Plan, states: &[State], labels: &[Labels]) -> Vec<Velocity> {
    let batch = Batch::new(states, model.config.neighbours);
    let mut output = model.structure(&batch, labels);
    if plan.guidance != 1.0 && labels.iter().flatten().any(Option::is_some) {
        let plain = model.structure(&batch, &vec![model.conditions.absent(); labels.len()]);
        output.velocity = &plain.velocity + (&output.velocity - &plain.velocity) * plan.guidance;
        output.strain = &plain.strain + (&output.strain - &plain.strain) * plan.guidance;
    }
    let atoms = Vec::<Vec<f32>>::try_from(&output.velocity).unwrap_or_default();
    let strains = Vec::<Vec<f32>>::try_from(&output.strain).unwrap_or_default();
    let mut first = 0;
    states
        .iter()
        .zip(strains)
        .map(|(state, strain)| {
            let n = state.frac.len();
            let unit = VELOCITY * length_scale(&state.strain, n);
            let inverse = cell_of(&state.strain).try_inverse().unwrap_or_else(Matrix3::zeros);
            let mut frac: Vec<Vector3<f64>> = atoms[first..first + n]
                .iter()
                .map(|v| inverse.tr_mul(&Vector3::from_fn(|k, _| f64::from(v[k]) * unit)))
                .collect();
            first += n;
            if fixed_atoms(plan) == 0 {
                centre(&mut frac);
            }
            let strain: Vec<f64> = strain.into_iter().map(f64::from).collect();
            Velocity { frac, strain: from_mandel(&strain) }
        })
        .collect()
}

/// Moves on by an amount of noise.
fn advance(plan: &Plan, state: &mut State, velocity: &Velocity, by: f64) {
    let fixed = fixed_atoms(plan);
    for (x, v) in state.frac.iter_mut().zip(&velocity.frac).skip(fixed) {
        let moved = *x + v * by;
        if moved.iter().all(|x| x.is_finite()) {
            *x = moved.map(|x| x - x.floor());
        }
    }
    if !fixed_cell(plan) {
        let strain = state.strain + velocity.strain * by;
        if PLACES.iter().all(|&place| strain[place].abs() < STRAIN_RANGE) {
            state.strain = strain;
        }
    }
}

/// Takes away what all have in common.
fn centre(all: &mut [Vector3<f64>]) {
    let mean = all.iter().sum::<Vector3<f64>>() / all.len().max(1) as f64;
    all.iter_mut().for_each(|x| *x -= mean);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_fall_from_one_to_zero() {
        for steps in [1, 2, 50] {
            let amounts = schedule(steps);
            assert_eq!((amounts.len(), amounts[0], amounts[steps]), (steps + 1, 1.0, 0.0));
            assert!(amounts.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }
}
