//! A campaign as a page, and several campaigns in one page.

mod comparison;
mod curve;
mod data;
mod hull;
mod names;
mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde_json::Value;

pub use comparison::{Comparison, ReportError};

use super::page::{Page, TABLE_STYLES, VIEWER_SCRIPTS, VIEWER_STYLE};
use crate::campaign::{self, CampaignError};
use crate::plugins::Plugins;
use crate::store::Store;

/// What both pages share; runs after the viewer's scripts.
const COMMON_SCRIPTS: [&str; 4] = [
    include_str!("../assets/verdicts.js"),
    include_str!("../assets/curves.js"),
    include_str!("../assets/scatter.js"),
    include_str!("../assets/bars.js"),
];

/// What is particular to the page of a campaign.
const SCRIPTS: [&str; 9] = [
    include_str!("../assets/candidates.js"),
    include_str!("../assets/structures.js"),
    include_str!("../assets/files.js"),
    include_str!("../assets/parallel.js"),
    include_str!("../assets/hull.js"),
    include_str!("../assets/table.js"),
    include_str!("../assets/lineage.js"),
    include_str!("../assets/candidate.js"),
    include_str!("../assets/campaign.js"),
];

/// Styles of charts and of what both pages share.
const CHARTS_STYLE: &str = include_str!("../assets/charts.css");

/// All that a page tells of a campaign, running or done.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignReport {
    data: Value,
}

impl CampaignReport {
    /// The campaign in a folder, which may name these plug-ins.
    ///
    /// # Errors
    /// When there is no campaign or its files cannot be read.
    pub fn of(directory: &Path, plugins: &Plugins) -> Result<Self, CampaignError> {
        let store = Store::read(directory)?;
        let campaign = campaign::load(directory, plugins)?;
        Ok(Self { data: data::of(&campaign, &store)? })
    }

    /// The data that the page shows. Times and joules in it differ from run to run.
    pub fn data(&self) -> &Value {
        &self.data
    }

    /// The page: front, hypervolume, funnel, ledger, novelty, hull, and a table with lineage, views in 3D
    /// and files of each candidate. It works without a network, on a phone and on paper; equal stores give
    /// equal bytes.
    pub fn html(&self) -> String {
        Page {
            title: "Campaign",
            styles: &[
                &[VIEWER_STYLE],
                &TABLE_STYLES[..],
                &[CHARTS_STYLE, include_str!("../assets/campaign.css")],
            ]
            .concat(),
            body: include_str!("../assets/campaign.html"),
            scripts: &[VIEWER_SCRIPTS.as_slice(), &COMMON_SCRIPTS, &SCRIPTS].concat(),
            data: &self.data,
        }
        .html()
    }
}

impl Comparison {
    /// The page: hypervolumes in one box, fronts laid over each other, funnels and ledgers side by side.
    pub fn html(&self) -> String {
        Page {
            title: "Comparison of campaigns",
            styles: &[&TABLE_STYLES[..], &[CHARTS_STYLE]].concat(),
            body: include_str!("../assets/comparison.html"),
            scripts: &[&VIEWER_SCRIPTS[..2], &COMMON_SCRIPTS[..], &[include_str!("../assets/comparison.js")]]
                .concat(),
            data: self.data(),
        }
        .html()
    }
}
