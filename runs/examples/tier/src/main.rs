//! A program with a tier of its own: hard spheres must fill enough of the cell. It stands in the funnel where
//! the campaign file puts it, before anything expensive, and writes a property that limits and objectives may
//! name.
//!
//! ```text
//! cargo run -p druse-example-tier -- run runs/examples/tier/campaign.toml --out packed
//! ```

use std::process::ExitCode;

use druse::fitness::{Goal, Properties, Tier, TierOutcome};
use druse::representations::{Crystal, min_distance};

/// The property that the tier writes.
const PACKING: &str = "packing";

fn main() -> ExitCode {
    let packing = druse::objective(PACKING, Goal::Maximise, "1", |_: &Crystal, properties| {
        Ok(*properties.get(PACKING).ok_or("the tier 'spheres' has not run")?)
    });
    druse::Program::new()
        .of(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .tier(Spheres { least: 0.2 })
        .objective(packing)
        .main()
}

/// Rejects crystals in which equal spheres that touch at the smallest distance fill less than this share of
/// the cell.
struct Spheres {
    least: f64,
}

impl Spheres {
    fn judge(&self, crystal: &Crystal) -> TierOutcome<Crystal> {
        let share = match min_distance(crystal) {
            Ok(Some(distance)) => {
                let sphere = std::f64::consts::PI / 6.0 * distance.powi(3);
                crystal.sites.len() as f64 * sphere / crystal.lattice.volume()
            }
            Ok(None) => return TierOutcome::Rejected { reason: "spheres: there are none".to_owned() },
            Err(error) => return TierOutcome::Rejected { reason: format!("spheres: {error}") },
        };
        // Reasons start with a short kind, by which rejections are counted.
        if share < self.least {
            let reason = format!("loose packing: {share:.3}, least is {}", self.least);
            return TierOutcome::Rejected { reason };
        }
        let properties = Properties::from([(PACKING.to_owned(), share)]);
        TierOutcome::Passed { design: crystal.clone(), properties }
    }
}

impl Tier<Crystal> for Spheres {
    fn name(&self) -> &str {
        "spheres"
    }

    fn protocol(&self) -> String {
        format!("spheres: packing of equal spheres, least {}", self.least)
    }

    fn writes(&self) -> Vec<String> {
        vec![PACKING.to_owned()]
    }

    /// It costs less than looking a result up.
    fn is_costly(&self) -> bool {
        false
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        items.iter().map(|(crystal, _)| self.judge(crystal)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse::fitness::conformance::check_tier;
    use druse::representations::Lattice;

    #[test]
    fn the_tier_conforms() {
        let cubic = |edge, x| {
            let (na, cl) = ("Na".parse().unwrap(), "Cl".parse().unwrap());
            (Crystal::ordered(Lattice::cubic(edge), [(na, [0.0; 3]), (cl, [x; 3])]), Properties::new())
        };
        let items = [cubic(4.0, 0.5), cubic(9.0, 0.1)];
        check_tier(&Spheres { least: 0.2 }, &items).unwrap();
        match (Spheres { least: 0.2 }).judge(&items[0].0) {
            // Body-centred cubic: sqrt(3) pi / 8.
            TierOutcome::Passed { properties, .. } => assert!((properties[PACKING] - 0.6802).abs() < 1e-4),
            other => panic!("{other:?}"),
        }
    }
}
