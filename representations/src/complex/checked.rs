//! Complexes that obey the rules by construction.

use crate::element::Element;

use super::{Complex, ComplexError, Geometry, PlacedLigand};

/// Whether an element can be the metal of a complex: the d block (groups 3 to 12 of periods 4 to 6,
/// with both La and Lu). Other lanthanoids and the radioactive period 7 are left out.
pub fn is_transition_metal(element: Element) -> bool {
    matches!(element.atomic_number(), 21..=30 | 39..=48 | 57 | 71..=80)
}

impl Complex {
    /// A complex without positions.
    ///
    /// # Errors
    /// When [`Complex::check`] finds something.
    pub fn new(
        metal: Element,
        oxidation_state: i32,
        multiplicity: u32,
        geometry: Geometry,
        ligands: Vec<PlacedLigand>,
    ) -> Result<Self, ComplexError> {
        let complex = Self { metal, oxidation_state, multiplicity, geometry, ligands, positions: None };
        complex.check()?;
        Ok(complex)
    }

    /// The same complex with positions (Å): the metal first, then the atoms of the ligands in order.
    ///
    /// # Errors
    /// When there is not one finite position for each atom.
    pub fn with_positions(mut self, positions: Vec<[f64; 3]>) -> Result<Self, ComplexError> {
        self.positions = Some(positions);
        self.check_positions()?;
        Ok(self)
    }

    /// Whether the parts fit together: a d-block metal in a possible oxidation state, each site
    /// taken by one donor, as many unpaired electrons as the parity of the electrons allows.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self) -> Result<(), ComplexError> {
        self.check_metal()?;
        self.check_sites()?;
        self.check_electrons()?;
        self.check_positions()
    }

    fn check_metal(&self) -> Result<(), ComplexError> {
        if !is_transition_metal(self.metal) {
            return Err(ComplexError::NotATransitionMetal(self.metal));
        }
        let most = i32::from(self.metal.group());
        // The d shell and one s pair are the most that a metal keeps.
        let least = most - 12;
        if !(least..=most).contains(&self.oxidation_state) {
            let (metal, found) = (self.metal, self.oxidation_state);
            return Err(ComplexError::OxidationState { metal, found, least, most });
        }
        Ok(())
    }

    fn check_sites(&self) -> Result<(), ComplexError> {
        let count = self.geometry.site_count();
        let mut owner: Vec<Option<usize>> = vec![None; count];
        for (index, PlacedLigand { ligand, sites }) in self.ligands.iter().enumerate() {
            let name = || ligand.name.clone();
            let atoms = ligand.graph.node_count();
            let bad = |donor: &Vec<usize>| donor.is_empty() || donor.iter().any(|&atom| atom >= atoms);
            if let Some(donor) = ligand.donors.iter().position(bad) {
                let (found, last) = (ligand.donors[donor].clone(), atoms.saturating_sub(1));
                return Err(ComplexError::Donor { ligand: index, name: name(), donor, found, last });
            }
            if ligand.denticity() != sites.len() || sites.is_empty() {
                let (donors, sites) = (ligand.denticity(), sites.len());
                return Err(ComplexError::Denticity { ligand: index, name: name(), donors, sites });
            }
            for &site in sites {
                let Some(holder) = owner.get_mut(site) else {
                    let (geometry, last) = (self.geometry, count - 1);
                    return Err(ComplexError::NoSuchSite {
                        ligand: index,
                        name: name(),
                        site,
                        geometry,
                        last,
                    });
                };
                if let Some(first) = holder.replace(index) {
                    return Err(ComplexError::SiteTaken { site, first, second: index });
                }
            }
        }
        match owner.iter().position(Option::is_none) {
            Some(site) => Err(ComplexError::SiteFree { site, geometry: self.geometry, count }),
            None => Ok(()),
        }
    }

    fn check_electrons(&self) -> Result<(), ComplexError> {
        let (charge, electrons) = (self.charge(), self.electrons());
        if electrons < 1 {
            return Err(ComplexError::Charge { charge, electrons });
        }
        let multiplicity = self.multiplicity;
        let unpaired = i64::from(multiplicity) - 1;
        if unpaired < 0 || unpaired > electrons || (electrons - unpaired) % 2 != 0 {
            let (expected, parity) = if electrons % 2 == 0 { ("odd", "even") } else { ("even", "odd") };
            return Err(ComplexError::Multiplicity { multiplicity, electrons, expected, parity });
        }
        Ok(())
    }

    fn check_positions(&self) -> Result<(), ComplexError> {
        let Some(positions) = &self.positions else { return Ok(()) };
        let (found, expected) = (positions.len(), self.atom_count());
        if found != expected {
            return Err(ComplexError::Positions { found, expected });
        }
        match positions.iter().position(|place| !place.iter().all(|x| x.is_finite())) {
            Some(atom) => Err(ComplexError::BadPosition { atom, found: positions[atom] }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{chelate, complex, ligand};
    use super::*;

    fn error(result: Result<Complex, ComplexError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_complex_that_fits_is_accepted() {
        let cl = ligand("Cl", -1);
        let placed = [(&cl, vec![0]), (&cl, vec![2]), (&ligand("N", 0), vec![1]), (&ligand("P", 0), vec![3])];
        let complex = complex("Pd", 2, 1, Geometry::SquarePlanar, &placed).unwrap();
        assert_eq!((complex.charge(), complex.unpaired(), complex.d_electrons()), (0, 0, 8));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (n, cl, nn) = (ligand("N", 0), ligand("Cl", -1), chelate("N", "N"));
        let linear = |metal, state, spin, placed: &[_]| complex(metal, state, spin, Geometry::Linear, placed);
        let text = error(linear("Na", 1, 1, &[(&n, vec![0]), (&n, vec![1])]));
        assert!(text.contains("Na is no transition metal"), "{text}");
        let text = error(linear("Ag", 12, 1, &[(&n, vec![0]), (&n, vec![1])]));
        assert!(text.contains("Ag(12)") && text.contains("-1 to 11"), "{text}");
        let text = error(linear("Ag", 1, 1, &[(&n, vec![0])]));
        assert!(text.contains("site 1 is free"), "{text}");
        let text = error(linear("Ag", 1, 1, &[(&n, vec![0]), (&cl, vec![0])]));
        assert!(text.contains("site 0 is taken by ligand 0 and ligand 1"), "{text}");
        let text = error(linear("Ag", 1, 1, &[(&n, vec![0]), (&cl, vec![2])]));
        assert!(text.contains("site 2; expected 0 to 1"), "{text}");
        let text = error(linear("Ag", 1, 1, &[(&nn, vec![0]), (&cl, vec![1])]));
        assert!(text.contains("2 donors but 1 sites"), "{text}");
        // A lone N atom has 7 electrons, Ag+ 46: 60 in all.
        let text = error(linear("Ag", 1, 2, &[(&n, vec![0]), (&n, vec![1])]));
        assert!(text.contains("60 electrons") && text.contains("expected an odd multiplicity"), "{text}");
        assert!(linear("Ag", 1, 0, &[(&n, vec![0]), (&n, vec![1])]).is_err());
    }

    #[test]
    fn positions_must_be_one_for_each_atom() {
        let n = ligand("N", 0);
        let bare = || complex("Ag", 1, 1, Geometry::Linear, &[(&n, vec![0]), (&n, vec![1])]).unwrap();
        assert!(bare().with_positions(vec![[0.0; 3], [0.0, 0.0, 2.1], [0.0, 0.0, -2.1]]).is_ok());
        let text = error(bare().with_positions(vec![[0.0; 3]; 2]));
        assert!(text.contains("2 positions for 3 atoms"), "{text}");
        let text = error(bare().with_positions(vec![[0.0; 3], [0.0; 3], [f64::NAN, 0.0, 0.0]]));
        assert!(text.contains("atom 2"), "{text}");
    }
}
