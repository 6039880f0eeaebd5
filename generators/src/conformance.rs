//! What every generator and every breeder must keep to, as checks for plug-ins and for our own.

use std::collections::BTreeSet;

use druse_representations::Design;
use druse_representations::conformance::Nonconformance;
use serde_json::Value;

use crate::breeding::{Breeder, Constraints, Sprout};
use crate::generator::{Evaluated, Generator, Proposal};
use crate::stream::stream;

/// Batches that are proposed.
const BATCHES: u64 = 4;
/// Proposals per batch.
const BATCH: usize = 12;

/// Runs a generator for some batches with `costs` as evaluation and checks that
///
/// * proposals are numbered on from the number asked for, at most as many as wanted;
/// * the lineage names the generator and its parents came before;
/// * every design keeps all constraints of `space`;
/// * no design is proposed twice;
/// * failed candidates (without costs) and those of others do no harm;
/// * a number that is learnt again, as after a measurement, replaces what was known of it: the state
///   does not grow with every repetition;
/// * a run that is interrupted between batches, its state and journal taken through text, proposes
///   the same as one that is not;
/// * the journal hands over every entry once;
/// * a state that is none is refused and leaves the generator as it was.
///
/// The generator is left in a later state than before.
///
/// # Errors
/// The first rule that is broken.
pub fn check_generator<D: Design>(
    generator: &mut dyn Generator<D>,
    space: &dyn Constraints<D>,
    costs: &dyn Fn(&D) -> Vec<f64>,
) -> Result<(), Nonconformance> {
    let name = generator.name().to_owned();
    let broken = |rule, detail: String| Nonconformance::new(format!("generator '{name}'"), rule, detail);
    let mut journal = Vec::new();
    save(generator, &mut journal, &broken)?;
    let start = through_text(&generator.state());
    let first = run(generator, space, costs, None, &broken)?;
    continue_from(generator, &start, &journal, &broken)?;
    let second = run(generator, space, costs, Some(&mut journal), &broken)?;
    if let Some((a, b)) = first.iter().zip(&second).find(|(a, b)| a != b) {
        return Err(broken("the same state gives the same proposals", format!("{a} became {b}")));
    }
    if first.len() != second.len() {
        let detail = format!("{} proposals became {}", first.len(), second.len());
        return Err(broken("the same state gives the same proposals", detail));
    }
    let before = generator.state();
    if generator.restore(&Value::from("no state")).is_ok() {
        return Err(broken("a broken state is refused", "the text 'no state' was accepted".into()));
    }
    if generator.state() != before {
        return Err(broken("a refused state changes nothing", "the state changed".into()));
    }
    Ok(())
}

/// Proposes, checks and teaches; returns what was proposed as text. A run with a journal is interrupted
/// again and again.
fn run<D: Design>(
    generator: &mut dyn Generator<D>,
    space: &dyn Constraints<D>,
    costs: &dyn Fn(&D) -> Vec<f64>,
    mut journal: Option<&mut Vec<Value>>,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<Vec<String>, Nonconformance> {
    let mut texts = Vec::new();
    let mut ids = BTreeSet::new();
    let mut next = 0;
    for batch in 0..BATCHES {
        if let Some(journal) = &mut journal {
            interrupt(generator, journal, broken)?;
        }
        let proposals = match generator.propose(next, BATCH) {
            Ok(proposals) => proposals,
            Err(error) if batch == 0 => return Err(broken("something is proposed", error.to_string())),
            Err(_) => break,
        };
        if proposals.len() > BATCH {
            return Err(broken("no more proposals than wanted", format!("{} of {BATCH}", proposals.len())));
        }
        let mut evaluated = Vec::new();
        for (proposal, number) in proposals.iter().zip(next..) {
            check_proposal(proposal, number, generator.name(), space, broken)?;
            if !ids.insert(proposal.design.content_id()) {
                return Err(broken("nothing is proposed twice", format!("candidate {number}")));
            }
            texts.push(serde_json::to_string(&proposal.design).unwrap_or_default());
            // Every fifth candidate fails, every seventh is infeasible.
            evaluated.push(Evaluated {
                number,
                design: proposal.design.clone(),
                costs: (number % 5 != 4).then(|| costs(&proposal.design)),
                violation: if number % 7 == 6 { 1.0 } else { 0.0 },
            });
        }
        next += proposals.len() as u64;
        if let Some(journal) = &mut journal {
            // A campaign may end between proposing and learning too.
            interrupt(generator, journal, broken)?;
        }
        if let Some(one) = evaluated.first().cloned() {
            evaluated.push(Evaluated { number: next + 1_000_000, ..one });
        }
        generator.learn(&evaluated);
        check_replacing(generator, &mut evaluated, broken)?;
    }
    Ok(texts)
}

/// Corrects what was just learnt, again and again.
fn check_replacing<D: Design>(
    generator: &mut dyn Generator<D>,
    evaluated: &mut [Evaluated<D>],
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    const REPETITIONS: usize = 8;
    /// Digits of counters may grow, but not by a candidate at a time.
    const DIGITS: usize = 64;
    for cost in evaluated.iter_mut().filter_map(|one| one.costs.as_mut()).flatten() {
        *cost += 0.5;
    }
    generator.learn(evaluated);
    let once = generator.state().to_string().len();
    for _ in 0..REPETITIONS {
        generator.learn(evaluated);
    }
    let often = generator.state().to_string().len();
    if often > once + DIGITS {
        let detail = format!("the state grew from {once} to {often} bytes by {REPETITIONS} repetitions");
        return Err(broken("what is learnt again replaces what was known", detail));
    }
    Ok(())
}

/// Saves and restores, as when a campaign is stopped and goes on.
fn interrupt<D: Design>(
    generator: &mut dyn Generator<D>,
    journal: &mut Vec<Value>,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    save(generator, journal, broken)?;
    let state = through_text(&generator.state());
    continue_from(generator, &state, journal, broken)
}

/// Writes what is new into the journal.
fn save<D: Design>(
    generator: &mut dyn Generator<D>,
    journal: &mut Vec<Value>,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    journal.extend(generator.journal().iter().map(through_text));
    match generator.journal().first() {
        Some(entry) => Err(broken("the journal hands over every entry once", format!("{entry} came twice"))),
        None => Ok(()),
    }
}

fn continue_from<D: Design>(
    generator: &mut dyn Generator<D>,
    state: &Value,
    journal: &[Value],
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    generator.restore(state).map_err(|e| broken("a saved state is restored", e.to_string()))?;
    let mut entries = journal.iter();
    entries
        .try_for_each(|entry| generator.replay(entry))
        .map_err(|e| broken("the journal is taken back", e.to_string()))
}

fn check_proposal<D: Design>(
    proposal: &Proposal<D>,
    number: u64,
    name: &str,
    space: &dyn Constraints<D>,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    let Proposal { design, lineage, .. } = proposal;
    if proposal.number != number {
        return Err(broken("numbers count on", format!("expected {number}, found {}", proposal.number)));
    }
    if lineage.generator != name || lineage.operator.is_empty() {
        return Err(broken("the lineage names generator and operator", format!("{lineage:?}")));
    }
    if let Some(parent) = lineage.parents.iter().find(|&&parent| parent == number) {
        return Err(broken("parents come before", format!("candidate {number} has parent {parent}")));
    }
    space
        .check_design(design)
        .map_err(|violation| broken("constraints hold", format!("candidate {number}: {violation}")))
}

fn through_text(state: &Value) -> Value {
    serde_json::from_str(&state.to_string()).unwrap_or(Value::Null)
}

/// Newcomers that are made, and children of each pair of them.
const SPROUTS: u64 = 16;

/// Makes newcomers and their children with a breeder and checks that
///
/// * newcomers are found within the breeder's number of trials, and so is some child;
/// * the same random stream gives the same design, key and genome;
/// * every design keeps all constraints of `space`, and the breeder's own last check;
/// * operators have names, and no child has more than two parents;
/// * genomes are valid, and survive being written as text: a genome that was read back has the same
///   children;
/// * a design that comes back from evaluation as it was proposed has a valid genome.
///
/// # Errors
/// The first rule that is broken. `name` stands for the breeder in the message.
pub fn check_breeder<B: Breeder>(
    name: &str,
    breeder: &B,
    space: &dyn Constraints<B::Design>,
) -> Result<(), Nonconformance> {
    let broken = |rule, detail: String| Nonconformance::new(format!("breeder '{name}'"), rule, detail);
    let newcomer = |number: u64| {
        let mut rng = stream(1, number);
        (0..B::TRIALS).find_map(|_| breeder.newcomer(&mut rng))
    };
    let mut newcomers = Vec::new();
    for number in 0..SPROUTS {
        let Some(sprout) = newcomer(number) else {
            let detail = format!("{} trials of stream {number} gave none", B::TRIALS);
            return Err(broken("newcomers are found", detail));
        };
        let again = newcomer(number).map(|sprout| text(&sprout));
        if again.as_ref() != Some(&text(&sprout)) {
            let rule = "the same random stream gives the same sprout";
            return Err(broken(rule, format!("{} became {again:?}", text(&sprout))));
        }
        check_sprout(breeder, &sprout, space, &broken)?;
        newcomers.push(sprout);
    }
    let mut children = 0;
    for (number, pair) in newcomers.windows(2).enumerate() {
        let child = |first: &B::Genome, second: &B::Genome| {
            let mut rng = stream(2, number as u64);
            (0..B::TRIALS).find_map(|_| {
                let operator = breeder.operator(&mut rng);
                breeder.child(operator, first, second, &mut rng)
            })
        };
        let [first, second] = pair else { continue };
        let rule = "genomes survive being written";
        let reread = |genome: &B::Genome| -> Result<B::Genome, Nonconformance> {
            let written = serde_json::to_string(genome).map_err(|error| broken(rule, error.to_string()))?;
            serde_json::from_str(&written).map_err(|error| broken(rule, format!("{written}: {error}")))
        };
        let made = child(&first.genome, &second.genome);
        let of_read = child(&reread(&first.genome)?, &reread(&second.genome)?);
        let (made_text, read_text) = (made.as_ref().map(text), of_read.as_ref().map(text));
        if made_text != read_text {
            return Err(broken(rule, format!("the child {made_text:?} became {read_text:?}")));
        }
        let Some(made) = made else { continue };
        children += 1;
        if made.parents > 2 {
            return Err(broken("a child has at most two parents", format!("{}", made.parents)));
        }
        check_sprout(breeder, &made, space, &broken)?;
    }
    if children == 0 {
        let detail = format!("{} trials for each of {} pairs", B::TRIALS, SPROUTS - 1);
        return Err(broken("children are found", detail));
    }
    Ok(())
}

fn check_sprout<B: Breeder>(
    breeder: &B,
    sprout: &Sprout<B>,
    space: &dyn Constraints<B::Design>,
    broken: &dyn Fn(&'static str, String) -> Nonconformance,
) -> Result<(), Nonconformance> {
    let shown = || serde_json::to_string(&sprout.design).unwrap_or_default();
    if sprout.operator.trim().is_empty() {
        return Err(broken("operators have names", shown()));
    }
    if !breeder.holds(sprout) {
        return Err(broken("its own last check holds", shown()));
    }
    if let Err(violation) = space.check_design(&sprout.design) {
        return Err(broken("constraints hold", format!("{violation}: {}", shown())));
    }
    if !breeder.is_valid(&sprout.genome) {
        return Err(broken("genomes are valid", shown()));
    }
    match breeder.genome(&sprout.design, Some(sprout.genome.clone())) {
        Some(genome) if breeder.is_valid(&genome) => Ok(()),
        _ => Err(broken("evaluated designs have a valid genome", shown())),
    }
}

fn text<B: Breeder>(sprout: &Sprout<B>) -> String {
    let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
    let (design, genome) = (serde_json::to_string(&sprout.design), serde_json::to_string(&sprout.genome));
    format!("{} {} {} {}", sprout.operator, sprout.key, json(design), json(genome))
}
