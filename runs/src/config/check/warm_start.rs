//! Designs to begin with.

use std::path::Path;

use super::{Mistakes, one_of, quoted};
use crate::config::campaign::Domain;
use crate::config::file::WarmStartSection;
use crate::config::mistake::Mistake;
use crate::warm_start::{Take, WarmStartSpec, of_campaign, of_file};

/// What may be taken of an earlier campaign.
const TAKE: [&str; 2] = ["front", "evaluated"];

pub(super) fn check_warm_start(
    section: &WarmStartSection,
    domain: &Domain,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<WarmStartSpec> {
    if *section == WarmStartSection::default() {
        return None;
    }
    let take = match section.take.as_deref() {
        None | Some("front") => Take::Front,
        Some("evaluated") => Take::Evaluated,
        Some(other) => {
            let mistake = Mistake::new("warm_start.take", quoted(other), one_of(&TAKE));
            mistakes.add(mistake.nearest(other, TAKE));
            Take::Front
        }
    };
    if section.most == Some(0) {
        mistakes.report("warm_start.most", 0, "1 or more");
    }
    let campaigns = section.campaigns.as_deref().unwrap_or_default();
    if campaigns.is_empty() {
        for (name, given) in [("take", section.take.is_some()), ("most", section.most.is_some())] {
            if given {
                let key = format!("warm_start.{name}");
                mistakes.report(key, "it without campaigns", "it beside warm_start.campaigns");
            }
        }
    }
    let mut spec = section
        .designs
        .as_deref()
        .map_or_else(Default::default, |name| designs(name, base, mistakes).unwrap_or_default());
    for (index, name) in section.files.iter().flatten().enumerate() {
        match of_file(&base.join(name), domain) {
            Ok(seeds) => spec.designs.extend(seeds),
            Err(error) => {
                let expected = "a readable file of structures, relative to the campaign file";
                let found = format!("{} ({error})", quoted(name));
                mistakes.report(format!("warm_start.files[{index}]"), found, expected);
            }
        }
    }
    let most = section.most.map(|most| most as usize);
    for (index, name) in campaigns.iter().enumerate() {
        let folder = base.join(name);
        let folder = folder.canonicalize().unwrap_or(folder);
        match of_campaign(&folder, domain, take, most) {
            Ok(seeds) => spec.designs.extend(seeds),
            Err(error) => {
                let expected = format!(
                    "the folder of a campaign of domain \"{}\", relative to the campaign file",
                    domain.name()
                );
                let found = format!("{} ({error})", quoted(name));
                mistakes.report(format!("warm_start.campaigns[{index}]"), found, expected);
            }
        }
        spec.campaigns.push(folder);
    }
    Some(spec)
}

/// The designs that a campaign folder holds.
fn designs(name: &str, base: &Path, mistakes: &mut Mistakes) -> Option<WarmStartSpec> {
    let expected = "a file of designs as druse writes it, relative to the campaign file";
    let text = match std::fs::read_to_string(base.join(name)) {
        Ok(text) => text,
        Err(error) => {
            mistakes.report("warm_start.designs", format!("{} ({error})", quoted(name)), expected);
            return None;
        }
    };
    match WarmStartSpec::from_text(&text) {
        Ok(spec) => Some(spec),
        Err((line, error)) => {
            let found = format!("{} with no design in line {line} ({error})", quoted(name));
            mistakes.report("warm_start.designs", found, expected);
            None
        }
    }
}
