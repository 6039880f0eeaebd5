//! Running the built program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the program said and how it ended.
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs `druse` in `folder`.
pub fn druse_in(folder: &Path, arguments: &[&str]) -> Ran {
    druse_with(folder, arguments, &[])
}

/// Runs `druse` in `folder` with more environment variables.
pub fn druse_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_druse"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_BACKTRACE")
        .env("COLUMNS", "80")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    Ran {
        code: status.code().expect("the program ends by itself"),
        out: String::from_utf8(stdout).expect("UTF-8"),
        err: String::from_utf8(stderr).expect("UTF-8"),
    }
}

/// A folder of this crate.
#[allow(dead_code, reason = "not every test program needs it")]
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Whether the weights of CHGNet are there; says when they are not.
#[allow(dead_code, reason = "not every test program needs it")]
pub fn has_weights() -> bool {
    let loaded = druse::fitness::chgnet::Chgnet::load(druse::fitness::chgnet::ChgnetKind::V030);
    if let Err(error) = &loaded {
        println!("skipped: {error}");
    }
    loaded.is_ok()
}
