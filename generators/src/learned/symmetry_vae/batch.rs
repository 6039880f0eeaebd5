//! Examples as tensors.

use druse_representations::Element;
use tch::{Device, Kind, Tensor};

use super::{SymmetryExample, SymmetryVaeConfig};
use crate::learned::symmetry::{
    CELL_TERMS, GROUP_FEATURES, POSITION_FEATURES, free_cell_terms, position_table,
};

/// Greatest atomic number plus one.
pub(super) const ELEMENTS: i64 = 119;
/// Groups and none.
pub(super) const GROUPS: i64 = 231;
/// Free parameters of a position, at most.
pub(super) const FREE: i64 = 3;

/// Occupations; places past the last kind or site are empty. There are as many places of sites as the largest
/// occupation needs.
#[derive(Debug)]
pub(super) struct Occupations {
    /// Space groups `[batch]`.
    pub(super) group: Tensor,
    /// Atomic numbers, 0 for none `[batch, kinds]`.
    pub(super) elements: Tensor,
    /// Number of sites `[batch]`.
    pub(super) count: Tensor,
    /// Kind of each site, `kinds` for none `[batch, sites]`.
    pub(super) kind: Tensor,
    /// Atomic number of each site, 0 for none `[batch, sites]`.
    pub(super) element: Tensor,
    /// Place of the position in the table of all positions `[batch, sites]`, 0 for none.
    pub(super) position: Tensor,
    /// Place of the position among those of the group `[batch, sites]`.
    pub(super) local: Tensor,
    /// Whether there is a site `[batch, sites]`.
    pub(super) there: Tensor,
    /// Whether a free parameter is there `[batch, sites, 3]`, as a number.
    pub(super) free: Tensor,
    /// Whether a cell term is free `[batch, 6]`, as a number.
    pub(super) cell_free: Tensor,
    /// Atoms in the primitive cell `[batch, 1]`.
    pub(super) atoms: Tensor,
}

/// An occupation: group, elements, sites as (kind, place of the position in the group).
pub(super) struct Occupation<'a> {
    pub(super) group: u8,
    pub(super) elements: &'a [Element],
    pub(super) sites: Vec<(usize, usize)>,
}

/// A batch.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) of: Occupations,
    /// Cell terms `[batch, 6]`.
    pub(super) cell: Tensor,
    /// Free parameters `[batch, sites, 3]`.
    pub(super) frac: Tensor,
}

impl Occupations {
    pub(super) fn new(config: &SymmetryVaeConfig, all: &[Occupation<'_>], device: Device) -> Self {
        let (rows, kinds) = (all.len(), config.kinds);
        let sites = all.iter().map(|occupation| occupation.sites.len()).max().unwrap_or(1);
        let table = position_table();
        let mut elements = vec![0i64; rows * kinds];
        let mut kind = vec![kinds as i64; rows * sites];
        let (mut element, mut position, mut local) =
            (vec![0i64; rows * sites], vec![0i64; rows * sites], vec![0i64; rows * sites]);
        let mut free = vec![0f32; rows * sites * FREE as usize];
        let mut cell_free = vec![0f32; rows * CELL_TERMS];
        let mut atoms = vec![0f32; rows];
        for (row, occupation) in all.iter().enumerate() {
            for (k, which) in occupation.elements.iter().enumerate() {
                elements[row * kinds + k] = i64::from(which.atomic_number());
            }
            let first = table.group(occupation.group).start;
            for (i, &(k, place)) in occupation.sites.iter().enumerate() {
                let at = row * sites + i;
                let entry = &table.entries()[first + place];
                kind[at] = k as i64;
                element[at] = elements[row * kinds + k];
                position[at] = (first + place) as i64;
                local[at] = place as i64;
                free[at * FREE as usize..][..entry.freedom].fill(1.0);
                atoms[row] += entry.atoms as f32;
            }
            if let Some(system) = druse_representations::symmetry::CrystalSystem::of(occupation.group) {
                free_cell_terms(system).iter().for_each(|&k| cell_free[row * CELL_TERMS + k] = 1.0);
            }
        }
        let (b, n) = (rows as i64, sites as i64);
        let per_site = |values: &[i64]| Tensor::from_slice(values).to_device(device).view([b, n]);
        let groups: Vec<i64> = all.iter().map(|o| i64::from(o.group)).collect();
        let counts: Vec<i64> = all.iter().map(|o| o.sites.len() as i64).collect();
        let kind = per_site(&kind);
        Self {
            group: Tensor::from_slice(&groups).to_device(device),
            elements: Tensor::from_slice(&elements).to_device(device).view([b, kinds as i64]),
            count: Tensor::from_slice(&counts).to_device(device),
            there: kind.lt(kinds as i64),
            kind,
            element: per_site(&element),
            position: per_site(&position),
            local: per_site(&local),
            free: Tensor::from_slice(&free).to_device(device).view([b, n, FREE]),
            cell_free: Tensor::from_slice(&cell_free).to_device(device).view([b, CELL_TERMS as i64]),
            atoms: Tensor::from_slice(&atoms).to_device(device).view([b, 1]),
        }
    }
}

impl Batch {
    /// These examples with the elements of `kinds`.
    pub(super) fn new(
        config: &SymmetryVaeConfig,
        examples: &[&SymmetryExample],
        kinds: &[Vec<Element>],
        device: Device,
    ) -> Self {
        let occupations: Vec<Occupation<'_>> = examples
            .iter()
            .zip(kinds)
            .map(|(example, elements)| Occupation {
                group: example.group,
                elements,
                sites: example.sites.iter().map(|site| (site.kind, site.position)).collect(),
            })
            .collect();
        let sites = examples.iter().map(|example| example.sites.len()).max().unwrap_or(1);
        let mut frac = vec![0f32; examples.len() * sites * FREE as usize];
        for (example, frac) in examples.iter().zip(frac.chunks_mut(sites * FREE as usize)) {
            for (site, frac) in example.sites.iter().zip(frac.chunks_mut(FREE as usize)) {
                frac[..site.free.len()].copy_from_slice(&site.free);
            }
        }
        let cell: Vec<f32> = examples.iter().flat_map(|example| example.cell).collect();
        let b = examples.len() as i64;
        Self {
            of: Occupations::new(config, &occupations, device),
            cell: Tensor::from_slice(&cell).to_device(device).view([b, CELL_TERMS as i64]),
            frac: Tensor::from_slice(&frac).to_device(device).view([b, sites as i64, FREE]),
        }
    }
}

/// Features of all positions `[positions, features]`.
pub(super) fn position_features() -> Tensor {
    let flat: Vec<f32> = position_table().features().iter().flatten().copied().collect();
    Tensor::from_slice(&flat).view([-1, POSITION_FEATURES as i64])
}

/// Features of all groups, a row of zeros first `[231, features]`.
pub(super) fn group_features() -> Tensor {
    let mut flat = vec![0f32; GROUP_FEATURES];
    flat.extend(position_table().group_features().iter().flatten());
    Tensor::from_slice(&flat).view([GROUPS, GROUP_FEATURES as i64])
}

/// Places in the table of the positions of each group, -1 past the last `[231, widest]`.
pub(super) fn group_positions() -> Tensor {
    let table = position_table();
    let widest = table.widest();
    let row = |group: i64| {
        let places = table.group(group as u8);
        (0..widest).map(move |k| if places.start + k < places.end { (places.start + k) as i64 } else { -1 })
    };
    let flat: Vec<i64> = (0..GROUPS).flat_map(row).collect();
    Tensor::from_slice(&flat).view([GROUPS, widest as i64])
}

/// Sines and cosines of numbers `[..., axes]` and their multiples `[..., 2 axes harmonics]`.
pub(super) fn harmonics(numbers: &Tensor, harmonics: i64) -> Tensor {
    let multiples = Tensor::arange_start(1, harmonics + 1, (Kind::Float, numbers.device()));
    let angles = (numbers.unsqueeze(-1) * multiples * std::f64::consts::TAU).flatten(-2, -1);
    Tensor::cat(&[angles.sin(), angles.cos()], -1)
}
