//! The inner loops of networks: matrix products, activations and layer norms on blocks of rows.
//!
//! Each loop is written once, in safe code that the compiler turns into vector instructions, and
//! compiled three times on x86-64: for AVX-512, for AVX2 with fused multiply-add, and for the baseline. The
//! choice is made at run time; the first two give the same bits. Rows are [`WIDE`] = 128 numbers (core features, then gate features) or
//! [`WIDTH`] = 64.
#![allow(unsafe_code)] // only to enter the copies for newer processors, after the processor was asked

/// Features per atom, bond and angle.
pub const WIDTH: usize = 64;
/// Core and gate features side by side.
pub const WIDE: usize = 2 * WIDTH;
/// Added to the variance in layer norms.
pub const LAYER_NORM_EPSILON: f64 = 1e-5;

/// `f32`, which the potential runs in, or `f64`, which its derivatives are tested in.
pub trait Real:
    Copy
    + Default
    + Send
    + Sync
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
    + std::ops::AddAssign
    + std::ops::MulAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Nearest value.
    fn from_f64(x: f64) -> Self;
    /// As f64.
    fn to_f64(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;
    /// `self * b + c`, in one rounding from level 1 on.
    fn multiply_add<const LEVEL: u8>(self, b: Self, c: Self) -> Self;
    /// Exponential; may saturate where f32 would overflow.
    fn exp<const LEVEL: u8>(self) -> Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn multiply_add<const LEVEL: u8>(self, b: Self, c: Self) -> Self {
        if LEVEL > 0 { self.mul_add(b, c) } else { self * b + c }
    }
    /// Relative error below 1.5e-7. Range reduction to `|r| <= ln2/2` and the minimax polynomial of
    /// Cephes (S. Moshier, expf); no branches and no calls, so that loops over it vectorise.
    #[inline(always)]
    fn exp<const LEVEL: u8>(self) -> Self {
        // Adding this number leaves the nearest integer in the low bits of the mantissa.
        const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23
        const LN2_HIGH: f32 = 0.693_359_4;
        const LN2_LOW: f32 = -2.121_944_4e-4;
        const POLYNOMIAL: [f32; 6] =
            [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
        let x = if self < -87.0 { -87.0 } else { self };
        let x = if x > 88.0 { 88.0 } else { x };
        let shifted = x.multiply_add::<LEVEL>(std::f32::consts::LOG2_E, ROUND);
        let n = shifted - ROUND;
        let r = n.multiply_add::<LEVEL>(-LN2_HIGH, x);
        let r = n.multiply_add::<LEVEL>(-LN2_LOW, r);
        let mut p = POLYNOMIAL[0];
        for coefficient in &POLYNOMIAL[1..] {
            p = p.multiply_add::<LEVEL>(r, *coefficient);
        }
        let p = p.multiply_add::<LEVEL>(r * r, r + 1.0);
        p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn multiply_add<const LEVEL: u8>(self, b: Self, c: Self) -> Self {
        if LEVEL > 0 { self.mul_add(b, c) } else { self * b + c }
    }
    #[inline(always)]
    fn exp<const LEVEL: u8>(self) -> Self {
        f64::exp(self)
    }
}

/// What a copy may use: 0 the baseline, 1 fused multiply-add and AVX2's 16 registers of 8 numbers, 2 AVX-512's 32 of 16.
/// The baseline of some architectures has a fast fused multiply-add.
pub const BASELINE: u8 = if cfg!(target_arch = "aarch64") { 1 } else { 0 };

/// The level of this processor.
#[cfg(target_arch = "x86_64")]
pub fn level() -> u8 {
    use std::arch::is_x86_feature_detected as has;
    let avx2 = has!("avx2") && has!("fma");
    match avx2 && has!("avx512f") && has!("avx512vl") && has!("avx512dq") && has!("avx512bw") {
        true => 2,
        false => u8::from(avx2),
    }
}

/// Defines a function that runs `$body` in the copy that suits the processor.
macro_rules! copies {
    ($(#[$doc:meta])* $name:ident => $body:ident($($arg:ident: $type:ty),* $(,)?)) => {
        $(#[$doc])*
        pub fn $name<T: $crate::kernels::Real>($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2<T: $crate::kernels::Real>($($arg: $type),*) {
                    $body::<T, 1>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
                fn avx512<T: $crate::kernels::Real>($($arg: $type),*) {
                    $body::<T, 2>($($arg),*)
                }
                match $crate::kernels::level() {
                    // SAFETY: the processor has these features.
                    2 => return unsafe { avx512($($arg),*) },
                    1 => return unsafe { avx2($($arg),*) },
                    _ => {}
                }
            }
            $body::<T, { $crate::kernels::BASELINE }>($($arg),*)
        }
    };
}

pub(crate) use copies;

/// A matrix to read: rows of `stride` numbers, of which a product uses the first ones.
#[derive(Clone, Copy)]
pub struct Rows<'a, T> {
    /// The numbers.
    pub data: &'a [T],
    /// Numbers from one row to the next.
    pub stride: usize,
}

/// What a matrix product starts from.
#[derive(Clone, Copy)]
pub enum Start<'a, T> {
    /// Zero: the output is overwritten.
    Zero,
    /// The same row everywhere.
    Bias(&'a [T]),
    /// What the output holds.
    Output,
}

/// Columns that a matrix product makes at a time.
pub const COLUMNS: usize = 16;
/// Rows that it makes at a time: 6 x 16 sums fill the vector registers of AVX2, 6 x 32 those of AVX-512.
const ROWS: usize = 6;

/// A matrix to multiply rows with, in panels of [`COLUMNS`] columns.
pub struct Matrix<T> {
    inputs: usize,
    /// Panel after panel, each `inputs` lines long.
    lines: Vec<[T; COLUMNS]>,
}

impl<T: Real> Matrix<T> {
    /// From the value at (input, output); `outputs` is a multiple of [`COLUMNS`].
    pub fn new(inputs: usize, outputs: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let line = |panel: usize, input: usize| {
            std::array::from_fn(|c| T::from_f64(value(input, panel * COLUMNS + c)))
        };
        let panels = 0..outputs / COLUMNS;
        let lines = panels.flat_map(|panel| (0..inputs).map(move |input| (panel, input)));
        Self { inputs, lines: lines.map(|(panel, input)| line(panel, input)).collect() }
    }
}

copies! {
    /// `out[r] = start + x[r] matrix` for `rows` rows; `out` has rows of `stride` numbers.
    multiply => multiply_body(
        rows: usize, x: Rows<'_, T>, matrix: &Matrix<T>, start: Start<'_, T>, out: &mut [T], stride: usize,
    )
}

copies! {
    /// SiLU in place: `z <- z sigmoid(z)`. Fills `slope` with its derivative unless it is empty.
    silu => silu_body(z: &mut [T], slope: &mut [T])
}

copies! {
    /// The second half of a gated MLP, on rows of [`WIDE`]:
    ///
    /// ```text
    /// n = (y - mean(y)) r,  r = 1/sqrt(var(y) + 1e-5)    core and gate apart
    /// v = gain n + shift
    /// message = silu(v_core) sigmoid(v_gate)
    /// ```
    ///
    /// `y` becomes `n`; `r` goes to `inverse_deviation` (two a row).
    gate => gate_body(
        y: &mut [T], gain: &[T], shift: &[T], inverse_deviation: &mut [T], message: &mut [T],
    )
}

copies! {
    /// The reverse of [`gate`]: from the derivative of the energy with respect to the message
    /// (`gradient`, rows of [`WIDTH`]) to that with respect to `y` (`y_gradient`, rows of [`WIDE`]).
    /// Recomputes the message on the way.
    gate_reverse => gate_reverse_body(
        normalised: &[T], gain: &[T], shift: &[T], inverse_deviation: &[T], gradient: &[T], message: &mut [T],
        y_gradient: &mut [T],
    )
}

#[inline(always)]
fn multiply_body<T: Real, const LEVEL: u8>(
    rows: usize,
    x: Rows<'_, T>,
    matrix: &Matrix<T>,
    start: Start<'_, T>,
    out: &mut [T],
    stride: usize,
) {
    for top in (0..rows).step_by(ROWS) {
        let height = ROWS.min(rows - top);
        // Where rows run out, the last one is computed again and thrown away.
        let x: [&[T]; ROWS] =
            std::array::from_fn(|q| &x.data[(top + q.min(height - 1)) * x.stride..][..matrix.inputs]);
        // Two panels together where there are registers for it.
        let mut panels = matrix.lines.chunks_exact(matrix.inputs);
        let mut column = 0;
        if LEVEL > 1 {
            let mut pairs = matrix.lines.chunks_exact(2 * matrix.inputs);
            for pair in &mut pairs {
                let (one, other) = pair.split_at(matrix.inputs);
                products::<T, LEVEL, 2>(
                    x,
                    [one, other],
                    start,
                    &mut out[top * stride..],
                    stride,
                    height,
                    column,
                );
                column += 2 * COLUMNS;
            }
            panels = pairs.remainder().chunks_exact(matrix.inputs);
        }
        for lines in panels {
            products::<T, LEVEL, 1>(x, [lines], start, &mut out[top * stride..], stride, height, column);
            column += COLUMNS;
        }
    }
}

/// The products of [`ROWS`] rows with `PANELS` panels (one or two), of which `height` go to `out` from `column` on.
#[inline(always)]
fn products<T: Real, const LEVEL: u8, const PANELS: usize>(
    x: [&[T]; ROWS],
    panels: [&[[T; COLUMNS]]; PANELS],
    start: Start<'_, T>,
    out: &mut [T],
    stride: usize,
    height: usize,
    column: usize,
) {
    let mut sums = [[[T::ZERO; COLUMNS]; PANELS]; ROWS];
    for (q, sums) in sums[..height].iter_mut().enumerate() {
        let first = match start {
            Start::Zero => continue,
            Start::Bias(bias) => &bias[column..],
            Start::Output => &out[q * stride + column..],
        };
        for (sums, first) in sums.iter_mut().zip(first.chunks_exact(COLUMNS)) {
            sums.copy_from_slice(first);
        }
    }
    // Named, not indexed: this is what keeps the sums in registers.
    let [mut s0, mut s1, mut s2, mut s3, mut s4, mut s5] = sums;
    // Zipped, not indexed: no bounds are checked within the loop.
    let [x0, x1, x2, x3, x4, x5] = x;
    let upper = x0.iter().zip(x1).zip(x2);
    let lower = x3.iter().zip(x4).zip(x5);
    let (first, last) = (panels[0].iter(), panels[PANELS - 1].iter());
    for ((one, other), (((x0, x1), x2), ((x3, x4), x5))) in first.zip(last).zip(upper.zip(lower)) {
        // The same line twice where there is one panel.
        let lines = std::array::from_fn(|k| if k == 0 { one } else { other });
        s0 = add_multiples::<T, LEVEL, PANELS>(*x0, lines, s0);
        s1 = add_multiples::<T, LEVEL, PANELS>(*x1, lines, s1);
        s2 = add_multiples::<T, LEVEL, PANELS>(*x2, lines, s2);
        s3 = add_multiples::<T, LEVEL, PANELS>(*x3, lines, s3);
        s4 = add_multiples::<T, LEVEL, PANELS>(*x4, lines, s4);
        s5 = add_multiples::<T, LEVEL, PANELS>(*x5, lines, s5);
    }
    for (q, sums) in [s0, s1, s2, s3, s4, s5][..height].iter().enumerate() {
        out[q * stride + column..][..PANELS * COLUMNS].copy_from_slice(sums.as_flattened());
    }
}

#[inline(always)]
fn add_multiples<T: Real, const LEVEL: u8, const PANELS: usize>(
    factor: T,
    lines: [&[T; COLUMNS]; PANELS],
    sums: [[T; COLUMNS]; PANELS],
) -> [[T; COLUMNS]; PANELS] {
    let mut out = sums;
    for k in 0..PANELS {
        for c in 0..COLUMNS {
            out[k][c] = factor.multiply_add::<LEVEL>(lines[k][c], sums[k][c]);
        }
    }
    out
}

/// Where activations end: a sigmoid of -30 is 1e-13, far below what sums of numbers near one can hold.
const SATURATED: f64 = -30.0;
/// Gradients below this are nothing.
const NOTHING: f64 = 1e-22;

/// Keeps arguments of sigmoids from where their values are so small (subnormal numbers) that processors take a hundred times longer to
/// multiply them. Not a number stays so.
#[inline(always)]
fn above<T: Real>(x: T) -> T {
    let end = T::from_f64(SATURATED);
    if x < end { end } else { x }
}

/// Makes what is next to nothing zero, for the same reason.
#[inline(always)]
pub fn flushed<T: Real>(x: T) -> T {
    let end = T::from_f64(NOTHING);
    if x < end && x > -end { T::ZERO } else { x }
}

#[inline(always)]
fn sigmoid<T: Real, const LEVEL: u8>(x: T) -> T {
    T::ONE / (T::ONE + (-above(x)).exp::<LEVEL>())
}

#[inline(always)]
fn silu_body<T: Real, const LEVEL: u8>(z: &mut [T], slope: &mut [T]) {
    if slope.is_empty() {
        for z in z {
            *z *= sigmoid::<T, LEVEL>(*z);
        }
        return;
    }
    for (z, slope) in z.iter_mut().zip(slope) {
        let s = sigmoid::<T, LEVEL>(*z);
        *slope = s + *z * s * (T::ONE - s);
        *z *= s;
    }
}

/// Sum in a fixed order that suits vector registers.
#[inline(always)]
fn sum<T: Real>(x: &[T; WIDTH]) -> T {
    let mut lanes = [T::ZERO; 16];
    for part in x.chunks_exact(16) {
        for (lane, x) in lanes.iter_mut().zip(part) {
            *lane += *x;
        }
    }
    for half in [8, 4, 2, 1] {
        for k in 0..half {
            lanes[k] += lanes[k + half];
        }
    }
    lanes[0]
}

/// The part `h` (0 = core, 1 = gate) of a row of [`WIDE`] numbers.
#[inline(always)]
fn half<T: Real>(row: &[T], h: usize) -> &[T; WIDTH] {
    row[h * WIDTH..].first_chunk().expect("rows hold core and gate")
}

#[inline(always)]
fn half_mut<T: Real>(row: &mut [T], h: usize) -> &mut [T; WIDTH] {
    row[h * WIDTH..].first_chunk_mut().expect("rows hold core and gate")
}

/// Replaces `y` by `(y - mean) r` and returns `r = 1/sqrt(variance + 1e-5)`.
#[inline(always)]
pub fn normalise<T: Real>(y: &mut [T; WIDTH]) -> T {
    let count = T::from_f64(WIDTH as f64);
    let mean = sum(y) / count;
    let mut squares = [T::ZERO; WIDTH];
    for (y, square) in y.iter_mut().zip(&mut squares) {
        *y = *y - mean;
        *square = *y * *y;
    }
    let r = T::ONE / (sum(&squares) / count + T::from_f64(LAYER_NORM_EPSILON)).sqrt();
    for y in y {
        *y *= r;
    }
    r
}

/// The reverse of [`normalise`]: `out = r (g - mean(g) - n mean(g n))`.
#[inline(always)]
pub fn normalise_reverse<T: Real>(n: &[T; WIDTH], r: T, g: &[T; WIDTH], out: &mut [T; WIDTH]) {
    let count = T::from_f64(WIDTH as f64);
    let mut product = [T::ZERO; WIDTH];
    for k in 0..WIDTH {
        product[k] = g[k] * n[k];
    }
    let (mean, along) = (sum(g) / count, sum(&product) / count);
    for k in 0..WIDTH {
        out[k] = r * (g[k] - mean - n[k] * along);
    }
}

#[inline(always)]
fn gate_body<T: Real, const LEVEL: u8>(
    y: &mut [T],
    gain: &[T],
    shift: &[T],
    inverse_deviation: &mut [T],
    message: &mut [T],
) {
    let (core_gain, gate_gain) = (half(gain, 0), half(gain, 1));
    let (core_shift, gate_shift) = (half(shift, 0), half(shift, 1));
    let rows = y.chunks_exact_mut(WIDE).zip(message.chunks_exact_mut(WIDTH));
    for ((row, message), r) in rows.zip(inverse_deviation.chunks_exact_mut(2)) {
        r[0] = normalise(half_mut(row, 0));
        r[1] = normalise(half_mut(row, 1));
        let (core, gate) = (half(row, 0), half(row, 1));
        let message = half_mut(message, 0);
        for k in 0..WIDTH {
            let core = core[k] * core_gain[k] + core_shift[k];
            let gate = gate[k] * gate_gain[k] + gate_shift[k];
            // silu(core) sigmoid(gate) with one division
            let denominator =
                (T::ONE + (-above(core)).exp::<LEVEL>()) * (T::ONE + (-above(gate)).exp::<LEVEL>());
            message[k] = core / denominator;
        }
    }
}

#[inline(always)]
fn gate_reverse_body<T: Real, const LEVEL: u8>(
    normalised: &[T],
    gain: &[T],
    shift: &[T],
    inverse_deviation: &[T],
    gradient: &[T],
    message: &mut [T],
    y_gradient: &mut [T],
) {
    let (core_gain, gate_gain) = (half(gain, 0), half(gain, 1));
    let (core_shift, gate_shift) = (half(shift, 0), half(shift, 1));
    let forward = normalised.chunks_exact(WIDE).zip(inverse_deviation.chunks_exact(2));
    let reverse = gradient.chunks_exact(WIDTH).zip(y_gradient.chunks_exact_mut(WIDE));
    for (((row, r), (gradient, out)), message) in forward.zip(reverse).zip(message.chunks_exact_mut(WIDTH)) {
        let (core_row, gate_row) = (half(row, 0), half(row, 1));
        let gradient = half(gradient, 0);
        let message = half_mut(message, 0);
        let mut core_gradient = [T::ZERO; WIDTH];
        let mut gate_gradient = [T::ZERO; WIDTH];
        for k in 0..WIDTH {
            let core = core_row[k] * core_gain[k] + core_shift[k];
            let gate = gate_row[k] * gate_gain[k] + gate_shift[k];
            let s = sigmoid::<T, LEVEL>(core);
            let g = sigmoid::<T, LEVEL>(gate);
            let c = core * s;
            message[k] = c * g;
            core_gradient[k] = flushed(gradient[k] * g * (s + c * (T::ONE - s)) * core_gain[k]);
            gate_gradient[k] = flushed(gradient[k] * c * g * (T::ONE - g) * gate_gain[k]);
        }
        normalise_reverse(core_row, r[0], &core_gradient, half_mut(out, 0));
        normalise_reverse(gate_row, r[1], &gate_gradient, half_mut(out, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_accurate() {
        let mut worst = 0f64;
        for step in -8000..=8000 {
            let x = step as f32 * 0.01;
            for got in [Real::exp::<1>(x), Real::exp::<0>(x)] {
                worst = worst.max((f64::from(got) / f64::from(x).exp() - 1.0).abs());
            }
        }
        assert!(worst < 2e-7, "{worst:e}");
        assert!(Real::exp::<1>(f32::NAN).is_nan());
        assert!(Real::exp::<1>(-1e9f32) < 1e-37 && Real::exp::<1>(1e9f32) > 1e38);
    }

    #[test]
    fn products_of_every_height_equal_plain_loops() {
        let (inputs, outputs) = (5, 32);
        let number = |i: usize| ((i * 37 % 101) as f64 - 50.0) / 50.0;
        let weight = |input: usize, output: usize| number(input * outputs + output);
        let matrix = Matrix::new(inputs, outputs, weight);
        for rows in 0..14 {
            let x: Vec<f64> = (0..rows * 7).map(|i| number(i + 3)).collect();
            let mut out = vec![1.0; rows * 40];
            multiply(rows, Rows { data: &x, stride: 7 }, &matrix, Start::Output, &mut out, 40);
            for (place, got) in out.iter().enumerate() {
                let (row, column) = (place / 40, place % 40);
                let product: f64 = if column < outputs {
                    (0..inputs).map(|p| x[row * 7 + p] * weight(p, column)).sum()
                } else {
                    0.0
                };
                assert!((got - 1.0 - product).abs() < 1e-12);
            }
        }
    }
}
