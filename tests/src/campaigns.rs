//! Campaigns that are killed and go on, and everything that they hand on, for comparison.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::{contents, druse, run, succeed};

/// Columns that differ from run to run: what a candidate cost, whether its evaluation was known before a
/// kill, and the checksums over these.
const VARYING: [&str; 6] = ["seconds", "cpu", "reused", "joules", "basis", "checksum"];

/// Everything that a campaign hands on: its files, all evaluated candidates as JSON lines, its summary
/// for machines, and the logical content of its store. Two campaigns that went alike have the same.
///
/// # Panics
/// When the folder holds no campaign that is done.
pub fn results(folder: &Path) -> BTreeMap<PathBuf, String> {
    let all = tempfile::tempdir().expect("a temporary folder");
    let export = ["--format", "jsonl", "--candidates", "evaluated", "--to"];
    succeed(druse().arg("export").arg(folder).args(export).arg(all.path()));
    let mut files = contents(all.path());
    files.extend(contents(&folder.join("pareto")));
    for name in ["pareto.csv", "rejected.csv", "campaign.toml"] {
        files.insert(name.into(), std::fs::read(folder.join(name)).expect("a file of the campaign"));
    }
    let show = succeed(druse().arg("show").arg(folder).args(["--json", "-"]));
    let mut results: BTreeMap<PathBuf, String> =
        files.into_iter().map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())).collect();
    results.insert("summary".into(), show);
    results.insert("store".into(), logical_content(folder));
    results
}

/// Asserts that a campaign ended as another one did, and tells which file and which line differ.
///
/// # Panics
/// When it did not.
pub fn assert_same(folder: &Path, expected: &BTreeMap<PathBuf, String>, what: &str) {
    let found = results(folder);
    assert!(found.keys().eq(expected.keys()), "{what}: {:?} {:?}", found.keys(), expected.keys());
    for (name, expected) in expected {
        let found = &found[name];
        let difference = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert_eq!(difference, None, "{what}: {}", name.display());
        assert_eq!(found.lines().count(), expected.lines().count(), "{what}: {}", name.display());
    }
}

/// What the store of a campaign says, row by row, without times and joules.
///
/// # Panics
/// When it cannot be read.
pub fn logical_content(folder: &Path) -> String {
    let path = folder.join("campaign.db");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a store");
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .expect("the list of tables");
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).expect("tables").map(|name| name.expect("a name")).collect();
    let mut text = String::new();
    for table in tables {
        // What an evaluation gave stands with its candidates; here its times would differ.
        let what = if table == "evaluation" { "key" } else { "*" };
        let mut rows = connection.prepare(&format!("SELECT {what} FROM {table}")).expect("a table");
        let names: Vec<String> = rows.column_names().map(str::to_owned).collect();
        let mut lines = Vec::new();
        let mut rows = rows.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let mut line = table.clone();
            for (i, name) in names.iter().enumerate().filter(|(_, name)| !VARYING.contains(&name.as_str())) {
                let _ = write!(line, " {name}=");
                let _ = match row.get_ref(i).expect("a value") {
                    ValueRef::Null => write!(line, "null"),
                    ValueRef::Integer(n) => write!(line, "{n}"),
                    ValueRef::Real(x) => write!(line, "{x:?}"),
                    ValueRef::Text(text) => write!(line, "{}", String::from_utf8_lossy(text)),
                    ValueRef::Blob(blob) => write!(line, "{blob:?}"),
                };
            }
            lines.push(line);
        }
        lines.sort();
        text += &lines.join("\n");
        text += "\n";
    }
    text
}

/// Starts a command without a screen and kills it (SIGKILL) after a while. Tells whether it was still
/// running.
///
/// # Panics
/// When it does not start.
pub fn kill_after(command: &mut Command, delay: Duration) -> bool {
    let start = Instant::now();
    kill_when(command, || {
        let left = delay.saturating_sub(start.elapsed());
        std::thread::sleep(left.min(Duration::from_millis(1)));
        left.is_zero()
    })
}

/// The same as soon as a file that is just being written shows up in the folder of a campaign.
///
/// # Panics
/// When it does not start.
pub fn kill_while_writing(command: &mut Command, folder: &Path) -> bool {
    kill_when(command, || {
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .any(|name| name.starts_with('.') || name.contains(".db.part"))
    })
}

fn kill_when(command: &mut Command, mut moment: impl FnMut() -> bool) -> bool {
    let mut child = quiet(command).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    while !moment() {
        if child.try_wait().expect("a child").is_some() {
            return false;
        }
    }
    kill(&mut child)
}

/// Kills a child (SIGKILL); tells whether it was still running.
///
/// # Panics
/// When the system does not let us.
pub fn kill(child: &mut Child) -> bool {
    let running = child.try_wait().expect("a child").is_none();
    child.kill().expect("the child is ours");
    child.wait().expect("a child");
    running
}

/// Goes on with a campaign that was killed until it is done; one that was killed before it began is
/// started again by `start`.
///
/// # Panics
/// When that fails.
pub fn finish(folder: &Path, threads: usize, start: &mut Command) {
    let resume = run(druse().arg("resume").arg(folder).args(["--threads", &threads.to_string()]));
    let text = String::from_utf8_lossy(&resume.stderr);
    if text.contains("holds no campaign") {
        succeed(start);
    } else {
        assert!(resume.status.success(), "resume of {}: {text}", folder.display());
    }
}

/// Ids of the processes that a process started and that still run.
pub fn children(parent: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(text) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in brackets may hold spaces; state and parent follow.
        let mut fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        if fields.next() != Some("Z") && fields.next().and_then(|id| id.parse().ok()) == Some(parent) {
            children.push(id);
        }
    }
    children
}

/// Kills a process (SIGKILL) that a child of the test started.
///
/// # Panics
/// When `kill` does not start.
pub fn kill_process(id: u32) {
    // It may have ended by itself.
    let _ = quiet(Command::new("kill").args(["-9", &id.to_string()])).status().expect("kill starts");
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

/// A campaign of complexes that are assembled only, so that it takes a second.
pub const COMPLEXES: &str = r#"
campaign = { name = "palladium", domain = "complex", budget = 24, population = 12, seed = 5 }
complexes = { metals = { Pd = [2], Pt = [2] }, geometries = ["square_planar"], charge = [-2, 2] }
ligands = { builtin = ["Cl", "NH3", "H2O", "CN", "PMe3", "py"] }
generator = [{ kind = "nsga2" }]
objective = [{ name = "molecular_weight" }, { name = "synthetic_accessibility" }]
"#;
