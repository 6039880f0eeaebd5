//! What every potential must keep to.

use druse_representations::conformance::{Nonconformance, retold_crystal};
use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::symmetry::CellSymmetry;
use druse_representations::{Crystal, Lattice};

use crate::potential::{GPA_PER_EV_PER_A3, Potential, PotentialError, Prediction, Want};

/// Displacement of atoms (Å), and strain, of the differences that forces and stress are held against.
const STEP: f64 = 2e-3;
/// Part of a slope that such differences may be wrong by, and what the third derivative adds (eV/Å, eV).
const SLOPE_TOLERANCE: f64 = 2e-3;

/// Checks of a potential that
///
/// * name, protocol and the name of its corrections say something, and stay;
/// * it gives one result for each crystal, the same every time; in a batch of any order what it gives alone, within
///   `tolerance`;
/// * numbers are finite; there is a force for each site; what was not wanted is absent, and the energy does not depend on what
///   is wanted;
/// * order of sites, origin, choice of cell and orientation change no energy by more than `tolerance`;
/// * forces and stress, where it has them, are the derivatives of the energy, by central differences along one direction
///   of the atoms and of the cell, and the stress is symmetric;
/// * a crystal that is told to have no symmetry gives what it gives without being told.
///
/// `tolerance` is that of energies (eV/atom): about 1e-9 in double, 1e-5 in single precision. Rattled crystals show more than perfect ones.
///
/// # Errors
/// The first rule that is broken.
pub fn check_potential(
    potential: &dyn Potential,
    crystals: &[Crystal],
    tolerance: f64,
) -> Result<(), Nonconformance> {
    let part = format!("potential '{}'", potential.name());
    let broken = |rule, detail: String| Nonconformance::new(part.as_str(), rule, detail);
    let said = || (potential.name().to_owned(), potential.protocol(), potential.scheme());
    let (name, protocol, scheme) = said();
    if name.trim().is_empty()
        || protocol.trim().is_empty()
        || scheme.is_some_and(|name| name.trim().is_empty())
    {
        return Err(broken("it has a name and a protocol", format!("name '{name}', protocol '{protocol}'")));
    }
    if said() != (name, protocol, scheme) {
        return Err(broken("name and protocol stay", format!("they became {:?}", said())));
    }
    if crystals.is_empty() {
        return Err(broken("something is checked", "no crystals were given".into()));
    }
    let one = |crystal: &Crystal, want| -> Result<Prediction, String> {
        let mut results = potential.evaluate(&[crystal], want);
        match (results.pop(), results.is_empty()) {
            (Some(result), true) => result.map_err(|error: PotentialError| error.to_string()),
            _ => Err("another number of results than one for one crystal".to_owned()),
        }
    };
    let all: Vec<&Crystal> = crystals.iter().collect();
    let together = potential.evaluate(&all, Want::ALL);
    let backwards: Vec<&Crystal> = crystals.iter().rev().collect();
    let mut reversed = potential.evaluate(&backwards, Want::ALL);
    reversed.reverse();
    if [together.len(), reversed.len()] != [crystals.len(); 2]
        || !potential.evaluate(&[], Want::ALL).is_empty()
    {
        let detail = format!("{} results for {} crystals", together.len(), crystals.len());
        return Err(broken("one result for each crystal", detail));
    }
    for (index, crystal) in crystals.iter().enumerate() {
        let what = |detail: &str| format!("crystal {index}: {detail}");
        let whole =
            one(crystal, Want::ALL).map_err(|error| broken("the crystals have energies", what(&error)))?;
        let checks = Checks { crystal, tolerance, one: &|crystal, want| one(crystal, want) };
        let complain = |(rule, detail): Complaint| broken(rule, what(&detail));
        checks.shape(&whole).map_err(complain)?;
        if one(crystal, Want::ALL).as_ref() != Ok(&whole) {
            return Err(broken("the same crystal has the same result", what("it became another")));
        }
        for result in [&together[index], &reversed[index]] {
            if !result.as_ref().is_ok_and(|result| checks.same(result, &whole)) {
                let detail = what(&format!("{whole:?} became {result:?}"));
                return Err(broken("a batch gives what its crystals give alone", detail));
            }
        }
        checks.want(&whole).map_err(complain)?;
        checks.retold(&whole).map_err(complain)?;
        checks.slopes(&whole).map_err(complain)?;
        let symmetry = CellSymmetry::trivial(crystal.sites.len());
        let told = potential.evaluate_symmetric(&[(crystal, &symmetry)], Want::ALL).pop();
        if !matches!(&told, Some(Ok(told)) if checks.same(told, &whole)) {
            let detail = what(&format!("{whole:?} became {told:?}"));
            return Err(broken("no symmetry changes nothing", detail));
        }
    }
    Ok(())
}

/// A broken rule and what was found.
type Complaint = (&'static str, String);

/// Checks of one crystal.
struct Checks<'a> {
    crystal: &'a Crystal,
    tolerance: f64,
    one: &'a dyn Fn(&Crystal, Want) -> Result<Prediction, String>,
}

impl Checks<'_> {
    fn atoms(&self) -> f64 {
        self.crystal.sites.len() as f64
    }

    /// Whether energies agree within the tolerance.
    fn near(&self, a: f64, b: f64) -> bool {
        (a - b).abs() <= self.tolerance * self.atoms()
    }

    /// Whether predictions agree: derivatives may err more than energies, by what a step of 0.01 Å would make of the tolerance.
    fn same(&self, a: &Prediction, b: &Prediction) -> bool {
        let far = |a: Option<&[f64]>, b: Option<&[f64]>| match (a, b) {
            (None, None) => Some(0.0),
            (Some(a), Some(b)) if a.len() == b.len() => {
                Some(a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max))
            }
            _ => None,
        };
        let flat = |p: &Prediction| (p.forces.as_ref().map(|f| f.concat()), p.stress.map(|s| s.concat()));
        let ((forces_a, stress_a), (forces_b, stress_b)) = (flat(a), flat(b));
        let limit = 100.0 * self.tolerance * self.atoms();
        let small = |found: Option<f64>| found.is_some_and(|found| found <= limit);
        self.near(a.energy, b.energy)
            && small(far(forces_a.as_deref(), forces_b.as_deref()))
            && small(far(stress_a.as_deref(), stress_b.as_deref()))
            && small(far(a.magmoms.as_deref(), b.magmoms.as_deref()))
    }

    fn shape(&self, whole: &Prediction) -> Result<(), Complaint> {
        let sites = self.crystal.sites.len();
        let sizes = [whole.forces.as_ref().map(Vec::len), whole.magmoms.as_ref().map(Vec::len)];
        if sizes.into_iter().flatten().any(|size| size != sites) {
            return Err(("a force and a moment for each site", format!("{sizes:?} for {sites} sites")));
        }
        let forces = whole.forces.iter().flat_map(|forces| forces.as_flattened());
        let stress = whole.stress.iter().flat_map(|stress| stress.as_flattened());
        let mut numbers = forces.chain(stress).chain(whole.magmoms.iter().flatten()).chain([&whole.energy]);
        match numbers.all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err(("numbers are finite", format!("{whole:?}"))),
        }
    }

    fn want(&self, whole: &Prediction) -> Result<(), Complaint> {
        let rule = "what is not wanted is absent and changes no energy";
        let energy = (self.one)(self.crystal, Want::ENERGY).map_err(|error| (rule, error))?;
        let absent = energy.forces.is_none() && energy.stress.is_none() && energy.magmoms.is_none();
        match absent && self.near(energy.energy, whole.energy) {
            true => Ok(()),
            false => Err((rule, format!("{whole:?} became {energy:?}"))),
        }
    }

    fn retold(&self, whole: &Prediction) -> Result<(), Complaint> {
        let rule = "it does not matter how a crystal is told";
        for (change, other) in retold_crystal(self.crystal) {
            match (self.one)(&other, Want::ENERGY) {
                Ok(other) if self.near(other.energy, whole.energy) => {}
                other => return Err((rule, format!("{change}: {} became {other:?}", whole.energy))),
            }
        }
        Ok(())
    }

    fn slopes(&self, whole: &Prediction) -> Result<(), Complaint> {
        let slope = |moved: &dyn Fn(f64) -> Crystal| -> Result<f64, String> {
            let energy = |step| (self.one)(&moved(step), Want::ENERGY).map(|found| found.energy);
            Ok((energy(STEP)? - energy(-STEP)?) / (2.0 * STEP))
        };
        let off = |found: f64, expected: f64| {
            let noise = self.tolerance * self.atoms() / STEP;
            (found - expected).abs() > noise + SLOPE_TOLERANCE * expected.abs().max(1.0)
        };
        if let Some(forces) = &whole.forces {
            let rule = "forces are derivatives of the energy";
            // No two atoms and no two axes move alike.
            let direction =
                |site: usize| Vector3::from_fn(|axis, _| (1.3 * (3 * site + axis) as f64 + 0.7).sin());
            let inverse =
                self.crystal.lattice.matrix().transpose().try_inverse().unwrap_or_else(Matrix3::zeros);
            let moved = |step: f64| {
                let mut crystal = self.crystal.clone();
                for (number, site) in crystal.sites.iter_mut().enumerate() {
                    site.frac += inverse * direction(number) * step;
                }
                crystal
            };
            let found = slope(&moved).map_err(|error| (rule, error))?;
            let along =
                forces.iter().enumerate().map(|(site, force)| direction(site).dot(&Vector3::from(*force)));
            let expected = -along.sum::<f64>();
            if off(found, expected) {
                return Err((rule, format!("slope {found} eV/Å by differences, {expected} by forces")));
            }
        }
        if let Some(stress) = whole.stress {
            let rule = "the stress is the derivative of the energy by strain";
            let volume = self.crystal.lattice.volume();
            let stress = Matrix3::from_fn(|a, b| stress[a][b] * volume / GPA_PER_EV_PER_A3);
            let strain = Matrix3::new(0.9, 0.3, -0.2, 0.3, -0.4, 0.5, -0.2, 0.5, 0.7);
            let strained = |step: f64| {
                let lattice = self.crystal.lattice.matrix() * (Matrix3::identity() + strain * step);
                Crystal { lattice: Lattice::from_matrix(lattice), ..self.crystal.clone() }
            };
            let found = slope(&strained).map_err(|error| (rule, error))?;
            let expected = stress.component_mul(&strain).sum();
            if off(found, expected) {
                return Err((rule, format!("slope {found} eV by differences, {expected} by the stress")));
            }
            let skew = (stress - stress.transpose()).abs().max();
            if off(skew, 0.0) {
                return Err(("the stress is symmetric", format!("{whole:?}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potentials::{NAMES, load};

    fn crystals() -> Vec<Crystal> {
        let (na, cl) = ("Na".parse().unwrap(), "Cl".parse().unwrap());
        let skew = Lattice::from_rows([[0.1, 2.8, 2.7], [2.8, 0.0, 2.9], [2.9, 2.75, -0.1]]);
        let salt = Crystal::ordered(skew, [(na, [0.0; 3]), (cl, [0.51, 0.48, 0.5])]);
        vec![salt, Crystal::ordered(Lattice::cubic(3.4), [(na, [0.02, 0.0, 0.0]), (cl, [0.5; 3])])]
    }

    #[test]
    fn our_potentials_conform() {
        for name in NAMES {
            match load(name, "cpu") {
                Ok(potential) => check_potential(potential.as_ref(), &crystals(), 1e-5).unwrap(),
                Err(error) if error.is_absent() => println!("skipped: {error}"),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The square of each site's distance from its neighbour up to 5 Å, with a fault.
    #[derive(Clone, Copy, PartialEq)]
    enum Spring {
        Right,
        Turned,
        WrongForce,
        WrongStress,
        Batch,
        Generous,
        Infinite,
    }

    impl Potential for Spring {
        fn name(&self) -> &str {
            "spring"
        }
        fn protocol(&self) -> String {
            "spring".into()
        }
        fn evaluate(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>> {
            let mut seen = 0.0;
            let mut one = |crystal: &&Crystal| {
                let pairs = druse_representations::Neighbours::within(crystal, 5.0)?;
                let mut energy = 0.0;
                let mut gradient = vec![Vector3::zeros(); crystal.sites.len()];
                let mut strain = Matrix3::zeros();
                for (i, j, n, r) in pairs.iter() {
                    // Falls off smoothly, so that no pair jumps in or out.
                    let frac =
                        crystal.sites[j].frac - crystal.sites[i].frac + Vector3::from(n.map(f64::from));
                    let vector = crystal.lattice.to_cartesian(&frac);
                    energy += (25.0 - r * r).powi(3) * 1e-4;
                    let slope = -6.0 * (25.0 - r * r).powi(2) * 1e-4 * vector;
                    gradient[j] += slope;
                    gradient[i] -= slope;
                    strain += vector * slope.transpose();
                }
                match self {
                    Self::Turned => energy += crystal.lattice.matrix()[(0, 0)],
                    Self::WrongForce => gradient[0] *= -1.0,
                    Self::WrongStress => strain *= 2.0,
                    Self::Batch => energy += seen,
                    Self::Infinite => energy = f64::NAN,
                    Self::Right | Self::Generous => {}
                }
                seen += 1.0;
                let all = if *self == Self::Generous { Want::FORCES } else { want };
                let volume = crystal.lattice.volume();
                let prediction = Prediction::new(energy, Some((gradient, strain)), None, volume, all);
                Ok(prediction.unwrap_or(Prediction { energy, forces: None, stress: None, magmoms: None }))
            };
            crystals.iter().map(&mut one).collect()
        }
    }

    #[test]
    fn bad_potentials_are_told_what_is_wrong() {
        let rule = |spring: Spring| check_potential(&spring, &crystals(), 1e-9).unwrap_err().rule;
        check_potential(&Spring::Right, &crystals(), 1e-9).unwrap();
        assert_eq!(rule(Spring::Turned), "it does not matter how a crystal is told");
        assert_eq!(rule(Spring::WrongForce), "forces are derivatives of the energy");
        assert_eq!(rule(Spring::WrongStress), "the stress is the derivative of the energy by strain");
        assert_eq!(rule(Spring::Batch), "a batch gives what its crystals give alone");
        assert_eq!(rule(Spring::Generous), "what is not wanted is absent and changes no energy");
        assert_eq!(rule(Spring::Infinite), "numbers are finite");
    }
}
