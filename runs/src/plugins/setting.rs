//! What a campaign tells a part that is made for it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{AnyError, Kind};

/// The campaign that a generator or representation is made for.
#[derive(Clone, Debug)]
pub struct Setting<D: Kind> {
    /// Seed of the campaign: all random numbers come from it and the candidate number
    /// ([`druse_generators::stream`]).
    pub seed: u64,
    /// The designs that are allowed. What breaks it is rejected, so that it pays to propose nothing else.
    pub space: D::Space,
    /// `[generator.options]` as it stands in the campaign file.
    pub options: Map<String, Value>,
}

impl<D: Kind> Setting<D> {
    /// The options as a struct that derives `Deserialize`; let it deny unknown fields, so that mistyped
    /// keys are told.
    ///
    /// # Errors
    /// When they do not fit.
    ///
    /// ```
    /// # use druse::plugins::Setting;
    /// # use druse::generators::DesignSpace;
    /// # use druse::representations::Crystal;
    /// #[derive(serde::Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct Options {
    ///     largest_step: f64,
    /// }
    ///
    /// let space = DesignSpace::new(["Na", "Cl"].map(|symbol| symbol.parse().unwrap()));
    /// let options = serde_json::from_str(r#"{"largest_step": 0.1}"#).unwrap();
    /// let setting = Setting::<Crystal> { seed: 1, space, options };
    /// assert_eq!(setting.options::<Options>().unwrap().largest_step, 0.1);
    /// ```
    pub fn options<T: DeserializeOwned>(&self) -> Result<T, AnyError> {
        serde_json::from_value(Value::Object(self.options.clone()))
            .map_err(|error| format!("generator.options: {error}").into())
    }
}
