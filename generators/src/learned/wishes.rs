//! What a request wants of the conditions of a model, as labels of its samples.

use druse_representations::{Composition, Element};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{ABOVE_HULL, Conditions, Label, Labels, RequestError, Scale, Target, Wanted};

/// One wish for each condition of a model.
#[derive(Clone, Debug)]
pub(crate) struct Wishes(Vec<Option<Wish>>);

#[derive(Clone, Debug)]
enum Wish {
    Label(Label),
    /// A number that is drawn for every sample.
    Range([f64; 2]),
}

impl Wishes {
    /// Reads the targets of a request. A formula tells its elements too, and where nothing is said of the energy above the
    /// hull ([`ABOVE_HULL`]), 0 is wanted.
    ///
    /// # Errors
    /// For conditions that the model does not have and values that they cannot have.
    pub(crate) fn new(
        conditions: &Conditions,
        targets: &[Target],
        formula: Option<&Composition>,
    ) -> Result<Self, RequestError> {
        let unasked = conditions.columns.iter().map(|column| match (&column.scale, formula) {
            (Scale::Number { .. }, _) if ABOVE_HULL.contains(&column.name.as_str()) => {
                Some(Wish::Label(Label::Number(0.0)))
            }
            (Scale::Elements, Some(formula)) => Some(Wish::Label(elements(formula.elements()))),
            _ => None,
        });
        let mut wishes: Vec<Option<Wish>> = unasked.collect();
        for target in targets {
            let Some(place) = conditions.position(&target.column) else {
                let known = conditions.columns.iter().map(|column| column.name.clone()).collect();
                return Err(RequestError::UnknownCondition { found: target.column.clone(), known });
            };
            let bad = |found: String, expected: String| RequestError::BadValue {
                column: target.column.clone(),
                found,
                expected,
            };
            wishes[place] = Some(match (&conditions.columns[place].scale, &target.wanted) {
                (Scale::Number { .. }, Wanted::Number(x)) if x.is_finite() => Wish::Label(Label::Number(*x)),
                (Scale::Number { .. }, Wanted::Range([low, high]))
                    if low.is_finite() && high.is_finite() && low <= high =>
                {
                    Wish::Range([*low, *high])
                }
                (Scale::Number { .. }, found) => {
                    return Err(bad(shown(found), "a number or a range from low to high".into()));
                }
                (Scale::Category(known), found) => {
                    let found = shown(found);
                    let category = known.iter().position(|value| *value == found);
                    let category =
                        category.ok_or_else(|| bad(found, format!("one of {}", known.join(", "))))?;
                    Wish::Label(Label::Category(category))
                }
                (Scale::Elements, found) => {
                    let symbols: Option<Vec<Element>> =
                        shown(found).split('-').map(|symbol| Element::from_symbol(symbol.trim())).collect();
                    let expected = || "a chemical system such as Li-Fe-P-O".to_owned();
                    Wish::Label(elements(symbols.ok_or_else(|| bad(shown(found), expected()))?))
                }
            });
        }
        Ok(Self(wishes))
    }

    /// The labels of one sample.
    pub(crate) fn labels(&self, rng: &mut ChaCha8Rng) -> Labels {
        let mut label = |wish: &Wish| match wish {
            Wish::Label(label) => label.clone(),
            Wish::Range([low, high]) => Label::Number(low + (high - low) * rng.random::<f64>()),
        };
        self.0.iter().map(|wish| wish.as_ref().map(&mut label)).collect()
    }
}

fn elements(symbols: impl IntoIterator<Item = Element>) -> Label {
    let mut elements: Vec<Element> = symbols.into_iter().collect();
    elements.sort_unstable();
    elements.dedup();
    Label::Elements(elements)
}

fn shown(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Number(x) => x.to_string(),
        Wanted::Range([low, high]) => format!("{low} to {high}"),
        Wanted::Text(text) => text.clone(),
    }
}
