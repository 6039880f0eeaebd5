//! The evidence of a verdict in words.

use druse_representations::Element;

use super::verdict::Verdict;
use crate::matching::{Comparison, Family};

/// What is said when only invariants were compared.
const INVARIANTS_ONLY: &str = "By invariants only; import the full structures for an exact verdict \
                               (druse index build STRUCTURES --to INDEX).";

/// What the sentences are about.
pub(super) struct Case<'a> {
    pub verdict: Verdict,
    /// Number of sites of the structure and of the known one, in the cells they are given in.
    pub sites: [usize; 2],
    pub comparison: Option<&'a Comparison>,
    pub distance: Option<f64>,
    /// A known structure of the same type with other elements.
    pub prototype: Option<Relative<'a>>,
    /// Known structures of the same composition.
    pub of_composition: usize,
    pub exact: bool,
}

/// A known structure of the same type.
pub(super) struct Relative<'a> {
    pub id: &'a str,
    /// Elements of the structure with those in their place.
    pub elements: &'a [(Element, Element)],
}

/// Says why the verdict is what it is.
pub(super) fn words(case: &Case) -> String {
    let mut sentences = vec![reason(case)];
    if let Some(Relative { id, elements }) = &case.prototype {
        sentences.push(format!("It is of the structure type of {id}{}.", replaced(elements)));
    }
    if case.comparison.and_then(|found| found.mirror_image_only) == Some(true) {
        sentences.push("It is its mirror image.".to_owned());
    }
    if !case.exact {
        sentences.push(INVARIANTS_ONLY.to_owned());
    }
    sentences.join(" ")
}

fn reason(case: &Case) -> String {
    let family = case.comparison.and_then(|found| found.family.as_ref());
    let distance = case.distance.map_or_else(String::new, |distance| format!(", {distance:.3} away"));
    match case.verdict {
        Verdict::ExactDuplicate => format!("The same structure in the same cell{}.", deviation(case)),
        Verdict::SupercellOrSetting => {
            let cells = match case.sites {
                [own, known] if own != known => format!(" of {own} instead of {known} sites"),
                _ => " with other vectors".to_owned(),
            };
            format!("The same structure in a cell{cells}{}.", deviation(case))
        }
        Verdict::NearDuplicate => format!("The same structure{}.", deviation(case)),
        Verdict::OrderedVariant => {
            format!("The same crystal up to which of {} sits where.", mixing(family))
        }
        Verdict::SameSolidSolutionOtherRatio => format!(
            "{} share sites in both; their shares differ by up to {:.3}.",
            mixing(family),
            family.map_or(f64::NAN, |family| family.ratio_gap)
        ),
        Verdict::KnownPrototype => {
            let elements = case.comparison.map_or(&[][..], |found| &found.elements);
            format!("A new composition in a known structure type{}{}.", replaced(elements), deviation(case))
        }
        Verdict::KnownComposition => {
            let structures = if case.of_composition == 1 { "structure" } else { "structures" };
            let count = case.of_composition;
            format!("The composition is known in {count} {structures}, none of them this one{distance}.")
        }
        Verdict::New => format!("No known composition and no known structure type{distance}."),
    }
}

/// How far sites and cell are off, where that is known.
fn deviation(case: &Case) -> String {
    let Some(found) = case.comparison else { return String::new() };
    let mut parts = Vec::new();
    if let (Some(rms), Some(most)) = (found.rms, found.max_dist) {
        parts.push(format!("sites off by {rms:.4} rms, {most:.4} at most"));
    }
    if let Some(ratio) = found.volume_ratio.filter(|ratio| (ratio - 1.0).abs() >= 0.0005) {
        parts.push(format!("its volume {ratio:.3} of this one's"));
    }
    if let Some(strain) = found.strain.filter(|strain| *strain >= 0.0005) {
        parts.push(format!("strain {:.1} %", 100.0 * strain));
    }
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

fn mixing(family: Option<&Family>) -> String {
    let groups: Vec<String> = family
        .into_iter()
        .flat_map(|family| &family.mixing)
        .map(|group| group.iter().map(|element| element.symbol()).collect::<Vec<_>>().join(" and "))
        .collect();
    if groups.is_empty() { "elements that may share sites".to_owned() } else { groups.join(", ") }
}

fn replaced(elements: &[(Element, Element)]) -> String {
    let parts: Vec<String> = elements
        .iter()
        .filter(|(own, known)| own != known)
        .map(|(own, known)| format!("{own} for {known}"))
        .collect();
    if parts.is_empty() { String::new() } else { format!(", with {}", parts.join(", ")) }
}
