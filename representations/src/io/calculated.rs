//! What was computed for a structure: the properties that mean the same in every format.
//!
//! | property | |
//! |---|---|
//! | `energy` | eV, of the cell as it is |
//! | `forces` | eV/Å, three numbers for each site |
//! | `stress` | GPa, 3 x 3, positive = tension |
//! | `magmoms` | µB, one number for each site |
//!
//! ASE has the stress in eV/Å^3, positive = tension as well, with nine numbers or six (xx, yy, zz, yz, xz, xy).

use serde_json::{Map, Value, json};

use crate::units::GPA_PER_EV_PER_A3;

/// Energy (eV) of the cell.
pub const ENERGY: &str = "energy";
/// Forces (eV/Å) on the sites.
pub const FORCES: &str = "forces";
/// Stress (GPa), positive = tension.
pub const STRESS: &str = "stress";
/// Magnetic moments (µB) of the sites.
pub const MAGMOMS: &str = "magmoms";

/// The energy of the cell (eV).
pub(super) fn energy(properties: &Map<String, Value>) -> Option<f64> {
    properties.get(ENERGY)?.as_f64()
}

/// The forces (eV/Å), if there is a row for each of `sites`.
pub(super) fn forces(properties: &Map<String, Value>, sites: usize) -> Option<Vec<[f64; 3]>> {
    let rows = properties.get(FORCES)?.as_array().filter(|rows| rows.len() == sites)?;
    rows.iter().map(row).collect()
}

/// The magnetic moments (µB), if there is one for each of `sites`.
pub(super) fn magmoms(properties: &Map<String, Value>, sites: usize) -> Option<Vec<f64>> {
    let list = properties.get(MAGMOMS)?.as_array().filter(|list| list.len() == sites)?;
    list.iter().map(Value::as_f64).collect()
}

/// The stress in eV/Å^3.
pub(super) fn stress_for_ase(properties: &Map<String, Value>) -> Option<[[f64; 3]; 3]> {
    let rows = properties.get(STRESS)?.as_array().filter(|rows| rows.len() == 3)?;
    let [a, b, c] = [row(&rows[0])?, row(&rows[1])?, row(&rows[2])?];
    Some([a, b, c].map(|row| row.map(|x| x / GPA_PER_EV_PER_A3)))
}

/// Stress (GPa, 3 x 3) of nine numbers in eV/Å^3, column after column, or of six.
pub(super) fn stress_of_ase(numbers: &[f64]) -> Option<Value> {
    let at = |i: usize, j: usize| match numbers.len() {
        9 => numbers[3 * j + i],
        _ => numbers[if i == j { i } else { 6 - i - j }],
    };
    let row = |i: usize| -> [f64; 3] { std::array::from_fn(|j| at(i, j) * GPA_PER_EV_PER_A3) };
    matches!(numbers.len(), 6 | 9).then(|| json!([row(0), row(1), row(2)]))
}

/// The six numbers of ASE of a symmetric tensor: xx, yy, zz, yz, xz, xy.
pub(super) fn six(tensor: [[f64; 3]; 3]) -> [f64; 6] {
    [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)].map(|(i, j)| tensor[i][j])
}

fn row(value: &Value) -> Option<[f64; 3]> {
    let [x, y, z] = value.as_array()?.as_slice() else { return None };
    Some([x.as_f64()?, y.as_f64()?, z.as_f64()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stress_has_one_meaning() {
        let six_numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let told = stress_of_ase(&six_numbers).unwrap();
        let properties = Map::from_iter([(STRESS.to_owned(), told.clone())]);
        let tensor = stress_for_ase(&properties).unwrap();
        assert!((tensor[1][2] - 4.0).abs() < 1e-15 && (tensor[2][0] - 5.0).abs() < 1e-15);
        assert!((told[0][1].as_f64().unwrap() - 6.0 * 160.2176634).abs() < 1e-10);
        assert!(six(tensor).iter().zip(six_numbers).all(|(x, y)| (x - y).abs() < 1e-15));
        let nine = [1.0, 6.0, 5.0, 6.0, 2.0, 4.0, 5.0, 4.0, 3.0];
        assert_eq!(stress_of_ase(&nine), Some(told));
        assert_eq!(stress_of_ase(&[1.0; 3]), None);
    }

    #[test]
    fn lists_of_another_length_are_no_forces() {
        let properties =
            json!({"forces": [[0, 0, 1.5]], "magmoms": [1, "x"], "energy": "low", "stress": [1, 2, 3]});
        let properties = properties.as_object().unwrap();
        assert_eq!(forces(properties, 1), Some(vec![[0.0, 0.0, 1.5]]));
        assert_eq!((forces(properties, 2), magmoms(properties, 2)), (None, None));
        assert_eq!((energy(properties), stress_for_ase(properties)), (None, None));
    }
}
