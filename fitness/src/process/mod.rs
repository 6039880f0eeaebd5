//! Programs in any language that judge or propose designs: JSON lines over standard input and output.
//!
//! druse starts the program and writes one request a line; the program answers each with one line,
//! in order, and flushes. What it writes to standard error is kept for messages.
//!
//! ```text
//! > {"request": 0, "ask": "hello", "protocol": 1}
//! < {"request": 0, "name": "volume", "version": "1"}
//! > {"request": 2186, "ask": "evaluate", "objective": "volume", "candidates": [{"design": {..}, "properties": {..}}, ..]}
//! < {"request": 2186, "results": [{"value": 37.6}, {"error": "no such element"}, ..]}
//! ```
//!
//! The number of the request is to be given back. Designs have the form of [`Exchange`](druse_representations::Exchange). Name and version become
//! part of the protocol of every number, so a program whose results change should change its version.
//!
//! A program that does not answer in time, answers with something else, or ends is killed with its
//! whole process group and started anew; the request is asked again, in the end one candidate at a
//! time, so that one bad candidate costs nobody but itself a value.

mod client;
mod leader;
mod objective;
mod session;

pub use client::{Client, ClientError, ProgramSpec};
pub(crate) use leader::Leader;
pub use objective::ProcessObjective;
pub use session::SessionError;
