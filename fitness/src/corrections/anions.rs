//! Which elements of a crystal are anions, and of what kind.

use druse_datasets::elements::charge::{ChargeBalance, ChargeRules, StateSet};
use druse_datasets::elements::electronegativity;
use druse_representations::{Composition, Crystal, Element, Neighbours};

/// How oxygen is bound to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oxygen {
    /// Not at all.
    Oxide,
    /// Pairs O2 2-.
    Peroxide,
    /// Pairs O2 -.
    Superoxide,
    /// Chains O3 -.
    Ozonide,
}

impl Oxygen {
    pub fn name(self) -> &'static str {
        match self {
            Self::Oxide => "oxide",
            Self::Peroxide => "peroxide",
            Self::Superoxide => "superoxide",
            Self::Ozonide => "ozonide",
        }
    }

    /// Energy (eV) per atom of oxygen.
    pub fn correction(self) -> f64 {
        match self {
            Self::Oxide => -0.687,
            Self::Peroxide => -0.465,
            Self::Superoxide => -0.161,
            Self::Ozonide => 0.0,
        }
    }
}

/// Largest distances (Å) of oxygen atoms in a superoxide and a peroxide: bond lengths 1.35 and 1.49 and 5 %, as in pymatgen.
const SUPEROXIDE: f64 = 1.35 * 1.05;
const PEROXIDE: f64 = 1.49 * 1.05;
/// Distance (Å) of hydrogen in a hydroxide, within which oxygen counts as bound to it.
const HYDROXIDE: f64 = 0.93 * 1.05;

/// How oxygen is bound in a crystal.
pub fn oxygen(crystal: &Crystal) -> Oxygen {
    let is = |site: u32, symbol: &str| element(crystal, site as usize).is_some_and(|e| e.symbol() == symbol);
    let Ok(pairs) = Neighbours::within(crystal, PEROXIDE) else { return Oxygen::Oxide };
    let mut kind = Oxygen::Oxide;
    // Partners of each oxygen within the distance of a superoxide; images of one partner count once.
    let mut partners: Vec<Vec<u32>> = vec![Vec::new(); crystal.sites.len()];
    for ((&first, &second), &distance) in pairs.first.iter().zip(&pairs.second).zip(&pairs.distance) {
        if !is(first, "O") {
            continue;
        }
        if is(second, "H") && distance < HYDROXIDE {
            return Oxygen::Oxide;
        }
        if is(second, "O") && first != second {
            if kind == Oxygen::Oxide {
                kind = Oxygen::Peroxide;
            }
            if distance < SUPEROXIDE {
                kind = Oxygen::Superoxide;
                let partners = &mut partners[first as usize];
                if !partners.contains(&second) {
                    partners.push(second);
                }
            }
        }
    }
    if partners.iter().any(|partners| partners.len() > 1) { Oxygen::Ozonide } else { kind }
}

/// Whether no sulphur of a crystal is bound to what is more electronegative, as it is in sulphates.
pub fn sulphur_is_anion(crystal: &Crystal) -> bool {
    let sites =
        (0..crystal.sites.len()).filter(|&site| element(crystal, site).is_some_and(|e| e.symbol() == "S"));
    let mut sites = sites.peekable();
    if sites.peek().is_none() {
        return false;
    }
    let Ok(list) = Neighbours::within(crystal, 4.0) else { return true };
    let Some(own) = Element::from_symbol("S").and_then(electronegativity) else { return true };
    sites.all(|site| {
        let mut around: Vec<(f64, Element)> = list
            .around(site)
            .filter_map(|k| Some((list.distance[k], element(crystal, list.second[k] as usize)?)))
            .collect();
        around.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some(&(nearest, _)) = around.first() else { return true };
        let values: Vec<f64> = around
            .iter()
            .take_while(|(distance, _)| *distance < nearest + 0.4)
            .take(4)
            .filter_map(|&(_, element)| electronegativity(element))
            .collect();
        values.is_empty() || values.iter().sum::<f64>() / values.len() as f64 <= own
    })
}

fn element(crystal: &Crystal, site: usize) -> Option<Element> {
    let site = &crystal.sites[site];
    site.is_ordered().then(|| site.occupants[0].element)
}

/// Whether an element is an anion: its oxidation state in a neutral assignment is -1 or lower, or it is the most electronegative.
pub fn is_anion(element: Element, composition: &Composition) -> bool {
    let rules = |states, pauling| ChargeRules { states, mixed_valence: true, metals_pass: false, pauling };
    // Ordinary chemistry before the rest: common states, and no cation above an anion in electronegativity.
    let balance = [(StateSet::Common, true), (StateSet::All, true), (StateSet::All, false)]
        .into_iter()
        .map(|(states, pauling)| rules(states, pauling).check(composition))
        .find(|balance| matches!(balance, ChargeBalance::Neutral(_)));
    if let Some(ChargeBalance::Neutral(ions)) = balance {
        let own: Vec<_> = ions.iter().filter(|ion| ion.element == element).collect();
        let atoms: u64 = own.iter().map(|ion| ion.atoms).sum();
        let charge: f64 = own.iter().map(|ion| f64::from(ion.state) * ion.atoms as f64).sum();
        if charge < 0.0 {
            return charge / atoms as f64 <= -1.0;
        }
    }
    let value = |e: Element| electronegativity(e).unwrap_or(0.0);
    composition.elements().all(|other| value(other) <= value(element))
}
