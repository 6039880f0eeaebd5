//! Crossover in space.

use druse_representations::{Composition, Element, Lattice, MatrixCode};
use rand::{Rng, RngExt};

use super::repair::repair;
use crate::crystals::building::Workshop;

/// Where the cut may lie along its axis.
const CUT: std::ops::Range<f64> = 0.25..0.75;

/// A slab of one crystal and the rest of another (Deaven and Ho, Phys. Rev. Lett. 75, 288 (1995); with
/// periodic cells Glass, Oganov and Hansen, Comput. Phys. Commun. 175, 713 (2006)), with the share of
/// the first in it.
///
/// Both are shifted at random and the second also turned, by exchanging its axes; the cell is their
/// weighted mean. Atoms are then replaced, removed and added until the composition is that of one of the
/// parents, exactly; or it stays as it came when that is within the space too and the parents are of
/// different compositions.
pub(super) fn cut_and_splice<R: Rng + ?Sized>(
    workshop: &Workshop,
    first: &MatrixCode,
    second: &MatrixCode,
    rng: &mut R,
) -> Option<(MatrixCode, f64)> {
    if first == second {
        return None;
    }
    let second = turned(second, rng.random_range(0..3), rng.random())?;
    let (axis, cut) = (rng.random_range(0..3), rng.random_range(CUT));
    let lattice = mean(&first.lattice, &second.lattice, cut)?;
    let (mut atoms, mut spare) = (Vec::new(), Vec::new());
    for (code, mine) in [(first, true), (&second, false)] {
        let shift: [f64; 3] = std::array::from_fn(|_| rng.random::<f64>());
        for (&element, x) in code.species.iter().zip(&code.frac) {
            let place: [f64; 3] =
                std::array::from_fn(|k| druse_representations::crystal::wrap(x[k] + shift[k]));
            let list = if (place[axis] < cut) == mine { &mut atoms } else { &mut spare };
            list.push((element, place));
        }
    }
    if atoms.is_empty() {
        return None;
    }
    let counts =
        |atoms: &mut dyn Iterator<Item = Element>| -> Composition { atoms.map(|e| (e, 1.0)).collect() };
    let came = counts(&mut atoms.iter().map(|atom| atom.0));
    let (one, other) = (first.composition(), second.composition());
    let [fewest, most] = workshop.space.atoms;
    let free = one != other
        && (fewest..=most).contains(&atoms.len())
        && workshop.chemistry.sensible(&workshop.space, &came)
        && rng.random();
    if !free {
        let wanted = if rng.random::<f64>() < cut { one } else { other };
        repair(&mut atoms, spare, &wanted, &lattice, rng)?;
    }
    let (species, frac) = atoms.into_iter().unzip();
    Some((MatrixCode { lattice, frac, species }, cut))
}

/// The same crystal with its axes exchanged in a circle, seen from its inversion too: as likely a start.
fn turned(code: &MatrixCode, by: usize, inverted: bool) -> Option<MatrixCode> {
    let sign = if inverted { -1.0 } else { 1.0 };
    let [a, b, c, alpha, beta, gamma] = code.lattice.parameters();
    let (edges, angles) = ([a, b, c], [alpha, beta, gamma]);
    let at = |list: [f64; 3], k: usize| list[(k + by) % 3];
    let cell = [at(edges, 0), at(edges, 1), at(edges, 2), at(angles, 0), at(angles, 1), at(angles, 2)];
    let frac = code.frac.iter().map(|x| std::array::from_fn(|k| sign * x[(k + by) % 3])).collect();
    Some(MatrixCode { lattice: Lattice::from_parameters(cell).ok()?, frac, species: code.species.clone() })
}

/// The weighted mean of two cells in their standard orientation.
fn mean(first: &Lattice, second: &Lattice, share: f64) -> Option<Lattice> {
    let standard = |lattice: &Lattice| Lattice::from_parameters(lattice.parameters()).ok();
    let (first, second) = (standard(first)?, standard(second)?);
    Some(Lattice::from_matrix(first.matrix() * share + second.matrix() * (1.0 - share)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::space::DesignSpace;
    use crate::stream::stream;
    use druse_datasets::prototypes::prototype;

    fn code(name: &str) -> MatrixCode {
        MatrixCode::as_told(&prototype(name).unwrap().code().to_primitive().unwrap()).unwrap()
    }

    fn workshop() -> Workshop {
        let elements = "Ti O Sr Ca Mg Al".split(' ').map(|s| s.parse().unwrap());
        Workshop::new(&DesignSpace::new(elements)).unwrap()
    }

    #[test]
    fn children_of_one_composition_have_it_exactly() {
        let (rutile, anatase) = (code("rutile"), code("anatase"));
        let composition = anatase.composition();
        assert_eq!(rutile.composition(), composition);
        let mut different = std::collections::BTreeSet::new();
        for number in 0..200 {
            let (child, share) =
                cut_and_splice(&workshop(), &rutile, &anatase, &mut stream(4, number)).unwrap();
            assert_eq!(child.composition(), composition);
            assert!(child.is_valid() && CUT.contains(&share));
            different.insert(format!("{:?}", child.frac));
        }
        assert_eq!(different.len(), 200);
    }

    #[test]
    fn children_of_two_compositions_have_one_of_theirs_or_a_sensible_one() {
        let (perovskite, spinel) = (code("perovskite-cubic"), code("spinel"));
        let workshop = workshop();
        let mut formulas = std::collections::BTreeSet::new();
        for number in 0..200 {
            let Some((child, _)) = cut_and_splice(&workshop, &perovskite, &spinel, &mut stream(5, number))
            else {
                continue;
            };
            assert!(workshop.chemistry.sensible(&workshop.space, &child.composition()));
            formulas.insert(child.composition().reduced_formula());
        }
        assert!(formulas.len() >= 2, "{formulas:?}");
    }

    #[test]
    fn turning_keeps_the_crystal() {
        let spinel = code("spinel");
        let approach = |code: &MatrixCode| {
            let contacts = crate::crystals::building::Contacts::of(&code.composition());
            crate::crystals::building::closest_approach(&code.to_crystal(), &contacts)
        };
        for by in 0..3 {
            for inverted in [false, true] {
                let other = turned(&spinel, by, inverted).unwrap();
                assert!((approach(&other) - approach(&spinel)).abs() < 1e-9);
                assert!((other.lattice.volume() - spinel.lattice.volume()).abs() < 1e-9);
            }
        }
    }
}
