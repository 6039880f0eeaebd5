//! Unlike atoms in each other's places.

use druse_representations::MatrixCode;
use rand::{Rng, RngExt};

/// Most exchanges, as a share of the atoms.
const SHARE: f64 = 0.3;

/// Lets pairs of unlike atoms exchange their places; `None` for an element alone.
pub(super) fn permute<R: Rng + ?Sized>(code: &MatrixCode, rng: &mut R) -> Option<MatrixCode> {
    let n = code.atom_count();
    let most = ((SHARE * n as f64) as usize).max(1);
    let mut child = code.clone();
    for _ in 0..rng.random_range(1..=most) {
        let first = rng.random_range(0..n);
        let unlike: Vec<usize> = (0..n).filter(|&i| child.species[i] != child.species[first]).collect();
        if unlike.is_empty() {
            return None;
        }
        child.species.swap(first, unlike[rng.random_range(0..unlike.len())]);
    }
    (child.species != code.species).then_some(child)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use druse_datasets::prototypes::prototype;

    #[test]
    fn composition_and_places_stay() {
        let code = |name: &str| {
            MatrixCode::as_told(&prototype(name).unwrap().code().to_primitive().unwrap()).unwrap()
        };
        let spinel = code("spinel");
        let children: Vec<MatrixCode> =
            (0..50).filter_map(|number| permute(&spinel, &mut stream(1, number))).collect();
        assert!(children.len() > 30);
        for child in children {
            assert_eq!(child.composition(), spinel.composition());
            assert_eq!((child.frac, child.lattice), (spinel.frac.clone(), spinel.lattice));
        }
        assert_eq!(permute(&code("diamond"), &mut stream(1, 0)), None);
    }
}
