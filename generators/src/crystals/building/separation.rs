//! Pushing atoms apart that came too near to each other.

use druse_representations::MatrixCode;
use nalgebra::Vector3;

use super::{Contacts, Filling};

/// Rounds of pushing.
const ROUNDS: usize = 60;
/// Atoms are pushed this much further than to their contact, so that the last bits come to an end.
const FURTHER: f64 = 1.02;

/// Moves atoms apart until they keep their contacts, as AIRSS does with random structures (Pickard and
/// Needs, J. Phys.: Condens. Matter 23, 053201 (2011)): in every round each pair that is too near moves
/// away from each other by half of what it lacks each. The cell stays. Pairs of an atom with its own
/// image are not looked at.
///
/// Nothing happens when an element has no contacts.
pub(crate) fn separate(code: &mut MatrixCode, contacts: &Contacts) {
    let Some(kinds) = code.species.iter().map(|&e| contacts.index(e)).collect::<Option<Vec<usize>>>() else {
        return;
    };
    let filling = Filling::new(code.lattice, contacts);
    let mut places: Vec<Vector3<f64>> = code.frac.iter().map(|&x| Vector3::from(x)).collect();
    for _ in 0..ROUNDS {
        let mut pushes = vec![Vector3::zeros(); places.len()];
        let mut settled = true;
        for i in 0..places.len() {
            for j in i + 1..places.len() {
                let way = filling.way(&places[i], &places[j]);
                let (distance, wanted) = (way.norm(), contacts.smallest(kinds[i], kinds[j]));
                if distance >= wanted {
                    continue;
                }
                settled = false;
                // Atoms on one place part along the first vector.
                let direction =
                    if distance > 1e-6 { way / distance } else { code.lattice.vector(0).normalize() };
                let push = direction * (0.5 * (FURTHER * wanted - distance));
                pushes[i] -= push;
                pushes[j] += push;
            }
        }
        if settled {
            break;
        }
        for (place, push) in places.iter_mut().zip(&pushes) {
            *place += code.lattice.to_fractional(push).unwrap_or_default();
        }
    }
    code.frac = places.into_iter().map(|x| x.map(druse_representations::crystal::wrap).into()).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::building::{closest_approach, estimated_volume};
    use crate::stream::stream;
    use druse_representations::{Element, Lattice};
    use rand::RngExt;

    #[test]
    fn random_atoms_part() {
        let (mut before, mut after) = (0, 0);
        for number in 0..40 {
            let mut rng = stream(1, number);
            let species: Vec<Element> = "Mg Al Al O O O O".split(' ').map(|s| s.parse().unwrap()).collect();
            let frac = species.iter().map(|_| std::array::from_fn(|_| rng.random::<f64>())).collect();
            let mut code = MatrixCode { lattice: Lattice::cubic(1.0), frac, species };
            let composition = code.composition();
            code.lattice = Lattice::cubic((1.1 * estimated_volume(&composition)).cbrt());
            let contacts = Contacts::of(&composition);
            before += usize::from(closest_approach(&code.to_crystal(), &contacts) > 0.95);
            separate(&mut code, &contacts);
            after += usize::from(closest_approach(&code.to_crystal(), &contacts) > 0.95);
            assert_eq!(code.composition(), composition);
        }
        assert!(before <= 2 && after >= 30, "{before} before, {after} after of 40");
    }
}
