//! Stable, unique, novel: the figures of MatterGen (C. Zeni et al., Nature 639, 624 (2025)) and WyFormer
//! (N. Kazeev et al., arXiv:2503.02407) in one protocol, on a hull of the model that relaxes.
//!
//! Every structure is relaxed. Those that cannot be, that fail on the way or do not converge count as
//! unstable and stay in every denominator; so do those whose energies are not to be trusted ([`TrustLimits`]). Uniqueness and novelty are decided on relaxed structures,
//! and on those given where there is no relaxed one. Two manners stand side by side:
//!
//! | | unique | novel |
//! |---|---|---|
//! | `mattergen_ordered` | greedy, first seen, by pymatgen's matcher | no known structure of the same formula matches by the same matcher |
//! | `leak_safe` | groups that do not depend on order | an [audit](Audit) finds no duplicate, no ordering variant and no solid solution |
//!
//! In the manner `leak_safe` a group counts when one of its members is stable and novel. S.S.U.N. is
//! S.U.N. with a relaxed structure of another space group than P1.

mod judge;
mod novelty;
mod row;
mod summary;

use druse_validation::audit::Audit;
use druse_validation::index::Index;
use druse_validation::metrics::symmetry::SymmetryStatistics;

use super::table::Column;
use super::{Hull, Relaxer, Stamp};
use crate::trust::TrustLimits;

pub use judge::JudgeError;
pub use row::Row;

/// Name and version.
pub const PROTOCOL: &str = "sun 2";

/// Largest energies above the hull (eV/atom) that count as stable.
pub const LIMITS: [f64; 3] = [0.1, 0.08, 0.0];

/// Everything that structures are judged by.
pub struct Sun<'a> {
    /// Relaxes.
    pub relaxer: &'a Relaxer,
    /// Where energies are placed.
    pub hull: &'a Hull,
    /// Tells what is known.
    pub audit: &'a Audit,
    /// References with coordinates, for pymatgen's matcher; empty when there are none.
    pub exact: &'a [&'a Index],
    /// Space groups and templates of a reference.
    pub statistics: &'a SymmetryStatistics,
    /// What that reference is.
    pub statistics_name: &'a str,
    /// Tolerance (Å) of the search for symmetry.
    pub symprec: f64,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Sun<'_> {
    /// All that the figures depend on beside the set.
    pub fn stamp(&self) -> Stamp {
        use druse_validation::metrics::{displacement, interval, validity};
        let mut stamp = Stamp::new(PROTOCOL);
        stamp.set("relaxation", self.relaxer.protocol());
        stamp.set("denominator", "all structures, unreadable, failed and unconverged ones too");
        let trust = serde_json::to_string(&TrustLimits::default()).unwrap_or_default();
        stamp.set(
            "stable",
            format!("energy above hull <= {LIMITS:?} eV/atom, converged, not flagged by {trust}"),
        );
        stamp.set(
            "objects of uniqueness and novelty",
            "relaxed structures, given ones where relaxation failed",
        );
        self.hull.stamp(&mut stamp);
        stamp.set("matchers", self.audit.protocol());
        stamp.set("unique, mattergen-ordered", novelty::ordered().map(|m| m.protocol()).unwrap_or_default());
        for (key, sets) in
            [("novelty reference", self.audit.references()), ("training sets", self.audit.training())]
        {
            let sets: Vec<String> = sets.iter().map(|set| set.stamp()).collect();
            stamp.set(key, if sets.is_empty() { "none".to_owned() } else { sets.join("; ") });
        }
        let exact =
            if self.exact.is_empty() { "not possible: the reference has no coordinates" } else { "possible" };
        stamp.set("novel, mattergen-ordered", exact);
        stamp.set(
            "symmetry",
            format!("symprec {} Å, of structures as given; S.S.U.N. of relaxed ones", self.symprec),
        );
        stamp.set("symmetry reference", self.statistics_name);
        stamp.set("validity", validity::protocol());
        stamp.set("displacement", displacement::protocol());
        stamp.set(
            "intervals",
            format!(
                "95 %: Wilson for shares, bootstrap over structures for the rest, {} resamples (percentiles; of distances the standard deviation)",
                interval::RESAMPLES
            ),
        );
        stamp
    }
}

/// The columns of a table of this protocol.
pub fn columns() -> Vec<Column> {
    let mut columns = vec![
        Column::percent("valid", "valid"),
        Column::percent("valid structure", "structure_valid"),
        Column::percent("valid composition", "composition_valid"),
        Column::percent("unique", "unique_mattergen_ordered"),
        Column::percent("novel leak-safe", "novel_leak_safe"),
        Column::percent("novel mattergen-ordered", "novel_mattergen_ordered"),
    ];
    for limit in LIMITS {
        columns.push(Column::percent(&format!("stable ≤ {limit}"), format!("stable_{limit}")));
    }
    for (manner, words) in [("leak_safe", "leak-safe"), ("mattergen_ordered", "mattergen-ordered")] {
        for limit in LIMITS {
            let title = format!("S.U.N. {words} ≤ {limit}");
            columns.push(Column::percent(&title, format!("sun_{manner}_{limit}")));
        }
    }
    columns.extend([
        Column::percent("S.S.U.N. leak-safe ≤ 0.08", "ssun_leak_safe_0.08"),
        Column::percent("P1", "p1"),
        Column::number("RMSD median, Å", "rmsd_median", 3),
        Column::number("E_hull median, eV/atom", "energy_above_hull_median", 3),
        Column::number("s per sample", "seconds_per_sample", 3),
        Column::number("J per sample", "joules_per_sample", 2),
    ]);
    columns
}
