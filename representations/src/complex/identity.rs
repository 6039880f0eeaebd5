//! Identity of complexes.
//!
//! Two complexes are the same when metal, oxidation state, multiplicity, polyhedron and ligands
//! ([`canonical`](crate::Ligand::canonical)) agree and some proper rotation of the polyhedron turns one arrangement of
//! the ligands into the other. Numbers of atoms, order of ligands, names, bond orders and positions
//! make no difference; cis and trans, fac and mer, Δ and Λ do.
//!
//! Stereochemistry *inside* a ligand (chiral carbon atoms, E and Z double bonds, the fold of a
//! chelate ring) is not part of the graph and therefore not of the identity.

use sha2::{Digest, Sha256};

use crate::composition::Composition;
use crate::design::Design;
use crate::ligand::CanonicalLigand;

use super::arrangement::{Arrangement, Face, Guest, canonical};
use super::{Complex, PlacedLigand};

/// Changes when the identity of unchanged complexes does.
const VERSION: &str = "druse complex 1";

impl Complex {
    /// Identity: equal exactly for equal complexes (16 hexadecimal digits of a SHA-256).
    pub fn identity(&self) -> String {
        let rotations = self.geometry.rotations();
        self.hash(&arrange(rotations, &self.ligands, &self.canonical_ligands()).face)
    }

    /// Identity that a complex shares with its mirror image, so that Δ and Λ are one.
    pub fn mirror_merged_identity(&self) -> String {
        let symmetries = [self.geometry.rotations(), self.geometry.mirrors()].concat();
        self.hash(&arrange(&symmetries, &self.ligands, &self.canonical_ligands()).face)
    }

    /// The mirror image of the arrangement; positions are inverted at the origin.
    pub fn mirror_image(&self) -> Self {
        let mirror = &self.geometry.mirrors()[0];
        let mut image = self.clone();
        image.ligands.iter_mut().flat_map(|placed| &mut placed.sites).for_each(|site| *site = mirror[*site]);
        image.positions.iter_mut().flatten().flatten().for_each(|x| *x = -*x);
        image
    }

    /// Whether the arrangement on the sites differs from its mirror image.
    pub fn is_chiral(&self) -> bool {
        self.identity() != self.mirror_image().identity()
    }

    pub(super) fn canonical_ligands(&self) -> Vec<CanonicalLigand> {
        self.ligands.iter().map(|placed| placed.ligand.canonical()).collect()
    }

    fn hash(&self, face: &Face<&str>) -> String {
        let head = format!(
            "{VERSION}|{}|{}|{}|{}",
            self.metal,
            self.oxidation_state,
            self.multiplicity,
            self.geometry.symbol()
        );
        digest(&(head + &face_text(face)))
    }
}

/// The canonical arrangement of ligands on their sites, see [`canonical`].
pub(super) fn arrange<'a>(
    symmetries: &[Vec<usize>],
    ligands: &'a [PlacedLigand],
    canonical_ligands: &'a [CanonicalLigand],
) -> Arrangement<&'a str> {
    let guest = |(placed, form): (&'a PlacedLigand, &'a CanonicalLigand)| guest(form, &placed.sites);
    canonical(symmetries, &ligands.iter().zip(canonical_ligands).map(guest).collect::<Vec<_>>())
}

pub(super) fn guest<'a>(form: &'a CanonicalLigand, sites: &'a [usize]) -> Guest<'a, &'a str> {
    Guest { key: &form.key, orders: &form.donor_orders, sites }
}

pub(super) fn face_text(face: &Face<&str>) -> String {
    face.iter().map(|(key, sites)| format!("|{key}@{sites:?}")).collect()
}

/// First 16 hexadecimal digits of the SHA-256 of a text.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Design for Complex {
    const DOMAIN: &'static str = "complex";

    fn composition(&self) -> Composition {
        Self::composition(self)
    }

    fn content_id(&self) -> String {
        self.identity()
    }
}
