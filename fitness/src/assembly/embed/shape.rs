//! What holds a ligand in shape: the terms of the penalty for a graph.

use druse_datasets::elements::vdw_radius;
use druse_representations::{BondOrder, Element, Ligand};

use crate::assembly::distances::{Distances, radius, reach};
use crate::assembly::ideal::{self, Shape};
use crate::assembly::penalty::{Floor, GroupSpring, Penalty};
use crate::assembly::topology::Topology;

const BOND: f64 = 10.0;
const ANGLE: f64 = 4.0;
/// Angles at donors towards the metal give way first when a chelate is strained.
const METAL_ANGLE: f64 = 1.0;
const SITE_ANGLE: f64 = 1.0;
/// Share of the sum of the van der Waals radii that atoms keep: three bonds apart, and further.
const NEAR: f64 = 0.70;
const FAR: f64 = 0.85;

/// The penalty for a ligand; the metal is atom 0.
pub(super) fn penalty(
    ligand: &Ligand,
    metal: Element,
    sites: Option<&[[f64; 3]]>,
    distances: &Distances,
) -> Penalty {
    let topology = Topology::new(ligand);
    let shapes = ideal::shapes(&topology);
    let mut penalty = Penalty::default();
    bonds(&topology, &shapes, &mut penalty);
    let to_metal = metal_distances(&topology, ligand, metal, distances);
    metal_bonds(&topology, &shapes, ligand, &to_metal, &mut penalty);
    if let Some(sites) = sites {
        site_angles(ligand, &to_metal, sites, &mut penalty);
    }
    flats(&topology, &shapes, &mut penalty);
    floors(&topology, metal, &mut penalty);
    penalty
}

fn length(topology: &Topology, a: usize, b: usize) -> f64 {
    let order = topology.order(a, b).unwrap_or(BondOrder::Single);
    ideal::bond_length(topology.elements[a], topology.elements[b], order)
}

/// Third side of a triangle.
fn opposite(a: f64, b: f64, degrees: f64) -> f64 {
    (a * a + b * b - 2.0 * a * b * degrees.to_radians().cos()).max(0.0).sqrt()
}

fn bonds(topology: &Topology, shapes: &[Shape], penalty: &mut Penalty) {
    for centre in 0..topology.len() {
        let around = &topology.neighbours[centre];
        for (k, &(a, _)) in around.iter().enumerate() {
            let to_a = length(topology, centre, a);
            if centre < a {
                penalty.spring(centre + 1, a + 1, to_a, BOND);
            }
            for &(b, _) in &around[k + 1..] {
                let to_b = length(topology, centre, b);
                let bonded = topology.order(a, b).is_some();
                match ideal::angle(topology, shapes, a, centre, b) {
                    _ if bonded => {}
                    Some(angle) => penalty.spring(a + 1, b + 1, opposite(to_a, to_b, angle), ANGLE),
                    None => penalty.floors.push(Floor {
                        atoms: [a as u32 + 1, b as u32 + 1],
                        distance: opposite(to_a, to_b, 80.0),
                    }),
                }
            }
        }
    }
}

/// Distance (Å) of the metal to the atoms of each donor.
fn metal_distances(topology: &Topology, ligand: &Ligand, metal: Element, distances: &Distances) -> Vec<f64> {
    let elements = |group: &Vec<usize>| group.iter().map(|&atom| topology.elements[atom]).collect::<Vec<_>>();
    let chelate = ligand.donors.len() > 1;
    ligand.donors.iter().map(|group| distances.donor(metal, &elements(group), chelate)).collect()
}

fn metal_bonds(
    topology: &Topology,
    shapes: &[Shape],
    ligand: &Ligand,
    to_metal: &[f64],
    penalty: &mut Penalty,
) {
    for (group, &to_metal) in ligand.donors.iter().zip(to_metal) {
        for &donor in group {
            penalty.spring(0, donor + 1, to_metal, BOND);
            for &(other, _) in &topology.neighbours[donor] {
                if topology.donor_of[other].is_some() {
                    continue;
                }
                let to_other = length(topology, donor, other);
                let angle = match group.len() {
                    1 => ideal::metal_angle(topology, shapes, donor),
                    // Substituents bend away from the metal: ethene 115°, ferrocene 126°.
                    2 => Some(114.0),
                    3 => Some(118.0),
                    _ => Some(126.0),
                };
                if let Some(angle) = angle {
                    penalty.spring(0, other + 1, opposite(to_metal, to_other, angle), METAL_ANGLE);
                }
            }
        }
    }
}

fn site_angles(ligand: &Ligand, to_metal: &[f64], sites: &[[f64; 3]], penalty: &mut Penalty) {
    let centre = |(group, &to_atoms): (&Vec<usize>, &f64)| reach(to_atoms, group.len());
    let reach: Vec<f64> = ligand.donors.iter().zip(to_metal).map(centre).collect();
    let group = |donor: usize| ligand.donors[donor].iter().map(|&atom| atom as u32 + 1).collect::<Vec<u32>>();
    for a in 0..reach.len() {
        for b in 0..a {
            let cosine: f64 = sites[a].iter().zip(&sites[b]).map(|(x, y)| x * y).sum();
            let angle = cosine.clamp(-1.0, 1.0).acos().to_degrees();
            penalty.group_springs.push(GroupSpring {
                groups: [group(a), group(b)],
                length: opposite(reach[a], reach[b], angle),
                stiffness: SITE_ANGLE,
            });
        }
    }
}

fn flats(topology: &Topology, shapes: &[Shape], penalty: &mut Penalty) {
    let flat = |atom: usize| shapes[atom] == Shape::Trigonal;
    let shift = |atoms: [usize; 4]| atoms.map(|atom| atom as u32 + 1);
    for centre in (0..topology.len()).filter(|&atom| flat(atom)) {
        let mut around: Vec<u32> =
            topology.neighbours[centre].iter().map(|&(atom, _)| atom as u32 + 1).collect();
        if topology.donor_of[centre].is_some() && !topology.haptic[centre] {
            around.push(0);
        }
        if let [a, b, c] = around[..] {
            penalty.flats.push([centre as u32 + 1, a, b, c]);
        }
    }
    for a in 0..topology.len() {
        for &(b, order) in &topology.neighbours[a] {
            if a > b || !flat(a) || !flat(b) {
                continue;
            }
            let in_ring = topology.rings.iter().any(|ring| {
                ring.len() <= 6
                    && ring.contains(&a)
                    && ring.contains(&b)
                    && ring.iter().all(|&atom| flat(atom))
            });
            // Bonds of amides, carboxylates and enolates stay flat; single bonds between rings do not.
            let stiff = matches!(order, BondOrder::Double | BondOrder::Aromatic) || in_ring;
            if !stiff {
                continue;
            }
            for &(c, _) in topology.neighbours[a].iter().filter(|(c, _)| *c != b) {
                for &(d, _) in topology.neighbours[b].iter().filter(|(d, _)| *d != a && *d != c) {
                    penalty.flats.push(shift([c, a, b, d]));
                }
            }
        }
    }
}

fn floors(topology: &Topology, metal: Element, penalty: &mut Penalty) {
    let radii: Vec<f64> =
        topology.elements.iter().map(|&element| vdw_radius(element).unwrap_or(2.0)).collect();
    let mut same_ring = vec![false; topology.len()];
    for a in 0..topology.len() {
        let bonds = topology.bonds_from(a, 3);
        same_ring.fill(false);
        for &atom in topology.rings.iter().filter(|ring| ring.contains(&a)).flatten() {
            same_ring[atom] = true;
        }
        for b in a + 1..topology.len() {
            if bonds[b] <= 2 || same_ring[b] {
                continue;
            }
            let mut share = if bonds[b] == 3 { NEAR } else { FAR };
            // Donors of a chelate are drawn together by the metal.
            if topology.donor_of[a].is_some() && topology.donor_of[b].is_some() {
                share = NEAR;
            }
            let distance = share * (radii[a] + radii[b]);
            penalty.floors.push(Floor { atoms: [a as u32 + 1, b as u32 + 1], distance });
        }
        let beside = topology.neighbours[a].iter().any(|(other, _)| topology.donor_of[*other].is_some());
        if topology.donor_of[a].is_none() && !beside {
            let distance = if topology.is_hydrogen(a) {
                2.3
            } else {
                1.35 * (radius(metal) + radius(topology.elements[a]))
            };
            penalty.floors.push(Floor { atoms: [0, a as u32 + 1], distance });
        }
    }
}
