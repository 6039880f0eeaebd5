//! The synthetic accessibility score of P. Ertl and A. Schuffenhauer, J. Cheminf. 1, 8 (2009), for
//! ligands.
//!
//! ```text
//! raw   = mean over the fragments of log10(count / N80) - complexity
//! complexity = (n^1.005 - n) + log10(bridgeheads + 1) + log10(spiro + 1) + log10(macrocycles + 1)
//! score = 1 + 9 (easy - raw) / (easy - hard), between 1 (easy) and 10 (hard)
//! ```
//!
//! `count` is how often a circular fragment occurs in the ligands of crystal structures
//! ([`FragmentTable`]; 1 for those that are too rare for the table), `N80` the number of different
//! fragments that make up 80 % of all, `n` the number of atoms other than hydrogen. What differs from
//! the paper: the fragments are our own and those of ligands, not of PubChem; the penalty for
//! stereocentres is left out, as the graph of a ligand does not have them; `easy` and `hard` are the
//! ends of the scale in our library, so the numbers do not compare with those of other programs.
//!
//! A ligand is scored as it binds, deprotonated where it is. Ligands of one or two atoms are judged by
//! so few fragments that ammonia, used thousands of times, is in the middle of the scale;
//! [`LigandAvailability`](super::LigandAvailability) knows better there.

mod rings;

use druse_datasets::fragments::FragmentTable;
use druse_representations::ligand::Fingerprint;
use druse_representations::{Complex, Ligand};

use crate::objective::{Goal, Needs, Objective, ObjectiveError, Properties};

pub use rings::RingFeatures;

/// Raw score of the easy end of the scale: one ligand of the library in a thousand is easier (2.64).
const EASY: f64 = 2.6;
/// Raw score of the hard end: one ligand in a thousand is harder (-1.80).
const HARD: f64 = -1.8;

/// Raw score before scaling; larger is easier.
fn raw(ligand: &Ligand, table: &FragmentTable) -> f64 {
    let fragments = Fingerprint::of_molecule(ligand);
    let common = (table.common() as f64).log10();
    let contribution =
        |fragment: u32| table.get(fragment).map_or(0.0, |count| (count as f64).log10()) - common;
    let sum: f64 =
        fragments.counts().iter().map(|&(fragment, count)| f64::from(count) * contribution(fragment)).sum();
    let heavy = ligand.elements().filter(|element| element.atomic_number() != 1).count() as f64;
    let rings = RingFeatures::of(&ligand.graph);
    let penalty = |count: usize| (count as f64 + 1.0).log10();
    let complexity = heavy.powf(1.005) - heavy
        + penalty(rings.bridgeheads)
        + penalty(rings.spiro)
        + penalty(rings.macrocycles);
    sum / f64::from(fragments.total().max(1)) - complexity
}

/// Synthetic accessibility of a ligand: 1 (easy) to 10 (hard).
pub fn synthetic_accessibility(ligand: &Ligand) -> f64 {
    let raw = raw(ligand, FragmentTable::shipped());
    (1.0 + 9.0 * (EASY - raw) / (EASY - HARD)).clamp(1.0, 10.0)
}

/// [Synthetic accessibility](synthetic_accessibility) of the hardest ligand of a complex, to be
/// minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyntheticAccessibility;

impl Objective<Complex> for SyntheticAccessibility {
    fn name(&self) -> &str {
        "synthetic_accessibility"
    }

    fn goal(&self) -> Goal {
        Goal::Minimise
    }

    fn unit(&self) -> &str {
        "1"
    }

    fn needs(&self) -> Needs {
        Needs::Identity
    }

    fn evaluate(&self, design: &Complex, _: &Properties) -> Result<f64, ObjectiveError> {
        let scores = design.ligands.iter().map(|placed| synthetic_accessibility(&placed.ligand));
        scores.reduce(f64::max).ok_or_else(|| ObjectiveError::Failed {
            objective: "synthetic_accessibility".to_owned(),
            reason: "the complex has no ligand".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use druse_datasets::ligands::LigandLibrary;
    use druse_representations::{Element, Geometry, PlacedLigand};
    use proptest::prelude::*;

    use super::*;

    /// A ligand from symbols and bonds; hydrogens fill up `hydrogens[i]` places of atom i.
    fn ligand(symbols: &[&str], hydrogens: &[usize], bonds: &[(usize, usize)]) -> Ligand {
        let mut atoms: Vec<String> = symbols.iter().map(|symbol| format!(r#"["{symbol}",0]"#)).collect();
        let mut all: Vec<String> = bonds.iter().map(|(a, b)| format!("[{a},{b},1]")).collect();
        for (atom, &count) in hydrogens.iter().enumerate() {
            for _ in 0..count {
                all.push(format!("[{atom},{},1]", atoms.len()));
                atoms.push(r#"["H",0]"#.to_owned());
            }
        }
        let text = format!(r#"{{"atoms":[{}],"bonds":[{}],"donors":[[0]]}}"#, atoms.join(","), all.join(","));
        serde_json::from_str(&text).unwrap()
    }

    fn pyridine() -> Ligand {
        let bonds: Vec<_> = (0..6).map(|i| (i, (i + 1) % 6)).collect();
        ligand(&["N", "C", "C", "C", "C", "C"], &[0, 1, 1, 1, 1, 1], &bonds)
    }

    /// Three different atoms bridged over a ring of six: nothing that anybody has made.
    fn cage() -> Ligand {
        let symbols = ["N", "Se", "B", "P", "C", "S", "As", "Ge", "N"];
        let mut bonds: Vec<_> = (0..6).map(|i| (i, (i + 1) % 6)).collect();
        bonds.extend([(0, 6), (6, 7), (7, 3), (2, 8)]);
        ligand(&symbols, &[0, 0, 0, 0, 2, 0, 1, 2, 2], &bonds)
    }

    #[test]
    fn known_ligands_are_easier_than_inventions() {
        let easy = [
            "[Cl-:1]",
            "[NH3:1]",
            "[C-:1]#[O+]",
            "c1cc[n:1]cc1",
            "c1ccc(cc1)[P:1](c1ccccc1)c1ccccc1",
            "[NH2:1]CC[NH2:2]",
            "CC([O-:1])=CC(C)=[O:2]",
            "c1cc[n:1]c(c1)-c1cccc[n:2]1",
        ];
        let hard =
            ["[N:1]12CC3(F)OC1SC(Br)(C2)C3=C=C", "[NH2:1]C1(C#N)OC(I)(SSC)C(N=[N+]=[N-])C1OC(=S)C(Cl)(Br)F"];
        let score = |smiles: &str| {
            let score = synthetic_accessibility(&Ligand::from_smiles(smiles).unwrap());
            println!("{score:.2} {smiles}");
            score
        };
        let hardest = easy.map(score).into_iter().fold(0.0, f64::max);
        let easiest = hard.map(score).into_iter().fold(10.0, f64::min);
        assert!(hardest < 5.0 && easiest > 6.5, "{hardest} {easiest}");
        assert!(synthetic_accessibility(&cage()) > 6.0);
    }

    #[test]
    fn rings_and_size_are_penalties() {
        // The same fragments in a chain of 40 carbon atoms and one of 12.
        let alkyl = |length: usize| {
            let bonds: Vec<_> = (1..length).map(|i| (i - 1, i)).collect();
            let mut hydrogens = vec![2; length];
            (hydrogens[0], hydrogens[length - 1]) = (2, 3);
            ligand(&vec!["C"; length], &hydrogens, &bonds)
        };
        let ring = |length: usize| {
            let bonds: Vec<_> = (0..length).map(|i| (i, (i + 1) % length)).collect();
            ligand(&vec!["C"; length], &vec![2; length], &bonds)
        };
        assert!(RingFeatures::of(&ring(12).graph).macrocycles == 1);
        assert!(synthetic_accessibility(&ring(12)) > synthetic_accessibility(&ring(6)));
        // 40^1.005 - 40 = 0.74.
        let heavy = 40_f64;
        assert!((heavy.powf(1.005) - heavy - 0.7446).abs() < 1e-3);
        assert!(synthetic_accessibility(&alkyl(40)) > 1.0);
    }

    #[test]
    fn the_hardest_ligand_counts() {
        let placed = |ligand: Ligand, site| PlacedLigand { ligand, sites: vec![site] };
        let mut complex = Complex {
            metal: "Ag".parse().unwrap(),
            oxidation_state: 1,
            multiplicity: 1,
            geometry: Geometry::Linear,
            ligands: vec![placed(pyridine(), 0), placed(cage(), 1)],
            positions: None,
        };
        let score = |complex: &Complex| SyntheticAccessibility.evaluate(complex, &Properties::new());
        assert_eq!(score(&complex), Ok(synthetic_accessibility(&cage())));
        complex.ligands.clear();
        assert!(score(&complex).is_err());
    }

    /// At most one ligand in a hundred is off the scale, and what is used often is easier.
    #[test]
    fn the_scale_is_that_of_the_library() {
        let Ok(library) = LigandLibrary::find() else {
            println!("skipped: no library of ligands");
            return;
        };
        let start = std::time::Instant::now();
        let mut scores: Vec<(f64, u32, String)> = (0..library.len())
            .step_by(7)
            .map(|index| {
                let (ligand, record) = (library.ligand(index).unwrap(), library.record(index).unwrap());
                (raw(&ligand, FragmentTable::shipped()), record.occurrences(), record.formula())
            })
            .collect();
        println!("{} scores in {:.2} s", scores.len(), start.elapsed().as_secs_f64());
        scores.sort_by(|a, b| a.0.total_cmp(&b.0));
        for share in [0.0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1.0] {
            let (raw, seen, formula) = &scores[((scores.len() - 1) as f64 * share) as usize];
            println!("{share}: {raw:.3} {formula} seen {seen} times");
        }
        let outside = scores.iter().filter(|(raw, ..)| !(HARD..=EASY).contains(raw)).count();
        assert!(100 * outside <= scores.len(), "{outside} of {} are off the scale", scores.len());
        // Ligands seen once are harder than those seen often.
        let mean = |often: bool| {
            let picked: Vec<f64> =
                scores.iter().filter(|(_, seen, _)| (*seen > 20) == often).map(|(raw, ..)| *raw).collect();
            picked.iter().sum::<f64>() / picked.len() as f64
        };
        assert!(mean(true) > mean(false) + 0.1, "{} {}", mean(true), mean(false));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn numbering_makes_no_difference(seed in any::<u64>()) {
            use rand::{SeedableRng, seq::SliceRandom};
            let first = cage();
            let mut order: Vec<usize> = (0..first.graph.node_count()).collect();
            order.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(seed));
            let elements: Vec<Element> = first.elements().collect();
            let mut place = vec![0; order.len()];
            order.iter().enumerate().for_each(|(new, &old)| place[old] = new);
            let symbols: Vec<&str> = order.iter().map(|&old| elements[old].symbol()).collect();
            let bonds: Vec<_> = first
                .graph
                .edge_indices()
                .filter_map(|edge| first.graph.edge_endpoints(edge))
                .map(|(a, b)| (place[b.index()], place[a.index()]))
                .collect();
            let other = ligand(&symbols, &[], &bonds);
            prop_assert!((synthetic_accessibility(&first) - synthetic_accessibility(&other)).abs() < 1e-12);
        }
    }
}
