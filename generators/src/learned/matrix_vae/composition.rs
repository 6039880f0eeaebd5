//! The most probable numbers of atoms within hard constraints.

use druse_representations::{Composition, Element};

use crate::learned::latent::{Limits, rank};

/// Numbers of atoms looked at for one element.
const COUNTS: usize = 5;
/// Unfinished lists of numbers kept after every element.
const BEAM: usize = 64;

/// Elements with numbers of atoms, and the logarithm of the probability of these.
pub(super) type Filled = (Vec<(Element, usize)>, f64);

/// The most probable numbers of atoms of these elements that a space allows. `log_p` is `[kinds][atoms]`, of 1, 2, ...
/// atoms.
pub(super) fn counts(elements: &[Element], log_p: &[&[f32]], limits: Limits<'_>) -> Option<Filled> {
    let most = log_p.first()?.len();
    let [fewest, most] = limits.space.map_or([1, most], |space| [space.atoms[0], space.atoms[1].min(most)]);
    let mut open: Vec<(Vec<usize>, f64)> = vec![(Vec::new(), 0.0)];
    for (place, row) in log_p.iter().take(elements.len()).enumerate() {
        let later = elements.len() - 1 - place;
        let mut best: Vec<usize> = (0..row.len()).collect();
        best.sort_by(|a, b| row[*b].total_cmp(&row[*a]).then(a.cmp(b)));
        best.truncate(COUNTS);
        let mut next = Vec::new();
        for (numbers, sum) in &open {
            let before: usize = numbers.iter().sum();
            for &k in best.iter().filter(|&&k| before + k + 1 + later <= most) {
                let mut longer = numbers.clone();
                longer.push(k + 1);
                next.push((longer, sum + f64::from(row[k])));
            }
        }
        rank(&mut next, BEAM);
        open = next;
    }
    open.into_iter().find_map(|(numbers, sum)| {
        let filled: Vec<(Element, usize)> = elements.iter().copied().zip(numbers).collect();
        let fits = filled.iter().map(|(_, n)| n).sum::<usize>() >= fewest
            && limits.space.is_none_or(|space| {
                let composition: Composition = filled.iter().map(|&(e, n)| (e, n as f64)).collect();
                space.check_composition(&composition).is_ok()
            });
        fits.then_some((filled, sum))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::DesignSpace;

    #[test]
    fn constraints_choose_among_what_is_probable() {
        let salt = ["Na", "Cl"].map(|symbol| symbol.parse().unwrap());
        // 1 and 2 are most probable, but only 1 and 1 is neutral.
        let mut log_p = [[-10f32; 20]; 2];
        (log_p[0][0], log_p[1][1], log_p[1][0]) = (-0.1, -0.1, -1.0);
        let rows: Vec<&[f32]> = log_p.iter().map(|row| row.as_slice()).collect();
        let best = |space: Option<&DesignSpace>| counts(&salt, &rows, Limits { space, formula: None });
        assert_eq!(best(None).unwrap().0[1].1, 2);
        let space = DesignSpace::new(salt);
        assert_eq!(best(Some(&space)).unwrap().0[1].1, 1);
        assert_eq!(best(Some(&DesignSpace { atoms: [40, 50], ..space })), None);
    }
}
