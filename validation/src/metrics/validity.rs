//! Validity in the manner of CDVAE (T. Xie et al., ICLR 2022).
//!
//! * Structure: no two sites nearer than 0.5 Å, and a cell of at least 0.1 Å^3. As there, a site and
//!   its own images are not compared.
//! * Composition: oxidation states that add up to zero and keep Pauling's order, one state for each
//!   element; elements and metals alone pass. The rules are SMACT's, the oxidation states ours, since
//!   SMACT's default list changed between its versions: name
//!   [`OXIDATION_STATES_VERSION`] beside every figure.

use druse_datasets::elements::OXIDATION_STATES_VERSION;
use druse_datasets::elements::charge::{ChargeBalance, ChargeRules};
use druse_representations::{Composition, Crystal, Neighbours};

use crate::checks::{CheckLimits, Violation, check};

/// Smallest distance between two sites (Å).
pub const SMALLEST_DISTANCE: f64 = 0.5;
/// Smallest volume of the cell (Å^3).
pub const SMALLEST_VOLUME: f64 = 0.1;

/// Why a crystal is structurally invalid; nothing when it is valid.
pub fn structural_fault(crystal: &Crystal) -> Option<String> {
    let broken = |violation: &Violation| !matches!(violation, Violation::Clash { .. });
    if let Some(violation) = check(crystal, &CheckLimits::CDVAE).iter().find(|violation| broken(violation)) {
        return Some(violation.to_string());
    }
    let volume = crystal.lattice.volume();
    if volume < SMALLEST_VOLUME {
        return Some(format!("volume: {volume:.3} Å^3, expected at least {SMALLEST_VOLUME} Å^3"));
    }
    let pairs = match Neighbours::within(crystal, SMALLEST_DISTANCE) {
        Ok(pairs) => pairs,
        Err(error) => return Some(format!("clash: {error}")),
    };
    let clashes = pairs.iter().filter(|&(i, j, _, distance)| i != j && distance < SMALLEST_DISTANCE);
    let nearest = clashes.min_by(|x, y| x.3.total_cmp(&y.3));
    nearest.map(|(i, j, _, distance)| {
        format!("clash: sites {i} and {j} are {distance:.3} Å apart, expected at least {SMALLEST_DISTANCE} Å")
    })
}

/// Whether a composition is valid, and by what.
pub fn composition_balance(composition: &Composition) -> ChargeBalance {
    ChargeRules::CDVAE.check(composition)
}

/// The rules and the version of their tables, for stamps.
pub fn protocol() -> String {
    format!(
        "structure: sites >= {SMALLEST_DISTANCE} Å apart, cell >= {SMALLEST_VOLUME} Å^3; composition: neutral with one \
         state for each element and Pauling's order, elements and metals alone pass, oxidation states \
         {OXIDATION_STATES_VERSION}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    fn fault(edges: f64, atoms: &[(&str, [f64; 3])]) -> Option<String> {
        let atoms = atoms.iter().map(|&(symbol, x)| (symbol.parse().unwrap(), x));
        structural_fault(&Crystal::ordered(Lattice::cubic(edges), atoms))
    }

    #[test]
    fn faults_are_told_with_numbers() {
        assert_eq!(fault(4.0, &[("Na", [0.0; 3]), ("Cl", [0.5; 3])]), None);
        let text = fault(4.0, &[("Na", [0.0; 3]), ("Cl", [0.1, 0.0, 0.0])]).unwrap();
        assert_eq!(text, "clash: sites 0 and 1 are 0.400 Å apart, expected at least 0.5 Å");
        // Across the cell's face.
        assert!(fault(4.0, &[("Na", [0.0; 3]), ("Cl", [0.95, 0.0, 0.0])]).is_some());
        // Images of one site do not count, a cell without room does.
        assert_eq!(fault(0.47, &[("Na", [0.0; 3])]), None);
        assert!(fault(0.46, &[("Na", [0.0; 3])]).unwrap().starts_with("volume: 0.097 Å^3"));
        assert!(fault(f64::NAN, &[("Na", [0.0; 3])]).is_some());
    }

    #[test]
    fn compositions() {
        let passes = |formula: &str| composition_balance(&formula.parse().unwrap()).passes();
        assert!(passes("NaCl") && passes("Ni3Al") && passes("Si") && passes("BaTiO3"));
        assert!(!passes("NaCl2") && !passes("MgF3"));
    }
}
