//! A program with objectives of its own: a closure, and a type that implements the trait.
//!
//! ```text
//! cargo run -p druse-example-objective -- run runs/examples/objective/campaign.toml --out dense
//! cargo run -p druse-example-objective -- score salt.cif --objectives volume_per_atom,coordination
//! ```
//!
//! It is the whole command line of druse. `cargo test` checks the objectives with the suite that druse
//! checks its own with.

use std::process::ExitCode;

use druse::fitness::{Goal, Objective, ObjectiveError, Properties};
use druse::representations::{Complex, Crystal, Neighbours};

fn main() -> ExitCode {
    let volume = druse::objective("volume_per_atom", Goal::Minimise, "Å^3", |crystal: &Crystal, _| {
        Ok(crystal.lattice.volume() / crystal.sites.len() as f64)
    });
    // For complexes too: the share of hydrogen among the atoms.
    let hydrogen = druse::objective("hydrogen_share", Goal::Minimise, "1", |complex: &Complex, _| {
        let atoms = complex.composition();
        let all: f64 = atoms.iter().map(|(_, count)| count).sum();
        let hydrogen: f64 = atoms.iter().filter(|(e, _)| e.symbol() == "H").map(|(_, count)| count).sum();
        Ok(hydrogen / all)
    });
    druse::Program::new()
        .of(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .objective(volume)
        .objective(hydrogen)
        .objective(Coordination { reach: 1.15 })
        .main()
}

/// Mean number of neighbours within `reach` times the distance of the nearest one.
struct Coordination {
    reach: f64,
}

impl Objective<Crystal> for Coordination {
    fn name(&self) -> &str {
        "coordination"
    }

    fn goal(&self) -> Goal {
        Goal::Maximise
    }

    fn unit(&self) -> &str {
        "1"
    }

    /// What the numbers depend on beside the crystal; a campaign is not continued with another.
    fn protocol(&self) -> Option<String> {
        Some(format!("coordination: neighbours within {} of the nearest distance", self.reach))
    }

    fn evaluate(&self, crystal: &Crystal, _: &Properties) -> Result<f64, ObjectiveError> {
        const CUTOFF: f64 = 6.0; // Å
        let failed = |reason: String| ObjectiveError::Failed { objective: self.name().to_owned(), reason };
        let pairs = Neighbours::within(crystal, CUTOFF).map_err(|error| failed(error.to_string()))?;
        let mut total = 0;
        for site in 0..crystal.sites.len() {
            let distances = &pairs.distance[pairs.around(site)];
            let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
            if nearest.is_infinite() {
                // No honest number: the candidate becomes a row with this reason.
                return Err(failed(format!("site {site} has no neighbour within {CUTOFF} Å")));
            }
            total += distances.iter().filter(|distance| **distance <= nearest * self.reach).count();
        }
        Ok(total as f64 / crystal.sites.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse::fitness::conformance::check_objective;
    use druse::representations::Lattice;
    use druse::representations::conformance::retold_crystal;

    #[test]
    fn the_objective_conforms() {
        let rock_salt = |edge: f64| {
            let h = edge / 2.0;
            let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
            Crystal::ordered(lattice, [("Na".parse().unwrap(), [0.0; 3]), ("Cl".parse().unwrap(), [0.5; 3])])
        };
        let items = [5.6, 6.0].map(|edge| (rock_salt(edge), Properties::new()));
        let coordination = Coordination { reach: 1.15 };
        check_objective(&coordination, &items, &retold_crystal, 1e-9).unwrap();
        assert_eq!(coordination.evaluate(&items[0].0, &items[0].1), Ok(6.0));
    }
}
