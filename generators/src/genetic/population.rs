//! The survivors and who of them mates.

use druse_fitness::pareto::{
    Niche, ReferenceDirections, Standing, binary_tournaments, das_dennis, rank_and_crowding,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::GeneticOptions;
use super::selection::Selection;
use super::{lighthouse, pl_moga, weighted};

/// An evaluated design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Member<G> {
    pub(super) number: u64,
    pub(super) genome: G,
    /// Numbers to minimise; `null` in JSON stands for one that is not finite.
    #[serde(deserialize_with = "costs_from_json")]
    costs: Vec<f64>,
    violation: f64,
    /// What the lighthouse added to the violation in the latest selection.
    mask: f64,
}

/// JSON has no infinity: it is written as `null` and read back as infinity.
fn costs_from_json<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let costs = Vec::<Option<f64>>::deserialize(from)?;
    Ok(costs.into_iter().map(|cost| cost.unwrap_or(f64::INFINITY)).collect())
}

impl<G> Member<G> {
    /// A member; costs that are not finite count as infinite.
    pub(super) fn new(number: u64, genome: G, costs: Vec<f64>, violation: f64) -> Self {
        let proper = |x: f64| if x.is_finite() { x } else { f64::INFINITY };
        let violation = if violation.is_finite() { violation } else { f64::MAX };
        Self { number, genome, costs: costs.into_iter().map(proper).collect(), violation, mask: 0.0 }
    }
}

/// Survivors of all generations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Population<G> {
    selection: Selection,
    capacity: usize,
    /// Weights of the goals in a weighted sum.
    weights: Vec<f64>,
    /// Scales of the lighthouse.
    lighthouse: Vec<f64>,
    generation: u64,
    members: Vec<Member<G>>,
    /// Directions of NSGA-III and the scale of the costs, known with the number of objectives.
    directions: Option<ReferenceDirections>,
    /// Niches of NSGA-III, one per member.
    niches: Vec<Niche>,
}

impl<G> Population<G> {
    pub(super) fn new(selection: Selection, options: &GeneticOptions) -> Self {
        Self {
            selection,
            capacity: options.population.max(2),
            weights: options.weights.clone(),
            lighthouse: options.lighthouse.clone(),
            generation: 0,
            members: Vec::new(),
            directions: None,
            niches: Vec::new(),
        }
    }

    pub(super) fn members(&self) -> &[Member<G>] {
        &self.members
    }

    /// Takes a member out, for what replaces it.
    pub(super) fn remove(&mut self, number: u64) -> Option<Member<G>> {
        let place = self.members.iter().position(|member| member.number == number)?;
        if place < self.niches.len() {
            self.niches.remove(place);
            for niche in &mut self.niches {
                niche.index -= usize::from(niche.index > place);
            }
        }
        Some(self.members.remove(place))
    }

    /// Number of selections so far.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether two populations have the same settings.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.selection == other.selection
            && self.capacity == other.capacity
            && self.weights == other.weights
            && self.lighthouse == other.lighthouse
    }

    /// Whether every member has its costs and, for NSGA-III, its niche.
    pub(super) fn is_sound(&self) -> bool {
        let objectives = self.members.first().map_or(0, |member| member.costs.len());
        self.members.iter().all(|member| member.costs.len() == objectives)
            && (self.selection != Selection::Nsga3 || self.niches.len() == self.members.len())
    }

    /// Lets the best of the members and of `new` survive.
    pub(super) fn survive<R: Rng + ?Sized>(&mut self, new: Vec<Member<G>>, rng: &mut R) {
        self.generation += 1;
        self.members.extend(new);
        let Some(objectives) = self.members.first().map(|member| member.costs.len()) else { return };
        self.members.retain(|member| member.costs.len() == objectives);
        let costs: Vec<Vec<f64>> = self.members.iter().map(|member| member.costs.clone()).collect();
        for (member, mask) in self.members.iter_mut().zip(lighthouse::shortfalls(&costs, &self.lighthouse)) {
            member.mask = mask;
        }
        let violations = self.violations();
        let survivors: Vec<usize> = match self.selection {
            Selection::Nsga2 => {
                rank_and_crowding(&costs, &violations, self.capacity).iter().map(|s| s.index).collect()
            }
            Selection::Nsga3 => {
                let capacity = self.capacity;
                let directions = self.directions.get_or_insert_with(|| directions(objectives, capacity));
                self.niches = directions.select(&costs, &violations, capacity, rng);
                let survivors = self.niches.iter().map(|niche| niche.index).collect();
                for (index, niche) in self.niches.iter_mut().enumerate() {
                    niche.index = index;
                }
                survivors
            }
            Selection::PlMoga => pl_moga::survivors(&costs, &violations, self.capacity),
            Selection::WeightedSum => {
                let mut order = weighted::ranking(&costs, &violations, &self.weights);
                order.truncate(self.capacity);
                order
            }
        };
        let mut old: Vec<Option<Member<G>>> =
            std::mem::take(&mut self.members).into_iter().map(Some).collect();
        self.members = survivors.into_iter().filter_map(|i| old[i].take()).collect();
    }

    fn violations(&self) -> Vec<f64> {
        self.members.iter().map(|member| member.violation + member.mask).collect()
    }

    /// Who stands where, for the choice of parents. NSGA-III: by front, then by nearness to the
    /// reference direction. Weighted sum: everybody has a rank of its own.
    pub(super) fn standings(&self) -> Vec<Standing> {
        let costs = || -> Vec<Vec<f64>> { self.members.iter().map(|member| member.costs.clone()).collect() };
        match self.selection {
            Selection::Nsga2 | Selection::PlMoga => {
                rank_and_crowding(&costs(), &self.violations(), self.members.len())
            }
            Selection::Nsga3 => self
                .niches
                .iter()
                .map(|niche| Standing { index: niche.index, rank: niche.rank, crowding: -niche.distance })
                .collect(),
            Selection::WeightedSum => weighted::ranking(&costs(), &self.violations(), &self.weights)
                .into_iter()
                .enumerate()
                .map(|(rank, index)| Standing { index, rank, crowding: 0.0 })
                .collect(),
        }
    }

    /// A parent.
    pub(super) fn choose<R: Rng + ?Sized>(&self, standings: &[Standing], rng: &mut R) -> Option<&Member<G>> {
        let winner = match self.selection {
            Selection::PlMoga => pl_moga::roulette(standings, rng)?,
            _ => *binary_tournaments(standings, 1, rng).first()?,
        };
        self.members.get(standings.get(winner)?.index)
    }
}

/// As many evenly spread directions as fit into the population, and at least the corners.
fn directions(objectives: usize, capacity: usize) -> ReferenceDirections {
    // One objective has one direction; with m of them p divisions give C(p + m - 1, m - 1).
    let (mut divisions, mut count) = (1, objectives.max(2));
    loop {
        let next = count * (divisions + objectives) / (divisions + 1);
        if objectives < 2 || next > capacity {
            break;
        }
        (count, divisions) = (next, divisions + 1);
    }
    ReferenceDirections::new(das_dennis(objectives, divisions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_fill_the_population() {
        assert_eq!(directions(1, 40).len(), 1);
        assert_eq!(directions(2, 40).len(), 40);
        assert_eq!(directions(3, 40).len(), 36);
        assert_eq!(directions(4, 40).len(), 35);
        assert_eq!(directions(8, 5).len(), 8);
    }

    #[test]
    fn infinite_costs_survive_json() {
        let member = Member::new(3, "genome".to_owned(), vec![f64::NAN, 1.5], 0.0);
        let text = serde_json::to_string(&member).unwrap();
        assert_eq!(serde_json::from_str::<Member<String>>(&text).unwrap(), member);
    }
}
