//! The primitive cell at a loose tolerance.
//!
//! A lattice translation is one that carries every site near a site of the same kind. Supercell
//! matrices in Hermite normal form are tried in the order of their determinants; the first whose
//! finer lattice consists of such translations, and under which the sites fall into groups of equal
//! size, wins. This is the search of pymatgen's `get_primitive_structure`, with its tolerances.

use druse_representations::Lattice;
use druse_representations::crystal::wrap;
use druse_representations::nalgebra::{Matrix3, Vector3};

use super::super::pattern::Cell;

/// Sites of one label, and their coordinates.
struct Group {
    sites: Vec<usize>,
    frac: Vec<Vector3<f64>>,
}

/// The smallest cell found by folding again and again, not reduced, and whether it is smaller than
/// `cell`. `labels` holds for each kind a number: sites whose kinds share one may fall together, and
/// the sites of the new cell are ordered by it.
pub(in super::super) fn primitive(cell: Cell, labels: &[u16], tolerance: f64) -> (Cell, bool) {
    let mut cell = cell;
    let mut smaller = false;
    while let Some(folded) = fold(&cell, labels, tolerance) {
        cell = folded;
        smaller = true;
    }
    (cell, smaller)
}

fn fold(cell: &Cell, labels: &[u16], tolerance: f64) -> Option<Cell> {
    let groups = groups(cell, labels);
    let units = groups.iter().map(|group| group.sites.len()).fold(0, gcd);
    if units < 2 {
        return None;
    }
    let window = Vector3::from(cell.lattice.lengths()).map(|length| tolerance / length);
    let translations = translations(&groups, &window);
    // The only translation left is none: no row of a finer lattice is that short.
    if translations.len() == 1 && window.max() * (units as f64) < 1.0 {
        return None;
    }
    let near = |row: &Vector3<f64>| translations.iter().any(|t| within(&(row - t), &window));
    (2..=units).filter(|size| units.is_multiple_of(*size)).find_map(|size| {
        finer_lattices(size, near, |matrix| merge(cell, &groups, &matrix, size, &window, tolerance))
    })
}

/// Groups in the order of labels, sites in theirs.
fn groups(cell: &Cell, labels: &[u16]) -> Vec<Group> {
    let mut order: Vec<usize> = (0..cell.kinds.len()).collect();
    let label = |site: usize| labels[usize::from(cell.kinds[site])];
    order.sort_by_key(|&site| label(site));
    order
        .chunk_by(|&x, &y| label(x) == label(y))
        .map(|sites| Group { sites: sites.to_vec(), frac: sites.iter().map(|&i| cell.frac[i]).collect() })
        .collect()
}

/// Ways from the first site of the smallest group to its others that carry every site to within twice
/// the window of a site of its group.
fn translations(groups: &[Group], window: &Vector3<f64>) -> Vec<Vector3<f64>> {
    let mut by_size: Vec<&Group> = groups.iter().collect();
    by_size.sort_by_key(|group| group.sites.len());
    let Some(smallest) = by_size.first() else { return Vec::new() };
    let mut translations: Vec<_> = smallest.frac.iter().map(|x| x - smallest.frac[0]).collect();
    let wide = window * 2.0;
    for group in by_size {
        for from in &group.frac {
            if translations.len() == 1 {
                return translations;
            }
            translations.retain(|t| {
                let goal = from + t;
                group.frac.iter().any(|to| within(&(goal - to), &wide))
            });
        }
    }
    translations
}

/// Tries the sublattices of index `size` (upper triangular matrices [[a, b, c], [0, e, f], [0, 0, g]])
/// whose inverse has rows that are all `near` a translation.
fn finer_lattices<T>(
    size: usize,
    near: impl Fn(&Vector3<f64>) -> bool,
    mut attempt: impl FnMut(Matrix3<f64>) -> Option<T>,
) -> Option<T> {
    let factors = |n: usize| (1..=n).filter(move |k| n.is_multiple_of(*k));
    for a in factors(size) {
        for e in factors(size / a) {
            let g = size / a / e;
            let [af, ef, gf] = [a, e, g].map(|x| x as f64);
            if !near(&Vector3::new(0.0, 0.0, 1.0 / gf)) {
                continue;
            }
            let second: Vec<f64> = (0..e)
                .map(|f| f as f64)
                .filter(|f| near(&Vector3::new(0.0, 1.0 / ef, -f / (ef * gf))))
                .collect();
            if second.is_empty() {
                continue;
            }
            for (b, c) in (0..a).flat_map(|b| (0..a).map(move |c| (b as f64, c as f64))) {
                for &f in &second {
                    let row = Vector3::new(1.0 / af, -b / (af * ef), (b * f - c * ef) / (af * ef * gf));
                    if near(&row)
                        && let Some(found) = attempt(Matrix3::new(af, b, c, 0.0, ef, f, 0.0, 0.0, gf))
                    {
                        return Some(found);
                    }
                }
            }
        }
    }
    None
}

/// The cell whose supercell by `matrix` is `cell`; `None` unless the sites of every group fall into
/// groups of `size` that are all near each other in the small cell and apart in the large one.
fn merge(
    cell: &Cell,
    groups: &[Group],
    matrix: &Matrix3<f64>,
    size: usize,
    window: &Vector3<f64>,
    tolerance: f64,
) -> Option<Cell> {
    let lattice = Lattice::from_matrix(matrix.try_inverse()? * cell.lattice.matrix());
    let small_window = Vector3::from(lattice.lengths()).map(|length| tolerance / length);
    let apart = window * 2.0;
    let mut merged = Cell { lattice, kinds: Vec::new(), frac: Vec::new() };
    for group in groups {
        let n = group.sites.len();
        let places: Vec<_> = group.frac.iter().map(|x| matrix.tr_mul(x)).collect();
        let mut members: Vec<usize> = Vec::with_capacity(n * size);
        for i in 0..n {
            let start = members.len();
            for j in 0..n {
                let near = within(&(places[j] - places[i]), &small_window)
                    && (i == j || beyond(&(group.frac[j] - group.frac[i]), &apart));
                if near {
                    if members.len() - start == size {
                        return None;
                    }
                    members.push(j);
                }
            }
            if members.len() - start != size {
                return None;
            }
        }
        let mut added = vec![false; n];
        for i in 0..n {
            if added[i] {
                continue;
            }
            let own = &members[i * size..(i + 1) * size];
            if own.iter().any(|&j| members[j * size..(j + 1) * size] != *own) {
                return None;
            }
            let mut mean = places[own[0]].map(wrap);
            for (count, &j) in own.iter().enumerate() {
                added[j] = true;
                let way = places[j].map(wrap) - mean;
                mean += (way - way.map(f64::round)) / (count + 1) as f64;
            }
            merged.kinds.push(cell.kinds[group.sites[own[0]]]);
            merged.frac.push(mean);
        }
    }
    Some(merged)
}

/// Whether a way is shorter than `window` along every axis, up to lattice translations.
fn within(way: &Vector3<f64>, window: &Vector3<f64>) -> bool {
    (0..3).all(|k| (way[k] - way[k].round()).abs() < window[k])
}

/// Whether a way is longer than `window` along any axis, up to lattice translations.
fn beyond(way: &Vector3<f64>, window: &Vector3<f64>) -> bool {
    (0..3).any(|k| (way[k] - way[k].round()).abs() > window[k])
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
