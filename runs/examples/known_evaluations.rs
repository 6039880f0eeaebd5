//! What a known evaluation costs: a campaign run twice with one shared file of evaluations.
//!
//! ```text
//! cargo run --release -p druse --no-default-features --example known_evaluations -- runs/campaigns/small.toml
//! ```
//!
//! The first run computes, the second one looks everything up and must end with the same front.

use std::path::Path;
use std::time::Instant;

use druse::cache::SavedByTier;
use druse::campaign::{self, Machine};
use druse::config;
use druse::engine::Silent;
use druse::plugins::Plugins;
use druse::store::Store;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "runs/campaigns/small.toml".to_owned());
    let folder = tempfile::tempdir()?;
    let shared = folder.path().join("known.db").display().to_string();
    let campaign = config::load_changed(Path::new(&file), &Plugins::default(), |config| {
        config.cache.shared = Some(shared.clone());
    })?;
    let mut fronts = Vec::new();
    for name in ["computed", "known"] {
        let directory = folder.path().join(name);
        let start = Instant::now();
        let summary = campaign::run(&campaign, &directory, &Machine::default(), &Silent)?;
        let seconds = start.elapsed().as_secs_f64();
        let (mut spent, mut saved) = ((0_u64, 0.0), SavedByTier::default());
        for cost in Store::read(&directory)?.candidates()?.iter().flat_map(|row| &row.costs) {
            saved.add(cost);
            if !cost.reused {
                spent = (spent.0 + 1, spent.1 + cost.seconds);
            }
        }
        let each = |seconds: f64, count: u64| 1000.0 * seconds / count.max(1) as f64;
        println!(
            "{name:>8}: {seconds:6.2} s, {:.2} ms of the steps for each of {} candidates; tiers ran {} times, {:.2} ms each",
            each(summary.seconds(), summary.proposed()),
            summary.proposed(),
            spent.0,
            each(spent.1, spent.0),
        );
        for (tier, saved) in saved.iter() {
            println!(
                "{:>8}  {tier}: {} evaluations known, {:.2} ms each when they were computed",
                "",
                saved.evaluations,
                each(saved.seconds, saved.evaluations)
            );
        }
        fronts.push(serde_json::to_value(&summary.front)?);
    }
    if fronts[0] != fronts[1] {
        return Err("the fronts differ".into());
    }
    Ok(())
}
