//! What a result is known by.

use std::collections::BTreeMap;

use druse_fitness::{Objective, Tier};
use druse_representations::Design;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::engine::{Evaluation, Task};

/// First part of every key; another one where keys are made in another way.
const FORMAT: &str = concat!("druse evaluation 1, druse ", env!("CARGO_PKG_VERSION"));

/// SHA-256 of all that one result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a result that depends on these texts, and on the version of druse.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        add(&mut hash, FORMAT);
        parts.iter().for_each(|part| add(&mut hash, part));
        Self(hash.finalize().into())
    }

    /// As bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What the keys of a campaign have in common: for each costly tier and objective the hash of the
/// protocols that its results depend on.
#[derive(Clone)]
pub struct Keys {
    tiers: Vec<TierKey>,
    objectives: Vec<(String, Sha256)>,
    /// Protocols of all tiers that only reject.
    company: Sha256,
    /// Candidates evaluated together.
    batch: usize,
}

#[derive(Clone)]
struct TierKey {
    place: usize,
    name: String,
    /// Protocols of this tier and of all before it that refine designs or add properties.
    protocols: Sha256,
    /// The same of those that only reject: they decide who shares a batch.
    company: Sha256,
}

/// Keys of one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskKeys {
    /// Of costly tiers, by their place in the funnel.
    pub tiers: BTreeMap<usize, Key>,
    /// Of costly objectives, by name.
    pub objectives: BTreeMap<String, Key>,
}

impl Keys {
    /// Keys for what an evaluation computes.
    pub fn of<D: Design>(evaluation: &Evaluation<D>) -> Self {
        let (mut protocols, mut company) = (Sha256::new(), Sha256::new());
        add(&mut protocols, FORMAT);
        add(&mut protocols, D::DOMAIN);
        // Filters decide too.
        add(&mut company, &format!("{:?}", evaluation.funnel));
        let mut tiers = Vec::new();
        for (place, tier) in evaluation.tiers.iter().enumerate() {
            let part = if tier.only_rejects() { &mut company } else { &mut protocols };
            add(part, &tier_protocol(tier.as_ref()));
            if tier.is_costly() {
                let mut protocols = protocols.clone();
                if tier.only_rejects() {
                    add(&mut protocols, &tier_protocol(tier.as_ref()));
                }
                add(&mut protocols, "tier");
                tiers.push(TierKey {
                    place,
                    name: tier.name().to_owned(),
                    protocols,
                    company: company.clone(),
                });
            }
        }
        let objectives = evaluation.objectives.iter();
        let objectives = objectives.filter_map(|objective| {
            let mut protocols = protocols.clone();
            add(&mut protocols, "objective");
            add(&mut protocols, &objective_protocol(objective.as_ref())?);
            Some((objective.name().to_owned(), protocols))
        });
        let objectives = objectives.collect();
        Self { tiers, objectives, company, batch: evaluation.batch.max(1) }
    }

    /// Whether nothing is costly.
    pub fn is_empty(&self) -> bool {
        self.tiers.is_empty() && self.objectives.is_empty()
    }

    /// Name of the costly tier at a place of the funnel.
    pub fn tier_name(&self, place: usize) -> Option<&str> {
        self.tiers.iter().find(|tier| tier.place == place).map(|tier| tier.name.as_str())
    }

    /// Keys of the candidates of a step, which are evaluated in batches in this order.
    pub fn of_tasks(&self, tasks: &[Task]) -> Vec<TaskKeys> {
        let designs: Vec<&Value> = tasks.iter().map(|task| &task.design).collect();
        designs.chunks(self.batch).flat_map(|batch| self.of_batch(batch)).collect()
    }

    /// Keys of designs that are evaluated together.
    fn of_batch(&self, designs: &[&Value]) -> Vec<TaskKeys> {
        let texts: Vec<String> = designs.iter().map(|design| design.to_string()).collect();
        let key = |protocols: &Sha256, company: &Sha256, text: &str| {
            let mut hash = protocols.clone();
            if self.batch > 1 {
                hash.update(company.clone().finalize());
                texts.iter().for_each(|text| add(&mut hash, text));
            }
            add(&mut hash, text);
            Key(hash.finalize().into())
        };
        let tier = |tier: &TierKey, text: &str| (tier.place, key(&tier.protocols, &tier.company, text));
        let objective = |(name, protocols): &(String, Sha256), text: &str| {
            (name.clone(), key(protocols, &self.company, text))
        };
        let one = |text: &String| TaskKeys {
            tiers: self.tiers.iter().map(|part| tier(part, text)).collect(),
            objectives: self.objectives.iter().map(|part| objective(part, text)).collect(),
        };
        texts.iter().map(one).collect()
    }
}

fn tier_protocol<D: Design>(tier: &dyn Tier<D>) -> String {
    format!("{}\n{}", tier.name(), tier.protocol())
}

fn objective_protocol<D: Design>(objective: &dyn Objective<D>) -> Option<String> {
    Some(format!("{}\n{}", objective.name(), objective.protocol()?))
}

/// A part of a key with its length, so that parts cannot flow into one another.
fn add(hash: &mut Sha256, part: &str) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part.as_bytes());
}
