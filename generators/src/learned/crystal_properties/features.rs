//! A crystal in numbers.

use std::sync::OnceLock;

use druse_fitness::chgnet::{Chgnet, ChgnetKind};
use druse_representations::Crystal;
use druse_representations::symmetry::CellSymmetry;

use crate::learned::nets::elements::{ELEMENTS, FEATURES as OF_ELEMENT, table};

/// Tolerance (Å) of the symmetry.
const SYMPREC: f64 = 0.01;
/// Numbers of the features of CHGNet.
const SEEN: usize = 256;
/// Numbers about cell and symmetry.
const OF_CELL: usize = 4;

/// Length of what [`features()`] gives.
pub const FEATURES: usize = ELEMENTS as usize + 4 * OF_ELEMENT as usize + OF_CELL + SEEN;

/// Shares of the elements; mean, standard deviation, least and greatest value of their features; numbers of atoms, of orbits and
/// of operations and the volume per atom, as logarithms; and what CHGNet sees ([`Chgnet::describe`]).
///
/// # Errors
/// When the weights of CHGNet are absent, or it cannot look at the crystal: disorder, an element that it does not know.
pub fn features(crystal: &Crystal) -> Result<Vec<f32>, String> {
    let (exact, symmetry) = CellSymmetry::find(crystal, SYMPREC);
    let seen = chgnet()?.describe(&[(&exact, &symmetry)]).pop().ok_or("CHGNet gave nothing")?;
    let seen = seen.map_err(|error| error.to_string())?;
    let composition = crystal.composition();
    let shares: Vec<(usize, f64)> = composition
        .elements()
        .map(|element| (usize::from(element.atomic_number()), composition.fraction(element)))
        .collect();
    let mut features = vec![0f32; ELEMENTS as usize];
    shares.iter().for_each(|&(z, share)| features[z] = share as f32);
    let width = OF_ELEMENT as usize;
    let mut moments = vec![0f32; 4 * width];
    for k in 0..width {
        let values = || shares.iter().map(|&(z, share)| (f64::from(elements()[z * width + k]), share));
        let mean: f64 = values().map(|(x, share)| share * x).sum();
        let variance: f64 = values().map(|(x, share)| share * (x - mean).powi(2)).sum();
        moments[k] = mean as f32;
        moments[width + k] = variance.sqrt() as f32;
        moments[2 * width + k] = values().map(|(x, _)| x as f32).fold(f32::INFINITY, f32::min);
        moments[3 * width + k] = values().map(|(x, _)| x as f32).fold(f32::NEG_INFINITY, f32::max);
    }
    features.extend(moments);
    let atoms = crystal.sites.len() as f64;
    let of_cell: [f64; OF_CELL] =
        [atoms, symmetry.orbits().len() as f64, symmetry.order() as f64, crystal.lattice.volume() / atoms];
    features.extend(of_cell.map(|x| (x.ln() - 2.0) as f32));
    features.extend(seen.into_iter().map(|x| x as f32));
    match features.iter().all(|x| x.is_finite()) {
        true => Ok(features),
        false => Err("a feature is not a finite number".to_owned()),
    }
}

/// Features of the elements, rows of [`OF_ELEMENT`].
fn elements() -> &'static [f32] {
    static ROWS: OnceLock<Vec<f32>> = OnceLock::new();
    ROWS.get_or_init(|| Vec::try_from(table().view(-1)).unwrap_or_default())
}

fn chgnet() -> Result<&'static Chgnet, String> {
    static MODEL: OnceLock<Result<Chgnet, String>> = OnceLock::new();
    MODEL
        .get_or_init(|| Chgnet::load(ChgnetKind::V030).map_err(|error| error.to_string()))
        .as_ref()
        .map_err(Clone::clone)
}
