//! The prototype of a crystal: what is left when elements, cell and free parameters are forgotten.

use std::collections::BTreeMap;

use druse_representations::symmetry::SymmetryError;
use druse_representations::{Crystal, Element, Representation, SymmetryCode, SymmetryRepresentation};

/// Most ways to name the elements that are tried.
const MOST_NAMINGS: usize = 720;

/// Anonymous formula, space group and occupied Wyckoff positions of a crystal, for instance
/// `AB 225|a:A|b:B`: the same for all crystals of one structure type, whatever their elements, cell
/// and free parameters. Elements are called A, B, C ... from the rarest to the most frequent; among
/// equally frequent ones the naming is chosen that gives the smallest text.
///
/// Where that would need more than 720 tries, elements keep the order of their atomic numbers.
///
/// # Errors
/// For disordered crystals and when the symmetry cannot be found.
pub fn prototype_of(crystal: &Crystal, symprec: f64) -> Result<String, SymmetryError> {
    let code = SymmetryRepresentation::new(symprec).encode(crystal)?;
    let composition = code.composition();
    // Elements by number of atoms.
    let mut by_count: BTreeMap<u64, Vec<Element>> = BTreeMap::new();
    for (element, amount) in composition.iter() {
        by_count.entry(amount.round() as u64).or_default().push(element);
    }
    let mut namings: Vec<Vec<Element>> = vec![Vec::new()];
    for equals in by_count.into_values() {
        let known = std::mem::take(&mut namings);
        let orders = permutations(&equals);
        // Too many in all: this set keeps its order.
        let tried = if known.len() * orders.len() > MOST_NAMINGS { &[equals][..] } else { &orders };
        for order in tried {
            namings.extend(known.iter().map(|start| [start.as_slice(), order].concat()));
        }
    }
    let mut best: Option<String> = None;
    for naming in &namings {
        let text = anonymous(&code, naming).fingerprint()?;
        if best.as_ref().is_none_or(|known| text < *known) {
            best = Some(text);
        }
    }
    let positions = name_elements(&best.unwrap_or_default(), composition.element_count());
    Ok(format!("{} {positions}", composition.anonymous_formula()))
}

/// The code with the elements of `naming` replaced by H, He, Li ... in that order.
fn anonymous(code: &SymmetryCode, naming: &[Element]) -> SymmetryCode {
    let mut code = code.clone();
    for orbit in &mut code.orbits {
        let place = naming.iter().position(|element| *element == orbit.element);
        let stand_in = place.and_then(|place| Element::from_atomic_number(place as u8 + 1));
        orbit.element = stand_in.unwrap_or(orbit.element);
    }
    code
}

/// Puts letters in the place of the stand-in elements: `225|a:H|b:He` becomes `225|a:A|b:B`.
fn name_elements(fingerprint: &str, elements: usize) -> String {
    let symbols: Vec<&str> = Element::all().take(elements).map(Element::symbol).collect();
    let mut text = String::new();
    for (index, part) in fingerprint.split('|').enumerate() {
        match part.split_once(':') {
            Some((letter, symbol)) if index > 0 => {
                let place = symbols.iter().position(|known| *known == symbol).unwrap_or(0);
                text.push_str(&format!("|{letter}:{}", char::from(b'A' + (place % 26) as u8)));
            }
            _ => text.push_str(part),
        }
    }
    text
}

/// All orders of up to six elements; of more, only the given order.
fn permutations(elements: &[Element]) -> Vec<Vec<Element>> {
    if elements.len() > 6 {
        return vec![elements.to_vec()];
    }
    let Some((&first, rest)) = elements.split_first() else { return vec![Vec::new()] };
    let mut orders = Vec::new();
    for order in permutations(rest) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, first);
            orders.push(longer);
        }
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    fn prototype(edge: f64, atoms: &[(&str, [f64; 3])]) -> String {
        let atoms = atoms.iter().map(|&(symbol, x)| (symbol.parse().unwrap(), x));
        prototype_of(&Crystal::ordered(Lattice::cubic(edge), atoms), 0.01).unwrap()
    }

    fn perovskite(corner: &str, centre: &str, face: &str) -> String {
        let faces = [[0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]].map(|x| (face, x));
        prototype(3.9, &[(corner, [0.0; 3]), (centre, [0.5; 3]), faces[0], faces[1], faces[2]])
    }

    #[test]
    fn elements_and_cells_do_not_matter() {
        let salt = |x, y| prototype(4.1, &[(x, [0.0; 3]), (y, [0.5; 3])]);
        assert_eq!(salt("Cs", "Cl"), salt("Au", "Cs"));
        assert_eq!(salt("Cs", "Cl"), "AB 221|a:A|b:B");
        // Whichever of A and B is heavier, oxygen sits on the same kind of place.
        assert_eq!(perovskite("Ba", "Ti", "O"), perovskite("Ti", "Ba", "O"));
        assert_eq!(perovskite("Ba", "Ti", "O"), perovskite("Na", "Mg", "F"));
        // In antiperovskites the frequent element is on the same place too; the type is the same.
        assert_eq!(perovskite("Ba", "Ti", "O"), perovskite("Sn", "N", "Mn"));
        assert_ne!(perovskite("Ba", "Ti", "O"), perovskite("Ba", "O", "O"));
    }

    #[test]
    fn six_elements_have_720_orders() {
        let elements: Vec<Element> = Element::all().take(6).collect();
        let mut orders = permutations(&elements);
        orders.sort();
        orders.dedup();
        assert_eq!(orders.len(), 720);
    }
}
