//! The command line of druse.

use std::process::ExitCode;

fn main() -> ExitCode {
    druse::Program::new().main()
}
