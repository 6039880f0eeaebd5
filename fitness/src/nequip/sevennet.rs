//! Files of SevenNet, as `make setup` converts them.

use druse_representations::Element;
use serde::Deserialize;

use super::NequipError;
use super::convolution::LANES;
use super::file::File;
use super::harmonics::LMAX;
use super::parameters::{Parameters, Tables};
use super::radial::{Basis, Envelope, FUNCTIONS};
use crate::kernels::Real;

/// Scalars, gates and the hidden layers of the radial network are multiplied by the inverse root of the mean square of SiLU of normal
/// numbers, as e3nn samples it.
const GATE_SCALE: f64 = 1.679_176_792_398_941_8;

/// Channels of the layer between the scalars and the energy.
const HIDDEN: usize = 64;

/// What the conversion keeps of the configuration of SevenNet.
#[derive(Deserialize)]
struct Config {
    cutoff: f64,
    /// Distance (Å) from which the XPLOR cut-off falls, where the model has that one.
    cutoff_on: Option<f64>,
    /// Exponent of the polynomial cut-off otherwise.
    poly_cut_p_value: f64,
    /// Channels of each order between layers.
    channels: Vec<usize>,
    layers: usize,
    /// Sizes of the hidden layers of the radial network.
    radial_sizes: [usize; 2],
    /// Atomic number of each species.
    species: Vec<u8>,
}

impl Config {
    fn check(&self) -> Result<(), NequipError> {
        let refuse = |name, found: String, expected| Err(NequipError::Architecture { name, found, expected });
        let within = |x: f64, low: f64| x.is_finite() && x > low && x <= 20.0;
        if !within(self.cutoff, 0.0) || self.cutoff_on.is_some_and(|on| !within(on, 0.0) || on >= self.cutoff)
        {
            return refuse("cutoff", self.cutoff.to_string(), "up to 20 Å, falling from a shorter distance");
        }
        if !within(self.poly_cut_p_value, 2.0) {
            return refuse("poly_cut_p_value", self.poly_cut_p_value.to_string(), "above 2");
        }
        let fits = |n: usize| n > 0 && n <= 4096 && n.is_multiple_of(LANES);
        if !(1..=LMAX + 1).contains(&self.channels.len()) || !self.channels.iter().all(|&n| fits(n)) {
            let found = format!("{:?}", self.channels);
            return refuse("channels", found, "multiples of 16 for each order up to 3");
        }
        if !self.radial_sizes.iter().all(|&n| fits(n)) {
            return refuse("radial_sizes", format!("{:?}", self.radial_sizes), "multiples of 16");
        }
        if !(1..=16).contains(&self.layers) {
            return refuse("layers", self.layers.to_string(), "1 to 16");
        }
        if self.species.iter().any(|&z| Element::from_atomic_number(z).is_none()) {
            return refuse("species", format!("{:?}", self.species), "numbers of elements");
        }
        Ok(())
    }
}

/// The paths of a layer in the order of SevenNet. There is no parity, so that no order is left out.
fn paths(inputs: usize, outputs: usize, orders: usize) -> Vec<[usize; 3]> {
    let mut paths = Vec::new();
    for l1 in 0..inputs {
        for l2 in 0..orders {
            let l3 = l1.abs_diff(l2)..(l1 + l2 + 1).min(outputs);
            paths.extend(l3.map(|l3| [l1, l2, l3]));
        }
    }
    paths
}

/// The models were trained with symbols of e3nn of which some have the other sign today; their checkpoints hold them.
fn sign(mut orders: [usize; 3]) -> f64 {
    orders.sort_unstable();
    if [[1, 2, 2], [1, 3, 3]].contains(&orders) { -1.0 } else { 1.0 }
}

impl File<'_> {
    /// Tables of all orders, one after another in one tensor.
    fn by_order(&self, name: &str, shapes: &[[usize; 2]]) -> Result<Vec<Vec<f64>>, NequipError> {
        let sizes: Vec<usize> = shapes.iter().map(|[rows, columns]| rows * columns).collect();
        let mut all = self.read(name, &[sizes.iter().sum()])?;
        Ok(sizes.iter().map(|&size| all.drain(..size).collect()).collect())
    }

    fn sevennet_layer(
        &self,
        number: usize,
        config: &Config,
        inputs: &[usize],
        outputs: &[usize],
    ) -> Result<Tables, NequipError> {
        let paths = paths(inputs.len(), outputs.len(), config.channels.len());
        let shared = inputs.len().min(outputs.len());
        let mixed = |l: usize| Tables::mixed(outputs, l);
        let name = |what: &str| format!("{number}_{what}.weight");
        let table = |what: &str, orders: usize, shape: &dyn Fn(usize) -> [usize; 2]| {
            let shapes: Vec<_> = (0..orders).map(shape).collect();
            self.by_order(&name(&format!("{what}.linear")), &shapes)
        };
        let columns: usize = paths.iter().map(|path| inputs[path[0]]).sum();
        let [first, second] = config.radial_sizes;
        let shapes = [[FUNCTIONS, first], [first, second], [second, columns]];
        let radial = |(layer, shape): (usize, [usize; 2])| {
            let table = self.read(&name(&format!("convolution.weight_nn.layer{layer}")), &shape)?;
            let scale = if layer == 0 { 1.0 } else { GATE_SCALE } / (shape[0] as f64).sqrt();
            Ok(table.into_iter().map(|x| x * scale).collect())
        };
        Ok(Tables {
            before: table("self_interaction_1", inputs.len(), &|l| [inputs[l]; 2])?,
            after: table("self_interaction_2", outputs.len(), &|l| {
                [Tables::arriving(inputs, &paths, l), mixed(l)]
            })?,
            past: table("self_connection_intro", shared, &|l| [inputs[l], mixed(l)])?,
            radial: shapes.into_iter().enumerate().map(radial).collect::<Result<_, NequipError>>()?,
            gains: None,
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
            denominator: self.read(&format!("{number}_convolution.denominator"), &[1])?[0],
            gate_scale: GATE_SCALE,
            sign,
            paths,
        })
    }
}

impl<T: Real> Parameters<T> {
    /// Reads a converted file of SevenNet: tensors under the names of its checkpoint.
    ///
    /// # Errors
    /// When the file is damaged, is another architecture, or lacks a tensor.
    pub fn from_sevennet(file: &File<'_>) -> Result<Self, NequipError> {
        let config: Config = file.config()?;
        config.check()?;
        let (channels, species) = (&config.channels[..], config.species.len());
        let scalars = channels[0];
        let tables =
            Tables::of_layers(config.layers, &channels[..1], channels, |number, inputs, outputs| {
                file.sevennet_layer(number, &config, inputs, outputs)
            })?;
        let root = |inputs: usize| (inputs as f64).sqrt();
        let embedding = file.read("onehot_to_feature_x.linear.weight", &[species * scalars])?;
        // No activation is between the two maps to the energy, so they are one.
        let to_hidden = file.read("reduce_input_to_hidden.linear.weight", &[scalars * HIDDEN])?;
        let to_energy = file.read("reduce_hidden_to_energy.linear.weight", &[HIDDEN])?;
        let readout = to_hidden.chunks_exact(HIDDEN).map(|row| {
            let sum: f64 = row.iter().zip(&to_energy).map(|(a, b)| a * b).sum();
            T::from_f64(sum / root(scalars) / root(HIDDEN))
        });
        let frequencies = file.read("edge_embedding.basis_function.coeffs", &[FUNCTIONS])?;
        let envelope = match config.cutoff_on {
            Some(on) => Envelope::Xplor { on },
            None => Envelope::Polynomial { exponent: config.poly_cut_p_value },
        };
        Ok(Self {
            basis: Basis {
                cutoff: config.cutoff,
                frequencies: std::array::from_fn(|k| frequencies[k]),
                envelope,
            },
            parity: false,
            embedding: embedding.iter().map(|x| T::from_f64(x / root(species))).collect(),
            layers: tables.iter().map(Tables::layer).collect(),
            readout: readout.collect(),
            scales: file.read("rescale_atomic_energy.scale", &[species])?,
            shifts: file.read("rescale_atomic_energy.shift", &[species])?,
            species: config.species,
        })
    }
}
