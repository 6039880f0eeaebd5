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
pub mod file;
pub mod mistake;
mod read;
mod written;

use std::io;
use std::path::{Path, PathBuf};

pub use campaign::{
    Campaign, ComplexSpec, CrystalSpec, Domain, GeneratorSpec, LibraryChoice, LigandSources, LimitSpec,
    ObjectiveSpec, Preset, ProgramObjective, ProgramSetting, Reference, RelaxSpec, XtbSpec,
};
pub use file::CampaignConfig;
pub use mistake::{ConfigError, Mistake};

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
}

/// Reads and checks a campaign file; `seed` replaces the one in the file.
///
/// # Errors
/// When the file cannot be read or holds mistakes.
pub fn load(path: &Path, seed: Option<u64>) -> Result<Campaign, LoadError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| LoadError::Unreadable { path: path.to_owned(), source })?;
    let base = path.parent().unwrap_or(Path::new("."));
    Ok(parse(&text, &path.display().to_string(), base, seed)?)
}

/// Checks the text of a campaign file. `file` is its name in messages; relative paths in it start
/// from `base`; `seed` replaces the one in the file.
///
/// # Errors
/// All mistakes in the text.
pub fn parse(text: &str, file: &str, base: &Path, seed: Option<u64>) -> Result<Campaign, ConfigError> {
    let mut document = read::Document::read(text);
    let syntax = document.mistakes.iter().any(|mistake| mistake.key.is_empty());
    if syntax {
        return Err(ConfigError::new(file, text, document.mistakes));
    }
    if let Some(seed) = seed {
        document.config.campaign.seed = Some(seed);
    }
    let checked = document.config.check(base);
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

/// JSON schema of campaign files, for editors.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(CampaignConfig).to_value()
}
