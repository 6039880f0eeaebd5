//! Values of flags.

use clap::ValueEnum;

use crate::representations::Element;

/// A choice that is left open where the flag is absent.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    Yes,
    No,
}

/// Symbol of an element.
pub fn element(symbol: &str) -> Result<Element, String> {
    Element::from_symbol(symbol.trim()).ok_or_else(|| "expected the symbol of an element".to_owned())
}

/// A whole number or a range such as 2..14, ends included.
pub fn range(text: &str) -> Result<[usize; 2], String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.trim().parse(), last.trim().trim_start_matches('=').parse()) {
        (Ok(first), Ok(last)) => Ok([first, last]),
        _ => Err("expected a whole number or a range such as 2..14".to_owned()),
    }
}
