//! Substituents in the place of hydrogen.

use druse_representations::{BondOrder, Ligand};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::sketch::Sketch;
use super::substituents::SUBSTITUENTS;
use crate::complexes::environments::environments;

/// Probability that all equivalent positions get the substituent.
const EQUIVALENT: f64 = 0.5;
/// Most positions that are substituted at once.
const MOST: usize = 4;
/// Bonds around an atom that decide whether positions are equivalent.
const RADIUS: usize = 8;

/// Replaces a hydrogen atom on carbon, or all that are equivalent to it, by a substituent.
pub(super) fn decorate<R: Rng + ?Sized>(sketch: &mut Sketch, ligand: &Ligand, rng: &mut R) -> Option<()> {
    let hydrogens: Vec<(usize, usize)> = sketch
        .atoms()
        .filter(|&(atom, _)| sketch.symbol(atom) == "H" && !sketch.is_donor(atom))
        .filter_map(|(atom, _)| match sketch.neighbours(atom)[..] {
            [(carrier, BondOrder::Single)] => Some((atom, carrier)),
            _ => None,
        })
        .filter(|&(_, carrier)| sketch.symbol(carrier) == "C" && !sketch.is_kappa_donor(carrier))
        .collect();
    let &(hydrogen, carrier) = hydrogens.choose(rng)?;
    let substituent = SUBSTITUENTS.choose_weighted(rng, |substituent| substituent.weight).ok()?;
    let mut places = vec![(hydrogen, carrier)];
    if rng.random::<f64>() < EQUIVALENT {
        let codes = environments(ligand, RADIUS);
        // One on each carbon: three methyl groups on one carbon are seldom meant.
        let mut all: Vec<(usize, usize)> =
            hydrogens.into_iter().filter(|&(atom, _)| codes[atom] == codes[hydrogen]).collect();
        all.sort_unstable_by_key(|&(atom, carrier)| (carrier, atom));
        all.dedup_by_key(|&mut (_, carrier)| carrier);
        if all.len() <= MOST {
            places = all;
        }
    }
    for (hydrogen, carrier) in places {
        substituent.attach(sketch, carrier, hydrogen)?;
    }
    Some(())
}
