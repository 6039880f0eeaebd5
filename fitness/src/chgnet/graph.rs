//! The graph of a crystal: bonds up to 6 Å, and pairs of bonds below 3 Å around each atom.

use druse_representations::nalgebra::Vector3;
use druse_representations::{Crystal, Neighbours};

use super::kernels::Real;
use crate::potential::PotentialError;

/// Longest bond (Å).
pub const ATOM_CUTOFF: f64 = 6.0;
/// Bonds below this length (Å) form angles.
pub const ANGLE_CUTOFF: f64 = 3.0;
/// Elements 1..=94 are covered.
const LAST_ELEMENT: u8 = 94;

/// An undirected bond: site `first` and a copy of site `second`.
#[derive(Clone, Copy, Debug)]
pub struct Bond {
    /// Site at one end.
    pub first: u32,
    /// Site at the other end.
    pub second: u32,
    /// `r_first - r_second` (Å), with the image's translation.
    pub vector: Vector3<f64>,
    /// Its unit vector, not rounded: forces of nearly straight angles magnify any error.
    pub direction: Vector3<f64>,
    /// Length (Å).
    pub length: f64,
}

/// An unordered pair of directed short bonds around a site.
#[derive(Clone, Copy, Debug)]
pub struct Angle {
    /// Site in the middle.
    pub centre: u32,
    /// Indices of the two bonds; the same index twice where a bond leads from the site to its own
    /// image.
    pub bonds: [u32; 2],
    /// Whether the bond's vector points the same way as the directed bond's: 1 or -1.
    pub signs: [f64; 2],
}

/// Atoms, bonds and angles of one crystal.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Atomic numbers.
    pub numbers: Vec<u8>,
    /// Undirected bonds, the short ones first.
    pub bonds: Vec<Bond>,
    /// How many bonds are shorter than [`ANGLE_CUTOFF`].
    pub short: usize,
    /// Angles, by site. Each stands for two rows of the network: (first, second) and
    /// (second, first).
    pub angles: Vec<Angle>,
    /// Volume of the cell (Å^3).
    pub volume: f64,
}

impl Graph {
    /// The graph of a crystal. Which bonds there are is decided in f64; their vectors and lengths are
    /// those of positions in `T`, rounded at every step as in the original: near the cut-off its
    /// envelope is rounding noise of the length (see [`radial`](super::basis::radial)), so the same
    /// forces need the same length to the last bit.
    ///
    /// # Errors
    /// On disordered or unknown sites, impossible geometry, and atoms without a neighbour.
    pub fn new<T: Real>(crystal: &Crystal) -> Result<Self, PotentialError> {
        let elements = crystal.elements()?;
        if elements.is_empty() {
            return Err(PotentialError::Empty);
        }
        if let Some(site) = elements.iter().position(|element| element.atomic_number() > LAST_ELEMENT) {
            let element = elements[site].symbol();
            return Err(PotentialError::UnknownElement {
                site,
                element,
                potential: "CHGNet",
                covered: "H to Pu",
            });
        }
        let list = Neighbours::within(crystal, ATOM_CUTOFF)?;
        for site in 0..elements.len() {
            if list.around(site).is_empty() {
                return Err(PotentialError::LoneAtom { site, cutoff: ATOM_CUTOFF });
            }
        }
        let matrix = crystal.lattice.matrix();
        let cartesian = |f: [f64; 3]| -> [T; 3] {
            std::array::from_fn(|k| {
                let part = |row: usize| T::from_f64(f[row]) * T::from_f64(matrix[(row, k)]);
                part(0) + part(1) + part(2)
            })
        };
        let positions: Vec<[T; 3]> = crystal.fractional().iter().map(|&f| cartesian(f.into())).collect();
        // Of a bond and its reverse, one is kept.
        let kept = list.iter().filter(|&(i, j, n, _)| i < j || (i == j && n > [0, 0, 0]));
        let (mut bonds, mut long) = (Vec::new(), Vec::new());
        for (i, j, n, distance) in kept {
            let translation = cartesian(n.map(f64::from));
            let v: [T; 3] = std::array::from_fn(|k| positions[i][k] - (positions[j][k] + translation[k]));
            let vector: Vector3<f64> = v.map(T::to_f64).into();
            let bond = Bond {
                first: i as u32,
                second: j as u32,
                vector,
                direction: vector.normalize(),
                length: (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt().to_f64(),
            };
            if distance < ANGLE_CUTOFF { bonds.push(bond) } else { long.push(bond) }
        }
        let short = bonds.len();
        bonds.append(&mut long);
        let angles = angles(elements.len(), &bonds[..short]);
        let numbers = elements.iter().map(|element| element.atomic_number()).collect();
        Ok(Self { numbers, bonds, short, angles, volume: crystal.lattice.volume() })
    }
}

/// Every unordered pair of directed bonds around each site.
fn angles(sites: usize, short: &[Bond]) -> Vec<Angle> {
    let mut around: Vec<Vec<(u32, f64)>> = vec![Vec::new(); sites];
    for (index, bond) in short.iter().enumerate() {
        around[bond.first as usize].push((index as u32, 1.0));
        around[bond.second as usize].push((index as u32, -1.0));
    }
    let mut angles = Vec::new();
    for (centre, around) in around.iter().enumerate() {
        for (place, &(bond, sign)) in around.iter().enumerate() {
            angles.extend(around[place + 1..].iter().map(|&(other, other_sign)| Angle {
                centre: centre as u32,
                bonds: [bond, other],
                signs: [sign, other_sign],
            }));
        }
    }
    angles
}
