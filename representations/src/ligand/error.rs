//! Why a ligand is refused.

/// A molecular graph and donors that make no ligand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LigandError {
    /// There is no atom at all.
    #[error("the ligand has no atom; expected at least one")]
    NoAtom,
    /// There is no donor, so nothing can bind.
    #[error("the ligand has no donor; expected at least one donor atom")]
    NoDonor,
    /// A donor without atoms.
    #[error("donor {donor} has no atom; expected at least one atom index")]
    EmptyDonor {
        /// Number of the donor, from 0.
        donor: usize,
    },
    /// A donor atom that does not exist.
    #[error("donor {donor} names atom {atom}; expected an index from 0 to {last}")]
    DonorOutOfRange {
        /// Number of the donor, from 0.
        donor: usize,
        /// The index found.
        atom: usize,
        /// The largest index that exists.
        last: usize,
    },
    /// An atom in two donors, or twice in one.
    #[error("atom {atom} is named twice, in donor {first} and donor {second}; expected each atom once")]
    RepeatedDonorAtom {
        /// The atom.
        atom: usize,
        /// Donor that named it first.
        first: usize,
        /// Donor that named it again.
        second: usize,
    },
    /// A haptic donor of atoms that are not neighbours.
    #[error(
        "the atoms {atoms:?} of haptic donor {donor} are not bonded to each other; expected one connected group"
    )]
    ScatteredDonor {
        /// Number of the donor, from 0.
        donor: usize,
        /// Its atoms.
        atoms: Vec<usize>,
    },
    /// A bond to an atom that does not exist.
    #[error("bond {bond} joins atoms {from} and {to}; expected indices from 0 to {last}")]
    BondOutOfRange {
        /// Number of the bond, from 0.
        bond: usize,
        /// One end.
        from: usize,
        /// The other end.
        to: usize,
        /// The largest index that exists.
        last: usize,
    },
    /// A bond from an atom to itself.
    #[error("atom {atom} is bonded to itself; expected two different atoms")]
    SelfBond {
        /// The atom.
        atom: usize,
    },
    /// Two bonds between the same atoms.
    #[error("atoms {from} and {to} are bonded twice; expected one bond with its order")]
    RepeatedBond {
        /// One end.
        from: usize,
        /// The other end.
        to: usize,
    },
    /// The graph falls apart.
    #[error(
        "the ligand has {count} separate parts, atom {atom} is not bonded to atom 0; expected one connected molecule"
    )]
    Disconnected {
        /// Number of parts.
        count: usize,
        /// The first atom outside the part of atom 0.
        atom: usize,
    },
    /// Positions that do not fit the atoms.
    #[error("there are {found} positions; expected one for each of the {expected} atoms")]
    PositionCount {
        /// Number of positions.
        found: usize,
        /// Number of atoms.
        expected: usize,
    },
    /// A coordinate that is no number.
    #[error("the position of atom {atom} is not finite; expected three numbers in Å")]
    PositionNotFinite {
        /// The atom.
        atom: usize,
    },
}
