//! The numbers of a CHGNet model, arranged for the factorised network.
//!
//! A linear layer on a concatenation is a sum of linear layers on its parts, so the first layers are
//! cut into one matrix per part, core and gate side by side (see [`Gated`]).

use safetensors::{Dtype, SafeTensors};

use super::ChgnetError;
use super::basis::{ANGULAR, FUNCTIONS, RADIAL};
use crate::kernels::{Matrix, Real, WIDE, WIDTH};

/// Architecture that this implementation covers: names in `model_args` and their JSON values.
const ARCHITECTURE: [(&str, &str); 12] = [
    ("num_radial", "31"),
    ("num_angular", "31"),
    ("n_conv", "4"),
    ("atom_graph_cutoff", "6"),
    ("bond_graph_cutoff", "3"),
    ("cutoff_coeff", "8"),
    ("mlp_hidden_dims", "[64,64,64]"),
    ("mlp_first", "true"),
    ("is_intensive", "true"),
    ("gMLP_norm", "\"layer\""),
    ("readout_norm", "\"layer\""),
    ("non_linearity", "\"silu\""),
];

/// Atom convolutions; one bond convolution fewer, and two angle updates fewer.
pub const ATOM_LAYERS: usize = 4;
/// Elements in the tables.
pub const ELEMENTS: usize = 94;

/// A linear map without bias, with its transpose for the way back.
pub struct Linear<T> {
    /// The map.
    pub forward: Matrix<T>,
    /// Its transpose.
    pub reverse: Matrix<T>,
}

impl<T: Real> Linear<T> {
    /// From the value at (output, input).
    fn new(inputs: usize, outputs: usize, weight: impl Fn(usize, usize) -> f64) -> Self {
        Self {
            forward: Matrix::new(inputs, outputs, |input, output| weight(output, input)),
            reverse: Matrix::new(outputs, inputs, weight),
        }
    }
}

/// A gated MLP: `silu(LN(core(x))) sigmoid(LN(gate(x)))`, core and gate side by side.
pub struct Gated<T> {
    /// First layer, one map of 64 to 128 per part of its input.
    pub parts: Vec<Linear<T>>,
    /// Bias of the first layer, 128.
    pub bias: Vec<T>,
    /// Second layer after SiLU, absent in the angle update.
    pub second: Option<Second<T>>,
    /// Layer norm: factors, 128.
    pub gain: Vec<T>,
    /// Layer norm: summands, 128.
    pub shift: Vec<T>,
}

/// Second layer of a gated MLP.
pub struct Second<T> {
    /// Core, 64 to 64.
    pub core: Linear<T>,
    /// Gate, 64 to 64.
    pub gate: Linear<T>,
    /// Bias, 128.
    pub bias: Vec<T>,
}

/// A gated MLP, whose messages are summed and mapped.
pub struct Convolution<T> {
    /// Makes messages.
    pub gated: Gated<T>,
    /// Map of the summed messages.
    pub out: Linear<T>,
}

/// All numbers of a model.
pub struct Parameters<T> {
    /// Energy of an isolated reference atom (eV) by atomic number - 1.
    pub reference: Vec<f64>,
    /// Atom features by atomic number - 1, rows of 64.
    pub embedding: Vec<T>,
    /// Frequencies of the radial basis up to 6 Å.
    pub bond_frequencies: [f64; RADIAL],
    /// Frequencies of the radial basis up to 3 Å.
    pub short_frequencies: [f64; RADIAL],
    /// Frequencies of the angular basis.
    pub angle_frequencies: [f64; ANGULAR],
    /// Radial basis to bond features.
    pub bond_embedding: Linear<T>,
    /// Radial basis to weights of messages between atoms.
    pub atom_weights: Linear<T>,
    /// Radial basis (3 Å) to weights of messages between bonds.
    pub bond_weights: Linear<T>,
    /// Angular basis to angle features.
    pub angle_embedding: Linear<T>,
    /// Atom convolutions on [h_i, b, h_j].
    pub atom: Vec<Convolution<T>>,
    /// Bond convolutions on [b_1, b_2, a, h].
    pub bond: Vec<Convolution<T>>,
    /// Angle updates on [b_1, b_2, a, h].
    pub angle: Vec<Gated<T>>,
    /// Magnetic moment of an atom: weights and bias.
    pub moment: (Vec<T>, T),
    /// Layer norm before the readout: factors and summands.
    pub readout_norm: (Vec<T>, Vec<T>),
    /// Hidden layers of the readout with their biases.
    pub readout: Vec<(Linear<T>, Vec<T>)>,
    /// Last layer of the readout: weights and bias.
    pub energy: (Vec<T>, T),
}

impl<T: Real> Parameters<T> {
    /// Reads a safetensors file with the names of the original model.
    ///
    /// # Errors
    /// When the file is damaged, is another architecture, or lacks a tensor.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, ChgnetError> {
        check_architecture(bytes)?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| ChgnetError::Damaged(e.to_string()))?;
        let file = Tensors { file };
        let pair = |name: &str| -> Result<(Vec<f64>, Vec<f64>), ChgnetError> {
            Ok((
                file.read(&format!("{name}.weight"), &[WIDTH])?,
                file.read(&format!("{name}.bias"), &[WIDTH])?,
            ))
        };
        let readout_norm = pair("readout_norm")?;
        let convolution = |kind: &str, layer: usize, two_body: &str, parts: usize| {
            let prefix = format!("{kind}_conv_layers.{layer}");
            Ok::<_, ChgnetError>(Convolution {
                gated: file.gated(&format!("{prefix}.{two_body}"), parts, "layers.0", true)?,
                out: file.linear(&format!("{prefix}.mlp_out.layers.1.weight"), WIDTH, WIDTH)?,
            })
        };
        Ok(Self {
            reference: file.read("composition_model.fc.weight", &[1, ELEMENTS])?,
            embedding: real(&file.read("atom_embedding.embedding.weight", &[ELEMENTS, WIDTH])?),
            bond_frequencies: file.frequencies("bond_basis_expansion.rbf_expansion_ag.frequencies")?,
            short_frequencies: file.frequencies("bond_basis_expansion.rbf_expansion_bg.frequencies")?,
            angle_frequencies: file.frequencies("angle_basis_expansion.fourier_expansion.frequencies")?,
            bond_embedding: file.linear("bond_embedding.weight", RADIAL, WIDTH)?,
            atom_weights: file.linear("bond_weights_ag.weight", RADIAL, WIDTH)?,
            bond_weights: file.linear("bond_weights_bg.weight", RADIAL, WIDTH)?,
            angle_embedding: file.linear("angle_embedding.weight", 2 * ANGULAR + 1, WIDTH)?,
            atom: (0..ATOM_LAYERS)
                .map(|layer| convolution("atom", layer, "twoBody_atom", 3))
                .collect::<Result<_, _>>()?,
            bond: (0..ATOM_LAYERS - 1)
                .map(|layer| convolution("bond", layer, "twoBody_bond", 4))
                .collect::<Result<_, _>>()?,
            // The last update changes nothing that is read later.
            angle: (0..ATOM_LAYERS - 2)
                .map(|layer| file.gated(&format!("angle_layers.{layer}.twoBody_bond"), 4, "layers.1", false))
                .collect::<Result<_, _>>()?,
            moment: file.last_layer("site_wise")?,
            readout_norm: (real(&readout_norm.0), real(&readout_norm.1)),
            readout: [0, 2, 4]
                .map(|layer| {
                    let name = format!("mlp.layers.{layer}");
                    let bias = file.read(&format!("{name}.bias"), &[WIDTH])?;
                    Ok((file.linear(&format!("{name}.weight"), WIDTH, WIDTH)?, real(&bias)))
                })
                .into_iter()
                .collect::<Result<_, ChgnetError>>()?,
            energy: file.last_layer("mlp.layers.7")?,
        })
    }
}

fn real<T: Real>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|&x| T::from_f64(x)).collect()
}

/// Refuses the file of another architecture.
pub fn check_architecture(bytes: &[u8]) -> Result<(), ChgnetError> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| ChgnetError::Damaged(e.to_string()))?;
    let arguments = header.metadata().as_ref().and_then(|metadata| metadata.get("model_args"));
    let arguments: serde_json::Value = arguments
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| ChgnetError::Damaged("its header holds no model_args".into()))?;
    for (name, expected) in ARCHITECTURE {
        let found = arguments[name].to_string();
        if found != expected {
            return Err(ChgnetError::Architecture { name, found, expected });
        }
    }
    Ok(())
}

/// Tensors of a file by name.
pub struct Tensors<'a> {
    /// The file.
    pub file: SafeTensors<'a>,
}

impl Tensors<'_> {
    /// The numbers of a tensor that must be f32 of this shape.
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, ChgnetError> {
        let tensor = self
            .file
            .tensor(name)
            .map_err(|_| ChgnetError::Damaged(format!("tensor '{name}' is missing")))?;
        if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
            return Err(ChgnetError::Damaged(format!(
                "tensor '{name}' is {:?} {:?}, expected F32 {shape:?}",
                tensor.dtype(),
                tensor.shape()
            )));
        }
        let numbers = tensor.data().as_chunks::<4>().0;
        Ok(numbers.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect())
    }

    fn frequencies<const N: usize>(&self, name: &str) -> Result<[f64; N], ChgnetError> {
        let numbers = self.read(name, &[N])?;
        Ok(std::array::from_fn(|k| numbers[k]))
    }

    /// A weight of `outputs` x `inputs`; inputs that are a basis are padded with zeros.
    fn linear<T: Real>(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear<T>, ChgnetError> {
        let weight = self.read(name, &[outputs, inputs])?;
        let padded = if inputs == WIDTH { inputs } else { FUNCTIONS };
        Ok(Linear::new(padded, outputs, |o, i| if i < inputs { weight[o * inputs + i] } else { 0.0 }))
    }

    /// A layer with one output.
    fn last_layer<T: Real>(&self, name: &str) -> Result<(Vec<T>, T), ChgnetError> {
        let weight = self.read(&format!("{name}.weight"), &[1, WIDTH])?;
        let bias = self.read(&format!("{name}.bias"), &[1])?;
        Ok((real(&weight), T::from_f64(bias[0])))
    }

    /// A gated MLP whose first layer takes `parts` vectors of 64.
    fn gated<T: Real>(
        &self,
        prefix: &str,
        parts: usize,
        first: &str,
        two_layers: bool,
    ) -> Result<Gated<T>, ChgnetError> {
        let inputs = parts * WIDTH;
        let both = |what: &str, shape: &[usize]| -> Result<[Vec<f64>; 2], ChgnetError> {
            let name = |branch| format!("{prefix}.mlp_{branch}.{what}");
            Ok([self.read(&name("core"), shape)?, self.read(&name("gate"), shape)?])
        };
        let join = |[core, gate]: [Vec<f64>; 2]| real(&[core, gate].concat());
        let weight = both(&format!("{first}.weight"), &[WIDTH, inputs])?;
        let parts = (0..parts)
            .map(|part| {
                Linear::new(WIDTH, WIDE, |o, i| weight[o / WIDTH][(o % WIDTH) * inputs + part * WIDTH + i])
            })
            .collect();
        let second = if two_layers {
            let linear =
                |branch| self.linear(&format!("{prefix}.mlp_{branch}.layers.3.weight"), WIDTH, WIDTH);
            let bias = join(both("layers.3.bias", &[WIDTH])?);
            Some(Second { core: linear("core")?, gate: linear("gate")?, bias })
        } else {
            None
        };
        let norm = |what: &str| -> Result<Vec<T>, ChgnetError> {
            let name = |n| format!("{prefix}.bn{n}.{what}");
            Ok(join([self.read(&name(1), &[WIDTH])?, self.read(&name(2), &[WIDTH])?]))
        };
        Ok(Gated {
            parts,
            bias: join(both(&format!("{first}.bias"), &[WIDTH])?),
            second,
            gain: norm("weight")?,
            shift: norm("bias")?,
        })
    }
}
