//! Reports for people: pages of HTML that need nothing beside themselves, and tables for other programs.

mod audit;
mod campaign;
mod numbers;
mod page;

pub use audit::{audit_csv, audit_page};
pub use campaign::{CampaignReport, Comparison, ReportError};
