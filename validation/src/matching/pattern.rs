//! Crystals made ready for comparing.

use druse_datasets::elements;
use druse_representations::nalgebra::Vector3;
use druse_representations::reduction::ReductionError;
use druse_representations::{Crystal, Element, Lattice, Occupant, Site};

use super::reduction::{niggli_cell, primitive};

/// Who sits on a site: occupants ordered by element.
pub type Species = Vec<Occupant>;

/// Tolerance of the primitive cell (Å along each axis), the default of pymatgen.
pub const PRIMITIVE_TOLERANCE: f64 = 0.25;

/// A cell whose sites carry numbers of species.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Lattice; rows are vectors (Å).
    pub lattice: Lattice,
    /// Number of the species of each site: index in [`Pattern::species`].
    pub kinds: Vec<u16>,
    /// Fractional coordinates in [0, 1).
    pub frac: Vec<Vector3<f64>>,
}

impl Cell {
    /// Number of sites.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are no sites.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Volume per site (Å^3).
    pub fn volume_per_site(&self) -> f64 {
        self.lattice.volume() / self.len() as f64
    }

    /// The cell in its Niggli basis, right-handed; sites keep their order.
    ///
    /// # Errors
    /// For cells without volume.
    pub fn niggli(self) -> Result<Self, ReductionError> {
        niggli_cell(self)
    }

    /// The smallest cell that folding within `tolerance` (Å along each axis) leads to, in its Niggli
    /// basis; `None` when there is no smaller one. Sites that fall together are averaged; kinds with
    /// the same number in `labels` (one for each kind) count as the same, and sites are ordered by it.
    ///
    /// # Errors
    /// For cells without volume.
    pub fn primitive(&self, labels: &[u16], tolerance: f64) -> Result<Option<Self>, ReductionError> {
        match primitive(self.clone(), labels, tolerance) {
            (cell, true) => cell.niggli().map(Some),
            (_, false) => Ok(None),
        }
    }
}

/// A crystal made ready for comparing: its species, and its Niggli cells before and after folding it
/// into the smallest cell that the loose tolerance of pymatgen (0.25 Å) allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Distinct species, ordered by elements and occupancies.
    pub species: Vec<Species>,
    /// All sites of the crystal in their Niggli cell, in the order of the crystal.
    pub given: Cell,
    /// The primitive cell at 0.25 Å, when it is smaller than `given`.
    pub primitive: Option<Cell>,
}

/// Why a crystal cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// No sites.
    #[error("a crystal without sites cannot be compared")]
    NoSites,
    /// More distinct species than can be numbered.
    #[error("{0} distinct site occupations; expected at most 65535")]
    TooManySpecies(usize),
    /// A site without occupants.
    #[error("site {0} is empty")]
    EmptySite(usize),
    /// A coordinate is not finite.
    #[error("site {0}: its coordinates are not finite")]
    BadSite(usize),
    /// The cell cannot be reduced.
    #[error(transparent)]
    Reduction(#[from] ReductionError),
}

impl Pattern {
    /// Prepares a crystal.
    ///
    /// # Errors
    /// Without sites, for sites without occupants, bad coordinates and cells without volume.
    pub fn of(crystal: &Crystal) -> Result<Self, PatternError> {
        if crystal.sites.is_empty() {
            return Err(PatternError::NoSites);
        }
        let mut of_site = Vec::with_capacity(crystal.sites.len());
        for (index, site) in crystal.sites.iter().enumerate() {
            if site.frac.iter().any(|x| !x.is_finite()) {
                return Err(PatternError::BadSite(index));
            }
            let species = merged(&site.occupants);
            if species.is_empty() {
                return Err(PatternError::EmptySite(index));
            }
            of_site.push(species);
        }
        let (species, kinds) = numbered(&of_site);
        if species.len() > usize::from(u16::MAX) {
            return Err(PatternError::TooManySpecies(species.len()));
        }
        let frac = crystal.sites.iter().map(|site| site.frac).collect();
        let given = Cell { lattice: crystal.lattice, kinds, frac }.niggli()?;
        Self::from_given(species, given)
    }

    /// The same sites with other occupants: `change` gets what sits on a site and says what is to sit
    /// there instead.
    ///
    /// # Errors
    /// For cells without volume.
    pub fn with_species(&self, change: impl FnMut(&Species) -> Species) -> Result<Self, PatternError> {
        let changed: Vec<Species> = self.species.iter().map(change).collect();
        let (species, kinds) = numbered(&changed);
        let kinds = self.given.kinds.iter().map(|&kind| kinds[usize::from(kind)]).collect();
        Self::from_given(species, Cell { kinds, ..self.given.clone() })
    }

    fn from_given(species: Vec<Species>, given: Cell) -> Result<Self, PatternError> {
        let primitive = given.primitive(&labels(&species), PRIMITIVE_TOLERANCE)?;
        Ok(Self { species, given, primitive })
    }

    /// The crystal in the Niggli cell of all its sites.
    pub fn crystal(&self) -> Crystal {
        let cell = &self.given;
        let site = |(&kind, frac): (&u16, &Vector3<f64>)| Site {
            occupants: self.species[usize::from(kind)].clone(),
            frac: *frac,
        };
        Crystal { lattice: cell.lattice, sites: cell.kinds.iter().zip(&cell.frac).map(site).collect() }
    }

    /// The smaller of the two cells.
    pub fn reduced(&self) -> &Cell {
        self.primitive.as_ref().unwrap_or(&self.given)
    }

    /// Share of each element, in the order of elements; vacancies do not count.
    pub fn fractions(&self) -> Vec<(Element, f64)> {
        let mut amounts: Vec<(Element, f64)> = Vec::new();
        for &kind in &self.given.kinds {
            for occupant in &self.species[usize::from(kind)] {
                match amounts.iter_mut().find(|(element, _)| *element == occupant.element) {
                    Some((_, amount)) => *amount += occupant.occupancy,
                    None => amounts.push((occupant.element, occupant.occupancy)),
                }
            }
        }
        amounts.sort_by_key(|&(element, _)| element);
        let total: f64 = amounts.iter().map(|(_, amount)| amount).sum();
        amounts.iter_mut().for_each(|(_, amount)| *amount /= total);
        amounts
    }

    /// Whether every site holds one element with occupancy 1.
    pub fn is_ordered(&self) -> bool {
        self.species.iter().all(is_ordered)
    }
}

/// Whether one element fills the site.
pub(super) fn is_ordered(species: &Species) -> bool {
    matches!(species.as_slice(), [only] if (only.occupancy - 1.0).abs() <= AMOUNT_TOLERANCE)
}

/// Amounts that differ by no more count as equal, as pymatgen has it.
pub(super) const AMOUNT_TOLERANCE: f64 = 1e-8;

/// Whether two sites hold the same elements with the same occupancies.
pub(super) fn same_species(x: &Species, y: &Species) -> bool {
    x.len() == y.len()
        && x.iter()
            .zip(y)
            .all(|(x, y)| x.element == y.element && (x.occupancy - y.occupancy).abs() <= AMOUNT_TOLERANCE)
}

fn merged(occupants: &[Occupant]) -> Species {
    let mut species: Species = Vec::with_capacity(occupants.len());
    for occupant in occupants {
        match species.iter_mut().find(|known| known.element == occupant.element) {
            Some(known) => known.occupancy += occupant.occupancy,
            None => species.push(*occupant),
        }
    }
    species.retain(|occupant| occupant.occupancy > 0.0);
    species.sort_by_key(|occupant| occupant.element);
    species
}

/// Distinct species in order, and the number of each of `list`.
fn numbered(list: &[Species]) -> (Vec<Species>, Vec<u16>) {
    let mut species = list.to_vec();
    species.sort_by(compare_species);
    species.dedup();
    let number = |wanted: &Species| species.partition_point(|known| compare_species(known, wanted).is_lt());
    let kinds = list.iter().map(|wanted| number(wanted) as u16).collect();
    (species, kinds)
}

/// Order of species: elements, then occupancies.
pub(super) fn compare_species(x: &Species, y: &Species) -> std::cmp::Ordering {
    let pairs = x.iter().zip(y);
    pairs
        .map(|(x, y)| x.element.cmp(&y.element).then(x.occupancy.total_cmp(&y.occupancy)))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| x.len().cmp(&y.len()))
}

/// For each species the rank of its text as pymatgen writes it: occupancies to three digits, so that
/// species which differ by less fall together when cells are folded.
fn labels(species: &[Species]) -> Vec<u16> {
    let texts: Vec<String> = species.iter().map(text).collect();
    let mut known = texts.clone();
    known.sort();
    known.dedup();
    texts.iter().map(|text| known.partition_point(|other| other < text) as u16).collect()
}

fn text(species: &Species) -> String {
    if let (true, [only]) = (is_ordered(species), species.as_slice()) {
        return only.element.symbol().to_owned();
    }
    let mut occupants = species.clone();
    let negativity = |o: &Occupant| elements::electronegativity(o.element).unwrap_or(f64::INFINITY);
    occupants.sort_by(|x, y| {
        negativity(x).total_cmp(&negativity(y)).then(x.element.symbol().cmp(y.element.symbol()))
    });
    let parts: Vec<String> =
        occupants.iter().map(|o| format!("{}:{}", o.element.symbol(), three_digits(o.occupancy))).collect();
    parts.join(", ")
}

/// A number to three significant digits, without trailing zeros except for the first after the point.
fn three_digits(x: f64) -> String {
    let digits = (2 - x.abs().log10().floor() as i32).clamp(1, 12) as usize;
    let text = format!("{x:.digits$}");
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}
