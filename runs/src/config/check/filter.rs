//! `[[filter]]` and `[funnel]`.

use super::evaluation::check_range;
use super::{Mistakes, quoted};
use crate::config::campaign::ObjectiveSpec;
use crate::config::file::{CampaignConfig, FilterSection};
use crate::config::filter::{FilterSpec, FunnelSpec};

/// Share of what a filter would remove that passes by chance.
const AUDIT: f64 = 0.02;

/// `properties` are the names that the tiers of the campaign write.
pub(super) fn check_funnel(
    config: &CampaignConfig,
    properties: &[String],
    objectives: &[ObjectiveSpec],
    mistakes: &mut Mistakes,
) -> FunnelSpec {
    let audit = check_share("funnel.audit", config.funnel.audit, 0.0, mistakes);
    let mut filters: Vec<FilterSpec> = Vec::new();
    for (index, section) in config.filter.iter().enumerate() {
        let key = format!("filter[{index}]");
        let FilterSection { name, min, max, audit } = section;
        let limit = check_range(&key, name.as_deref(), [*min, *max], properties, objectives, mistakes);
        if name.is_some() && filters.iter().any(|filter| filter.limit.name == limit.name) {
            let found = format!("{} again", quoted(&limit.name));
            mistakes.report(format!("{key}.name"), found, "each filter once");
        }
        let audit = check_share(&format!("{key}.audit"), *audit, AUDIT, mistakes);
        filters.push(FilterSpec { limit, audit });
    }
    FunnelSpec { filters, audit }
}

fn check_share(key: &str, value: Option<f64>, default: f64, mistakes: &mut Mistakes) -> f64 {
    let value = value.unwrap_or(default);
    if !(0.0..=1.0).contains(&value) {
        mistakes.report(key, value, "a number from 0 to 1");
    }
    value
}
