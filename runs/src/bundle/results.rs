//! The results of a campaign as members of a bundle: nothing in them differs from run to run.

use std::io::{self, Write};
use std::path::Path;

use super::archive::{Failed, Sink};
use super::{CANDIDATES, RESULTS, SUMMARY};
use crate::campaign;
use crate::config::Campaign;
use crate::domain::{self, Domain};
use crate::store::{CandidateRow, Status, Store};
use crate::summary::{REJECTED_HEADING, Summary, front_files, front_table, quoted, rejected_line};

/// Candidates that are held in memory at a time.
const CHUNK: usize = 256;

/// Formats of evaluated candidates that hold all of them in one file, as far as the domain has them.
const FORMATS: [&str; 2] = ["extxyz", "jsonl"];

/// Heading of the table of verdicts.
const VERDICTS_HEADING: &str = "candidate,formula,verdict,nearest,distance,matcher\n";

/// Writes the results of the campaign in a folder.
pub(super) fn write(directory: &Path, campaign: &Campaign, sink: &mut dyn Sink) -> Result<Summary, Failed> {
    let store = Store::read(directory)?;
    let domain = domain::of(campaign);
    sink.add(CANDIDATES, &mut |out| {
        store.for_each_candidate(|row| -> Result<(), Failed> {
            serde_json::to_writer(&mut *out, &row).map_err(io::Error::from)?;
            Ok(out.write_all(b"\n")?)
        })
    })?;
    for format in FORMATS.into_iter().filter(|format| domain.formats().contains(format)) {
        let name = format!("{RESULTS}evaluated.{format}");
        sink.add(&name, &mut |out| evaluated(&store, campaign, domain, format, out))?;
    }
    sink.add(&format!("{RESULTS}verdicts.csv"), &mut |out| {
        out.write_all(VERDICTS_HEADING.as_bytes())?;
        store.for_each_candidate(|row| -> Result<(), Failed> {
            verdict(&row, domain)?.map_or(Ok(()), |line| Ok(out.write_all(line.as_bytes())?))
        })
    })?;
    sink.add(&format!("{RESULTS}rejected.csv"), &mut |out| {
        out.write_all(REJECTED_HEADING.as_bytes())?;
        store.for_each_candidate(|row| -> Result<(), Failed> {
            rejected_line(&row).map_or(Ok(()), |line| Ok(out.write_all(line.as_bytes())?))
        })
    })?;
    let summary = Summary::new(campaign, &store, |_| Ok(()))?;
    let front = front_files(&summary, domain)?;
    let mut text = |name: &str, text: &str| {
        sink.add(&format!("{RESULTS}{name}"), &mut |out| Ok(out.write_all(text.as_bytes())?))
    };
    for (name, contents) in &front {
        text(&format!("front/{name}"), contents)?;
    }
    text("front.csv", &front_table(&summary, &front))?;
    let json = serde_json::to_string_pretty(&summary).map_err(io::Error::from)? + "\n";
    sink.add(SUMMARY, &mut |out| Ok(out.write_all(json.as_bytes())?))?;
    Ok(summary)
}

/// All evaluated candidates in one format, with measured values in the place of predictions.
fn evaluated(
    store: &Store,
    campaign: &Campaign,
    domain: &dyn Domain,
    format: &str,
    out: &mut dyn Write,
) -> Result<(), Failed> {
    let mut chunk: Vec<CandidateRow> = Vec::new();
    let mut flush = |chunk: &mut Vec<CandidateRow>| -> Result<(), Failed> {
        let rows: Vec<&CandidateRow> = chunk.iter().collect();
        for (_, bytes) in domain.export(&rows, format).map_err(super::BundleError::from)? {
            out.write_all(&bytes)?;
        }
        chunk.clear();
        Ok(())
    };
    campaign::for_each_candidate(store, campaign, |row| -> Result<(), Failed> {
        if row.status == Status::Evaluated {
            chunk.push(row);
        }
        if chunk.len() < CHUNK { Ok(()) } else { flush(&mut chunk) }
    })?;
    flush(&mut chunk)
}

/// What is known of a candidate elsewhere, as a line of a table.
fn verdict(row: &CandidateRow, domain: &dyn Domain) -> Result<Option<String>, Failed> {
    let Some(nearest) = &row.novelty else { return Ok(None) };
    let distance = nearest.distance.map_or_else(String::new, |distance| distance.to_string());
    Ok(Some(format!(
        "{},{},{},{},{distance},{}\n",
        row.number,
        quoted(&domain.formula(row)?),
        nearest.novelty.words(),
        quoted(nearest.id.as_deref().unwrap_or_default()),
        quoted(&nearest.matcher),
    )))
}
