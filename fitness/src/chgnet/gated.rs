//! Gated MLPs on blocks of rows, forward and backward.
//!
//! Rows are processed [`BLOCK`] at a time, so that everything between the first layer and the message
//! stays in the processor's cache. What the way back needs is kept: the slope of the first
//! activation, the normalised second layer and its inverse deviation.

use super::parameters::Gated;
use crate::kernels::{Real, Rows, Start, WIDE, WIDTH, flushed, gate, gate_reverse, multiply, silu};

/// Rows in a block; even, since bonds without symmetry have two, and a multiple of the matrix kernel's height.
pub const BLOCK: usize = 48;

/// What the way back needs of one layer, or of one block if there is no way back.
#[derive(Default)]
pub struct Kept<T> {
    slope: Vec<T>,
    normalised: Vec<T>,
    inverse_deviation: Vec<T>,
}

impl<T: Real> Kept<T> {
    /// Room for `rows` rows, or for one block unless they are `kept`.
    pub fn make_room(&mut self, rows: usize, kept: bool) {
        let rows = if kept { rows } else { BLOCK };
        make_room(&mut self.slope, if kept { rows * WIDE } else { 0 });
        make_room(&mut self.normalised, rows * WIDE);
        make_room(&mut self.inverse_deviation, rows * 2);
    }
}

/// Makes a buffer at least this long; what it holds is stale.
pub fn make_room<T: Real>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::ZERO);
    }
}

/// Makes a buffer at least this long and its beginning zero.
pub fn make_zero<T: Real>(buffer: &mut Vec<T>, length: usize) {
    make_room(buffer, length);
    buffer[..length].fill(T::ZERO);
}

/// Buffers of one block.
#[derive(Default)]
pub struct Block<T> {
    /// First layer before its activation (forward); its gradient (backward). Rows of 128.
    pub first: Vec<T>,
    /// Messages. Rows of 64.
    pub message: Vec<T>,
    /// Gradient of the energy with respect to the messages. Rows of 64.
    pub gradient: Vec<T>,
    /// What the rows of a bond share, one row a bond. Rows of 128.
    pub pair: Vec<T>,
    /// Gradient with respect to the second layer. Rows of 128.
    second: Vec<T>,
}

impl<T: Real> Block<T> {
    /// Gives the buffers their size.
    pub fn make_room(&mut self) {
        for buffer in [&mut self.first, &mut self.pair, &mut self.second] {
            make_room(buffer, BLOCK * WIDE);
        }
        for buffer in [&mut self.message, &mut self.gradient] {
            make_room(buffer, BLOCK * WIDTH);
        }
    }
}

/// The blocks of `rows` rows: first row and number of rows.
pub fn blocks(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(BLOCK).map(move |start| (start, BLOCK.min(rows - start)))
}

impl<T: Real> Gated<T> {
    /// From `block.first` to `block.message`, for `rows` rows that start at row `start` of the layer.
    pub fn forward(&self, start: usize, rows: usize, keep: bool, kept: &mut Kept<T>, block: &mut Block<T>) {
        let start = if keep { start } else { 0 };
        let wide = start * WIDE..(start + rows) * WIDE;
        let first = &mut block.first[..rows * WIDE];
        let normalised = &mut kept.normalised[wide.clone()];
        if let Some(second) = &self.second {
            silu(first, if keep { &mut kept.slope[wide] } else { &mut [] });
            let core = Rows { data: first, stride: WIDE };
            multiply(rows, core, &second.core.forward, Start::Bias(&second.bias[..WIDTH]), normalised, WIDE);
            let gate = Rows { data: &first[WIDTH..], stride: WIDE };
            let bias = Start::Bias(&second.bias[WIDTH..]);
            multiply(rows, gate, &second.gate.forward, bias, &mut normalised[WIDTH..], WIDE);
        } else {
            normalised.copy_from_slice(first);
        }
        let inverse_deviation = &mut kept.inverse_deviation[start * 2..(start + rows) * 2];
        gate(normalised, &self.gain, &self.shift, inverse_deviation, &mut block.message[..rows * WIDTH]);
    }

    /// From `block.gradient` to the gradient of the first layer in `block.first`; `block.message` is
    /// the message again.
    pub fn reverse(&self, start: usize, rows: usize, kept: &Kept<T>, block: &mut Block<T>) {
        let wide = start * WIDE..(start + rows) * WIDE;
        let Block { first, message, gradient, second: buffer, .. } = block;
        let first = &mut first[..rows * WIDE];
        let mut through_gate = |y_gradient: &mut [T]| {
            gate_reverse(
                &kept.normalised[wide.clone()],
                &self.gain,
                &self.shift,
                &kept.inverse_deviation[start * 2..(start + rows) * 2],
                &gradient[..rows * WIDTH],
                &mut message[..rows * WIDTH],
                y_gradient,
            );
        };
        let Some(second) = &self.second else { return through_gate(first) };
        let y_gradient = &mut buffer[..rows * WIDE];
        through_gate(y_gradient);
        let core = Rows { data: y_gradient, stride: WIDE };
        multiply(rows, core, &second.core.reverse, Start::Zero, first, WIDE);
        let gate = Rows { data: &y_gradient[WIDTH..], stride: WIDE };
        multiply(rows, gate, &second.gate.reverse, Start::Zero, &mut first[WIDTH..], WIDE);
        for (gradient, slope) in first.iter_mut().zip(&kept.slope[wide]) {
            *gradient = flushed(*gradient * *slope);
        }
    }
}
