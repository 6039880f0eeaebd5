//! The inner loop: one path of one edge, on blocks of channels.
#![allow(unsafe_code)] // only to enter the copies for newer processors, after the processor was asked

use crate::kernels::{Real, copies};

/// Channels that are worked on together; every number of channels is a multiple.
pub const LANES: usize = 16;
/// Components of the highest order.
pub const WIDEST: usize = 7;

/// The coupling of one path with the harmonics of one edge: row = component of the source, column = component of the result.
pub type Turn<T> = [[T; WIDEST]; WIDEST];

/// Components of the source and of the result of a path, and its channels.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Components of the source.
    pub first: usize,
    /// Components of the result.
    pub out: usize,
    /// Channels.
    pub channels: usize,
}

/// What a path of an edge takes.
#[derive(Clone, Copy)]
pub struct Operands<'a, T> {
    /// Components and channels.
    pub shape: Shape,
    /// Coupling with the harmonics.
    pub turn: &'a Turn<T>,
    /// Features of the source: a row of channels for each component.
    pub source: &'a [T],
    /// Weight of each channel.
    pub weight: &'a [T],
    /// Derivative of each weight with respect to the distance.
    pub slope: &'a [T],
}

copies! {
    /// `out[k][u] += weight[u] sum_i turn[i][k] source[i][u]`; rows of `out` are `stride` numbers apart.
    convolve => convolve_body(operands: &Operands<'_, T>, out: &mut [T], stride: usize)
}

copies! {
    /// The reverse of [`convolve`], from the derivative with respect to `out` (`gradient`): adds those with respect to the source
    /// (nothing where `to_source` is empty) and the coupling, and to `along` that with respect to the distance, through the weights.
    convolve_reverse => convolve_reverse_body(
        operands: &Operands<'_, T>, gradient: &[T], stride: usize, to_source: &mut [T], to_turn: &mut Turn<T>, along: &mut T,
    )
}

/// Calls `$inner` with both numbers of components known to the compiler.
macro_rules! by_components {
    ($shape:expr, $inner:ident, ($($arg:expr),*)) => {
        match ($shape.first, $shape.out) {
            (1, 1) => $inner::<T, LEVEL, 1, 1>($($arg),*),
            (1, 3) => $inner::<T, LEVEL, 1, 3>($($arg),*),
            (1, 5) => $inner::<T, LEVEL, 1, 5>($($arg),*),
            (1, 7) => $inner::<T, LEVEL, 1, 7>($($arg),*),
            (3, 1) => $inner::<T, LEVEL, 3, 1>($($arg),*),
            (3, 3) => $inner::<T, LEVEL, 3, 3>($($arg),*),
            (3, 5) => $inner::<T, LEVEL, 3, 5>($($arg),*),
            (3, 7) => $inner::<T, LEVEL, 3, 7>($($arg),*),
            (5, 1) => $inner::<T, LEVEL, 5, 1>($($arg),*),
            (5, 3) => $inner::<T, LEVEL, 5, 3>($($arg),*),
            (5, 5) => $inner::<T, LEVEL, 5, 5>($($arg),*),
            (5, 7) => $inner::<T, LEVEL, 5, 7>($($arg),*),
            (7, 1) => $inner::<T, LEVEL, 7, 1>($($arg),*),
            (7, 3) => $inner::<T, LEVEL, 7, 3>($($arg),*),
            (7, 5) => $inner::<T, LEVEL, 7, 5>($($arg),*),
            _ => $inner::<T, LEVEL, 7, 7>($($arg),*),
        }
    };
}

#[inline(always)]
fn convolve_body<T: Real, const LEVEL: u8>(operands: &Operands<'_, T>, out: &mut [T], stride: usize) {
    by_components!(operands.shape, convolve_sized, (operands, out, stride));
}

/// A block of numbers.
#[inline(always)]
fn block<T: Real>(numbers: &[T], start: usize) -> [T; LANES] {
    *numbers[start..].first_chunk().expect("channels come in blocks")
}

#[inline(always)]
fn add_scaled<T: Real, const LEVEL: u8>(sum: &mut [T; LANES], factor: T, x: &[T; LANES]) {
    for (sum, x) in sum.iter_mut().zip(x) {
        *sum = factor.multiply_add::<LEVEL>(*x, *sum);
    }
}

#[inline(always)]
fn add_product<T: Real, const LEVEL: u8>(sum: &mut [T], x: &[T; LANES], y: &[T; LANES]) {
    for ((sum, x), y) in sum[..LANES].iter_mut().zip(x).zip(y) {
        *sum = x.multiply_add::<LEVEL>(*y, *sum);
    }
}

#[inline(always)]
fn convolve_sized<T: Real, const LEVEL: u8, const FIRST: usize, const OUT: usize>(
    operands: &Operands<'_, T>,
    out: &mut [T],
    stride: usize,
) {
    let Operands { shape, turn, source, weight, .. } = *operands;
    let channels = shape.channels;
    for u in (0..channels).step_by(LANES) {
        let x: [[T; LANES]; FIRST] = std::array::from_fn(|i| block(source, i * channels + u));
        let w = block(weight, u);
        for k in 0..OUT {
            let mut sum = [T::ZERO; LANES];
            for i in 0..FIRST {
                add_scaled::<T, LEVEL>(&mut sum, turn[i][k], &x[i]);
            }
            add_product::<T, LEVEL>(&mut out[k * stride + u..], &w, &sum);
        }
    }
}

#[inline(always)]
fn convolve_reverse_body<T: Real, const LEVEL: u8>(
    operands: &Operands<'_, T>,
    gradient: &[T],
    stride: usize,
    to_source: &mut [T],
    to_turn: &mut Turn<T>,
    along: &mut T,
) {
    by_components!(operands.shape, reverse_sized, (operands, gradient, stride, to_source, to_turn, along));
}

#[inline(always)]
fn reverse_sized<T: Real, const LEVEL: u8, const FIRST: usize, const OUT: usize>(
    operands: &Operands<'_, T>,
    gradient: &[T],
    stride: usize,
    to_source: &mut [T],
    to_turn: &mut Turn<T>,
    along: &mut T,
) {
    let Operands { shape, turn, source, weight, slope } = *operands;
    let channels = shape.channels;
    let mut turn_sums = [[[T::ZERO; LANES]; OUT]; FIRST];
    let mut along_sums = [T::ZERO; LANES];
    for u in (0..channels).step_by(LANES) {
        let x: [[T; LANES]; FIRST] = std::array::from_fn(|i| block(source, i * channels + u));
        let (w, s) = (block(weight, u), block(slope, u));
        let mut to_x = [[T::ZERO; LANES]; FIRST];
        for k in 0..OUT {
            let g = block(gradient, k * stride + u);
            let (mut sum, mut weighted) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            add_product::<T, LEVEL>(&mut weighted, &w, &g);
            for i in 0..FIRST {
                add_scaled::<T, LEVEL>(&mut sum, turn[i][k], &x[i]);
                add_scaled::<T, LEVEL>(&mut to_x[i], turn[i][k], &weighted);
                add_product::<T, LEVEL>(&mut turn_sums[i][k], &x[i], &weighted);
            }
            let mut sloped = [T::ZERO; LANES];
            add_product::<T, LEVEL>(&mut sloped, &s, &g);
            add_product::<T, LEVEL>(&mut along_sums, &sloped, &sum);
        }
        if !to_source.is_empty() {
            for (i, to_x) in to_x.iter().enumerate() {
                for (total, part) in to_source[i * channels + u..][..LANES].iter_mut().zip(to_x) {
                    *total += *part;
                }
            }
        }
    }
    for (totals, sums) in to_turn.iter_mut().zip(&turn_sums) {
        for (total, sums) in totals.iter_mut().zip(sums) {
            *total += lanes(sums);
        }
    }
    *along += lanes(&along_sums);
}

/// Sum of a block, in a fixed order.
#[inline(always)]
fn lanes<T: Real>(numbers: &[T; LANES]) -> T {
    let mut sums = *numbers;
    for half in [8, 4, 2, 1] {
        for k in 0..half {
            let other = sums[k + half];
            sums[k] += other;
        }
    }
    sums[0]
}
