//! What is known of the crystals of a campaign.

use std::path::Path;
use std::sync::Arc;

use druse_fitness::{Properties, Tier, TierKind, TierOutcome, property};
use druse_representations::Crystal;
use druse_validation::audit::{Audit, AuditRow, KnownSet, Matchers};
use druse_validation::index::shipped;
use druse_validation::{NoveltyReference, Verdict};

use crate::config::Reference;
use crate::setup::SetupError;

/// The audit of a campaign, shared by its tier and its novelty look-up.
pub(super) fn open(reference: &Reference) -> Result<Arc<Audit>, SetupError> {
    let known = match reference.path() {
        None => KnownSet::Shipped(shipped().ok_or(SetupError::NoIndexShipped)?),
        Some(path) => structures(path)?,
    };
    Ok(Arc::new(Audit::new(Matchers::usual()?, Vec::new(), vec![known])))
}

/// An index file, or structures that can be compared.
fn structures(path: &Path) -> Result<KnownSet, SetupError> {
    let (known, added) = KnownSet::open(path)?;
    if known.index().is_empty() {
        let first = added.refused.first().map(|refused| format!("{}: {}", refused.id, refused.reason));
        let reason = first.unwrap_or_else(|| "found no structure, expected one or more".to_owned());
        return Err(SetupError::NothingKnown { path: path.to_owned(), reason });
    }
    Ok(known)
}

/// Audits crystals: writes their novelty as a property, and rejects those whose verdict is not
/// wanted.
pub struct AuditTier {
    audit: Arc<Audit>,
    reject: Vec<Verdict>,
}

impl AuditTier {
    /// A tier that rejects these verdicts.
    pub fn new(audit: Arc<Audit>, reject: Vec<Verdict>) -> Self {
        Self { audit, reject }
    }

    fn one(&self, crystal: &Crystal) -> TierOutcome<Crystal> {
        let row = match self.audit.judge(crystal) {
            Ok(row) => row,
            Err(error) => return TierOutcome::Rejected { reason: format!("not comparable: {error}") },
        };
        match row.verdict.filter(|verdict| self.reject.contains(verdict)) {
            Some(verdict) => TierOutcome::Rejected { reason: reason(verdict, &row) },
            None => {
                let value = row.novelty().map(|value| (property::NOVELTY.to_owned(), value));
                TierOutcome::Passed { design: crystal.clone(), properties: value.into_iter().collect() }
            }
        }
    }
}

/// For instance `near duplicate: of mp-22862, distance 0.021`.
fn reason(verdict: Verdict, row: &AuditRow) -> String {
    let id = row.nearest_id.as_deref().map_or_else(String::new, |id| format!("of {id}"));
    let distance = row.distance.map_or_else(String::new, |distance| format!(", distance {distance:.3}"));
    format!("{}: {id}{distance}", verdict.words())
}

impl Tier<Crystal> for AuditTier {
    fn name(&self) -> &str {
        "audit"
    }

    fn protocol(&self) -> String {
        let names: Vec<&str> = self.reject.iter().map(|verdict| verdict.name()).collect();
        let rejected = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let (known, matchers) = (self.audit.reference(), self.audit.protocol().replace('\n', "; "));
        format!("audit: rejects {rejected}; known: {known}; {matchers}")
    }

    fn kind(&self) -> TierKind {
        if self.reject.is_empty() { TierKind::Work } else { TierKind::Constraint }
    }

    fn writes(&self) -> Vec<String> {
        vec![property::NOVELTY.to_owned()]
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        items.iter().map(|(crystal, _)| self.one(crystal)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_fitness::conformance::check_tier;
    use druse_representations::Lattice;

    fn salt(anion: &str, edge: f64) -> Crystal {
        let h = edge / 2.0;
        let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
        Crystal::ordered(lattice, [("Na".parse().unwrap(), [0.0; 3]), (anion.parse().unwrap(), [0.5; 3])])
    }

    #[test]
    fn known_crystals_are_rejected_and_others_get_their_novelty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known.jsonl");
        let line = r#"{"id": "salt", "cell": [3.988, 3.988, 3.988, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}"#;
        std::fs::write(&path, line).unwrap();
        let audit = open(&Reference::File { path, sha256: String::new() }).unwrap();
        let tier = AuditTier::new(Arc::clone(&audit), vec![Verdict::ExactDuplicate, Verdict::NearDuplicate]);
        let (known, new) = (salt("Cl", 5.7), salt("Br", 5.97));
        let mut outcomes = tier.run(&[(&known, &Properties::new()), (&new, &Properties::new())]).into_iter();
        match outcomes.next() {
            Some(TierOutcome::Rejected { reason }) => {
                assert_eq!(reason, "near duplicate: of salt, distance 0.000");
            }
            other => panic!("{other:?}"),
        }
        match outcomes.next() {
            Some(TierOutcome::Passed { properties, .. }) => {
                assert!((properties[property::NOVELTY] - 1.0).abs() < 1e-4, "{properties:?}");
            }
            other => panic!("{other:?}"),
        }
        assert!(tier.protocol().contains("rejects exact_duplicate, near_duplicate; "));
        assert!(audit.reference().starts_with("known.jsonl (1 structures, sha256 "));
        assert_eq!(audit.nearest(&new).unwrap().id.as_deref(), Some("salt"));
        check_tier(&tier, &[known, new].map(|crystal| (crystal, Properties::new()))).unwrap();
    }

    #[test]
    fn files_without_structures_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.jsonl");
        std::fs::write(&path, "{\"id\": \"x\"}\n").unwrap();
        let error = open(&Reference::File { path, sha256: String::new() }).err().unwrap();
        assert!(error.is_input() && error.to_string().contains("none.jsonl"), "{error}");
    }
}
