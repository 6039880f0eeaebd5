//! The best of what was evaluated, for a model to learn on from.

use druse_fitness::pareto::rank_and_crowding;
use druse_representations::symmetry::SymmetryRepresentation;
use druse_representations::{Crystal, MatrixCode, Representation};
use serde::{Deserialize, Serialize};

use crate::breeding::fnv1a;
use crate::generator::Evaluated;

/// Crystals that are remembered.
const CAPACITY: usize = 32;
/// Crystals of one chemical system and structure type among them.
const ALIKE: usize = 2;
/// Fewer crystals than this teach nothing yet.
const FEWEST: usize = 8;
/// Tolerance (Å) of structure types.
const SYMPREC: f64 = 0.05;

/// A buffer of the best crystals by Pareto rank, all within limits, in the manner of reinforcement learning of
/// molecules and materials (REINVENT, Loeffler et al., J. Cheminform. 16, 20 (2024); MatInvent, arXiv:2511.03112):
/// at most two share chemical system and structure type, so that the model is not drawn to one good spot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Replay {
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Member {
    number: u64,
    code: MatrixCode,
    costs: Vec<f64>,
    rank: usize,
    /// Hash of chemical system and structure type.
    kind: u64,
}

impl Replay {
    /// Takes in what was evaluated and keeps the best. A number that comes again replaces what it said.
    /// Returns whether anything changed.
    pub(super) fn learn(&mut self, evaluated: &[Evaluated<Crystal>]) -> bool {
        let before = self.members.clone();
        for one in evaluated {
            self.members.retain(|member| member.number != one.number);
            let Some(costs) = one.costs.as_ref().filter(|_| one.violation == 0.0) else { continue };
            if !costs.iter().all(|cost| cost.is_finite()) {
                continue;
            }
            let (Some(kind), Some(code)) = (kind(&one.design), MatrixCode::as_told(&one.design)) else {
                continue;
            };
            let (number, costs) = (one.number, costs.clone());
            self.members.push(Member { number, code: shortened(code), costs, rank: 0, kind });
        }
        self.select();
        self.members != before
    }

    fn select(&mut self) {
        let Some(objectives) = self.members.last().map(|member| member.costs.len()) else { return };
        self.members.retain(|member| member.costs.len() == objectives);
        let costs: Vec<Vec<f64>> = self.members.iter().map(|member| member.costs.clone()).collect();
        let mut standings = rank_and_crowding(&costs, &vec![0.0; costs.len()], costs.len());
        standings.sort_by(|a, b| {
            let number = |index: usize| self.members[index].number;
            a.rank
                .cmp(&b.rank)
                .then(b.crowding.total_cmp(&a.crowding))
                .then(number(a.index).cmp(&number(b.index)))
        });
        let mut kept: Vec<Member> = Vec::new();
        for standing in standings {
            let member = &self.members[standing.index];
            let alike = kept.iter().filter(|other| other.kind == member.kind).count();
            if alike < ALIKE && kept.len() < CAPACITY {
                kept.push(Member { rank: standing.rank, ..member.clone() });
            }
        }
        kept.sort_by_key(|member| member.number);
        self.members = kept;
    }

    /// The crystals with their weights, less for those behind the front; none while there are few.
    pub(super) fn crystals(&self) -> Vec<(Crystal, f64)> {
        if self.members.len() < FEWEST {
            return Vec::new();
        }
        let weight = |member: &Member| 1.0 / (1.0 + member.rank as f64);
        self.members.iter().map(|member| (member.code.to_crystal(), weight(member))).collect()
    }

    /// Whether every member is a crystal.
    pub(super) fn is_sound(&self) -> bool {
        self.members.len() <= CAPACITY && self.members.iter().all(|member| member.code.is_valid())
    }
}

/// Hash of the chemical system and of the structure type: space group and occupied positions. `None` for what
/// cannot be analysed.
fn kind(crystal: &Crystal) -> Option<u64> {
    let code = SymmetryRepresentation::new(SYMPREC).encode(crystal).ok()?;
    let mut letters: Vec<char> = code.orbits.iter().map(|orbit| orbit.letter).collect();
    letters.sort_unstable();
    let letters: String = letters.into_iter().collect();
    let mut elements: Vec<&str> = code.composition().elements().map(|element| element.symbol()).collect();
    elements.sort_unstable();
    Some(fnv1a(format!("{}|{}|{letters}", elements.join("-"), code.space_group).as_bytes()))
}

/// Coordinates and cell with as many digits as matter, for a state that is written often.
fn shortened(mut code: MatrixCode) -> MatrixCode {
    let short = |x: f64| (x * 1e5).round() / 1e5;
    code.lattice = druse_representations::Lattice::from_matrix(code.lattice.matrix().map(short));
    code.frac.iter_mut().flatten().for_each(|x| *x = short(*x));
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    fn evaluated(number: u64, symbol: &str, costs: Option<[f64; 2]>, violation: f64) -> Evaluated<Crystal> {
        let edge = 3.0 + 0.01 * number as f64;
        let design = Crystal::ordered(Lattice::cubic(edge), [(symbol.parse().unwrap(), [0.0; 3])]);
        Evaluated { number, design, costs: costs.map(|costs| costs.to_vec()), violation }
    }

    #[test]
    fn the_best_are_kept_and_no_more_than_two_are_alike() {
        let mut replay = Replay::default();
        let symbols: Vec<&str> = "Li Na K Rb Cs Mg Ca Sr Ba Sc Y La Ti Zr Hf V Nb Ta".split(' ').collect();
        let all: Vec<Evaluated<Crystal>> = (0..90)
            .map(|number| {
                let x = number as f64;
                evaluated(number, symbols[number as usize % symbols.len()], Some([x, 100.0 - x]), 0.0)
            })
            .collect();
        assert!(replay.learn(&all));
        let of = |replay: &Replay, symbol: &str| {
            replay.members.iter().filter(|member| member.code.species[0].symbol() == symbol).count()
        };
        assert!(symbols.iter().all(|symbol| of(&replay, symbol) <= ALIKE));
        assert_eq!(replay.members.len(), CAPACITY);
        assert!(!replay.learn(&all), "the same again changes nothing");
        // Worse, outside of limits, failed: none of them comes in.
        let bad = [
            evaluated(100, "Fe", Some([500.0, 500.0]), 0.0),
            evaluated(101, "Fe", Some([-1.0, -1.0]), 0.3),
            evaluated(102, "Fe", None, 0.0),
        ];
        assert!(!replay.learn(&bad));
        assert!(replay.learn(&[evaluated(103, "Fe", Some([-1.0, -1.0]), 0.0)]));
        assert_eq!(of(&replay, "Fe"), 1);
        // A measurement says that it was not so good after all.
        assert!(replay.learn(&[evaluated(103, "Fe", Some([600.0, 600.0]), 0.0)]));
        let text = serde_json::to_string(&replay).unwrap();
        assert_eq!(serde_json::from_str::<Replay>(&text).unwrap(), replay);
    }
}
