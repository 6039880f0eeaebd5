//! Files of Nequix.

use druse_representations::Element;
use serde::Deserialize;

use super::NequipError;
use super::convolution::LANES;
use super::file::File;
use super::harmonics::LMAX;
use super::parameters::{Parameters, Tables, padded};
use super::radial::{Basis, Envelope, FUNCTIONS, bessel};
use crate::kernels::Real;

/// Scalars and gates are divided by the root of the mean square of SiLU of normal numbers (at 1,000,001 quantiles).
const GATE_SCALE: f64 = 1.676_562_056_079_883_7;

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

    /// Refuses what is not covered.
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

/// The paths of a layer, in the order of Nequix: by the order of the result. Parity leaves every second order of the harmonics.
fn paths(inputs: usize, outputs: usize, lmax: usize) -> Vec<[usize; 3]> {
    let mut paths = Vec::new();
    for l3 in 0..outputs {
        for l1 in 0..inputs {
            let orders = (l1.abs_diff(l3)..=(l1 + l3).min(lmax)).step_by(2);
            paths.extend(orders.map(|l2| [l1, l2, l3]));
        }
    }
    paths
}

impl File<'_> {
    fn nequix_layer(
        &self,
        number: usize,
        config: &Config,
        inputs: &[usize],
        outputs: &[usize],
    ) -> Result<Tables, NequipError> {
        let named = |what: &str, l: usize, shape: &[usize]| {
            self.read(&format!("layers.{number}.{what}.{}", order(l)), shape)
        };
        let paths = paths(inputs.len(), outputs.len(), config.lmax);
        let mixed = |l: usize| Tables::mixed(outputs, l);
        let arriving = |l: usize| Tables::arriving(inputs, &paths, l);
        let (orders, both) = (0..outputs.len(), 0..outputs.len().min(inputs.len()));
        let size = config.radial_mlp_size;
        let columns: usize = paths.iter().map(|path| inputs[path[0]]).sum();
        let radial = |layer: usize| {
            let rows = if layer == 0 { FUNCTIONS } else { size };
            let columns = if layer == config.radial_mlp_layers { columns } else { size };
            self.read(&format!("layers.{number}.radial_mlp.{layer}"), &[rows, columns])
        };
        Ok(Tables {
            before: (0..inputs.len())
                .map(|l| named("linear_1", l, &[inputs[l], inputs[l]]))
                .collect::<Result<_, _>>()?,
            after: orders
                .clone()
                .map(|l| named("linear_2", l, &[arriving(l), mixed(l)]))
                .collect::<Result<_, _>>()?,
            past: both.map(|l| named("skip", l, &[inputs[l], mixed(l)])).collect::<Result<_, _>>()?,
            gains: Some(orders.map(|l| named("norm", l, &[mixed(l)])).collect::<Result<_, _>>()?),
            radial: (0..=config.radial_mlp_layers).map(radial).collect::<Result<_, _>>()?,
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
            denominator: config.avg_n_neighbors.sqrt(),
            gate_scale: GATE_SCALE,
            sign: |_| 1.0,
            paths,
        })
    }
}

impl<T: Real> Parameters<T> {
    /// Reads a safetensors file of Nequix: tensors `layers.N.linear_1.0e`, … and the configuration as JSON under `config` in the header.
    ///
    /// # Errors
    /// When the file is damaged, is another architecture, or lacks a tensor.
    pub fn from_nequix(file: &File<'_>) -> Result<Self, NequipError> {
        let config: Config = file.config()?;
        config.check()?;
        let channels = config.channels()?;
        let species = config.atomic_numbers.len();
        let tables = Tables::of_layers(config.n_layers, &[species], &channels, |number, inputs, outputs| {
            file.nequix_layer(number, &config, inputs, outputs)
        })?;
        let atoms = file.read("atom_energies", &[species])?;
        let readout = file.read("readout", &[channels[0], 1])?;
        let root = (channels[0] as f64).sqrt();
        let width = padded(species);
        let mut embedding = vec![T::ZERO; species * width];
        embedding.iter_mut().step_by(width + 1).for_each(|own| *own = T::ONE);
        Ok(Self {
            basis: Basis {
                cutoff: config.cutoff,
                frequencies: bessel(config.cutoff),
                envelope: Envelope::Polynomial { exponent: config.radial_polynomial_p },
            },
            parity: true,
            embedding,
            layers: tables.iter().map(Tables::layer).collect(),
            readout: readout.iter().map(|&x| T::from_f64(x / root)).collect(),
            scales: vec![config.scale; species],
            shifts: atoms.iter().map(|energy| energy + config.shift).collect(),
            species: config.atomic_numbers,
        })
    }
}
