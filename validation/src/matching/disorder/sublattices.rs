//! Sublattices of the parent, and who sits on them.

use druse_representations::symmetry::analyse;
use druse_representations::{Crystal, Element, Site};

use crate::matching::comparison::Sublattice;
use crate::matching::leak_safe::fold::fold;
use crate::matching::leak_safe::{Contents, Labelled, Laid, contents};
use crate::matching::{Cell, Species};

/// Displacements (Å) that are averaged away to find the parent of a relaxed ordering.
const PARENT_TOLERANCES: [f64; 2] = [0.5, 0.25];

/// Tolerances (Å) at which the symmetry of the parent is looked for: averaging over few copies leaves
/// displacements, so loose ones come first.
const SYMMETRY_TOLERANCES: [f64; 3] = [0.3, 0.1, 0.01];

/// The sublattices of two crystals laid on one another; `None` without a mapping.
pub(super) fn sublattices(first: Labelled<'_>, second: Labelled<'_>, laid: &Laid) -> Option<Vec<Sublattice>> {
    let pairs = &laid.comparison.mapping.as_ref()?.sites;
    let x = contents(first, laid.cells.0, &laid.limits);
    let y = contents(second, laid.cells.1, &laid.limits);
    // The smaller of the two cells is the parent's.
    let first_is_parent = x.cell.len() <= y.cell.len();
    let (parent, labels) = if first_is_parent { (&x.cell, first.1) } else { (&y.cell, second.1) };
    let orbits = orbits(parent, labels);
    let mut numbers = orbits.clone();
    numbers.sort_unstable();
    numbers.dedup();
    let sublattice = |number: usize| {
        let (mut of_first, mut of_second) = (Shares::default(), Shares::default());
        for &(i, j) in pairs {
            if orbits[if first_is_parent { i } else { j }] == number {
                of_first.add(&x, i, &first.0.species);
                of_second.add(&y, j, &second.0.species);
            }
        }
        let mut elements: Vec<Element> =
            of_first.amounts.iter().chain(&of_second.amounts).map(|&(element, _)| element).collect();
        elements.sort_unstable();
        elements.dedup();
        let sites = orbits.iter().filter(|&&orbit| orbit == number).count();
        Sublattice {
            first: elements.iter().map(|&element| of_first.share(element)).collect(),
            second: elements.iter().map(|&element| of_second.share(element)).collect(),
            sites,
            elements,
        }
    };
    Some(numbers.into_iter().map(sublattice).collect())
}

/// Largest difference of the shares of vacancies.
pub(super) fn vacancy_gap(sublattices: &[Sublattice]) -> f64 {
    let filled = |shares: &[f64]| shares.iter().sum::<f64>();
    sublattices.iter().map(|s| (filled(&s.first) - filled(&s.second)).abs()).fold(0.0, f64::max)
}

/// Largest difference of the shares of an element on any sublattice, and what is left of it when all
/// sublattices on which a set of elements mixes are taken together.
pub(super) fn ratio_gaps(sublattices: &[Sublattice], mixing: &[Vec<Element>]) -> (f64, f64) {
    let pairs = sublattices.iter().flat_map(|s| s.first.iter().zip(&s.second));
    let on_one = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    let mut overall = 0.0_f64;
    for set in mixing {
        let on: Vec<&Sublattice> =
            sublattices.iter().filter(|s| s.elements.iter().any(|element| set.contains(element))).collect();
        let sites: usize = on.iter().map(|s| s.sites).sum();
        for element in set {
            let difference: f64 = on
                .iter()
                .filter_map(|s| {
                    let place = s.elements.iter().position(|known| known == element)?;
                    Some((s.first[place] - s.second[place]) * s.sites as f64)
                })
                .sum();
            overall = overall.max(difference.abs() / sites as f64);
        }
    }
    (on_one, overall)
}

/// Amounts of elements on some sites.
#[derive(Default)]
struct Shares {
    amounts: Vec<(Element, f64)>,
    sites: f64,
}

impl Shares {
    fn add(&mut self, contents: &Contents, site: usize, species: &[Species]) {
        let kinds = &contents.kinds[site];
        self.sites += 1.0;
        for occupant in kinds.iter().flat_map(|&kind| &species[usize::from(kind)]) {
            let part = occupant.occupancy / kinds.len() as f64;
            match self.amounts.iter_mut().find(|(element, _)| *element == occupant.element) {
                Some((_, amount)) => *amount += part,
                None => self.amounts.push((occupant.element, part)),
            }
        }
    }

    fn share(&self, wanted: Element) -> f64 {
        let amount = self.amounts.iter().find(|(element, _)| *element == wanted).map_or(0.0, |pair| pair.1);
        amount / self.sites
    }
}

/// For each site a number that equivalent ones share: the cell is folded into that of the parent,
/// and the symmetry of the parent decides, where only labels count. Where no symmetry is found, all
/// sites of one label are equivalent.
fn orbits(cell: &Cell, labels: &[u16]) -> Vec<usize> {
    let label = |cell: &Cell, site: usize| labels[usize::from(cell.kinds[site])];
    for tolerance in PARENT_TOLERANCES {
        let parent = fold(cell, labels, tolerance, tolerance);
        // Any elements will do, as long as they tell the labels apart.
        let stand_in = |site: usize| {
            let number = u8::try_from(label(&parent.cell, site) + 1).ok()?;
            Some(Site::ordered(Element::from_atomic_number(number)?, parent.cell.frac[site]))
        };
        let Some(sites) = (0..parent.cell.len()).map(stand_in).collect::<Option<Vec<Site>>>() else { break };
        let crystal = Crystal { lattice: parent.cell.lattice, sites };
        if let Some(info) =
            SYMMETRY_TOLERANCES.iter().find_map(|&tolerance| analyse(&crystal, tolerance).ok())
        {
            return parent.sites.iter().map(|&site| info.sites[site].representative).collect();
        }
    }
    let alike =
        |site: usize| (0..site).find(|&other| label(cell, other) == label(cell, site)).unwrap_or(site);
    (0..cell.len()).map(alike).collect()
}
