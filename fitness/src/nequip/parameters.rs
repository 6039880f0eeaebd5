//! The numbers of a network: what every layer holds, put together from the tables of a file.

use super::NequipError;
use super::convolution::{LANES, Shape};
use super::coupling::{Term, coupling};
use super::norm::Norm;
use super::radial::{Basis, FUNCTIONS, Radial, Value};
use crate::kernels::{Matrix, Real, Rows, Start, multiply};

/// A linear map on channels, and its transpose.
pub struct Linear<T> {
    forward: Matrix<T>,
    backward: Matrix<T>,
    /// Channels that it takes.
    pub inputs: usize,
    /// Channels that it gives.
    pub outputs: usize,
}

impl<T: Real> Linear<T> {
    fn new(inputs: usize, outputs: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        Self {
            forward: Matrix::new(inputs, outputs, &value),
            backward: Matrix::new(outputs, inputs, |o, i| value(i, o)),
            inputs,
            outputs,
        }
    }

    /// What it makes of rows of [`Self::inputs`]; added to `out`.
    pub fn forward(&self, x: &[T], out: &mut [T]) {
        let rows = x.len() / self.inputs;
        multiply(
            rows,
            Rows { data: x, stride: self.inputs },
            &self.forward,
            Start::Output,
            out,
            self.outputs,
        );
    }

    /// The reverse: from derivatives with respect to its outputs to those with respect to its inputs; added to `out`.
    pub fn backward(&self, gradient: &[T], out: &mut [T]) {
        let rows = gradient.len() / self.outputs;
        let gradient = Rows { data: gradient, stride: self.outputs };
        multiply(rows, gradient, &self.backward, Start::Output, out, self.inputs);
    }
}

/// A path of messages: features of order l1 times harmonics of order l2 to order l3.
pub struct Path {
    /// Orders of the source, of the harmonics and of the result.
    pub orders: [usize; 3],
    /// Coupling of their components.
    pub terms: Vec<Term>,
    /// Place of its first weight.
    pub weight: usize,
    /// Its first channel among all that arrive with order l3.
    pub channel: usize,
    /// Components and channels.
    pub shape: Shape,
}

/// One layer.
pub struct Layer<T> {
    /// Channels of each order that come in.
    pub inputs: Vec<usize>,
    /// Channels of each order that go out.
    pub outputs: Vec<usize>,
    /// Map of each order before messages are sent.
    pub before: Vec<Linear<T>>,
    /// Weights of the messages.
    pub radial: Radial<T>,
    /// Paths of the messages.
    pub paths: Vec<Path>,
    /// Map of each order of what arrives; scalars get one more channel for each gate.
    pub after: Vec<Linear<T>>,
    /// Map past the messages of each order that comes in and goes out.
    pub past: Vec<Linear<T>>,
    /// The norm, where there is one.
    pub norm: Option<Norm<T>>,
    /// Factor of scalars and gates after their SiLU.
    pub gate_scale: T,
}

/// A network.
pub struct Parameters<T> {
    /// Radial basis.
    pub basis: Basis,
    /// Whether mirror images have equal energies by construction.
    pub parity: bool,
    /// Atomic number of each species.
    pub species: Vec<u8>,
    /// Scalars of an atom of each species before the first layer, a row each.
    pub embedding: Vec<T>,
    /// Layers.
    pub layers: Vec<Layer<T>>,
    /// Weights of the scalars in the energy.
    pub readout: Vec<T>,
    /// Energy (eV) of one unit of the readout, for each species.
    pub scales: Vec<f64>,
    /// Energy (eV) of each species beside what the network says.
    pub shifts: Vec<f64>,
}

/// A layer as tables, from a file. Tables are rows of inputs by columns of outputs.
pub struct Tables {
    /// Channels of each order that come in.
    pub inputs: Vec<usize>,
    /// Channels of each order that go out.
    pub outputs: Vec<usize>,
    /// Paths (orders of source, harmonics, result), in the order of the columns of the last radial table.
    pub paths: Vec<[usize; 3]>,
    /// Sign of the coupling of three orders where the model was trained, relative to that of [`coupling`].
    pub sign: fn([usize; 3]) -> f64,
    /// What sums over neighbours are divided by.
    pub denominator: f64,
    /// For each order, the map before messages are sent.
    pub before: Vec<Vec<f64>>,
    /// For each order, the map of what arrives.
    pub after: Vec<Vec<f64>>,
    /// For each order that comes in and goes out, the map past the messages.
    pub past: Vec<Vec<f64>>,
    /// Tables of the radial network.
    pub radial: Vec<Vec<f64>>,
    /// Factors of the norm of each order, where there is a norm.
    pub gains: Option<Vec<Vec<f64>>>,
    /// Factor of scalars and gates after their SiLU.
    pub gate_scale: f64,
}

impl Tables {
    /// The tables of all layers. `read` gets the number of a layer and the channels of each order that come in and go out: `first` into
    /// the first layer, `channels` between layers, and scalars alone out of the last.
    ///
    /// # Errors
    /// The first one of `read`.
    pub fn of_layers(
        layers: usize,
        first: &[usize],
        channels: &[usize],
        read: impl Fn(usize, &[usize], &[usize]) -> Result<Self, NequipError>,
    ) -> Result<Vec<Self>, NequipError> {
        let layer = |number: usize| {
            let inputs = if number == 0 { first } else { channels };
            let outputs = if number + 1 == layers { &channels[..1] } else { channels };
            read(number, inputs, outputs)
        };
        (0..layers).map(layer).collect()
    }

    /// Channels of an order after the map of what arrives: scalars get one more for each gate.
    pub fn mixed(outputs: &[usize], l: usize) -> usize {
        outputs[l] + if l == 0 { outputs[1..].iter().sum() } else { 0 }
    }

    /// Channels that arrive with an order.
    pub fn arriving(inputs: &[usize], paths: &[[usize; 3]], l: usize) -> usize {
        paths.iter().filter(|path| path[2] == l).map(|path| inputs[path[0]]).sum()
    }

    /// The layer, with numbers of channels filled up to multiples of [`LANES`]. Maps are divided by the root of their inputs.
    pub fn layer<T: Real>(&self) -> Layer<T> {
        let mut paths = Vec::new();
        // Where weights and arriving channels of the tables go; `None` fills up.
        let mut columns: Vec<Option<usize>> = Vec::new();
        let mut arriving: Vec<Vec<Option<usize>>> = vec![Vec::new(); self.outputs.len()];
        let (mut column, mut arrived) = (0, vec![0; self.outputs.len()]);
        for &[l1, l2, l3] in &self.paths {
            let channels = self.inputs[l1];
            let scale = (self.sign)([l1, l2, l3]) * ((2 * l3 + 1) as f64).sqrt() / self.denominator;
            let terms = coupling(l1, l2, l3).into_iter();
            paths.push(Path {
                orders: [l1, l2, l3],
                terms: terms.map(|term| Term { value: term.value * scale, ..term }).collect(),
                weight: columns.len(),
                channel: arriving[l3].len(),
                shape: Shape { first: 2 * l1 + 1, out: 2 * l3 + 1, channels: padded(channels) },
            });
            for u in 0..padded(channels) {
                let real = u < channels;
                columns.push(real.then_some(column + u));
                arriving[l3].push(real.then_some(arrived[l3] + u));
            }
            column += channels;
            arrived[l3] += channels;
        }
        let after = |(l, table): (usize, &Vec<f64>)| {
            let mixed = Self::mixed(&self.outputs, l);
            let root = (arrived[l] as f64).sqrt();
            let value = |i: usize, o: usize| arriving[l][i].map_or(0.0, |row| table[row * mixed + o] / root);
            Linear::new(arriving[l].len(), mixed, value)
        };
        let past =
            |(l, table): (usize, &Vec<f64>)| linear(table, self.inputs[l], Self::mixed(&self.outputs, l));
        let before = |(table, &channels): (&Vec<f64>, &usize)| linear(table, channels, channels);
        let numbers = |gains: &Vec<f64>| gains.iter().map(|&x| T::from_f64(x)).collect();
        Layer {
            inputs: self.inputs.iter().map(|&channels| padded(channels)).collect(),
            outputs: self.outputs.clone(),
            before: self.before.iter().zip(&self.inputs).map(before).collect(),
            radial: self.radial(&columns, column),
            paths,
            after: self.after.iter().enumerate().map(after).collect(),
            past: self.past.iter().enumerate().map(past).collect(),
            norm: self.gains.as_ref().map(|gains| Norm(gains.iter().map(numbers).collect())),
            gate_scale: T::from_f64(self.gate_scale),
        }
    }

    fn radial<T: Real>(&self, columns: &[Option<usize>], last: usize) -> Radial<T> {
        let mut layers: Vec<(usize, Value<'_>)> = Vec::new();
        let mut inputs = FUNCTIONS;
        for (place, table) in self.radial.iter().enumerate() {
            if place + 1 < self.radial.len() {
                let outputs = table.len() / inputs;
                layers.push((outputs, Box::new(move |i, o| table[i * outputs + o])));
                inputs = outputs;
            } else {
                let value =
                    move |i: usize, o: usize| columns[o].map_or(0.0, |column| table[i * last + column]);
                layers.push((columns.len(), Box::new(value)));
            }
        }
        Radial::new(&layers)
    }
}

/// The next multiple of [`LANES`].
pub fn padded(channels: usize) -> usize {
    channels.next_multiple_of(LANES)
}

/// A linear map, divided by the root of its inputs; channels that only fill up are zero.
fn linear<T: Real>(table: &[f64], inputs: usize, outputs: usize) -> Linear<T> {
    let root = (inputs as f64).sqrt();
    let value =
        |i: usize, o: usize| if i < inputs && o < outputs { table[i * outputs + o] / root } else { 0.0 };
    Linear::new(padded(inputs), padded(outputs), value)
}
