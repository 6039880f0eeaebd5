//! One ligand of the library, before its graph is built.

use druse_representations::ligand::{LigandError, assign_formal_charges};
use druse_representations::{Atom, BondOrder, Composition, Element, Ligand};

use super::hydrogens;
use super::layout::{Entry, METAL, state};
use crate::bytes::Cursor;

/// What the index says about a ligand.
#[derive(Clone, Copy)]
pub struct LigandRecord<'a> {
    pub(super) index: usize,
    pub(super) entry: Entry,
    pub(super) archetype: &'a str,
    pub(super) metals: &'a [u8],
    pub(super) data: &'a [u8],
}

/// Why a record gives no ligand.
pub(super) enum Unusable {
    /// Its data are impossible.
    Damaged,
    /// Its data are whole but no ligand.
    Refused(LigandError),
}

impl From<LigandError> for Unusable {
    fn from(error: LigandError) -> Self {
        Self::Refused(error)
    }
}

/// How often a ligand was seen with one metal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sightings {
    /// The metal.
    pub metal: Element,
    /// Its oxidation state, where the source knows it.
    pub oxidation_state: Option<i32>,
    /// Number of times in crystal structures.
    pub count: u32,
}

impl<'a> LigandRecord<'a> {
    /// Place in the library.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Name in the source, for instance `unq_CSD-OZIYON-02-b`; empty where it cannot be read.
    pub fn name(&self) -> &'a str {
        Cursor(self.data).text().unwrap_or_default()
    }

    /// Charge of the free ligand.
    pub fn charge(&self) -> i32 {
        self.entry.charge.into()
    }

    /// Number of sites that the ligand takes.
    pub fn denticity(&self) -> usize {
        self.entry.denticity
    }

    /// Element of each site, ascending; of a haptic group its commonest element.
    pub fn donors(&self) -> Vec<Element> {
        self.entry.site_elements().unwrap_or_default()
    }

    /// MetaLig's name for the arrangement of its donors, for instance `3-meridional`.
    pub fn archetype(&self) -> &'a str {
        self.archetype
    }

    /// Number of atoms.
    pub fn atoms(&self) -> usize {
        self.entry.atoms
    }

    /// Number of times in crystal structures.
    pub fn occurrences(&self) -> u32 {
        self.entry.occurrences
    }

    /// Whether all bond orders are known.
    pub fn orders_known(&self) -> bool {
        self.entry.flags & 1 != 0
    }

    /// Whether any donor is a group of atoms.
    pub fn is_haptic(&self) -> bool {
        self.entry.flags & 2 != 0
    }

    /// Whether two atoms are closer than 0.8 Å in the source (a hydrogen that was placed badly).
    pub fn has_short_contact(&self) -> bool {
        self.entry.flags & 4 != 0
    }

    /// Metal of the complex that the positions come from.
    pub fn parent_metal(&self) -> Element {
        self.entry.metal
    }

    /// Oxidation state of [`parent_metal`](Self::parent_metal), where the source knows it.
    pub fn parent_oxidation_state(&self) -> Option<i32> {
        self.entry.state
    }

    /// Metals that the ligand was seen with, by atomic number and oxidation state.
    pub fn sightings(&self) -> impl Iterator<Item = Sightings> + 'a {
        self.metals.chunks_exact(METAL).filter_map(sightings)
    }

    /// Number of times with `metal` in crystal structures.
    pub fn count_for_metal(&self, metal: Element) -> u32 {
        self.sightings().filter(|seen| seen.metal == metal).map(|seen| seen.count).sum()
    }

    /// Elements of the atoms in order.
    pub fn elements(&self) -> impl Iterator<Item = Element> + 'a {
        let mut cursor = Cursor(self.data);
        let numbers = cursor.text().and_then(|_| cursor.take(self.entry.atoms)).unwrap_or_default();
        numbers.iter().filter_map(|&z| Element::from_atomic_number(z))
    }

    /// Formula in Hill's order.
    pub fn formula(&self) -> String {
        self.elements().map(|element| (element, 1.0)).collect::<Composition>().hill_formula()
    }

    /// The ligand with graph, formal charges, donors and positions.
    pub(super) fn ligand(&self) -> Result<Ligand, Unusable> {
        let mut ligand = self.graph().ok_or(Unusable::Damaged)?;
        hydrogens::lengthen(&mut ligand);
        assign_formal_charges(&mut ligand.graph, &ligand.donors, self.charge());
        ligand.check()?;
        Ok(ligand)
    }

    /// The graph with donors and positions; formal charges are all 0. `None` when the data are
    /// impossible.
    fn graph(&self) -> Option<Ligand> {
        let Entry { atoms, bonds, denticity, .. } = self.entry;
        let mut cursor = Cursor(self.data);
        let mut ligand = Ligand {
            name: cursor.text()?.to_owned(),
            graph: Default::default(),
            donors: Vec::with_capacity(denticity),
            positions: None,
        };
        for _ in 0..atoms {
            ligand.graph.add_node(Atom { element: cursor.element()?, formal_charge: 0 });
        }
        let mut positions = Vec::with_capacity(atoms);
        for _ in 0..atoms {
            let position = [cursor.i16()?, cursor.i16()?, cursor.i16()?];
            positions.push(position.map(|thousandth| f64::from(thousandth) / 1000.0));
        }
        ligand.positions = Some(positions);
        let mut before = None;
        for _ in 0..bonds {
            let pair = (cursor.u16()?, cursor.u16()?);
            let order = BondOrder::from_code(cursor.u8()?)?;
            if pair.0 >= pair.1 || usize::from(pair.1) >= atoms || before.is_some_and(|before| before >= pair)
            {
                return None;
            }
            before = Some(pair);
            ligand.graph.add_edge(u32::from(pair.0).into(), u32::from(pair.1).into(), order);
        }
        let mut taken = vec![false; atoms];
        for _ in 0..denticity {
            let size = cursor.u8()?;
            let mut site = Vec::with_capacity(size.into());
            for _ in 0..size {
                let atom = usize::from(cursor.u16()?);
                if std::mem::replace(taken.get_mut(atom)?, true)
                    || site.last().is_some_and(|&last| last >= atom)
                {
                    return None;
                }
                site.push(atom);
            }
            if site.is_empty() {
                return None;
            }
            ligand.donors.push(site);
        }
        cursor.0.is_empty().then_some(ligand)
    }
}

pub(super) fn sightings(row: &[u8]) -> Option<Sightings> {
    let mut cursor = Cursor(row);
    let (metal, oxidation_state, _) = (cursor.element()?, state(&mut cursor)?, cursor.u16()?);
    Some(Sightings { metal, oxidation_state, count: cursor.u32()? })
}
