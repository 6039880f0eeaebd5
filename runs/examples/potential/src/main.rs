//! A program with a potential of its own: Lennard-Jones crystals of noble gases. It has all that potentials of druse have, from
//! single energies to campaigns with a hull of its own energies.
//!
//! ```text
//! cargo run -p druse-example-potential -- relax argon.cif --model lennard-jones
//! cargo run -p druse-example-potential -- run runs/examples/potential/campaign.toml --out noble
//! ```

use std::process::ExitCode;

use druse::fitness::potential::{GPA_PER_EV_PER_A3, Potential, PotentialError, Prediction, Want};
use druse::representations::nalgebra::{Matrix3, Vector3};
use druse::representations::{Crystal, Element, Neighbours};

fn main() -> ExitCode {
    druse::Program::new()
        .of(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .potential(NAME, |device| match device {
            "cpu" => Ok(LennardJones),
            other => Err(format!("it runs on the device cpu only, not on '{other}'").into()),
        })
        .main()
}

/// Name in campaign files and of the energies on a hull.
const NAME: &str = "lennard-jones";

/// Depth (eV) and size (Å) of the pair potentials: C. Kittel, Introduction to Solid State Physics, 8th edition, chapter 3, table 4.
const GASES: [(&str, f64, f64); 4] =
    [("Ne", 0.003_12, 2.74), ("Ar", 0.010_42, 3.40), ("Kr", 0.014_04, 3.65), ("Xe", 0.019_97, 3.98)];

/// Pairs end at so many times their size, where their energy is shifted to 0.
const REACH: f64 = 3.5;

/// Pair potentials `4 ε ((σ/r)^12 - (σ/r)^6)`; of unlike atoms with the mean size and the geometric mean of the depths.
struct LennardJones;

/// Depth and size for an element.
fn gas(site: usize, element: Element) -> Result<(f64, f64), PotentialError> {
    let known = GASES.iter().find(|(symbol, ..)| *symbol == element.symbol());
    known.map(|&(_, depth, size)| (depth, size)).ok_or(PotentialError::UnknownElement {
        site,
        element: element.symbol(),
        potential: NAME,
        covered: "Ne, Ar, Kr and Xe",
    })
}

/// Energy (eV) of a pair and its derivative (eV/Å).
fn pair((depth_a, size_a): (f64, f64), (depth_b, size_b): (f64, f64), distance: f64) -> (f64, f64) {
    let (depth, size) = ((depth_a * depth_b).sqrt(), (size_a + size_b) / 2.0);
    if distance > REACH * size {
        return (0.0, 0.0);
    }
    let (x, end) = ((size / distance).powi(6), REACH.powi(-6));
    (4.0 * depth * (x * x - x - end * end + end), 4.0 * depth * (6.0 * x - 12.0 * x * x) / distance)
}

impl LennardJones {
    fn predict(crystal: &Crystal, want: Want) -> Result<Prediction, PotentialError> {
        let elements = crystal.elements()?;
        if elements.is_empty() {
            return Err(PotentialError::Empty);
        }
        let gases: Vec<(f64, f64)> = elements
            .iter()
            .enumerate()
            .map(|(site, &element)| gas(site, element))
            .collect::<Result<_, _>>()?;
        let largest = gases.iter().map(|(_, size)| *size).fold(0.0, f64::max);
        let pairs = Neighbours::within(crystal, REACH * largest)?;
        let (mut energy, mut strain) = (0.0, Matrix3::zeros());
        let mut forces = vec![Vector3::zeros(); gases.len()];
        // Each pair is there in both directions, with a half of it each time.
        for (i, j, image, distance) in pairs.iter() {
            let (value, slope) = pair(gases[i], gases[j], distance);
            let apart = crystal.sites[j].frac - crystal.sites[i].frac + Vector3::from(image.map(f64::from));
            let vector = crystal.lattice.to_cartesian(&apart);
            energy += value / 2.0;
            forces[i] += vector * (slope / distance);
            strain += vector * vector.transpose() * (slope / distance / 2.0);
        }
        let stress = strain * (GPA_PER_EV_PER_A3 / crystal.lattice.volume());
        // Symmetric, so that rows and columns are the same.
        Ok(Prediction {
            energy,
            forces: want.forces.then(|| forces.into_iter().map(Into::into).collect()),
            stress: want.stress.then(|| stress.into()),
            magmoms: None,
        })
    }
}

impl Potential for LennardJones {
    fn name(&self) -> &str {
        NAME
    }

    /// Reference energies carry a hash of it, as there are no weights: another reach, and theirs are refused.
    fn protocol(&self) -> String {
        format!("{NAME} 1, {GASES:?}, up to {REACH} sizes")
    }

    fn evaluate(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>> {
        crystals.iter().map(|crystal| Self::predict(crystal, want)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse::fitness::conformance::check_potential;
    use druse::representations::Lattice;

    fn element(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn the_potential_conforms() {
        let skew = Lattice::from_rows([[0.1, 2.9, 2.8], [2.8, 0.0, 3.0], [3.0, 2.8, -0.1]]);
        let sheared = Lattice::from_rows([[5.5, 0.2, 0.0], [0.0, 5.4, -0.3], [0.4, 0.0, 5.6]]);
        let mixed = [("Ar", [0.02, 0.0, 0.0]), ("Ne", [0.5, 0.48, 0.01]), ("Xe", [0.5, 0.04, 0.5])];
        let crystals = [
            Crystal::ordered(skew, [(element("Ar"), [0.0; 3])]),
            Crystal::ordered(sheared, mixed.map(|(symbol, place)| (element(symbol), place))),
        ];
        check_potential(&LennardJones, &crystals, 1e-10).unwrap();
    }

    /// Per atom, with neighbours at `x` sizes, all pairs of the face-centred cubic crystal give
    /// 2 ε (12.13188 / x^12 - 14.45392 / x^6), at most 8.61 ε (Kittel, equations 11 and 15). What lies beyond the reach
    /// and the shift take off 0.43 ε: with 1.09 atoms per cube of the size, 2 x 8π/3 x 1.09 / 3.5^3.
    #[test]
    fn noble_gases_have_their_cohesive_energies() {
        for (symbol, depth, size) in GASES {
            let a = 1.0902 * size * 2.0_f64.sqrt() / 2.0;
            let lattice = Lattice::from_rows([[0.0, a, a], [a, 0.0, a], [a, a, 0.0]]);
            let crystal = Crystal::ordered(lattice, [(element(symbol), [0.0; 3])]);
            let found = LennardJones::predict(&crystal, Want::FORCES).unwrap();
            assert!(
                (found.energy / depth + 8.61 - 0.43).abs() < 0.03,
                "{symbol}: {} ε",
                found.energy / depth
            );
        }
    }

    #[test]
    fn other_elements_are_refused() {
        let iron = Crystal::ordered(Lattice::cubic(3.0), [(element("Fe"), [0.0; 3])]);
        let error = LennardJones.evaluate(&[&iron], Want::ENERGY).pop().unwrap().unwrap_err();
        assert!(error.to_string().ends_with("it covers Ne, Ar, Kr and Xe"), "{error}");
    }
}
