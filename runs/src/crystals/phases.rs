//! What is known around the crystals of a campaign: competing phases, and structures of the novelty
//! reference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use druse_datasets::entries::ComputedEntry;
use druse_fitness::hull::PhaseDiagram;
use druse_representations::Crystal;
use druse_validation::audit::KnownSet;
use druse_validation::index::{Index, shipped};

use super::{Table, names, needs_hull};
use crate::config::{Campaign, CrystalSpec, Reference};
use crate::setup::SetupError;

/// Phases that compete with the crystals of a campaign.
pub struct Phases {
    /// Their hull.
    pub diagram: Arc<PhaseDiagram>,
    /// The phases.
    pub entries: Vec<ComputedEntry>,
    /// Name of the set that they are of, as in the protocol of the hull.
    pub reference: String,
}

impl Phases {
    /// How the line of a campaign's protocol begins that says that its energies above hull are those of this hull.
    pub fn protocol(&self) -> String {
        self.diagram.protocol(&self.reference)
    }
}

/// The phases that compete with the crystals of a campaign; `None` when it asks for no hull.
///
/// # Errors
/// When the reference cannot be read.
pub fn phases(campaign: &Campaign, spec: &CrystalSpec) -> Result<Option<Phases>, SetupError> {
    let Some(relax) = spec.relax.as_ref().filter(|_| needs_hull(names(campaign))) else { return Ok(None) };
    let table = Table::open(spec.hull.path(), relax.model.name())?;
    let entries = table.get().entries_within(&spec.space.elements)?;
    let diagram = Arc::new(PhaseDiagram::from_computed(&entries)?);
    Ok(Some(Phases { diagram, entries, reference: table.get().reference() }))
}

/// A structure of the novelty reference.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownStructure {
    /// Reduced formula.
    pub formula: String,
    /// The set that it belongs to.
    pub set: String,
    /// The structure; `None` where only invariants are known.
    pub crystal: Option<Crystal>,
}

/// What the novelty reference says of these ids. Nothing when it is neither the shipped one nor an
/// index: to read structures again only for this would take long.
///
/// # Errors
/// When the index cannot be read.
pub fn known_structures(
    reference: &Reference,
    ids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, KnownStructure>, SetupError> {
    let set = match reference.path() {
        None => shipped().map(KnownSet::Shipped),
        Some(path) if Index::is_index(path) => Some(KnownSet::open(path)?.0),
        Some(_) => None,
    };
    let Some(set) = set else { return Ok(BTreeMap::new()) };
    let mut found = BTreeMap::new();
    for entry in set.index().entries().filter(|entry| ids.contains(entry.id())) {
        let known = || KnownStructure {
            formula: entry.formula(),
            set: entry.set().name.clone(),
            crystal: entry.crystal(),
        };
        found.entry(entry.id().to_owned()).or_insert_with(known);
    }
    Ok(found)
}
