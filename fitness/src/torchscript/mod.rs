//! Potentials of one's own from PyTorch: TorchScript modules, with forces and stress by automatic differentiation.
//!
//! # What a module has to be
//!
//! Its `forward` takes five tensors and gives the energy of the cell, differentiable in positions and cell:
//!
//! | argument | type | |
//! |---|---|---|
//! | `numbers` | int64 \[N\] | atomic numbers |
//! | `positions` | float \[N, 3\] | Cartesian (Å) |
//! | `cell` | float \[3, 3\] | rows are lattice vectors (Å) |
//! | `edges` | int64 \[2, E\] | pairs of neighbours: `edges[0]` the atoms `i` in the middle, `edges[1]` their neighbours `j` |
//! | `shifts` | float \[E, 3\] | whole numbers: the copy of the neighbour in units of lattice vectors |
//!
//! The vector of a pair is `positions[j] - positions[i] + shifts @ cell`. Each pair up to the cut-off is there in both directions, so
//! that a sum over pairs counts it twice. The result is a tensor with one number, or a dictionary with such a tensor under `"energy"`
//! (eV). Nothing else is read: forces and stress are derivatives of that energy through positions and a strain of positions and cell, so
//! a module that computes its forces itself needs not, and must not free its graph.
//!
//! `druse.json`, an extra file of the archive, says what cannot be seen in the code (libtorch gives attributes of a module to Python only):
//!
//! | key | |
//! |---|---|
//! | `cutoff` | distance (Å) up to which atoms are neighbours; needed |
//! | `corrections` | `"none"` (when absent) or `"mp2020"`: what energies need on a hull |
//! | `dtype` | `"float64"` (when absent) or `"float32"`: type of the float arguments |
//! | `elements` | symbols of the elements that it was made for; all when absent |
//!
//! ```python
//! torch.jit.save(torch.jit.script(module), "argon.pt", _extra_files={"druse.json": '{"cutoff": 8.5, "elements": ["Ar"]}'})
//! ```
//!
//! `runs/examples/torchscript/` has complete scripts. One crystal is evaluated at a time, on one thread; libtorch's
//! optimiser of graphs is off, because what it makes of a module depends on the calls before. On a GPU all this is untested.

mod metadata;
#[cfg(test)]
mod tests;

use std::path::Path;

use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::{Crystal, Neighbours};
use tch::{CModule, Device, IValue, Kind, TchError, Tensor};

use crate::chgnet::torch::{device_name, single_threaded};
use crate::corrections::{Ledger, MP2020, mp2020};
use crate::potential::{Potential, PotentialError, Prediction, Want};
use crate::weights::{self, WeightsError, hash};
use metadata::{Corrections, FILE, Metadata};

/// Why a module cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TorchScriptError {
    /// The file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file is something else.
    #[error("the file is no TorchScript module: {0}")]
    Foreign(String),
    /// The module does not say what it needs.
    #[error(
        "the module has no {FILE}; save it by torch.jit.save(module, file, _extra_files={{\"{FILE}\": \
         '{{\"cutoff\": 6.0}}'}})"
    )]
    NoMetadata,
    /// What the module says of itself is incomplete or wrong.
    #[error("{FILE} of the module: {0}")]
    Metadata(String),
}

/// A TorchScript module as a potential; may be shared by threads.
pub struct TorchScript {
    name: String,
    hash: String,
    metadata: Metadata,
    device: Device,
    module: CModule,
}

/// Tensors of one crystal.
struct Inputs {
    numbers: Tensor,
    positions: Tensor,
    cell: Tensor,
    edges: Tensor,
    shifts: Tensor,
}

impl TorchScript {
    /// Loads a module onto a device, under a name of one's own, and makes libtorch [`single_threaded`].
    ///
    /// # Errors
    /// When the file cannot be read, is no module, or has no metadata.
    pub fn from_file(path: &Path, name: &str, device: Device) -> Result<Self, TorchScriptError> {
        single_threaded();
        let bytes = weights::read(path)?;
        let metadata = Metadata::of(&bytes)?;
        let loaded = CModule::load_data_on_device(&mut bytes.as_slice(), device);
        let mut module = loaded.map_err(|error| TorchScriptError::Foreign(words(&error)))?;
        module.f_set_eval().map_err(|error| TorchScriptError::Foreign(words(&error)))?;
        Ok(Self { name: name.to_owned(), hash: hash(&bytes), metadata, device, module })
    }

    fn predict(&self, crystal: &Crystal, want: Want) -> Result<Prediction, PotentialError> {
        let pairs = self.pairs(crystal)?;
        let gradient = want.forces || want.stress;
        let evaluate = || {
            // A setting of the thread: the optimiser compiles for the shapes of its first calls, and rounds otherwise than before.
            tch::jit::f_set_graph_executor_optimize(false)?;
            self.run(&self.inputs(crystal, &pairs)?, gradient)
        };
        let outcome = if gradient { tch::with_grad(evaluate) } else { tch::no_grad(evaluate) };
        let (energy, gradient) =
            outcome.map_err(|Reason(reason)| PotentialError::Failed(format!("{}: {reason}", self.name)))?;
        Prediction::new(energy, gradient, None, crystal.lattice.volume(), want)
    }

    /// Neighbours within the cut-off; refuses what the module was not made for.
    fn pairs(&self, crystal: &Crystal) -> Result<Neighbours, PotentialError> {
        let elements = crystal.elements()?;
        if elements.is_empty() {
            return Err(PotentialError::Empty);
        }
        if let Some(covered) = &self.metadata.elements
            && let Some(site) = elements.iter().position(|element| !covered.contains(element))
        {
            return Err(PotentialError::UnknownElement {
                site,
                element: elements[site].symbol(),
                potential: "the module",
                covered: "the elements that it lists",
            });
        }
        let cutoff = self.metadata.cutoff;
        let pairs = Neighbours::within(crystal, cutoff)?;
        match (0..elements.len()).find(|&site| pairs.around(site).is_empty()) {
            Some(site) => Err(PotentialError::LoneAtom { site, cutoff }),
            None => Ok(pairs),
        }
    }

    /// An ordered crystal and its pairs as tensors.
    fn inputs(&self, crystal: &Crystal, pairs: &Neighbours) -> Result<Inputs, Reason> {
        let elements = crystal.elements().map_err(|error| Reason(error.to_string()))?;
        let numbers: Vec<i64> = elements.iter().map(|element| i64::from(element.atomic_number())).collect();
        let positions: Vec<f64> = crystal.cartesian().iter().flat_map(|r| [r.x, r.y, r.z]).collect();
        let edges: Vec<i64> = pairs.first.iter().chain(&pairs.second).map(|&site| i64::from(site)).collect();
        let shifts: Vec<f64> = pairs.image.iter().flatten().map(|&n| f64::from(n)).collect();
        let rows = |values: &[f64]| Tensor::f_from_slice(values)?.f_view([-1, 3])?.f_to(self.device);
        Ok(Inputs {
            numbers: Tensor::f_from_slice(&numbers)?.f_to(self.device)?,
            positions: rows(&positions)?,
            cell: rows(crystal.lattice.rows().as_flattened())?,
            edges: Tensor::f_from_slice(&edges)?.f_view([2, -1])?.f_to(self.device)?,
            shifts: rows(&shifts)?.f_to_kind(self.metadata.numbers.kind())?,
        })
    }

    /// Energy and, where wanted, its derivatives.
    fn run(&self, inputs: &Inputs, gradient: bool) -> Result<Outcome, Reason> {
        let double = (Kind::Double, self.device);
        let positions = inputs.positions.f_set_requires_grad(gradient)?;
        let strain = Tensor::f_zeros([3, 3], double)?.f_set_requires_grad(gradient)?;
        let deformation = Tensor::f_eye(3, double)?.f_add(&strain)?;
        let strained = |rows: &Tensor| rows.f_matmul(&deformation)?.f_to_kind(self.metadata.numbers.kind());
        let arguments = [
            IValue::Tensor(inputs.numbers.shallow_clone()),
            IValue::Tensor(strained(&positions)?),
            IValue::Tensor(strained(&inputs.cell)?),
            IValue::Tensor(inputs.edges.shallow_clone()),
            IValue::Tensor(inputs.shifts.shallow_clone()),
        ];
        let energy = energy_of(self.module.forward_is(&arguments)?)?;
        let energy = energy.f_to_kind(Kind::Double)?.f_sum(Kind::Double)?;
        let value = f64::try_from(&energy)?;
        if !gradient {
            return Ok((value, None));
        }
        let fixed =
            || Reason("its energy has no derivatives: forward detaches it from its arguments".to_owned());
        if !energy.requires_grad() {
            return Err(fixed());
        }
        let derivatives = Tensor::f_run_backward(&[energy], &[&positions, &strain], false, false)?;
        if !derivatives.iter().all(Tensor::defined) {
            return Err(fixed());
        }
        let (by_position, by_strain) = (numbers(&derivatives[0])?, numbers(&derivatives[1])?);
        let sites = by_position.as_chunks::<3>().0.iter().map(|&gradient| Vector3::from(gradient)).collect();
        Ok((value, Some((sites, Matrix3::from_row_slice(&by_strain)))))
    }
}

/// Energy (eV), and its derivatives with respect to positions (eV/Å) and strain (eV).
type Outcome = (f64, Option<(Vec<Vector3<f64>>, Matrix3<f64>)>);

/// Why a module gave no energy, in one line.
struct Reason(String);

impl From<TchError> for Reason {
    fn from(error: TchError) -> Self {
        Self(words(&error))
    }
}

/// The energy in what a module gives.
fn energy_of(output: IValue) -> Result<Tensor, Reason> {
    let wrong = |reason: &str| Reason(reason.to_owned());
    let energy = match output {
        IValue::Tensor(energy) => energy,
        IValue::GenericDict(items) => {
            let is_energy = |key: &IValue| matches!(key, IValue::String(name) if name == "energy");
            match items.into_iter().find(|(key, _)| is_energy(key)) {
                Some((_, IValue::Tensor(energy))) => energy,
                Some(_) => return Err(wrong("what it gives under \"energy\" is no tensor")),
                None => return Err(wrong("the dictionary that it gives has no \"energy\"")),
            }
        }
        _ => return Err(wrong("it gives neither a tensor nor a dictionary with an \"energy\"")),
    };
    if energy.numel() != 1 {
        let shape = energy.size();
        return Err(Reason(format!(
            "it gives an energy of shape {shape:?}, expected one number for the cell"
        )));
    }
    if !energy.is_floating_point() {
        return Err(Reason(format!("it gives an energy of type {:?}, expected a float", energy.kind())));
    }
    Ok(energy)
}

/// All elements of a tensor.
fn numbers(tensor: &Tensor) -> Result<Vec<f64>, TchError> {
    Vec::try_from(tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_flatten(0, -1)?)
}

/// One line of what libtorch says, which is the trace of a whole program: the error at its end, or else its beginning.
fn words(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let raised =
        lines().rfind(|line| line.split_once("Error: ").is_some_and(|(kind, _)| !kind.contains(' ')));
    raised.or_else(|| lines().next()).unwrap_or("libtorch gave no reason").to_owned()
}

impl Potential for TorchScript {
    fn name(&self) -> &str {
        &self.name
    }

    fn protocol(&self) -> String {
        let numbers = self.metadata.numbers.name();
        let device = device_name(self.device);
        format!("{} sha256:{} {numbers} TorchScript libtorch {device}", self.name, &self.hash[..16])
    }

    fn weights_hash(&self) -> Option<&str> {
        Some(&self.hash)
    }

    fn scheme(&self) -> Option<&'static str> {
        (self.metadata.corrections == Corrections::Mp2020).then_some(MP2020)
    }

    fn ledger(&self, crystal: &Crystal) -> Ledger {
        match self.metadata.corrections {
            Corrections::None => Ledger::default(),
            Corrections::Mp2020 => mp2020(crystal),
        }
    }

    fn evaluate(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>> {
        crystals.iter().map(|crystal| self.predict(crystal, want)).collect()
    }
}
