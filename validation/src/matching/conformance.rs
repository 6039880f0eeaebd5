//! What every matcher must keep to, as a check for plug-ins and for our own.

use druse_representations::Crystal;
use druse_representations::conformance::{Nonconformance, retold_crystal};

use super::{Comparison, Matcher, Pattern};

/// Largest distance (in units of (V/N)^(1/3)) of a crystal from itself, by rounding.
const ROUNDING: f64 = 1e-3;

/// Checks of a matcher, with crystals some of which are alike, that
///
/// * name and protocol say something;
/// * every crystal is the same as itself, in any other cell, from any other origin, with its sites in any
///   order and however it is turned, and at no distance;
/// * the verdict on two crystals is the same every time, the same for both methods, the same when they are
///   swapped (unless the matcher says that it is not symmetric), and does not depend on how one of them is
///   told;
/// * distances are finite and not negative.
///
/// # Errors
/// The first rule that is broken.
///
/// ```
/// use druse_representations::{Crystal, Lattice};
/// use druse_validation::matching::{LeakSafe, check_matcher};
///
/// let polonium = |edge| Crystal::ordered(Lattice::cubic(edge), [("Po".parse().unwrap(), [0.0; 3])]);
/// check_matcher(&LeakSafe::default(), &[polonium(3.35), polonium(3.4)]).unwrap();
/// ```
pub fn check_matcher(matcher: &dyn Matcher, crystals: &[Crystal]) -> Result<(), Nonconformance> {
    let part = format!("matcher '{}'", matcher.name());
    let broken = |rule, detail: String| Nonconformance::new(part.as_str(), rule, detail);
    if matcher.name().trim().is_empty() || matcher.protocol().trim().is_empty() {
        let detail = format!("name '{}', protocol '{}'", matcher.name(), matcher.protocol());
        return Err(broken("it has a name and a protocol", detail));
    }
    if crystals.is_empty() {
        return Err(broken("something is checked", "no crystals were given".into()));
    }
    let pattern = |crystal: &Crystal| {
        Pattern::of(crystal).map_err(|error| broken("crystals can be compared", error.to_string()))
    };
    let patterns = crystals.iter().map(pattern).collect::<Result<Vec<_>, _>>()?;
    for (index, (crystal, own)) in crystals.iter().zip(&patterns).enumerate() {
        let itself = matcher.compare(own, own);
        let far = [itself.rms, itself.max_dist].into_iter().flatten().any(|distance| distance > ROUNDING);
        if !itself.same || far {
            return Err(broken("a crystal is the same as itself", format!("crystal {index}: {itself:?}")));
        }
        let verdicts: Vec<bool> = patterns.iter().map(|other| matcher.same(own, other)).collect();
        for (change, told) in retold_crystal(crystal) {
            let told = pattern(&told)?;
            let rule = "it does not matter how a crystal is told";
            if !matcher.same(own, &told) {
                return Err(broken(rule, format!("crystal {index}, {change}: it is another")));
            }
            for (other, verdict) in verdicts.iter().enumerate() {
                if matcher.same(&told, &patterns[other]) != *verdict {
                    let detail = format!("crystals {index} and {other}, {change}: no longer {verdict}");
                    return Err(broken(rule, detail));
                }
            }
        }
        for (other, theirs) in patterns.iter().enumerate() {
            check_pair(matcher, (index, own), (other, theirs), &broken)?;
        }
    }
    Ok(())
}

fn check_pair(
    matcher: &dyn Matcher,
    (i, first): (usize, &Pattern),
    (j, second): (usize, &Pattern),
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    let comparison = matcher.compare(first, second);
    if comparison != matcher.compare(first, second) {
        return Err(broken("the same question has the same answer", format!("crystals {i} and {j}")));
    }
    if comparison.same != matcher.same(first, second) {
        return Err(broken("both methods agree", format!("crystals {i} and {j}: {comparison:?}")));
    }
    if matcher.is_symmetric() && comparison.same != matcher.same(second, first) {
        return Err(broken("swapping changes nothing", format!("crystals {i} and {j}: {comparison:?}")));
    }
    let Comparison { rms, max_dist, volume_ratio, strain, .. } = comparison;
    if let Some(value) =
        [rms, max_dist, volume_ratio, strain].into_iter().flatten().find(|x| !(x.is_finite() && *x >= 0.0))
    {
        return Err(broken(
            "distances are finite and not negative",
            format!("crystals {i} and {j}: {value}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::{NAMES, Overrides, Scope, matcher};
    use druse_representations::Lattice;

    fn crystals() -> Vec<Crystal> {
        let salt = |cation: &str, anion: &str, edge: f64| {
            let h = edge / 2.0;
            let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
            Crystal::ordered(
                lattice,
                [(cation.parse().unwrap(), [0.0; 3]), (anion.parse().unwrap(), [0.5; 3])],
            )
        };
        let rutile = |x: f64| {
            let lattice = Lattice::from_parameters([4.594, 4.594, 2.959, 90.0, 90.0, 90.0]).unwrap();
            let oxygen = [[x, x, 0.0], [-x, -x, 0.0], [0.5 + x, 0.5 - x, 0.5], [0.5 - x, 0.5 + x, 0.5]];
            let titanium = [[0.0; 3], [0.5; 3]].map(|frac| ("Ti".parse().unwrap(), frac));
            Crystal::ordered(
                lattice,
                titanium.into_iter().chain(oxygen.map(|frac| ("O".parse().unwrap(), frac))),
            )
        };
        vec![
            salt("Na", "Cl", 5.64),
            salt("Na", "Cl", 5.70),
            salt("Na", "Br", 5.97),
            rutile(0.3053),
            rutile(0.31),
            rutile(0.25),
        ]
    }

    #[test]
    fn our_matchers_conform() {
        for name in NAMES {
            let matcher = matcher(name, &Overrides::default()).unwrap();
            check_matcher(matcher.as_ref(), &crystals()).unwrap();
        }
    }

    /// Compares positions as they stand.
    struct Naive;

    impl Matcher for Naive {
        fn name(&self) -> &'static str {
            "naive"
        }
        fn protocol(&self) -> String {
            "naive".to_owned()
        }
        fn scope(&self) -> Scope {
            Scope::Composition
        }
        fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
            Comparison { same: first.given == second.given, ..Comparison::default() }
        }
        fn is_symmetric(&self) -> bool {
            true
        }
    }

    #[test]
    fn bad_matchers_are_told_what_is_wrong() {
        let broken = check_matcher(&Naive, &crystals()).unwrap_err();
        assert_eq!(broken.rule, "it does not matter how a crystal is told");
        assert!(broken.to_string().starts_with("matcher 'naive' breaks the rule "), "{broken}");
    }
}
