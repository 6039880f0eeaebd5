//! Random symmetric crystals.
//!
//! A neutral formula is drawn, then a space group and Wyckoff positions that hold a whole number
//! of formula units, then a cell of the right volume and free parameters that keep the atoms apart
//! (as in AIRSS, Pickard and Needs, J. Phys.: Condens. Matter 23, 053201 (2011), and PyXtal,
//! Fredericks et al., Comput. Phys. Commun. 261, 107810 (2021)).

use druse_datasets::prototypes::prototypes;
use druse_representations::symmetry::{CrystalSystem, Orbit, SymmetryCode};
use druse_representations::wyckoff::{SpaceGroup, space_group};
use druse_representations::{Composition, Element, Lattice};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::crystals::building::{
    Contacts, Draft, Filling, MENDABLE, Workshop, estimated_volume, place_orbit,
};

/// Space groups tried for one formula.
const GROUPS: usize = 12;
/// Cell shapes tried for one set of Wyckoff positions.
const SHAPES: usize = 4;
/// Draws of the free parameters of one orbit.
const DRAWS: usize = 12;
/// Volume relative to that of crystals at rest: random packings need more room. 25 of them relaxed
/// with CHGNet from 1 grew to 1.12 (median).
const VOLUME: f64 = 1.1;
/// Steps of the search for Wyckoff positions.
const STEPS: usize = 300;

/// One attempt at a random symmetric crystal.
pub(crate) fn random_draft<R: Rng + ?Sized>(workshop: &Workshop, rng: &mut R) -> Option<Draft> {
    let space = &workshop.space;
    let counts = workshop.chemistry.random_counts(space, rng)?;
    let composition: Composition = counts.iter().map(|&(e, n)| (e, n as f64)).collect();
    let contacts = Contacts::of(&composition);
    for _ in 0..GROUPS {
        let number = *space.space_groups.choose_weighted(rng, |&n| group_weight(n)).ok()?;
        let group = space_group(number)?;
        let Some(occupied) = occupy(group, &counts, rng) else { continue };
        for _ in 0..SHAPES {
            if let Some(code) =
                fill(group, &occupied, &contacts, VOLUME * estimated_volume(&composition), rng)
            {
                return Some(Draft { code, volume: VOLUME, operator: "random", parents: 0 });
            }
        }
    }
    None
}

/// Weight of a space group: 1, and 2 more for each structure type of the library in it.
fn group_weight(number: u8) -> u32 {
    static COUNTS: std::sync::LazyLock<[u32; 256]> = std::sync::LazyLock::new(|| {
        let mut counts = [1; 256];
        for prototype in prototypes() {
            counts[usize::from(prototype.space_group)] += 2;
        }
        counts
    });
    COUNTS[usize::from(number)]
}

/// Wyckoff positions (by index) that hold these numbers of atoms per primitive cell.
fn occupy<R: Rng + ?Sized>(
    group: &SpaceGroup,
    counts: &[(Element, usize)],
    rng: &mut R,
) -> Option<Vec<(Element, usize)>> {
    let mut chosen = Vec::new();
    let mut used = vec![false; group.positions().len()];
    let mut steps = STEPS;
    let found = descend(group, counts, 0, counts.first()?.1, &mut used, &mut chosen, &mut steps, rng);
    found.then_some(chosen)
}

/// Depth-first search over random choices; `left` atoms of element `which` still need a place.
#[expect(clippy::too_many_arguments, reason = "the state of one recursive search")]
fn descend<R: Rng + ?Sized>(
    group: &SpaceGroup,
    counts: &[(Element, usize)],
    which: usize,
    left: usize,
    used: &mut [bool],
    chosen: &mut Vec<(Element, usize)>,
    steps: &mut usize,
    rng: &mut R,
) -> bool {
    if left == 0 {
        let Some(&(_, next)) = counts.get(which + 1) else { return true };
        return descend(group, counts, which + 1, next, used, chosen, steps, rng);
    }
    let mut open: Vec<usize> = (0..used.len())
        .filter(|&i| !used[i] && group.positions()[i].primitive_multiplicity() <= left)
        .collect();
    while !open.is_empty() {
        if *steps == 0 {
            return false;
        }
        *steps -= 1;
        let weight = |&i: &usize| 1.0 / (1.0 + group.positions()[i].degrees_of_freedom() as f64);
        let Ok(&i) = open.choose_weighted(rng, weight) else { return false };
        open.retain(|&other| other != i);
        let position = &group.positions()[i];
        chosen.push((counts[which].0, i));
        used[i] = position.degrees_of_freedom() == 0;
        if descend(group, counts, which, left - position.primitive_multiplicity(), used, chosen, steps, rng) {
            return true;
        }
        used[i] = false;
        chosen.pop();
    }
    false
}

/// A cell of random shape with this primitive volume, filled so that atoms keep apart.
fn fill<R: Rng + ?Sized>(
    group: &SpaceGroup,
    occupied: &[(Element, usize)],
    contacts: &Contacts,
    volume: f64,
    rng: &mut R,
) -> Option<SymmetryCode> {
    let to_primitive = group.centring().map(f64::from);
    let cell = random_cell(group, volume * group.centring_order() as f64, rng)?;
    let conventional = Lattice::from_parameters(cell).ok()?;
    let lattice = Lattice::from_matrix(to_primitive.try_inverse()?.transpose() * conventional.matrix());
    let mut filling = Filling::new(lattice, contacts);
    // Positions without freedom first: nothing can be done about them.
    let mut order: Vec<usize> = (0..occupied.len()).collect();
    order.sort_by_key(|&i| (group.positions()[occupied[i].1].degrees_of_freedom(), i));
    let mut orbits: Vec<Option<Orbit>> = vec![None; occupied.len()];
    for i in order {
        let (element, index) = occupied[i];
        let position = &group.positions()[index];
        let kind = contacts.index(element)?;
        let (free, ratio) = place_orbit(&mut filling, position, &to_primitive, kind, DRAWS, rng);
        if ratio < MENDABLE {
            return None;
        }
        orbits[i] = Some(Orbit { element, letter: position.letter(), free });
    }
    Some(SymmetryCode {
        space_group: group.number(),
        cell,
        orbits: orbits.into_iter().collect::<Option<_>>()?,
    })
}

/// Conventional cell of random shape and given volume (Å^3).
fn random_cell<R: Rng + ?Sized>(group: &SpaceGroup, volume: f64, rng: &mut R) -> Option<[f64; 6]> {
    /// Standard deviation of the logarithms of the edges.
    const SPREAD: f64 = 0.3;
    let system = CrystalSystem::of(group.number())?;
    let mut edge = || (SPREAD * rng.sample::<f64, _>(StandardNormal)).exp();
    let (a, b, mut c) = (edge(), edge(), edge());
    if group.centring_order() == 3 {
        // A rhombohedral lattice is as compact as a cubic one at c/a = sqrt(6).
        c *= 6f64.sqrt();
    }
    let mut angle = |low: f64, high: f64| rng.random_range(low..high);
    let (alpha, beta, gamma) = match system {
        CrystalSystem::Triclinic => (angle(70.0, 110.0), angle(70.0, 110.0), angle(70.0, 110.0)),
        _ => (90.0, angle(90.0, 118.0), 90.0),
    };
    // For a = b the first edge counts, not the mean.
    let b = if matches!(
        system,
        CrystalSystem::Triclinic | CrystalSystem::Monoclinic | CrystalSystem::Orthorhombic
    ) {
        b
    } else {
        a
    };
    let cell = system.constrain([a, b, c, alpha, beta, gamma]);
    let scale = (volume / Lattice::from_parameters(cell).ok()?.volume()).cbrt();
    Some([cell[0] * scale, cell[1] * scale, cell[2] * scale, cell[3], cell[4], cell[5]])
}
