//! `druse index`

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::validation::index::{
    Added, Builder, Contents, Index, IndexError, NewSource, Refused, Source, shipped,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::date::today;
use super::failure::Failure;
use super::table::table;
use super::{Global, output};

#[derive(Subcommand)]
pub enum Command {
    /// Make an index of known structures, for audits and for novelty in campaigns
    Build(Build),
    /// Add structures to an index; what is in it is not computed again
    Add(Build),
    /// Tell what an index holds
    Info(Info),
}

#[derive(Args)]
pub struct Build {
    /// Structure files, folders or archives of any format that druse reads, or other indexes
    #[arg(required = true, value_name = "REF")]
    references: Vec<PathBuf>,
    /// The index
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Keep no structures, only numbers that order candidates: a small file that proves nothing
    #[arg(long)]
    invariants_only: bool,
    /// Name of the set; the file name of each REF without endings when absent
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Licence and attribution of the structures
    #[arg(long, value_name = "TEXT", default_value = "unknown")]
    licence: String,
    /// Day of the reading; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
}

#[derive(Args)]
pub struct Info {
    /// The index, or `shipped` for the one that comes with druse
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Unwritable { .. } => Self::other(error),
            _ => Self::input(error),
        }
    }
}

pub fn run(command: &Command, global: &Global) -> Result<(), Failure> {
    match command {
        Command::Build(arguments) => build(arguments, false, global),
        Command::Add(arguments) => build(arguments, true, global),
        Command::Info(arguments) => info(arguments, global),
    }
}

fn build(arguments: &Build, add: bool, global: &Global) -> Result<(), Failure> {
    let to = &arguments.to;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let before = if add { Some(Index::open(to)?) } else { None };
    // What was built without any structures stays so.
    let without = |index: &Index| index.sets().iter().all(|set| !set.exact);
    let invariants_only = arguments.invariants_only || before.as_ref().is_some_and(without);
    let contents = if invariants_only { Contents::InvariantsOnly } else { Contents::Structures };
    let mut builder = Builder::new(contents, folder);
    if let Some(index) = before {
        builder.add_index(&index)?;
    }
    let old = builder.len();
    let mut told = Told { done: 0, start: Instant::now(), last: Instant::now() };
    let mut total = Added::default();
    let mut refused = Vec::new();
    for reference in &arguments.references {
        let added = if Index::is_index(reference) {
            builder.add_index(&Index::open(reference)?)?
        } else {
            let source = NewSource {
                name: arguments.name.clone().unwrap_or_else(|| stem(reference)),
                licence: arguments.licence.clone(),
                date: arguments.date.clone().unwrap_or_else(today),
            };
            builder.add_path(&source, reference, &mut |count| told.more(count, global))?
        };
        total.added += added.added;
        total.known += added.known;
        refused.extend(added.refused);
    }
    for Refused { id, reason } in &refused {
        global.note(&format!("{id}: {reason}"));
    }
    if builder.is_empty() {
        let references: Vec<String> =
            arguments.references.iter().map(|path| path.display().to_string()).collect();
        let (found, failed) = (references.join(", "), refused.len());
        return Err(Failure::input(format!("{found}: found no structure to index, {failed} failed")));
    }
    let entries = builder.len();
    builder.write(to)?;
    let kept = match total.known {
        0 => String::new(),
        count => format!(", {count} with the id of one that was there left as it was"),
    };
    global.note(&format!(
        "{}: {entries} structures ({old} before, {} new{kept}, {} failed)",
        to.display(),
        total.added,
        refused.len()
    ));
    let index = Index::open(to)?;
    global.write_json(&json!({
        "file": to,
        "structures": entries,
        "added": total.added,
        "known": total.known,
        "failures": refused.iter().map(|r| json!({ "id": r.id, "error": r.reason })).collect::<Value>(),
        "sha256": index.sha256(),
        "exact": index.is_exact(),
        "sets": index.sets(),
    }))
}

/// How many structures were read; how many there are is known at the end only.
struct Told {
    done: usize,
    start: Instant,
    last: Instant,
}

impl Told {
    fn more(&mut self, count: usize, global: &Global) {
        self.done += count;
        if self.last.elapsed() >= Duration::from_secs(5) {
            self.last = Instant::now();
            let rate = self.done as f64 / self.start.elapsed().as_secs_f64();
            global.note(&format!("{} structures, {rate:.0} per second", self.done));
        }
    }
}

/// The name of a file without its endings.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    if stem.is_empty() { name.into_owned() } else { stem.to_owned() }
}

fn info(arguments: &Info, global: &Global) -> Result<(), Failure> {
    let opened;
    let index = if arguments.file == Path::new("shipped") {
        shipped()
            .ok_or_else(|| Failure::other("this build of druse carries no index; build one of your own"))?
    } else {
        opened = Index::open(&arguments.file)?;
        &opened
    };
    let holds = if index.is_exact() { "structures" } else { "invariants only: what is near, no proof" };
    if !global.json_on_stdout() {
        let row = |set: &Source| {
            let exact = if set.exact { "yes" } else { "no" };
            let cells = [&set.name, &set.structures.to_string(), exact, &set.date, &set.sha256, &set.licence];
            cells.map(str::to_owned).to_vec()
        };
        let rows: Vec<Vec<String>> = index.sets().iter().map(row).collect();
        output::print(&format!(
            "structures {}\nholds      {holds}\nsha256     {}\n\n{}",
            index.len(),
            index.sha256(),
            table(&["set", "structures", "exact", "date", "sha256 of the source", "licence"], &rows)
        ))?;
    }
    global.write_json(&json!({
        "structures": index.len(),
        "exact": index.is_exact(),
        "sha256": index.sha256(),
        "sets": index.sets(),
    }))
}
