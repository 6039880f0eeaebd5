//! Precision of the products of matrices.
//!
//! Processors with products of 16-bit numbers (AVX-512 BF16, AMX) form them several times as fast as those of 32 bits. Weights,
//! sums, norms and all else stay at 32 bits, as usual in mixed precision (Micikevicius et al., arXiv:1710.03740;
//! for bfloat16 Kalamkar et al., arXiv:1905.12322).

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

/// Precision of the products of matrices in linear maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    Float32,
    /// Factors of 16 bits with the range of 32, sums of 32 bits.
    Bfloat16,
}

thread_local! {
    static PRECISION: Cell<Precision> = const { Cell::new(Precision::Float32) };
}

impl Precision {
    /// Runs `work` on this thread with linear maps at this precision.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        struct Back(Precision);
        impl Drop for Back {
            fn drop(&mut self) {
                PRECISION.set(self.0);
            }
        }
        let _back = Back(PRECISION.replace(self));
        work()
    }
}

/// A linear map at the precision in force.
pub fn linear(map: &nn::Linear, x: &Tensor) -> Tensor {
    match PRECISION.get() {
        Precision::Float32 => map.forward(x),
        Precision::Bfloat16 => half(map, x).to_kind(Kind::Float),
    }
}

/// A linear map whose result stays at the precision in force, for maps that follow each other.
pub fn linear_narrow(map: &nn::Linear, x: &Tensor) -> Tensor {
    match PRECISION.get() {
        Precision::Float32 => map.forward(x),
        Precision::Bfloat16 => half(map, x),
    }
}

fn half(map: &nn::Linear, x: &Tensor) -> Tensor {
    let bias = map.bs.as_ref().map(|bias| bias.to_kind(Kind::BFloat16));
    x.to_kind(Kind::BFloat16).linear(&map.ws.to_kind(Kind::BFloat16), bias.as_ref())
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::learned::house::fresh;

    #[test]
    fn bfloat16_is_near_and_ends_with_its_closure() {
        let make = |path: &nn::Path| nn::linear(path, 64, 32, nn::LinearConfig::default());
        let (_store, map) = fresh(1, Device::Cpu, make);
        let x = (Tensor::arange(16 * 64, (Kind::Float, Device::Cpu)) * 0.7).sin().view([16, 64]);
        let exact = linear(&map, &x);
        let near = Precision::Bfloat16.within(|| linear(&map, &x));
        let away = f64::try_from((&near - &exact).abs().max()).unwrap();
        assert!(near.kind() == Kind::Float && away > 0.0 && away < 0.05, "{away}");
        assert_eq!(linear(&map, &x), exact);
        near.square().sum(Kind::Float).backward();
        assert!(map.ws.grad().defined() && map.ws.grad().kind() == Kind::Float);
    }
}
