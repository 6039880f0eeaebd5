//! The data of a campaign's page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::rows::Rows;
use super::{curve, hull};
use crate::bill::{self, Bill, Spending};
use crate::campaign::{self, CampaignError};
use crate::config::{Campaign, Domain as Kind};
use crate::constraints::{ConstraintCount, kind};
use crate::crystals::{KnownStructure, drawing, known_structures};
use crate::domain;
use crate::engine::HypervolumeBox;
use crate::setup;
use crate::store::{CandidateRow, Status, Store};
use crate::summary::Summary;

/// Longest campaign file that stands in a page.
const LONGEST_FILE: usize = 60_000;

/// Rejected and failed candidates by stage and by what was wrong.
type Reasons = BTreeMap<String, BTreeMap<String, u64>>;

/// What the page shows of the campaign in `store`, from one way through its candidates.
pub fn of(campaign: &Campaign, store: &Store) -> Result<Value, CampaignError> {
    let domain = domain::of(campaign);
    let steps = store.steps()?;
    let mut rows = Rows::new(domain);
    let mut reasons = Reasons::new();
    let mut spending = Spending::new(&steps);
    let mut limits = ConstraintCount::new(setup::limits(campaign), campaign::objectives(store)?);
    let summary = Summary::new(campaign, store, |row| {
        spending.add(row);
        limits.add(row);
        count_reason(&mut reasons, row);
        Ok(rows.add(row)?)
    })?;
    let measure = HypervolumeBox::of(store)?;
    let costs = limits.finish(&campaign::stages(store)?, measure.as_ref());
    let bill = Bill::new(
        (&campaign.name, campaign.grams_co2_per_kwh),
        &steps,
        spending.finish(),
        bill::order(store)?,
    );
    let front: BTreeSet<u64> = summary.front.iter().map(|member| member.row.number).collect();
    let listed = rows.finish(&summary.objectives, &front)?;
    let ids: BTreeSet<&str> = listed.nearest.iter().map(String::as_str).collect();
    let file = campaign.to_toml()?;
    Ok(json!({
        "druse": env!("CARGO_PKG_VERSION"),
        "name": summary.name,
        "seed": summary.seed,
        "domain": campaign.domain.name(),
        "hash": summary.campaign,
        "protocol": summary.protocol,
        "file": if file.len() > LONGEST_FILE { Value::Null } else { json!(file) },
        "budget": summary.budget,
        "end": summary.end.map(|end| end.words()),
        "shape": summary.shape_heading,
        "novelty": summary.novelty_heading.replace('\n', " "),
        "objectives": summary.objectives,
        "limits": campaign.limits,
        "counts": counts(&summary),
        "warm_start": summary.warm_start,
        "verdicts": listed.verdicts,
        "verdict_counts": summary.novelty,
        "box": measure,
        "curve": curve::of(&steps, None),
        "front": front,
        "funnel": summary.funnel,
        "reasons": reasons,
        "constraints": costs,
        "bill": bill,
        "basis": bill.basis.words(),
        "predictions": summary.measured,
        "candidates": listed.data,
        "hull": hull::of(campaign, &summary.protocol, &listed.systems)?,
        "known": known(campaign, &ids)?,
    }))
}

/// How many candidates came how far.
pub fn counts(summary: &Summary) -> Value {
    let of = |status| summary.count(status);
    json!({
        "proposed": summary.proposed(),
        "pending": of(Status::Proposed),
        "duplicate": of(Status::Duplicate),
        "rejected": of(Status::Rejected),
        "failed": of(Status::Failed),
        "evaluated": of(Status::Evaluated),
        "within_limits": of(Status::Evaluated) - summary.outside_limits,
        "front": summary.front.len(),
        "constraint_violations": summary.constraint_violations,
    })
}

fn count_reason(reasons: &mut Reasons, row: &CandidateRow) {
    if !matches!(row.status, Status::Rejected | Status::Failed) {
        return;
    }
    let stage = row.stage.clone().unwrap_or_default();
    let reason = kind(row.reason.as_deref().unwrap_or_default());
    *reasons.entry(stage).or_default().entry(reason).or_default() += 1;
}

/// What is known of the nearest known structures, by id.
fn known(campaign: &Campaign, ids: &BTreeSet<&str>) -> Result<Value, CampaignError> {
    let Kind::Crystal(_) = &campaign.domain else { return Ok(json!({})) };
    let entry = |(id, KnownStructure { formula, set, crystal }): (String, KnownStructure)| {
        let structure = crystal.map(|crystal| drawing::of(&crystal, None).1);
        (id, json!([formula, set, structure]))
    };
    Ok(Value::Object(known_structures(&campaign.novelty, ids)?.into_iter().map(entry).collect::<Map<_, _>>()))
}
