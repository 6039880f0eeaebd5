//! Writing CIFs: as P 1 with every site, or with a space group and asymmetric sites.

use crate::crystal::Occupant;
use crate::lattice::Lattice;

use super::super::record::Record;
use super::ID_TAG;
use super::structure::{METHOD, METHOD_TAG, PROPERTY_TAGS};

/// A site of the asymmetric unit for [`write_symmetrised`].
#[derive(Clone, Debug, PartialEq)]
pub struct WyckoffSite {
    /// Who sits here.
    pub occupants: Vec<Occupant>,
    /// Fractional coordinates of one representative in the conventional cell.
    pub frac: [f64; 3],
    /// Wyckoff letter.
    pub letter: char,
    /// Number of equivalent sites in the conventional cell.
    pub multiplicity: usize,
}

/// One block per record in P 1. Ids and properties are kept.
pub(crate) fn write(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        let sites: Vec<Row> = record
            .crystal
            .sites
            .iter()
            .map(|site| Row { occupants: &site.occupants, frac: site.frac.into(), wyckoff: None })
            .collect();
        head(&mut text, &record.id, &record.crystal.lattice, &record.crystal.composition().to_string());
        space_group(&mut text, 1, "P 1", &["x,y,z".to_owned()]);
        atoms(&mut text, &sites);
        if !record.properties.is_empty() {
            text += &format!("loop_\n{}\n{}\n", PROPERTY_TAGS[0], PROPERTY_TAGS[1]);
            for (name, value) in &record.properties {
                text += &format!("{} {}\n", quoted(name), quoted(&value.to_string()));
            }
        }
        text.push('\n');
    }
    text
}

/// One block with a space group: `number` and `symbol` (Hermann-Mauguin), all `operations` of the
/// conventional cell as `x,y,z` texts (centring included), the conventional lattice, and one row
/// per asymmetric site.
pub fn write_symmetrised(
    id: &str,
    number: i32,
    symbol: &str,
    operations: &[String],
    lattice: &Lattice,
    sites: &[WyckoffSite],
) -> String {
    let mut text = String::new();
    let cell: crate::Composition = sites
        .iter()
        .flat_map(|site| site.occupants.iter().map(|o| (o.element, o.occupancy * site.multiplicity as f64)))
        .collect();
    let rows: Vec<Row> = sites
        .iter()
        .map(|site| Row {
            occupants: &site.occupants,
            frac: site.frac,
            wyckoff: Some((site.letter, site.multiplicity)),
        })
        .collect();
    head(&mut text, id, lattice, &cell.to_string());
    space_group(&mut text, number, symbol, operations);
    atoms(&mut text, &rows);
    text
}

struct Row<'a> {
    occupants: &'a [Occupant],
    frac: [f64; 3],
    wyckoff: Option<(char, usize)>,
}

fn head(text: &mut String, id: &str, lattice: &Lattice, formula: &str) {
    // Formulas in a CIF separate their elements by blanks.
    let mut spaced = String::new();
    for c in formula.chars() {
        if c.is_ascii_uppercase() && !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push(c);
    }
    *text += &format!("data_{}\n{ID_TAG} {}\n{METHOD_TAG} '{METHOD}'\n", block_code(id), quoted(id));
    *text += &format!("_chemical_formula_sum {}\n", quoted(&spaced));
    let tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
    for (tag, value) in tags.into_iter().zip(lattice.parameters()) {
        *text += &format!("_cell_{tag} {value:.12}\n");
    }
    *text += &format!("_cell_volume {:.8}\n", lattice.volume());
}

/// Block codes hold up to 75 printable characters without blanks.
fn block_code(id: &str) -> String {
    let code: String = id.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(75).collect();
    if code.is_empty() { "druse".to_owned() } else { code }
}

fn space_group(text: &mut String, number: i32, symbol: &str, operations: &[String]) {
    *text += &format!("_space_group_name_H-M_alt {}\n_space_group_IT_number {number}\n", quoted(symbol));
    *text += "loop_\n_space_group_symop_operation_xyz\n";
    for operation in operations {
        *text += &format!("{}\n", quoted(operation));
    }
}

fn atoms(text: &mut String, rows: &[Row]) {
    let wyckoff = rows.iter().any(|row| row.wyckoff.is_some());
    *text += "loop_\n_atom_site_label\n_atom_site_type_symbol\n";
    if wyckoff {
        *text += "_atom_site_site_symmetry_multiplicity\n_atom_site_Wyckoff_symbol\n";
    }
    *text += "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n";
    for (index, row) in rows.iter().enumerate() {
        let [x, y, z] = row.frac;
        for occupant in row.occupants {
            let symbol = occupant.element.symbol();
            *text += &format!("{symbol}{} {symbol} ", index + 1);
            if let Some((letter, multiplicity)) = row.wyckoff {
                *text += &format!("{multiplicity} {letter} ");
            }
            *text += &format!("{x:.12} {y:.12} {z:.12} {}\n", occupant.occupancy);
        }
    }
}

/// A value with the delimiters it needs.
fn quoted(value: &str) -> String {
    let value = value.replace('\r', "\n");
    let closes = |quote: char| {
        value
            .char_indices()
            .any(|(at, c)| c == quote && value[at + 1..].chars().next().is_none_or(char::is_whitespace))
    };
    if value.contains('\n') || closes('\'') && closes('"') {
        return format!("\n;{}\n;", value.replace("\n;", "\n ;"));
    }
    if closes('\'') { format!("\"{value}\"") } else { format!("'{value}'") }
}
