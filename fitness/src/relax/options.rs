//! Settings of a relaxation and the limits of what counts as one.

use serde::{Deserialize, Serialize};

/// What of the cell may change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellFreedom {
    /// Everything.
    #[default]
    Free,
    /// The volume alone; angles and ratios of lengths stay.
    Hydrostatic,
    /// The shape alone.
    ConstantVolume,
    /// The components xx, yy, zz, yz, xz, xy that are true; no force acts on the others.
    Components([bool; 6]),
    /// Nothing; only the atoms move.
    Fixed,
}

/// Settings of a relaxation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelaxOptions {
    /// Converged when no force on an atom and no row of the generalised forces (atoms and the three rows of
    /// the cell) is longer than this (eV/Å).
    pub fmax: f64,
    /// Most steps.
    pub steps: usize,
    /// What of the cell may change.
    pub cell: CellFreedom,
    /// External pressure (GPa).
    pub pressure: f64,
    /// Tolerance (Å) within which the symmetry of the start is found, made exact and kept; 0 lets any symmetry break. None is
    /// kept where a part of the cell is fixed that does not have it.
    pub symprec: f64,
    /// Whether a crystal that is at rest only because of its symmetry goes on without: up to ten more calls of the potential look for a
    /// direction of negative curvature.
    pub leave_saddles: bool,
    /// When to give up.
    pub guards: Guards,
}

impl Default for RelaxOptions {
    /// 0.05 eV/Å, 500 steps, free cell, no pressure, symmetry within 0.01 Å, kept on saddles too.
    fn default() -> Self {
        Self {
            fmax: 0.05,
            steps: 500,
            cell: CellFreedom::default(),
            pressure: 0.0,
            symprec: 0.01,
            leave_saddles: false,
            guards: Guards::default(),
        }
    }
}

impl RelaxOptions {
    /// The default at a pressure (GPa), with guards for it.
    pub fn at_pressure(pressure: f64) -> Self {
        Self { pressure, guards: Guards::at_pressure(pressure), ..Self::default() }
    }
}

/// Limits beyond which a structure is no crystal any more; such a relaxation ends with a reason
/// and never counts as stable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guards {
    /// Smallest distance between atoms (Å).
    pub min_distance: f64,
    /// Volume relative to the start.
    pub volume_ratio: [f64; 2],
    /// Largest force (eV/Å) after `settling_steps`.
    pub max_force: f64,
    /// Steps during which any force is allowed.
    pub settling_steps: usize,
}

impl Default for Guards {
    /// 0.5 Å (as in CDVAE, Xie et al. 2022), half to twice the volume, 50 eV/Å after 20 steps.
    fn default() -> Self {
        Self { min_distance: 0.5, volume_ratio: [0.5, 2.0], max_force: 50.0, settling_steps: 20 }
    }
}

/// Bulk modulus (GPa) of the softest solid metal, caesium (Anderson and Swenson, Phys. Rev. B 31, 668 (1985): 1.7 to 2.1 GPa).
const SOFTEST: f64 = 2.0;

impl Guards {
    /// The default for starts at zero pressure that are relaxed at this one (GPa): the smallest volume is half of what is left of the
    /// softest solid by Murnaghan's equation of state, V/V0 = (1 + B' p / B)^(-1/B') with B' = 4 (Proc. Natl. Acad. Sci. 30, 244
    /// (1944)). Without that, what pressure does to alkali metals and molecules would count as a collapse.
    pub fn at_pressure(pressure: f64) -> Self {
        let default = Self::default();
        // Square roots are the same to the last bit on every machine, and this number is part of protocols.
        let left = 1.0 / (1.0 + 4.0 * pressure.max(0.0) / SOFTEST).sqrt().sqrt();
        let [least, most] = default.volume_ratio;
        Self { volume_ratio: [least * left, most], ..default }
    }
}

/// How a relaxation ended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Verdict {
    /// All forces are below the limit.
    #[error("converged")]
    Converged,
    /// The steps were used up; the structure is the last one.
    #[error("not converged: the largest generalised force is {force:.3} eV/Å after {steps} steps")]
    OutOfSteps {
        /// Largest row of the generalised forces (eV/Å).
        force: f64,
        /// Steps.
        steps: usize,
    },
    /// Two atoms came too near.
    #[error("clash: two atoms are {distance:.3} Å apart at step {step}, at least {limit} Å expected")]
    Clash {
        /// Distance (Å).
        distance: f64,
        /// Limit (Å).
        limit: f64,
        /// Step.
        step: usize,
    },
    /// The cell lost too much volume.
    #[error("collapse: the volume is {ratio:.3} of the start at step {step}, at least {limit} expected")]
    Collapse {
        /// Volume relative to the start.
        ratio: f64,
        /// Limit.
        limit: f64,
        /// Step.
        step: usize,
    },
    /// The cell gained too much volume.
    #[error("explosion: the volume is {ratio:.3} of the start at step {step}, at most {limit} expected")]
    Explosion {
        /// Volume relative to the start.
        ratio: f64,
        /// Limit.
        limit: f64,
        /// Step.
        step: usize,
    },
    /// A force that no settled structure has.
    #[error("wild force: {force:.1} eV/Å at step {step}, at most {limit} expected")]
    WildForce {
        /// Largest force on an atom (eV/Å).
        force: f64,
        /// Limit (eV/Å).
        limit: f64,
        /// Step.
        step: usize,
    },
    /// The potential has no answer for a structure on the way.
    #[error("no energy: {reason} (step {step})")]
    NoEnergy {
        /// Reason.
        reason: String,
        /// Step.
        step: usize,
    },
    /// The potential failed, perhaps for want of memory.
    #[error("no energy: {reason} (step {step})")]
    Failed {
        /// Reason.
        reason: String,
        /// Step.
        step: usize,
    },
}

impl Verdict {
    /// Whether the last structure is a crystal with an energy, converged or not.
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Converged | Self::OutOfSteps { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_leaves_room_to_shrink() {
        assert_eq!(RelaxOptions::at_pressure(0.0), RelaxOptions::default());
        assert_eq!(Guards::at_pressure(-5.0), Guards::default());
        // Half of (1 + 4 * 20 / 2)^(-1/4).
        let [least, most] = Guards::at_pressure(20.0).volume_ratio;
        assert!((least - 0.197_6).abs() < 1e-4 && most == 2.0, "{least} {most}");
    }
}
