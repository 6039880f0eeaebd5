//! The complexes that a campaign may propose: hard constraints.

use std::collections::BTreeSet;

use druse_representations::complex::is_transition_metal;
use druse_representations::{Complex, Element, Geometry, Ligand};
use serde::{Deserialize, Serialize};

use super::fragments::{LigandLimits, valid_ligand};
use super::part::{donated, donor_elements};
use super::pool::LigandPool;
use super::violation::{ComplexSpaceError, ComplexViolation};
use crate::breeding::Constraints;

/// Which spin multiplicity a complex is proposed with. All that [`Complex::multiplicities`] counts as
/// worth computing are allowed: which one is the ground state is for the evaluation to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpinRule {
    /// The smallest.
    #[default]
    Lowest,
    /// The largest.
    Highest,
    /// Any: the multiplicity is a gene.
    Any,
}

/// Hard constraints on complexes. Generators propose nothing outside.
#[derive(Clone, Debug)]
pub struct ComplexSpace {
    /// Allowed metals with their allowed oxidation states.
    pub metals: Vec<(Element, Vec<i32>)>,
    /// Allowed coordination polyhedra.
    pub geometries: Vec<Geometry>,
    /// Ligands to choose from. Those whose denticity or donors are not allowed are never chosen.
    pub ligands: LigandPool,
    /// Smallest and largest total charge.
    pub charge: [i32; 2],
    /// Allowed numbers of valence electrons, for instance 16 and 18; empty for any. Counted as d
    /// electrons of the metal in its oxidation state and two for each pair that a donor gives.
    pub electrons: Vec<u32>,
    /// Fewest and most atoms, the metal and all hydrogens included.
    pub atoms: [usize; 2],
    /// Allowed elements of donors; empty for any.
    pub donors: Vec<Element>,
    /// Allowed denticities; empty for any.
    pub denticities: Vec<usize>,
    /// Most different ligands in one complex.
    pub most_distinct: usize,
    /// Names of ligands of the pool that every complex contains.
    pub required: Vec<String>,
    /// Multiplicity of proposals.
    pub spin: SpinRule,
    /// Lets ligands evolve within these limits; `None` keeps to the pool.
    pub evolve: Option<LigandLimits>,
}

impl ComplexSpace {
    /// All complexes of these metals, polyhedra and ligands with a total charge from -1 to 1, up to
    /// 200 atoms and up to 4 different ligands, in their lowest multiplicity.
    pub fn new(
        metals: impl IntoIterator<Item = (Element, Vec<i32>)>,
        geometries: impl IntoIterator<Item = Geometry>,
        ligands: LigandPool,
    ) -> Self {
        Self {
            metals: metals.into_iter().collect(),
            geometries: geometries.into_iter().collect(),
            ligands,
            charge: [-1, 1],
            electrons: Vec::new(),
            atoms: [1, 200],
            donors: Vec::new(),
            denticities: Vec::new(),
            most_distinct: 4,
            required: Vec::new(),
            spin: SpinRule::default(),
            evolve: None,
        }
    }

    /// Checks the constraints against each other. That a space passes does not mean that it
    /// contains a complex; whether charges and electrons can add up is checked when a generator is
    /// made.
    ///
    /// # Errors
    /// Names the first contradiction.
    pub fn check(&self) -> Result<(), ComplexSpaceError> {
        if self.metals.is_empty() {
            return Err(ComplexSpaceError::NoMetals);
        }
        for (metal, states) in &self.metals {
            if !is_transition_metal(*metal) {
                return Err(ComplexSpaceError::NotATransitionMetal(*metal));
            }
            let most = i32::from(metal.group());
            if states.is_empty() || states.iter().any(|state| !(most - 12..=most).contains(state)) {
                return Err(ComplexSpaceError::OxidationStates { metal: *metal, found: states.clone() });
            }
        }
        if self.geometries.is_empty() {
            return Err(ComplexSpaceError::NoGeometries);
        }
        if self.charge[1] < self.charge[0] {
            return Err(ComplexSpaceError::BadCharges(self.charge));
        }
        if self.atoms[0] < 1 || self.atoms[1] < self.atoms[0] {
            return Err(ComplexSpaceError::BadAtoms(self.atoms));
        }
        let allowed = self.allowed();
        if allowed.is_empty() {
            return Err(ComplexSpaceError::NoLigands { pool: self.ligands.len() });
        }
        let required: BTreeSet<&String> = self.required.iter().collect();
        for name in &required {
            if !allowed.ligands().any(|ligand| ligand.name == **name) {
                return Err(ComplexSpaceError::RequiredNotAllowed((*name).clone()));
            }
        }
        if required.len() > self.most_distinct || self.most_distinct == 0 {
            return Err(ComplexSpaceError::TooFewDistinct {
                most: self.most_distinct,
                required: required.len(),
            });
        }
        Ok(())
    }

    /// The ligands of the pool whose denticity and donors are allowed.
    pub(crate) fn allowed(&self) -> LigandPool {
        self.ligands.filtered(|part| self.check_donors(&part.ligand).is_ok())
    }

    /// Checks denticity and donors of a ligand.
    ///
    /// # Errors
    /// The first violation.
    pub fn check_donors(&self, ligand: &Ligand) -> Result<(), ComplexViolation> {
        let (name, found) = (&ligand.name, ligand.denticity());
        if !self.denticities.is_empty() && !self.denticities.contains(&found) {
            return Err(ComplexViolation::Denticity { ligand: name.clone(), found });
        }
        match donor_elements(ligand).find(|e| !self.donors.is_empty() && !self.donors.contains(e)) {
            Some(found) => Err(ComplexViolation::Donor { ligand: name.clone(), found }),
            None => Ok(()),
        }
    }

    /// Checks what only depends on sums: charge, valence electrons, atoms and different ligands.
    pub(crate) fn check_sums(&self, sums: &Sums) -> Result<(), ComplexViolation> {
        if !(self.charge[0]..=self.charge[1]).contains(&sums.charge) {
            return Err(ComplexViolation::Charge { found: sums.charge, allowed: self.charge });
        }
        let counted = u32::try_from(sums.electrons).ok().is_some_and(|n| self.electrons.contains(&n));
        if !self.electrons.is_empty() && !counted {
            let allowed = self.electrons.clone();
            return Err(ComplexViolation::Electrons { found: sums.electrons, allowed });
        }
        if !(self.atoms[0]..=self.atoms[1]).contains(&sums.atoms) {
            return Err(ComplexViolation::AtomCount { found: sums.atoms, allowed: self.atoms });
        }
        if sums.distinct > self.most_distinct {
            return Err(ComplexViolation::Distinct { found: sums.distinct, most: self.most_distinct });
        }
        Ok(())
    }

    /// Checks everything about a complex.
    ///
    /// # Errors
    /// The first violation.
    pub fn check_complex(&self, complex: &Complex) -> Result<(), ComplexViolation> {
        complex.check().map_err(ComplexViolation::Impossible)?;
        let (metal, state) = (complex.metal, complex.oxidation_state);
        let states = self.metals.iter().find(|(allowed, _)| *allowed == metal).map(|(_, states)| states);
        if !states.ok_or(ComplexViolation::Metal(metal))?.contains(&state) {
            return Err(ComplexViolation::OxidationState { metal, found: state });
        }
        if !self.geometries.contains(&complex.geometry) {
            return Err(ComplexViolation::Geometry(complex.geometry));
        }
        let found = complex.multiplicity;
        let allowed = complex.multiplicities();
        if !allowed.contains(&found) {
            return Err(ComplexViolation::Multiplicity { found, allowed });
        }
        let mut keys = BTreeSet::new();
        let mut missing: BTreeSet<&str> = self.required.iter().map(String::as_str).collect();
        for placed in &complex.ligands {
            let ligand = &placed.ligand;
            let key = ligand.canonical().key;
            if keys.contains(&key) {
                continue;
            }
            self.check_donors(ligand)?;
            match (self.ligands.find(&key), &self.evolve) {
                (Some(place), _) => {
                    missing.remove(self.ligands.parts()[place].ligand.name.as_str());
                }
                (None, Some(limits)) if valid_ligand(ligand, limits) => {}
                (None, _) => return Err(ComplexViolation::UnknownLigand(ligand.name.clone())),
            }
            keys.insert(key);
        }
        if let Some(name) = missing.first() {
            return Err(ComplexViolation::MissingLigand((*name).to_owned()));
        }
        self.check_sums(&Sums {
            charge: complex.charge(),
            electrons: valence_electrons(complex),
            atoms: complex.atom_count(),
            distinct: keys.len(),
        })
    }
}

/// Sums over the parts of a complex.
pub(crate) struct Sums {
    pub(crate) charge: i32,
    pub(crate) electrons: i32,
    pub(crate) atoms: usize,
    pub(crate) distinct: usize,
}

/// Valence electrons around the metal: its d electrons in this oxidation state and what the donors
/// give, charges counted as drawn.
pub fn valence_electrons(complex: &Complex) -> i32 {
    let donors = complex.ligands.iter().flat_map(|placed| &placed.ligand.donors);
    let given: u32 = donors.map(|donor| donated(donor.len())).sum();
    i32::from(complex.metal.group()) - complex.oxidation_state + given.cast_signed()
}

impl Constraints<Complex> for ComplexSpace {
    fn check_design(&self, design: &Complex) -> Result<(), String> {
        self.check_complex(design).map_err(|violation| violation.to_string())
    }
}
