//! Elements from type symbols (`Fe3+`) and site labels (`Fe1`, `O-H4`, `OW2`).

use crate::composition::Composition;
use crate::element::{Element, UnknownElement};

/// The element of a site.
///
/// The type symbol decides where it names an element; otherwise the label does. Capitals are
/// ambiguous (`CO1`: cobalt or carbon): an element that the chemical formula of the file holds is
/// taken first.
pub(crate) fn element_of(
    symbol: Option<&str>,
    label: Option<&str>,
    formula: Option<&Composition>,
) -> Result<Element, UnknownElement> {
    let from_symbol = symbol.and_then(|text| choose(text, true, formula));
    from_symbol
        .or_else(|| label.and_then(|text| choose(text, false, formula)))
        .ok_or_else(|| UnknownElement(symbol.or(label).unwrap_or("").to_owned()))
}

fn choose(text: &str, is_symbol: bool, formula: Option<&Composition>) -> Option<Element> {
    let text = text.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    let lower = letters.to_ascii_lowercase();
    let oxygen = Element::from_symbol("O");
    let holds = |symbol: &str| {
        formula.is_some_and(|f| Element::from_symbol(symbol).is_some_and(|element| f.amount(element) > 0.0))
    };
    // Water molecules are known by their oxygen; W can be tungsten or, in a hydrate, water.
    let hydrate = lower == "w" && !holds("W") && holds("H") && holds("O");
    if lower == "wat" || lower == "water" || text.eq_ignore_ascii_case("h2o") || hydrate {
        return oxygen;
    }
    let two = letters.get(..2).and_then(Element::from_symbol).filter(|e| e.symbol().len() == 2);
    let one = letters.get(..1).and_then(Element::from_symbol);
    // A capital as second letter counts what follows in labels (CA1: carbon A1), not in symbols.
    let capital = letters.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase());
    let candidates = match (capital, is_symbol && letters.len() == 2) {
        (false, _) => return two.or(one),
        (true, true) => [two, one],
        (true, false) => [one, two],
    };
    let listed = candidates.into_iter().flatten().find(|element| holds(element.symbol()));
    listed.or(candidates[0]).or(candidates[1])
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
            ("", "W1", "Li O2", "W"),
            ("", "Sn1", "Li4 S4", "Sn"),
            ("Si4+", "", "S O2", "Si"),
            ("CO", "", "C2 O4", "C"),
            ("", "H2O", "Ca H2 O1", "O"),
            ("", "H2O1", "Ca H2 O1", "H"),
            ("?", "Si1", "", "Si"),
            ("", "X1", "", "-"),
            ("", "12", "", "-"),
        ] {
            assert_eq!(element(symbol, label, sum), expected, "{symbol} {label} {sum}");
        }
    }
}
