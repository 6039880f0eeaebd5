//! Limited-memory BFGS for the smooth penalties of this module.

use std::collections::VecDeque;

/// Coordinates in up to four dimensions; the fourth is used while a shape is being found.
pub(super) type Point4 = [f64; 4];

/// Pairs of steps that are remembered.
const MEMORY: usize = 8;
/// Longest move of one coordinate in one step (Å).
const LONGEST_MOVE: f64 = 0.3;
/// Armijo's condition: share of the promised decrease that is enough.
const SUFFICIENT: f64 = 1e-4;

/// Minimises `function`, which returns the value and writes the gradient. Stops after `steps` steps or
/// when no component of the gradient exceeds `tolerance`. Returns the last value.
///
/// Two-loop recursion of Nocedal, Math. Comput. 35, 773 (1980), with backtracking.
pub(super) fn minimise(
    points: &mut [Point4],
    mut function: impl FnMut(&[Point4], &mut [Point4]) -> f64,
    steps: usize,
    tolerance: f64,
) -> f64 {
    let zero = vec![[0.0; 4]; points.len()];
    let mut gradient = zero.clone();
    let mut value = function(points, &mut gradient);
    let mut memory: VecDeque<(Vec<Point4>, Vec<Point4>, f64)> = VecDeque::with_capacity(MEMORY);
    let (mut trial, mut trial_gradient) = (zero.clone(), zero.clone());
    for _ in 0..steps {
        if largest(&gradient) <= tolerance {
            break;
        }
        let mut direction = descent(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            memory.clear();
            direction = descent(&gradient, &memory);
            slope = dot(&direction, &gradient);
        }
        let longest = largest(&direction);
        let mut scale = if longest > LONGEST_MOVE { LONGEST_MOVE / longest } else { 1.0 };
        let mut accepted = false;
        for _ in 0..12 {
            for ((t, p), d) in trial.iter_mut().zip(points.iter()).zip(&direction) {
                for c in 0..4 {
                    t[c] = p[c] + scale * d[c];
                }
            }
            let trial_value = function(&trial, &mut trial_gradient);
            if trial_value <= value + SUFFICIENT * scale * slope {
                let step = difference(&trial, points);
                let change = difference(&trial_gradient, &gradient);
                let curvature = dot(&step, &change);
                if curvature > 1e-10 {
                    if memory.len() == MEMORY {
                        memory.pop_front();
                    }
                    memory.push_back((step, change, 1.0 / curvature));
                }
                points.copy_from_slice(&trial);
                std::mem::swap(&mut gradient, &mut trial_gradient);
                value = trial_value;
                accepted = true;
                break;
            }
            scale *= 0.4;
        }
        if !accepted {
            if memory.is_empty() {
                break;
            }
            memory.clear();
        }
    }
    value
}

fn descent(gradient: &[Point4], memory: &VecDeque<(Vec<Point4>, Vec<Point4>, f64)>) -> Vec<Point4> {
    let mut direction: Vec<Point4> = gradient.iter().map(|g| g.map(|x| -x)).collect();
    let Some((_, change, inverse)) = memory.back() else {
        let scale = 0.1 / largest(gradient).max(1e-12);
        direction.iter_mut().flatten().for_each(|x| *x *= scale.min(1.0));
        return direction;
    };
    let first = 1.0 / (inverse * dot(change, change));
    let mut alphas = Vec::with_capacity(memory.len());
    for (step, change, inverse) in memory.iter().rev() {
        let alpha = inverse * dot(step, &direction);
        add(&mut direction, -alpha, change);
        alphas.push(alpha);
    }
    direction.iter_mut().flatten().for_each(|x| *x *= first);
    for ((step, change, inverse), alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = inverse * dot(change, &direction);
        add(&mut direction, alpha - beta, step);
    }
    direction
}

fn add(to: &mut [Point4], factor: f64, what: &[Point4]) {
    for (t, w) in to.iter_mut().zip(what) {
        for c in 0..4 {
            t[c] += factor * w[c];
        }
    }
}

fn difference(a: &[Point4], b: &[Point4]) -> Vec<Point4> {
    a.iter().zip(b).map(|(a, b)| [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]]).collect()
}

fn dot(a: &[Point4], b: &[Point4]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]).sum()
}

fn largest(rows: &[Point4]) -> f64 {
    rows.iter().flatten().fold(0.0, |most, x| f64::max(most, x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_of_rosenbrocks_valley_is_found() {
        let mut points = [[-1.2, 1.0, 0.0, 0.0]];
        let value = minimise(
            &mut points,
            |p, g| {
                let [x, y, ..] = p[0];
                g[0] = [-400.0 * x * (y - x * x) - 2.0 * (1.0 - x), 200.0 * (y - x * x), 0.0, 0.0];
                100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
            },
            200,
            1e-8,
        );
        assert!(value < 1e-12, "{value}");
        assert!((points[0][0] - 1.0).abs() < 1e-6);
    }
}
