//! Free sites of a complex, and shapes of ligands for them.

use druse_representations::nalgebra::Vector3;
use druse_representations::{BondOrder, Complex, Element, Ligand, PlacedLigand};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::distances::{Distances, reach};
use super::minimise::{Point4, minimise};
use super::penalty::{Floor, GroupSpring, Penalty};
use super::topology::Topology;
use super::{AssemblyError, clash, embed, fit, ideal, prepare};

type Point = Vector3<f64>;

/// Stiffness of donors towards their sites.
const SITE: f64 = 1.0;
/// Largest start (Å) in the fourth dimension, where atoms that are in each other's way can pass: of hydrogens, and of all others.
const ASIDE: [f64; 2] = [0.5, 0.15];
/// Stages of the minimisation: stiffness of floors, of flat groups and of the fourth dimension, steps.
const STAGES: [(f64, f64, f64, usize); 4] =
    [(0.3, 0.2, 0.3, 60), (0.6, 0.5, 5.0, 80), (1.0, 2.0, 50.0, 60), (1.0, 2.0, 0.0, 200)];

/// Sites of a complex that wait for a ligand, and what stands around them.
#[derive(Clone, Debug, PartialEq)]
pub struct Vacancy {
    /// The metal, at the origin.
    pub metal: Element,
    /// Direction (unit vector) of each free site.
    pub sites: Vec<[f64; 3]>,
    /// All atoms that stay, without the metal; positions in Å.
    pub surroundings: Vec<(Element, [f64; 3])>,
}

/// A ligand in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Positions (Å, the metal at the origin) of all atoms in order.
    pub positions: Vec<[f64; 3]>,
    /// How much bonds, angles, planes, sites and room are amiss: the penalty per atom, in arbitrary units. Below 0.1 hardly, above
    /// 1 badly.
    pub strain: f64,
}

impl Vacancy {
    /// What a complex is without one of its ligands.
    ///
    /// # Errors
    /// When the complex has no positions, or no such ligand.
    pub fn of(complex: &Complex, ligand: usize) -> Result<Self, AssemblyError> {
        let positions = complex.positions.as_ref().ok_or(AssemblyError::NoPositions)?;
        let count = complex.ligands.len();
        if ligand >= count {
            return Err(AssemblyError::NoSuchLigand { found: ligand, count });
        }
        let origin: Point = positions[0].into();
        let elements: Vec<Element> = complex.elements().collect();
        let offsets = complex.offsets();
        let first = offsets[ligand];
        let taken = &complex.ligands[ligand].ligand;
        let own = first..first + taken.graph.node_count();
        let points: Vec<Point> = positions.iter().map(|&p| Point::from(p) - origin).collect();
        let sites = fit::donor_points(&points[own.clone()], &taken.donors);
        let rest = (1..points.len()).filter(|atom| !own.contains(atom));
        Ok(Self {
            metal: complex.metal,
            sites: sites.iter().map(|site| fit::unit(site).into()).collect(),
            surroundings: rest.map(|atom| (elements[atom], points[atom].into())).collect(),
        })
    }

    /// The complex that this was taken out of, `number` being the ligand that gave way, with another ligand at these positions (Å, the
    /// metal at the origin). All other atoms are where they were. Where the new ligand brings another number of electrons, the
    /// multiplicity is the lowest possible one. Nothing is checked.
    ///
    /// # Errors
    /// As [`Self::of`] and [`Self::order`].
    pub fn filled(
        &self,
        complex: &Complex,
        number: usize,
        ligand: &Ligand,
        positions: &[[f64; 3]],
    ) -> Result<Complex, AssemblyError> {
        let order = self.order(ligand)?;
        let mut filled = complex.clone();
        let count = complex.ligands.len();
        let old = complex.ligands.get(number).ok_or(AssemblyError::NoSuchLigand { found: number, count })?;
        let offset = complex.offsets()[number];
        let all = filled.positions.as_mut().ok_or(AssemblyError::NoPositions)?;
        let origin = all[0];
        let placed = positions.iter().map(|p| std::array::from_fn(|k| p[k] + origin[k]));
        all.splice(offset..offset + old.ligand.graph.node_count(), placed);
        let sites = order.iter().map(|&site| old.sites[site]).collect();
        let ligand = Ligand { positions: Some(positions.to_vec()), ..ligand.clone() };
        filled.ligands[number] = PlacedLigand { ligand, sites };
        let possible = filled.multiplicities();
        if let Some(&lowest) = possible.first().filter(|_| !possible.contains(&filled.multiplicity)) {
            filled.multiplicity = lowest;
        }
        Ok(filled)
    }

    /// The order of the free sites that suits the donors of a ligand: donors with few bonds between them are on neighbouring
    /// sites. Of equally good ones the first.
    ///
    /// # Errors
    /// When there are not as many donors as sites.
    pub fn order(&self, ligand: &Ligand) -> Result<Vec<usize>, AssemblyError> {
        prepare::check(ligand)?;
        let (donors, sites) = (ligand.donors.len(), self.sites.len());
        if donors != sites {
            return Err(AssemblyError::Sites { ligand: ligand.name.clone(), donors, sites });
        }
        let topology = Topology::new(ligand);
        let bonds: Vec<Vec<f64>> = ligand
            .donors
            .iter()
            .map(|group| {
                let bonds = topology.bonds_from(group[0], u8::MAX - 1);
                ligand.donors.iter().map(|other| f64::from(bonds[other[0]])).collect()
            })
            .collect();
        let angle =
            |a: &[f64; 3], b: &[f64; 3]| Point::from(*a).dot(&Point::from(*b)).clamp(-1.0, 1.0).acos();
        let angles: Vec<Vec<f64>> =
            self.sites.iter().map(|a| self.sites.iter().map(|b| angle(a, b)).collect()).collect();
        let cost = |order: &[usize]| -> f64 {
            (0..donors)
                .flat_map(|a| (0..a).map(move |b| (a, b)))
                .map(|(a, b)| angles[order[a]][order[b]] / bonds[a][b].max(1.0))
                .sum()
        };
        let mut best: Option<(f64, Vec<usize>)> = None;
        permutations(&mut (0..donors).collect(), 0, &mut |order| {
            let cost = cost(order);
            if best.as_ref().is_none_or(|(least, _)| cost < *least - 1e-9) {
                best = Some((cost, order.to_vec()));
            }
        });
        Ok(best.map(|(_, order)| order).unwrap_or_default())
    }

    /// The point (Å) where each donor of a ligand is expected, in the order of its donors; a haptic group with its centre.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn anchors(&self, ligand: &Ligand, distances: &Distances) -> Result<Vec<[f64; 3]>, AssemblyError> {
        let elements: Vec<Element> = ligand.elements().collect();
        let chelate = ligand.donors.len() > 1;
        let anchor = |(group, site): (&Vec<usize>, usize)| {
            let own: Vec<Element> = group.iter().map(|&atom| elements[atom]).collect();
            let to_atoms = distances.donor(self.metal, &own, chelate);
            (Point::from(self.sites[site]) * reach(to_atoms, group.len())).into()
        };
        Ok(ligand.donors.iter().zip(self.order(ligand)?).map(anchor).collect())
    }

    /// Makes a whole shape of rough positions of some atoms (Å; `None` for hydrogens that have one neighbour): hydrogens are
    /// added, bonds, angles and flat groups put right, and all atoms kept away from what stays, which does not move. The
    /// conformation remains that of the rough positions. Draws nothing but the start of the hydrogens.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn finish(
        &self,
        ligand: &Ligand,
        rough: &[Option<[f64; 3]>],
        distances: &Distances,
        seed: u64,
    ) -> Result<Finished, AssemblyError> {
        let anchors = self.anchors(ligand, distances)?;
        let topology = Topology::new(ligand);
        let own = with_hydrogens(&topology, rough, seed);
        let mut penalty = embed::shape_penalty(ligand, self.metal, distances);
        let mut points: Vec<Point4> = vec![[0.0; 4]];
        points.extend(own);
        let (first, last) = (1, points.len());
        // A point for each site, which does not move either.
        for (anchor, group) in anchors.iter().zip(&ligand.donors) {
            let site = points.len() as u32;
            points.push([anchor[0], anchor[1], anchor[2], 0.0]);
            let group: Vec<u32> = group.iter().map(|&atom| (first + atom) as u32).collect();
            let groups = [group, vec![site]];
            penalty.group_springs.push(GroupSpring { groups, length: 0.0, stiffness: SITE });
        }
        for &(element, position) in &self.surroundings {
            let other = points.len() as u32;
            points.push([position[0], position[1], position[2], 0.0]);
            for atom in 0..topology.len() {
                // Donors are neighbours by nature.
                let share = if topology.donor_of[atom].is_some() { 0.75 } else { 1.0 };
                let radii = clash::radius(element) + clash::radius(topology.elements[atom]);
                let atoms = [(first + atom) as u32, other];
                penalty.floors.push(Floor { atoms, distance: share * clash::SHARE * radii });
            }
        }
        let relax = |points: &mut Vec<Point4>, steps: usize, penalty: &mut Penalty| {
            let held = |p: &[Point4], g: &mut [Point4]| {
                let value = penalty.evaluate(p, g);
                g[..first].fill([0.0; 4]);
                g[last..].fill([0.0; 4]);
                value
            };
            minimise(points, held, steps, 1e-3)
        };
        let mut left = 0.0;
        for (floors, flats, fourth, steps) in STAGES {
            penalty.floor_stiffness = floors;
            penalty.flat_stiffness = flats;
            penalty.fourth = fourth;
            if fourth == 0.0 {
                points.iter_mut().for_each(|point| point[3] = 0.0);
            }
            left = relax(&mut points, steps, &mut penalty);
        }
        let positions = points[first..last].iter().map(|&[x, y, z, _]| [x, y, z]).collect();
        Ok(Finished { positions, strain: left / (last - first) as f64 })
    }
}

/// Calls `see` with every order of `items`, from `place` on.
fn permutations(items: &mut Vec<usize>, place: usize, see: &mut impl FnMut(&[usize])) {
    if place == items.len() {
        return see(items);
    }
    for other in place..items.len() {
        items.swap(place, other);
        permutations(items, place + 1, see);
        items.swap(place, other);
    }
}

/// All atoms: those with positions as they are, the others away from the neighbours of their neighbour.
fn with_hydrogens(topology: &Topology, rough: &[Option<[f64; 3]>], seed: u64) -> Vec<Point4> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let known = |atom: usize| rough.get(atom).copied().flatten().map(Point::from);
    (0..topology.len())
        .map(|atom| {
            let aside: f64 = rng.random_range(-1.0..1.0);
            if let Some(p) = known(atom) {
                return [p.x, p.y, p.z, ASIDE[1] * aside];
            }
            let jitter = Point::from_fn(|_, _| rng.random_range(-1.0..1.0));
            let fourth = ASIDE[0] * aside;
            let holder = topology.neighbours[atom].first().map(|&(holder, _)| holder);
            let Some((holder, at)) = holder.and_then(|holder| Some((holder, known(holder)?))) else {
                return [3.0 * jitter.x, 3.0 * jitter.y, 3.0 * jitter.z, fourth];
            };
            let around = topology.neighbours[holder].iter().filter_map(|&(other, _)| known(other));
            let mut away: Point = around.map(|other| fit::unit(&(at - other))).sum();
            if topology.donor_of[holder].is_some() {
                away += fit::unit(&at);
            }
            let element = topology.elements[holder];
            let length = ideal::bond_length(element, topology.elements[atom], BondOrder::Single);
            let p = at + fit::unit(&(away + 0.5 * jitter)) * length;
            [p.x, p.y, p.z, fourth]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly::{Options, assemble, validate};

    fn built(text: &str) -> Complex {
        let complex: Complex = text.parse().unwrap();
        let built = assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap();
        complex.with_positions(built.positions).unwrap()
    }

    /// The positions of one ligand with its hydrogens left out.
    fn rough(complex: &Complex, number: usize) -> (Ligand, Vec<Option<[f64; 3]>>) {
        let ligand = complex.ligands[number].ligand.clone();
        let first = complex.offsets()[number];
        let positions = complex.positions.as_ref().unwrap();
        let rough = ligand
            .elements()
            .enumerate()
            .map(|(atom, e)| (e.atomic_number() > 1).then(|| positions[first + atom]))
            .collect();
        (ligand, rough)
    }

    #[test]
    fn a_ligand_that_is_taken_out_is_finished_in_its_place() {
        let distances = Distances::from_radii();
        for text in [
            "Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[NH2:1]CC(=O)[O-:2]}@1,2|{C[NH2:1]}@3",
            "Fe(II)|OC-6|m1|{c1cc[n:1]c(c1)-c1cccc[n:2]1}@0,1|{c1cc[n:1]c(c1)-c1cccc[n:2]1}@2,4|{[C-:1]#N}@3|{[C-:1]#N}@5",
        ] {
            let complex = built(text);
            for number in 0..complex.ligands.len() {
                let vacancy = Vacancy::of(&complex, number).unwrap();
                assert_eq!(vacancy.sites.len(), complex.ligands[number].sites.len());
                let (ligand, rough) = rough(&complex, number);
                let finished = vacancy.finish(&ligand, &rough, &distances, 3).unwrap();
                assert_eq!(finished, vacancy.finish(&ligand, &rough, &distances, 3).unwrap());
                assert!(finished.strain < 1.0, "{}", finished.strain);
                let placed = finished.positions;
                let mut positions = complex.positions.clone().unwrap();
                let first = complex.offsets()[number];
                positions[first..first + placed.len()].copy_from_slice(&placed);
                let sound = validate(&complex, &positions);
                assert!(sound.is_ok(), "{text} {number}: {sound:?}");
            }
        }
    }

    #[test]
    fn donors_are_counted_and_ordered() {
        let complex = built("Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[NH2:1]CC(=O)[O-:2]}@1,2|{C[NH2:1]}@3");
        let vacancy = Vacancy::of(&complex, 1).unwrap();
        let ammonia = Ligand::from_smiles("[NH3:1]").unwrap();
        assert!(matches!(vacancy.order(&ammonia), Err(AssemblyError::Sites { donors: 1, sites: 2, .. })));
        assert!(matches!(Vacancy::of(&complex, 3), Err(AssemblyError::NoSuchLigand { .. })));
        // The middle nitrogen of a chain is between its ends.
        let sites = vec![[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        let vacancy = Vacancy { sites, ..vacancy };
        let dien = Ligand::from_smiles("[NH2:1]CC[NH:2]CC[NH2:3]").unwrap();
        assert_eq!(vacancy.order(&dien).unwrap()[1], 2);
    }
}
