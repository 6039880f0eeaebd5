//! The files that a campaign names, and the campaign that names them inside a bundle.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use druse_datasets::bytes::hexadecimal;
use sha2::{Digest, Sha256};

use super::archive::Both;
use super::facts::Input;
use super::{BundleError, INPUTS};
use crate::cache::CacheSpec;
use crate::config::campaign::Word;
use crate::config::{
    Campaign, Domain, ExecutorKind, FilesSpec, PotentialSpec, ProgramSetting, Reference, SlurmSpec,
};

/// A file and its place in the bundle.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) input: Input,
}

/// The campaign as it stands in a bundle: files by their members, nothing of the machine; and where these
/// files are. It has the same [hash](Campaign::hash).
pub(super) fn portable(campaign: &Campaign, packed: bool) -> Result<(Campaign, Vec<Source>), BundleError> {
    let mut portable = campaign.clone();
    portable.executor = ExecutorKind::Local;
    portable.slurm = SlurmSpec::default();
    portable.files = FilesSpec::default();
    portable.cache = CacheSpec { shared: None, ..portable.cache };
    portable.directory = None;
    let mut sources = Vec::new();
    for (key, path) in files(&mut portable) {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| !name.contains(|c: char| c == '\\' || c.is_control()));
        let Some(name) = name else {
            return Err(BundleError::Unnamable { key, path: path.clone() });
        };
        let member = format!("{INPUTS}/{key}/{name}");
        let (sha256, bytes) =
            digest(path).map_err(|source| BundleError::Unreadable { path: path.clone(), source })?;
        let input = Input { key, member: member.clone(), sha256, bytes, packed };
        sources.push(Source { path: std::mem::replace(path, member.into()), input });
    }
    Ok((portable, sources))
}

/// SHA-256 and size of a file.
pub(super) fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut File::open(path)?, &mut Both(&mut hash, &mut io::sink()))?;
    Ok((hexadecimal(hash.finalize()), bytes))
}

/// All paths in a campaign that results depend on, with a name for each that tells where it stands.
fn files(campaign: &mut Campaign) -> Vec<(String, &mut PathBuf)> {
    let mut files = Vec::new();
    fn reference(reference: &mut Reference) -> Option<&mut PathBuf> {
        match reference {
            Reference::File { path, .. } => Some(path),
            Reference::Shipped => None,
        }
    }
    files.extend(reference(&mut campaign.novelty).map(|path| ("novelty.reference".to_owned(), path)));
    match &mut campaign.domain {
        Domain::Crystal(spec) => {
            files.extend(reference(&mut spec.hull).map(|path| ("hull.reference".to_owned(), path)));
            files.extend(spec.relax.as_mut().and_then(|relax| potential("relax.model", &mut relax.model)));
            if let Some(second) = &mut spec.second_opinion {
                files.extend(potential("second_opinion.model", &mut second.model));
                files.extend(
                    reference(&mut second.reference)
                        .map(|path| ("second_opinion.reference".to_owned(), path)),
                );
            }
        }
        Domain::Complex(spec) => {
            let paths = spec.ligands.files.iter_mut().filter_map(reference);
            files.extend(paths.enumerate().map(|(index, path)| (format!("ligands.files.{index}"), path)));
        }
    }
    for (index, generator) in campaign.generators.iter_mut().enumerate() {
        let key = format!("generator.{index}");
        let model = generator.learned.as_mut().and_then(|learned| learned.model.path.as_mut());
        files.extend(model.map(|path| (format!("{key}.model"), path)));
        files.extend(generator.program.iter_mut().flat_map(|program| words(&key, program)));
    }
    for (index, objective) in campaign.objectives.iter_mut().enumerate() {
        let key = format!("objective.{index}");
        let program = objective.program.as_mut().map(|program| &mut program.program);
        files.extend(program.into_iter().flat_map(|program| words(&key, program)));
    }
    files
}

fn potential<'a>(key: &str, model: &'a mut PotentialSpec) -> Option<(String, &'a mut PathBuf)> {
    match model {
        PotentialSpec::File { path, .. } => Some((key.to_owned(), path)),
        PotentialSpec::Named(_) => None,
    }
}

fn words<'a>(key: &str, program: &'a mut ProgramSetting) -> Vec<(String, &'a mut PathBuf)> {
    let mut files = Vec::new();
    for (index, word) in program.command.iter_mut().enumerate() {
        if let Word::File(Reference::File { path, .. }) = word {
            files.push((format!("{key}.command.{index}"), path));
        }
    }
    files
}
