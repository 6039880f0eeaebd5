//! Cell and positions as one set of free variables, in the manner of ASE's `FrechetCellFilter`.
//!
//! ```text
//! cell = cell_0 D^T     (rows are vectors; D maps the start cell to the present one)
//! q_i  = D^-1 r_i       positions in the frame of the start cell
//! x    = N log(D)       three more rows; N atoms
//! ```
//!
//! Forces: `F_i D` on q_i, and on x the derivative of the exponential applied to the virial.

use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::{Crystal, Lattice};

use super::exponential::{expm, expm_derivative};
use super::options::CellFreedom;
use crate::potential::{GPA_PER_EV_PER_A3, Prediction};

/// Free variables of one crystal.
#[derive(Clone)]
pub(super) struct Filter {
    start: Lattice,
    /// Present logarithm of D.
    log: Matrix3<f64>,
    /// D.
    deformation: Matrix3<f64>,
    /// q_i (Å).
    positions: Vec<Vector3<f64>>,
    freedom: CellFreedom,
    /// eV/Å^3.
    pressure: f64,
}

impl Filter {
    pub(super) fn new(crystal: &Crystal, freedom: CellFreedom, pressure_gpa: f64) -> Self {
        Self {
            start: crystal.lattice,
            log: Matrix3::zeros(),
            deformation: Matrix3::identity(),
            positions: crystal.cartesian(),
            freedom,
            pressure: pressure_gpa / GPA_PER_EV_PER_A3,
        }
    }

    /// Generalised forces (eV/Å): one row per atom, then three rows of the cell; `None` when the
    /// prediction lacks forces or stress.
    pub(super) fn forces(&self, volume: f64, prediction: &Prediction) -> Option<Vec<Vector3<f64>>> {
        let atoms = prediction.forces.as_ref()?;
        let mut rows: Vec<Vector3<f64>> =
            atoms.iter().map(|f| self.deformation.tr_mul(&Vector3::from(*f))).collect();
        let cell = match self.freedom {
            CellFreedom::Fixed => Matrix3::zeros(),
            _ => self.cell_force(volume, prediction.stress.as_ref()?)?,
        };
        rows.extend(cell.row_iter().map(|row| row.transpose()));
        Some(rows)
    }

    fn cell_force(&self, volume: f64, stress: &[[f64; 3]; 3]) -> Option<Matrix3<f64>> {
        // An energy that is invariant under rotations has a symmetric stress; symmetrising takes
        // away rounding that would rotate the cell.
        let stress = Matrix3::from_fn(|i, j| 0.5 * (stress[i][j] + stress[j][i]) / GPA_PER_EV_PER_A3);
        let mut virial = -volume * (stress + Matrix3::from_diagonal_element(self.pressure));
        if let CellFreedom::Components([xx, yy, zz, yz, xz, xy]) = self.freedom {
            let free = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
            virial = virial.zip_map(&free, |x, free| if free { x } else { 0.0 });
        }
        if self.freedom == CellFreedom::Hydrostatic {
            virial = Matrix3::from_diagonal_element(virial.trace() / 3.0);
        }
        let gradient = virial * self.deformation.try_inverse()?.transpose();
        // sum(L(A; E_mn) * G) over all directions E_mn is L(A^T; G): the adjoint of the derivative.
        let mut force = expm_derivative(&self.log.transpose(), &gradient) / self.positions.len() as f64;
        if self.freedom == CellFreedom::ConstantVolume {
            force -= Matrix3::from_diagonal_element(force.trace() / 3.0);
        }
        Some(force)
    }

    /// Moves the free variables by `step` (rows as in [`Self::forces`], Å).
    pub(super) fn displace(&mut self, step: &[Vector3<f64>]) {
        let atoms = self.positions.len();
        for (position, change) in self.positions.iter_mut().zip(step) {
            *position += change;
        }
        if self.freedom != CellFreedom::Fixed {
            for (row, change) in step[atoms..].iter().enumerate() {
                for column in 0..3 {
                    self.log[(row, column)] += change[column] / atoms as f64;
                }
            }
            self.deformation = expm(&self.log);
        }
    }

    /// Puts the present cell and positions into `crystal`; `None` when the start cell spans no
    /// volume.
    pub(super) fn apply(&self, crystal: &mut Crystal) -> Option<()> {
        crystal.lattice = Lattice::from_matrix(self.start.matrix() * self.deformation.transpose());
        for (site, position) in crystal.sites.iter_mut().zip(&self.positions) {
            // Fractional coordinates are the same in the frame of the start cell.
            site.frac = self.start.to_fractional(position)?;
        }
        Some(())
    }
}
