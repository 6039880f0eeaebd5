//! How reference structures are relaxed, and which.

use crate::fitness::relax::RelaxOptions;
use clap::Args;

use super::compute::VOLUMES;
use crate::cli::failure::Failure;

/// How far above the hull (eV/atom) a structure may lie to be relaxed. Published structures gain a few meV/atom when they are relaxed
/// by a potential, so that what lies farther does not come down to the hull.
const NEAR: f64 = 0.1;
/// The same under pressure, where what is compressed evenly lies too high: of 25 phases on the hull of 737 relaxed structures of Na, Mg,
/// Al, Si and O at 20 GPa one compound was 0.29 eV/atom above it before, and the others at most 0.1.
const NEAR_UNDER_PRESSURE: f64 = 0.3;

/// `--relax` and what belongs to it.
#[derive(Args)]
pub struct RelaxingArguments {
    /// Relax the structures, their symmetry kept, so that candidates and references are compared alike
    #[arg(long)]
    relax: bool,
    /// Relax those that lie at most so far above the hull of all as they are given (eV/atom), and all elements; the others do not
    /// enter the table. When absent 0.1, under pressure 0.3; `inf` for all
    #[arg(long, value_name = "EV", requires = "relax")]
    near: Option<f64>,
    /// External pressure (GPa), so that the table holds enthalpies; 0 when absent
    #[arg(long, value_name = "P", requires = "relax", allow_negative_numbers = true)]
    pressure: Option<f64>,
    /// Converged when no generalised force (atoms and cell) is larger (eV/Å); 0.05 when absent
    #[arg(long, value_name = "F", requires = "relax")]
    fmax: Option<f64>,
}

/// Checked settings.
pub struct Plan {
    options: RelaxOptions,
    near: f64,
}

impl RelaxingArguments {
    /// The plan, where structures are relaxed.
    pub fn plan(&self, symprec: f64) -> Result<Option<Plan>, Failure> {
        if !self.relax {
            return Ok(None);
        }
        let defaults = RelaxOptions::default();
        let pressure = self.pressure.unwrap_or(0.0);
        let near = self.near.unwrap_or(if pressure == 0.0 { NEAR } else { NEAR_UNDER_PRESSURE });
        let fmax = self.fmax.unwrap_or(defaults.fmax);
        let bad = |name: &str, found: f64, expected: &str| {
            Err(Failure::input(format!("--{name}: found {found}, expected {expected}")))
        };
        if near.is_nan() || near < 0.0 {
            return bad("near", near, "0 or a number above (eV/atom)");
        }
        if !(pressure.is_finite() && pressure >= 0.0) {
            // Under tension everything gains by flying apart: there is no hull.
            return bad("pressure", pressure, "0 or a number above (GPa)");
        }
        if !(fmax.is_finite() && fmax > 0.0) {
            return bad("fmax", fmax, "a number above 0 (eV/Å)");
        }
        if !(symprec.is_finite() && symprec >= 0.0) {
            return bad("symprec", symprec, "0 or a number above (Å)");
        }
        let options = RelaxOptions { fmax, symprec, ..RelaxOptions::at_pressure(pressure) };
        Ok(Some(Plan { options, near }))
    }
}

impl Plan {
    /// Settings of the relaxations.
    pub fn options(&self) -> &RelaxOptions {
        &self.options
    }

    /// Greatest distance from the hull (eV/atom); infinite when all are relaxed.
    pub fn near(&self) -> f64 {
        self.near
    }

    /// External pressure (GPa).
    pub fn pressure(&self) -> f64 {
        self.options.pressure
    }

    /// What all energies depend on, for the header of the table. `scheme` names the corrections of the potential.
    pub fn protocol(&self, max_atoms: Option<usize>, scheme: Option<&str>) -> String {
        let RelaxOptions { fmax, steps, pressure, symprec, .. } = self.options;
        let mut text = format!("relaxed by this model to {fmax} eV/Å in at most {steps} steps, ");
        if symprec > 0.0 {
            text += &format!("symmetry kept within {symprec} Å");
        } else {
            text += "symmetry free";
        }
        if pressure != 0.0 {
            text += &format!(", at {pressure} GPa; enthalpy E + pV");
            if let Some(scheme) = scheme {
                text += &format!(", {scheme} corrections as without pressure");
            }
        }
        if self.near.is_finite() {
            text += &format!("; elements and what lies at most {} eV/atom above the hull of all ", self.near);
            text += &match pressure {
                0.0 => "as given".to_owned(),
                _ => format!(
                    "as given or evenly compressed, the lowest enthalpy at {} of the volume",
                    VOLUMES.map(|volume| volume.to_string()).join(", ")
                ),
            };
        }
        if let Some(most) = max_atoms {
            text += &format!("; at most {most} atoms");
        }
        text + &format!("; space group of the relaxed with symprec {symprec} Å")
    }

    /// What became of the structures, to be added to the protocol.
    pub fn outcome(&self, far: usize, failed: usize, out_of_steps: usize) -> String {
        let mut text = format!("; left out: {far} farther above, {failed} failed");
        if out_of_steps > 0 {
            text += &format!("; {out_of_steps} out of steps before they converged");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(near: Option<f64>, pressure: Option<f64>, fmax: Option<f64>) -> RelaxingArguments {
        RelaxingArguments { relax: true, near, pressure, fmax }
    }

    #[test]
    fn the_protocol_says_all_that_was_chosen() {
        let plan = arguments(None, None, None).plan(0.01).ok().flatten().unwrap();
        assert_eq!(
            plan.protocol(None, None) + &plan.outcome(12, 3, 0),
            "relaxed by this model to 0.05 eV/Å in at most 500 steps, symmetry kept within 0.01 Å; elements and what lies at most \
             0.1 eV/atom above the hull of all as given; space group of the relaxed with symprec 0.01 Å; left out: 12 farther above, \
             3 failed"
        );
        let plan = arguments(Some(0.2), Some(20.0), Some(0.02)).plan(0.0).ok().flatten().unwrap();
        let text = plan.protocol(Some(40), Some("MP2020")) + &plan.outcome(0, 0, 2);
        for part in [
            "to 0.02 eV/Å",
            "symmetry free, at 20 GPa; enthalpy E + pV, MP2020 corrections as without pressure",
            "0.2 eV/atom above the hull of all as given or evenly compressed, the lowest enthalpy at 1, 0.9, ",
            "at most 40 atoms",
            "; 2 out of steps",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let near = |pressure| arguments(None, pressure, None).plan(0.01).ok().flatten().unwrap().near();
        assert_eq!((near(None), near(Some(5.0))), (0.1, 0.3));
        let all = arguments(Some(f64::INFINITY), None, None).plan(0.01).ok().flatten().unwrap();
        assert!(!all.protocol(None, None).contains("hull"));
    }

    #[test]
    fn settings_are_checked() {
        let numbers = [f64::NAN, -1.0];
        for bad in numbers {
            assert!(arguments(Some(bad), None, None).plan(0.01).is_err());
            assert!(arguments(None, Some(bad), None).plan(0.01).is_err());
            assert!(arguments(None, None, Some(bad)).plan(0.01).is_err());
            assert!(arguments(None, None, None).plan(bad).is_err());
        }
        let none = RelaxingArguments { relax: false, near: None, pressure: None, fmax: None };
        assert!(none.plan(0.01).is_ok_and(|plan| plan.is_none()));
    }
}
