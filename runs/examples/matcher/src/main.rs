//! A program with a matcher of its own: crystals of one composition whose volumes per site are nearly equal
//! count as the same, however their atoms are arranged.
//!
//! ```text
//! cargo run -p druse-example-matcher -- match a.cif b.cif --matcher volume
//! cargo run -p druse-example-matcher -- audit found.cif --matcher volume --reference known/
//! ```

use std::collections::BTreeMap;
use std::process::ExitCode;

use druse::representations::Element;
use druse::validation::matching::{Comparison, Matcher, Pattern, Scope};

fn main() -> ExitCode {
    druse::Program::new()
        .of(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .matcher(Volume { tolerance: 0.05 })
        .main()
}

/// Compares compositions and volumes per site.
struct Volume {
    /// Largest difference of volumes, relative to the smaller one.
    tolerance: f64,
}

/// Atoms of each element per site.
fn shares(pattern: &Pattern) -> BTreeMap<Element, f64> {
    let mut shares = BTreeMap::new();
    let sites = pattern.given.len() as f64;
    for kind in &pattern.given.kinds {
        for occupant in &pattern.species[usize::from(*kind)] {
            *shares.entry(occupant.element).or_insert(0.0) += occupant.occupancy / sites;
        }
    }
    shares
}

impl Matcher for Volume {
    fn name(&self) -> &'static str {
        "volume"
    }

    fn protocol(&self) -> String {
        format!("volume 1: same composition, volumes per site within {}", self.tolerance)
    }

    fn scope(&self) -> Scope {
        Scope::Composition
    }

    fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
        let (a, b) = (shares(first), shares(second));
        let alike = a.len() == b.len()
            && a.iter().all(|(element, x)| b.get(element).is_some_and(|y| (x - y).abs() < 1e-6));
        let ratio = second.given.volume_per_site() / first.given.volume_per_site();
        let same = alike && ratio.max(1.0 / ratio) <= 1.0 + self.tolerance;
        Comparison { same, volume_ratio: Some(ratio), ..Comparison::default() }
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse::representations::{Crystal, Lattice};
    use druse::validation::matching::check_matcher;

    #[test]
    fn the_matcher_conforms() {
        let salt = |edge: f64, x: f64| {
            let (na, cl) = ("Na".parse().unwrap(), "Cl".parse().unwrap());
            Crystal::ordered(Lattice::cubic(edge), [(na, [0.0; 3]), (cl, [x; 3])])
        };
        check_matcher(&Volume { tolerance: 0.05 }, &[salt(3.5, 0.5), salt(3.52, 0.4), salt(4.0, 0.5)])
            .unwrap();
    }
}
