//! Folding a motif along translations that hold only roughly.
//!
//! The primitive cell of a noisy supercell cannot be found with a fixed tolerance, and two crystals
//! of one kind can then have cells that share no whole-numbered ratio. Here the sites of a cell are
//! averaged over a pseudo-translation, and the mean square displacement that this takes out is kept,
//! so that distances of folded motifs remain honest: displacements of the two crystals from
//! their averages are independent, and the mean squares add up.

use druse_representations::nalgebra::Vector3;

use crate::matching::Cell;

/// A cell folded as far as its limits allow.
#[derive(Clone, Debug)]
pub(in crate::matching) struct Folded {
    pub(in crate::matching) cell: Cell,
    /// Mean square displacement of the sites from their averages (Å^2).
    pub(in crate::matching) square: f64,
    /// Largest of these displacements, or a bound of it (Å).
    pub(in crate::matching) largest: f64,
    /// For each site of the cell given its site in the folded one.
    pub(in crate::matching) sites: Vec<usize>,
}

/// Orders of the translations that are tried; larger supercells are products of these.
const ORDERS: [usize; 4] = [2, 3, 5, 7];

/// Folds `cell` along pseudo-translations, each time along the one that moves sites least, while the
/// root mean square displacement stays within `rms` and every single one within `largest` (Å). Kinds with
/// the same number in `labels` may fall together; the kind of the first site is kept.
pub(in crate::matching) fn fold(cell: &Cell, labels: &[u16], rms: f64, largest: f64) -> Folded {
    let mut folded =
        Folded { cell: cell.clone(), square: 0.0, largest: 0.0, sites: (0..cell.kinds.len()).collect() };
    while let Some(next) = ORDERS.iter().find_map(|&order| {
        let left = rms * rms - folded.square;
        best_fold(&folded.cell, labels, order, left, largest - folded.largest)
    }) {
        let sites = folded.sites.iter().map(|&site| next.sites[site]).collect();
        folded = Folded {
            cell: next.cell,
            square: folded.square + next.square,
            largest: folded.largest + next.largest,
            sites,
        };
    }
    folded
}

fn best_fold(cell: &Cell, labels: &[u16], order: usize, most: f64, largest: f64) -> Option<Folded> {
    if most <= 0.0 || largest <= 0.0 {
        return None;
    }
    let n = cell.kinds.len();
    let label = |site: usize| labels[usize::from(cell.kinds[site])];
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for site in 0..n {
        match groups.iter_mut().find(|group| label(group[0]) == label(site)) {
            Some(group) => group.push(site),
            None => groups.push(vec![site]),
        }
    }
    if groups.iter().any(|group| !group.len().is_multiple_of(order)) {
        return None;
    }
    groups.sort_by_key(Vec::len);
    let mut least = most;
    let mut best = None;
    for numerators in translations(order) {
        let Some(orbits) = orbits(cell, &groups, numerators, order, least, largest) else { continue };
        if orbits.square < least {
            least = orbits.square;
            best = Some((numerators, orbits));
        }
    }
    let (numerators, orbits) = best?;
    along(cell, numerators, order, &orbits)
}

/// One translation (numerators over the order) for each cyclic group of this prime order.
fn translations(order: usize) -> impl Iterator<Item = [i32; 3]> {
    let order = order as i32;
    let first = (0..order).flat_map(move |j| (0..order).map(move |k| [1, j, k]));
    first.chain((0..order).map(|k| [0, 1, k])).chain([[0, 0, 1]])
}

/// Sites that a translation carries into one another.
struct Orbits {
    /// Sites of each orbit with their displacements from its first site, once the translation is
    /// taken off.
    members: Vec<Vec<(usize, Vector3<f64>)>>,
    square: f64,
    largest: f64,
}

fn orbits(
    cell: &Cell,
    groups: &[Vec<usize>],
    numerators: [i32; 3],
    order: usize,
    most: f64,
    largest: f64,
) -> Option<Orbits> {
    let n = cell.kinds.len();
    let translation = Vector3::from(numerators.map(f64::from)) / order as f64;
    let mut taken = vec![false; n];
    let mut members = Vec::with_capacity(n / order);
    let (mut sum, mut farthest) = (0.0, 0.0_f64);
    // A single step moves two displaced sites on one another.
    let reach = (2.0 * largest).powi(2);
    for group in groups {
        for &start in group {
            if taken[start] {
                continue;
            }
            taken[start] = true;
            let mut orbit = vec![(start, Vector3::zeros())];
            let mut drift = Vector3::zeros();
            let mut at = start;
            for _ in 1..order {
                let place = cell.frac[at] + translation;
                let mut nearest: Option<(usize, Vector3<f64>)> = None;
                let mut least = reach;
                for &other in group.iter().filter(|&&other| !taken[other]) {
                    let way = cell.frac[other] - place;
                    let way = way - way.map(f64::round);
                    let squared = cell.lattice.to_cartesian(&way).norm_squared();
                    if squared < least {
                        least = squared;
                        nearest = Some((other, way));
                    }
                }
                let (other, way) = nearest?;
                taken[other] = true;
                drift += way;
                orbit.push((other, drift));
                at = other;
            }
            let mean = orbit.iter().map(|(_, drift)| drift).sum::<Vector3<f64>>() / order as f64;
            for (_, drift) in &orbit {
                let squared = cell.lattice.to_cartesian(&(drift - mean)).norm_squared();
                if squared > largest * largest {
                    return None;
                }
                farthest = farthest.max(squared);
                sum += squared;
            }
            if sum > most * n as f64 {
                return None;
            }
            members.push(orbit);
        }
    }
    Some(Orbits { members, square: sum / n as f64, largest: farthest.sqrt() })
}

/// The cell with the translation added to its lattice.
fn along(cell: &Cell, numerators: [i32; 3], order: usize, orbits: &Orbits) -> Option<Folded> {
    // The first vector with numerator 1 is replaced by the translation.
    let axis = numerators.iter().position(|&numerator| numerator == 1)?;
    let translation = Vector3::from(numerators.map(f64::from)) / order as f64;
    let mut rows = *cell.lattice.matrix();
    rows.set_row(axis, &(translation.transpose() * cell.lattice.matrix()));
    let turned = |x: &Vector3<f64>| {
        Vector3::from_fn(|k, _| {
            if k == axis { x[axis] * order as f64 } else { x[k] - x[axis] * f64::from(numerators[k]) }
        })
    };
    let mut kinds = Vec::with_capacity(orbits.members.len());
    let mut frac = Vec::with_capacity(orbits.members.len());
    let mut sites = vec![0; cell.kinds.len()];
    for (place, orbit) in orbits.members.iter().enumerate() {
        let first = orbit[0].0;
        let mean = orbit.iter().map(|(_, drift)| drift).sum::<Vector3<f64>>() / order as f64;
        kinds.push(cell.kinds[first]);
        frac.push(turned(&(cell.frac[first] + mean)));
        orbit.iter().for_each(|&(site, _)| sites[site] = place);
    }
    let lattice = druse_representations::Lattice::from_matrix(rows);
    let cell = Cell { lattice, kinds, frac }.niggli().ok()?;
    Some(Folded { cell, square: orbits.square, largest: orbits.largest, sites })
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    /// A row of `n` atoms along x with these displacements (Å), spacing 3 Å.
    fn row(displacements: &[f64]) -> Cell {
        let n = displacements.len() as f64;
        Cell {
            lattice: Lattice::from_rows([[3.0 * n, 0.0, 0.0], [0.0, 50.0, 0.0], [0.0, 0.0, 50.0]]),
            kinds: vec![0; displacements.len()],
            frac: displacements
                .iter()
                .enumerate()
                .map(|(i, d)| Vector3::new((i as f64 + d / 3.0) / n, 0.25, 0.5))
                .collect(),
        }
    }

    #[test]
    fn noise_is_averaged_and_told() {
        let displacements = [0.1, -0.1, 0.2, 0.0, -0.2, 0.0];
        let folded = fold(&row(&displacements), &[0], 0.3, 0.5);
        assert_eq!(folded.cell.len(), 1);
        assert!((folded.cell.lattice.volume() - 3.0 * 2500.0).abs() < 1e-6);
        // Mean square about the mean, here zero.
        let square = displacements.iter().map(|d| d * d).sum::<f64>() / 6.0;
        assert!((folded.square - square).abs() < 1e-9);
        assert!(folded.largest >= 0.2 - 1e-9 && folded.largest < 0.4);
        assert_eq!(folded.sites, [0; 6]);
    }

    #[test]
    fn limits_and_labels_stop_folding() {
        // A dimerised row: 0.6 Å between its two kinds of distances.
        assert_eq!(fold(&row(&[0.3, -0.3, 0.3, -0.3]), &[0], 0.2, 0.5).cell.len(), 2);
        assert_eq!(fold(&row(&[0.3, -0.3, 0.3, -0.3]), &[0], 0.4, 0.5).cell.len(), 1);
        let mut mixed = row(&[0.0; 4]);
        mixed.kinds = vec![0, 1, 0, 1];
        assert_eq!(fold(&mixed, &[0, 1], 0.2, 0.5).cell.len(), 2);
        assert_eq!(fold(&mixed, &[0, 0], 0.2, 0.5).cell.len(), 1);
        mixed.kinds = vec![0, 1, 1, 1];
        assert_eq!(fold(&mixed, &[0, 1], 0.2, 0.5).cell.len(), 4);
    }
}
