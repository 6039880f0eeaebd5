//! Why a complex is refused.

use crate::element::Element;

use super::Geometry;

/// A combination of metal, ligands and sites that makes no complex. Ligands, donors and sites are
/// counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ComplexError {
    /// The central atom is no d-block metal.
    #[error("{0} is no transition metal; expected a d-block element (Sc to Zn, Y to Cd, La, Lu to Hg)")]
    NotATransitionMetal(Element),
    /// More valence electrons removed or added than the metal has or can hold.
    #[error("{metal}({found}) is no possible oxidation state; expected {least} to {most}")]
    OxidationState {
        /// The metal.
        metal: Element,
        /// The oxidation state.
        found: i32,
        /// Smallest one that leaves at most 12 valence electrons.
        least: i32,
        /// Largest one: all valence electrons removed.
        most: i32,
    },
    /// A donor that names no atom of its ligand.
    #[error(
        "ligand {ligand} ('{name}'): donor {donor} is {found:?}; expected atoms of the ligand, 0 to {last}"
    )]
    Donor {
        /// Number of the ligand.
        ligand: usize,
        /// Its name.
        name: String,
        /// Number of the donor.
        donor: usize,
        /// The atoms given.
        found: Vec<usize>,
        /// Last atom of the ligand.
        last: usize,
    },
    /// A ligand whose donors and sites are not equal in number.
    #[error("ligand {ligand} ('{name}') has {donors} donors but {sites} sites; expected one site for each")]
    Denticity {
        /// Number of the ligand.
        ligand: usize,
        /// Its name.
        name: String,
        /// Number of its donors.
        donors: usize,
        /// Number of sites given.
        sites: usize,
    },
    /// A site that the polyhedron does not have.
    #[error("ligand {ligand} ('{name}') is put on site {site}; expected 0 to {last} in a {geometry} complex")]
    NoSuchSite {
        /// Number of the ligand.
        ligand: usize,
        /// Its name.
        name: String,
        /// The site.
        site: usize,
        /// The polyhedron.
        geometry: Geometry,
        /// Its last site.
        last: usize,
    },
    /// A site with two donors.
    #[error("site {site} is taken by ligand {first} and ligand {second}; expected one donor on each site")]
    SiteTaken {
        /// The site.
        site: usize,
        /// The ligand that has it.
        first: usize,
        /// The ligand that wants it too.
        second: usize,
    },
    /// A site without a donor.
    #[error("site {site} is free; expected a donor on each of the {count} sites of a {geometry} complex")]
    SiteFree {
        /// The site.
        site: usize,
        /// The polyhedron.
        geometry: Geometry,
        /// Its number of sites.
        count: usize,
    },
    /// A total charge that leaves no electrons or more than counting allows.
    #[error("charge {charge} leaves {electrons} electrons; expected a positive number")]
    Charge {
        /// Charge of the complex.
        charge: i32,
        /// Electrons left.
        electrons: i64,
    },
    /// Number of electrons and multiplicity cannot belong together.
    #[error(
        "multiplicity {multiplicity} with {electrons} electrons; expected an {expected} multiplicity \
        (an {parity} number of electrons)"
    )]
    Multiplicity {
        /// The multiplicity.
        multiplicity: u32,
        /// Electrons of the complex.
        electrons: i64,
        /// `odd` or `even`: what the multiplicity should be.
        expected: &'static str,
        /// `even` or `odd`: what the number of electrons is.
        parity: &'static str,
    },
    /// Positions that do not fit the atoms.
    #[error(
        "{found} positions for {expected} atoms; expected one for the metal and one for each ligand atom"
    )]
    Positions {
        /// Number of positions.
        found: usize,
        /// Number of atoms.
        expected: usize,
    },
    /// A coordinate that is not a number.
    #[error("position of atom {atom} is {found:?}; expected finite numbers")]
    BadPosition {
        /// The atom; 0 is the metal.
        atom: usize,
        /// Its coordinates.
        found: [f64; 3],
    },
    /// Ligands whose donors are not as many as a polyhedron has sites.
    #[error("the ligands have {donors} donors; expected {sites} for a {geometry} complex")]
    CoordinationNumber {
        /// Donors of all ligands.
        donors: usize,
        /// Sites of the polyhedron.
        sites: usize,
        /// The polyhedron.
        geometry: Geometry,
    },
    /// A coordination number for which there is no polyhedron here.
    #[error("there is no polyhedron with {donors} sites; expected 2 to 7 donors")]
    NoPolyhedron {
        /// Number of donors.
        donors: usize,
    },
    /// Charges that do not fit the ligands.
    #[error("{found} ligand charges; expected one for each of the {expected} ligands")]
    LigandCharges {
        /// Number of charges.
        found: usize,
        /// Number of ligands.
        expected: usize,
    },
}
