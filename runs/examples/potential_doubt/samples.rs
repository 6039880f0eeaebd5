//! Structures, known and strange, with the error of CHGNet on each.
//!
//! | kind | structure | error of CHGNet against |
//! |---|---|---|
//! | known | relaxed by CHGNet | the label, both placed above the hull without the structure's own entry; below it counts as 0 |
//! | strained | each axis longer or shorter by 10 to 20 % | SevenNet-l3i5 at the same structure |
//! | rattled | normal noise of 0.2 Å on each coordinate | the same |
//! | swapped | each element replaced by another, drawn at random; volume scaled by the cubes of the covalent radii | the same |
//! | relaxed | swapped ones after relaxation by CHGNet | SevenNet-l3i5 after relaxation from there, as a second opinion does it |
//!
//! Both potentials speak of energies above the hull of their own energies of the same known phases, so that the error is one of
//! energies of formation. SevenNet-l3i5 learnt from CHGNet's training data, too: what both get wrong is not seen.

use druse::datasets::elements::covalent_radius;
use druse::datasets::reference::ReferenceTable;
use druse::fitness::chgnet::{Chgnet, ChgnetKind};
use druse::fitness::hull::{Exclude, PhaseDiagram};
use druse::fitness::potentials::load;
use druse::fitness::relax::{RelaxOptions, Relaxation, relax};
use druse::fitness::training_distance::{Distance, KnownAtoms};
use druse::fitness::{Potential, Want};
use druse::generators::breeding::fnv1a;
use druse::representations::nalgebra::Vector3;
use druse::representations::symmetry::CellSymmetry;
use druse::representations::{Crystal, Element, Lattice};
use druse::trust::{Evidence, TrustLimits};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{Failure, Known};

pub const KINDS: [&str; 5] = ["known", "strained", "rattled", "swapped", "relaxed"];

/// One structure. Energies in eV/atom.
pub struct Sample {
    pub kind: &'static str,
    pub id: String,
    pub formula: String,
    /// CHGNet's energy above the hull.
    pub above_hull: f64,
    /// Minus the truth.
    pub error: f64,
    /// Difference of CHGNet and SevenNet at CHGNet's structure; where SevenNet is the truth, the error.
    pub spread: f64,
    pub distance: f64,
    pub flags: Vec<&'static str>,
}

struct Judge {
    potential: Box<dyn Potential>,
    diagram: PhaseDiagram,
}

impl Judge {
    fn open(name: &str) -> Result<Self, Failure> {
        let potential = load(name, "cpu")?;
        let table = ReferenceTable::shipped_for(name).ok_or("nothing is shipped")?;
        let entries = table.rows().map(|row| row.entry()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { potential, diagram: PhaseDiagram::from_computed(&entries)? })
    }

    fn place(&self, crystal: &Crystal, energy: f64, exclude: Exclude) -> Option<f64> {
        let per_atom = self.potential.hull_energy(crystal, energy) / crystal.sites.len() as f64;
        let placed = self.diagram.energy_above_hull(&crystal.composition(), per_atom, exclude).ok()?;
        Some(placed.energy_above_hull)
    }

    fn single_point(&self, crystal: &Crystal, exclude: Exclude) -> Option<f64> {
        let (exact, symmetry) = CellSymmetry::find(crystal, 0.01);
        let prediction =
            self.potential.evaluate_symmetric(&[(&exact, &symmetry)], Want::ENERGY).pop()?.ok()?;
        self.place(&exact, prediction.energy, exclude)
    }

    fn relax(&self, crystal: &Crystal) -> Option<Relaxation> {
        let options = RelaxOptions { fmax: 0.05, steps: 300, ..RelaxOptions::default() };
        relax(self.potential.as_ref(), &[crystal], &options).pop().filter(|done| done.verdict.is_usable())
    }
}

pub struct Judges {
    chgnet: Chgnet,
    known: KnownAtoms,
    cheap: Judge,
    fine: Judge,
}

impl Judges {
    pub fn open(known: KnownAtoms) -> Result<Self, Failure> {
        let chgnet = Chgnet::load(ChgnetKind::V030)?;
        known.check(chgnet.weights_hash().unwrap_or_default())?;
        Ok(Self { chgnet, known, cheap: Judge::open("chgnet-0.3.0")?, fine: Judge::open("sevennet-l3i5")? })
    }

    pub fn samples(&self, known: &[Known], count: usize, strange: usize) -> Vec<Sample> {
        let plain = known[..count.min(known.len())].par_iter().filter_map(|one| self.plain(one));
        let mut samples: Vec<Sample> = plain.collect();
        let strange = known[..strange.min(known.len())].par_iter().flat_map_iter(|one| self.strange(one));
        samples.extend(strange.collect::<Vec<_>>());
        samples
    }

    fn distance(&self, crystal: &Crystal) -> Option<f64> {
        let (exact, symmetry) = CellSymmetry::find(crystal, 0.01);
        match self.known.distance(&self.chgnet.atoms(&exact, &symmetry).ok()?) {
            Distance::Of(distance) => Some(distance),
            Distance::Unseen(_) => Some(f64::INFINITY),
        }
    }

    fn sample(
        &self,
        kind: &'static str,
        id: &str,
        crystal: &Crystal,
        [above_hull, truth, spread]: [f64; 3],
        evidence: Evidence,
    ) -> Option<Sample> {
        let evidence = Evidence { energy_above_hull: Some(above_hull), ..evidence };
        let flags = TrustLimits::default().flags(crystal, &evidence);
        Some(Sample {
            kind,
            id: id.to_owned(),
            formula: crystal.composition().reduced_formula(),
            above_hull,
            error: if kind == KINDS[0] { above_hull.max(0.0) } else { above_hull } - truth,
            spread,
            distance: self.distance(crystal)?,
            flags: flags.iter().map(|flag| flag.name).collect(),
        })
    }

    fn plain(&self, one: &Known) -> Option<Sample> {
        let done = self.cheap.relax(&one.crystal)?;
        let above =
            self.cheap.place(&done.crystal, done.prediction.as_ref()?.energy, Exclude::Entry(&one.id))?;
        let fine = self.fine.single_point(&done.crystal, Exclude::Entry(&one.id))?;
        self.sample(
            KINDS[0],
            &one.id,
            &done.crystal,
            [above, one.label?, (above - fine).abs()],
            evidence(&done),
        )
    }

    fn strange(&self, one: &Known) -> Vec<Sample> {
        let mut random = ChaCha8Rng::seed_from_u64(fnv1a(one.id.as_bytes()));
        let swapped = self.swapped(&one.crystal, &mut random);
        let made = [
            (KINDS[1], Some(strained(&one.crystal, &mut random))),
            (KINDS[2], rattled(&one.crystal, &mut random)),
            (KINDS[3], swapped.clone()),
        ];
        let points = made.into_iter().filter_map(|(kind, crystal)| {
            let crystal = crystal?;
            let above = self.cheap.single_point(&crystal, Exclude::Nothing)?;
            let fine = self.fine.single_point(&crystal, Exclude::Nothing)?;
            let energies = [above, fine, (above - fine).abs()];
            self.sample(kind, &one.id, &crystal, energies, Evidence::default())
        });
        let mut samples: Vec<Sample> = points.collect();
        samples.extend(swapped.and_then(|crystal| self.relaxed(&one.id, &crystal)));
        samples
    }

    fn relaxed(&self, id: &str, crystal: &Crystal) -> Option<Sample> {
        let done = self.cheap.relax(crystal)?;
        let above = self.cheap.place(&done.crystal, done.prediction.as_ref()?.energy, Exclude::Nothing)?;
        let again = self.fine.relax(&done.crystal)?;
        let fine = self.fine.place(&again.crystal, again.prediction.as_ref()?.energy, Exclude::Nothing)?;
        let energies = [above, fine, (above - fine).abs()];
        self.sample(KINDS[4], id, &done.crystal, energies, evidence(&done))
    }

    fn swapped(&self, crystal: &Crystal, random: &mut ChaCha8Rng) -> Option<Crystal> {
        let elements: Vec<Element> = self.fine.diagram.elements().collect();
        let mut swapped = crystal.clone();
        let cubes = |crystal: &Crystal| -> Option<f64> {
            let radius = |element| covalent_radius(element).map(|radius| radius.powi(3));
            crystal.elements().ok()?.into_iter().map(radius).sum()
        };
        for old in crystal.composition().elements() {
            let new = elements[random.random_range(0..elements.len())];
            for (site, before) in swapped.sites.iter_mut().zip(&crystal.sites) {
                if before.main_element() == Some(old) {
                    site.occupants[0].element = new;
                }
            }
        }
        let volume = crystal.lattice.volume() * cubes(&swapped)? / cubes(crystal)?;
        swapped.lattice = crystal.lattice.scaled_to_volume(volume);
        Some(swapped)
    }
}

fn evidence(done: &Relaxation) -> Evidence {
    Evidence { max_force: Some(done.max_force), moment_ratio: done.moment_ratio(), energy_above_hull: None }
}

fn strained(crystal: &Crystal, random: &mut ChaCha8Rng) -> Crystal {
    let factors: [f64; 3] = std::array::from_fn(|_| {
        let size = random.random_range(0.1..0.2);
        if random.random_bool(0.5) { 1.0 + size } else { 1.0 - size }
    });
    let rows = crystal.lattice.rows().map(|row| std::array::from_fn(|k| row[k] * factors[k]));
    Crystal { lattice: Lattice::from_rows(rows), ..crystal.clone() }
}

fn rattled(crystal: &Crystal, random: &mut ChaCha8Rng) -> Option<Crystal> {
    let mut rattled = crystal.clone();
    for site in &mut rattled.sites {
        // The sum of twelve numbers between 0 and 1, less six, is normal enough.
        let noise = Vector3::from_fn(|_, _| {
            0.2 * ((0..12).map(|_| random.random_range(0.0..1.0)).sum::<f64>() - 6.0)
        });
        site.frac += crystal.lattice.to_fractional(&noise)?;
    }
    Some(rattled.wrapped())
}
