use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::{NodeIndex, UnGraph};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::super::testing::shuffled;
use super::*;
use crate::ligand::{Atom, BondOrder, LigandError};

fn read(text: &str) -> Ligand {
    Ligand::from_smiles(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Formula in the order of Hill, with the charge.
fn formula(ligand: &Ligand) -> String {
    let mut counts = std::collections::BTreeMap::new();
    ligand.elements().for_each(|element| *counts.entry(element.symbol()).or_insert(0) += 1);
    let first = if counts.contains_key("C") { vec!["C", "H"] } else { Vec::new() };
    let rest: Vec<&str> = counts.keys().copied().filter(|symbol| !first.contains(symbol)).collect();
    let mut formula = String::new();
    for symbol in first.into_iter().chain(rest) {
        match counts.get(symbol) {
            Some(1) => formula.push_str(symbol),
            Some(count) => formula.push_str(&format!("{symbol}{count}")),
            None => {}
        }
    }
    match ligand.charge() {
        0 => formula,
        charge => format!("{formula} {charge:+}"),
    }
}

/// Elements and charges of the atoms of each donor.
fn donors(ligand: &Ligand) -> Vec<String> {
    let name = |atom: &usize| {
        let Atom { element, formal_charge } = ligand.graph[NodeIndex::new(*atom)];
        if formal_charge == 0 { element.to_string() } else { format!("{element}{formal_charge:+}") }
    };
    ligand.donors.iter().map(|donor| donor.iter().map(name).collect::<Vec<_>>().join(",")).collect()
}

/// The graph with donors in order; equal graphs are one drawing.
fn drawing(ligand: &Ligand) -> UnGraph<(Atom, usize), BondOrder> {
    let place =
        |atom: usize| ligand.donors.iter().position(|donor| donor.contains(&atom)).map_or(0, |d| d + 1);
    ligand.graph.map(|node, atom| (*atom, place(node.index())), |_, order| *order)
}

fn same_drawing(a: &Ligand, b: &Ligand) -> bool {
    a.denticity() == b.denticity()
        && is_isomorphic_matching(&drawing(a), &drawing(b), |x, y| x == y, |x, y| x == y)
}

/// Ligands of all kinds.
const LIGANDS: [&str; 34] = [
    "[OH2:1]",
    "[Cl-:1]",
    "[H-:1]",
    "[H:1][H:1]",
    "[C-:1]#[O+]",
    "[N-:1]=C=S",
    "[O-:1]C(=O)C(=O)[O-:2]",
    "[CH2:1]=[CH2:1]",
    "[cH-:1]1[cH:1][cH:1][cH:1][cH:1]1",
    "[cH:1]1[cH:1][cH:1][cH:1][cH:1][cH:1]1",
    "[CH:1]1=[CH:1]CC[CH:2]=[CH:2]CC1",
    "c1cc[n:1]c(c1)-c1cccc[n:2]1",
    "c1cc2ccc3ccc[n:2]c3c2[n:1]c1",
    "[P:1](c1ccccc1)(c1ccccc1)c1ccccc1",
    "Fc1c(F)c(F)c(F)c(F)c1[P:1](c1c(F)c(F)c(F)c(F)c1F)c1c(F)c(F)c(F)c(F)c1F",
    "CC(C)(C)[P:1](C(C)(C)C)C(C)(C)C",
    "C1CCN(CC1)C[P:1]1CN2CN(C1)CN(C2)C",
    "[c-:1]1ccccc1-c1cccc[n:2]1",
    "CC(=O)C=C(C)[O-:1]",
    "[O-:1]C(C)=CC(C)=[O:2]",
    "[c:1]1n(C)ccn1C",
    "[C:1]1N(C(C)C)C=CN1C(C)C",
    "C1C[S:1]CC[S:2]CC[S:3]1",
    "F[B-](F)(F)[F:1]",
    "c1ccc2c(c1)ccc([P:1](c1ccccc1)c1ccccc1)c2-c1c([P:2](c2ccccc2)c2ccccc2)ccc2ccccc12",
    "[n-:1]1cccc1",
    "[S-:1]c1ccccc1[S-:2]",
    "c1cc[n:1]c(c1)CN(Cc1cccc[n:2]1)Cc1cccc[n:3]1",
    "[BH-]([n:3]1cccn1)(n1ccc[n:2]1)n1ccc[n:1]1",
    "O=[N+]([O-])c1cc[n:1]cc1",
    "[NH2:1][SiH2][GeH2][SeH]",
    "C1C2CC3CC1CC(C2)(C3)[NH2:1]",
    "C12C3C4C1C5C2C3C45[NH2:1]",
    "[O-:1][As](=O)([O-])[O-]",
];

#[test]
fn what_is_written_reads_back() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for text in LIGANDS {
        let ligand = read(text);
        let written = ligand.to_smiles();
        let again = read(&written);
        assert!(same_drawing(&ligand, &again), "{text} became {written}");
        assert_eq!(again.to_smiles(), written);
        assert_eq!(again.canonical().key, ligand.canonical().key);
        for _ in 0..5 {
            assert_eq!(shuffled(&ligand, &mut rng).0.to_smiles(), written);
        }
    }
}

#[test]
fn unknown_orders_and_odd_bonds_are_written_too() {
    for text in [
        "C~C[NH2:1]",
        "[CH3][Fe](~C)~[NH2:1]",
        "c1cccc2c1c1cccc(c12):[n:1]3ccccc3",
        "[H]~[O-:1]",
        "C[H+]C[NH2:1]",
        "[H][H].[Pd]",
        "C:1:C:[N:1]:C:C1",
    ] {
        let Ok(ligand) = Ligand::from_smiles(text) else {
            assert_eq!(text, "[H][H].[Pd]");
            continue;
        };
        let written = ligand.to_smiles();
        assert!(same_drawing(&ligand, &read(&written)), "{text} became {written}");
    }
}

#[test]
fn hydrogens_follow_the_valence_model() {
    assert_eq!(formula(&read("[NH2:1]CC[NH2:2]")), "C2H8N2");
    assert_eq!(formula(&Ligand::from_smiles_with_donors("n1ccccc1", &[vec![0]]).unwrap()), "C5H5N");
    assert_eq!(formula(&Ligand::from_smiles_with_donors("c1c[nH]cn1", &[vec![4]]).unwrap()), "C3H4N2");
    assert_eq!(formula(&Ligand::from_smiles_with_donors("O=c1cc[nH]cc1", &[vec![0]]).unwrap()), "C5H5NO");
    assert_eq!(formula(&Ligand::from_smiles_with_donors("CS(=O)C", &[vec![2]]).unwrap()), "C2H6OS");
    assert_eq!(formula(&Ligand::from_smiles_with_donors("CN(=O)=O", &[vec![2]]).unwrap()), "CH3NO2");
    assert_eq!(formula(&Ligand::from_smiles_with_donors("P", &[vec![0]]).unwrap()), "H3P");
    assert_eq!(
        formula(&Ligand::from_smiles_with_donors("c1ccccc1c1ccccc1", &[vec![0, 1]]).unwrap()),
        "C12H10"
    );
}

#[test]
fn ring_numbers_branches_and_marks() {
    let plain = read("F/C=C/[NH2:1]");
    for same in
        ["[19F]\\C=C\\[NH2:1]", "FC=C[N@H2:1]", "F(C=C[NH2:1])", "C%10[NH2:1].C%10F", "C=1F.C=1[NH2:1]"]
    {
        let other = Ligand::from_smiles(same);
        if same.contains("%10") {
            assert_eq!(formula(&other.unwrap()), "C2H6FN");
        } else {
            assert_eq!(other.unwrap().canonical(), plain.canonical(), "{same}");
        }
    }
    assert_eq!(read("C1CC%02CC2CC1[NH2:1]").canonical(), read("C%(7)CC1CC1CC7[NH2:1]").canonical());
    // Two aromatic rings without a mark between them.
    assert_eq!(read("c1ccccc1c1cccc[n:1]1").to_smiles(), read("c1ccccc1-c1cccc[n:1]1").to_smiles());
}

#[test]
fn placeholders_for_the_metal() {
    let of = |text: &str| {
        let ligand = read(text);
        (formula(&ligand), donors(&ligand).join(" "))
    };
    let expect = |formula: &str, donors: &str| (formula.to_owned(), donors.to_owned());
    assert_eq!(of("[Li]<-N#CC"), expect("C2H3N", "N"));
    assert_eq!(of("CP(C)(C)->[Li]"), expect("C3H9P", "P"));
    assert_eq!(of("[Be]Cl"), expect("Cl -1", "Cl-1"));
    assert_eq!(of("[Be]-C"), expect("CH3 -1", "C-1"));
    assert_eq!(of("[Be]=[C]1N(C)C=CN1C"), expect("C5H8N2", "C"));
    assert_eq!(of("[Be]=C1N(C)C=CN1C"), expect("C5H8N2", "C"));
    assert_eq!(of("[Be]=[Si](C)C"), expect("C2H6Si", "Si"));
    assert_eq!(of("[Be]=O"), expect("O -2", "O-2"));
    assert_eq!(of("[Be]#N"), expect("N -3", "N-3"));
    assert_eq!(of("CN(C)CCN1=Cc2ccccn2->[Ir]<-1"), expect("C10H15N3", "N N"));
    assert_eq!(of("C1CN->[Ir]<-N1"), expect("C2H8N2", "N N"));
    assert_eq!(of("CC(C)N1C=CN2c3ccccn3->[Ir]<-[Be]=[C]21"), expect("C11H13N3", "N C"));
    // Any metal, covalent bonds, both chlorides are one too many.
    assert_eq!(of("CC1=O->[Zn]OC(C)=C1"), expect("C5H7O2 -1", "O O-1"));
    assert_eq!(of("c1ccccc1[Au]"), expect("C6H5 -1", "C-1"));
    assert_eq!(of("C1=C->[Pt]<-1"), expect("C2H4", "C,C"));
    assert_eq!(of("C[Si]1(C)->[Ir]<-[Si]1(C)C"), expect("C4H12Si2", "Si Si"));
    assert_eq!(of("[CH]12=[CH]->[Ir]<-1<-[CH2-]2"), expect("C3H4 -1", "C,C,C-1"));
    assert_eq!(of("[Pd+2].[NH3:1]"), expect("H3N", "N"));
    assert_eq!(of("[NH2:2]1CC[NH2:1]->[Pd]<-1"), expect("C2H8N2", "N N"));
    // Iron that is part of the ligand.
    assert_eq!(of("[Fe]C[NH2:1]"), expect("CH4FeN", "N"));
}

#[test]
fn donors_by_index_do_not_count_hydrogens() {
    let glycinate = Ligand::from_smiles_with_donors("[H]N([H])CC([O-])=O", &[vec![0], vec![3]]).unwrap();
    assert_eq!(donors(&glycinate), ["N", "O-1"]);
    let hydrogen = Ligand::from_smiles_with_donors("[H][H]", &[vec![0, 1]]).unwrap();
    assert_eq!(donors(&hydrogen), ["H,H"]);
    assert_eq!(
        Ligand::from_smiles_with_donors("NCCN", &[vec![4]]).unwrap_err().to_string(),
        "SMILES 'NCCN': donor 0 names atom 4; expected an index from 0 to 3"
    );
}

#[test]
fn errors_name_the_place() {
    for (text, position, found) in [
        ("", 1, "the end of the text"),
        ("CC(", 4, "the end of the text"),
        ("CC)N", 3, "')'"),
        ("C()C", 3, "')'"),
        ("C1CC", 2, "a ring that is not closed, '1'"),
        ("C11", 3, "'1'"),
        ("C12CC12", 7, "'2'"),
        ("C=1CC-1", 7, "'1'"),
        ("CX", 2, "'X'"),
        ("C[Xx]", 3, "'X'"),
        ("C[NH3", 6, "the end of the text"),
        ("[CH3:]", 6, "']'"),
        ("C=", 3, "the end of the text"),
        ("C=(C)C", 3, "'('"),
        ("=C", 1, "'='"),
        ("C==C", 3, "'='"),
        ("C%1C", 4, "'C'"),
        ("Cé[NH2:1]", 2, "'é'"),
        ("[N+99:1]", 3, "'+'"),
        ("C(C.C)C", 2, "'('"),
        ("C[NH2:1].O", 9, "'.'"),
        ("N->C", 2, "'-'"),
        ("[Li]N", 5, "'N'"),
        ("N->[Ir]<-N->[Pd]", 13, "'['"),
        ("N->[Ir]<-[NH3:1]", 1, "'N'"),
    ] {
        match Ligand::from_smiles(text).unwrap_err() {
            SmilesError::Syntax { position: p, found: f, .. } => {
                assert_eq!((p, f.as_str()), (position, found), "{text}");
            }
            error => panic!("{text}: {error}"),
        }
    }
    let problem = |text: &str| match Ligand::from_smiles(text).unwrap_err() {
        SmilesError::NoLigand { problem, .. } => problem,
        error => panic!("{error}"),
    };
    assert_eq!(problem("CCN"), LigandError::NoDonor);
    assert_eq!(problem("[NH2:1]CC[NH2:1]"), LigandError::ScatteredDonor { donor: 0, atoms: vec![0, 3] });
    assert!(matches!(problem("Cl[Pd]Cl"), LigandError::Disconnected { .. }));
    assert_eq!(
        Ligand::from_smiles("CC(").unwrap_err().to_string(),
        "SMILES 'CC(', character 4: found the end of the text; expected ')' for each '('"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in r"[CNOPScn()\[\]=#:~<>%.+\-@H:0-3 BeLiIré]{0,24}") {
        if let Ok(ligand) = Ligand::from_smiles(&text) {
            let written = ligand.to_smiles();
            let again = Ligand::from_smiles(&written);
            prop_assert!(again.is_ok_and(|again| same_drawing(&ligand, &again)), "{} became {}", text, written);
        }
        let _ = Ligand::from_smiles_with_donors(&text, &[vec![0]]);
    }

    #[test]
    fn pieces_of_ligands_do_not_panic(cut in 0..200usize, which in 0..LIGANDS.len(), other in 0..LIGANDS.len()) {
        let mut text: String = LIGANDS[which].chars().take(cut).collect();
        text.extend(LIGANDS[other].chars().skip(cut / 2));
        if let Ok(ligand) = Ligand::from_smiles(&text) {
            let written = ligand.to_smiles();
            prop_assert!(Ligand::from_smiles(&written).is_ok_and(|again| same_drawing(&ligand, &again)), "{} became {}", text, written);
        }
    }
}
