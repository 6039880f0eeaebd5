//! Turning ligands about their axes, and parts of them about single bonds, out of each other's way.

use druse_representations::nalgebra::{Rotation3, Unit, Vector3};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::clash::{self, Cloud};
use super::topology::{FreeBond, Topology};

type Point = Vector3<f64>;

/// First grid of angles (degrees) about the axis of a ligand; refined by halves.
const GRID: usize = 36;
/// Halvings of the grid after the first look.
const REFINEMENTS: usize = 3;
/// Turns about single bonds (degrees).
const TURNS: [f64; 5] = [60.0, 120.0, 180.0, 240.0, 300.0];
/// Sweeps over the ligands at most.
const SWEEPS: usize = 3;
/// A gain (Å²) below this ends the sweeps.
const LEAST_GAIN: f64 = 1e-3;

/// A ligand on its sites.
pub(super) struct Body {
    pub(super) points: Vec<Point>,
    /// Axis of free rotation: the direction of all its donors.
    pub(super) axis: Option<Unit<Point>>,
    pub(super) reach: Vec<f32>,
    free_bonds: Vec<FreeBond>,
}

impl Body {
    pub(super) fn new(points: Vec<Point>, sites: &[Point], topology: &Topology) -> Self {
        let along = |site: &Point| site.cross(&sites[0]).norm() < 1e-6;
        let axis = (points.len() > 1 && sites.iter().all(along)).then(|| Unit::new_normalize(sites[0]));
        let reach = topology.elements.iter().map(|&e| (clash::SHARE * clash::radius(e)) as f32).collect();
        Self { points, axis, reach, free_bonds: topology.free_bonds() }
    }

    fn cloud(&self) -> Cloud {
        Cloud::new(&self.points, &self.reach)
    }

    fn turned(&self, degrees: f64) -> Vec<Point> {
        let Some(axis) = self.axis else { return self.points.clone() };
        let turn = Rotation3::from_axis_angle(&axis, degrees.to_radians());
        self.points.iter().map(|p| turn * p).collect()
    }
}

/// Sum of squared overlaps (Å²) over all pairs of ligands.
pub(super) fn clash_sum(bodies: &[Body]) -> f64 {
    let clouds: Vec<Cloud> = bodies.iter().map(Body::cloud).collect();
    (0..clouds.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| clouds[i].overlap(&clouds[j]))
        .sum()
}

/// Random angles about the axes.
pub(super) fn shake(bodies: &mut [Body], rng: &mut ChaCha8Rng) {
    for body in bodies.iter_mut().filter(|body| body.axis.is_some()) {
        body.points = body.turned(rng.random_range(0.0..360.0));
    }
}

/// Sweeps over the ligands in random order; each turns about its axis to where it is least in the way.
pub(super) fn turn_axes(bodies: &mut [Body], rng: &mut ChaCha8Rng) {
    let mut order: Vec<usize> = (0..bodies.len()).filter(|&i| bodies[i].axis.is_some()).collect();
    order.shuffle(rng);
    for _ in 0..SWEEPS {
        let mut gain = 0.0;
        for &number in &order {
            gain += turn_axis(bodies, number);
        }
        if gain < LEAST_GAIN {
            break;
        }
    }
}

fn others(bodies: &[Body], number: usize) -> Cloud {
    let mut cloud = Cloud::default();
    for (_, body) in bodies.iter().enumerate().filter(|(i, _)| *i != number) {
        cloud.extend(&body.cloud());
    }
    cloud
}

fn turn_axis(bodies: &mut [Body], number: usize) -> f64 {
    let others = others(bodies, number);
    let body = &bodies[number];
    let at = |degrees: f64| Cloud::new(&body.turned(degrees), &body.reach).overlap(&others);
    let start = at(0.0);
    if start < LEAST_GAIN {
        return 0.0;
    }
    let mut step = 360.0 / GRID as f64;
    let mut best = (start, 0.0);
    let consider = |best: &mut (f64, f64), degrees: f64| {
        let value = at(degrees);
        if value < best.0 {
            *best = (value, degrees);
        }
    };
    for k in 1..GRID {
        consider(&mut best, k as f64 * step);
    }
    for _ in 0..REFINEMENTS {
        step /= 2.0;
        let centre = best.1;
        consider(&mut best, centre - step);
        consider(&mut best, centre + step);
    }
    let turned = body.turned(best.1);
    bodies[number].points = turned;
    start - best.0
}

/// Turns single bonds of ligands that clash, where that lowers the clash with the other ligands and
/// inside the ligand together.
pub(super) fn turn_bonds(bodies: &mut [Body]) {
    for number in 0..bodies.len() {
        let others = others(bodies, number);
        let body = &mut bodies[number];
        for k in 0..body.free_bonds.len() {
            let bond = &body.free_bonds[k];
            let mut moves = vec![false; body.points.len()];
            bond.moving.iter().for_each(|&atom| moves[atom] = true);
            // The rest of the ligand counts, without the bond itself: its length and angles stay.
            let mut surroundings = others.clone();
            let still: Vec<usize> =
                (0..body.points.len()).filter(|&i| !moves[i] && i != bond.far && i != bond.near).collect();
            surroundings.extend(&select(body, &still));
            let Some(axis) = Unit::try_new(body.points[bond.far] - body.points[bond.near], 1e-6) else {
                continue;
            };
            let origin = body.points[bond.far];
            let reach: Vec<f32> = bond.moving.iter().map(|&atom| body.reach[atom]).collect();
            let at = |degrees: f64| -> (f64, Vec<Point>) {
                let turn = Rotation3::from_axis_angle(&axis, f64::to_radians(degrees));
                let points: Vec<Point> =
                    bond.moving.iter().map(|&atom| origin + turn * (body.points[atom] - origin)).collect();
                (Cloud::new(&points, &reach).overlap(&surroundings), points)
            };
            let start = at(0.0);
            if start.0 < LEAST_GAIN {
                continue;
            }
            let best = TURNS
                .iter()
                .map(|&degrees| at(degrees))
                .fold(start, |best, new| if new.0 < best.0 { new } else { best });
            for (&atom, point) in bond.moving.iter().zip(best.1) {
                body.points[atom] = point;
            }
        }
    }
}

fn select(body: &Body, atoms: &[usize]) -> Cloud {
    let points: Vec<Point> = atoms.iter().map(|&atom| body.points[atom]).collect();
    let reach: Vec<f32> = atoms.iter().map(|&atom| body.reach[atom]).collect();
    Cloud::new(&points, &reach)
}
