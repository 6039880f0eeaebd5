//! CHGNet on libtorch: many crystals in one graph, on the processor or a GPU.
//!
//! A second implementation of the potential of the [parent module](super), with derivatives by
//! automatic differentiation. On a processor the native one takes about half the time or less;
//! this one is for GPUs, and checks the other. **On a GPU it is untested**: none was at hand.
//!
//! Crystals of one call share matrix products, and these round differently for another number of
//! rows: a crystal's result may change in the last bits with what else is in the call. The same call
//! gives the same bits on a processor, whatever the number of threads that make calls. GPUs sum
//! messages in any order, so that there even this does not hold.

mod batch;
mod device;
mod network;
#[cfg(test)]
mod tests;
mod weights;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use druse_representations::Crystal;
use druse_representations::nalgebra::{Matrix3, Vector3};
use tch::{Device, Kind, TchError, Tensor};

use super::graph::Graph;
use super::network::Outcome;
use super::{ChgnetError, ChgnetKind, hash};
use crate::potential::{Potential, PotentialError, Prediction, Want};
use batch::Batch;
pub use device::{DeviceError, device, device_name, single_threaded};
use weights::Weights;

/// Directed bonds and angle rows in one graph, unless a crystal alone has more. What the way back
/// keeps is about 14 kB a row; on a processor large graphs only leave its caches.
fn row_limit(device: Device) -> usize {
    if device == Device::Cpu { 8_000 } else { 200_000 }
}

/// CHGNet on libtorch; may be shared by threads.
pub struct TorchChgnet {
    kind: ChgnetKind,
    device: Device,
    bytes: Vec<u8>,
    hash: String,
    /// Weights that no call uses now: tensors cannot be shared by threads.
    pool: Mutex<Vec<Weights>>,
}

impl TorchChgnet {
    /// Loads published weights from the folder of models (see [`folders`](super::folders)) onto a
    /// device (see [`device`]), and makes libtorch [`single_threaded`].
    ///
    /// # Errors
    /// When the weights are absent or damaged, or when the device refuses them.
    pub fn load(kind: ChgnetKind, device: Device) -> Result<Self, ChgnetError> {
        single_threaded();
        let bytes = kind.weights().read()?;
        let pool = Mutex::new(vec![Weights::new(&bytes, device)?]);
        Ok(Self { kind, device, hash: hash(&bytes), bytes, pool })
    }

    /// Predictions for graphs that fit into one batch.
    fn predict(&self, graphs: &[&Graph], want: Want) -> Result<Vec<Outcome>, ChgnetError> {
        let pool = || self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let free = pool().pop();
        let weights = match free {
            Some(weights) => weights,
            None => Weights::new(&self.bytes, self.device)?,
        };
        let outcomes = if want.forces || want.stress {
            tch::with_grad(|| weights.evaluate(graphs, self.device, true, want.magmoms))
        } else {
            tch::no_grad(|| weights.evaluate(graphs, self.device, false, want.magmoms))
        };
        pool().push(weights);
        Ok(outcomes?)
    }
}

impl Weights {
    fn evaluate(
        &self,
        graphs: &[&Graph],
        device: Device,
        gradient: bool,
        magmoms: bool,
    ) -> Result<Vec<Outcome>, TchError> {
        let batch = Batch::new(graphs, device)?;
        let vectors = batch.vectors.set_requires_grad(gradient);
        let (energies, moments) = self.forward(&batch)?;
        // The gradient by bond vectors holds that by positions and strain; see `chain`.
        let by_vector = gradient
            .then(|| {
                let gradient =
                    Tensor::f_run_backward(&[energies.f_sum(Kind::Float)?], &[&vectors], false, false)?;
                numbers(&gradient[0])
            })
            .transpose()?;
        let (energies, moments) = (numbers(&energies)?, magmoms.then(|| numbers(&moments)).transpose()?);
        let outcome = |((graph, atoms), bonds): ((&&Graph, &Range<usize>), &[Range<usize>; 2])| {
            let sites = energies[atoms.clone()].iter().zip(&graph.numbers);
            Outcome {
                energy: sites.map(|(e, z)| e + self.reference[usize::from(*z) - 1]).sum(),
                gradient: by_vector.as_ref().map(|by_vector| chain(graph, bonds, by_vector)),
                magmoms: moments.as_ref().map(|moments| moments[atoms.clone()].to_vec()),
            }
        };
        Ok(graphs.iter().zip(&batch.atoms).zip(&batch.bonds).map(outcome).collect())
    }
}

/// All elements of a tensor.
fn numbers(tensor: &Tensor) -> Result<Vec<f64>, TchError> {
    Vec::try_from(tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_flatten(0, -1)?)
}

/// From dE/dv of the bonds `v = r_first - r_second` to dE/dr of the atoms and, as a strain ε turns
/// `v` into `v (1 + ε)`, to dE/dε.
fn chain(graph: &Graph, bonds: &[Range<usize>; 2], by_vector: &[f64]) -> (Vec<Vector3<f64>>, Matrix3<f64>) {
    let (mut atoms, mut strain) = (vec![Vector3::zeros(); graph.numbers.len()], Matrix3::zeros());
    for (bond, place) in graph.bonds.iter().zip(bonds.iter().cloned().flatten()) {
        let g = Vector3::from_column_slice(&by_vector[3 * place..3 * place + 3]);
        atoms[bond.first as usize] += g;
        atoms[bond.second as usize] -= g;
        strain += bond.vector * g.transpose();
    }
    (atoms, strain)
}

/// Cuts a list of sizes into runs of at most `limit`, or of one item.
fn runs(sizes: &[usize], limit: usize) -> Vec<Range<usize>> {
    let (mut runs, mut total): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    for (place, size) in sizes.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if total + size <= limit => (run.end, total) = (place + 1, total + size),
            _ => {
                runs.push(place..place + 1);
                total = *size;
            }
        }
    }
    runs
}

impl Potential for TorchChgnet {
    fn name(&self) -> &str {
        self.kind.name()
    }

    fn protocol(&self) -> String {
        format!("{} sha256:{} f32 libtorch {}", self.name(), &self.hash[..16], device_name(self.device))
    }

    fn weights_hash(&self) -> Option<&str> {
        Some(&self.hash)
    }

    fn evaluate(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>> {
        let graphs: Vec<_> = crystals.iter().map(|crystal| Graph::new::<f32>(crystal)).collect();
        let whole: Vec<&Graph> = graphs.iter().filter_map(|graph| graph.as_ref().ok()).collect();
        let sizes: Vec<usize> = whole.iter().map(|g| 2 * (g.bonds.len() + g.angles.len())).collect();
        let mut outcomes = runs(&sizes, row_limit(self.device)).into_iter().flat_map(|run| {
            let failed = |error: ChgnetError| PotentialError::Failed(error.to_string());
            match self.predict(&whole[run.clone()], want) {
                Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(failed(error)); run.len()],
            }
        });
        let missing = || Err(PotentialError::Failed("a batch has too few results".into()));
        let finish = |graph: &Result<Graph, PotentialError>| {
            let graph = graph.as_ref().map_err(Clone::clone)?;
            outcomes.next().unwrap_or_else(missing)?.prediction(graph.volume, want)
        };
        graphs.iter().map(finish).collect()
    }
}
