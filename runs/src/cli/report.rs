//! `druse report`

use std::path::PathBuf;

use crate::report::{CampaignReport, Comparison, ReportError};
use clap::Args;

use super::Global;
use super::failure::Failure;
use super::output;

/// Name of the page in the folder of its campaign.
const PAGE: &str = "report.html";
/// Name of the page of several campaigns.
const COMPARISON: &str = "comparison.html";

#[derive(Args)]
pub struct Arguments {
    /// Folder of a campaign, running or done; several for a comparison
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// The file to write; report.html in the folder of the campaign when absent, for a comparison
    /// comparison.html here
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let (page, data, usual) = match arguments.folders.as_slice() {
        [folder] => {
            let report = CampaignReport::of(folder, &global.plugins)?;
            (report.html(), report.data().clone(), folder.join(PAGE))
        }
        folders => {
            let comparison = Comparison::of(folders, &global.plugins)?;
            (comparison.html(), comparison.data().clone(), PathBuf::from(COMPARISON))
        }
    };
    let path = arguments.to.clone().unwrap_or(usual);
    output::write_file(&path, page.as_bytes())?;
    global.note(&format!("{} ({:.1} MB, opens in any browser)", path.display(), page.len() as f64 / 1e6));
    global.write_json(&data)
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Campaign(error) => error.into(),
            other => Self::input(other),
        }
    }
}
