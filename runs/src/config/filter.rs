//! Filters of a checked campaign.

use serde::Serialize;

use super::LimitSpec;

/// Filters, and how the funnel is audited.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FunnelSpec {
    /// The filters; names are distinct.
    pub filters: Vec<FilterSpec>,
    /// Share of what checks reject that passes by chance.
    pub audit: f64,
}

/// One filter.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FilterSpec {
    /// What passes.
    pub limit: LimitSpec,
    /// Share of what it would remove that passes by chance.
    pub audit: f64,
}

impl FunnelSpec {
    /// Whether it changes nothing.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
