//! Ligands on their way from noise, as tensors.

use tch::Tensor;

use super::skeleton::{FEATURES, RELATIONS, Relation};
use super::{Point, Skeleton};
use crate::learned::nets::elements::{ELEMENTS, radius};
use crate::learned::nets::{Edges, Groups, outer};

/// Atoms that send and never change: the elements, and sites.
pub const SENDERS: i64 = ELEMENTS + 1;
/// Atoms that are no neighbours by bonds are seen up to this distance (Å).
const SIGHT: f64 = 6.0;

/// A ligand on its way.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// What flows.
    pub skeleton: &'a Skeleton,
    /// Where it is (Å), the metal at the origin.
    pub positions: &'a [Point],
    /// How much of it is noise, 1 to 0.
    pub noise: f64,
    /// Atomic number of the metal, 0 when unknown.
    pub metal: u8,
    /// Where donors are expected.
    pub anchors: &'a [Point],
    /// What stands around: atomic numbers and positions.
    pub others: &'a [(u8, Point)],
}

/// The network's view of some ligands. `B` ligands, `M` atoms that flow, `k` neighbours.
#[derive(Debug)]
pub struct Batch {
    /// Atoms of each ligand.
    pub groups: Groups,
    /// Neighbours.
    pub edges: Edges,
    /// Atomic numbers, `[M]`.
    pub elements: Tensor,
    /// Features of the atoms, `[M, FEATURES]`.
    pub features: Tensor,
    /// Noise, `[B]`.
    pub noise: Tensor,
    /// Number of donors, `[B, 1]`.
    pub donors: Tensor,
    /// Distances (Å), `[M, k, 1]`.
    pub distance: Tensor,
    /// Distances in sums of covalent radii, `[M, k, 1]`.
    pub ratio: Tensor,
    /// Relation to each neighbour, one of them 1, `[M, k, RELATIONS]`.
    pub relation: Tensor,
}

/// One neighbour of an atom.
struct Sight {
    row: i64,
    vector: Point,
    relation: Relation,
    element: u8,
}

impl Batch {
    /// Of these ligands, each atom with `k` neighbours.
    pub fn new(scenes: &[Scene<'_>], k: usize) -> Self {
        let total: usize = scenes.iter().map(|scene| scene.skeleton.len()).sum();
        let (mut owner, mut elements, mut features) = (Vec::new(), Vec::new(), Vec::<f32>::new());
        let (mut neighbour, mut direction, mut outers) = (Vec::new(), Vec::new(), Vec::new());
        let (mut distance, mut ratio, mut weight) = (Vec::new(), Vec::new(), Vec::new());
        let mut relation = vec![0f32; total * k * RELATIONS];
        let radii: Vec<f64> = (0..=u8::try_from(ELEMENTS).unwrap_or(u8::MAX)).map(radius).collect();
        for (place, scene) in scenes.iter().enumerate() {
            let first = owner.len();
            for atom in 0..scene.skeleton.len() {
                let mut sights = sights(scene, atom, k, first as i64, total as i64);
                sights.truncate(k);
                for (slot, sight) in sights.iter().enumerate() {
                    let length = sight.vector.norm().max(1e-3);
                    let unit = sight.vector / length;
                    let unit = [unit.x as f32, unit.y as f32, unit.z as f32];
                    neighbour.push(sight.row);
                    direction.extend(unit);
                    outers.extend(outer(unit));
                    distance.push(length as f32);
                    let sum =
                        radii[usize::from(scene.skeleton.elements[atom])] + radii[usize::from(sight.element)];
                    ratio.push((length / sum) as f32);
                    let fades = sight.relation >= Relation::Own;
                    let fade = 0.5 * ((std::f64::consts::PI * (length / SIGHT).min(1.0)).cos() + 1.0);
                    weight.push(if fades { fade as f32 } else { 1.0 });
                    let row = (first + atom) * k + slot;
                    relation[row * RELATIONS + sight.relation as usize] = 1.0;
                }
                for _ in sights.len()..k {
                    neighbour.push((first + atom) as i64);
                    direction.extend([0f32; 3]);
                    outers.extend([0f32; 6]);
                    distance.push(0.0);
                    ratio.push(0.0);
                    weight.push(0.0);
                }
            }
            owner.extend(std::iter::repeat_n(place as i64, scene.skeleton.len()));
            elements.extend(scene.skeleton.elements.iter().map(|&z| i64::from(z)));
            features.extend(scene.skeleton.features.iter().flatten());
        }
        let (m, b, k) = (total as i64, scenes.len() as i64, k as i64);
        let per_ligand = |value: &dyn Fn(&Scene<'_>) -> f32| {
            Tensor::from_slice(&scenes.iter().map(value).collect::<Vec<f32>>())
        };
        Self {
            groups: Groups {
                owner: Tensor::from_slice(&owner),
                atoms: per_ligand(&|scene| scene.skeleton.len() as f32).view([b, 1]),
            },
            edges: Edges {
                neighbour: Tensor::from_slice(&neighbour),
                direction: Tensor::from_slice(&direction).view([m, k, 3]),
                outer: Tensor::from_slice(&outers).view([m, k, 6]),
                weight: Tensor::from_slice(&weight).view([m, k, 1]),
            },
            elements: Tensor::from_slice(&elements),
            features: Tensor::from_slice(&features).view([m, FEATURES as i64]),
            noise: per_ligand(&|scene| scene.noise as f32),
            donors: per_ligand(&|scene| scene.anchors.len() as f32).view([b, 1]),
            distance: Tensor::from_slice(&distance).view([m, k, 1]),
            ratio: Tensor::from_slice(&ratio).view([m, k, 1]),
            relation: Tensor::from_slice(&relation).view([m, k, RELATIONS as i64]),
        }
    }
}

/// What an atom sees: the metal, its site, what it knows by bonds, and the nearest of the rest.
fn sights(scene: &Scene<'_>, atom: usize, k: usize, first: i64, total: i64) -> Vec<Sight> {
    let here = scene.positions[atom];
    let own = |other: usize, relation| Sight {
        row: first + other as i64,
        vector: scene.positions[other] - here,
        relation,
        element: scene.skeleton.elements[other],
    };
    let sender = |element: u8, at: &Point, relation| Sight {
        row: total + i64::from(element),
        vector: at - here,
        relation,
        element,
    };
    let mut sights = vec![sender(scene.metal, &Point::zeros(), Relation::Metal)];
    for (group, anchor) in scene.skeleton.donors.iter().zip(scene.anchors) {
        if group.contains(&atom) {
            sights.push(Sight {
                row: total + ELEMENTS,
                vector: anchor - here,
                relation: Relation::Site,
                element: 0,
            });
        }
    }
    let known = &scene.skeleton.known[atom];
    sights.extend(known.iter().map(|&(other, relation)| own(other, relation)));
    let stranger = |other: &usize| *other != atom && known.iter().all(|(seen, _)| seen != other);
    let strangers = (0..scene.skeleton.len()).filter(stranger).map(|other| own(other, Relation::Own));
    let others = scene.others.iter().map(|(element, at)| sender(*element, at, Relation::Other));
    let mut near: Vec<(f64, Sight)> = strangers
        .chain(others)
        .map(|sight| (sight.vector.norm_squared(), sight))
        .filter(|(squared, _)| *squared < SIGHT * SIGHT)
        .collect();
    let room = k.saturating_sub(sights.len());
    if near.len() > room && room > 0 {
        near.select_nth_unstable_by(room - 1, |a, b| a.0.total_cmp(&b.0));
    }
    sights.extend(near.into_iter().take(room).map(|(_, sight)| sight));
    sights
}
