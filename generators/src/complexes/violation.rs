//! What can be wrong with a space of complexes, or with a complex.

use druse_representations::complex::ComplexError;
use druse_representations::{Element, Geometry};

/// A space of complexes that contains nothing, or makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ComplexSpaceError {
    /// No allowed metal.
    #[error("the space of complexes allows no metal")]
    NoMetals,
    /// An element that cannot be the centre.
    #[error("{0} cannot be the metal of a complex; expected a d-block element")]
    NotATransitionMetal(Element),
    /// No oxidation state, or impossible ones.
    #[error("{metal} needs possible oxidation states; found {found:?}")]
    OxidationStates {
        /// The metal.
        metal: Element,
        /// States found.
        found: Vec<i32>,
    },
    /// No polyhedron.
    #[error("the space of complexes allows no coordination geometry")]
    NoGeometries,
    /// A range of charges that ends before it begins.
    #[error("total charge: expected smallest <= largest, found {0:?}")]
    BadCharges([i32; 2]),
    /// A range of sizes that ends before it begins, or begins at 0.
    #[error("atoms: expected 1 <= fewest <= most, found {0:?}")]
    BadAtoms([usize; 2]),
    /// No ligand is left.
    #[error("none of the {pool} ligands has an allowed denticity and allowed donors")]
    NoLigands {
        /// Ligands in the pool.
        pool: usize,
    },
    /// A required ligand that is not in the pool.
    #[error("ligand '{0}' is required but not among the allowed ligands")]
    RequiredNotAllowed(String),
    /// More ligands required than there may be.
    #[error("{required} different ligands are required, but at most {most} are allowed")]
    TooFewDistinct {
        /// Most different ligands.
        most: usize,
        /// Number of required ligands.
        required: usize,
    },
    /// Too many complexes to enumerate.
    #[error("the space holds more than {most} complexes, too many to enumerate")]
    TooMany {
        /// Most complexes of a space that is enumerated.
        most: usize,
    },
    /// Charges, electrons and sites cannot add up.
    #[error(
        "no metal, oxidation state and geometry can be completed with these ligands to a charge from {} to {}{}",
        .charge[0],
        .charge[1],
        if .electrons.is_empty() { String::new() } else { format!(" with {:?} valence electrons", .electrons) }
    )]
    NothingAddsUp {
        /// Range of charges.
        charge: [i32; 2],
        /// Allowed electron counts.
        electrons: Vec<u32>,
    },
}

/// What is wrong with a complex.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ComplexViolation {
    /// Its parts do not fit together.
    #[error(transparent)]
    Impossible(ComplexError),
    /// A metal that is not allowed.
    #[error("{0} is not allowed as metal")]
    Metal(Element),
    /// An oxidation state that is not allowed.
    #[error("{metal}({found}) is not allowed")]
    OxidationState {
        /// The metal.
        metal: Element,
        /// Its oxidation state.
        found: i32,
    },
    /// A polyhedron that is not allowed.
    #[error("{0} coordination is not allowed")]
    Geometry(Geometry),
    /// A multiplicity that is not worth computing.
    #[error("multiplicity {found}, allowed are {allowed:?}")]
    Multiplicity {
        /// Multiplicity found.
        found: u32,
        /// Allowed ones.
        allowed: Vec<u32>,
    },
    /// A denticity that is not allowed.
    #[error("ligand '{ligand}' has {found} donors, which is not allowed")]
    Denticity {
        /// Name of the ligand.
        ligand: String,
        /// Number of donors.
        found: usize,
    },
    /// A donor that is not allowed.
    #[error("ligand '{ligand}' binds through {found}, which is not allowed")]
    Donor {
        /// Name of the ligand.
        ligand: String,
        /// Element of the donor.
        found: Element,
    },
    /// A ligand that is neither in the pool nor could have evolved.
    #[error("ligand '{0}' is not among the allowed ligands")]
    UnknownLigand(String),
    /// A required ligand is absent.
    #[error("ligand '{0}' is required")]
    MissingLigand(String),
    /// Wrong total charge.
    #[error("total charge {found}, allowed are {} to {}", .allowed[0], .allowed[1])]
    Charge {
        /// Charge found.
        found: i32,
        /// Smallest and largest.
        allowed: [i32; 2],
    },
    /// Wrong number of valence electrons.
    #[error("{found} valence electrons, allowed are {allowed:?}")]
    Electrons {
        /// Number found.
        found: i32,
        /// Allowed numbers.
        allowed: Vec<u32>,
    },
    /// Wrong number of atoms.
    #[error("{found} atoms, allowed are {} to {}", .allowed[0], .allowed[1])]
    AtomCount {
        /// Number found.
        found: usize,
        /// Fewest and most.
        allowed: [usize; 2],
    },
    /// Too many different ligands.
    #[error("{found} different ligands, at most {most} are allowed")]
    Distinct {
        /// Number found.
        found: usize,
        /// Most allowed.
        most: usize,
    },
}
