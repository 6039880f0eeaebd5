//! Complexes as text: what is written reads back to the same identity, however it was numbered.

use druse_representations::{Complex, Element, Geometry, Ligand, PlacedLigand};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LIGANDS: [&str; 20] = [
    "[Cl-:1]",
    "[H-:1]",
    "[NH3:1]",
    "[OH2:1]",
    "[C-:1]#[O+]",
    "[C-:1]#N",
    "[N-:1]=C=S",
    "[S-:1]C#N",
    "C[P:1](C)C",
    "c1cc[n:1]cc1",
    "[CH2:1]=[CH2:1]",
    "[cH:1]1[cH:1][cH:1][cH:1][cH-:1]1",
    "[cH:1]1[cH:1][cH:1][cH:1][cH:1][cH:1]1",
    "[NH2:1]CC[NH2:2]",
    "c1cc[n:1]c(c1)-c1cccc[n:2]1",
    "[O-:1]C(C)=CC(C)=[O:2]",
    "[NH2:1]CC([O-:2])=O",
    "[S-:1]CC[S-:2]",
    "[NH2:1]CC[NH:2]CC[NH2:3]",
    "c1cc[n:1]c(c1)-c1cccc([n:2]1)-c1cccc[n:3]1",
];

const METALS: [&str; 12] = ["Sc", "Ti", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Ru", "Pd", "Ir", "Pt"];

fn library() -> Vec<Ligand> {
    LIGANDS.iter().map(|smiles| Ligand::from_smiles(smiles).unwrap()).collect()
}

/// A metal with ligands drawn at random on sites drawn at random.
fn random_complex(library: &[Ligand], random: &mut ChaCha8Rng) -> Complex {
    let geometry = *Geometry::ALL.choose(random).unwrap();
    let mut sites: Vec<usize> = (0..geometry.site_count()).collect();
    sites.shuffle(random);
    let mut ligands = Vec::new();
    while !sites.is_empty() {
        let ligand = library.choose(random).unwrap();
        if ligand.denticity() <= sites.len() {
            let rest = sites.split_off(ligand.denticity());
            ligands.push(PlacedLigand { ligand: ligand.clone(), sites: std::mem::replace(&mut sites, rest) });
        }
    }
    let metal: Element = METALS.choose(random).unwrap().parse().unwrap();
    let state = random.random_range(-1..4);
    let make = |multiplicity| Complex::new(metal, state, multiplicity, geometry, ligands.clone());
    make(1).or_else(|_| make(2)).unwrap()
}

/// The same complex with its ligands in another order, their donors numbered anew, turned.
fn renumbered(complex: &Complex, random: &mut ChaCha8Rng) -> Complex {
    let mut other = complex.clone();
    other.ligands.shuffle(random);
    let rotation = complex.geometry.rotations().choose(random).unwrap();
    for placed in &mut other.ligands {
        let mut order: Vec<usize> = (0..placed.sites.len()).collect();
        order.shuffle(random);
        placed.sites = order.iter().map(|&donor| rotation[placed.sites[donor]]).collect();
        placed.ligand.donors = order.iter().map(|&donor| placed.ligand.donors[donor].clone()).collect();
    }
    other
}

#[test]
fn ten_thousand_random_complexes_read_back() {
    let library = library();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..10_000 {
        let complex = random_complex(&library, &mut random);
        let text = complex.to_string();
        assert!(!text.contains(char::is_whitespace), "{text}");
        let back: Complex = text.parse().unwrap();
        let identity = complex.identity();
        assert_eq!(back.identity(), identity, "{text}");
        assert_eq!((back.charge(), back.to_string()), (complex.charge(), text.clone()));
        let other = renumbered(&complex, &mut random);
        assert_eq!((other.identity(), other.to_string()), (identity.clone(), text.clone()));
        let mirror = complex.mirror_image();
        assert_eq!(mirror.mirror_merged_identity(), complex.mirror_merged_identity(), "{text}");
        assert_eq!(mirror.mirror_image().identity(), identity, "{text}");
    }
}

#[test]
fn isomers_are_different_texts_and_identities() {
    let cis: Complex = "Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[Cl-:1]}@1|{[NH3:1]}@2|{[NH3:1]}@3".parse().unwrap();
    let trans: Complex =
        "Pt(+2)|square_planar|m1|{[Cl-:1]}@3|{[NH3:1]}@2|{[Cl-:1]}@1|{[NH3:1]}@0".parse().unwrap();
    assert_eq!(cis.isomer_label().as_deref(), Some("cis"));
    assert_eq!(trans.isomer_label().as_deref(), Some("trans"));
    assert_ne!(cis.identity(), trans.identity());
    assert_ne!(cis.to_string(), trans.to_string());
    assert_eq!((trans.charge(), trans.atom_count()), (0, 11));
    let isomers = cis.isomers(&|_, _| true).unwrap();
    assert_eq!(isomers.len(), 2);
    assert!(isomers.iter().any(|isomer| isomer.identity() == trans.identity()));
}

#[test]
fn oxidation_states_are_read_in_all_forms() {
    for (state, written) in
        [("0", "0"), ("+0", "0"), ("-II", "-II"), ("-2", "-II"), ("+3", "III"), ("8", "VIII")]
    {
        let spin = if written == "III" { 2 } else { 1 };
        let text = format!("Os({state})|L-2|m{spin}|{{[OH2:1]}}@0|{{[OH2:1]}}@1");
        let text = text
            .parse::<Complex>()
            .map(|complex| complex.to_string())
            .unwrap_or_else(|error| error.to_string());
        assert!(text.starts_with(&format!("Os({written})|")), "{text}");
    }
}

#[test]
fn broken_texts_are_refused_with_the_part() {
    let error = |text: &str| text.parse::<Complex>().unwrap_err().to_string();
    assert!(error("").contains("part 1"));
    assert!(error("Pd|SP-4|m1").contains("part 1 of the complex is 'Pd'; expected a metal"));
    assert!(error("Pd(IIII)|SP-4|m1").contains("part 1"));
    assert!(error("Pd(99999999999)|SP-4|m1").contains("part 1"));
    assert!(error("Qq(II)|SP-4|m1").contains("unknown element 'Qq'"));
    assert!(error("Pd(II)").contains("part 2 of the complex is 'missing'"));
    assert!(error("Pd(II)|SP-5|m1").contains("unknown coordination geometry 'SP-5'"));
    assert!(error("Ag(I)|L-2|1").contains("part 3 of the complex is '1'; expected m and"));
    assert!(error("Ag(I)|L-2|m1|[NH3:1]@0").contains("part 4"));
    assert!(error("Ag(I)|L-2|m1|{[NH3:1]}@x").contains("part 4"));
    assert!(error("Ag(I)|L-2|m1|{[NH3:1]}@0|{[NH3:1}@1").starts_with("part 5"));
    assert!(error("Ag(I)|L-2|m1|{[NH3:1]}@0").contains("site 1 is free"));
    assert!(error("Ag(I)|L-2|m2|{[NH3:1]}@0|{[NH3:1]}@1").contains("multiplicity 2"));
}
