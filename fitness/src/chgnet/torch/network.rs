//! The network, forward: from a batch to the energies of its sites.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use tch::{Kind, TchError, Tensor};

use super::super::graph::{ANGLE_CUTOFF, ATOM_CUTOFF};
use super::super::network::COSINE_SCALE;
use super::batch::Batch;
use super::weights::{Affine, Convolution, Gated, Weights};
use crate::kernels::{LAYER_NORM_EPSILON, WIDE, WIDTH};

const NARROW: i64 = WIDTH as i64;
const BOTH: i64 = WIDE as i64;

/// The derivative of `exact` with the value `rounded`.
fn with_value(exact: &Tensor, rounded: &Tensor) -> Result<Tensor, TchError> {
    exact.f_add(&rounded.f_sub(&exact.f_detach()?)?)
}

/// Basis of the lengths `r` [bonds, 1] (Å): `envelope sqrt(2/cutoff) sin(f_k r/cutoff)/r`, with
/// the envelope `1 - 45 x^8 + 80 x^9 - 36 x^10`, [bonds, 31]. In f64, then rounded; the envelope
/// has the slope of its formula and the given value, which is rounded like the native one.
fn radial(r: &Tensor, cutoff: f64, value: &Tensor, frequencies: &Tensor) -> Result<Tensor, TchError> {
    let x = r.f_div_scalar(cutoff)?;
    let polynomial = x.f_mul_scalar(-36.0)?.f_add_scalar(80.0)?.f_mul(&x)?.f_add_scalar(-45.0)?;
    let exact = x.f_pow_tensor_scalar(8)?.f_mul(&polynomial)?.f_add_scalar(1.0)?;
    let scale = with_value(&exact, value)?.f_div(r)?.f_mul_scalar((2.0 / cutoff).sqrt())?;
    x.f_mul(frequencies)?.f_sin()?.f_mul(&scale)?.f_to_kind(Kind::Float)
}

/// Basis of the angles with these cosines: `[1/sqrt(2), sin(w θ), cos(w θ)]/sqrt(π)`, [angles, 31].
fn angular(cosine: &Tensor, frequencies: &Tensor) -> Result<Tensor, TchError> {
    let cosine = cosine.f_mul_scalar(COSINE_SCALE)?.f_clamp(-COSINE_SCALE, COSINE_SCALE)?;
    let x = cosine.f_acos()?.f_unsqueeze(1)?.f_mul(frequencies)?;
    let constant = cosine.f_full_like(FRAC_1_SQRT_2)?.f_unsqueeze(1)?;
    let basis = Tensor::f_cat(&[constant, x.f_sin()?, x.f_cos()?], 1)?;
    basis.f_mul_scalar(1.0 / PI.sqrt())?.f_to_kind(Kind::Float)
}

fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor, TchError> {
    x.f_linear(weight, None::<Tensor>)
}

fn affine(x: &Tensor, (weight, bias): &Affine) -> Result<Tensor, TchError> {
    x.f_linear(weight, Some(bias))
}

fn layer_norm(x: &Tensor, (gain, shift): &Affine) -> Result<Tensor, TchError> {
    x.f_layer_norm(NARROW, Some(gain), Some(shift), LAYER_NORM_EPSILON, true)
}

/// The gated MLP after the matrix products of its first layer, [rows, 128] to [rows, 64].
fn gate(gated: &Gated, first: &Tensor) -> Result<Tensor, TchError> {
    let hidden =
        gated.second.as_ref().map(|second| Ok::<_, TchError>((first.f_silu()?, second))).transpose()?;
    let branch = |k: usize| {
        let half = |x: &Tensor| x.f_narrow(1, k as i64 * NARROW, NARROW);
        let x = match &hidden {
            Some((hidden, second)) => affine(&half(hidden)?, &second[k])?,
            None => half(first)?,
        };
        layer_norm(&x, &gated.norm[k])
    };
    branch(0)?.f_silu()?.f_mul(&branch(1)?.f_sigmoid()?)
}

/// `features + out(sum of the messages to each row)`; messages and their weights are in pairs of
/// directions.
fn receive(
    features: &Tensor,
    messages: &Tensor,
    weights: &Tensor,
    to: &Tensor,
    out: &Tensor,
) -> Result<Tensor, TchError> {
    let messages = messages.f_view([2, -1, NARROW])?.f_mul(weights)?.f_view([-1, NARROW])?;
    features.f_addmm(&features.f_zeros_like()?.f_index_add(0, to, &messages)?, out)
}

/// First layer of the messages between bonds and of the angle update, [2 angles, 128].
fn angle_rows(
    gated: &Gated,
    batch: &Batch,
    h: &Tensor,
    short: &Tensor,
    a: &Tensor,
) -> Result<Tensor, TchError> {
    let first = linear(short, &gated.parts[0])?.f_index_select(0, &batch.first)?;
    let second = linear(short, &gated.parts[1])?.f_index_select(0, &batch.second)?;
    let centre = h.f_linear(&gated.parts[3], Some(&gated.bias))?.f_index_select(0, &batch.centre)?;
    let bonds = first.f_add(&second)?.f_view([2, -1, BOTH])?.f_add(&centre)?.f_view([-1, BOTH])?;
    bonds.f_addmm(a, &gated.parts[2].f_tr()?)
}

impl Weights {
    /// Energy of each site without that of its reference atom (eV), and magnetic moments (µB).
    ///
    /// # Errors
    /// When the device fails, as when it has no room.
    pub fn forward(&self, batch: &Batch) -> Result<(Tensor, Tensor), TchError> {
        let norm = batch.vectors.f_square()?.f_sum_dim_intlist(1, true, Kind::Double)?.f_sqrt()?;
        let length = with_value(&norm, &batch.rounded[0])?;
        let basis = radial(&length, ATOM_CUTOFF, &batch.rounded[1], &self.frequencies[0])?;
        let mut h = self.embedding.f_index_select(0, &batch.elements)?;
        let mut b = linear(&basis, &self.bond_embedding)?;
        let atom_weights = linear(&basis, &self.atom_weights)?;
        let angles = (batch.angles > 0).then(|| self.angles(batch, &length)).transpose()?;
        let (mut a, bond_weights) = angles.unzip();
        for t in 0..3 {
            h = self.atom_convolution(t, batch, &h, &b, &atom_weights)?;
            let (Some(a), Some(weights)) = (&mut a, &bond_weights) else { continue };
            let Convolution { gated, out } = &self.bond[t];
            let mut short = b.f_narrow(0, 0, batch.short)?;
            let messages = gate(gated, &angle_rows(gated, batch, &h, &short, a)?)?;
            short = receive(&short, &messages, weights, &batch.first, out)?;
            if let Some(gated) = self.angle.get(t) {
                *a = a.f_add(&gate(gated, &angle_rows(gated, batch, &h, &short, a)?)?)?;
            }
            let long = b.f_narrow(0, batch.short, b.size()[0] - batch.short)?;
            b = Tensor::f_cat(&[short, long], 0)?;
        }
        let moments = affine(&h, &self.moment)?.f_abs()?;
        h = layer_norm(&self.atom_convolution(3, batch, &h, &b, &atom_weights)?, &self.readout_norm)?;
        for layer in &self.readout {
            h = affine(&h, layer)?.f_silu()?;
        }
        Ok((affine(&h, &self.energy)?, moments))
    }

    /// Angle features [2 angles, 64] and weights of the messages between bonds [angles, 64].
    fn angles(&self, batch: &Batch, length: &Tensor) -> Result<(Tensor, Tensor), TchError> {
        let length = length.f_narrow(0, 0, batch.short)?;
        let vectors = batch.vectors.f_narrow(0, 0, batch.short)?;
        // By a length in f64: nearly straight angles magnify any error.
        let norm = vectors.f_square()?.f_sum_dim_intlist(1, true, Kind::Double)?.f_sqrt()?;
        let direction = vectors.f_div(&norm)?;
        let (u, v) = (batch.first.f_narrow(0, 0, batch.angles)?, batch.second.f_narrow(0, 0, batch.angles)?);
        let product = |x: &Tensor| x.f_index_select(0, &u)?.f_mul(&x.f_index_select(0, &v)?);
        let cosine = product(&direction)?.f_sum_dim_intlist(1, false, Kind::Double)?.f_mul(&batch.signs)?;
        let a = linear(&angular(&cosine, &self.frequencies[2])?, &self.angle_embedding)?;
        let basis = radial(
            &length,
            ANGLE_CUTOFF,
            &batch.rounded[2].f_narrow(0, 0, batch.short)?,
            &self.frequencies[1],
        )?;
        Ok((Tensor::f_cat(&[&a, &a], 0)?, product(&linear(&basis, &self.bond_weights)?)?))
    }

    fn atom_convolution(
        &self,
        t: usize,
        batch: &Batch,
        h: &Tensor,
        b: &Tensor,
        weights: &Tensor,
    ) -> Result<Tensor, TchError> {
        let Convolution { gated, out } = &self.atom[t];
        let to = h.f_linear(&gated.parts[0], Some(&gated.bias))?.f_index_select(0, &batch.to)?;
        let from = linear(h, &gated.parts[2])?.f_index_select(0, &batch.from)?;
        let bonds = linear(b, &gated.parts[1])?;
        let first = to.f_add(&from)?.f_view([2, -1, BOTH])?.f_add(&bonds)?.f_view([-1, BOTH])?;
        receive(h, &gate(gated, &first)?, weights, &batch.to, out)
    }
}
