//! Coordinates of a ligand from its graph alone.
//!
//! Distance geometry by optimisation: all atoms and the metal start at random in four dimensions;
//! springs hold ideal bond lengths and angles, floors keep other atoms apart; then the fourth dimension
//! is pressed out and conjugated groups are made flat. Stereocentres come out as they happen to.

mod shape;

use druse_representations::nalgebra::Vector3;
use druse_representations::{Element, Ligand};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::AssemblyError;
use super::distances::Distances;
use super::fit;
use super::minimise::{Point4, minimise};
use super::penalty::Penalty;

/// Random starts before the best is taken.
const STARTS: u64 = 8;
/// Penalty per atom below which no further start is made.
const GOOD: f64 = 0.02;
/// Penalty per atom above which the shape is no molecule.
const BAD: f64 = 1.5;

/// Gives a ligand coordinates: metal at the origin, donors at the usual distances, and, where `sites`
/// (unit vectors, one for each donor) are given, at their angles. The ligand as a whole is turned
/// onto the sites.
///
/// # Errors
/// When no start leads to a sound shape.
pub fn embed(
    ligand: &Ligand,
    metal: Element,
    sites: Option<&[[f64; 3]]>,
    distances: &Distances,
    seed: u64,
) -> Result<Ligand, AssemblyError> {
    let mut penalty = shape::penalty(ligand, metal, sites, distances);
    let count = ligand.graph.node_count() + 1;
    let mut best: Option<(f64, Vec<Point4>)> = None;
    for start in 0..STARTS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(start);
        let mut points = random_start(count, &mut rng);
        let value = fold(&mut penalty, &mut points) / count as f64;
        if value.is_finite() && best.as_ref().is_none_or(|(least, _)| value < *least) {
            best = Some((value, points));
        }
        if best.as_ref().is_some_and(|(least, _)| *least < GOOD) {
            break;
        }
    }
    let Some((_, points)) = best.filter(|(value, _)| *value < BAD) else {
        return Err(AssemblyError::Shapeless { ligand: ligand.name.clone() });
    };
    let origin = points[0];
    let mut points: Vec<Vector3<f64>> = points[1..]
        .iter()
        .map(|p| Vector3::new(p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]))
        .collect();
    if let Some(sites) = sites {
        turn_onto(&mut points, ligand, sites);
    }
    Ok(Ligand { positions: Some(points.into_iter().map(Into::into).collect()), ..ligand.clone() })
}

/// What holds a ligand in shape around a metal, which is point 0; its atoms follow.
pub(super) fn shape_penalty(ligand: &Ligand, metal: Element, distances: &Distances) -> Penalty {
    shape::penalty(ligand, metal, None, distances)
}

fn random_start(count: usize, rng: &mut ChaCha8Rng) -> Vec<Point4> {
    let size = 1.2 * (count as f64).cbrt();
    (0..count).map(|_| std::array::from_fn(|_| size * rng.random_range(-1.0..1.0))).collect()
}

/// From a random start to a shape; returns the penalty that is left.
fn fold(penalty: &mut Penalty, points: &mut [Point4]) -> f64 {
    // Floors wait: atoms must be able to pass each other before the bonds are in order.
    let stages = [(0.05, 0.0, 0.0, 40), (0.5, 0.0, 0.2, 60), (1.0, 0.5, 5.0, 120), (1.0, 2.0, 50.0, 60)];
    for (floors, flats, fourth, steps) in stages {
        penalty.floor_stiffness = floors;
        penalty.flat_stiffness = flats;
        penalty.fourth = fourth;
        minimise(points, |p, g| penalty.evaluate(p, g), steps, 1e-3);
    }
    for point in points.iter_mut() {
        point[3] = 0.0;
    }
    minimise(points, |p, g| penalty.evaluate(p, g), 150, 1e-3)
}

/// Turns the ligand onto the sites, as its mirror image where that fits better: distances alone do not
/// tell one from the other.
fn turn_onto(points: &mut [Vector3<f64>], ligand: &Ligand, sites: &[[f64; 3]]) {
    let sites: Vec<Vector3<f64>> = sites.iter().map(|&site| site.into()).collect();
    let turned = |mirror: f64| {
        let image: Vec<Vector3<f64>> = points.iter().map(|p| p * mirror).collect();
        let units: Vec<_> = fit::donor_points(&image, &ligand.donors).iter().map(fit::unit).collect();
        let turn = fit::rotation(&units, &sites);
        let off: f64 = units.iter().zip(&sites).map(|(unit, site)| (turn * unit - site).norm_squared()).sum();
        (off, image.iter().map(|p| turn * p).collect::<Vec<_>>())
    };
    let (same, mirrored) = (turned(1.0), turned(-1.0));
    let best = if mirrored.0 + 1e-6 < same.0 { mirrored.1 } else { same.1 };
    points.copy_from_slice(&best);
}
