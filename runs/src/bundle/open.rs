//! From a file to a bundle that was checked as a whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use druse_datasets::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::archive::{Both, listed};
use super::facts::{FORMAT, Facts};
use super::{BundleError, FACTS, MANIFEST};
use crate::{campaign, warm_start};

/// Largest list of checksums, and largest text that is read as a whole (bytes).
const MOST: u64 = 1 << 26;

/// A bundle whose members are all there and as they were written.
pub struct Bundle {
    pub(super) members: Members,
    facts: Facts,
}

/// The members of a bundle.
pub(super) struct Members {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// What stands before the names of members in the archive.
    prefix: String,
    /// SHA-256 by member.
    pub(super) sums: BTreeMap<String, String>,
}

impl Bundle {
    /// Opens a bundle and holds every member against its checksum.
    ///
    /// # Errors
    /// When the file cannot be read, is something else, is damaged, names files outside of itself, or is of a newer
    /// druse.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let owned = path.to_owned();
        let file = File::open(path).map_err(|source| BundleError::Unreadable { path: owned, source })?;
        if file.metadata().is_ok_and(|data| data.is_dir()) {
            let reason = "found a folder, expected a .zip file by druse bundle".to_owned();
            return Err(BundleError::Foreign { path: path.to_owned(), reason });
        }
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| BundleError::Foreign {
            path: path.to_owned(),
            reason: format!("found no whole zip archive ({error}), expected a .zip file by druse bundle"),
        })?;
        let names = names(&zip, path)?;
        let prefix = prefix(&names, path)?;
        let mut members = Members { path: path.to_owned(), zip, prefix, sums: BTreeMap::new() };
        members.sums = members.manifest()?;
        members.complete(&names)?;
        members.verify()?;
        let facts = members.facts()?;
        Ok(Self { members, facts })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.members.path
    }

    /// What it says of itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Puts the files that the campaign names, and the designs that it began with, into a folder.
    pub(super) fn unpack(&mut self, folder: &Path) -> Result<(), BundleError> {
        let inputs = self.facts.inputs.iter().filter(|input| input.packed);
        let mut names: Vec<String> = inputs.map(|input| input.member.clone()).collect();
        names.extend(self.members.sums.contains_key(warm_start::FILE).then(|| warm_start::FILE.to_owned()));
        names.iter().try_for_each(|name| self.members.unpack(name, folder))
    }
}

impl Members {
    pub(super) fn damaged(&self, reason: impl Into<String>) -> BundleError {
        BundleError::Damaged { path: self.path.clone(), reason: reason.into() }
    }

    /// A member to read from.
    pub(super) fn member(&mut self, name: &str) -> Result<ZipFile<'_, BufReader<File>>, BundleError> {
        let path = self.path.clone();
        let broken = |error| BundleError::Damaged { path, reason: format!("{name}: {error}") };
        self.zip.by_name(&format!("{}{name}", self.prefix)).map_err(broken)
    }

    /// A member that is a text.
    pub(super) fn text(&mut self, name: &str) -> Result<String, BundleError> {
        let mut text = String::new();
        let read = self.member(name)?.take(MOST).read_to_string(&mut text);
        match read {
            Ok(_) => Ok(text),
            Err(error) => Err(self.damaged(format!("{name}: {error}"))),
        }
    }

    fn manifest(&mut self) -> Result<BTreeMap<String, String>, BundleError> {
        let mut sums = BTreeMap::new();
        for (index, line) in self.text(MANIFEST)?.lines().enumerate() {
            let known = line.split_once("  ").filter(|(sum, name)| {
                sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()) && is_safe(name)
            });
            let Some((sum, name)) = known else {
                let line = index + 1;
                return Err(self.damaged(format!("{MANIFEST}, line {line}: expected a SHA-256 and a name")));
            };
            sums.insert(name.to_owned(), sum.to_ascii_lowercase());
        }
        Ok(sums)
    }

    /// Every member is listed, and what is listed is there.
    fn complete(&self, names: &[String]) -> Result<(), BundleError> {
        let names: Vec<&str> =
            names.iter().map(|name| name.strip_prefix(&self.prefix).unwrap_or(name)).collect();
        let unlisted = names.iter().filter(|&&name| name != MANIFEST && !self.sums.contains_key(name));
        let unlisted: Vec<String> = unlisted.map(|&name| name.to_owned()).collect();
        let needed = [campaign::CAMPAIGN_FILE, FACTS, super::CANDIDATES].map(str::to_owned);
        let missing = self.sums.keys().chain(&needed).filter(|name| !names.contains(&name.as_str()));
        let missing: Vec<String> = missing.cloned().collect();
        match (missing.is_empty(), unlisted.is_empty()) {
            (false, _) => Err(self.damaged(format!("found no {}", listed(&missing)))),
            (_, false) => {
                Err(self.damaged(format!("found {}, which {MANIFEST} does not list", listed(&unlisted))))
            }
            _ => Ok(()),
        }
    }

    fn verify(&mut self) -> Result<(), BundleError> {
        for (name, expected) in self.sums.clone() {
            let mut hash = Sha256::new();
            let read = io::copy(&mut self.member(&name)?, &mut Both(&mut hash, &mut io::sink()));
            if let Err(error) = read {
                return Err(self.damaged(format!("{name}: {error}")));
            }
            let found = hexadecimal(hash.finalize());
            if found != expected {
                return Err(self.damaged(format!("{name} has SHA-256 {found}, expected {expected}")));
            }
        }
        Ok(())
    }

    fn facts(&mut self) -> Result<Facts, BundleError> {
        let text = self.text(FACTS)?;
        let broken = |error: serde_json::Error| self.damaged(format!("{FACTS}: {error}"));
        // The version first: newer facts may look different.
        let value: serde_json::Value = serde_json::from_str(&text).map_err(broken)?;
        let found = value["format"].as_u64().unwrap_or_default();
        if found > FORMAT {
            let druse = value["druse"].as_str().unwrap_or("?").to_owned();
            return Err(BundleError::Newer { path: self.path.clone(), found, druse });
        }
        let facts: Facts = serde_json::from_value(value).map_err(broken)?;
        match facts.inputs.iter().find(|input| !is_safe(&input.member)) {
            Some(input) => Err(BundleError::Unsafe { path: self.path.clone(), name: input.member.clone() }),
            None => Ok(facts),
        }
    }

    fn unpack(&mut self, name: &str, folder: &Path) -> Result<(), BundleError> {
        let path = folder.join(name);
        let failed = |source| BundleError::Write { path: path.clone(), source };
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        let mut member = self.member(name)?;
        let mut file = File::create_new(&path).map_err(failed)?;
        io::copy(&mut member, &mut file).map_err(failed)?;
        if member.unix_mode().is_some_and(|mode| mode & 0o111 != 0) {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        }
        Ok(())
    }
}

/// Names of all files in an archive.
fn names(zip: &ZipArchive<BufReader<File>>, path: &Path) -> Result<Vec<String>, BundleError> {
    let mut names = Vec::new();
    for index in 0..zip.len() {
        let Some(Ok(name)) = zip.name_for_index(index) else {
            let reason = format!("the name of member {index} cannot be read");
            return Err(BundleError::Damaged { path: path.to_owned(), reason });
        };
        if !is_safe(name.strip_suffix('/').unwrap_or(&name)) {
            return Err(BundleError::Unsafe { path: path.to_owned(), name: name.escape_debug().to_string() });
        }
        if !name.ends_with('/') {
            names.push(name.into_owned());
        }
    }
    Ok(names)
}

/// Whether a name stays below the folder that it starts from, on any system.
fn is_safe(name: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let drive = name.as_bytes().get(1) == Some(&b':');
    name.split('/').all(plain) && !drive && !name.contains(|c: char| c == '\\' || c.is_control())
}

/// The folder in which the list of checksums lies, with a slash; nothing when it lies at the top.
fn prefix(names: &[String], path: &Path) -> Result<String, BundleError> {
    let foreign = |found: &str| BundleError::Foreign {
        path: path.to_owned(),
        reason: format!("found {found}, expected one {MANIFEST} in it, as druse bundle writes it"),
    };
    let is_one = |name: &&String| {
        name.as_str() == MANIFEST || name.split_once('/').is_some_and(|(_, name)| name == MANIFEST)
    };
    let mut found = names.iter().filter(is_one);
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name[..name.len() - MANIFEST.len()].to_owned()),
        (None, _) => Err(foreign("a zip archive of other files")),
        _ => Err(foreign("several bundles in one archive")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for name in ["a", "a/b.c", "inputs/hull.reference/my table.csv", "a/..b"] {
            assert!(is_safe(name), "{name}");
        }
        for name in ["", "/a", "a//b", "../a", "a/../b", "a/..", ".", "a\\b", "C:/a", "a\nb", "a/"] {
            assert!(!is_safe(name), "{name:?}");
        }
    }
}
