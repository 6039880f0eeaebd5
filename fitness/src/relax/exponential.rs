//! Matrix exponentials of small strains and their derivatives.

use nalgebra::{Matrix3, SMatrix, SVector};

/// exp(A) by scaling and squaring with a Taylor series (Moler and Van Loan, SIAM Rev. 45, 3
/// (2003), method 3). The series of a matrix of norm 1/4 is exact to rounding after 12 terms.
fn exponential<const N: usize>(a: &SMatrix<f64, N, N>) -> SMatrix<f64, N, N> {
    const TERMS: u32 = 12;
    let norm = a.row_iter().map(|row| row.abs().sum()).fold(0.0, f64::max);
    let halvings = if norm > 0.25 { (norm / 0.25).log2().ceil() as i32 } else { 0 };
    let scaled = a * 0.5_f64.powi(halvings);
    let identity = SMatrix::<f64, N, N>::from_diagonal(&SVector::from_element(1.0));
    let mut sum = identity;
    let mut term = identity;
    for k in 1..=TERMS {
        term = term * scaled / f64::from(k);
        sum += term;
    }
    for _ in 0..halvings {
        sum = sum * sum;
    }
    sum
}

/// exp(A).
pub(super) fn expm(a: &Matrix3<f64>) -> Matrix3<f64> {
    exponential(a)
}

/// Derivative of exp at A in the direction E: the upper right block of exp([[A, E], [0, A]])
/// (Van Loan, IEEE Trans. Autom. Control 23, 395 (1978)).
pub(super) fn expm_derivative(a: &Matrix3<f64>, e: &Matrix3<f64>) -> Matrix3<f64> {
    let mut block = SMatrix::<f64, 6, 6>::zeros();
    block.fixed_view_mut::<3, 3>(0, 0).copy_from(a);
    block.fixed_view_mut::<3, 3>(3, 3).copy_from(a);
    block.fixed_view_mut::<3, 3>(0, 3).copy_from(e);
    exponential(&block).fixed_view::<3, 3>(0, 3).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_of_a_rotation_generator() {
        let angle = 2.0_f64;
        let generator = Matrix3::new(0.0, -angle, 0.0, angle, 0.0, 0.0, 0.0, 0.0, 0.0);
        let (s, c) = angle.sin_cos();
        let rotation = Matrix3::new(c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0);
        assert!((expm(&generator) - rotation).norm() < 1e-14);
    }

    #[test]
    fn derivative_agrees_with_differences() {
        let a = Matrix3::new(0.1, 0.3, -0.2, 0.05, -0.4, 0.2, 0.6, -0.1, 0.3);
        let e = Matrix3::new(1.0, -2.0, 0.5, 0.3, 0.7, -1.0, 0.2, 0.4, 1.5);
        let h = 1e-6;
        let difference = (expm(&(a + e * h)) - expm(&(a - e * h))) / (2.0 * h);
        assert!((expm_derivative(&a, &e) - difference).norm() < 1e-8);
    }
}
