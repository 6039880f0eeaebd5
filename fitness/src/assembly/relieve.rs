//! Relief of what rigid placement leaves: ligands bend a little, keep their bonds, angles and rings,
//! and move out of each other's way; donors come to their distances.

use druse_representations::nalgebra::Vector3;
use druse_representations::{Complex, Element};

use super::clash;
use super::distances::radius;
use super::ideal;
use super::minimise::{Point4, minimise};
use super::penalty::{Floor, GroupSpring, Penalty};
use super::topology::Topology;
use super::validate::{BOUND, HYDROGENS, TOO_CLOSE};

type Point = Vector3<f64>;

const BOND: f64 = 10.0;
const ANGLE: f64 = 4.0;
const RING: f64 = 1.5;
const METAL_ANGLE: f64 = 0.5;
const SITE_ANGLE: f64 = 0.5;
const STEPS: usize = 120;
/// Room (factor) that shortest distances get above what the rule of validity asks for.
const MARGIN: f64 = 1.12;

/// What the relief knows of one ligand.
pub(super) struct Part<'a> {
    pub(super) topology: &'a Topology,
    pub(super) points: &'a [Point],
    pub(super) donors: &'a [Vec<usize>],
    /// Unit vectors of the sites.
    pub(super) sites: &'a [Point],
    /// Distance (Å) of the atoms of each donor to the metal.
    pub(super) atom_distances: &'a [f64],
    /// Distance (Å) of the point that stands for each donor.
    pub(super) point_distances: &'a [f64],
}

/// New positions of all atoms of the ligands in a row, metal at the origin.
pub(super) fn relieve(complex: &Complex, parts: &[Part], floor_stiffness: f64) -> Vec<Vec<Point>> {
    let mut penalty = Penalty::default();
    penalty.floor_stiffness = floor_stiffness;
    let mut points: Vec<Point4> = vec![[0.0; 4]];
    let mut firsts = Vec::new();
    for part in parts {
        firsts.push(points.len());
        points.extend(part.points.iter().map(|p| [p.x, p.y, p.z, 0.0]));
    }
    for (part, &first) in parts.iter().zip(&firsts) {
        keep_shape(part, first, &mut penalty);
        keep_from_metal(part, first, complex.metal, &mut penalty);
    }
    keep_sites(parts, &firsts, &mut penalty);
    keep_apart(parts, &firsts, &mut penalty);
    minimise(&mut points, |p, g| penalty.evaluate(p, g), STEPS, 3e-3);
    let origin = points[0];
    parts
        .iter()
        .zip(&firsts)
        .map(|(part, &first)| {
            points[first..first + part.points.len()]
                .iter()
                .map(|p| Point::new(p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]))
                .collect()
        })
        .collect()
}

/// Bonds, angles, and torsions of bonds that do not turn, as they are.
fn keep_shape(part: &Part, first: usize, penalty: &mut Penalty) {
    let topology = part.topology;
    let apart = |a: usize, b: usize| (part.points[a] - part.points[b]).norm();
    let free: Vec<[usize; 2]> = topology.free_bonds().iter().map(|bond| [bond.near, bond.far]).collect();
    let is_free = |a: usize, b: usize| free.contains(&[a, b]) || free.contains(&[b, a]);
    for a in 0..topology.len() {
        let around = &topology.neighbours[a];
        for (k, &(b, order)) in around.iter().enumerate() {
            if a < b {
                let usual = ideal::bond_length(topology.elements[a], topology.elements[b], order);
                let shortest =
                    (1.04 * TOO_CLOSE * (radius(topology.elements[a]) + radius(topology.elements[b])))
                        .max(0.85 * usual);
                let length = apart(a, b).clamp(shortest, 1.25 * usual);
                penalty.spring(first + a, first + b, length, BOND);
            }
            for &(c, _) in &around[k + 1..] {
                if topology.order(b, c).is_none() {
                    let length = apart(b, c).max(MARGIN * least(topology.elements[b], topology.elements[c]));
                    penalty.spring(first + b, first + c, length, ANGLE);
                }
            }
            if a < b && !is_free(a, b) {
                for &(c, _) in around.iter().filter(|(c, _)| *c != b) {
                    for &(d, _) in topology.neighbours[b].iter().filter(|(d, _)| *d != a && *d != c) {
                        if topology.order(c, d).is_none() {
                            let length =
                                apart(c, d).max(MARGIN * least(topology.elements[c], topology.elements[d]));
                            penalty.spring(first + c, first + d, length, RING);
                        }
                    }
                }
            }
        }
    }
}

/// Shortest distance (Å) that the rule of validity allows.
fn least(a: Element, b: Element) -> f64 {
    if a.atomic_number() == 1 && b.atomic_number() == 1 {
        HYDROGENS
    } else {
        TOO_CLOSE * (radius(a) + radius(b))
    }
}

fn keep_from_metal(part: &Part, first: usize, metal: Element, penalty: &mut Penalty) {
    let topology = part.topology;
    for (group, &distance) in part.donors.iter().zip(part.atom_distances) {
        for &atom in group {
            penalty.spring(0, first + atom, distance, BOND);
            for &(other, _) in &topology.neighbours[atom] {
                if topology.donor_of[other].is_none() {
                    penalty.spring(0, first + other, part.points[other].norm(), METAL_ANGLE);
                }
            }
        }
    }
    for atom in 0..topology.len() {
        let beside = topology.neighbours[atom].iter().any(|(other, _)| topology.donor_of[*other].is_some());
        if topology.donor_of[atom].is_none() && !beside {
            let distance = if topology.is_hydrogen(atom) {
                1.9
            } else {
                BOUND * 1.04 * (radius(metal) + radius(topology.elements[atom]))
            };
            penalty.floors.push(Floor { atoms: [0, (first + atom) as u32], distance });
        }
    }
}

/// Donors stay at the angles of their sites.
fn keep_sites(parts: &[Part], firsts: &[usize], penalty: &mut Penalty) {
    let mut donors = Vec::new();
    for (part, &first) in parts.iter().zip(firsts) {
        for ((group, site), &distance) in part.donors.iter().zip(part.sites).zip(part.point_distances) {
            let group: Vec<u32> = group.iter().map(|&atom| (first + atom) as u32).collect();
            donors.push((group, site * distance));
        }
    }
    for a in 0..donors.len() {
        for b in 0..a {
            penalty.group_springs.push(GroupSpring {
                groups: [donors[a].0.clone(), donors[b].0.clone()],
                length: (donors[a].1 - donors[b].1).norm(),
                stiffness: SITE_ANGLE,
            });
        }
    }
}

/// Floors between the ligands, and inside them for atoms four and more bonds apart.
fn keep_apart(parts: &[Part], firsts: &[usize], penalty: &mut Penalty) {
    let reach: Vec<Vec<f64>> = parts
        .iter()
        .map(|part| part.topology.elements.iter().map(|&e| clash::SHARE * clash::radius(e)).collect())
        .collect();
    for (k, part) in parts.iter().enumerate() {
        for a in 0..part.topology.len() {
            let bonds = part.topology.bonds_from(a, 3);
            for b in a + 1..part.topology.len() {
                if bonds[b] == u8::MAX {
                    // What was near in the crystal may stay so.
                    let distance = (reach[k][a] + reach[k][b])
                        .min((part.points[a] - part.points[b]).norm())
                        .max(MARGIN * least(part.topology.elements[a], part.topology.elements[b]));
                    penalty
                        .floors
                        .push(Floor { atoms: [(firsts[k] + a) as u32, (firsts[k] + b) as u32], distance });
                }
            }
            for (l, other) in parts.iter().enumerate().take(k) {
                for b in 0..other.topology.len() {
                    let distance = reach[k][a] + reach[l][b];
                    penalty
                        .floors
                        .push(Floor { atoms: [(firsts[k] + a) as u32, (firsts[l] + b) as u32], distance });
                }
            }
        }
    }
}
