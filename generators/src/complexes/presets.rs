//! Spaces for common tasks.

use std::collections::BTreeSet;

use druse_datasets::ligands::builtin_ligand;
use druse_representations::{Complex, Element, Geometry};

use super::pool::LigandPool;
use super::space::ComplexSpace;

/// Metals that are cheap and abundant in the crust, with their usual oxidation states.
pub const ABUNDANT_METALS: [(&str, &[i32]); 9] = [
    ("Ti", &[3, 4]),
    ("V", &[2, 3, 4]),
    ("Cr", &[0, 2, 3]),
    ("Mn", &[1, 2, 3]),
    ("Fe", &[0, 2, 3]),
    ("Co", &[1, 2, 3]),
    ("Ni", &[0, 2]),
    ("Cu", &[1, 2]),
    ("Zn", &[2]),
];

/// Metals of luminescent and light-absorbing complexes, with the oxidation states in which they are
/// (after Wenger, J. Am. Chem. Soc. 140, 13522 (2018); ruthenium and iridium are the classics).
pub const CHROMOPHORE_METALS: [(&str, &[i32]); 7] = [
    ("Cr", &[0, 3]),
    ("Mn", &[1, 4]),
    ("Fe", &[2, 3]),
    ("Co", &[3]),
    ("Cu", &[1]),
    ("Ru", &[2]),
    ("Ir", &[3]),
];

/// Names of ligands of chromophores among those that come with druse: polypyridines, cyclometalated
/// pyridines, carbenes, and strong fields beside them.
pub const CHROMOPHORE_LIGANDS: [&str; 14] = [
    "2,2'-bipyridine",
    "1,10-phenanthroline",
    "2,2':6',2''-terpyridine",
    "2-phenylpyridine",
    "1,3-di(2-pyridyl)phenyl",
    "pyridine",
    "1,3-dimethylimidazol-2-ylidene",
    "phenylacetylide",
    "cyanide",
    "carbon monoxide",
    "methyl isocyanide",
    "triphenylphosphine",
    "1,2-bis(diphenylphosphino)ethane",
    "acetylacetonate",
];

/// Abundant metals in the place of a noble one: complexes with the coordination number and total
/// charge of `complex`, of its ligands and those of `more`.
pub fn noble_by_abundant(complex: &Complex, more: &LigandPool) -> ComplexSpace {
    let own = complex.ligands.iter().map(|placed| placed.ligand.clone());
    let ligands: LigandPool = own.chain(more.ligands().cloned()).collect();
    let charge = complex.charge();
    ComplexSpace {
        charge: [charge, charge],
        ..ComplexSpace::new(
            metals(&ABUNDANT_METALS),
            Geometry::with_sites(complex.geometry.site_count()),
            ligands,
        )
    }
}

/// Complexes that may absorb and emit light: octahedral and tetrahedral, of those ligands of `pool` that
/// are the same as one of [`CHROMOPHORE_LIGANDS`].
pub fn chromophores(pool: &LigandPool) -> ComplexSpace {
    let keys: BTreeSet<String> = CHROMOPHORE_LIGANDS
        .iter()
        .filter_map(|name| Some(builtin_ligand(name)?.ligand().canonical().key))
        .collect();
    ComplexSpace {
        charge: [-1, 3],
        most_distinct: 3,
        ..ComplexSpace::new(
            metals(&CHROMOPHORE_METALS),
            [Geometry::Tetrahedral, Geometry::Octahedral],
            pool.filtered(|part| keys.contains(&part.key)),
        )
    }
}

fn metals(table: &[(&str, &[i32])]) -> Vec<(Element, Vec<i32>)> {
    table
        .iter()
        .filter_map(|(symbol, states)| Some((Element::from_symbol(symbol)?, states.to_vec())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complexes::testing::{ligand, ligands};
    use druse_datasets::ligands::builtin_ligands;
    use druse_representations::PlacedLigand;

    #[test]
    fn chromophore_ligands_come_with_druse() {
        let pool: LigandPool = builtin_ligands().iter().map(|builtin| builtin.ligand()).collect();
        let space = chromophores(&pool);
        assert_eq!(space.ligands.len(), CHROMOPHORE_LIGANDS.len());
        crate::ComplexBreeder::new(&space, Default::default()).unwrap();
    }

    #[test]
    fn every_preset_is_a_space() {
        assert_eq!(metals(&ABUNDANT_METALS).len(), ABUNDANT_METALS.len());
        assert_eq!(metals(&CHROMOPHORE_METALS).len(), CHROMOPHORE_METALS.len());
        let placed = |name: &str, site| PlacedLigand { ligand: ligand(name), sites: vec![site] };
        let seats = vec![placed("Cl", 0), placed("NH3", 1), placed("Cl", 2), placed("NH3", 3)];
        let complex = Complex::new("Pt".parse().unwrap(), 2, 1, Geometry::SquarePlanar, seats).unwrap();
        let space = noble_by_abundant(&complex, &LigandPool::new(ligands("NH3 py CN")));
        space.check().unwrap();
        assert_eq!((space.ligands.len(), space.charge), (4, [0, 0]));
        assert_eq!(space.geometries, [Geometry::Tetrahedral, Geometry::SquarePlanar]);
        let space = chromophores(&LigandPool::new(ligands("NH3 bipy CN")));
        space.check().unwrap();
        assert_eq!(space.ligands.len(), 2);
    }
}
