//! The two traits that everything else is generic over.

use serde::{Serialize, de::DeserializeOwned};

use crate::composition::Composition;
use crate::crystal::{Crystal, Site};

/// What is designed. [`Crystal`] implements it; transition-metal complexes are the second domain.
pub trait Design: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Name of the domain in campaign files and the store, for instance `crystal`.
    const DOMAIN: &'static str;

    /// Atoms of each element.
    fn composition(&self) -> Composition;

    /// Identifier that depends on the content alone: the same design, the same id, on every
    /// machine. Two crystals share it when their canonical forms agree.
    fn content_id(&self) -> String;
}

/// A way to write a design as a code that generators work on, and back.
///
/// Each representation documents and tests its round-trip error and its invariances.
pub trait Representation<D: Design> {
    /// The encoded form.
    type Code: Clone + Send + Sync + Serialize + DeserializeOwned;
    /// Why a design cannot be encoded or a code not be decoded.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Name in campaign files, for instance `symmetry`.
    fn name(&self) -> &'static str;

    /// Encodes a design.
    ///
    /// # Errors
    /// When the design lies outside what this representation can express.
    fn encode(&self, design: &D) -> Result<Self::Code, Self::Error>;

    /// Decodes a code to a full design.
    ///
    /// # Errors
    /// When the code describes no possible design.
    fn decode(&self, code: &Self::Code) -> Result<D, Self::Error>;
}

impl Design for Crystal {
    const DOMAIN: &'static str = "crystal";

    fn composition(&self) -> Composition {
        Self::composition(self)
    }

    /// SHA-256 (first 16 hex digits) of the cell rounded to 1e-4 Å and the sites rounded to 1e-4,
    /// sorted by element and position. Cells that differ by choice of vectors or origin have
    /// different ids; finding such duplicates is the matchers' task.
    fn content_id(&self) -> String {
        use sha2::{Digest, Sha256};
        let round = |x: f64| (x * 1e4).round() as i64;
        let site = |site: &Site| {
            let occupants = site.occupants.iter();
            let mut who: Vec<(u8, i64)> =
                occupants.map(|o| (o.element.atomic_number(), round(o.occupancy))).collect();
            who.sort_unstable();
            let place: [i64; 3] = std::array::from_fn(|k| round(crate::crystal::wrap(site.frac[k])) % 10_000);
            (who, place)
        };
        let mut sites: Vec<_> = self.sites.iter().map(site).collect();
        sites.sort_unstable();
        let mut hasher = Sha256::new();
        for x in self.lattice.parameters() {
            hasher.update(round(x).to_le_bytes());
        }
        for (who, place) in sites {
            for (z, share) in who {
                hasher.update([z]);
                hasher.update(share.to_le_bytes());
            }
            for x in place {
                hasher.update(x.to_le_bytes());
            }
        }
        hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}
