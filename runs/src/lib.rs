//! Campaigns: the campaign file, and the command line.

pub mod config;
