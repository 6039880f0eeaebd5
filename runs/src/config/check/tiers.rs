//! Tiers of the user's and their places.

use super::{Mistakes, one_of, quoted};
use crate::config::campaign::TierSpec;
use crate::config::file::TierSection;
use crate::config::mistake::Mistake;
use crate::plugins::{Kind, Parts};

/// Properties that the plug-in tiers of a file write.
pub(super) fn written<D: Kind>(sections: &[TierSection], plugins: &Parts<D>) -> Vec<String> {
    let names = sections.iter().filter_map(|section| section.name.as_deref());
    names.filter_map(|name| plugins.tier(name)).flat_map(|tier| tier.writes()).collect()
}

/// `funnel` holds the names of the tiers that the campaign has without plug-ins, in order.
pub(super) fn check_tiers<D: Kind>(
    sections: &[TierSection],
    plugins: &Parts<D>,
    funnel: &[&str],
    mistakes: &mut Mistakes,
) -> Vec<TierSpec> {
    let known: Vec<&str> = plugins.tiers().iter().map(|tier| tier.name()).collect();
    let expected = if known.is_empty() {
        "a tier that this program registers; it registers none".to_owned()
    } else {
        one_of(&known)
    };
    let mut specs: Vec<TierSpec> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let key = |field: &str| format!("tier[{index}].{field}");
        let Some(name) = section.name.as_deref() else {
            mistakes.missing(key("name"), expected.as_str());
            continue;
        };
        if !known.contains(&name) {
            let mistake = Mistake::new(key("name"), quoted(name), expected.as_str());
            mistakes.add(mistake.nearest(name, known.iter().copied()));
            continue;
        }
        if specs.iter().any(|spec| spec.name == name) {
            mistakes.report(key("name"), format!("\"{name}\" again"), "each tier once");
            continue;
        }
        if let Some(after) = section.after.as_deref().filter(|after| !after.is_empty()) {
            let places: Vec<&str> =
                funnel.iter().copied().chain(specs.iter().map(|spec| spec.name.as_str())).collect();
            if !places.contains(&after) {
                let expected = format!("\"\" or {}, which come before it in this campaign", one_of(&places));
                let mistake = Mistake::new(key("after"), quoted(after), expected);
                mistakes.add(mistake.nearest(after, places));
            }
        }
        specs.push(TierSpec { name: name.to_owned(), after: section.after.clone() });
    }
    specs
}
