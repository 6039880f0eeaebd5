//! The table that a laboratory fills in.

use super::ask::Pick;
use super::doubt::Doubt;
use crate::engine::ObjectiveInfo;
use crate::summary::quoted;

/// Name of the table in the folder of a batch.
pub const TEMPLATE: &str = "measure.csv";

/// One row for each candidate with empty cells for the objectives that are in doubt, or for all when none
/// is.
pub(super) fn template(picks: &[Pick], objectives: &[ObjectiveInfo], doubts: &[Doubt]) -> String {
    let doubtful = |objective: &&ObjectiveInfo| {
        doubts.iter().any(|doubt| doubt.objective == objective.name && doubt.doubt > 0.0)
    };
    let mut wanted: Vec<&ObjectiveInfo> = objectives.iter().filter(doubtful).collect();
    if wanted.is_empty() {
        wanted = objectives.iter().collect();
    }
    let mut text = String::from("candidate,file,formula");
    for objective in &wanted {
        text += &format!(",{}", quoted(&format!("{} ({})", objective.name, objective.unit)));
    }
    text += ",source\n";
    for pick in picks {
        let empty = ",".repeat(wanted.len() + 1);
        text += &format!("{},{},{}{empty}\n", pick.candidate, quoted(&pick.file), quoted(&pick.formula));
    }
    text
}
