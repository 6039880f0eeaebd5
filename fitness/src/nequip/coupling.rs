//! How two sets of harmonics make a third: Wigner 3j symbols in the real basis.
//!
//! Basis, signs and norm (the squares of one symbol sum to 1) are those of e3nn.

/// One number of a coupling: component `out` of the result gets `value` times component `first` times component `second`.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// Component of the first factor.
    pub first: usize,
    /// Component of the second factor.
    pub second: usize,
    /// Component of the result.
    pub out: usize,
    /// Factor.
    pub value: f64,
}

/// A complex number.
type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// The terms that are not zero of the coupling of orders `l1` and `l2` to `l3`.
pub fn coupling(l1: usize, l2: usize, l3: usize) -> Vec<Term> {
    let [a, b, c] = [l1, l2, l3].map(real_to_complex);
    let mut terms = Vec::new();
    for (first, second, out) in components(l1, l2, l3) {
        let mut sum = 0.0;
        for (i, a) in a.iter().enumerate() {
            for (k, b) in b.iter().enumerate() {
                let (m1, m2) = (i as i64 - l1 as i64, k as i64 - l2 as i64);
                let m3 = m1 + m2;
                if m3.unsigned_abs() as usize > l3 {
                    continue;
                }
                let c = c[(m3 + l3 as i64) as usize][out];
                let turned = times(times(a[first], b[second]), (c.0, -c.1));
                sum += turned.0 * clebsch_gordan(l1 as i64, m1, l2 as i64, m2, l3 as i64);
            }
        }
        if sum.abs() > 1e-12 {
            terms.push(Term { first, second, out, value: sum });
        }
    }
    let norm = terms.iter().map(|term| term.value * term.value).sum::<f64>().sqrt();
    for term in &mut terms {
        term.value /= norm;
    }
    terms
}

fn components(l1: usize, l2: usize, l3: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let [a, b, c] = [l1, l2, l3].map(|l| 2 * l + 1);
    (0..a * b * c).map(move |index| (index / (b * c), index / c % b, index % c))
}

/// The unitary matrix from real (columns) to complex harmonics (rows).
fn real_to_complex(l: usize) -> Vec<Vec<Complex>> {
    let mut q = vec![vec![(0.0, 0.0); 2 * l + 1]; 2 * l + 1];
    let half = std::f64::consts::FRAC_1_SQRT_2;
    q[l][l] = (1.0, 0.0);
    for m in 1..=l {
        let sign = if m % 2 == 0 { half } else { -half };
        q[l - m][l + m] = (half, 0.0);
        q[l - m][l - m] = (0.0, -half);
        q[l + m][l + m] = (sign, 0.0);
        q[l + m][l - m] = (0.0, sign);
    }
    // A factor of (-i)^l makes all couplings real.
    for _ in 0..l {
        for entry in q.iter_mut().flatten() {
            *entry = times(*entry, (0.0, -1.0));
        }
    }
    q
}

fn factorial(n: i64) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// Clebsch-Gordan coefficient of j1 m1, j2 m2 to j3 m1 + m2, by Racah's sum.
fn clebsch_gordan(j1: i64, m1: i64, j2: i64, m2: i64, j3: i64) -> f64 {
    let m3 = m1 + m2;
    let f = factorial;
    let lowest = (m3 + j2 - j1).max(m1 - j1).max(0);
    let highest = (j2 + j3 + m1).min(j3 - j1 + j2).min(j3 + m3);
    let scale = (2 * j3 + 1) as f64
        * (f(j3 + j1 - j2) * f(j3 - j1 + j2) * f(j1 + j2 - j3) * f(j3 + m3) * f(j3 - m3))
        / (f(j1 + j2 + j3 + 1) * f(j1 - m1) * f(j1 + m1) * f(j2 - m2) * f(j2 + m2));
    let sum: f64 = (lowest..=highest)
        .map(|v| {
            let sign = if (v + j2 + m2) % 2 == 0 { 1.0 } else { -1.0 };
            sign * f(j2 + j3 + m1 - v) * f(j1 - m1 + v)
                / (f(v) * f(j3 - j1 + j2 - v) * f(j3 + m3 - v) * f(v + j1 - j2 - m3))
        })
        .sum();
    scale.sqrt() * sum
}

#[cfg(test)]
mod tests {
    use druse_representations::nalgebra::{Rotation3, Vector3};

    use super::super::harmonics::{LMAX, harmonics, turning};
    use super::*;

    #[test]
    fn a_vector_and_a_vector_couple_to_their_product_across() {
        for term in coupling(1, 1, 1) {
            let others = 3 - term.first - term.second;
            assert_eq!(term.out, others);
            assert!((term.value.abs() - 1.0 / 6f64.sqrt()).abs() < 1e-12);
        }
        assert_eq!(coupling(1, 1, 1).len(), 6);
    }

    #[test]
    fn results_turn_with_their_factors() {
        let rotation = Rotation3::from_euler_angles(0.4, -1.1, 2.3).into_inner();
        let d = turning(&rotation);
        let (u, v) = (Vector3::new(0.3, -0.8, 0.5), Vector3::new(-0.2, 0.1, 0.9));
        let couple = |l1: usize, l2: usize, l3: usize, u: &Vector3<f64>, v: &Vector3<f64>| {
            let (u, v) = (harmonics(u).0, harmonics(v).0);
            let mut out = vec![0.0; 2 * l3 + 1];
            for term in coupling(l1, l2, l3) {
                out[term.out] += term.value * u[l1 * l1 + term.first] * v[l2 * l2 + term.second];
            }
            out
        };
        for l1 in 0..=LMAX {
            for l2 in 0..=LMAX {
                for (l3, d) in d.iter().enumerate().take(l1 + l2 + 1).skip(l1.abs_diff(l2)) {
                    let before = couple(l1, l2, l3, &u, &v);
                    let after = couple(l1, l2, l3, &(rotation * u), &(rotation * v));
                    for m in 0..2 * l3 + 1 {
                        let turned: f64 = (0..2 * l3 + 1).map(|k| d[(m, k)] * before[k]).sum();
                        assert!((turned - after[m]).abs() < 1e-10, "{l1} {l2} {l3}");
                    }
                }
            }
        }
    }
}
