//! `druse sample`

mod ligands;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::fitness::chgnet::torch::{device, single_threaded};
use crate::generators::breeding::Constraints;
use crate::generators::learned::{Baseline, Fixed, Request, RequestError, Sample, Sampler, Target, Wanted};
use crate::generators::{DesignSpace, SpaceError};
use crate::ledger::Meter;
use crate::representations::io::{Record, read_path};
use crate::representations::{Composition, Element};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::Failure;
use super::output::{format_of, write_records};
use super::progress::Progress;
use super::weights;
use ligands::LigandArguments;

#[derive(Args)]
pub struct Arguments {
    /// File of a model, or the name of one that comes with druse; or a generator that knows nothing but
    /// the constraints: random, substitution
    #[arg(value_name = "MODEL")]
    model: String,
    /// Crystals or ligands to sample
    #[arg(short, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    n: u32,
    /// File to write; its ending tells the format: .extxyz, .jsonl, .cif, .json or .vasp; for ligands .csv or .json
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
    /// Where to compute: cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
}

/// Hard constraints: no sample is outside.
#[derive(Args)]
#[command(next_help_heading = "Hard constraints")]
struct SpaceArguments {
    /// Allowed elements; all when absent
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = element)]
    elements: Vec<Element>,
    /// Elements of every sample
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = element)]
    required: Vec<Element>,
    /// Elements of no sample; those joined as in Na-K only not together
    #[arg(long, value_name = "A,B-C,...", value_delimiter = ',', value_parser = system)]
    exclude: Vec<System>,
    /// Elements of a chemical system such as Li-Fe-P-O and no others; a condition, too, where the model
    /// knows elements
    #[arg(long, value_name = "A-B-...", value_parser = system, conflicts_with = "elements")]
    system: Option<System>,
    /// Different elements in a sample; 1..4 when absent
    #[arg(long, value_name = "N..M", value_parser = range)]
    element_count: Option<[usize; 2]>,
    /// Atoms in the primitive cell, 1..20 when absent; of ligands, hydrogens included
    #[arg(long, value_name = "N..M", value_parser = range)]
    atoms: Option<[usize; 2]>,
    /// Allowed space groups, numbers and ranges such as 62,140..230
    #[arg(long, value_name = "N,N..M,...", value_delimiter = ',', value_parser = range)]
    space_groups: Vec<[usize; 2]>,
    /// Exactly these atoms in the primitive cell (crystal structure prediction), such as Ti2O4
    #[arg(long, value_name = "FORMULA", conflicts_with_all = ["elements", "system", "required", "exclude", "element_count", "atoms"])]
    formula: Option<Composition>,
    /// Whether oxidation states have to balance (metals alone pass); yes when absent, no with --formula
    #[arg(long, value_name = "YES|NO", value_enum)]
    charge_neutral: Option<YesNo>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

/// Elements joined by hyphens.
#[derive(Clone)]
struct System(Vec<Element>);

fn element(symbol: &str) -> Result<Element, String> {
    Element::from_symbol(symbol.trim()).ok_or_else(|| "expected the symbol of an element".to_owned())
}

fn system(text: &str) -> Result<System, String> {
    text.split('-').map(element).collect::<Result<_, _>>().map(System)
}

fn range(text: &str) -> Result<[usize; 2], String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.trim().parse(), last.trim().trim_start_matches('=').parse()) {
        (Ok(first), Ok(last)) => Ok([first, last]),
        _ => Err("expected a whole number or a range such as 2..14".to_owned()),
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
    if ligands::asked(arguments)? {
        return ligands::run(arguments, global);
    }
    if let Some(flag) = arguments.ligands.given() {
        return Err(Failure::input(format!("{flag}: found a model of crystals, expected one of ligands")));
    }
    let format = format_of(&arguments.to)?;
    let Asked { sampler, kind, sha256, knows_elements } = Asked::open(arguments)?;
    let request = arguments.request(knows_elements)?;
    sampler.check(&request)?;

    let seed = global.seed.unwrap_or(0);
    let wanted = arguments.n as usize * arguments.best_of as usize;
    let (start, mut meter) = (Instant::now(), Meter::start());
    let mut drawn = draw(sampler.as_ref(), &request, seed, wanted, global)?;
    let (seconds, energy) = (start.elapsed().as_secs_f64(), meter.lap());
    let found = drawn.samples.len();
    let ranked = if arguments.best_of > 1 {
        let rank = Rank::of(arguments.rank_by.as_deref(), &drawn.samples)?;
        rank.keep_best(&mut drawn.samples, arguments.n as usize);
        Some(rank.words())
    } else {
        None
    };
    let name =
        Path::new(&arguments.model).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into());
    let records: Vec<Record> = drawn
        .samples
        .iter()
        .map(|(number, sample)| record(*number, sample, &name, sha256.as_deref(), seed))
        .collect();
    write_records(&arguments.to, format, &records)?;

    let each = |x: f64| if found > 0 { x / found as f64 } else { 0.0 };
    let kept = ranked.as_ref().map_or(String::new(), |rank| format!(", the best of {found} by {rank}"));
    global.note(&format!(
        "{} crystals in {}{kept}: {seconds:.1} s, {:.1} per second, {:.2} J each ({})",
        records.len(),
        arguments.to.display(),
        found as f64 / seconds.max(1e-9),
        each(energy.joules),
        energy.basis.words(),
    ));
    let violations: usize = drawn.violations.values().sum();
    let reasons: Vec<String> = drawn.violations.iter().map(|(reason, n)| format!("{reason}: {n}")).collect();
    global.note(&format!(
        "{} attempts, {} came to nothing; {violations} violated hard constraints{}{}",
        drawn.attempts,
        drawn.nothing,
        if violations > 0 { " and are left out: " } else { "" },
        reasons.join("; ")
    ));
    if records.len() < arguments.n as usize {
        global.note(&format!(
            "{} crystals are missing: too many attempts came to nothing",
            arguments.n as usize - records.len()
        ));
    }
    global.write_json(&json!({
        "file": arguments.to,
        "count": records.len(),
        "sampled": found,
        "ranked_by": ranked,
        "attempts": drawn.attempts,
        "nothing": drawn.nothing,
        "violations": violations,
        "violation_reasons": drawn.violations,
        "seconds": seconds,
        "per_second": found as f64 / seconds.max(1e-9),
        "joules_each": each(energy.joules),
        "joules_basis": energy.basis.name(),
        "seed": seed,
        "model": name,
        "kind": kind,
        "model_sha256": sha256,
        "request": request,
    }))
}

/// What is asked for samples.
struct Asked {
    sampler: Box<dyn Sampler>,
    kind: String,
    /// Checksum of the weights, where there are any.
    sha256: Option<String>,
    /// Whether `elements` is a condition.
    knows_elements: bool,
}

impl Asked {
    fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let name = arguments.model.as_str();
        let device =
            device(&arguments.device).map_err(|error| Failure::input(format!("--device: {error}")))?;
        if let Some(baseline) = Baseline::named(name).filter(|_| !Path::new(name).exists()) {
            let (kind, sampler) = (name.to_owned(), Box::new(baseline));
            return Ok(Self { sampler, kind, sha256: None, knows_elements: false });
        }
        let model = weights::open(name)?;
        let knows_elements = model.card.conditions.position("elements").is_some();
        let sampler = model.sampler(device)?;
        Ok(Self { sampler, kind: model.card.kind, sha256: Some(model.sha256), knows_elements })
    }
}

impl Arguments {
    /// What is asked of the model.
    fn request(&self, knows_elements: bool) -> Result<Request, Failure> {
        let mut request = Request::new(self.space.space()?);
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
}

/// The first column that is asked for twice.
fn repeated(targets: &[Target]) -> Option<&str> {
    let twice = |i: usize| targets[..i].iter().any(|earlier| earlier.column == targets[i].column);
    (0..targets.len()).find(|&i| twice(i)).map(|i| targets[i].column.as_str())
}

impl SpaceArguments {
    fn space(&self) -> Result<DesignSpace, Failure> {
        let all = || Element::all().collect::<Vec<_>>();
        let formula: Vec<Element> = self.formula.iter().flat_map(Composition::elements).collect();
        let allowed = match &self.system {
            _ if !formula.is_empty() => formula.clone(),
            Some(System(elements)) => elements.clone(),
            None if self.elements.is_empty() => all(),
            None => self.elements.clone(),
        };
        let mut space = DesignSpace::new(allowed);
        for System(elements) in &self.exclude {
            match elements.as_slice() {
                [one] => space.elements.retain(|element| element != one),
                several => space.excluded.push(several.to_vec()),
            }
        }
        space.required = self.required.clone();
        space.required.sort_unstable();
        space.required.dedup();
        if let Some(formula) = &self.formula {
            let atoms = formula.atom_count().round() as usize;
            let kinds = formula.elements().count();
            (space.atoms, space.element_count, space.charge) = ([atoms, atoms], [kinds, kinds], None);
        }
        let most = space.element_count[1].max(space.required.len()).min(space.elements.len().max(1));
        space.element_count = self.element_count.unwrap_or([space.element_count[0].min(most), most]);
        space.atoms = self.atoms.unwrap_or(space.atoms);
        if !self.space_groups.is_empty() {
            let numbers = self.space_groups.iter().flat_map(|&[first, last]| first..=last);
            // 0 is no space group, so that what is too large is refused below.
            let mut groups: Vec<u8> = numbers.map(|n| u8::try_from(n).unwrap_or(0)).collect();
            groups.sort_unstable();
            groups.dedup();
            space.space_groups = groups;
        }
        match self.charge_neutral {
            Some(YesNo::Yes) => {
                space.charge = Some(crate::datasets::elements::charge::ChargeRules::default())
            }
            Some(YesNo::No) => space.charge = None,
            None => {}
        }
        space.check()?;
        Ok(space)
    }
}

/// What became of all attempts.
struct Drawn {
    /// Samples with their numbers.
    samples: Vec<(u64, Sample)>,
    attempts: u64,
    nothing: u64,
    /// Samples outside of the hard constraints, by reason; none of them is among the samples.
    violations: BTreeMap<String, usize>,
}

/// Draws samples by number until there are as many as wanted; gives up where most attempts come to nothing.
fn draw(
    sampler: &dyn Sampler,
    request: &Request,
    seed: u64,
    wanted: usize,
    global: &Global,
) -> Result<Drawn, Failure> {
    let batch = sampler.batch().max(1) as u64;
    let chunk = batch * rayon::current_num_threads().max(1) as u64;
    // Whole batches, so that no number is computed twice.
    let most = (4 * wanted as u64 + 64).next_multiple_of(batch);
    let mut drawn = Drawn { samples: Vec::new(), attempts: 0, nothing: 0, violations: BTreeMap::new() };
    let progress = Progress::start(global, "crystals", wanted);
    let mut first = 0;
    while drawn.samples.len() < wanted && first < most {
        let numbers: Vec<u64> = (first..(first + chunk).min(most)).collect();
        for (&number, sample) in numbers.iter().zip(sampler.sample(request, seed, &numbers)?) {
            if drawn.samples.len() == wanted {
                break;
            }
            drawn.attempts += 1;
            let Some(sample) = sample else {
                drawn.nothing += 1;
                continue;
            };
            match violation(request, &sample) {
                Some(reason) => *drawn.violations.entry(reason).or_default() += 1,
                None => {
                    drawn.samples.push((number, sample));
                    progress.step();
                }
            }
        }
        first += chunk;
    }
    progress.finish();
    Ok(drawn)
}

/// What a sample violates, found anew from the crystal alone.
fn violation(request: &Request, sample: &Sample) -> Option<String> {
    if let Err(reason) = request.space.check_design(&sample.crystal) {
        return Some(reason);
    }
    let composition = sample.crystal.composition();
    let formula = request.formula.as_ref()?;
    let same = formula.elements().count() == composition.elements().count()
        && formula.iter().all(|(element, amount)| (composition.amount(element) - amount).abs() < 1e-6);
    (!same).then(|| format!("the formula is {}", composition.reduced_formula()))
}

/// Columns that tell the energy above hull.
const ABOVE_HULL: [&str; 3] = ["e_hull", "energy_above_hull", "e_above_hull"];

/// What the best samples are chosen by.
enum Rank {
    Likelihood,
    Predicted(String),
}

impl Rank {
    fn of(name: Option<&str>, samples: &[(u64, Sample)]) -> Result<Self, Failure> {
        let known: Vec<&String> = samples.first().map_or(Vec::new(), |(_, s)| s.predicted.keys().collect());
        let likely = samples.iter().all(|(_, sample)| sample.log_likelihood.is_some());
        let predicts = |name: &str| known.iter().any(|column| *column == name);
        match name {
            Some("likelihood") if likely => Ok(Self::Likelihood),
            Some(name) if predicts(name) => Ok(Self::Predicted(name.to_owned())),
            None => ABOVE_HULL
                .into_iter()
                .find(|name| predicts(name))
                .map(|name| Self::Predicted(name.to_owned()))
                .or(likely.then_some(Self::Likelihood))
                .ok_or_else(|| Failure::input("--best-of: the model knows neither likelihoods nor energies")),
            Some(name) => {
                let mut all: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
                all.extend(likely.then_some("likelihood"));
                Err(Failure::input(format!("--rank-by: found '{name}', expected one of {}", all.join(", "))))
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Likelihood => "likelihood".to_owned(),
            Self::Predicted(column) => format!("least predicted {column}"),
        }
    }

    /// Keeps the best `count`, in order of their numbers.
    fn keep_best(&self, samples: &mut Vec<(u64, Sample)>, count: usize) {
        let badness = |sample: &Sample| match self {
            Self::Likelihood => -sample.log_likelihood.unwrap_or(f64::NEG_INFINITY),
            Self::Predicted(column) => sample.predicted.get(column).copied().unwrap_or(f64::INFINITY),
        };
        samples.sort_by(|(_, a), (_, b)| badness(a).total_cmp(&badness(b)));
        samples.truncate(count);
        samples.sort_by_key(|(number, _)| *number);
    }
}

fn record(number: u64, sample: &Sample, name: &str, sha256: Option<&str>, seed: u64) -> Record {
    let mut properties = Map::new();
    let mut set = |key: String, value: Value| properties.insert(key, value);
    if let Some(likelihood) = sample.log_likelihood {
        set("log_likelihood".to_owned(), json!(likelihood));
    }
    for (column, value) in &sample.predicted {
        set(format!("predicted_{column}"), json!(value));
    }
    set("number".to_owned(), json!(number));
    set("seed".to_owned(), json!(seed));
    set("model".to_owned(), json!(name));
    if let Some(sha256) = sha256 {
        set("model_sha256".to_owned(), json!(sha256));
    }
    Record {
        id: format!("{name}-{number}"),
        crystal: sample.crystal.clone(),
        properties,
        source: String::new(),
    }
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

    #[test]
    fn the_best_are_kept_in_order() {
        let crystal = crate::datasets::prototypes::prototypes()[0].code().to_primitive().unwrap();
        let sample = |number: u64, energy: f64| {
            let predicted = BTreeMap::from([("e_hull".to_owned(), energy)]);
            (number, Sample { crystal: crystal.clone(), log_likelihood: Some(energy), predicted })
        };
        let all = vec![sample(0, 0.3), sample(1, 0.1), sample(2, 0.2), sample(5, 0.4)];
        let best = |name: Option<&str>| {
            let mut samples = all.clone();
            Rank::of(name, &samples).unwrap().keep_best(&mut samples, 2);
            samples.iter().map(|(number, _)| *number).collect::<Vec<_>>()
        };
        assert_eq!(best(None), [1, 2]);
        assert_eq!(best(Some("likelihood")), [0, 5]);
        assert!(Rank::of(Some("gap"), &all).is_err());
    }
}
