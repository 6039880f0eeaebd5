//! Cheap checks that a crystal is physically possible, each with its limit and a reason with
//! numbers.

use std::collections::BTreeMap;
use std::fmt;

use druse_datasets::elements::covalent_radius;
use druse_representations::crystal::FULL_OCCUPANCY_TOLERANCE;
use druse_representations::{Crystal, Element, Neighbours, Site};
use serde::{Deserialize, Serialize};

/// What a crystal must keep to. Ranges are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckLimits {
    /// Smallest distance between any two atoms (Å).
    pub min_distance: f64,
    /// Smallest distance between two atoms as a share of the sum of their covalent radii (Cordero
    /// et al. 2008); pairs without radius are left out.
    pub min_distance_ratio: f64,
    /// Volume per atom (Å^3).
    pub volume_per_atom: [f64; 2],
    /// Mass density (g/cm^3).
    pub density: [f64; 2],
    /// Lengths of the cell vectors (Å).
    pub cell_length: [f64; 2],
    /// Angles between the cell vectors (degrees).
    pub cell_angle: [f64; 2],
}

impl Default for CheckLimits {
    /// Limits of the campaign's funnel: 0.5 Å as in CDVAE, half the sum of radii and 0.01 to 25
    /// g/cm^3 as in LeMat-GenBench; volumes and cells that no known crystal leaves. Of 99,209 known
    /// structures of the Materials Project 13 fail (11 clashes, one cell angle, one density).
    fn default() -> Self {
        Self {
            min_distance: 0.5,
            min_distance_ratio: 0.5,
            volume_per_atom: [2.0, 5000.0],
            density: [0.01, 25.0],
            cell_length: [1.0, 200.0],
            cell_angle: [5.0, 175.0],
        }
    }
}

impl CheckLimits {
    /// Structural validity of CDVAE (Xie et al., ICLR 2022): no distance below 0.5 Å. Its second
    /// rule, a cell of at least 0.1 Å^3, follows for two atoms and more, since no packing puts
    /// points 0.5 Å apart into less than 0.088 Å^3 per point.
    pub const CDVAE: Self = Self {
        min_distance: 0.5,
        min_distance_ratio: 0.0,
        volume_per_atom: [0.0, f64::INFINITY],
        density: [0.0, f64::INFINITY],
        cell_length: [0.0, f64::INFINITY],
        cell_angle: [0.0, 180.0],
    };
}

/// One thing that is wrong with a crystal. The text starts with a short kind and has the numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Violation {
    /// No sites.
    NoSites,
    /// A number of the cell or of a site that is not finite.
    NotFinite {
        /// Where.
        place: String,
    },
    /// A site without occupant, an occupancy that is not above 0, or a sum above 1.
    Occupancy {
        /// Index of the site, from 0.
        site: usize,
        /// What is wrong.
        reason: String,
    },
    /// A vector of the cell is too short or too long.
    CellLength {
        /// Name of the vector, `a`, `b` or `c`.
        axis: char,
        /// Its length (Å).
        length: f64,
        /// Allowed range.
        allowed: [f64; 2],
    },
    /// An angle of the cell is too sharp or too flat.
    CellAngle {
        /// Name of the angle.
        angle: &'static str,
        /// Its size (degrees).
        degrees: f64,
        /// Allowed range.
        allowed: [f64; 2],
    },
    /// The cell spans no volume.
    NoVolume,
    /// Too little or too much room.
    VolumePerAtom {
        /// Volume per atom (Å^3).
        volume: f64,
        /// Allowed range.
        allowed: [f64; 2],
    },
    /// Too light or too dense.
    Density {
        /// Mass density (g/cm^3).
        density: f64,
        /// Allowed range.
        allowed: [f64; 2],
    },
    /// Two atoms are too near to each other: the worst pair of these two elements.
    Clash {
        /// Elements.
        pair: (Element, Element),
        /// Sites, from 0.
        sites: (usize, usize),
        /// Distance (Å).
        distance: f64,
        /// Smallest distance allowed (Å).
        allowed: f64,
    },
    /// The distances cannot be found out.
    NoDistances {
        /// Why.
        reason: String,
    },
}

impl Violation {
    /// Short name of the kind, the first word of the text.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoSites => "empty",
            Self::NotFinite { .. } => "not finite",
            Self::Occupancy { .. } => "occupancy",
            Self::CellLength { .. } | Self::CellAngle { .. } | Self::NoVolume => "cell",
            Self::VolumePerAtom { .. } => "volume",
            Self::Density { .. } => "density",
            Self::Clash { .. } | Self::NoDistances { .. } => "clash",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind())?;
        match self {
            Self::NoSites => f.write_str("the crystal has no sites"),
            Self::NotFinite { place } => write!(f, "{place} is no finite number"),
            Self::Occupancy { site, reason } => write!(f, "site {site}: {reason}"),
            Self::CellLength { axis, length, allowed: [low, high] } => {
                write!(f, "{axis} = {length:.3} Å, expected {low} to {high} Å")
            }
            Self::CellAngle { angle, degrees, allowed: [low, high] } => {
                write!(f, "{angle} = {degrees:.2}°, expected {low} to {high}°")
            }
            Self::NoVolume => f.write_str("the vectors span no volume"),
            Self::VolumePerAtom { volume, allowed: [low, high] } => {
                write!(f, "{volume:.3} Å^3 per atom, expected {low} to {high} Å^3")
            }
            Self::Density { density, allowed: [low, high] } => {
                write!(f, "{density:.4} g/cm^3, expected {low} to {high} g/cm^3")
            }
            Self::Clash { pair: (x, y), sites: (i, j), distance, allowed } => {
                write!(f, "{x}-{y} {distance:.3} Å (sites {i} and {j}), expected at least {allowed:.3} Å")
            }
            Self::NoDistances { reason } => f.write_str(reason),
        }
    }
}

/// Everything that is wrong with a crystal; empty for one that passes. Later checks are left out
/// when earlier ones make them meaningless.
pub fn check(crystal: &Crystal, limits: &CheckLimits) -> Vec<Violation> {
    let mut violations = shape(crystal);
    if !violations.is_empty() {
        return violations;
    }
    let outside = |x: f64, [low, high]: [f64; 2]| !(low..=high).contains(&x);
    for (axis, length) in ['a', 'b', 'c'].into_iter().zip(crystal.lattice.lengths()) {
        if outside(length, limits.cell_length) {
            violations.push(Violation::CellLength { axis, length, allowed: limits.cell_length });
        }
    }
    for (angle, degrees) in ["alpha", "beta", "gamma"].into_iter().zip(crystal.lattice.angles()) {
        if outside(degrees, limits.cell_angle) {
            violations.push(Violation::CellAngle { angle, degrees, allowed: limits.cell_angle });
        }
    }
    let volume = crystal.lattice.volume() / crystal.composition().atom_count();
    if outside(volume, limits.volume_per_atom) {
        violations.push(Violation::VolumePerAtom { volume, allowed: limits.volume_per_atom });
    }
    let density = crystal.density();
    if outside(density, limits.density) {
        violations.push(Violation::Density { density, allowed: limits.density });
    }
    violations.extend(clashes(crystal, limits));
    violations
}

/// Sites, finite numbers, occupancies and a volume.
fn shape(crystal: &Crystal) -> Vec<Violation> {
    let mut violations = Vec::new();
    if crystal.sites.is_empty() {
        violations.push(Violation::NoSites);
    }
    if !crystal.lattice.matrix().iter().all(|x| x.is_finite()) {
        violations.push(Violation::NotFinite { place: "the cell".to_owned() });
    } else if crystal.lattice.volume() <= 1e-9 * crystal.lattice.lengths().iter().product::<f64>() {
        violations.push(Violation::NoVolume);
    }
    for (index, site) in crystal.sites.iter().enumerate() {
        if !site.frac.iter().all(|x| x.is_finite()) {
            violations.push(Violation::NotFinite { place: format!("a coordinate of site {index}") });
        }
        let total: f64 = site.occupants.iter().map(|occupant| occupant.occupancy).sum();
        let reason = if site.occupants.is_empty() {
            "no occupant".to_owned()
        } else if let Some(bad) =
            site.occupants.iter().find(|o| !(o.occupancy > 0.0 && o.occupancy.is_finite()))
        {
            format!("occupancy {} of {}, expected above 0", bad.occupancy, bad.element)
        } else if total > 1.0 + FULL_OCCUPANCY_TOLERANCE {
            format!("occupancies add up to {total:.4}, expected at most 1")
        } else {
            continue;
        };
        violations.push(Violation::Occupancy { site: index, reason });
    }
    violations
}

/// Smallest distance allowed between the occupants of two sites (Å), with the elements that ask for
/// it.
fn allowed_distance(first: &Site, second: &Site, limits: &CheckLimits) -> Option<(f64, (Element, Element))> {
    let mut largest: Option<(f64, (Element, Element))> = None;
    for x in &first.occupants {
        for y in &second.occupants {
            let radii = covalent_radius(x.element).zip(covalent_radius(y.element));
            let by_radii = radii.map_or(0.0, |(r, s)| limits.min_distance_ratio * (r + s));
            let allowed = limits.min_distance.max(by_radii);
            if largest.is_none_or(|(known, _)| allowed > known) {
                largest = Some((allowed, (x.element, y.element)));
            }
        }
    }
    largest
}

/// The worst pair of every two elements that are too near to each other. Sites that are never
/// occupied together (occupancies add up to at most 1) do not clash.
fn clashes(crystal: &Crystal, limits: &CheckLimits) -> Vec<Violation> {
    let sites = &crystal.sites;
    let elements = crystal.composition();
    let largest_radius = elements.elements().filter_map(covalent_radius).fold(0.0, f64::max);
    let cutoff = limits.min_distance.max(2.0 * limits.min_distance_ratio * largest_radius);
    let neighbours = match Neighbours::within(crystal, cutoff) {
        Ok(neighbours) => neighbours,
        Err(error) => return vec![Violation::NoDistances { reason: error.to_string() }],
    };
    let total = |site: &Site| site.occupants.iter().map(|occupant| occupant.occupancy).sum::<f64>();
    let mut worst: BTreeMap<(Element, Element), (f64, Violation)> = BTreeMap::new();
    for (i, j, _, distance) in neighbours.iter().filter(|&(i, j, ..)| i <= j) {
        if i != j && total(&sites[i]) + total(&sites[j]) <= 1.0 + FULL_OCCUPANCY_TOLERANCE {
            continue;
        }
        let Some((allowed, pair)) = allowed_distance(&sites[i], &sites[j], limits) else { continue };
        let ratio = distance / allowed;
        let key = (pair.0.min(pair.1), pair.0.max(pair.1));
        if distance < allowed && worst.get(&key).is_none_or(|&(known, _)| ratio < known) {
            worst.insert(key, (ratio, Violation::Clash { pair, sites: (i, j), distance, allowed }));
        }
    }
    worst.into_values().map(|(_, violation)| violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::{Lattice, Occupant};

    fn el(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    fn salt() -> Crystal {
        let primitive = Lattice::from_rows([[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]]);
        Crystal::ordered(primitive, [(el("Na"), [0.0; 3]), (el("Cl"), [0.5; 3])])
    }

    fn reasons(crystal: &Crystal) -> Vec<String> {
        check(crystal, &CheckLimits::default()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn salt_passes() {
        assert_eq!(reasons(&salt()), Vec::<String>::new());
        assert!(check(&salt(), &CheckLimits::CDVAE).is_empty());
    }

    #[test]
    fn clashes_have_numbers() {
        let mut near = salt();
        near.sites[1].frac.fill(0.1);
        // (0.1, 0.1, 0.1) of the primitive cell is 0.564 (1, 1, 1) Å.
        assert_eq!(reasons(&near), ["clash: Na-Cl 0.977 Å (sites 0 and 1), expected at least 1.340 Å"]);
        assert!(check(&near, &CheckLimits::CDVAE).is_empty());
        near.sites[1].frac.fill(0.05);
        assert_eq!(check(&near, &CheckLimits::CDVAE)[0].kind(), "clash");
        // An atom may also be too near to its own copy.
        let thin = Crystal::ordered(
            Lattice::from_rows([[1.2, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]]),
            [(el("Na"), [0.0; 3])],
        );
        assert_eq!(reasons(&thin), ["clash: Na-Na 1.200 Å (sites 0 and 0), expected at least 1.660 Å"]);
    }

    #[test]
    fn halves_of_a_split_site_do_not_clash() {
        let mut split = salt();
        split.sites[1].occupants = vec![Occupant { element: el("Cl"), occupancy: 0.5 }];
        split.sites.push(split.sites[1].clone());
        split.sites[2].frac.fill(0.48);
        assert_eq!(reasons(&split), Vec::<String>::new());
        split.sites[2].occupants[0].occupancy = 0.6;
        assert_eq!(check(&split, &CheckLimits::default())[0].kind(), "clash");
    }

    #[test]
    fn cells_volumes_and_densities() {
        let mut crystal = salt();
        crystal.lattice = crystal.lattice.scaled_to_volume(12000.0);
        let found = reasons(&crystal);
        assert_eq!(found[0], "volume: 6000.000 Å^3 per atom, expected 2 to 5000 Å^3");
        assert!(found[1].starts_with("density: 0.0081 g/cm^3, expected 0.01 to 25"));
        crystal.lattice = Lattice::cubic(400.0);
        assert!(reasons(&crystal).iter().any(|reason| reason.starts_with("density: ")));
        assert!(reasons(&crystal)[0].starts_with("cell: a = 400.000 Å, expected 1 to 200 Å"));
        let sharp = Lattice::from_parameters([5.0, 5.0, 30.0, 90.0, 90.0, 4.0]).unwrap();
        let crystal = Crystal::ordered(sharp, [(el("H"), [0.0; 3])]);
        assert!(reasons(&crystal)[0].starts_with("cell: gamma = 4.00°"));
    }

    #[test]
    fn broken_crystals_do_not_panic() {
        let mut crystal = salt();
        crystal.sites[0].frac[0] = f64::NAN;
        crystal.sites[1].occupants.clear();
        assert_eq!(
            reasons(&crystal),
            ["not finite: a coordinate of site 0 is no finite number", "occupancy: site 1: no occupant"]
        );
        let empty = Crystal { lattice: Lattice::cubic(3.0), sites: Vec::new() };
        assert_eq!(reasons(&empty), ["empty: the crystal has no sites"]);
        let mut full = salt();
        full.sites[0].occupants[0].occupancy = 1.5;
        assert_eq!(reasons(&full), ["occupancy: site 0: occupancies add up to 1.5000, expected at most 1"]);
        full.lattice = Lattice::cubic(0.0);
        assert!(reasons(&full).contains(&"cell: the vectors span no volume".to_owned()));
        let collapsed = Crystal { lattice: Lattice::cubic(1e-4), sites: salt().sites };
        assert!(reasons(&collapsed).iter().any(|reason| reason.starts_with("clash")));
    }
}
