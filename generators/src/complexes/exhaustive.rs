//! All complexes of a space, for spaces small enough.

use std::collections::BTreeSet;
use std::sync::Arc;

use druse_representations::{Complex, Design};
use serde_json::{Value, json};

use super::part::Part;
use super::placing::spans;
use super::plan::{Frame, Plan};
use super::space::{ComplexSpace, SpinRule};
use super::violation::ComplexSpaceError;
use crate::generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};

/// More complexes than this are no space to enumerate.
const MOST: usize = 100_000;

impl ComplexSpace {
    /// All complexes of this space in an order that depends on the space alone: metals, polyhedra and
    /// sets of ligands in the order given, isomers in that of
    /// [`isomers`](druse_representations::complex::isomers).
    ///
    /// # Errors
    /// When the space contradicts itself or holds more than 100,000 complexes.
    pub fn enumerate(&self) -> Result<Vec<Complex>, ComplexSpaceError> {
        self.check()?;
        let parts: Vec<Arc<Part>> = self.allowed().parts().to_vec();
        let mut enumeration = Enumeration { space: self, parts, ids: BTreeSet::new(), complexes: Vec::new() };
        for &(metal, ref states) in &self.metals {
            for &oxidation_state in states {
                for &geometry in &self.geometries {
                    let frame = Frame { metal, oxidation_state, geometry };
                    enumeration.sets(&mut Plan::new(frame, []), 0)?;
                }
            }
        }
        Ok(enumeration.complexes)
    }
}

struct Enumeration<'a> {
    space: &'a ComplexSpace,
    parts: Vec<Arc<Part>>,
    ids: BTreeSet<String>,
    complexes: Vec<Complex>,
}

impl Enumeration<'_> {
    /// Adds ligands from the one at `first` on until all sites are taken.
    fn sets(&mut self, plan: &mut Plan, first: usize) -> Result<(), ComplexSpaceError> {
        let taken: usize = plan.seats.iter().map(|seat| seat.part.denticity()).sum();
        let free = plan.frame.geometry.site_count() - taken;
        if free == 0 {
            return self.arrangements(plan);
        }
        for index in first..self.parts.len() {
            let part = Arc::clone(&self.parts[index]);
            if part.denticity() <= free {
                plan.push(part);
                self.sets(plan, index)?;
                plan.seats.pop();
            }
        }
        Ok(())
    }

    fn arrangements(&mut self, plan: &Plan) -> Result<(), ComplexSpaceError> {
        if self.space.check_sums(&plan.sums()).is_err() {
            return Ok(());
        }
        let geometry = plan.frame.geometry;
        let allowed = |ligand: usize, sites: &[usize]| spans(&plan.seats[ligand].part, geometry, sites);
        // The numbers of donors and sites are equal here, which is all that can go wrong.
        for isomer in plan.complex().isomers(&allowed).unwrap_or_default() {
            for multiplicity in self.multiplicities(&isomer) {
                let complex = Complex { multiplicity, ..isomer.clone() };
                if self.space.check_complex(&complex).is_ok() && self.ids.insert(complex.content_id()) {
                    self.complexes.push(complex);
                }
            }
        }
        if self.complexes.len() > MOST { Err(ComplexSpaceError::TooMany { most: MOST }) } else { Ok(()) }
    }

    fn multiplicities(&self, complex: &Complex) -> Vec<u32> {
        let all = complex.multiplicities();
        match self.space.spin {
            SpinRule::Lowest => all.into_iter().take(1).collect(),
            SpinRule::Highest => all.into_iter().next_back().into_iter().collect(),
            SpinRule::Any => all,
        }
    }
}

/// Proposes every complex of a space once, in the order of [`ComplexSpace::enumerate`].
#[derive(Clone, Debug)]
pub struct Exhaustive {
    complexes: Vec<Complex>,
    next: usize,
}

impl Exhaustive {
    /// Name in campaign files.
    pub const NAME: &'static str = "exhaustive";

    /// Enumerates a space.
    ///
    /// # Errors
    /// As [`ComplexSpace::enumerate`].
    pub fn new(space: &ComplexSpace) -> Result<Self, ComplexSpaceError> {
        Ok(Self { complexes: space.enumerate()?, next: 0 })
    }
}

impl Generator<Complex> for Exhaustive {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Complex>>, GeneratorError> {
        let end = (self.next + n).min(self.complexes.len());
        if self.next == end && n > 0 {
            let reason = format!("all {} complexes of the space are proposed", self.complexes.len());
            return Err(GeneratorError::Impossible { generator: Self::NAME.to_owned(), reason });
        }
        let lineage = Lineage::new(Self::NAME, "enumerate", Vec::new());
        let proposals = self.complexes[self.next..end].iter().zip(first..).map(|(design, number)| Proposal {
            number,
            design: design.clone(),
            lineage: lineage.clone(),
        });
        let proposals = proposals.collect();
        self.next = end;
        Ok(proposals)
    }

    fn learn(&mut self, _: &[Evaluated<Complex>]) {}

    fn state(&self) -> Value {
        json!({ "next": self.next })
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        let next =
            state["next"].as_u64().map(|next| next as usize).filter(|&next| next <= self.complexes.len());
        self.next = next.ok_or_else(|| GeneratorError::BadState {
            generator: Self::NAME.to_owned(),
            reason: format!("expected the number of complexes proposed, found {state}"),
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::LigandPool;
    use super::super::testing::ligands;
    use super::*;
    use druse_representations::Geometry;

    fn space(names: &str, charge: [i32; 2]) -> ComplexSpace {
        let metal = "Pd".parse().unwrap();
        ComplexSpace {
            charge,
            ..ComplexSpace::new([(metal, vec![2])], [Geometry::SquarePlanar], LigandPool::new(ligands(names)))
        }
    }

    #[test]
    fn square_planar_spaces_have_as_many_complexes_as_bracelets() {
        // Bracelets of 4 beads in k colours: k (k + 1) (k^2 + k + 2) / 8.
        for (names, count) in [("Cl", 1), ("Cl NH3", 6), ("Cl NH3 CN", 21)] {
            assert_eq!(space(names, [-9, 9]).enumerate().unwrap().len(), count, "{names}");
        }
        // One neutral set of two and two: cis and trans.
        assert_eq!(space("Cl NH3", [0, 0]).enumerate().unwrap().len(), 2);
    }

    #[test]
    fn all_are_proposed_once_and_a_restored_state_goes_on() {
        let mut generator = Exhaustive::new(&space("Cl NH3", [-9, 9])).unwrap();
        let first = generator.propose(0, 4).unwrap();
        let state = generator.state();
        let rest = generator.propose(4, 4).unwrap();
        assert_eq!((first.len(), rest.len(), rest[0].number), (4, 2, 4));
        assert!(matches!(generator.propose(6, 1), Err(GeneratorError::Impossible { .. })));
        generator.restore(&state).unwrap();
        assert_eq!(generator.propose(4, 1).unwrap()[0].design.content_id(), rest[0].design.content_id());
        assert!(generator.restore(&json!({ "next": 99 })).is_err());
    }
}
