//! Why there is no fingerprint.

/// Why a crystal has no distances to compare.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// No sites.
    #[error("a crystal without sites has no distances between sites")]
    NoSites,
    /// A site without occupants.
    #[error("site {0} is empty; expected at least one element with an occupancy above 0")]
    EmptySite(usize),
    /// A coordinate that is not a number, or so large that its fraction is lost.
    #[error("site {site} has fractional coordinates {frac:?}; expected finite numbers below 1e6 in size")]
    BadCoordinates {
        /// Index of the site, from 0.
        site: usize,
        /// Its coordinates.
        frac: [f64; 3],
    },
    /// The lattice vectors span no volume or are not finite.
    #[error("the lattice {0:?} Å is not finite or spans no volume")]
    NoVolume([[f64; 3]; 3]),
    /// The neighbours asked for are spread over far too many cells.
    #[error("{points:.1e} points would have to be searched for {k} neighbours; the cell is too stretched")]
    TooStretched {
        /// Number of points in reach.
        points: f64,
        /// Number of neighbours.
        k: usize,
    },
}
