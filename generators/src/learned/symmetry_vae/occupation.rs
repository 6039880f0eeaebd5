//! The most probable legal occupation.

use druse_representations::{Composition, Element};

use super::SymmetryVaeConfig;
use crate::learned::latent::{Limits, rank};
use crate::learned::symmetry::{PositionEntry, position_table};

/// Unfinished occupations kept after every site.
const BEAM: usize = 48;
/// Positions looked at for one site.
const POSITIONS: usize = 6;

/// Sites as (kind, place of the position in the group).
pub(super) type Sites = Vec<(usize, usize)>;

/// Group and elements, which an occupation is sought for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) group: u8,
    pub(super) elements: Vec<Element>,
}

/// What the network says of the sites of one crystal.
pub(super) struct Says<'a> {
    /// Number of sites.
    pub(super) count: usize,
    /// Logarithms of the probabilities of the kinds of each site.
    pub(super) kind: Vec<&'a [f32]>,
    /// Those of the positions.
    pub(super) position: Vec<&'a [f32]>,
}

#[derive(Clone)]
struct Open {
    sites: Sites,
    /// Atoms of each kind.
    atoms: Vec<usize>,
}

/// The most probable occupation within the limits, and the logarithm of its probability: positions are those of the
/// group, those without freedom occur once, every element occurs.
pub(super) fn search(
    config: &SymmetryVaeConfig,
    frame: &Frame,
    says: &Says<'_>,
    limits: Limits<'_>,
) -> Option<(Sites, f64)> {
    let positions = position_table().of_group(frame.group);
    let kinds = frame.elements.len();
    let [fewest, most] =
        limits.space.map_or([1, config.atoms], |space| [space.atoms[0], space.atoms[1].min(config.atoms)]);
    let wanted: Option<Vec<usize>> = limits.formula.map(|formula| {
        frame.elements.iter().map(|&element| formula.amount(element).round() as usize).collect()
    });
    let smallest = positions.iter().map(|entry| entry.atoms).min()?;
    let mut open = vec![(Open { sites: Vec::new(), atoms: vec![0; kinds] }, 0.0)];
    for site in 0..says.count {
        let left = says.count - site - 1;
        let best = likeliest(says.position[site], positions.len(), wanted.is_some());
        let mut next: Vec<(Open, f64)> = Vec::new();
        for (state, sum) in &open {
            let last = state.sites.last().copied();
            // Kinds come in order, and none is left out.
            let first = last.map_or(0, |(kind, _)| kind);
            let range = if last.is_none() { 0..1 } else { first..(first + 2).min(kinds) };
            for kind in range {
                let complete = |k: usize| wanted.as_ref().is_none_or(|wanted| state.atoms[k] == wanted[k]);
                if kinds - 1 - kind > left || (kind > first && !complete(first)) {
                    continue;
                }
                for &place in &best {
                    let entry = &positions[place];
                    let atoms: usize = state.atoms.iter().sum::<usize>() + entry.atoms;
                    let over =
                        wanted.as_ref().is_some_and(|wanted| state.atoms[kind] + entry.atoms > wanted[kind]);
                    if over || atoms + left * smallest > most || !may_follow(state, positions, kind, place) {
                        continue;
                    }
                    let mut longer = state.clone();
                    longer.sites.push((kind, place));
                    longer.atoms[kind] += entry.atoms;
                    let score = f64::from(says.kind[site][kind]) + f64::from(says.position[site][place]);
                    next.push((longer, sum + score));
                }
            }
        }
        rank(&mut next, BEAM);
        open = next;
    }
    open.into_iter().find_map(|(state, sum)| {
        let every = state.atoms.iter().all(|&n| n > 0);
        let exact = wanted.as_ref().is_none_or(|wanted| *wanted == state.atoms);
        let fits = every && exact && state.atoms.iter().sum::<usize>() >= fewest && {
            let amounts = frame.elements.iter().zip(&state.atoms).map(|(&e, &n)| (e, n as f64));
            let composition: Composition = amounts.collect();
            limits.space.is_none_or(|space| space.check_composition(&composition).is_ok())
        };
        fits.then_some((state.sites, sum))
    })
}

/// Positions by probability.
fn likeliest(log_p: &[f32], count: usize, all: bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|a, b| log_p[*b].total_cmp(&log_p[*a]).then(a.cmp(b)));
    if !all {
        places.truncate(POSITIONS);
    }
    places
}

/// Sites of one element come in order of their positions, and a position without freedom is occupied once.
fn may_follow(state: &Open, positions: &[PositionEntry], kind: usize, place: usize) -> bool {
    let ordered = state.sites.last().is_none_or(|&(before, at)| before != kind || at <= place);
    ordered && (positions[place].freedom > 0 || state.sites.iter().all(|&(_, at)| at != place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::DesignSpace;

    #[test]
    fn occupations_are_legal_and_keep_to_the_limits() {
        let config = SymmetryVaeConfig::default();
        let elements: Vec<Element> = ["Na", "Cl"].map(|symbol| symbol.parse().unwrap()).to_vec();
        let frame = Frame { group: 225, elements: elements.clone() };
        let widest = position_table().widest();
        // Both sites want the position a, which has no freedom; then b and c.
        let mut log_p = vec![-10f32; widest];
        (log_p[0], log_p[1], log_p[2]) = (-0.1, -1.0, -0.9);
        let even = vec![-1f32; 7];
        let says = Says { count: 2, kind: vec![&even, &even], position: vec![&log_p, &log_p] };
        let found = |limits| search(&config, &frame, &says, limits).map(|(sites, _)| sites);
        assert_eq!(found(Limits::NONE), Some(vec![(0, 0), (1, 2)]));
        // Na Cl2 is not neutral.
        let space = DesignSpace::new(elements);
        assert_eq!(found(Limits { space: Some(&space), formula: None }), Some(vec![(0, 0), (1, 1)]));
        let formula: Composition = "Na2Cl".parse().unwrap();
        assert_eq!(found(Limits { space: None, formula: Some(&formula) }), Some(vec![(0, 2), (1, 0)]));
        let formula: Composition = "Na5Cl".parse().unwrap();
        assert_eq!(found(Limits { space: None, formula: Some(&formula) }), None);
    }
}
