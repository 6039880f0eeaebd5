//! Bonds from distances.

use crate::element::Element;

use super::Molecule;

/// Covalent radii (Å) by element; `None` where there is none.
pub type Radii<'a> = dyn Fn(Element) -> Option<f64> + 'a;

/// An element whose bonds cannot be told because it has no covalent radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no covalent radius of {0}; expected one for each element of the molecule")]
pub struct NoRadius(pub Element);

/// Neighbours of each atom in ascending order: all pairs no farther apart than `scale` times the sum
/// of their covalent radii.
///
/// # Errors
/// When an element has no radius.
pub fn connectivity(molecule: &Molecule, radii: &Radii, scale: f64) -> Result<Vec<Vec<usize>>, NoRadius> {
    bonded_within(molecule, radii, &|sum| scale * sum)
}

/// As [`connectivity`], with the longest bond (Å) as any function of the sum of the radii (Å).
///
/// # Errors
/// When an element has no radius.
pub fn bonded_within(
    molecule: &Molecule,
    radii: &Radii,
    longest: &dyn Fn(f64) -> f64,
) -> Result<Vec<Vec<usize>>, NoRadius> {
    let radius = |&element: &Element| radii(element).ok_or(NoRadius(element));
    let radius: Vec<f64> = molecule.elements.iter().map(radius).collect::<Result<_, _>>()?;
    let mut neighbours = vec![Vec::new(); molecule.len()];
    // Molecules are small: all pairs cost less than sorting the atoms into boxes.
    for second in 0..molecule.len() {
        for first in 0..second {
            if molecule.distance(first, second) <= longest(radius[first] + radius[second]) {
                neighbours[first].push(second);
                neighbours[second].push(first);
            }
        }
    }
    Ok(neighbours)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cordero et al., Dalton Trans. 2832 (2008).
    fn radius(element: Element) -> Option<f64> {
        match element.symbol() {
            "H" => Some(0.31),
            "O" => Some(0.66),
            _ => None,
        }
    }

    fn molecule(atoms: &[(&str, [f64; 3])]) -> Molecule {
        let elements = atoms.iter().map(|(symbol, _)| symbol.parse().unwrap()).collect();
        Molecule { elements, positions: atoms.iter().map(|&(_, place)| place).collect() }
    }

    #[test]
    fn two_waters_are_two_molecules() {
        let atoms = [
            ("O", [0.0, 0.0, 0.0]),
            ("H", [0.96, 0.0, 0.0]),
            ("H", [-0.24, 0.93, 0.0]),
            ("O", [2.9, 0.0, 0.0]),
            ("H", [3.2, 0.9, 0.0]),
            ("H", [3.2, -0.9, 0.0]),
        ];
        let expected = [vec![1, 2], vec![0], vec![0], vec![4, 5], vec![3], vec![3]];
        assert_eq!(connectivity(&molecule(&atoms), &radius, 1.25).unwrap(), expected);
        assert_eq!(molecule(&atoms).composition().to_string(), "H4O2");
    }

    #[test]
    fn an_element_without_radius_is_named() {
        let error = connectivity(&molecule(&[("Xe", [0.0; 3])]), &radius, 1.25).unwrap_err();
        assert!(error.to_string().contains("no covalent radius of Xe"), "{error}");
    }
}
