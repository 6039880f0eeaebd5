//! The atoms of a crystal as one line of text for the pages of reports.
//!
//! ```text
//! space group, symbol, a, b, c (Å), α, β, γ (degrees); element, letter, multiplicity, x, y, z; ...
//! 225 Fm-3m 4.21 4.21 4.21 90 90 90;Mg a 4 0 0 0;O b 4 0.5 0.5 0.5
//! ```
//!
//! One entry for each occupied Wyckoff position, in the idealised conventional cell that files for people
//! have as well: the page makes all atoms by the [operations] of the group, and its CIFs from the same. A
//! crystal without space group, as a disordered one, has all its sites in P1; several occupants of a site
//! are written `K:0.75,Rb:0.25`.

use druse_representations::io::cif::SymmetryOperation;
use druse_representations::wyckoff::space_group;
use druse_representations::{Crystal, Site};

use super::Standardised;
use crate::domain::short;

/// Decimals of lengths (Å), angles (degrees) and fractional coordinates.
const DECIMALS: usize = 6;

/// Number of the space group, and the text.
pub fn of(crystal: &Crystal, standardised: Option<&Standardised>) -> (u8, String) {
    let found = standardised.and_then(|found| Some((found.number, &found.symbol, found.cell_and_sites()?)));
    if let Some((number, symbol, (cell, sites))) = found {
        let sites = sites.iter().map(|site| {
            let [x, y, z] = site.frac;
            let species = site.occupants.first().map_or("", |occupant| occupant.element.symbol());
            entry(species, site.letter, site.multiplicity, [x, y, z])
        });
        return (number, format!("{number} {}{}", head(symbol, cell), sites.collect::<String>()));
    }
    let sites = crystal.sites.iter().map(|site| entry(&species(site), 'a', 1, site.frac.into()));
    (1, format!("1 {}{}", head("P1", crystal.lattice.parameters()), sites.collect::<String>()))
}

fn head(symbol: &str, cell: [f64; 6]) -> String {
    let cell = cell.map(|x| short(x, DECIMALS)).join(" ");
    format!("{} {cell}", symbol.replace(' ', ""))
}

fn entry(species: &str, letter: char, multiplicity: usize, frac: [f64; 3]) -> String {
    let [x, y, z] = frac.map(|x| short(x.rem_euclid(1.0), DECIMALS));
    format!(";{species} {letter} {multiplicity} {x} {y} {z}")
}

fn species(site: &Site) -> String {
    if site.is_ordered() {
        return site.main_element().map_or("", |element| element.symbol()).to_owned();
    }
    let occupants = site.occupants.iter();
    occupants.map(|it| format!("{}:{}", it.element, short(it.occupancy, 4))).collect::<Vec<_>>().join(",")
}

/// All operations of the conventional cell of a space group, centring included; `None` when there is
/// no such group.
pub fn operations(number: u8) -> Option<Vec<String>> {
    let group = space_group(number)?;
    let all = group.rotations().iter().zip(group.translations());
    Some(
        all.map(|(&rotation, &translation)| SymmetryOperation { rotation, translation }.to_string())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;
    use druse_representations::crystal::Occupant;

    fn salt(edge: f64) -> Crystal {
        let h = edge / 2.0;
        let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
        Crystal::ordered(lattice, [("Na".parse().unwrap(), [0.0; 3]), ("Cl".parse().unwrap(), [0.5; 3])])
    }

    #[test]
    fn symmetric_crystals_have_one_entry_for_each_orbit() {
        let crystal = salt(5.64);
        let (group, text) = of(&crystal, Standardised::of(&crystal).as_ref());
        assert_eq!(group, 225);
        let mut parts: Vec<&str> = text.split(';').collect();
        assert_eq!(parts.remove(0), "225 Fm-3m 5.64 5.64 5.64 90 90 90");
        assert_eq!(parts.len(), 2, "{text}");
        assert!(parts.iter().any(|part| part.starts_with("Na ") && part.contains(" 4 ")), "{text}");
        assert_eq!(operations(225).unwrap().len(), 192);
        assert_eq!(operations(1).unwrap(), ["x,y,z"]);
        assert!(operations(0).is_none());
    }

    #[test]
    fn disordered_crystals_are_written_in_p1() {
        let mut crystal = salt(6.5);
        crystal.sites[0].occupants = [("K", 0.75), ("Rb", 0.25)]
            .map(|(symbol, occupancy)| Occupant { element: symbol.parse().unwrap(), occupancy })
            .to_vec();
        let (group, text) = of(&crystal, None);
        assert_eq!(group, 1);
        assert!(text.contains(";K:0.75,Rb:0.25 a 1 0 0 0;Cl a 1 0.5 0.5 0.5"), "{text}");
    }
}
