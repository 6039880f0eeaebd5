//! What the engine itself costs: time per candidate and memory by the number of candidates, with
//! objectives that cost nothing.
//!
//! ```text
//! cargo run --release -p druse --no-default-features --example engine_scaling -- 1000 10000 100000
//! ```
//!
//! Three domains: plain numbers, the smallest that takes the whole way; random crystals; and crystals of a
//! genetic algorithm, which learns and repeats itself. Each run is a process of its own, which tells
//! its peak memory. Engine time is all of the time on one thread that the generator and the objectives do
//! not take: the store with its synchronised writes, checks, duplicates, front, hypervolume. What is set
//! up before the first candidate does not count, and the audit of novelty, which has its own benchmark,
//! is left out. CPU time is what counts on a busy machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use druse::cache::Cache;
use druse::engine::{Budgets, Evaluation, Local, Pipeline, Settings, Silent, run};
use druse::fitness::objectives::FnObjective;
use druse::fitness::{Goal, Objective, ObjectiveError, Properties};
use druse::generators::{Evaluated, Generator, GeneratorError, Lineage, Proposal};
use druse::representations::{Composition, Design};
use druse::store::{Status, Store};
use druse::validation::{Duplicates, IdentityDuplicates};
use rustix::time::ClockId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

const KINDS: [&str; 3] = ["numbers", "crystals, random", "crystals, nsga2"];

/// What one process measured.
#[derive(Serialize, Deserialize)]
struct Measured {
    /// Candidates proposed.
    candidates: u64,
    /// Wall and CPU seconds of the whole campaign.
    total: [f64; 2],
    /// The same of its parts.
    generator: [f64; 2],
    objective: [f64; 2],
    duplicates: [f64; 2],
    /// Peak memory (MB), and what is held before the first candidate.
    peak: f64,
    before: f64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [one, kind, count, folder] = arguments.as_slice()
        && one == "--one"
    {
        println!("{}", serde_json::to_string(&measure(kind, count.parse()?, Path::new(folder))?)?);
        return Ok(());
    }
    let sizes: Vec<u64> = match arguments.as_slice() {
        [] => vec![1_000, 10_000, 100_000],
        sizes => sizes.iter().map(|size| size.parse()).collect::<Result<_, _>>()?,
    };
    let line = |cells: [&str; 10]| {
        let [kind, rest @ ..] = cells;
        println!("{kind:18}{}", rest.map(|cell| format!(" {cell:>10}")).concat());
    };
    line(["", "proposed", "engine", "engine", "of it", "total", "before", "peak", "resumed", "store"]);
    line(["", "", "wall ms", "CPU ms", "duplicates", "CPU ms", "MB", "MB", "MB", "kB each"]);
    for kind in KINDS {
        for &size in &sizes {
            let folder = tempfile::tempdir()?;
            let run = one(kind, size, folder.path())?;
            // What a resumed campaign holds: all of it follows from the store.
            let resumed = one(kind, size, folder.path())?;
            let store = std::fs::metadata(folder.path().join(druse::store::DATABASE))?.len() as f64;
            let each = |seconds: f64| format!("{:.3}", 1e3 * seconds / run.candidates as f64);
            let engine = |k: usize| run.total[k] - run.generator[k] - run.objective[k];
            line([
                kind,
                &run.candidates.to_string(),
                &each(engine(0)),
                &each(engine(1)),
                &each(run.duplicates[1]),
                &each(run.total[1]),
                &format!("{:.1}", run.before),
                &format!("{:.1}", run.peak),
                &format!("{:.1}", resumed.peak),
                &format!("{:.2}", store / run.candidates as f64 / 1e3),
            ]);
        }
    }
    Ok(())
}

/// Runs or resumes a campaign in a process of its own.
fn one(kind: &str, count: u64, folder: &Path) -> Result<Measured, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--one", kind, &count.to_string()]).arg(folder).env("RAYON_NUM_THREADS", "1");
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{kind}, {count}: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn measure(kind: &str, count: u64, folder: &Path) -> Result<Measured, Failure> {
    match kind {
        "numbers" => measure_campaign(numbers(count), folder),
        kind => measure_campaign(crystals(kind, count)?, folder),
    }
}

fn measure_campaign<D: Design>(pipeline: Pipeline<D>, folder: &Path) -> Result<Measured, Failure> {
    let clocks = Clocks::default();
    let pipeline = clocks.wrap(pipeline);
    // Where the system lets us, the peak counts from here.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS");
    let (start, cpu) = (Instant::now(), cpu_seconds(ClockId::ProcessCPUTime));
    let candidates = campaign(pipeline, folder)?;
    Ok(Measured {
        candidates,
        total: [start.elapsed().as_secs_f64(), cpu_seconds(ClockId::ProcessCPUTime) - cpu],
        generator: clocks.generator.seconds(),
        objective: clocks.objective.seconds(),
        duplicates: clocks.duplicates.seconds(),
        peak: memory("VmHWM"),
        before,
    })
}

/// Runs or resumes, and goes through the results once; gives the number of candidates.
fn campaign<D: Design>(mut pipeline: Pipeline<D>, folder: &Path) -> Result<u64, Failure> {
    let there = folder.join(druse::store::DATABASE).exists();
    let mut store = if there { Store::open(folder)? } else { Store::create(folder)? };
    run(&mut pipeline, &mut store, &mut Local, &Silent)?;
    let mut evaluated = 0;
    store.for_each_candidate(|row| -> Result<(), Failure> {
        evaluated += u64::from(row.status == Status::Evaluated);
        Ok(())
    })?;
    if evaluated == 0 {
        return Err("nothing was evaluated".into());
    }
    Ok(store.candidate_count()?)
}

/// A number as a design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Number(f64);

impl Design for Number {
    const DOMAIN: &'static str = "number";
    fn composition(&self) -> Composition {
        Composition::new()
    }
    fn content_id(&self) -> String {
        format!("{:016x}", self.0.to_bits())
    }
}

/// Numbers that never repeat.
struct Count;

impl Generator<Number> for Count {
    fn name(&self) -> &str {
        "count"
    }
    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Number>>, GeneratorError> {
        let propose = |number| Proposal {
            number,
            design: Number((number as f64 * 0.618).fract() + number as f64 * 1e-9),
            lineage: Lineage::new("count", "count", vec![]),
        };
        Ok((first..first + n as u64).map(propose).collect())
    }
    fn learn(&mut self, _: &[Evaluated<Number>]) {}
    fn state(&self) -> Value {
        Value::Null
    }
    fn restore(&mut self, _: &Value) -> Result<(), GeneratorError> {
        Ok(())
    }
}

fn numbers(count: u64) -> Pipeline<Number> {
    // As good as random, so that the front stays small.
    let scatter = |name: &str, factor: f64| -> Box<dyn Objective<Number>> {
        let value = move |x: &Number, _: &Properties| Ok((1e4 * (factor * x.0).sin()).rem_euclid(1.0));
        Box::new(FnObjective::new(name, Goal::Minimise, "1", value))
    };
    Pipeline {
        generator: Box::new(Count),
        seeds: None,
        evaluation: Evaluation {
            tiers: Vec::new(),
            objectives: vec![scatter("first", 12.9898), scatter("second", 78.233)],
            limits: Vec::new(),
            novelty: None,
            batch: 16,
            notes: Vec::new(),
            funnel: Default::default(),
        },
        duplicates: Box::new(IdentityDuplicates::default()),
        cache: Cache::default(),
        settings: Settings {
            budget: count,
            population: 100,
            max_proposals: 20 * count,
            budgets: Budgets::default(),
            pause: None,
        },
    }
}

fn crystals(kind: &str, count: u64) -> Result<Pipeline<druse::representations::Crystal>, Failure> {
    let generator = kind.rsplit(' ').next().unwrap_or_default();
    let text = format!(
        r#"
campaign = {{ name = "scaling", budget = {count}, population = 100, seed = 1 }}
space = {{ elements = ["Li", "Na", "K", "Mg", "Ca", "Ti", "Fe", "Zn", "Al", "Si", "N", "O", "S", "F", "Cl"],
           elements_per_design = [2, 3], atoms = [2, 12] }}
generator = [{{ kind = "{generator}" }}]
objective = [{{ name = "density" }}, {{ name = "supply_risk" }}]
"#
    );
    let campaign = druse::config::parse(&text, "scaling.toml", Path::new("."), None)?;
    let druse::config::Domain::Crystal(spec) = &campaign.domain else { return Err("no crystals".into()) };
    let mut pipeline = druse::crystals::pipeline(&campaign, spec, "cpu")?;
    pipeline.evaluation.novelty = None;
    Ok(pipeline)
}

/// Time spent in parts of a pipeline.
#[derive(Clone, Default)]
struct Clocks {
    generator: Clock,
    objective: Clock,
    duplicates: Clock,
}

impl Clocks {
    fn wrap<D: Design>(&self, mut pipeline: Pipeline<D>) -> Pipeline<D> {
        pipeline.generator = Box::new(Timed(pipeline.generator, self.generator.clone()));
        pipeline.duplicates = Box::new(Timed(pipeline.duplicates, self.duplicates.clone()));
        let objectives = std::mem::take(&mut pipeline.evaluation.objectives);
        let timed = |objective| Box::new(Timed(objective, self.objective.clone())) as Box<dyn Objective<D>>;
        pipeline.evaluation.objectives = objectives.into_iter().map(timed).collect();
        pipeline
    }
}

/// Wall and CPU nanoseconds.
#[derive(Clone, Default)]
struct Clock(Arc<[AtomicU64; 2]>);

impl Clock {
    fn time<T>(&self, run: impl FnOnce() -> T) -> T {
        let (start, cpu) = (Instant::now(), cpu_seconds(ClockId::ThreadCPUTime));
        let value = run();
        let cpu = cpu_seconds(ClockId::ThreadCPUTime) - cpu;
        for (clock, seconds) in self.0.iter().zip([start.elapsed().as_secs_f64(), cpu]) {
            clock.fetch_add((1e9 * seconds) as u64, Ordering::Relaxed);
        }
        value
    }

    fn seconds(&self) -> [f64; 2] {
        [0, 1].map(|k| self.0[k].load(Ordering::Relaxed) as f64 * 1e-9)
    }
}

/// A part of a pipeline with a clock.
struct Timed<T>(T, Clock);

/// Proposing and learning are the generator's; writing its state down is the engine's.
impl<D: Design> Generator<D> for Timed<Box<dyn Generator<D>>> {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<D>>, GeneratorError> {
        self.1.time(|| self.0.propose(first, n))
    }
    fn learn(&mut self, evaluated: &[Evaluated<D>]) {
        self.1.time(|| self.0.learn(evaluated));
    }
    fn state(&self) -> Value {
        self.0.state()
    }
    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        self.0.restore(state)
    }
    fn journal(&mut self) -> Vec<Value> {
        self.0.journal()
    }
    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        self.0.replay(entry)
    }
}

impl<D: Design> Objective<D> for Timed<Box<dyn Objective<D>>> {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn goal(&self) -> Goal {
        self.0.goal()
    }
    fn unit(&self) -> &str {
        self.0.unit()
    }
    fn evaluate(&self, design: &D, properties: &Properties) -> Result<f64, ObjectiveError> {
        self.1.time(|| self.0.evaluate(design, properties))
    }
}

impl<D: Design> Duplicates<D> for Timed<Box<dyn Duplicates<D>>> {
    fn find(&self, design: &D) -> Option<u64> {
        self.1.time(|| self.0.find(design))
    }
    fn insert(&mut self, number: u64, design: &D) {
        self.1.time(|| self.0.insert(number, design));
    }
}

/// Memory of this process (MB) now (`VmRSS`) or at its peak (`VmHWM`); 0 where the system does not tell.
fn memory(field: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let fields: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(':')).collect();
    let peak = fields.get(field).and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
    peak.unwrap_or(0.0) / 1024.0
}

/// CPU seconds of this process or thread so far.
fn cpu_seconds(clock: ClockId) -> f64 {
    let time = rustix::time::clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
