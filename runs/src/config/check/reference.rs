//! Reference files.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use druse_datasets::bytes::hexadecimal;
use druse_datasets::precursors::read_precursors;
use druse_representations::Composition;
use druse_validation::Verdict;
use sha2::{Digest, Sha256};

use super::{Mistakes, one_of, quoted};
use crate::config::campaign::Reference;
use crate::config::file::PrecursorSetting;
use crate::config::mistake::Mistake;

pub(super) fn check_reference(
    key: &str,
    name: Option<&str>,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<Reference> {
    match name {
        None | Some("shipped") => Some(Reference::Shipped),
        Some(name) => check_file(key, name, "\"shipped\" or a readable file", base, mistakes),
    }
}

/// Formulas of precursors; `None` for those that come with druse.
pub(super) fn check_precursors(
    setting: Option<&PrecursorSetting>,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<Vec<String>> {
    let key = "hull.precursors";
    let list = match setting? {
        PrecursorSetting::Word(word) if word == "shipped" => return None,
        PrecursorSetting::Word(file) => match read_precursors(&base.join(file)) {
            Ok(list) => list,
            Err(error) => {
                let expected =
                    "\"shipped\", a list of formulas, or a file of them, relative to the campaign file";
                mistakes.report(key, error, expected);
                return None;
            }
        },
        PrecursorSetting::Formulas(formulas) => {
            let mut list: Vec<Composition> = Vec::new();
            for (index, formula) in formulas.iter().enumerate() {
                match formula.parse() {
                    Ok(composition) => list.push(composition),
                    Err(_) => mistakes.report(
                        format!("{key}[{index}]"),
                        quoted(formula),
                        "the formula of a precursor, such as \"Li2CO3\"",
                    ),
                }
            }
            if formulas.is_empty() {
                mistakes.report(key, "an empty list", "at least one formula");
            }
            list
        }
    };
    Some(list.iter().map(Composition::to_string).collect())
}

/// Names of verdicts, each once.
pub(super) fn check_verdicts(key: &str, names: Option<&[String]>, mistakes: &mut Mistakes) -> Vec<Verdict> {
    let known = Verdict::ALL.map(Verdict::name);
    let mut verdicts = BTreeSet::new();
    for (index, name) in names.into_iter().flatten().enumerate() {
        let key = format!("{key}[{index}]");
        match Verdict::from_name(name) {
            None => {
                mistakes.add(Mistake::new(key, quoted(name), one_of(&known)).nearest(name, known));
            }
            Some(verdict) if !verdicts.insert(verdict) => {
                mistakes.report(key, format!("{} again", quoted(name)), "each verdict once");
            }
            Some(_) => {}
        }
    }
    if verdicts.len() == known.len() {
        mistakes.report(key, "all verdicts", "fewer: nothing would be left");
    }
    verdicts.into_iter().collect()
}

/// A file by its contents; `expected` says what may stand there.
pub(super) fn check_file(
    key: &str,
    name: &str,
    expected: &str,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<Reference> {
    let path = base.join(name);
    let read = || -> io::Result<Reference> {
        let mut hasher = Sha256::new();
        io::copy(&mut File::open(&path)?, &mut HashWriter(&mut hasher))?;
        Ok(Reference::File { path: path.canonicalize()?, sha256: hexadecimal(hasher.finalize()) })
    };
    match read() {
        Ok(reference) => Some(reference),
        Err(error) => {
            let found = format!("{} ({error})", quoted(name));
            mistakes.report(key, found, format!("{expected}, relative to the campaign file"));
            None
        }
    }
}

/// Feeds a hash as if it were a file.
struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
