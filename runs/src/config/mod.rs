//! The campaign file: TOML as written ([`CampaignConfig`]), checked ([`Campaign`]), and everything
//! that is wrong with it ([`ConfigError`]).
//!
//! ```
//! let text = r#"
//!     campaign = { name = "salts", budget = 100 }
//!     space.elements = ["Na", "K", "Cl", "Br"]
//!     objective = [{ name = "toxicity" }]
//! "#;
//! let campaign = druse::config::parse(text, "salts.toml", ".".as_ref(), None).unwrap();
//! assert_eq!(campaign.population, 40);
//!
//! let error = druse::config::parse("campaign.budgt = 100", "x.toml", ".".as_ref(), None).unwrap_err();
//! let expected = "x.toml:1: campaign.budgt: found an unknown key, expected one of name, seed, ";
//! assert!(error.lines().iter().any(|line| line.starts_with(expected)));
//! ```

pub mod campaign;
pub mod check;
pub mod executor;
pub mod file;
mod filter;
pub mod mistake;
mod read;
mod written;

use std::io;
use std::path::{Path, PathBuf};

pub use campaign::{
    Campaign, ComplexSpec, CrystalSpec, Domain, GeneratorSpec, LearnedSpec, LibraryChoice, LigandSources,
    LimitSpec, ModelSpec, ObjectiveSpec, PotentialSpec, Preset, ProgramObjective, ProgramSetting, Reference,
    RelaxSpec, SecondOpinionSpec, TierSpec, XtbSpec,
};
pub use executor::{ExecutorKind, FilesSpec, SlurmSpec};
pub use file::{CampaignConfig, ConditionSetting};
pub use filter::{FilterSpec, FunnelSpec};
pub use mistake::{ConfigError, Mistake};

use crate::plugins::{PluginError, Plugins};

/// Why a campaign file cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the campaign file '{}': {source}", path.display())]
    Unreadable {
        /// Path as given.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// It holds mistakes.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Mistakes(#[from] ConfigError),
    /// The plug-ins cannot be told apart.
    #[error(transparent)]
    Plugins(#[from] PluginError),
}

/// Reads and checks a campaign file; `seed` replaces the one in the file.
///
/// # Errors
/// When the file cannot be read or holds mistakes.
pub fn load(path: &Path, seed: Option<u64>) -> Result<Campaign, LoadError> {
    load_with(path, seed, &Plugins::default())
}

/// [`load`] for files that name plug-ins.
///
/// # Errors
/// When the file cannot be read or holds mistakes, and when the plug-ins cannot be told apart.
pub fn load_with(path: &Path, seed: Option<u64>, plugins: &Plugins) -> Result<Campaign, LoadError> {
    load_changed(path, plugins, |config| config.campaign.seed = seed.or(config.campaign.seed))
}

/// Reads a campaign file, changes it as arguments ask, and checks it.
///
/// # Errors
/// As [`load_with`].
pub fn load_changed(
    path: &Path,
    plugins: &Plugins,
    change: impl FnOnce(&mut CampaignConfig),
) -> Result<Campaign, LoadError> {
    plugins.check()?;
    let text = std::fs::read_to_string(path)
        .map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })?;
    let base = path.parent().unwrap_or(Path::new("."));
    Ok(checked(&text, &path.display().to_string(), base, plugins, change)?)
}

/// Why the file of an earlier campaign cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RawError {
    /// It cannot be read.
    #[error("cannot read '{}': {source}", path.display())]
    Unreadable {
        /// File.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// It is no campaign file.
    #[error("'{}' is no campaign file: {reason}", path.display())]
    NoCampaign {
        /// File.
        path: PathBuf,
        /// The first mistake.
        reason: Box<Mistake>,
    },
}

/// Reads a campaign file as it is written, without a look at what it names.
///
/// # Errors
/// When it cannot be read or is none.
pub fn raw(path: &Path) -> Result<CampaignConfig, RawError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| RawError::Unreadable { path: path.to_owned(), source })?;
    let document = read::Document::read(&text);
    match document.mistakes.into_iter().next() {
        Some(reason) => Err(RawError::NoCampaign { path: path.to_owned(), reason: Box::new(reason) }),
        None => Ok(document.config),
    }
}

/// Checks the text of a campaign file. `file` is its name in messages; relative paths in it start
/// from `base`; `seed` replaces the one in the file.
///
/// # Errors
/// All mistakes in the text.
pub fn parse(text: &str, file: &str, base: &Path, seed: Option<u64>) -> Result<Campaign, ConfigError> {
    parse_with(text, file, base, seed, &Plugins::default())
}

/// [`parse`] for texts that name plug-ins.
///
/// # Errors
/// All mistakes in the text.
pub fn parse_with(
    text: &str,
    file: &str,
    base: &Path,
    seed: Option<u64>,
    plugins: &Plugins,
) -> Result<Campaign, ConfigError> {
    checked(text, file, base, plugins, |config| config.campaign.seed = seed.or(config.campaign.seed))
}

fn checked(
    text: &str,
    file: &str,
    base: &Path,
    plugins: &Plugins,
    change: impl FnOnce(&mut CampaignConfig),
) -> Result<Campaign, ConfigError> {
    let mut document = read::Document::read(text);
    let syntax = document.mistakes.iter().any(|mistake| mistake.key.is_empty());
    if syntax {
        return Err(ConfigError::new(file, text, document.mistakes));
    }
    change(&mut document.config);
    let checked = document.config.check(base, plugins);
    let mut mistakes = std::mem::take(&mut document.mistakes);
    match checked {
        Ok(campaign) if mistakes.is_empty() => return Ok(campaign),
        Ok(_) => {}
        Err(found) => {
            // A key that could not be read was left out: that it is missing is no second mistake.
            let unread: Vec<String> = mistakes.iter().map(|mistake| mistake.key.clone()).collect();
            let follows = |key: &str| unread.iter().any(|unread| within(key, unread) || within(unread, key));
            mistakes.extend(found.into_iter().filter(|mistake| !follows(&mistake.key)).map(|mistake| {
                let span = document.span(&mistake.key);
                Mistake { span, ..mistake }
            }));
        }
    }
    Err(ConfigError::new(file, text, mistakes))
}

/// Whether `key` is `outer` or a part of it.
fn within(key: &str, outer: &str) -> bool {
    key.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// JSON schema of campaign files that may name these plug-ins, for editors.
pub fn schema(plugins: &Plugins) -> serde_json::Value {
    let mut schema = schemars::schema_for!(CampaignConfig).to_value();
    let crystals = plugins.parts::<druse_representations::Crystal>().generators();
    let complexes = plugins.parts::<druse_representations::Complex>().generators();
    let kinds: Vec<&str> = crystals.chain(complexes).collect();
    let potentials: Vec<&str> = plugins.potentials().collect();
    for (names, place) in [
        (&kinds, "GeneratorSection/properties/kind/enum"),
        (&potentials, "RelaxSection/properties/model/anyOf/0/enum"),
        (&potentials, "SecondOpinionSection/properties/model/anyOf/0/enum"),
    ] {
        let known = schema.pointer_mut(&format!("/$defs/{place}")).and_then(serde_json::Value::as_array_mut);
        if let Some(known) = known {
            known.extend(names.iter().map(|&name| name.into()));
        }
    }
    schema
}
