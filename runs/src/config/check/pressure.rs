//! `relax.pressure`, and what has to be under the same pressure.

use druse_fitness::property;

use super::{Mistakes, quoted};
use crate::config::campaign::{Reference, RelaxSpec, SecondOpinionSpec};

/// The pressure (GPa). Under tension everything gains by flying apart, so that there is no hull.
pub(super) fn check_pressure(setting: Option<f64>, mistakes: &mut Mistakes) -> f64 {
    let pressure = setting.unwrap_or(0.0);
    if !(pressure.is_finite() && pressure >= 0.0) {
        mistakes.report("relax.pressure", pressure, "0 or a number above (GPa)");
    }
    pressure
}

/// Refuses, under pressure, energies without it. `names` are those of objectives, limits and filters. A table of the user's says
/// itself at which pressure it is, when it is read.
pub(super) fn check_under_pressure<'a>(
    relax: &RelaxSpec,
    hull: &Reference,
    second_opinion: Option<&SecondOpinionSpec>,
    names: impl Iterator<Item = &'a str> + Clone,
    mistakes: &mut Mistakes,
) {
    let pressure = relax.pressure;
    if pressure == 0.0 || !names.clone().any(|name| property::OF_HULL.contains(&name)) {
        return;
    }
    let second = second_opinion.map(|second| ("second_opinion.reference", &second.reference));
    for (key, reference) in [("hull.reference", hull)].into_iter().chain(second) {
        if *reference == Reference::Shipped {
            mistakes.report(
                "relax.pressure",
                format!("{pressure} beside energies that come with druse, which are those without pressure"),
                format!("{key} = TABLE by `druse data reference FILES… --relax --pressure {pressure}` with its model"),
            );
        }
    }
    if names.clone().any(|name| name == property::METASTABILITY) {
        mistakes.report(
            "relax.pressure",
            format!("{pressure} beside {}", quoted(property::METASTABILITY)),
            "one of them only: its windows are those of crystals known without pressure",
        );
    }
}
