//! Complexes with ideal geometry and round bond lengths.

use druse_representations::Molecule;

const AXES: [[f64; 3]; 6] =
    [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]];

pub fn molecule(atoms: &[(&str, [f64; 3])]) -> Molecule {
    Molecule {
        elements: atoms.iter().map(|(symbol, _)| symbol.parse().unwrap()).collect(),
        positions: atoms.iter().map(|(_, position)| *position).collect(),
    }
}

/// A metal with six linear ligands of two atoms: metal-donor and inner distance in Å.
fn hexa(metal: &'static str, ligand: [&'static str; 2], donor: f64, inner: f64) -> Molecule {
    let mut atoms = vec![(metal, [0.0; 3])];
    for axis in AXES {
        atoms.push((ligand[0], axis.map(|x| donor * x)));
        atoms.push((ligand[1], axis.map(|x| (donor + inner) * x)));
    }
    molecule(&atoms)
}

pub fn hexacarbonylchromium() -> Molecule {
    hexa("Cr", ["C", "O"], 1.91, 1.14)
}

pub fn hexacyanoferrate() -> Molecule {
    hexa("Fe", ["C", "N"], 1.92, 1.17)
}

pub fn hexaaquairon() -> Molecule {
    let mut atoms = vec![("Fe", [0.0; 3])];
    for (k, axis) in AXES.iter().enumerate() {
        let across = AXES[(k / 2 * 2 + 2) % 6];
        atoms.push(("O", axis.map(|x| 2.12 * x)));
        for side in [0.77, -0.77] {
            atoms.push(("H", std::array::from_fn(|i| 2.71 * axis[i] + side * across[i])));
        }
    }
    molecule(&atoms)
}

/// trans-[PdCl2(NH3)2].
pub fn transdiamminedichloropalladium() -> Molecule {
    let mut atoms = vec![("Pd", [0.0; 3]), ("Cl", [2.30, 0.0, 0.0]), ("Cl", [-2.30, 0.0, 0.0])];
    for side in [1.0, -1.0] {
        atoms.push(("N", [0.0, 2.05 * side, 0.0]));
        for k in 0..3 {
            let angle = f64::from(k) * std::f64::consts::TAU / 3.0 + std::f64::consts::FRAC_PI_2;
            atoms.push(("H", [0.95 * angle.cos(), 2.41 * side, 0.95 * angle.sin()]));
        }
    }
    molecule(&atoms)
}

pub fn hydrogen() -> Molecule {
    molecule(&[("H", [0.0; 3]), ("H", [0.74, 0.0, 0.0])])
}
