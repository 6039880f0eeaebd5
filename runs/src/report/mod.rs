//! Reports for people: pages of HTML that need nothing beside themselves, and tables for other programs.

mod audit;
mod page;

pub use audit::{audit_csv, audit_page};
