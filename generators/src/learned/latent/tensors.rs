//! Numbers to tensors and back.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use tch::{Kind, Tensor, nn};

/// Standard normal numbers of our own stream.
pub(crate) fn normal(rng: &mut ChaCha8Rng, shape: &[i64]) -> Tensor {
    let count = shape.iter().product::<i64>() as usize;
    let numbers: Vec<f32> = (0..count).map(|_| rng.sample(StandardNormal)).collect();
    Tensor::from_slice(&numbers).view(shape)
}

/// Latents `[batch, width]`.
pub(super) fn stacked(latents: &[&Vec<f32>], width: usize) -> Tensor {
    let flat: Vec<f32> = latents.iter().flat_map(|latent| latent.iter().copied()).collect();
    Tensor::from_slice(&flat).view([latents.len() as i64, width as i64])
}

/// The rows of a matrix.
pub(super) fn rows(matrix: &Tensor) -> Vec<Vec<f32>> {
    Vec::try_from(matrix.contiguous()).unwrap_or_default()
}

/// All numbers of a tensor.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).contiguous().view(-1)).unwrap_or_default()
}

/// A linear map of inputs of which the last are left out.
pub(crate) fn first_inputs(map: &nn::Linear, inputs: &Tensor) -> Tensor {
    let count = inputs.size().last().copied().unwrap_or(0);
    inputs.linear(&map.ws.narrow(1, 0, count), map.bs.as_ref())
}

/// The first `count` outputs of a linear map.
pub(crate) fn first_outputs(map: &nn::Linear, inputs: &Tensor, count: i64) -> Tensor {
    inputs.linear(&map.ws.narrow(0, 0, count), map.bs.as_ref().map(|bias| bias.narrow(0, 0, count)))
}
