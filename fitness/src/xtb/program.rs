//! The program xtb: found, checked, and run once for each job.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use druse_representations::io::write_xyz_text;

use super::document::Document;
use super::files::read_printout;
use super::files::{Printout, check_energy, read_bond_orders, read_gradient, read_positions};
use super::process::{Ended, run_to_end};
use super::result::{EV_PER_HARTREE, XtbResult};
use super::{Failure, Job, Task, XtbError};

/// Oldest accepted version; older ones name other keys in their results.
const OLDEST: [u32; 3] = [6, 4, 0];

/// Standard output and error of the program, in the scratch folder.
const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";

/// File in which xtb keeps its wave function between runs.
const RESTART: &str = "xtbrestart";

/// A checked xtb. Each run is one thread in a fresh folder that is removed afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xtb {
    program: PathBuf,
    version: String,
    time_limit: Duration,
    scratch: PathBuf,
}

impl Xtb {
    /// Finds xtb: the path in the environment variable `DRUSE_XTB`, else `xtb` on the `PATH`.
    ///
    /// # Errors
    /// When there is none, with advice, or when it is something else or too old.
    pub fn find() -> Result<Self, XtbError> {
        if let Some(path) = std::env::var_os("DRUSE_XTB").filter(|path| !path.is_empty()) {
            return Self::at(path);
        }
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let program = std::env::split_paths(&folders).map(|folder| folder.join("xtb")).find(|p| p.is_file());
        match program {
            Some(program) => Self::at(program),
            None => Err(XtbError::NotFound { program: "xtb".into(), place: "on the PATH" }),
        }
    }

    /// The program at this path.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn at(program: impl Into<PathBuf>) -> Result<Self, XtbError> {
        let mut program: PathBuf = program.into();
        // Jobs run in another folder, where a relative path would lead nowhere.
        program = std::path::absolute(&program).unwrap_or(program);
        if !program.is_file() {
            let program = program.display().to_string();
            return Err(XtbError::NotFound { program, place: "at that path" });
        }
        let mut xtb = Self {
            program,
            version: String::new(),
            time_limit: Duration::from_secs(30),
            scratch: std::env::temp_dir(),
        };
        xtb.version = xtb.ask_version()?;
        Ok(xtb.with_time_limit(Duration::from_secs(600)))
    }

    /// With another time limit for each run; the default is ten minutes.
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// With another parent for the scratch folders; the default is the system's temporary folder.
    pub fn with_scratch(self, scratch: impl Into<PathBuf>) -> Self {
        Self { scratch: scratch.into(), ..self }
    }

    /// Version, for instance `6.5.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs one job once.
    ///
    /// # Errors
    /// Everything that can go wrong, as a [`Failure`]; also what xtb itself reports as success:
    /// clashes, wrong electron parity, optimisations that did not converge.
    pub fn run(&self, job: &Job) -> Result<XtbResult, Failure> {
        self.run_from(job, None).map(|(result, _)| result)
    }

    /// Runs a job, from the wave function that an earlier run left in its folder if there is one.
    /// The folder goes with the handle that is returned.
    pub(super) fn run_from(
        &self,
        job: &Job,
        earlier: Option<&tempfile::TempDir>,
    ) -> Result<(XtbResult, tempfile::TempDir), Failure> {
        job.check()?;
        // A folder is never used twice: old results could be taken for new ones.
        let folder = self.scratch_folder()?;
        if let Some(earlier) = earlier {
            fs::copy(earlier.path().join(RESTART), folder.path().join(RESTART))
                .map_err(|error| Failure::output(RESTART, error.to_string(), "a wave function"))?;
        }
        let result = self.run_in(folder.path(), job)?;
        Ok((result, folder))
    }

    /// A fresh folder that goes with its handle.
    fn scratch_folder(&self) -> Result<tempfile::TempDir, Failure> {
        tempfile::Builder::new().prefix("druse-xtb-").tempdir_in(&self.scratch).map_err(|error| {
            Failure::System(format!("no scratch folder in {}: {error}", self.scratch.display()))
        })
    }

    fn run_in(&self, folder: &Path, job: &Job) -> Result<XtbResult, Failure> {
        fs::write(folder.join("start.xyz"), write_xyz_text([(&job.molecule, "")]))
            .map_err(|error| Failure::System(format!("cannot write to {}: {error}", folder.display())))?;
        let mut arguments = vec!["start.xyz".to_owned()];
        arguments.extend(job.arguments());
        let started = Instant::now();
        let ended = self
            .start(folder, &arguments)
            .map_err(|error| Failure::System(format!("cannot run {}: {error}", self.program.display())))?;
        let seconds = started.elapsed().as_secs_f64();
        let printout = read_printout(&fs::read(folder.join(STDOUT)).map_or_else(
            |_| String::new(),
            // Not always UTF-8 when a program dies while it writes.
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        ));
        self.check_end(ended, &printout, folder)?;
        let result = self.collect(folder, job, &printout, seconds)?;
        check_energy(job, result.energy)?;
        Ok(result)
    }

    fn start(&self, folder: &Path, arguments: &[String]) -> io::Result<Ended> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(folder)
            // Files, since pipes that nobody empties would block the child.
            .stdout(File::create(folder.join(STDOUT))?)
            .stderr(File::create(folder.join(STDERR))?)
            .env("OMP_NUM_THREADS", "1")
            .env("MKL_NUM_THREADS", "1")
            .env("OPENBLAS_NUM_THREADS", "1")
            .env("OMP_STACKSIZE", "1G");
        run_to_end(&mut command, self.time_limit)
    }

    fn check_end(&self, ended: Ended, printout: &Printout, folder: &Path) -> Result<(), Failure> {
        let code = match ended {
            Ended::Code(code) => code,
            Ended::Signal(signal) => return Err(Failure::Killed { signal }),
            Ended::TimedOut => return Err(Failure::Timeout { seconds: self.time_limit.as_secs_f64() }),
        };
        // The marker file and the lines of standard output each occur without the other.
        if printout.scc_failed || folder.join(".sccnotconverged").exists() {
            return Err(Failure::Scc(
                printout.error.clone().unwrap_or_else(|| "the iterations ran out".into()),
            ));
        }
        if code != 0 {
            let message = printout.error.clone().unwrap_or_else(|| last_line(&folder.join(STDERR)));
            return Err(Failure::Aborted { code, message });
        }
        Ok(())
    }

    fn collect(
        &self,
        folder: &Path,
        job: &Job,
        printout: &Printout,
        seconds: f64,
    ) -> Result<XtbResult, Failure> {
        let atoms = job.molecule.len();
        let mut molecule = job.molecule.clone();
        if job.optimises() {
            if let Some(cycles) = &printout.failed {
                return Err(Failure::NotConverged { cycles: cycles.clone() });
            }
            if printout.converged.is_none() {
                let expected = "the line 'GEOMETRY OPTIMIZATION CONVERGED'";
                return Err(Failure::output(STDOUT, "no word on the geometry", expected));
            }
            let text = read(folder, "xtbopt.xyz")?;
            molecule.positions = read_positions("xtbopt.xyz", &text, &job.molecule)?;
        }
        let mut result = XtbResult {
            method: job.method,
            version: self.version.clone(),
            energy: 0.0,
            molecule,
            cycles: printout.converged.filter(|_| job.optimises()),
            electrons: None,
            gap: None,
            homo: None,
            lumo: None,
            dipole: None,
            polarizability: None,
            charges: Vec::new(),
            bond_orders: Vec::new(),
            gradient: None,
            n_fod: None,
            seconds,
        };
        if job.task == Task::Gradient {
            result.gradient = Some(read_gradient(&read(folder, "gradient")?, atoms)?);
        }
        if job.method.has_electrons() {
            let document = Document::read(&read(folder, "xtbout.json")?)?;
            document.check(job)?;
            result.energy = document.energy()?;
            result.electrons = document.electrons;
            result.gap = document.gap;
            (result.homo, result.lumo) = document.frontier(job.unpaired);
            result.dipole = document.dipole(&result.molecule, job.charge);
            result.charges = document.charges;
            result.polarizability = printout.polarizability;
            result.bond_orders = match atoms {
                1 => Vec::new(),
                _ => read_bond_orders(&read(folder, "wbo")?, atoms)?,
            };
            if job.task == Task::FractionalOccupation {
                let missing = || Failure::output(STDOUT, "no number NFOD", "'NFOD : ' and a number");
                result.n_fod = Some(printout.n_fod.ok_or_else(missing)?);
            }
        } else {
            let energy = printout.energy.filter(|energy| energy.is_finite());
            let missing = || Failure::output(STDOUT, "no total energy", "'| TOTAL ENERGY' and a number");
            result.energy = energy.ok_or_else(missing)? * EV_PER_HARTREE;
        }
        Ok(result)
    }

    fn ask_version(&self) -> Result<String, XtbError> {
        let not_xtb = |found: String| XtbError::NotXtb { program: self.program.clone(), found };
        let folder = self.scratch_folder().map_err(|failure| not_xtb(failure.to_string()))?;
        let ended = self
            .start(folder.path(), &["--version".to_owned()])
            .map_err(|error| not_xtb(format!("it does not start ({error})")))?;
        let text = fs::read(folder.path().join(STDOUT)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let version = text.split_once("xtb version ").and_then(|(_, rest)| rest.split_whitespace().next());
        let Some(version) = version else {
            let found = match ended {
                Ended::TimedOut => "no answer in time".to_owned(),
                _ => format!("it says '{}'", text.lines().next().unwrap_or_default()),
            };
            return Err(not_xtb(found));
        };
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        let numbers: [u32; 3] = std::array::from_fn(|_| numbers.next().unwrap_or(0));
        if numbers < OLDEST {
            return Err(XtbError::TooOld { program: self.program.clone(), found: version.to_owned() });
        }
        Ok(version.to_owned())
    }
}

fn read(folder: &Path, file: &'static str) -> Result<String, Failure> {
    fs::read_to_string(folder.join(file)).map_err(|error| {
        let found =
            if error.kind() == io::ErrorKind::NotFound { "no such file".into() } else { error.to_string() };
        Failure::output(file, found, "a file of results")
    })
}

/// The last line with words in it, for an error that says nothing else.
fn last_line(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("without a word").trim().to_owned()
}
