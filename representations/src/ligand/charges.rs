//! Formal charges for graphs of which only the bond orders and the total charge are known.
//!
//! Each atom gets the charge that completes its shell with the bonds it has, after aromatic bonds
//! have been turned into single and double ones. What remains to the total goes to the donors: a
//! metal is where electrons can be counted either way (carbenes, nitrosyls, metallocenes).

use petgraph::graph::{NodeIndex, UnGraph};

use super::kekule::Aromatic;
use super::{Atom, BondOrder};

/// Sets the formal charge of each atom from its bonds; the sum is `total`.
///
/// Charges that were there before are ignored. Atoms of unknown bonds, and metals, get none. If the
/// sum is not yet `total`, it is corrected in steps of one on the donor atoms: electrons are taken
/// from the most negative donor and given to the most positive, the first of them when equal.
/// Without donors all atoms take part. The sum cannot exceed what `i8` holds on the atoms.
pub fn assign_formal_charges(graph: &mut UnGraph<Atom, BondOrder>, donors: &[Vec<usize>], total: i32) {
    let mut is_donor = vec![false; graph.node_count()];
    for &atom in donors.iter().flatten() {
        if let Some(slot) = is_donor.get_mut(atom) {
            *slot = true;
        }
    }
    let charges = natural_charges(graph, &is_donor, total);
    for (atom, charge) in graph.node_weights_mut().zip(charges) {
        atom.formal_charge = charge;
    }
    let mut sites: Vec<usize> =
        donors.iter().flatten().copied().filter(|&atom| atom < graph.node_count()).collect();
    if sites.is_empty() {
        sites = (0..graph.node_count()).collect();
    }
    correct(graph, &sites, total);
}

/// Changes the charges of these atoms one by one until the sum of all is `total`.
fn correct(graph: &mut UnGraph<Atom, BondOrder>, sites: &[usize], total: i32) {
    let mut sum: i32 = graph.node_weights().map(|atom| i32::from(atom.formal_charge)).sum();
    while sum != total {
        let step: i8 = if sum < total { 1 } else { -1 };
        // The most negative when rising, the most positive when falling; `min` keeps the first.
        let site = sites
            .iter()
            .map(|&atom| NodeIndex::new(atom))
            .filter(|&atom| graph[atom].formal_charge.checked_add(step).is_some())
            .min_by_key(|&atom| i32::from(graph[atom].formal_charge) * i32::from(step));
        let Some(site) = site else { return };
        graph[site].formal_charge += step;
        sum += i32::from(step);
    }
}

/// Charges by the rules of valence. Cationic aromatic nitrogen (pyridinium, mesoionic carbenes) and
/// oxygen (pyrylium) is only assumed when the total asks for it.
fn natural_charges(graph: &UnGraph<Atom, BondOrder>, is_donor: &[bool], total: i32) -> Vec<i8> {
    let bonds: Vec<Bonds> = graph.node_indices().map(|atom| Bonds::of(graph, atom)).collect();
    let aromatic = Aromatic::new(graph);
    let mut wants: Vec<bool> = graph.node_indices().map(|atom| wants_double(graph, atom, &bonds)).collect();
    let mut optional: Vec<usize> =
        (0..bonds.len()).filter(|&atom| can_be_onium(graph, atom, &bonds)).collect();
    optional.sort_by_key(|&atom| (element(graph, atom), atom));
    let mut order: Vec<usize> = (0..bonds.len()).filter(|&atom| bonds[atom].aromatic > 0).collect();
    order.sort_by_key(|&atom| (reluctance(graph, atom, &bonds, is_donor), atom));
    loop {
        let mut double = wants.clone();
        aromatic.settle(&mut double, &order);
        let charges: Vec<i8> = (0..bonds.len())
            .map(|atom| {
                let valence = bonds[atom].sum + u8::from(double[atom]);
                natural_charge(graph, atom, &bonds[atom], valence, is_donor[atom])
            })
            .collect();
        let sum: i32 = charges.iter().map(|charge| i32::from(*charge)).sum();
        if sum + 2 > total || optional.is_empty() {
            return charges;
        }
        let pairs = aromatic.pairs(&wants);
        let helpful = optional.iter().position(|&atom| {
            let mut more = wants.clone();
            more[atom] = true;
            aromatic.pairs(&more) > pairs
        });
        match helpful {
            Some(index) => wants[optional.remove(index)] = true,
            None => return charges,
        }
    }
}

/// The bonds of one atom.
struct Bonds {
    /// Sum of orders, with 1 for aromatic and unknown bonds.
    sum: u8,
    /// Number of bonds.
    count: u8,
    aromatic: u8,
    unknown: bool,
}

impl Bonds {
    fn of(graph: &UnGraph<Atom, BondOrder>, atom: NodeIndex) -> Self {
        let mut bonds = Self { sum: 0, count: 0, aromatic: 0, unknown: false };
        for edge in graph.edges(atom) {
            bonds.count = bonds.count.saturating_add(1);
            let order = match edge.weight() {
                BondOrder::Single => 1,
                BondOrder::Double => 2,
                BondOrder::Triple => 3,
                BondOrder::Aromatic => {
                    bonds.aromatic = bonds.aromatic.saturating_add(1);
                    1
                }
                BondOrder::Unknown => {
                    bonds.unknown = true;
                    1
                }
            };
            bonds.sum = bonds.sum.saturating_add(order);
        }
        bonds
    }
}

fn element(graph: &UnGraph<Atom, BondOrder>, atom: usize) -> u8 {
    graph[NodeIndex::new(atom)].element.atomic_number()
}

/// Whether an aromatic atom is one double bond short of its usual valence.
fn wants_double(graph: &UnGraph<Atom, BondOrder>, atom: NodeIndex, bonds: &[Bonds]) -> bool {
    let Bonds { sum, aromatic, .. } = bonds[atom.index()];
    aromatic > 0
        && match graph[atom].element.group() {
            14 => sum == 2 || sum == 3,
            15 => sum == 2 || sum == 4 && graph[atom].element.atomic_number() != 7,
            13 => sum == 2,
            _ => false,
        }
}

/// Whether an aromatic atom could have a double bond at the price of a positive charge.
fn can_be_onium(graph: &UnGraph<Atom, BondOrder>, atom: usize, bonds: &[Bonds]) -> bool {
    bonds[atom].aromatic > 0
        && match graph[NodeIndex::new(atom)].element.group() {
            15 => bonds[atom].sum == 3,
            16 => bonds[atom].sum == 2,
            _ => false,
        }
}

/// Rank of an aromatic atom among those that may have to go without a double bond: anions of
/// nitrogen, then carbenes, then carbanions, each at donors first.
fn reluctance(graph: &UnGraph<Atom, BondOrder>, atom: usize, bonds: &[Bonds], is_donor: &[bool]) -> u8 {
    let kind = match (graph[NodeIndex::new(atom)].element.group(), bonds[atom].sum) {
        (15, 2) => 0,
        (14, 2) => 2,
        _ => 4,
    };
    kind + u8::from(!is_donor[atom])
}

/// The charge that completes the shell of an atom with this valence.
fn natural_charge(
    graph: &UnGraph<Atom, BondOrder>,
    atom: usize,
    bonds: &Bonds,
    valence: u8,
    is_donor: bool,
) -> i8 {
    if bonds.unknown {
        return 0;
    }
    let element = graph[NodeIndex::new(atom)].element;
    let z = element.atomic_number();
    let v = valence.min(16).cast_signed();
    let multiple = valence > bonds.count;
    match element.group() {
        1 if z == 1 => (v - 1).min(0),
        13 => match v {
            4 => -1,
            _ => 0,
        },
        14 => match v {
            1 => -3,
            3 => -1,
            // Silicates and stannates; carbon with more than four neighbours belongs to a cage.
            5 | 6 if z != 6 => 4 - v,
            _ => 0,
        },
        15 => match v {
            0..=2 => v - 3,
            4 if multiple && z != 7 => -1,
            4 => 1,
            6 => -1,
            _ => 0,
        },
        16 => match v {
            0 | 1 => v - 2,
            3 if multiple && z != 8 && is_donor => -1,
            3 => 1,
            5 => -1,
            _ => 0,
        },
        17 => match v {
            0 => -1,
            // Oxygen bound by single bonds, as in a perchlorate without double bonds.
            2 | 4 | 6 => v - 1,
            _ => 0,
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
