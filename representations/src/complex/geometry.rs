//! Coordination polyhedra.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use nalgebra::Matrix3;
use serde::{Deserialize, Serialize};

/// An ideal coordination polyhedron. Its sites have fixed numbers, 0 to n - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Geometry {
    /// Two sites, +z and -z.
    Linear,
    /// Three sites in the plane.
    TrigonalPlanar,
    /// Four sites at the corners of a tetrahedron.
    Tetrahedral,
    /// Four sites in the plane: +x, +y, -x, -y.
    SquarePlanar,
    /// Five sites: three in the plane, then +z and -z.
    TrigonalBipyramidal,
    /// Five sites: +x, +y, -x, -y, then +z.
    SquarePyramidal,
    /// Six sites: +x, +y, -x, -y, then +z and -z.
    Octahedral,
    /// Six sites at the corners of a prism: 0 to 2 above, 3 to 5 below.
    TrigonalPrismatic,
    /// Seven sites: five in the plane, then +z and -z.
    PentagonalBipyramidal,
}

/// A text that names no polyhedron.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown coordination geometry '{0}': expected a name such as square_planar or a symbol such as SP-4; known: {known}",
    known = Geometry::ALL.map(Geometry::name).join(", ")
)]
pub struct UnknownGeometry(pub String);

/// What is computed once for each polyhedron.
struct Table {
    sites: Vec<[f64; 3]>,
    rotations: Vec<Vec<usize>>,
    mirrors: Vec<Vec<usize>>,
}

static TABLES: LazyLock<[Table; 9]> = LazyLock::new(|| Geometry::ALL.map(Table::new));

impl Geometry {
    /// All polyhedra, by number of sites.
    pub const ALL: [Self; 9] = [
        Self::Linear,
        Self::TrigonalPlanar,
        Self::Tetrahedral,
        Self::SquarePlanar,
        Self::TrigonalBipyramidal,
        Self::SquarePyramidal,
        Self::Octahedral,
        Self::TrigonalPrismatic,
        Self::PentagonalBipyramidal,
    ];

    /// The polyhedra with this number of sites.
    pub fn with_sites(count: usize) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |geometry| geometry.site_count() == count)
    }

    /// Number of sites: the coordination number, a haptic group counting once.
    pub fn site_count(self) -> usize {
        match self {
            Self::Linear => 2,
            Self::TrigonalPlanar => 3,
            Self::Tetrahedral | Self::SquarePlanar => 4,
            Self::TrigonalBipyramidal | Self::SquarePyramidal => 5,
            Self::Octahedral | Self::TrigonalPrismatic => 6,
            Self::PentagonalBipyramidal => 7,
        }
    }

    /// Unit vectors from the metal to the sites.
    pub fn sites(self) -> &'static [[f64; 3]] {
        &self.table().sites
    }

    /// The proper rotations of the polyhedron as permutations of its sites: rotation `r` moves what
    /// is on site `s` to site `r[s]`. The identity comes first, the others follow in lexical order.
    ///
    /// In a plane or on a line a reflection moves the sites as some proper rotation does, so these
    /// are all symmetries there.
    pub fn rotations(self) -> &'static [Vec<usize>] {
        &self.table().rotations
    }

    /// The improper symmetries (reflections, inversion, rotary reflections) as permutations of the
    /// sites, in lexical order. For flat and linear polyhedra they equal [`Self::rotations`].
    pub fn mirrors(self) -> &'static [Vec<usize>] {
        &self.table().mirrors
    }

    /// Angle (degrees) at the metal between two sites; zero when they are the same.
    ///
    /// # Panics
    /// When a site does not exist.
    pub fn angle(self, first: usize, second: usize) -> f64 {
        dot(&self.sites()[first], &self.sites()[second]).clamp(-1.0, 1.0).acos().to_degrees()
    }

    /// Name in files, for instance `square_planar`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::TrigonalPlanar => "trigonal_planar",
            Self::Tetrahedral => "tetrahedral",
            Self::SquarePlanar => "square_planar",
            Self::TrigonalBipyramidal => "trigonal_bipyramidal",
            Self::SquarePyramidal => "square_pyramidal",
            Self::Octahedral => "octahedral",
            Self::TrigonalPrismatic => "trigonal_prismatic",
            Self::PentagonalBipyramidal => "pentagonal_bipyramidal",
        }
    }

    /// Polyhedral symbol (IUPAC Red Book 2005, Table IR-9.2), for instance `SP-4`.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Linear => "L-2",
            Self::TrigonalPlanar => "TP-3",
            Self::Tetrahedral => "T-4",
            Self::SquarePlanar => "SP-4",
            Self::TrigonalBipyramidal => "TBPY-5",
            Self::SquarePyramidal => "SPY-5",
            Self::Octahedral => "OC-6",
            Self::TrigonalPrismatic => "TPR-6",
            Self::PentagonalBipyramidal => "PBPY-7",
        }
    }

    fn table(self) -> &'static Table {
        &TABLES[self as usize]
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Geometry {
    type Err = UnknownGeometry;

    /// Reads names and symbols; letter case is ignored, blanks and `-` stand for `_` in names.
    fn from_str(text: &str) -> Result<Self, UnknownGeometry> {
        let name = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        let known =
            |geometry: &Self| name == geometry.name() || text.trim().eq_ignore_ascii_case(geometry.symbol());
        Self::ALL.into_iter().find(known).ok_or_else(|| UnknownGeometry(text.to_owned()))
    }
}

impl Table {
    fn new(geometry: Geometry) -> Self {
        let sites = vectors(geometry);
        let count = sites.len();
        let mut symmetries = Vec::new();
        extend(&sites, &mut Vec::new(), &mut symmetries);
        // The sign of the volume of three sites tells proper from improper; where no three sites
        // span a volume each symmetry is both.
        let volume = |permutation: &[usize], [i, j, k]: [usize; 3]| {
            let column = |site: usize| sites[permutation[site]].into();
            Matrix3::from_columns(&[column(i), column(j), column(k)]).determinant()
        };
        let identity: Vec<usize> = (0..count).collect();
        let basis = (0..count)
            .flat_map(|i| (i + 1..count).flat_map(move |j| (j + 1..count).map(move |k| [i, j, k])))
            .find(|&triple| volume(&identity, triple).abs() > 0.1);
        let proper = |permutation: &Vec<usize>| {
            basis.map(|triple| volume(permutation, triple) * volume(&identity, triple) > 0.0)
        };
        let pick =
            |wanted| symmetries.iter().filter(|p| proper(p).is_none_or(|is| is == wanted)).cloned().collect();
        Self { rotations: pick(true), mirrors: pick(false), sites }
    }
}

/// Completes a permutation that keeps all angles between sites, in lexical order.
fn extend(sites: &[[f64; 3]], images: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    let next = images.len();
    if next == sites.len() {
        found.push(images.clone());
        return;
    }
    for image in 0..sites.len() {
        let fits = |(site, &other): (usize, &usize)| {
            other != image
                && (dot(&sites[site], &sites[next]) - dot(&sites[other], &sites[image])).abs() < 1e-6
        };
        if images.iter().enumerate().all(fits) {
            images.push(image);
            extend(sites, images, found);
            images.pop();
        }
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// `count` unit vectors around the z axis, the first above +x, at this polar angle (radians).
fn ring(count: usize, polar: f64) -> impl Iterator<Item = [f64; 3]> {
    (0..count).map(move |k| {
        let azimuth = std::f64::consts::TAU * k as f64 / count as f64;
        [polar.sin() * azimuth.cos(), polar.sin() * azimuth.sin(), polar.cos()]
    })
}

fn vectors(geometry: Geometry) -> Vec<[f64; 3]> {
    const SQUARE: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]];
    const UP: [f64; 3] = [0.0, 0.0, 1.0];
    const DOWN: [f64; 3] = [0.0, 0.0, -1.0];
    let flat = std::f64::consts::FRAC_PI_2;
    match geometry {
        Geometry::Linear => vec![UP, DOWN],
        Geometry::TrigonalPlanar => ring(3, flat).collect(),
        Geometry::Tetrahedral => {
            let a = 1.0 / 3f64.sqrt();
            vec![[a, a, a], [a, -a, -a], [-a, a, -a], [-a, -a, a]]
        }
        Geometry::SquarePlanar => SQUARE.to_vec(),
        Geometry::TrigonalBipyramidal => ring(3, flat).chain([UP, DOWN]).collect(),
        Geometry::SquarePyramidal => SQUARE.into_iter().chain([UP]).collect(),
        Geometry::Octahedral => SQUARE.into_iter().chain([UP, DOWN]).collect(),
        Geometry::TrigonalPrismatic => {
            // Square side faces: edge √3 sin t = height 2 cos t.
            let polar = (2.0 / 3f64.sqrt()).atan();
            ring(3, polar).chain(ring(3, std::f64::consts::PI - polar)).collect()
        }
        Geometry::PentagonalBipyramidal => ring(5, flat).chain([UP, DOWN]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_of_unit_length_and_apart() {
        for geometry in Geometry::ALL {
            let count = geometry.site_count();
            assert_eq!(geometry.sites().len(), count);
            for i in 0..count {
                assert!((dot(&geometry.sites()[i], &geometry.sites()[i]) - 1.0).abs() < 1e-12);
                for j in 0..i {
                    assert!(geometry.angle(i, j) > 71.9, "{geometry}: sites {i} and {j}");
                }
            }
        }
    }

    /// Orders of the rotation groups: D∞h and the flat point groups act as their full image on the
    /// sites; T, C4, D3, O, D3 and D5 are textbook.
    #[test]
    fn rotation_groups_have_their_order() {
        let orders = Geometry::ALL.map(|geometry| (geometry.rotations().len(), geometry.mirrors().len()));
        assert_eq!(orders, [(2, 2), (6, 6), (12, 12), (8, 8), (6, 6), (4, 4), (24, 24), (6, 6), (10, 10)]);
    }

    #[test]
    fn rotations_form_a_group_that_starts_with_the_identity() {
        for geometry in Geometry::ALL {
            let rotations = geometry.rotations();
            assert!(rotations[0].iter().enumerate().all(|(site, &image)| site == image));
            for a in rotations {
                for b in rotations {
                    let product: Vec<usize> = a.iter().map(|&site| b[site]).collect();
                    assert!(rotations.contains(&product));
                }
            }
        }
    }

    #[test]
    fn angles_of_the_prism_and_the_tetrahedron() {
        assert!((Geometry::Tetrahedral.angle(0, 3) - 109.4712).abs() < 1e-3);
        // Edges of a prism with square faces are equal: 2 asin(√(3/7)).
        let edge = 2.0 * (3f64 / 7.0).sqrt().asin().to_degrees();
        assert!((Geometry::TrigonalPrismatic.angle(0, 1) - edge).abs() < 1e-9);
        assert!((Geometry::TrigonalPrismatic.angle(0, 3) - edge).abs() < 1e-9);
    }

    #[test]
    fn names_and_symbols_are_read() {
        for geometry in Geometry::ALL {
            assert_eq!(geometry.name().parse(), Ok(geometry));
            assert_eq!(geometry.symbol().to_lowercase().parse(), Ok(geometry));
            assert_eq!(serde_json::to_string(&geometry).unwrap(), format!("\"{geometry}\""));
        }
        assert_eq!("Square planar".parse(), Ok(Geometry::SquarePlanar));
        let error = "cubic".parse::<Geometry>().unwrap_err().to_string();
        assert!(error.contains("'cubic'") && error.contains("octahedral"), "{error}");
    }
}
