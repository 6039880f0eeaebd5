//! A first guess of the curvature: springs between near atoms.

use druse_datasets::elements::covalent_radius;
use druse_representations::{Crystal, NeighbourError, Neighbours};
use nalgebra::{DMatrix, Matrix3};

/// Stiffness (eV/Å^2) of a spring as long as the covalent radii add up to. For rock salt it makes a bulk modulus of 180 GPa.
const STIFFNESS: f64 = 2.0;
/// How it falls off with the length over that sum; as in the preconditioner of Packwood et al., J. Chem. Phys. 144, 164109 (2016).
const DECAY: f64 = 3.0;
/// Springs longer than this many sums of radii are left out.
const LONGEST: f64 = 1.8;
/// Stiffness across a spring over that along it.
const ACROSS: f64 = 0.15;
/// What holds every direction (eV/Å^2), those included that no spring resists.
const GROUND: f64 = 0.1;
/// For elements without a tabulated radius (Å).
const RADIUS: f64 = 1.5;

/// The second derivative of springs with respect to positions and cell, rows as in [`Filter`](super::filter::Filter), three
/// numbers a row.
///
/// # Errors
/// When the crystal admits no neighbour list.
pub(super) fn curvature(crystal: &Crystal) -> Result<DMatrix<f64>, NeighbourError> {
    let sites = crystal.sites.len();
    let radius =
        |site: &druse_representations::Site| site.main_element().and_then(covalent_radius).unwrap_or(RADIUS);
    let radii: Vec<f64> = crystal.sites.iter().map(radius).collect();
    let longest = 2.0 * LONGEST * radii.iter().copied().fold(0.0, f64::max);
    let list = Neighbours::within(crystal, longest)?;
    let positions = crystal.cartesian();
    let mut form = DMatrix::from_diagonal_element(3 * sites + 9, 3 * sites + 9, GROUND);
    let cell = 3 * sites;
    for (i, j, image, distance) in list.iter() {
        let ratio = distance / (radii[i] + radii[j]);
        if ratio > LONGEST {
            continue;
        }
        let image = crystal.lattice.to_cartesian(&image.map(f64::from).into());
        let vector = positions[j] + image - positions[i];
        let along = vector * vector.transpose() / (distance * distance);
        // Half of each spring is seen from either end.
        let stiffness = 0.5 * STIFFNESS * (DECAY * (1.0 - ratio)).exp().min(4.0);
        let block = stiffness * (along + ACROSS * (Matrix3::identity() - along));
        add(&mut form, 3 * i, 3 * i, &block);
        add(&mut form, 3 * j, 3 * j, &block);
        add(&mut form, 3 * i, 3 * j, &-block);
        add(&mut form, 3 * j, 3 * i, &-block);
        // The rows of the cell are N log D: row a, column b moves component a by vector[b] / N.
        let reach = vector / sites as f64;
        for a in 0..3 {
            for b in 0..3 {
                let row = cell + 3 * a + b;
                for c in 0..3 {
                    let coupling = block[(a, c)] * reach[b];
                    for (atom, sign) in [(j, 1.0), (i, -1.0)] {
                        form[(row, 3 * atom + c)] += sign * coupling;
                        form[(3 * atom + c, row)] += sign * coupling;
                    }
                    for d in 0..3 {
                        form[(row, cell + 3 * c + d)] += coupling * reach[d];
                    }
                }
            }
        }
    }
    Ok(form)
}

fn add(form: &mut DMatrix<f64>, row: usize, column: usize, block: &Matrix3<f64>) {
    let mut view = form.fixed_view_mut::<3, 3>(row, column);
    view += block;
}

#[cfg(test)]
mod tests {
    use druse_representations::{Element, Lattice};

    use super::*;

    #[test]
    fn springs_resist_strain_but_no_translation() {
        let [mg, o] = ["Mg", "O"].map(|symbol| Element::from_symbol(symbol).unwrap());
        let half = 2.1;
        let lattice = Lattice::from_rows([[0.0, half, half], [half, 0.0, half], [half, half, 0.0]]);
        let crystal = Crystal::ordered(lattice, [(mg, [0.0; 3]), (o, [0.5; 3])]);
        let form = curvature(&crystal).unwrap();
        assert!((&form - form.transpose()).amax() < 1e-9);
        assert!(form.clone().cholesky().is_some());
        let along = |rows: [f64; 15]| {
            let rows = nalgebra::DVector::from_row_slice(&rows);
            rows.dot(&(&form * &rows))
        };
        let mut all = [0.0; 15];
        (all[0], all[3]) = (1.0, 1.0);
        assert!((along(all) - 2.0 * GROUND).abs() < 1e-9);
        // Per volume and strain squared: nine times the bulk modulus (x = N log D).
        let mut swelling = [0.0; 15];
        (swelling[6], swelling[10], swelling[14]) = (2.0, 2.0, 2.0);
        let modulus = along(swelling) / 9.0 / crystal.lattice.volume() * crate::potential::GPA_PER_EV_PER_A3;
        assert!((50.0..400.0).contains(&modulus), "{modulus} GPa");
    }
}
