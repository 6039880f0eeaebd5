//! The numbers of a model as tensors on the device, none of which asks for a gradient.

use safetensors::SafeTensors;
use tch::{Device, Kind, TchError, Tensor};

use super::super::ChgnetError;
use super::super::basis::{ANGULAR, RADIAL};
use super::super::parameters::{ATOM_LAYERS, ELEMENTS, Tensors, check_architecture};
use crate::kernels::{WIDE, WIDTH};

/// A linear map: weight and bias.
pub type Affine = (Tensor, Tensor);

/// A gated MLP: `silu(LN(core(x))) sigmoid(LN(gate(x)))`.
pub struct Gated {
    /// First layer, one map of 64 to 128 (core, gate) per part of its input.
    pub parts: Vec<Tensor>,
    /// Bias of the first layer, 128.
    pub bias: Tensor,
    /// Second layers of core and gate after SiLU, absent in the angle update.
    pub second: Option<[Affine; 2]>,
    /// Layer norms of core and gate: factors and summands.
    pub norm: [Affine; 2],
}

/// A gated MLP, whose messages are summed and mapped.
pub struct Convolution {
    /// Makes messages.
    pub gated: Gated,
    /// Map of the summed messages, transposed.
    pub out: Tensor,
}

/// All numbers of a model.
pub struct Weights {
    /// Energy of an isolated reference atom (eV) by atomic number - 1.
    pub reference: Vec<f64>,
    /// Atom features by atomic number - 1.
    pub embedding: Tensor,
    /// Frequencies of the radial bases up to 6 Å and 3 Å and of the angular basis, f64.
    pub frequencies: [Tensor; 3],
    /// Radial basis to bond features.
    pub bond_embedding: Tensor,
    /// Radial basis to weights of messages between atoms.
    pub atom_weights: Tensor,
    /// Radial basis (3 Å) to weights of messages between bonds.
    pub bond_weights: Tensor,
    /// Angular basis to angle features.
    pub angle_embedding: Tensor,
    /// Atom convolutions on [h_i, b, h_j].
    pub atom: Vec<Convolution>,
    /// Bond convolutions on [b_1, b_2, a, h].
    pub bond: Vec<Convolution>,
    /// Angle updates on [b_1, b_2, a, h]; the last of the original changes nothing that is read.
    pub angle: Vec<Gated>,
    /// Magnetic moment of an atom.
    pub moment: Affine,
    /// Layer norm before the readout.
    pub readout_norm: Affine,
    /// Hidden layers of the readout.
    pub readout: [Affine; 3],
    /// Last layer of the readout.
    pub energy: Affine,
}

impl Weights {
    /// Reads a safetensors file with the names of the original model.
    ///
    /// # Errors
    /// When the file is damaged, is another architecture, or lacks a tensor; when the device refuses.
    pub fn new(bytes: &[u8], device: Device) -> Result<Self, ChgnetError> {
        check_architecture(bytes)?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| ChgnetError::Damaged(e.to_string()))?;
        let file = File { file: Tensors { file }, device };
        let convolution = |kind: &str, two_body: &str, t: usize, parts: usize| {
            let prefix = format!("{kind}_conv_layers.{t}");
            Ok::<_, ChgnetError>(Convolution {
                gated: file.gated(&format!("{prefix}.{two_body}"), parts, "layers.0", true)?,
                out: file.read(&format!("{prefix}.mlp_out.layers.1.weight"), &[WIDTH, WIDTH])?.f_tr()?,
            })
        };
        let hidden = |layer: usize| file.affine(&format!("mlp.layers.{layer}"), &[WIDTH, WIDTH]);
        let frequencies = |name: &str, count| {
            Ok::<_, ChgnetError>(
                file.read(&format!("{name}.frequencies"), &[count])?.f_to_kind(Kind::Double)?,
            )
        };
        Ok(Self {
            reference: file.file.read("composition_model.fc.weight", &[1, ELEMENTS])?,
            embedding: file.read("atom_embedding.embedding.weight", &[ELEMENTS, WIDTH])?,
            frequencies: [
                frequencies("bond_basis_expansion.rbf_expansion_ag", RADIAL)?,
                frequencies("bond_basis_expansion.rbf_expansion_bg", RADIAL)?,
                frequencies("angle_basis_expansion.fourier_expansion", ANGULAR)?,
            ],
            bond_embedding: file.read("bond_embedding.weight", &[WIDTH, RADIAL])?,
            atom_weights: file.read("bond_weights_ag.weight", &[WIDTH, RADIAL])?,
            bond_weights: file.read("bond_weights_bg.weight", &[WIDTH, RADIAL])?,
            angle_embedding: file.read("angle_embedding.weight", &[WIDTH, 2 * ANGULAR + 1])?,
            atom: (0..ATOM_LAYERS)
                .map(|t| convolution("atom", "twoBody_atom", t, 3))
                .collect::<Result<_, _>>()?,
            bond: (0..ATOM_LAYERS - 1)
                .map(|t| convolution("bond", "twoBody_bond", t, 4))
                .collect::<Result<_, _>>()?,
            angle: (0..ATOM_LAYERS - 2)
                .map(|t| file.gated(&format!("angle_layers.{t}.twoBody_bond"), 4, "layers.1", false))
                .collect::<Result<_, _>>()?,
            moment: file.affine("site_wise", &[1, WIDTH])?,
            readout_norm: file.affine("readout_norm", &[WIDTH])?,
            readout: [hidden(0)?, hidden(2)?, hidden(4)?],
            energy: file.affine("mlp.layers.7", &[1, WIDTH])?,
        })
    }
}

/// The device's refusal.
impl From<TchError> for ChgnetError {
    fn from(error: TchError) -> Self {
        Self::Device(error.to_string())
    }
}

/// A file whose tensors go to a device.
struct File<'a> {
    file: Tensors<'a>,
    device: Device,
}

impl File<'_> {
    fn read(&self, name: &str, shape: &[usize]) -> Result<Tensor, ChgnetError> {
        let numbers: Vec<f32> = self.file.read(name, shape)?.into_iter().map(|x| x as f32).collect();
        let shape: Vec<i64> = shape.iter().map(|n| *n as i64).collect();
        Ok(Tensor::f_from_slice(&numbers)?.f_view(&shape[..])?.f_to_device(self.device)?)
    }

    /// A weight of this shape and a bias of the outputs.
    fn affine(&self, name: &str, shape: &[usize]) -> Result<Affine, ChgnetError> {
        Ok((self.read(&format!("{name}.weight"), shape)?, self.read(&format!("{name}.bias"), &shape[..1])?))
    }

    /// A gated MLP whose first layer takes `parts` vectors of 64.
    fn gated(&self, prefix: &str, parts: usize, first: &str, two: bool) -> Result<Gated, ChgnetError> {
        let branches = |layer: &str, inputs: usize| -> Result<[Affine; 2], ChgnetError> {
            let branch = |name| self.affine(&format!("{prefix}.mlp_{name}.{layer}"), &[WIDTH, inputs]);
            Ok([branch("core")?, branch("gate")?])
        };
        let [core, gate] = branches(first, parts * WIDTH)?;
        let weight =
            Tensor::f_cat(&[core.0, gate.0], 0)?.f_view([WIDE as i64, parts as i64, WIDTH as i64])?;
        Ok(Gated {
            parts: (0..parts as i64)
                .map(|part| weight.f_select(1, part)?.f_contiguous())
                .collect::<Result<_, _>>()?,
            bias: Tensor::f_cat(&[core.1, gate.1], 0)?,
            second: two.then(|| branches("layers.3", WIDTH)).transpose()?,
            norm: [
                self.affine(&format!("{prefix}.bn1"), &[WIDTH])?,
                self.affine(&format!("{prefix}.bn2"), &[WIDTH])?,
            ],
        })
    }
}
