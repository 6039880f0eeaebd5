//! `druse schema`

use clap::Args;

use super::failure::Failure;
use super::{Global, output};

#[derive(Args)]
pub struct Arguments {}

pub fn run(_: &Arguments, global: &Global) -> Result<(), Failure> {
    let schema = crate::config::schema(&global.plugins);
    if global.json.is_none() {
        output::print(&format!("{schema:#}\n"))?;
    }
    global.write_json(&schema)
}
