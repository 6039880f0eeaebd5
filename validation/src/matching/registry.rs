//! Matchers by name.

use super::pymatgen::{Options, Pymatgen};
use super::{Disorder, LeakSafe, Matcher, MatterGen, Prototype};

/// Names that [`matcher`] knows.
pub const NAMES: &[&str] = &[
    "pymatgen",
    "pymatgen-cdvae",
    "pymatgen-rmsd",
    "mattergen-ordered",
    "mattergen-disordered",
    "leak-safe",
    "disorder",
    "prototype",
];

/// Settings that replace those which a name stands for; `None` keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Tolerance of lengths (relative).
    pub length: Option<f64>,
    /// Tolerance of sites, units of (V/N)^(1/3).
    pub site: Option<f64>,
    /// Tolerance of angles (degrees).
    pub angle: Option<f64>,
    /// Whether cells are folded into primitive ones first.
    pub primitive: Option<bool>,
    /// Whether volumes are made equal.
    pub scale: Option<bool>,
    /// Whether a cell may be repeated.
    pub supercell: Option<bool>,
    /// Whether sites may be left without partners.
    pub subset: Option<bool>,
}

/// Why there is no such matcher.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownMatcher {
    /// No matcher has this name.
    #[error("unknown matcher '{0}': expected one of {known}", known = NAMES.join(", "))]
    Name(String),
    /// The matcher has no such setting.
    #[error("the matcher {matcher} has no setting '{setting}'")]
    Setting {
        /// Name.
        matcher: String,
        /// Setting that cannot be replaced.
        setting: &'static str,
    },
    /// A tolerance is no positive number.
    #[error("the tolerance of {setting} is {value}; expected a positive number")]
    Tolerance {
        /// Which tolerance.
        setting: &'static str,
        /// What it is.
        value: f64,
    },
}

/// The matcher of a name, with some settings replaced.
///
/// # Errors
/// For unknown names, settings that the matcher does not have, and tolerances that are not positive.
pub fn matcher(name: &str, overrides: &Overrides) -> Result<Box<dyn Matcher>, UnknownMatcher> {
    overrides.check()?;
    let fixed = |matcher: Box<dyn Matcher>| match overrides.given() {
        Some(setting) => Err(UnknownMatcher::Setting { matcher: name.to_owned(), setting }),
        None => Ok(matcher),
    };
    let pymatgen = |name, options: Options| Box::new(Pymatgen::new(name, overrides.applied(options)));
    Ok(match name {
        "pymatgen" => pymatgen("pymatgen", Options::default()),
        "pymatgen-cdvae" => pymatgen("pymatgen-cdvae", Options::cdvae()),
        "pymatgen-rmsd" => pymatgen("pymatgen-rmsd", Options::rmsd()),
        "mattergen-ordered" => pymatgen("mattergen-ordered", Options::default()),
        "mattergen-disordered" => {
            for (setting, given) in [("supercell", overrides.supercell), ("subset", overrides.subset)] {
                if given.is_some() {
                    return Err(UnknownMatcher::Setting { matcher: name.to_owned(), setting });
                }
            }
            Box::new(MatterGen::new(*pymatgen("mattergen-disordered", Options::default())))
        }
        "leak-safe" => fixed(Box::<LeakSafe>::default())?,
        "disorder" => fixed(Box::<Disorder>::default())?,
        "prototype" => fixed(Box::<Prototype>::default())?,
        _ => return Err(UnknownMatcher::Name(name.to_owned())),
    })
}

impl Overrides {
    /// Whether all tolerances are positive numbers.
    fn check(&self) -> Result<(), UnknownMatcher> {
        let tolerances = [("lengths", self.length), ("sites", self.site), ("angles", self.angle)];
        match tolerances.into_iter().find_map(|(setting, value)| {
            Some((setting, value?)).filter(|(_, value)| !(*value > 0.0 && value.is_finite()))
        }) {
            Some((setting, value)) => Err(UnknownMatcher::Tolerance { setting, value }),
            None => Ok(()),
        }
    }

    /// The first setting that is replaced.
    fn given(&self) -> Option<&'static str> {
        let settings = [
            ("length", self.length.is_some()),
            ("site", self.site.is_some()),
            ("angle", self.angle.is_some()),
            ("primitive", self.primitive.is_some()),
            ("scale", self.scale.is_some()),
            ("supercell", self.supercell.is_some()),
            ("subset", self.subset.is_some()),
        ];
        settings.into_iter().find_map(|(setting, is_given)| is_given.then_some(setting))
    }

    fn applied(&self, mut options: Options) -> Options {
        fn replace<T: Copy>(value: &mut T, by: Option<T>) {
            *value = by.unwrap_or(*value);
        }
        replace(&mut options.tolerances.length, self.length);
        replace(&mut options.tolerances.site, self.site);
        replace(&mut options.tolerances.angle, self.angle);
        replace(&mut options.primitive, self.primitive);
        replace(&mut options.scale, self.scale);
        replace(&mut options.supercell, self.supercell);
        replace(&mut options.subset, self.subset);
        options
    }
}
