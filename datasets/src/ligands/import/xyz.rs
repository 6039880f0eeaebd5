//! Lists of molecules in XYZ format whose comment lines name charge and donors, as PL-MOGA writes
//! them: `NAME | charge: -1 | conn atom: [[4]]`. Other fields are ignored.

use std::collections::BTreeMap;

use druse_representations::io::{MoleculeRecord, RecordError, read_xyz_text};
use druse_representations::ligand::assign_formal_charges;
use druse_representations::molecule::connectivity;
use druse_representations::{Atom, BondOrder, Ligand, Molecule};

use super::{Outcome, donors};
use crate::elements::covalent_radius;

/// Atoms up to this multiple of the sum of their covalent radii are bonded.
const BOND_SCALE: f64 = 1.25;
/// Covalent radius (Å) of the metal in front of a donor: palladium's, a middle one.
const METAL_RADIUS: f64 = 1.39;

/// The molecules of a text in order; `source` names it in messages.
pub(super) fn parse(text: &str, source: &str) -> Vec<Outcome> {
    let outcome = |record: Result<MoleculeRecord, RecordError>| match record {
        Ok(MoleculeRecord { id, molecule, comment, .. }) => {
            let name = comment.split('|').next().map(str::trim).filter(|name| !name.is_empty());
            (name.map_or(id, str::to_owned), ligand(&molecule, &comment))
        }
        Err(error) => (error.id.clone(), Err(error.to_string())),
    };
    read_xyz_text(text, source, "molecule").into_iter().map(outcome).collect()
}

fn ligand(molecule: &Molecule, comment: &str) -> Result<Ligand, String> {
    let fields: BTreeMap<String, &str> = comment
        .split('|')
        .filter_map(|field| field.split_once(':'))
        .map(|(key, value)| (key.trim().to_lowercase(), value.trim()))
        .collect();
    let field = |key: &str| {
        fields
            .get(key)
            .copied()
            .ok_or_else(|| format!("no '{key}: ...' between bars in the comment '{comment}'"))
    };
    let text = field("charge")?;
    let charge: i8 = text.parse().map_err(|_| format!("charge '{text}', expected a small whole number"))?;
    let donors = donors(field("conn atom")?)?;
    let bonds = connectivity(molecule, &covalent_radius, BOND_SCALE).map_err(|e| e.to_string())?;
    let mut ligand = Ligand { name: String::new(), graph: Default::default(), donors, positions: None };
    for &element in &molecule.elements {
        ligand.graph.add_node(Atom { element, formal_charge: 0 });
    }
    for (first, neighbours) in bonds.iter().enumerate() {
        for &second in neighbours.iter().filter(|&&second| second > first) {
            let nodes = [first, second].map(|atom| (atom as u32).into());
            ligand.graph.add_edge(nodes[0], nodes[1], BondOrder::Unknown);
        }
    }
    for donor in &mut ligand.donors {
        donor.sort_unstable();
    }
    ligand.check().map_err(|e| e.to_string())?;
    assign_formal_charges(&mut ligand.graph, &ligand.donors, charge.into());
    ligand.positions = seen_from_the_metal(molecule, &bonds, &ligand.donors);
    Ok(ligand)
}

/// Positions with the metal at the origin, where its place can be told: for a single donor atom it
/// is opposite to the mean direction of the donor's bonds. `None` for several donors, for donors
/// with all bonds in a plane around them, and for bent donors with one bond (oxygen, sulfur and
/// their like).
fn seen_from_the_metal(
    molecule: &Molecule,
    bonds: &[Vec<usize>],
    donors: &[Vec<usize>],
) -> Option<Vec<[f64; 3]>> {
    let &[donor] = donors.iter().flatten().collect::<Vec<_>>().as_slice() else { return None };
    let neighbours = &bonds[*donor];
    let element = molecule.elements[*donor];
    if neighbours.len() == 1 && !["C", "N", "H"].contains(&element.symbol()) {
        return None;
    }
    let centre = molecule.positions[*donor];
    let mut away = [0.0; 3];
    for &neighbour in neighbours {
        let length = molecule.distance(*donor, neighbour);
        for (axis, sum) in away.iter_mut().enumerate() {
            *sum -= (molecule.positions[neighbour][axis] - centre[axis]) / length;
        }
    }
    if neighbours.is_empty() {
        away = [0.0, 0.0, -1.0];
    }
    let length = away.iter().map(|x| x * x).sum::<f64>().sqrt();
    // Three bonds in a plane add up to less.
    if length.is_nan() || length < 0.3 {
        return None;
    }
    let distance = METAL_RADIUS + covalent_radius(element)?;
    let metal: [f64; 3] = std::array::from_fn(|axis| centre[axis] + away[axis] / length * distance);
    Some(
        molecule
            .positions
            .iter()
            .map(|place| std::array::from_fn(|axis| place[axis] - metal[axis]))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trimethylphosphine as a list would have it, cyanide, and what is refused.
    const LIST: &str = "13
pme3 | charge: 0 | conn atom: [[3]] | Pd occurrence: 249
C  1.64  0.00  0.78
C -0.82  1.42  0.78
C -0.82 -1.42  0.78
P  0.00  0.00  0.00
H  2.20  0.88  0.45
H  2.20 -0.88  0.45
H  1.52  0.00  1.86
H -1.87  1.46  0.45
H -0.34  2.34  0.45
H -0.76  1.32  1.86
H -1.87 -1.46  0.45
H -0.34 -2.34  0.45
H -0.76 -1.32  1.86
2
 cyanide | Charge: -1 | conn atom: [[0]]
C 0 0 0
N 0 0 1.16
1
nothing
Cl 0 0 0
2
apart | charge: 0 | conn atom: 0
Cl 0 0 0
Cl 0 0 4
2
many | charge: 0 | conn atom: [[2]]
Cl 0 0 0
Cl 0 0 2
1
half | charge: 0.5 | conn atom: [[0]]
Cl 0 0 0
1
wrong | charge: 0 | conn atom: [[0]]
Qq 0 0 0
";

    #[test]
    fn lists_are_read_with_reasons_for_what_is_refused() {
        let outcomes = parse(LIST, "some.xyz");
        let names: Vec<&str> = outcomes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..6], ["pme3", "cyanide", "nothing", "apart", "many", "half"]);
        let phosphine = outcomes[0].1.as_ref().unwrap();
        let known = crate::ligands::builtin_ligand("PMe3").unwrap().ligand();
        assert_eq!(phosphine.canonical().key, known.canonical().key);
        let cyanide = outcomes[1].1.as_ref().unwrap();
        assert_eq!((cyanide.charge(), cyanide.denticity()), (-1, 1));
        let reasons: Vec<&String> =
            outcomes[2..].iter().map(|(_, outcome)| outcome.as_ref().unwrap_err()).collect();
        assert!(reasons[0].contains("no 'charge: ...' between bars in the comment 'nothing'"));
        assert!(reasons[1].contains("separate parts"));
        assert!(reasons[2].contains("donor 0 names atom 2"));
        assert!(reasons[3].contains("charge '0.5', expected a small whole number"));
        assert!(reasons[4].contains("Qq"));
    }

    #[test]
    fn the_metal_is_where_the_lone_pair_points() {
        let outcomes = parse(LIST, "some.xyz");
        let positions = |at: usize| outcomes[at].1.as_ref().unwrap().positions.clone().unwrap();
        // Phosphorus (radius 1.07 Å) below the metal, its methyl groups further away.
        let phosphorus = positions(0)[3];
        assert!((phosphorus[2] - 2.46).abs() < 0.01 && phosphorus[0].abs() < 0.01);
        assert!(positions(0)[0][2] > 3.0);
        assert!((positions(1)[0][2] - 2.15).abs() < 1e-9 && (positions(1)[1][2] - 3.31).abs() < 1e-9);
        let water = "3\nw | charge: 0 | conn atom: [[0]]\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n";
        assert!(parse(water, "w")[0].1.as_ref().unwrap().positions.is_some());
        let ester = "2\nh | charge: -1 | conn atom: [[0]]\nO 0 0 0\nH 0.96 0 0\n";
        assert!(parse(ester, "h")[0].1.as_ref().unwrap().positions.is_none());
    }
}
