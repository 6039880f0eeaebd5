//! Hard constraints of ligands.

use druse_representations::{Element, Ligand};
use serde::{Deserialize, Serialize};

/// Which ligands are wanted; nothing outside is ever returned. An empty list, or `None`, asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LigandSpace {
    /// Least and greatest number of sites.
    pub denticity: Option<[usize; 2]>,
    /// Element of each site in any order, for instance N and O; of a haptic group its lightest, and
    /// none of its atoms may be another than these.
    pub donors: Vec<Element>,
    /// Allowed elements of donors.
    pub donor_elements: Vec<Element>,
    /// Allowed charges.
    pub charges: Vec<i32>,
    /// Allowed elements of all atoms, hydrogen included.
    pub elements: Vec<Element>,
    /// Elements of no atom.
    pub excluded: Vec<Element>,
    /// Least and greatest number of atoms, hydrogens included.
    pub atoms: Option<[usize; 2]>,
    /// Least and greatest number of atoms without hydrogens.
    pub heavy_atoms: Option<[usize; 2]>,
    /// Whether donors may be, or have to be, groups of atoms.
    pub haptic: Option<bool>,
}

/// What a ligand has of what a [`LigandSpace`] asks for.
#[derive(Clone, Debug, Default)]
pub struct LigandAccount {
    /// Element of each site.
    pub donors: Vec<Element>,
    /// Whether one of them is a group of atoms.
    pub haptic: bool,
    /// Sum of the formal charges.
    pub charge: i32,
    /// Hydrogens included.
    pub atoms: usize,
    /// Atoms without hydrogens.
    pub heavy: usize,
}

impl LigandSpace {
    /// Checks that something can be within it.
    ///
    /// # Errors
    /// Says what contradicts what.
    pub fn check(&self) -> Result<(), String> {
        let ranges =
            [("denticity", self.denticity), ("atoms", self.atoms), ("heavy atoms", self.heavy_atoms)];
        for (what, range) in ranges {
            if let Some([least, most]) = range
                && (least > most || most == 0)
            {
                return Err(format!(
                    "{what}: found {least}..{most}, expected the smaller number first and 1 or more"
                ));
            }
        }
        if let Some([least, most]) = self.denticity
            && !self.donors.is_empty()
            && !(least..=most).contains(&self.donors.len())
        {
            return Err(format!(
                "donors: found {} of them, expected {least} to {most} as the denticity says",
                self.donors.len()
            ));
        }
        let stray = |elements: &[Element], of: &[Element]| -> Option<Element> {
            elements.iter().copied().find(|element| !of.is_empty() && !of.contains(element))
        };
        let odd = stray(&self.donors, &self.donor_elements)
            .or_else(|| stray(&self.donors, &self.elements))
            .or_else(|| self.donors.iter().copied().find(|element| self.excluded.contains(element)));
        if let Some(element) = odd {
            return Err(format!("donors: found {element}, which is not among the allowed elements"));
        }
        let left = |element: &Element| !self.excluded.contains(element);
        if !self.elements.is_empty() && !self.elements.iter().any(left) {
            return Err("elements: all allowed elements are excluded".to_owned());
        }
        if !self.donor_elements.is_empty()
            && !self.donor_elements.iter().any(|element| left(element) && self.allows(*element))
        {
            return Err("donor elements: none of them is an allowed element".to_owned());
        }
        Ok(())
    }

    /// Whether atoms of an element may be there.
    pub fn allows(&self, element: Element) -> bool {
        (self.elements.is_empty() || self.elements.contains(&element)) && !self.excluded.contains(&element)
    }

    /// Whether a donor of an element may be there.
    pub fn allows_donor(&self, element: Element) -> bool {
        (self.donor_elements.is_empty() || self.donor_elements.contains(&element))
            && (self.donors.is_empty() || self.donors.contains(&element))
            && self.allows(element)
    }

    /// Most sites, as far as it is told.
    pub fn most_donors(&self) -> Option<usize> {
        if self.donors.is_empty() { self.denticity.map(|[_, most]| most) } else { Some(self.donors.len()) }
    }

    /// Fewest sites.
    pub fn fewest_donors(&self) -> usize {
        if self.donors.is_empty() {
            self.denticity.map_or(1, |[least, _]| least.max(1))
        } else {
            self.donors.len()
        }
    }

    /// Why a ligand is not within the space, found anew from its graph alone.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_ligand(&self, ligand: &Ligand) -> Result<(), String> {
        let elements: Vec<Element> = ligand.elements().collect();
        if let Some(element) = elements.iter().find(|element| !self.allows(**element)) {
            return Err(format!("{element} is not allowed"));
        }
        let donors = ligand.donors.iter().flatten().filter_map(|&atom| elements.get(atom));
        if let Some(element) = donors.into_iter().find(|element| !self.allows_donor(**element)) {
            return Err(format!("{element} is not allowed as donor"));
        }
        self.check_account(&LigandAccount {
            donors: ligand.site_elements(),
            haptic: ligand.is_haptic(),
            charge: ligand.charge(),
            atoms: elements.len(),
            heavy: elements.iter().filter(|element| element.atomic_number() > 1).count(),
        })
    }

    /// The same for all that is counted.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_account(&self, account: &LigandAccount) -> Result<(), String> {
        let counts = [
            ("sites", self.denticity, account.donors.len()),
            ("atoms", self.atoms, account.atoms),
            ("heavy atoms", self.heavy_atoms, account.heavy),
        ];
        for (what, range, found) in counts {
            if let Some([least, most]) = range
                && !(least..=most).contains(&found)
            {
                return Err(format!("{found} {what}, expected {least} to {most}"));
            }
        }
        if !self.donors.is_empty() {
            let (mut wanted, mut found) = (self.donors.clone(), account.donors.clone());
            wanted.sort_unstable();
            found.sort_unstable();
            if wanted != found {
                let names = |elements: &[Element]| {
                    elements.iter().map(|element| element.symbol()).collect::<Vec<_>>().join(" ")
                };
                return Err(format!("donors {}, expected {}", names(&found), names(&wanted)));
            }
        }
        if !self.charges.is_empty() && !self.charges.contains(&account.charge) {
            return Err(format!("charge {}", account.charge));
        }
        match self.haptic {
            Some(haptic) if haptic != account.haptic => {
                Err(if haptic { "no haptic donor" } else { "a haptic donor" }.to_owned())
            }
            _ => Ok(()),
        }
    }
}
