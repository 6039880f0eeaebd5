//! Which spin state is the lowest. GFN2-xTB has no energy of spin polarization, so by itself it
//! puts low spin below high spin everywhere, [Fe(H2O)6]2+ by 1.0 eV.

use druse_representations::Element;

use super::result::EV_PER_HARTREE;

/// Spin constants W_dd (Eh) of Sc to Zn: Neugebauer, Bädorf, Ehlert, Hansen and Grimme, J. Comput.
/// Chem. 2023, 44, 2120 (spGFN2-xTB).
const W_DD: [f64; 10] = [
    -0.012_385_0,
    -0.013_542_5,
    -0.014_360_0,
    -0.014_997_5,
    -0.015_522_5,
    -0.016_790_0,
    -0.017_625_0,
    -0.018_255_0,
    -0.018_800_0,
    -0.019_260_0,
];

/// Share of the unpaired electrons in the d shell of the metal; the rest is on the ligands.
const D_SHARE: f64 = 0.8;

/// Energy of spin polarization (eV, negative) of a complex of a 3d metal to first order:
/// `W_dd (0.8 n)^2 / 2` for n unpaired electrons; zero for other metals.
///
/// The one parameter was set so that twelve complexes come out as observed (see the test); any
/// value from 0.65 to 0.89 does. It is good for choosing between spin states that are some tenths
/// of an eV apart, not for splittings.
pub fn spin_polarization(metal: Element, unpaired: u32) -> f64 {
    let index = usize::from(metal.atomic_number()).checked_sub(21);
    let constant = index.and_then(|i| W_DD.get(i)).copied().unwrap_or(0.0);
    0.5 * constant * (D_SHARE * f64::from(unpaired)).powi(2) * EV_PER_HARTREE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metal, unpaired electrons of low and high spin, E(high) - E(low) (Eh) by GFN2 after crude
    /// optimisations of both from the same geometry (xtb 6.5.1), observed ground state.
    const CASES: [(&str, &str, u32, u32, f64, bool); 12] = [
        ("[Fe(H2O)6]2+", "Fe", 0, 4, 0.035_837, true),
        ("[Fe(H2O)6]3+", "Fe", 1, 5, 0.083_070, true),
        ("[Mn(H2O)6]2+", "Mn", 1, 5, 0.068_760, true),
        ("[Co(H2O)6]2+", "Co", 1, 3, 0.027_867, true),
        ("[Ni(H2O)6]2+", "Ni", 0, 2, 0.002_634, true),
        ("[Fe(CN)6]4-", "Fe", 0, 4, 0.123_438, false),
        ("[Fe(CN)6]3-", "Fe", 1, 5, 0.177_487, false),
        ("[Co(NH3)6]3+", "Co", 0, 4, 0.113_540, false),
        ("[Ni(NH3)6]2+", "Ni", 0, 2, 0.002_634, true),
        ("[CoCl4]2-", "Co", 1, 3, 0.003_619, true),
        ("[FeCl4]-", "Fe", 1, 5, 0.047_776, true),
        ("[MnCl4]2-", "Mn", 1, 5, 0.024_303, true),
    ];

    #[test]
    fn textbook_ground_states() {
        for (name, metal, low, high, splitting, high_spin) in CASES {
            let metal = metal.parse().unwrap();
            let polarization = spin_polarization(metal, high) - spin_polarization(metal, low);
            let total = splitting * EV_PER_HARTREE + polarization;
            assert_eq!(total < 0.0, high_spin, "{name}: {total:.2} eV");
            assert!(splitting > 0.0, "{name}: without it low spin wins everywhere");
        }
    }

    #[test]
    fn heavier_metals_and_closed_shells_have_none() {
        assert_eq!(spin_polarization("Ru".parse().unwrap(), 4), 0.0);
        assert_eq!(spin_polarization("Ca".parse().unwrap(), 2), 0.0);
        assert_eq!(spin_polarization("Fe".parse().unwrap(), 0), 0.0);
    }
}
