//! Numbers as features: distances, amounts of noise, directions.

use tch::{Kind, Tensor};

/// Gaussians over logarithms of noise, and one more for none at all.
pub const NOISES: i64 = 17;

/// `x` of shape `[.., 1]` spread over Gaussians `[.., count]` from `low` to `high`.
pub fn gaussians(x: &Tensor, low: f64, high: f64, count: i64) -> Tensor {
    let step = (high - low) / (count - 1) as f64;
    let centres = Tensor::linspace(low, high, count, (Kind::Float, x.device()));
    (((x - centres) / step).square() * -0.5).exp()
}

/// Features of amounts of noise `[n]` to `[n, NOISES]`: Gaussians over the logarithm, and whether there
/// is none at all.
pub fn noise_basis(noise: &Tensor) -> Tensor {
    let none = noise.le(1e-6).to_kind(Kind::Float).unsqueeze(-1);
    let logs = noise.clamp_min(1e-3).log().unsqueeze(-1);
    Tensor::cat(&[gaussians(&logs, -5.0, 0.0, NOISES - 1), none], -1)
}

/// The traceless part of the outer product of a unit vector with itself: six entries in Mandel's notation.
pub fn outer(unit: [f32; 3]) -> [f32; 6] {
    let root = std::f32::consts::SQRT_2;
    let [x, y, z] = unit;
    let third = (x * x + y * y + z * z) / 3.0;
    [x * x - third, y * y - third, z * z - third, root * y * z, root * x * z, root * x * y]
}
