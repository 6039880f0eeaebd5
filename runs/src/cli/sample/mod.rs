//! `druse sample`

mod complexes;
mod cost;
mod draw;
mod known;
mod ligand_reconstruction;
mod ligands;
mod rank;
mod space;

use std::path::{Path, PathBuf};

use crate::fitness::chgnet::torch::{device, single_threaded};
use crate::generators::SpaceError;
use crate::generators::learned::complex_diffusion::ComplexDiffusion;
use crate::generators::learned::house::{Learner, ModelFile, Seen};
use crate::generators::learned::{Baseline, Fixed, Request, RequestError, Sample, Sampler, Target, Wanted};
use crate::representations::Composition;
use crate::representations::io::{Format, Record, read_path};
use clap::Args;
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::Failure;
use super::ligand_space::LigandArguments;
use super::output::{format_of, write_records};
use super::weights;
use complexes::PlacingArguments;
use cost::Cost;
use known::KnownStructures;
use rank::Rank;
use space::{SpaceArguments, System};

#[derive(Args)]
pub struct Arguments {
    /// File of a model, or the name of one that comes with druse; or a generator that knows nothing but
    /// the constraints: random, substitution
    #[arg(value_name = "MODEL")]
    model: String,
    /// Crystals, ligands or complexes to sample
    #[arg(short, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    n: u32,
    /// File to write; its ending tells the format: .extxyz, .jsonl, .cif, .json or .vasp; for ligands .csv or .json, for complexes .xyz
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    space: SpaceArguments,
    #[command(flatten)]
    ligands: LigandArguments,
    /// What a label of the model shall be: a number, a range or a word, for instance e_hull=0..0.05; may
    /// be repeated. It moves the distribution and is no constraint
    #[arg(long, value_name = "NAME=VALUE", value_parser = target)]
    condition: Vec<Target>,
    /// Strength of the conditions: 0 ignores them, 1 samples as learnt, more exaggerates
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = non_negative)]
    guidance: f64,
    /// Below 1 for what is likely, 1 for all that was learnt
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = positive)]
    temperature: f64,
    /// Steps of the sampler; the model's own number when absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// A structure of which every site stays in every sample, for models that can fill up the rest
    #[arg(long, value_name = "FILE")]
    fix: Option<PathBuf>,
    /// With --fix: the cell stays, too
    #[arg(long, requires = "fix")]
    fix_cell: bool,
    /// Sample K times as many and keep the best by what the model itself knows: least predicted energy
    /// above hull, or greatest likelihood
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    best_of: u32,
    /// With --best-of: `likelihood`, or a predicted label of which the least is best
    #[arg(long, value_name = "NAME")]
    rank_by: Option<String>,
    /// Leave out what the model was trained on, and repetitions: crystals of a formula among the training data or the
    /// earlier samples, ligands of a drawing among them
    #[arg(long)]
    unseen: bool,
    #[command(flatten)]
    placing: PlacingArguments,
    #[command(flatten)]
    known: KnownStructures,
    /// Where to compute: cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
}

impl Arguments {
    /// Name of the model in results: that of its file without the ending.
    fn model_name(&self) -> String {
        Path::new(&self.model).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into())
    }
}

fn target(text: &str) -> Result<Target, String> {
    let expected = || "expected NAME=VALUE, such as e_hull=0..0.05".to_owned();
    let (column, wanted) = text.split_once('=').ok_or_else(expected)?;
    let (column, wanted) = (column.trim().to_owned(), wanted.trim());
    if column.is_empty() || wanted.is_empty() {
        return Err(expected());
    }
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let ends = wanted.split_once("..").and_then(|(low, high)| Some([number(low)?, number(high)?]));
    let wanted = match (ends, number(wanted)) {
        (Some([low, high]), _) if low > high => return Err("expected the smaller number first".to_owned()),
        (Some(ends), _) => Wanted::Range(ends),
        (None, Some(number)) => Wanted::Number(number),
        (None, None) => Wanted::Text(wanted.to_owned()),
    };
    Ok(Target { column, wanted })
}

fn non_negative(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|x| x.is_finite() && *x >= 0.0);
    number.ok_or_else(|| "expected 0 or a positive number".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    non_negative(text).ok().filter(|x| *x > 0.0).ok_or_else(|| "expected a positive number".to_owned())
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    single_threaded();
    match ligands::model(arguments)? {
        Some(file) if file.card.kind == ComplexDiffusion::KIND => {
            return complexes::run(arguments, file, global);
        }
        Some(file) => return ligands::run(arguments, file, global),
        None => {}
    }
    if let Some(flag) = arguments.ligands.given().or(arguments.placing.given()) {
        return Err(Failure::input(format!("{flag}: found a model of crystals, expected one of ligands")));
    }
    let format = format_of(&arguments.to)?;
    let asked = Asked::open(arguments)?;
    let name = arguments.model_name();
    let seed = global.seed.unwrap_or(0);
    let origin = Origin { name: &name, sha256: asked.sha256.as_deref(), seed };
    if arguments.known.given() {
        return of_known(arguments, &asked, &origin, format, global);
    }
    let request = arguments.request(asked.knows_elements)?;
    asked.sampler.check(&request)?;

    let wanted = arguments.n as usize * arguments.best_of as usize;
    let mut cost = Cost::start();
    let mut drawn =
        draw::crystals(asked.sampler.as_ref(), &request, seed, arguments.seen(&asked.seen)?, wanted, global)?;
    cost.stop();
    let found = drawn.samples.len();
    let ranked = if arguments.best_of > 1 {
        let rank = Rank::of(arguments.rank_by.as_deref(), &drawn.samples)?;
        rank.keep_best(&mut drawn.samples, arguments.n as usize);
        Some(rank.words())
    } else {
        None
    };
    let records: Vec<Record> =
        drawn.samples.iter().map(|(number, sample)| origin.record(*number, sample)).collect();
    write_records(&arguments.to, format, &records)?;

    let kept = ranked.as_ref().map_or(String::new(), |rank| format!(", the best of {found} by {rank}"));
    let (count, file) = (records.len(), arguments.to.display());
    global.note(&format!("{count} crystals in {file}{kept}: {}", cost.words(found)));
    global.note(&drawn.words());
    if records.len() < arguments.n as usize {
        global.note(&format!(
            "{} crystals are missing: too many attempts came to nothing",
            arguments.n as usize - records.len()
        ));
    }
    let told = json!({
        "file": arguments.to,
        "count": records.len(),
        "sampled": found,
        "ranked_by": ranked,
        "attempts": drawn.attempts,
        "nothing": drawn.nothing,
        "seen": arguments.unseen.then_some(drawn.seen),
        "repeated": arguments.unseen.then_some(drawn.repeated),
        "violations": drawn.violations(),
        "violation_reasons": drawn.violations,
        "request": request,
    });
    global.write_json(&cost.and(told, found, &origin, &asked.kind))
}

/// Samples that belong to known structures.
fn of_known(
    arguments: &Arguments,
    asked: &Asked,
    origin: &Origin<'_>,
    format: Format,
    global: &Global,
) -> Result<(), Failure> {
    let mut cost = Cost::start();
    let made = arguments.known.make(arguments, asked.sampler.as_ref(), origin, global)?;
    cost.stop();
    write_records(&arguments.to, format, &made.records)?;
    let (count, file) = (made.records.len(), arguments.to.display());
    global.note(&format!("{count} crystals in {file}: {}", cost.words(count)));
    global.note(&format!("{} attempts, {} came to nothing", made.attempts, made.attempts - count));
    if let (refused, Some(reason)) = &made.refused {
        global.note(&format!("{refused} structures were left out, the first because: {reason}"));
    }
    let told = json!({
        "file": arguments.to,
        "count": count,
        "sampled": count,
        "attempts": made.attempts,
        "refused": made.refused.0,
    });
    global.write_json(&cost.and(told, count, origin, &asked.kind))
}

/// Where samples come from.
pub(crate) struct Origin<'a> {
    /// Name of the model.
    name: &'a str,
    sha256: Option<&'a str>,
    seed: u64,
}

impl Origin<'_> {
    fn record(&self, number: u64, sample: &Sample) -> Record {
        let mut properties = Map::new();
        let mut set = |key: String, value: Value| properties.insert(key, value);
        if let Some(likelihood) = sample.log_likelihood {
            set("log_likelihood".to_owned(), json!(likelihood));
        }
        for (column, value) in &sample.predicted {
            set(format!("predicted_{column}"), json!(value));
        }
        set("number".to_owned(), json!(number));
        set("seed".to_owned(), json!(self.seed));
        set("model".to_owned(), json!(self.name));
        if let Some(sha256) = self.sha256 {
            set("model_sha256".to_owned(), json!(sha256));
        }
        Record {
            id: format!("{}-{number}", self.name),
            crystal: sample.crystal.clone(),
            properties,
            source: String::new(),
        }
    }
}

/// What is asked for samples.
struct Asked {
    sampler: Box<dyn Sampler>,
    kind: String,
    /// Checksum of the weights, where there are any.
    sha256: Option<String>,
    /// Whether `elements` is a condition.
    knows_elements: bool,
    /// What the model was trained on.
    seen: Seen,
}

impl Asked {
    fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let name = arguments.model.as_str();
        let device =
            device(&arguments.device).map_err(|error| Failure::input(format!("--device: {error}")))?;
        if let Some(baseline) = Baseline::named(name).filter(|_| !Path::new(name).exists()) {
            let (kind, sampler) = (name.to_owned(), Box::new(baseline));
            return Ok(Self { sampler, kind, sha256: None, knows_elements: false, seen: Seen::default() });
        }
        let model = weights::open(name)?;
        let knows_elements = model.card.conditions.position("elements").is_some();
        let sampler = model.sampler(device)?;
        let ModelFile { card, sha256, seen, .. } = model;
        Ok(Self { sampler, kind: card.kind, sha256: Some(sha256), knows_elements, seen })
    }
}

impl Arguments {
    /// What to leave out of this, which the model was trained on.
    fn seen<'a>(&self, seen: &'a Seen) -> Result<Option<&'a Seen>, Failure> {
        if self.unseen && seen.is_empty() {
            return Err(Failure::input(
                "--unseen: the model does not tell what it was trained on; expected one that 'druse train' wrote",
            ));
        }
        Ok(self.unseen.then_some(seen))
    }

    /// What is asked of the model.
    fn request(&self, knows_elements: bool) -> Result<Request, Failure> {
        let mut request = Request::new(self.space.space(self.space.formula.as_ref())?);
        request.targets = self.condition.clone();
        if let Some(System(elements)) = self.space.system.as_ref().filter(|_| knows_elements) {
            let symbols: Vec<&str> = elements.iter().map(|element| element.symbol()).collect();
            request
                .targets
                .push(Target { column: "elements".to_owned(), wanted: Wanted::Text(symbols.join("-")) });
        }
        if let Some(target) = repeated(&request.targets) {
            return Err(Failure::input(format!("--condition: found '{target}' twice, expected it once")));
        }
        (request.guidance, request.temperature) = (self.guidance, self.temperature);
        request.steps = self.steps.map(|steps| steps as usize);
        request.formula = self.space.formula.clone();
        if let Some(path) = &self.fix {
            let first = read_path(path).map_err(Failure::input)?.into_iter().next();
            let first = first.ok_or_else(|| {
                Failure::input(format!("{}: found no structure, expected one", path.display()))
            })?;
            request.fixed =
                Some(Fixed { crystal: first.map_err(Failure::input)?.crystal, cell: self.fix_cell });
        }
        Ok(request)
    }

    /// The same for one formula.
    fn request_for(&self, formula: &Composition) -> Result<Request, String> {
        let space = self.space.space(Some(formula)).map_err(|error| error.to_string())?;
        let mut request = Request::new(space);
        request.targets = self.condition.clone();
        (request.guidance, request.temperature) = (self.guidance, self.temperature);
        (request.steps, request.formula) = (self.steps.map(|steps| steps as usize), Some(formula.clone()));
        Ok(request)
    }
}

/// The first column that is asked for twice.
fn repeated(targets: &[Target]) -> Option<&str> {
    let twice = |i: usize| targets[..i].iter().any(|earlier| earlier.column == targets[i].column);
    (0..targets.len()).find(|&i| twice(i)).map(|i| targets[i].column.as_str())
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Self::input(error)
    }
}

impl From<SpaceError> for Failure {
    fn from(error: SpaceError) -> Self {
        Self::input(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_numbers_ranges_or_words() {
        let wanted = |text: &str| target(text).map(|target| target.wanted);
        assert_eq!(wanted("e_hull=0..0.05"), Ok(Wanted::Range([0.0, 0.05])));
        assert_eq!(wanted("e_form=-2.5..-1"), Ok(Wanted::Range([-2.5, -1.0])));
        assert_eq!(wanted("gap = 1.5"), Ok(Wanted::Number(1.5)));
        assert_eq!(wanted("space_group=Fm-3m"), Ok(Wanted::Text("Fm-3m".into())));
        for text in ["gap", "=1", "gap=", "gap=2..1"] {
            assert!(target(text).is_err(), "{text}");
        }
    }
}
