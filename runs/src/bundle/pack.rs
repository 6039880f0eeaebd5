//! From a campaign folder to a bundle.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use druse_representations::io::write_atomically_with;

use super::archive::{Archive, Failed, Sink};
use super::facts::{Facts, Input};
use super::inputs::{Source, portable};
use super::{BundleError, FACTS, readme, results};
use crate::campaign::{self, CampaignError};
use crate::config::{Campaign, Domain, Reference};
use crate::plugins::Plugins;
use crate::report::CampaignReport;
use crate::store::{Status, Store};
use crate::summary::Summary;
use crate::{bill, engine, learned, warm_start};

/// What goes into a bundle beside what always does.
#[derive(Clone, Copy, Debug)]
pub struct Packing {
    /// The files that the campaign names: references, models, programs. Without them their checksums
    /// stay, and whoever does the campaign again brings them.
    pub inputs: bool,
    /// Page and ledger, which differ from run to run.
    pub report: bool,
}

impl Default for Packing {
    fn default() -> Self {
        Self { inputs: true, report: false }
    }
}

/// A bundle that was made.
#[derive(Clone, Debug)]
pub struct Packed {
    /// What it says of itself.
    pub facts: Facts,
    /// Members of the archive.
    pub members: usize,
    /// Size of the archive.
    pub bytes: u64,
}

/// Packs the campaign in a folder, which may name these plug-ins, into the file `to`.
///
/// # Errors
/// When there is no campaign at its end, a file that it names is absent or another one by now, or the bundle
/// cannot be written.
pub fn pack(directory: &Path, plugins: &Plugins, packing: Packing, to: &Path) -> Result<Packed, BundleError> {
    let write_failed = |source: io::Error| BundleError::Write { path: to.to_owned(), source };
    let store = Store::read(directory)?;
    let campaign = campaign::load(directory, plugins)?;
    let facts = facts(directory, &store, &campaign, packing)?;
    let mut spool = tempfile::tempfile().map_err(write_failed)?;
    let (facts, members) =
        fill(&mut spool, directory, plugins, &campaign, facts, packing).map_err(|error| match error {
            Failed::Output(error) => write_failed(error),
            Failed::Input(error) => *error,
        })?;
    let bytes = write_atomically_with(to, write_failed, |out| {
        spool.seek(SeekFrom::Start(0)).and_then(|_| io::copy(&mut spool, out)).map_err(write_failed)
    })?;
    Ok(Packed { facts, members, bytes })
}

/// What the bundle says of itself, the campaign as it stands in it, and the files that it names.
struct Known {
    facts: Facts,
    portable: Campaign,
    sources: Vec<Source>,
}

fn facts(
    directory: &Path,
    store: &Store,
    campaign: &Campaign,
    packing: Packing,
) -> Result<Known, BundleError> {
    let (found, expected) = (campaign.hash(), campaign::hash(store)?);
    if found != expected {
        let (path, what) = (directory.to_owned(), "the campaign file, or a file that it names,");
        return Err(CampaignError::Changed { path, what, found, expected }.into());
    }
    let Some(end) = engine::end(store)? else {
        let mut evaluated = 0;
        store.for_each_candidate(|row| -> Result<(), BundleError> {
            evaluated += u64::from(row.status == Status::Evaluated);
            Ok(())
        })?;
        let budget = campaign.budget.saturating_add(engine::more(store)?);
        return Err(BundleError::Unfinished { folder: directory.to_owned(), evaluated, budget });
    };
    let (portable, sources) = portable(campaign, packing.inputs)?;
    let inputs: Vec<Input> = sources.iter().map(|source| source.input.clone()).collect();
    Ok(Known { facts: Facts::of(store, campaign, inputs, end)?, portable, sources })
}

fn fill(
    spool: &mut File,
    directory: &Path,
    plugins: &Plugins,
    campaign: &Campaign,
    known: Known,
    packing: Packing,
) -> Result<(Facts, usize), Failed> {
    let Known { facts, portable, sources } = known;
    let folder: String = facts.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let mut archive = Archive::new(spool, format!("druse-{folder}"));
    let text = |archive: &mut Archive<_>, name: &str, text: &str| {
        archive.add(name, &mut |out| Ok(out.write_all(text.as_bytes())?))
    };
    let toml = portable.to_toml().map_err(|error| BundleError::from(CampaignError::from(error)))?;
    text(&mut archive, campaign::CAMPAIGN_FILE, &toml)?;
    if let Some(start) = &campaign.warm_start {
        text(&mut archive, warm_start::FILE, &start.to_text())?;
    }
    for Source { path, input } in sources.iter().filter(|_| packing.inputs) {
        let unreadable = |source| BundleError::Unreadable { path: path.clone(), source };
        let found = archive.add_file(&input.member, File::open(path).map_err(unreadable)?)?;
        if found != input.sha256 {
            let (key, path, expected) = (input.key.clone(), path.clone(), input.sha256.clone());
            return Err(BundleError::Changed { key, path, found, expected }.into());
        }
    }
    let cards = cards(campaign)?;
    for (name, card) in &cards {
        text(&mut archive, &format!("cards/{name}"), card)?;
    }
    let summary: Summary = results::write(directory, campaign, &mut archive)?;
    if packing.report {
        let report = CampaignReport::of(directory, plugins).map_err(BundleError::from)?;
        text(&mut archive, "report.html", &report.html())?;
        let ledger = bill::bill(directory, plugins)?;
        let ledger = serde_json::to_string_pretty(&ledger).map_err(io::Error::from)?;
        text(&mut archive, "ledger.json", &(ledger + "\n"))?;
    }
    let json = serde_json::to_string_pretty(&facts).map_err(io::Error::from)?;
    text(&mut archive, FACTS, &(json + "\n"))?;
    text(&mut archive, "README.md", &readme::of(&facts, &summary, &cards, packing))?;
    let members = archive.finish()?;
    Ok((facts, members))
}

/// Cards of the data and models that come with druse and that the campaign rests on, and of its own models.
fn cards(campaign: &Campaign) -> Result<Vec<(String, String)>, BundleError> {
    let mut cards = vec![("data.md".to_owned(), druse_datasets::CARD.to_owned())];
    if matches!(campaign.domain, Domain::Crystal(_)) && campaign.novelty == Reference::Shipped {
        cards.push(("known-crystals.md".to_owned(), druse_validation::CARD.to_owned()));
    }
    for generator in &campaign.generators {
        let Some(learned) = &generator.learned else { continue };
        let card = learned::card(&learned.model).map_err(CampaignError::from)?;
        let name = format!(
            "{}-{}.md",
            learned.model.kind,
            &learned.model.sha256[..learned.model.sha256.len().min(12)]
        );
        if !cards.iter().any(|(known, _)| *known == name) {
            cards.push((name, card));
        }
    }
    Ok(cards)
}
