//! Names of plug-ins against those of druse and against each other.

use std::collections::BTreeSet;

use druse_fitness::{Tier, potentials};
use druse_representations::{Complex, Crystal};
use druse_validation::matching;

use super::{Kind, Plugins};

/// Why plug-ins cannot be used together: a mistake in the program that registers them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// Nothing could name it.
    #[error(
        "a plug-in {what} is called '{name}', expected a name without commas, quotes or spaces at its ends"
    )]
    BadName {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// druse has a part of this name.
    #[error("the plug-in {what} '{name}' has the name of a built-in one; expected another name than {}", .built_in.join(", "))]
    BuiltIn {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
        /// Names that druse uses.
        built_in: Vec<&'static str>,
    },
    /// Two plug-ins of the same name.
    #[error("two plug-in {what}s are called '{name}', expected each name once")]
    Twice {
        /// What they are.
        what: &'static str,
        /// Their name.
        name: String,
    },
}

/// Kind of generator behind which a program stands.
const PROCESS: &str = "process";

impl Plugins {
    /// Looks for names that cannot be told apart. [`Program::main`](crate::Program::main) and
    /// [`config::load_with`](crate::config::load_with) do so.
    ///
    /// # Errors
    /// The first name that is used by druse or by another plug-in of the kind.
    pub fn check(&self) -> Result<(), PluginError> {
        self.check_kind::<Crystal>()?;
        self.check_kind::<Complex>()?;
        distinct("potential", self.potentials(), potentials::NAMES.to_vec())?;
        distinct("matcher", self.matchers.iter().map(|matcher| matcher.name()), matching::NAMES.to_vec())
    }

    fn check_kind<D: Kind>(&self) -> Result<(), PluginError> {
        let parts = self.parts::<D>();
        distinct("objective", parts.objectives.iter().map(|part| part.name()), D::objectives())?;
        let tier_name = |tier: &'_ std::sync::Arc<dyn Tier<D>>| tier.name().to_owned();
        let tiers: Vec<String> = parts.tiers.iter().map(tier_name).collect();
        distinct("tier", tiers.iter().map(String::as_str), D::TIERS.to_vec())?;
        let mut generators = D::generators();
        generators.push(PROCESS);
        distinct("generator", parts.generators(), generators)?;
        distinct("representation", parts.representations(), D::REPRESENTATIONS.to_vec())
    }
}

fn distinct<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
    built_in: Vec<&'static str>,
) -> Result<(), PluginError> {
    let mut seen = BTreeSet::new();
    for name in names {
        let owned = || name.to_owned();
        if name.is_empty()
            || name.trim() != name
            || name.contains(|c: char| ",'\"".contains(c) || c.is_control())
        {
            return Err(PluginError::BadName { what, name: owned() });
        }
        if built_in.contains(&name) {
            return Err(PluginError::BuiltIn { what, name: owned(), built_in });
        }
        if !seen.insert(name) {
            return Err(PluginError::Twice { what, name: owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_fitness::Goal;

    fn with(names: &[&str]) -> Plugins {
        names.iter().fold(Plugins::new(), |plugins, name| {
            plugins.objective(crate::objective(name, Goal::Minimise, "1", |_: &Crystal, _| Ok(0.0)))
        })
    }

    #[test]
    fn names_are_used_once() {
        assert_eq!(with(&["mine", "yours"]).check(), Ok(()));
        let text = |names: &[&str]| with(names).check().unwrap_err().to_string();
        assert_eq!(
            text(&["mine", "mine"]),
            "two plug-in objectives are called 'mine', expected each name once"
        );
        let built_in = text(&["density"]);
        assert!(
            built_in.starts_with("the plug-in objective 'density' has the name of a built-in one; "),
            "{built_in}"
        );
        assert!(text(&["a,b"]).contains("is called 'a,b', expected a name without commas"));
        // Crystals and complexes do not get into each other's way.
        let both =
            with(&["mine"])
                .objective(crate::objective("mine", Goal::Minimise, "1", |_: &Complex, _| Ok(0.0)));
        assert_eq!(both.check(), Ok(()));
    }
}
