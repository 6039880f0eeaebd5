//! Whether the ligands of a complex have been made and used.

use std::sync::Arc;

use druse_datasets::ligands::{LibraryError, LigandLibrary};
use druse_representations::Complex;

use crate::objective::{Goal, Needs, Objective, ObjectiveError, Properties};

/// Tells how often a ligand, given by its [key](druse_representations::ligand::CanonicalLigand), occurs in
/// known structures. Closures are such counts too.
pub trait Occurrences: Send + Sync {
    /// Number of occurrences; 0 for an unknown ligand.
    fn occurrences(&self, key: &str) -> u64;
}

impl<F: Fn(&str) -> u64 + Send + Sync> Occurrences for F {
    fn occurrences(&self, key: &str) -> u64 {
        self(key)
    }
}

/// Occurrences in the library of ligands: the sum over its ligands with the same key.
///
/// # Errors
/// When the data of a ligand of the library are damaged.
pub fn library_occurrences(library: Arc<LigandLibrary>) -> Result<Arc<dyn Occurrences>, LibraryError> {
    // Computed here, so that it cannot fail later.
    library.keys()?;
    Ok(Arc::new(move |key: &str| {
        let same = library.keys().map(|keys| keys.find(key).collect::<Vec<_>>()).unwrap_or_default();
        same.iter()
            .filter_map(|&index| library.record(index))
            .map(|ligand| u64::from(ligand.occurrences()))
            .sum()
    }))
}

/// log10(1 + occurrences) of the rarest ligand of a complex, to be maximised: 0 when a ligand is in
/// no known structure, 1 for nine times, 4 for the commonest ones. That a ligand was crystallised
/// in complexes shows that it can be made and binds; it says nothing of its price. Counts are those of
/// the reference: our library lacks ligands as common as acetate and oxalate, which then count as 0.
#[derive(Clone)]
pub struct LigandAvailability {
    counts: Arc<dyn Occurrences>,
}

impl LigandAvailability {
    /// Availability by these counts.
    pub fn new(counts: Arc<dyn Occurrences>) -> Self {
        Self { counts }
    }
}

impl Objective<Complex> for LigandAvailability {
    fn name(&self) -> &str {
        "ligand_availability"
    }

    fn goal(&self) -> Goal {
        Goal::Maximise
    }

    fn unit(&self) -> &str {
        "log10"
    }

    fn needs(&self) -> Needs {
        Needs::Identity
    }

    fn evaluate(&self, design: &Complex, _: &Properties) -> Result<f64, ObjectiveError> {
        let keys = design.ligands.iter().map(|placed| placed.ligand.canonical().key);
        let rarest = keys.map(|key| self.counts.occurrences(&key)).min();
        rarest.map(|count| (1.0 + count as f64).log10()).ok_or_else(|| ObjectiveError::Failed {
            objective: "ligand_availability".to_owned(),
            reason: "the complex has no ligand".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [Ag(NH3)Cl], without hydrogens.
    fn complex() -> Complex {
        let text = r#"{"metal":"Ag","oxidation_state":1,"multiplicity":2,"geometry":"linear","ligands":[
            {"ligand":{"atoms":[["Cl",-1]],"bonds":[],"donors":[[0]]},"sites":[0]},
            {"ligand":{"atoms":[["N",0]],"bonds":[],"donors":[[0]]},"sites":[1]}]}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_rarest_ligand_counts() {
        let complex = complex();
        let chloride = complex.ligands[0].ligand.canonical().key;
        let evaluate = |rare: u64| {
            let chloride = chloride.clone();
            let counts = move |key: &str| if key == chloride { 9999 } else { rare };
            LigandAvailability::new(Arc::new(counts)).evaluate(&complex, &Properties::new())
        };
        assert_eq!(evaluate(9), Ok(1.0));
        assert_eq!(evaluate(0), Ok(0.0));
        assert_eq!(evaluate(1_000_000), Ok(4.0));
    }

    #[test]
    fn chloride_is_common_in_the_library() {
        let Ok(library) = LigandLibrary::find() else {
            println!("skipped: no library of ligands");
            return;
        };
        let counts = library_occurrences(Arc::new(library)).unwrap();
        let chloride = complex().ligands[0].ligand.canonical().key;
        assert!(counts.occurrences(&chloride) > 10_000);
        assert_eq!(counts.occurrences("no key"), 0);
    }
}
