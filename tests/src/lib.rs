//! Helpers of the whole-product tests in `tests/`.

pub mod browser;
pub mod campaigns;
pub mod slurm;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program under test: built beside the tests by `cargo test --workspace`.
///
/// # Panics
/// When it was not built.
pub fn druse() -> Command {
    let tests = std::env::current_exe().expect("the test knows its own path");
    let folder = tests.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let program = folder.join(format!("druse{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is not built: run 'cargo build' first", program.display());
    let mut command = Command::new(program);
    command.env_remove("RUST_BACKTRACE");
    command
}

/// Root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a command that has to succeed and gives its standard output.
///
/// # Panics
/// When it does not start or fails; shows what it wrote.
pub fn succeed(command: &mut Command) -> String {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?} failed with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command.
///
/// # Panics
/// When it does not start.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"))
}

/// All files below a folder with their contents, by relative path.
///
/// # Panics
/// When a file cannot be read.
pub fn contents(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below the folder").to_owned();
                files.insert(name, std::fs::read(&path).expect("a readable file"));
            }
        }
    }
    files
}
