//! The command line of druse.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
