//! Distances between metals and donors, as crystals have them.

use std::collections::BTreeMap;

use druse_representations::Element;

use super::layout::DISTANCE;
use crate::bytes::Cursor;

/// Fewest ligands from which a typical distance is taken.
const ENOUGH: u32 = 5;

/// Quartiles of a distance (Å) between a metal and a site: its atom, or the centre of a haptic group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Number of ligands; of each one crystal counts.
    pub count: u32,
    /// A quarter is shorter.
    pub lower: f64,
    /// Half is shorter.
    pub median: f64,
    /// A quarter is longer.
    pub upper: f64,
}

/// Metal, element of the site, atoms of the site, and whether the ligand has several sites.
type Key = (Element, Element, usize, bool);

/// Statistics of metal-donor distances by metal, element, hapticity and chelation.
#[derive(Clone, Debug, Default)]
pub struct DistanceTable(BTreeMap<Key, Distance>);

impl DistanceTable {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut table = BTreeMap::new();
        for row in bytes.chunks_exact(DISTANCE) {
            let mut cursor = Cursor(row);
            let key = (cursor.element()?, cursor.element()?, usize::from(cursor.u8()?), cursor.u8()? == 1);
            let count = cursor.u32()?;
            let [lower, median, upper] = [cursor.f32()?, cursor.f32()?, cursor.f32()?].map(f64::from);
            // Also refuses what is no number.
            if !(0.5 < lower && lower <= median && median <= upper && upper < 10.0) {
                return None;
            }
            table.insert(key, Distance { count, lower, median, upper });
        }
        Some(Self(table))
    }

    /// Statistics for sites of `atoms` atoms with this (commonest) element, of ligands with several
    /// sites (`chelate`) or one.
    pub fn get(&self, metal: Element, element: Element, atoms: usize, chelate: bool) -> Option<Distance> {
        self.0.get(&(metal, element, atoms, chelate)).copied()
    }

    /// Median distance (Å) for such a site. Where fewer than five ligands tell it, the value of the
    /// other kind (chelating or not) stands in; `None` when that is rare too.
    pub fn typical(&self, metal: Element, element: Element, atoms: usize, chelate: bool) -> Option<f64> {
        [chelate, !chelate]
            .iter()
            .filter_map(|&chelate| self.get(metal, element, atoms, chelate))
            .find(|distance| distance.count >= ENOUGH)
            .map(|distance| distance.median)
    }

    /// Number of statistics.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
