//! Novelty of complexes on their graphs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use druse_datasets::bytes::hexadecimal;
use druse_datasets::ligands::{LibraryError, LigandLibrary};
use druse_representations::ligand::{FINGERPRINT_VERSION, Fingerprint};
use druse_representations::{Complex, Element, Ligand};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::nearest_ligand::FingerprintIndex;
use crate::novelty::{Nearest, Novelty, NoveltyReference};

/// Looks up whether a complex, its ligands with its metal, or its ligands at all are known.
///
/// The reference is the library of ligands (which ligand was crystallised with which metal), lists of
/// ligands that are known without a metal, and any sets of complexes. Verdicts are relative to it:
/// the library lacks ligands as common as acetate and oxalate, which
/// [`builtin_ligands`](druse_datasets::ligands::builtin_ligands) have.
///
/// Verdicts rest on identities alone: [`Complex::identity`] and the key of [`Ligand::canonical`]. A
/// ligand in another state of charge or protonation, or bound by other atoms, is another ligand. The
/// nearest known thing is, by verdict:
///
/// * the complex, or one with the same metal and ligands;
/// * the ligand that was seen least often with the metal;
/// * for new ligands the known one with the most similar [`Fingerprint`], at the distance 1 -
///   similarity; of several new ligands the one that is farthest from all known ones counts.
#[derive(Debug)]
pub struct ComplexLookup {
    reference: String,
    matcher: String,
    library: Option<Arc<LigandLibrary>>,
    /// Ligands of the lists and of the sets of complexes, by key.
    ligands: BTreeMap<String, ImportedLigand>,
    /// Complexes by identity.
    complexes: BTreeMap<String, Box<str>>,
    /// Complexes by metal and sorted keys of ligands; of several the first.
    parts: BTreeMap<(Element, Vec<String>), Box<str>>,
    index: OnceLock<FingerprintIndex>,
}

/// A ligand of a list or of an imported complex.
#[derive(Debug)]
struct ImportedLigand {
    id: Box<str>,
    fingerprint: Fingerprint,
    metals: BTreeMap<Element, u64>,
}

/// What is known of a ligand.
struct Sighted {
    id: String,
    with_metal: u64,
}

impl ComplexLookup {
    /// A look-up in a library of ligands, or in nothing.
    ///
    /// # Errors
    /// When the data of a ligand of the library are damaged.
    pub fn new(library: Option<Arc<LigandLibrary>>) -> Result<Self, LibraryError> {
        let mut reference = "no library of ligands".to_owned();
        if let Some(library) = &library {
            // Computed here, so that a look-up cannot fail.
            library.keys()?;
            let checksum = library.source_checksum();
            reference = format!("{} ligands of MetaLig 1.1.0, package sha256 {checksum}", library.len());
        }
        let matcher = format!(
            "complex graph 1 (identity of complexes 1; counted circular fragments {FINGERPRINT_VERSION}, 1 - Tanimoto)"
        );
        Ok(Self {
            reference,
            matcher,
            library,
            ligands: BTreeMap::new(),
            complexes: BTreeMap::new(),
            parts: BTreeMap::new(),
            index: OnceLock::new(),
        })
    }

    /// The same with a list of known ligands as well, whatever metals they bind to.
    pub fn with_ligands(mut self, name: &str, ligands: impl IntoIterator<Item = Ligand>) -> Self {
        let mut keys = BTreeSet::new();
        for ligand in ligands {
            let key = ligand.canonical().key;
            keys.insert(key.clone());
            self.ligands.entry(key).or_insert_with(|| ImportedLigand {
                id: ligand.name.as_str().into(),
                fingerprint: Fingerprint::of(&ligand),
                metals: BTreeMap::new(),
            });
        }
        self.reference += &format!("; {} ligands of {name}, sha256 {}", keys.len(), checksum(&keys));
        self.index = OnceLock::new();
        self
    }

    /// The same with a set of known complexes as well; of several equal ones the first is named.
    pub fn with_complexes<'a>(
        mut self,
        name: &str,
        complexes: impl IntoIterator<Item = (&'a str, &'a Complex)>,
    ) -> Self {
        let mut identities = BTreeSet::new();
        for (id, complex) in complexes {
            let identity = complex.identity();
            identities.insert(identity.clone());
            self.complexes.entry(identity).or_insert_with(|| id.into());
            let mut keys = Vec::with_capacity(complex.ligands.len());
            for ligand in complex.ligands.iter().map(|placed| &placed.ligand) {
                let key = ligand.canonical().key;
                let known = self.ligands.entry(key.clone()).or_insert_with(|| ImportedLigand {
                    id: format!("{} of {id}", ligand.name).into(),
                    fingerprint: Fingerprint::of(ligand),
                    metals: BTreeMap::new(),
                });
                *known.metals.entry(complex.metal).or_default() += 1;
                keys.push(key);
            }
            keys.sort_unstable();
            self.parts.entry((complex.metal, keys)).or_insert_with(|| id.into());
        }
        self.reference +=
            &format!("; {} complexes of {name}, sha256 {}", identities.len(), checksum(&identities));
        self.index = OnceLock::new();
        self
    }

    /// What is known of the ligand with this key; `None` for a new one.
    fn sighted(&self, key: &str, metal: Element) -> Option<Sighted> {
        let mut known: Option<Sighted> = None;
        if let Some(library) = &self.library
            && let Ok(keys) = library.keys()
        {
            for record in keys.find(key).filter_map(|index| library.record(index)) {
                let seen =
                    known.get_or_insert_with(|| Sighted { id: record.name().to_owned(), with_metal: 0 });
                seen.with_metal += u64::from(record.count_for_metal(metal));
            }
        }
        if let Some(imported) = self.ligands.get(key) {
            let seen = known.get_or_insert_with(|| Sighted { id: imported.id.to_string(), with_metal: 0 });
            seen.with_metal += imported.metals.get(&metal).copied().unwrap_or(0);
        }
        known
    }

    /// The fingerprints of all known ligands. Made at the first new ligand, as it takes a second.
    fn index(&self) -> &FingerprintIndex {
        self.index.get_or_init(|| {
            let of_library: Vec<(Box<str>, Fingerprint)> = match &self.library {
                Some(library) => (0..library.len())
                    .into_par_iter()
                    .filter_map(|index| library.ligand(index).ok())
                    .map(|ligand| (ligand.name.as_str().into(), Fingerprint::of(&ligand)))
                    .collect(),
                None => Vec::new(),
            };
            let imported =
                self.ligands.values().map(|ligand| (ligand.id.clone(), ligand.fingerprint.clone()));
            FingerprintIndex::new(of_library.into_iter().chain(imported))
        })
    }

    /// Answer for a complex with ligands that are not known.
    fn with_new_ligands<'a>(&self, new: impl Iterator<Item = &'a Ligand>) -> Nearest {
        let mut farthest: Option<(Option<&str>, f64)> = None;
        for ligand in new {
            let (id, distance) = match self.index().nearest(&Fingerprint::of(ligand)) {
                Some((id, similarity)) if similarity > 0.0 => (Some(id), 1.0 - similarity),
                _ => (None, 1.0),
            };
            if farthest.is_none_or(|(_, known)| distance > known) {
                farthest = Some((id, distance));
            }
        }
        let (id, distance) = farthest.unwrap_or((None, 1.0));
        self.answer(Novelty::NewLigand, id, id.map(|_| distance))
    }

    fn look_up(&self, design: &Complex) -> Nearest {
        let keys: Vec<String> = design.ligands.iter().map(|placed| placed.ligand.canonical().key).collect();
        if !self.complexes.is_empty() {
            if let Some(id) = self.complexes.get(&design.identity()) {
                return self.answer(Novelty::KnownComplex, Some(id), None);
            }
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            if let Some(id) = self.parts.get(&(design.metal, sorted)) {
                return self.answer(Novelty::KnownMetalAndLigands, Some(id), None);
            }
        }
        let seen: Vec<Option<Sighted>> = keys.iter().map(|key| self.sighted(key, design.metal)).collect();
        if seen.iter().any(Option::is_none) {
            // Ligands that come several times are looked for once.
            let new: BTreeMap<&str, &Ligand> = keys
                .iter()
                .zip(design.ligands.iter().zip(&seen))
                .filter(|(_, (_, seen))| seen.is_none())
                .map(|(key, (placed, _))| (key.as_str(), &placed.ligand))
                .collect();
            return self.with_new_ligands(new.into_values());
        }
        let rarest = seen.iter().flatten().min_by_key(|seen| seen.with_metal);
        let id = rarest.map(|seen| seen.id.as_str());
        match rarest {
            Some(Sighted { with_metal: 0, .. }) => self.answer(Novelty::KnownLigandsOfOtherMetals, id, None),
            _ => self.answer(Novelty::KnownLigandsWithMetal, id, None),
        }
    }

    fn answer(&self, novelty: Novelty, id: Option<&str>, distance: Option<f64>) -> Nearest {
        Nearest { novelty, id: id.map(str::to_owned), distance, matcher: self.matcher.clone() }
    }
}

fn checksum(identities: &BTreeSet<String>) -> String {
    let mut hasher = Sha256::new();
    identities.iter().for_each(|identity| hasher.update(identity));
    hexadecimal(hasher.finalize())
}

impl NoveltyReference<Complex> for ComplexLookup {
    fn reference(&self) -> &str {
        &self.reference
    }

    fn nearest(&self, design: &Complex) -> Option<Nearest> {
        Some(self.look_up(design))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use druse_representations::{Geometry, PlacedLigand};

    use super::*;
    use crate::testing::{chain, complex, single};

    fn verdict(lookup: &ComplexLookup, complex: &Complex) -> (Novelty, Option<String>) {
        let nearest = lookup.nearest(complex).unwrap();
        (nearest.novelty, nearest.id)
    }

    #[test]
    fn five_verdicts() {
        let (cl, br, n) = (&single("Cl", -1), &single("Br", -1), &chain("NC", 0));
        let square = |metal: &str, ligands: [&Ligand; 4]| {
            let placed: Vec<_> = ligands.into_iter().enumerate().map(|(site, l)| (l, vec![site])).collect();
            complex(metal, 2, Geometry::SquarePlanar, &placed)
        };
        let trans = square("Pt", [cl, n, cl, n]);
        let copper = square("Cu", [br, br, br, br]);
        let lookup = ComplexLookup::new(None).unwrap();
        assert_eq!(verdict(&lookup, &trans), (Novelty::NewLigand, None));
        let lookup = lookup.with_complexes("two", [("PT", &trans), ("CU", &copper)]);
        let found = |complex: &Complex| {
            let (novelty, id) = verdict(&lookup, complex);
            (novelty, id.unwrap_or_default())
        };
        // The same after a turn of the square and under another name.
        assert_eq!(found(&square("Pt", [n, cl, n, cl])), (Novelty::KnownComplex, "PT".into()));
        assert_eq!(found(&square("Pt", [n, n, cl, cl])), (Novelty::KnownMetalAndLigands, "PT".into()));
        assert_eq!(found(&square("Pt", [n, n, n, cl])).0, Novelty::KnownLigandsWithMetal);
        let mixed = found(&square("Pt", [n, n, br, cl]));
        assert_eq!(mixed, (Novelty::KnownLigandsOfOtherMetals, "Br of CU".into()));
        let ethyl = chain("NCC", 0);
        let new = lookup.nearest(&square("Pt", [&ethyl, n, cl, cl])).unwrap();
        assert_eq!((new.novelty, new.id.as_deref()), (Novelty::NewLigand, Some("NC of PT")));
        let expected = 1.0 - Fingerprint::of(&ethyl).tanimoto(&Fingerprint::of(n));
        assert_eq!(new.distance, Some(expected));
        assert!(lookup.reference().starts_with("no library of ligands; 2 complexes of two, sha256 "));
        assert!(new.matcher.starts_with("complex graph 1 ("));
    }

    #[test]
    fn ligands_are_known_without_a_metal() {
        let acetate = chain("OCC", -1);
        let silver = complex("Ag", 1, Geometry::Linear, &[(&acetate, vec![0]), (&chain("N", 0), vec![1])]);
        let lookup = ComplexLookup::new(None).unwrap();
        let lookup = lookup.with_ligands("textbook", [acetate.clone(), chain("N", 0)]);
        assert_eq!(verdict(&lookup, &silver), (Novelty::KnownLigandsOfOtherMetals, Some("OCC".to_owned())));
        assert!(lookup.reference().contains("; 2 ligands of textbook, sha256 "));
        // The same set of ligands bound by other atoms is unknown.
        let mut carbon = acetate;
        carbon.donors = vec![vec![2]];
        let silver = complex("Ag", 1, Geometry::Linear, &[(&carbon, vec![0]), (&chain("N", 0), vec![1])]);
        assert_eq!(lookup.nearest(&silver).unwrap().novelty, Novelty::NewLigand);
    }

    #[test]
    fn the_index_finds_what_a_comparison_with_all_finds() {
        let names = ["N", "NC", "NCC", "OCCO", "NCCN", "NCCCN", "SCCS", "PCCP", "OCCN", "CCCC"];
        let ligands = names.map(|name| chain(name, 0));
        let index = FingerprintIndex::new(
            ligands.iter().map(|ligand| (ligand.name.as_str().into(), Fingerprint::of(ligand))),
        );
        for query in names.iter().chain(&["NCCCCN", "OC", "SC", "CCO"]).map(|name| chain(name, 0)) {
            let fingerprint = Fingerprint::of(&query);
            let mut best = ("", -1.0);
            for ligand in &ligands {
                let similarity = fingerprint.tanimoto(&Fingerprint::of(ligand));
                if similarity > best.1 {
                    best = (&ligand.name, similarity);
                }
            }
            assert_eq!(index.nearest(&fingerprint), Some(best), "{}", query.name);
        }
        assert_eq!(FingerprintIndex::default().nearest(&Fingerprint::of(&ligands[0])), None);
    }

    #[test]
    fn the_real_library() {
        let Ok(library) = LigandLibrary::find() else {
            println!("skipped: no library of ligands");
            return;
        };
        let library = Arc::new(library);
        let lookup = ComplexLookup::new(Some(Arc::clone(&library))).unwrap();
        let pick = |index: usize| library.ligand(index).unwrap();
        let with_four = |metal: &str, ligand: &Ligand| Complex {
            metal: metal.parse().unwrap(),
            oxidation_state: 2,
            multiplicity: 1,
            geometry: Geometry::SquarePlanar,
            ligands: (0..4).map(|site| PlacedLigand { ligand: ligand.clone(), sites: vec![site] }).collect(),
            positions: None,
        };
        let chloride = library
            .records()
            .find(|r| r.formula() == "Cl" && r.charge() == -1)
            .map(|r| pick(r.index()))
            .unwrap();
        assert_eq!(verdict(&lookup, &with_four("Pd", &chloride)).0, Novelty::KnownLigandsWithMetal);
        // A large monodentate ligand that gets one more atom is new and near to itself.
        let mut distances = Vec::new();
        let mut times = Vec::new();
        for index in (0..library.len()).step_by(2003) {
            let mut ligand = pick(index);
            let known = ligand.name.clone();
            let last = ligand.graph.node_indices().find(|&n| ligand.graph[n].element.symbol() == "C");
            let Some(place) = last else { continue };
            let argon = druse_representations::Atom { element: "Ar".parse().unwrap(), formal_charge: 0 };
            let extra = ligand.graph.add_node(argon);
            ligand.graph.add_edge(place, extra, druse_representations::BondOrder::Single);
            ligand.positions = None;
            let complex = with_four("Pd", &ligand);
            if distances.is_empty() {
                let start = Instant::now();
                lookup.index();
                println!("fingerprints of the library: {:.2} s", start.elapsed().as_secs_f64());
            }
            let start = Instant::now();
            let nearest = lookup.nearest(&complex).unwrap();
            times.push(1e3 * start.elapsed().as_secs_f64());
            assert_eq!(nearest.novelty, Novelty::NewLigand);
            distances.push((nearest.id == Some(known), nearest.distance.unwrap()));
        }
        let same = distances.iter().filter(|(same, _)| *same).count();
        times.sort_by(f64::total_cmp);
        let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{same} of {} found themselves; {median:.2} ms, at most {slowest:.2} ms", times.len());
        assert!(2 * same > distances.len());
    }
}
