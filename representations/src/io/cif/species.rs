//! Elements from type symbols (`Fe3+`) and site labels (`Fe1`, `O-H4`, `OW2`).

use crate::composition::Composition;
use crate::element::{Element, UnknownElement};

/// The element of a site.
///
/// The type symbol decides where it names an element; otherwise the label does. A label can mean
/// several elements (`CO1`: cobalt or carbon): one that the chemical formula of the file holds is
/// taken first, then the one whose letters have the right case.
pub(crate) fn element_of(
    symbol: Option<&str>,
    label: Option<&str>,
    formula: Option<&Composition>,
) -> Result<Element, UnknownElement> {
    let from_symbol = symbol.and_then(|text| choose(&candidates(text, true), formula));
    from_symbol
        .or_else(|| label.and_then(|text| choose(&candidates(text, false), formula)))
        .ok_or_else(|| UnknownElement(symbol.or(label).unwrap_or("").to_owned()))
}

fn choose(candidates: &[Element], formula: Option<&Composition>) -> Option<Element> {
    let listed = formula.and_then(|f| candidates.iter().find(|&&element| f.amount(element) > 0.0));
    listed.or(candidates.first()).copied()
}

/// Elements that a text can mean, the likeliest first.
fn candidates(text: &str, is_symbol: bool) -> Vec<Element> {
    let text = text.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    let mut found = Vec::new();
    let lower = letters.to_ascii_lowercase();
    // Water molecules and hydroxide groups are known by their oxygen.
    if lower == "wat" || lower == "water" || text.to_ascii_lowercase().starts_with("h2o") {
        found.extend(Element::from_symbol("O"));
    }
    let two = letters.get(..2).and_then(Element::from_symbol).filter(|e| e.symbol().len() == 2);
    let one = letters.get(..1).and_then(Element::from_symbol);
    // The second letter is a capital in labels such as CA1 (carbon A1) and in symbols such as CA.
    let capital = letters.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase());
    if capital && !(is_symbol && letters.len() == 2) {
        found.extend(one.into_iter().chain(two));
    } else {
        found.extend(two.into_iter().chain(one));
    }
    // W: tungsten or water.
    if lower.starts_with('w') {
        found.extend(Element::from_symbol("O"));
    }
    found
}

/// Composition from a formula such as `C10 H10 Fe1` or `(K.88 Na.06) Al2`, unless it is unreadable.
pub(crate) fn formula(text: &str) -> Option<Composition> {
    text.replace([',', '\n', '\r', '\t'], " ").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(symbol: &str, label: &str, sum: &str) -> String {
        let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (symbol, label) = (optional(symbol), optional(label));
        element_of(symbol.as_deref(), label.as_deref(), formula(sum).as_ref())
            .map_or_else(|_| "-".to_owned(), |e| e.symbol().to_owned())
    }

    #[test]
    fn symbols_and_labels() {
        for (symbol, label, sum, expected) in [
            ("Fe3+", "M1", "", "Fe"),
            ("O2-", "", "", "O"),
            ("D", "D1", "", "H"),
            ("CA", "X", "", "Ca"),
            ("", "LiM2", "", "Li"),
            ("", "AlT", "", "Al"),
            ("", "O-H4", "", "O"),
            ("", "OW2", "", "O"),
            ("", "Wat10", "", "O"),
            ("", "CO1", "", "C"),
            ("", "CO1", "Co O", "Co"),
            ("", "NA", "Na Cl", "Na"),
            ("", "Hw1", "H2 O", "H"),
            ("", "W1", "Ca H2 O1", "O"),
            ("", "W1", "W O3", "W"),
            ("", "Cm", "C H4", "C"),
            ("?", "Si1", "", "Si"),
            ("", "X1", "", "-"),
            ("", "12", "", "-"),
        ] {
            assert_eq!(element(symbol, label, sum), expected, "{symbol} {label} {sum}");
        }
    }
}
