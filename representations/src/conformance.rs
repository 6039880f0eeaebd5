//! What every representation must keep to, and other ways to tell the same design, for the checks of
//! plug-ins and of our own parts.

use nalgebra::{Matrix3, Rotation3, Vector3};

use crate::complex::Complex;
use crate::crystal::{Crystal, Site};
use crate::design::{Design, Representation};
use crate::lattice::Lattice;

/// A rule that a part does not keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} breaks the rule '{rule}': {detail}")]
pub struct Nonconformance {
    /// What it is and its name.
    pub part: String,
    /// Rule.
    pub rule: &'static str,
    /// What was found.
    pub detail: String,
}

impl Nonconformance {
    /// A broken rule.
    pub fn new(part: impl Into<String>, rule: &'static str, detail: impl Into<String>) -> Self {
        Self { part: part.into(), rule, detail: detail.into() }
    }
}

/// Ways to tell the same design differently, each with a word for what was changed.
pub type Retell<'a, D> = &'a dyn Fn(&D) -> Vec<(&'static str, D)>;

/// Angles (radians) of a rotation without any symmetry.
const TURN: [f64; 3] = [0.4, 1.1, -0.7];

/// The same crystal told differently: sites in another order, from another origin, in another cell of the
/// same volume, and turned in space.
pub fn retold_crystal(crystal: &Crystal) -> Vec<(&'static str, Crystal)> {
    let reversed = Crystal { sites: crystal.sites.iter().rev().cloned().collect(), ..crystal.clone() };
    let moved = |shift: Vector3<f64>| {
        let site = |site: &Site| Site { frac: site.frac + shift, ..site.clone() };
        Crystal { sites: crystal.sites.iter().map(site).collect(), ..crystal.clone() }.wrapped()
    };
    // Rows: the new vectors in the old ones, with determinant 1; coordinates go the other way.
    let vectors = Matrix3::new(1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, -1.0, 1.0);
    let back = Matrix3::new(1.0, 0.0, 0.0, -1.0, 1.0, 0.0, -1.0, 1.0, 1.0);
    let site = |site: &Site| Site { frac: back.transpose() * site.frac, ..site.clone() };
    let other_cell = Crystal {
        lattice: Lattice::from_matrix(vectors * crystal.lattice.matrix()),
        sites: crystal.sites.iter().map(site).collect(),
    };
    let turned = Crystal {
        lattice: Lattice::from_matrix(crystal.lattice.matrix() * turn().transpose()),
        ..crystal.clone()
    };
    vec![
        ("the order of sites", reversed),
        ("the origin", moved(Vector3::new(0.137, 0.259, 0.411))),
        ("the choice of cell", other_cell.wrapped()),
        ("the orientation", turned),
    ]
}

/// The same complex told differently: turned and moved in space, when it has positions.
pub fn retold_complex(complex: &Complex) -> Vec<(&'static str, Complex)> {
    let Some(positions) = &complex.positions else { return Vec::new() };
    let place = |position: &[f64; 3]| -> [f64; 3] {
        (turn() * Vector3::from(*position) + Vector3::new(1.0, -2.0, 0.5)).into()
    };
    let positions = positions.iter().map(place).collect();
    vec![("the place in space", Complex { positions: Some(positions), ..complex.clone() })]
}

fn turn() -> Matrix3<f64> {
    Rotation3::from_euler_angles(TURN[0], TURN[1], TURN[2]).into_inner()
}

/// Checks of a representation that
///
/// * it has a name, and encodes and decodes all of `designs`;
/// * the same design has the same code, and codes survive being written as text;
/// * a design comes back within `error`, its round-trip error, as `distance` measures it (`None` for
///   designs that cannot be compared); and so it does after a second round;
/// * whatever `retell` changes about how a design is told changes nothing about what comes back.
///
/// # Errors
/// The first rule that is broken.
pub fn check_representation<D: Design, R: Representation<D>>(
    representation: &R,
    designs: &[D],
    error: f64,
    distance: &dyn Fn(&D, &D) -> Option<f64>,
    retell: Retell<'_, D>,
) -> Result<(), Nonconformance> {
    let part = format!("representation '{}'", representation.name());
    let broken = |rule, detail: String| Nonconformance::new(part.as_str(), rule, detail);
    if representation.name().trim().is_empty() {
        return Err(broken("it has a name", "the name is empty".into()));
    }
    if designs.is_empty() {
        return Err(broken("something is checked", "no designs were given".into()));
    }
    let near = |rule, what: &str, a: &D, b: &D| match distance(a, b) {
        Some(found) if found <= error => Ok(()),
        found => Err(broken(rule, format!("{what}: distance {found:?}, expected at most {error}"))),
    };
    for (index, design) in designs.iter().enumerate() {
        let what = format!("design {index}");
        let encode = |design: &D, rule| {
            representation.encode(design).map_err(|error| broken(rule, format!("{what}: {error}")))
        };
        let decode = |code: &R::Code, rule| {
            representation.decode(code).map_err(|error| broken(rule, format!("{what}: {error}")))
        };
        let code = encode(design, "designs are encoded")?;
        let text = json(&code);
        let again = json(&encode(design, "designs are encoded")?);
        if text != again {
            return Err(broken("the same design has the same code", format!("{text} became {again}")));
        }
        let read: R::Code = serde_json::from_str(&text)
            .map_err(|error| broken("codes survive being written", format!("{what}: {error}")))?;
        let decoded = decode(&code, "codes are decoded")?;
        if json(&decode(&read, "codes survive being written")?) != json(&decoded) {
            return Err(broken(
                "codes survive being written",
                format!("{what}: it decodes to another design"),
            ));
        }
        near("designs come back", &what, design, &decoded)?;
        let second =
            decode(&encode(&decoded, "what was decoded is encoded")?, "what was decoded is encoded")?;
        near("a second round changes nothing", &what, &decoded, &second)?;
        for (change, other) in retell(design) {
            let rule = "it does not matter how a design is told";
            let back = decode(&encode(&other, rule)?, rule)?;
            near(rule, &format!("{what}, {change}"), design, &back)?;
        }
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Crystals as they stand, coordinates rounded to `1 / steps`.
    struct Rounded {
        steps: f64,
    }

    impl Representation<Crystal> for Rounded {
        type Code = Crystal;
        type Error = std::convert::Infallible;

        fn name(&self) -> &'static str {
            "rounded"
        }
        fn encode(&self, crystal: &Crystal) -> Result<Crystal, Self::Error> {
            let mut crystal = crystal.clone();
            for site in &mut crystal.sites {
                site.frac = site.frac.map(|x| (x * self.steps).round() / self.steps);
            }
            Ok(crystal)
        }
        fn decode(&self, code: &Crystal) -> Result<Crystal, Self::Error> {
            Ok(code.clone())
        }
    }

    fn quartz_like() -> Crystal {
        let lattice = Lattice::from_parameters([4.9, 5.1, 5.4, 88.0, 92.0, 117.0]).unwrap();
        let atom = |symbol: &str, frac| (symbol.parse().unwrap(), frac);
        Crystal::ordered(lattice, [atom("Si", [0.0, 0.0, 0.0]), atom("O", [0.41, 0.27, 0.119])])
    }

    /// Largest difference of coordinates.
    fn apart(a: &Crystal, b: &Crystal) -> Option<f64> {
        (a.sites.len() == b.sites.len()).then(|| {
            let pairs = a.sites.iter().zip(&b.sites);
            pairs.map(|(x, y)| (x.frac - y.frac).amax()).fold(0.0, f64::max)
        })
    }

    #[test]
    fn the_round_trip_error_is_measured() {
        let nothing: Retell<'_, Crystal> = &|_| Vec::new();
        let check =
            |steps, error| check_representation(&Rounded { steps }, &[quartz_like()], error, &apart, nothing);
        assert_eq!(check(1000.0, 5e-4), Ok(()));
        let broken = check(10.0, 5e-4).unwrap_err();
        assert_eq!(broken.rule, "designs come back");
        assert!(broken.to_string().starts_with("representation 'rounded' breaks the rule "), "{broken}");
        // Coordinates as they stand depend on the origin.
        let broken =
            check_representation(&Rounded { steps: 1e3 }, &[quartz_like()], 5e-4, &apart, &retold_crystal);
        assert_eq!(broken.unwrap_err().rule, "it does not matter how a design is told");
    }

    #[test]
    fn crystals_that_are_told_differently_are_the_same() {
        let crystal = quartz_like();
        let distances = |crystal: &Crystal| {
            let mut all = crate::Neighbours::within(crystal, 6.0).unwrap().distance;
            all.sort_by(f64::total_cmp);
            all
        };
        let expected = distances(&crystal);
        let others = retold_crystal(&crystal);
        assert_eq!(others.len(), 4);
        for (change, other) in others {
            assert!((other.lattice.volume() - crystal.lattice.volume()).abs() < 1e-9, "{change}");
            let found = distances(&other);
            assert_eq!(found.len(), expected.len(), "{change}");
            assert!(found.iter().zip(&expected).all(|(x, y)| (x - y).abs() < 1e-9), "{change}");
        }
    }
}
