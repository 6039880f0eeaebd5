//! The answer of a matcher.

use druse_representations::Element;
use serde::Serialize;

/// What a matcher found about two crystals.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// The verdict: the same within the matcher's tolerances.
    pub same: bool,
    /// Root mean square distance of mapped sites in units of (V/N)^(1/3), of the best mapping that
    /// was looked at; `None` when there is none.
    pub rms: Option<f64>,
    /// Largest distance of mapped sites, in the same unit.
    pub max_dist: Option<f64>,
    /// Volume per site of the second divided by that of the first.
    pub volume_ratio: Option<f64>,
    /// Largest principal strain (absolute) between the mapped lattices at equal volume.
    pub strain: Option<f64>,
    /// The mapping turns one crystal into the mirror image of the other, and no other mapping does
    /// as well. `None` where this was not looked at.
    pub mirror_image_only: Option<bool>,
    /// What maps on what; `None` without a mapping.
    pub mapping: Option<Mapping>,
    /// Elements of the first with the elements of the second that stand in their place, where the
    /// matcher lets them differ (prototypes).
    pub elements: Vec<(Element, Element)>,
    /// How two members of a family of disordered crystals are related.
    pub family: Option<Family>,
}

/// Which site of one crystal stands for which site of the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mapping {
    /// Vectors of one crystal's reduced cell (rows: integer coefficients) that lie on the vectors of
    /// the other's.
    pub lattice: [[i32; 3]; 3],
    /// Whether `lattice` holds vectors of the first that lie on the second's cell (else the reverse).
    pub of_first: bool,
    /// Pairs of sites: index in the reduced cell of the first, index in that of the second. When one
    /// cell had to be repeated its sites stand in several pairs.
    pub sites: Vec<(usize, usize)>,
    /// Distances of the pairs in units of (V/N)^(1/3), in the order of `sites`.
    pub distances: Vec<f64>,
    /// Translation to be added to the coordinates of the second, fractional in the basis that both
    /// share: the rows of `lattice`, and the cell of the other crystal.
    pub translation: [f64; 3],
}

/// How ordered, disordered and solid-solution variants of one parent are related.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Family {
    /// Sets of elements that share sites.
    pub mixing: Vec<Vec<Element>>,
    /// Largest difference of the share of an element on any sublattice.
    pub ratio_gap: f64,
    /// The sublattices of the parent.
    pub sublattices: Vec<Sublattice>,
}

/// Sites of the parent that belong together, with who sits there in either crystal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sublattice {
    /// Elements that may mix on it.
    pub elements: Vec<Element>,
    /// Number of sites in the parent cell.
    pub sites: usize,
    /// Share of every element in the first crystal, in the order of `elements`.
    pub first: Vec<f64>,
    /// The same in the second.
    pub second: Vec<f64>,
}
