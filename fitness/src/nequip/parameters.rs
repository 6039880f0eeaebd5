//! The numbers of a network, read from a file of Nequix.

use druse_representations::Element;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::NequipError;
use super::convolution::{LANES, Shape};
use super::coupling::{Term, coupling};
use super::harmonics::LMAX;
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
    /// Map of each order past the messages.
    pub past: Vec<Option<Linear<T>>>,
    /// Factors of the norm of each order.
    pub gains: Vec<Vec<T>>,
}

/// A network.
pub struct Parameters<T> {
    /// Radial basis.
    pub basis: Basis,
    /// Atomic number of each species.
    pub species: Vec<u8>,
    /// Energy of each species (eV) beside what the network says.
    pub shifts: Vec<f64>,
    /// Energy (eV) of one unit of the network's readout.
    pub scale: f64,
    /// Layers.
    pub layers: Vec<Layer<T>>,
    /// Weights of the scalars in the energy.
    pub readout: Vec<T>,
}

/// The configuration of Nequix.
#[derive(Deserialize)]
struct Config {
    cutoff: f64,
    hidden_irreps: String,
    lmax: usize,
    n_layers: usize,
    radial_basis_size: usize,
    radial_mlp_size: usize,
    radial_mlp_layers: usize,
    radial_polynomial_p: f64,
    shift: f64,
    scale: f64,
    avg_n_neighbors: f64,
    atomic_numbers: Vec<u8>,
}

impl Config {
    /// Channels of each order, from "128x0e + 64x1o + …" with the parity of harmonics.
    fn channels(&self) -> Result<Vec<usize>, NequipError> {
        let refused = || NequipError::Architecture {
            name: "hidden_irreps",
            found: self.hidden_irreps.clone(),
            expected: "orders from 0 to lmax with the parity of harmonics and multiples of 16 channels, as \
                       '128x0e + 64x1o + 32x2e + 32x3o'",
        };
        let part = |(l, part): (usize, &str)| {
            let (channels, order) = part.trim().split_once('x')?;
            let parity = ["e", "o"][l % 2];
            let channels: usize = channels.parse().ok()?;
            (order == format!("{l}{parity}")
                && channels > 0
                && channels <= 4096
                && channels.is_multiple_of(LANES))
            .then_some(channels)
        };
        let channels: Option<Vec<usize>> = self.hidden_irreps.split('+').enumerate().map(part).collect();
        channels.filter(|channels| channels.len() == self.lmax + 1).ok_or_else(refused)
    }

    fn check(&self) -> Result<(), NequipError> {
        let refuse = |name, found: String, expected| Err(NequipError::Architecture { name, found, expected });
        let numbers = [self.cutoff, self.radial_polynomial_p, self.shift, self.scale, self.avg_n_neighbors];
        if !numbers.iter().all(|x| x.is_finite()) || self.cutoff <= 0.0 || self.cutoff > 20.0 {
            return refuse("cutoff", self.cutoff.to_string(), "up to 20 Å, and finite numbers all over");
        }
        if self.radial_polynomial_p < 2.0 || self.avg_n_neighbors <= 0.0 {
            return refuse("radial_polynomial_p", self.radial_polynomial_p.to_string(), "at least 2");
        }
        if self.lmax > LMAX {
            return refuse("lmax", self.lmax.to_string(), "at most 3");
        }
        if self.radial_basis_size != FUNCTIONS {
            return refuse("radial_basis_size", self.radial_basis_size.to_string(), "8");
        }
        if self.radial_mlp_size == 0
            || !self.radial_mlp_size.is_multiple_of(LANES)
            || self.radial_mlp_size > 4096
        {
            return refuse("radial_mlp_size", self.radial_mlp_size.to_string(), "a multiple of 16");
        }
        if !(1..=16).contains(&self.n_layers) || !(1..=8).contains(&self.radial_mlp_layers) {
            return refuse("n_layers", self.n_layers.to_string(), "1 to 16, with 1 to 8 radial layers");
        }
        if self.atomic_numbers.iter().any(|&z| Element::from_atomic_number(z).is_none()) {
            return refuse("atomic_numbers", format!("{:?}", self.atomic_numbers), "numbers of elements");
        }
        Ok(())
    }
}

/// Name of an order: its number and the parity of harmonics.
fn order(l: usize) -> String {
    format!("{l}{}", ["e", "o"][l % 2])
}

/// The next multiple of [`LANES`].
fn padded(channels: usize) -> usize {
    channels.next_multiple_of(LANES)
}

struct File<'a>(SafeTensors<'a>);

impl File<'_> {
    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, NequipError> {
        let missing = || NequipError::Damaged(format!("tensor '{name}' is missing"));
        let tensor = self.0.tensor(name).map_err(|_| missing())?;
        if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
            let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
            return Err(NequipError::Damaged(format!("tensor '{name}' is {found}, expected F32 {shape:?}")));
        }
        let numbers = tensor.data().as_chunks::<4>().0;
        Ok(numbers.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect())
    }

    /// A linear map, divided by the root of its inputs; channels that only fill up are zero.
    fn linear<T: Real>(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear<T>, NequipError> {
        let weight = self.read(name, &[inputs, outputs])?;
        let root = (inputs as f64).sqrt();
        let value = |i: usize, o: usize| {
            if i < inputs && o < outputs { weight[i * outputs + o] / root } else { 0.0 }
        };
        Ok(Linear::new(padded(inputs), padded(outputs), value))
    }

    fn layer<T: Real>(
        &self,
        number: usize,
        config: &Config,
        inputs: &[usize],
        outputs: &[usize],
    ) -> Result<Layer<T>, NequipError> {
        let name = |what: &str| format!("layers.{number}.{what}");
        let mut paths = Vec::new();
        // Where weights and arriving channels of the file go; `None` fills up.
        let mut columns: Vec<Option<usize>> = Vec::new();
        let mut arriving: Vec<Vec<Option<usize>>> = vec![Vec::new(); outputs.len()];
        let (mut column, mut arrived) = (0, vec![0; outputs.len()]);
        for l3 in 0..outputs.len() {
            for (l1, &channels) in inputs.iter().enumerate() {
                // Parity leaves every second order.
                for l2 in (l1.abs_diff(l3)..=(l1 + l3).min(config.lmax)).step_by(2) {
                    let scale = ((2 * l3 + 1) as f64 / config.avg_n_neighbors).sqrt();
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
            }
        }
        let gates: usize = outputs[1..].iter().sum();
        let mixed = |l: usize| outputs[l] + if l == 0 { gates } else { 0 };
        let after = |l: usize| {
            let weight = self.read(&name(&format!("linear_2.{}", order(l))), &[arrived[l], mixed(l)])?;
            let root = (arrived[l] as f64).sqrt();
            let value =
                |i: usize, o: usize| arriving[l][i].map_or(0.0, |row| weight[row * mixed(l) + o] / root);
            Ok(Linear::new(arriving[l].len(), mixed(l), value))
        };
        let past = |l: usize| {
            let inputs = inputs.get(l)?;
            Some(self.linear(&name(&format!("skip.{}", order(l))), *inputs, mixed(l)))
        };
        let gain = |l: usize| {
            let gains = self.read(&name(&format!("norm.{}", order(l))), &[mixed(l)])?;
            Ok(gains.iter().map(|&x| T::from_f64(x)).collect())
        };
        let before = |(l, &channels): (usize, &usize)| {
            self.linear(&name(&format!("linear_1.{}", order(l))), channels, channels)
        };
        Ok(Layer {
            inputs: inputs.iter().map(|&channels| padded(channels)).collect(),
            outputs: outputs.to_vec(),
            before: inputs.iter().enumerate().map(before).collect::<Result<_, _>>()?,
            radial: self.radial(&name("radial_mlp"), config, &columns, column)?,
            paths,
            after: (0..outputs.len()).map(after).collect::<Result<_, NequipError>>()?,
            past: (0..outputs.len()).map(|l| past(l).transpose()).collect::<Result<_, _>>()?,
            gains: (0..outputs.len()).map(gain).collect::<Result<_, NequipError>>()?,
        })
    }

    fn radial<T: Real>(
        &self,
        name: &str,
        config: &Config,
        columns: &[Option<usize>],
        last: usize,
    ) -> Result<Radial<T>, NequipError> {
        let size = config.radial_mlp_size;
        let mut layers: Vec<(usize, Value<'_>)> = Vec::new();
        for layer in 0..=config.radial_mlp_layers {
            let inputs = if layer == 0 { FUNCTIONS } else { size };
            let name = format!("{name}.{layer}");
            if layer < config.radial_mlp_layers {
                let weight = self.read(&name, &[inputs, size])?;
                layers.push((size, Box::new(move |i, o| weight[i * size + o])));
            } else {
                let weight = self.read(&name, &[inputs, last])?;
                let value =
                    move |i: usize, o: usize| columns[o].map_or(0.0, |column| weight[i * last + column]);
                layers.push((columns.len(), Box::new(value)));
            }
        }
        Ok(Radial::new(&layers))
    }
}

impl<T: Real> Parameters<T> {
    /// Reads a safetensors file of Nequix: tensors `layers.N.linear_1.0e`, … and the configuration as JSON under `config` in the header.
    ///
    /// # Errors
    /// When the file is damaged, is another architecture, or lacks a tensor.
    pub fn from_nequix(bytes: &[u8]) -> Result<Self, NequipError> {
        let damaged = |error: safetensors::SafeTensorError| NequipError::Damaged(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let text = header.metadata().as_ref().and_then(|metadata| metadata.get("config"));
        let text = text.ok_or_else(|| NequipError::Damaged("its header holds no config".into()))?;
        let config: Config = serde_json::from_str(text)
            .map_err(|error| NequipError::Damaged(format!("its config: {error}")))?;
        config.check()?;
        let channels = config.channels()?;
        let file = File(SafeTensors::deserialize(bytes).map_err(damaged)?);
        let species = config.atomic_numbers.len();
        let layer = |number: usize| {
            let one_of_each = [species];
            let inputs: &[usize] = if number == 0 { &one_of_each } else { &channels };
            let last = number + 1 == config.n_layers;
            file.layer(number, &config, inputs, if last { &channels[..1] } else { &channels })
        };
        let atoms = file.read("atom_energies", &[species])?;
        let readout = file.read("readout", &[channels[0], 1])?;
        let root = (channels[0] as f64).sqrt();
        Ok(Self {
            basis: Basis { cutoff: config.cutoff, exponent: config.radial_polynomial_p },
            shifts: atoms.iter().map(|energy| energy + config.shift).collect(),
            scale: config.scale,
            layers: (0..config.n_layers).map(layer).collect::<Result<_, _>>()?,
            readout: readout.iter().map(|&x| T::from_f64(x / root)).collect(),
            species: config.atomic_numbers,
        })
    }
}
