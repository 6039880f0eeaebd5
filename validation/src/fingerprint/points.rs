//! The points of a crystal in a compact cell.

use druse_representations::nalgebra::Vector3;
use druse_representations::neighbours::compact_basis;
use druse_representations::{Crystal, Element, Lattice};

use super::error::FingerprintError;

/// Sites in a compact cell.
pub(super) struct Points {
    /// Rows are lattice vectors (Å).
    pub lattice: [Vector3<f64>; 3],
    /// Distances between opposite faces of the cell (Å).
    pub spacings: [f64; 3],
    /// Fractional coordinates, in [0, 1].
    pub frac: Vec<[f64; 3]>,
    /// Cartesian coordinates (Å) from the centre of the cell.
    pub cartesian: Vec<Vector3<f64>>,
    /// Volume of the cell (Å^3).
    pub volume: f64,
}

/// An occupant of a site.
#[derive(Clone, Copy)]
pub(super) struct Occupancy {
    pub site: usize,
    pub element: Element,
    /// Share of the site.
    pub share: f64,
}

impl Points {
    pub fn of(crystal: &Crystal) -> Result<Self, FingerprintError> {
        if crystal.sites.is_empty() {
            return Err(FingerprintError::NoSites);
        }
        let given = crystal.lattice.matrix();
        let longest = crystal.lattice.lengths().into_iter().fold(0.0, f64::max);
        // Below this share of the box a volume is rounding noise.
        let fine = given.iter().all(|x| x.is_finite()) && crystal.lattice.volume() > 1e-13 * longest.powi(3);
        let basis = if fine { compact_basis(given) } else { None };
        let (reduced, _, from_given) =
            basis.ok_or_else(|| FingerprintError::NoVolume(crystal.lattice.rows()))?;
        let reduced = Lattice::from_matrix(reduced);
        let mut frac = Vec::with_capacity(crystal.sites.len());
        for (site, given) in crystal.sites.iter().enumerate() {
            if !given.frac.iter().all(|x| x.abs() < 1e6) {
                return Err(FingerprintError::BadCoordinates { site, frac: given.frac.into() });
            }
            frac.push(std::array::from_fn(|k| {
                let inside: f64 = (0..3).map(|m| given.frac[m] * from_given[m][k] as f64).sum();
                inside - inside.floor()
            }));
        }
        let lattice = std::array::from_fn(|k| reduced.vector(k));
        let place =
            |f: &[f64; 3]| lattice[0] * (f[0] - 0.5) + lattice[1] * (f[1] - 0.5) + lattice[2] * (f[2] - 0.5);
        let cartesian = frac.iter().map(place).collect();
        Ok(Self { lattice, spacings: reduced.plane_spacings(), frac, cartesian, volume: reduced.volume() })
    }

    /// Number of sites.
    pub fn len(&self) -> usize {
        self.frac.len()
    }
}

/// Every occupant of every site, in the order of the sites. Elements that `label` maps to the same
/// element are one occupant.
pub(super) fn occupancies(
    crystal: &Crystal,
    label: impl Fn(Element) -> Element,
) -> Result<Vec<Occupancy>, FingerprintError> {
    let mut all: Vec<Occupancy> = Vec::with_capacity(crystal.sites.len());
    for (index, site) in crystal.sites.iter().enumerate() {
        let first = all.len();
        if site.is_ordered() {
            all.push(Occupancy { site: index, element: label(site.occupants[0].element), share: 1.0 });
            continue;
        }
        for occupant in site.occupants.iter().filter(|occupant| occupant.occupancy > 0.0) {
            let element = label(occupant.element);
            match all[first..].iter_mut().find(|known| known.element == element) {
                Some(known) => known.share += occupant.occupancy,
                None => all.push(Occupancy { site: index, element, share: occupant.occupancy }),
            }
        }
        if all.len() == first {
            return Err(FingerprintError::EmptySite(index));
        }
    }
    Ok(all)
}

/// Total occupancy of every site.
pub(super) fn site_shares(sites: usize, occupancies: &[Occupancy]) -> Vec<f64> {
    let mut shares = vec![0.0; sites];
    occupancies.iter().for_each(|occupancy| shares[occupancy.site] += occupancy.share);
    shares
}
