//! Proposals by a program of the user's: a language model, a published generator, a script.

use std::collections::BTreeSet;

use druse_fitness::process::Client;
use druse_representations::Exchange;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::breeding::{Constraints, fnv1a};
use crate::generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};

/// How often the program is asked for one batch before fewer proposals are taken.
const ROUNDS: usize = 5;

/// Asks a program for designs, over the exchange of lines of [`druse_fitness::process`]:
///
/// ```text
/// > {"request": 731, "ask": "propose", "first": 40, "count": 20, "seed": 1, "state": null,
///    "learnt": [{"number": 12, "design": {..}, "costs": [0.02, -3.1], "violation": 0.0}, ..]}
/// < {"request": 731, "designs": [{"design": {..}, "operator": "llm", "parents": [12]}, ..], "state": {..}}
/// ```
///
/// `learnt` holds what was evaluated since the last answer, whoever proposed it; `costs` are to be
/// minimised and `null` for rejected candidates. A number that comes again was measured since: what it
/// says now replaces what it said before. `operator` and `parents` are optional. The program
/// need not remember anything: whatever it gives as `state` comes back with the next request and is
/// stored with the campaign. For the same campaign on every run it should draw its random numbers from
/// `seed` and `first` alone; a campaign that is resumed never asks again for what was proposed.
///
/// Designs that cannot be read, break a hard constraint or repeat an earlier one are left out and
/// counted.
pub struct External<D> {
    name: String,
    seed: u64,
    client: Client,
    constraints: Box<dyn Constraints<D> + Send>,
    memory: Memory<D>,
}

/// What the next request depends on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Memory<D> {
    state: Value,
    /// Hashes of the identities of designs that were proposed; they stand in the journal.
    #[serde(skip)]
    seen: BTreeSet<u64>,
    /// Hashes that the journal does not have yet.
    #[serde(skip)]
    fresh: Vec<u64>,
    left_out: u64,
    learnt: Vec<Evaluated<D>>,
}

impl<D: Exchange> External<D> {
    /// A generator of this name within hard constraints.
    pub fn new(
        name: impl Into<String>,
        seed: u64,
        client: Client,
        constraints: Box<dyn Constraints<D> + Send>,
    ) -> Self {
        let memory = Memory {
            state: Value::Null,
            seen: BTreeSet::new(),
            fresh: Vec::new(),
            left_out: 0,
            learnt: Vec::new(),
        };
        Self { name: name.into(), seed, client, constraints, memory }
    }

    /// Proposals that could not be read, broke a constraint or repeated an earlier one.
    pub fn left_out(&self) -> u64 {
        self.memory.left_out
    }

    fn failed(&self, reason: impl ToString) -> GeneratorError {
        GeneratorError::Failed { generator: self.name.clone(), reason: reason.to_string() }
    }

    fn bad_state(&self, reason: impl ToString) -> GeneratorError {
        GeneratorError::BadState { generator: self.name.clone(), reason: reason.to_string() }
    }

    /// Asks once; the state moves on with the answer.
    fn ask(&mut self, first: u64, count: usize) -> Result<Vec<Value>, GeneratorError> {
        let learnt = |e: &Evaluated<D>| {
            json!({
                "number": e.number, "design": e.design.to_exchange(),
                "costs": e.costs, "violation": e.violation,
            })
        };
        let request = Map::from_iter([
            ("ask".to_owned(), json!("propose")),
            ("first".to_owned(), json!(first)),
            ("count".to_owned(), json!(count)),
            ("seed".to_owned(), json!(self.seed)),
            ("state".to_owned(), self.memory.state.clone()),
            ("learnt".to_owned(), self.memory.learnt.iter().map(learnt).collect()),
        ]);
        let mut answer = self.client.ask(&request).map_err(|error| self.failed(error))?;
        let Some(Value::Array(designs)) = answer.shift_remove("designs") else {
            return Err(self.failed("the answer has no list 'designs'"));
        };
        self.memory.state = answer.shift_remove("state").unwrap_or(Value::Null);
        self.memory.learnt.clear();
        Ok(designs)
    }

    /// The design in one entry of an answer, when it may be proposed.
    fn admit(&mut self, entry: &Value) -> Option<(D, Lineage)> {
        let design = D::from_exchange(entry.get("design").unwrap_or(entry)).ok()?;
        self.constraints.check_design(&design).ok()?;
        let key = fnv1a(design.content_id().as_bytes());
        if !self.memory.seen.insert(key) {
            return None;
        }
        self.memory.fresh.push(key);
        let operator = entry.get("operator").and_then(Value::as_str).unwrap_or("external");
        let parents = entry.get("parents").and_then(Value::as_array);
        let parents = parents.map(|list| list.iter().filter_map(Value::as_u64).collect());
        let lineage = Lineage::new(self.name.clone(), operator, parents.unwrap_or_default());
        Some((design, lineage))
    }
}

impl<D: Exchange> Generator<D> for External<D> {
    fn name(&self) -> &str {
        &self.name
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<D>>, GeneratorError> {
        let mut proposals: Vec<Proposal<D>> = Vec::with_capacity(n);
        for _ in 0..ROUNDS {
            let number = first + proposals.len() as u64;
            let entries = self.ask(number, n - proposals.len())?;
            if entries.is_empty() {
                break;
            }
            for entry in &entries {
                if proposals.len() == n {
                    break;
                }
                match self.admit(entry) {
                    Some((design, mut lineage)) => {
                        let number = first + proposals.len() as u64;
                        // What a program says of parents that cannot be is not believed.
                        lineage.parents.retain(|&parent| parent < number);
                        proposals.push(Proposal { number, design, lineage });
                    }
                    None => self.memory.left_out += 1,
                }
            }
            if proposals.len() == n {
                break;
            }
        }
        if proposals.is_empty() {
            let reason = format!("the program gave no usable design; {} were left out", self.memory.left_out);
            return Err(GeneratorError::Impossible { generator: self.name.clone(), reason });
        }
        Ok(proposals)
    }

    fn learn(&mut self, evaluated: &[Evaluated<D>]) {
        for one in evaluated {
            match self.memory.learnt.iter().position(|known| known.number == one.number) {
                Some(place) => self.memory.learnt[place] = one.clone(),
                None => self.memory.learnt.push(one.clone()),
            }
        }
    }

    fn state(&self) -> Value {
        // Designs are stored as JSON all over the campaign; they cannot fail here.
        serde_json::to_value(&self.memory).unwrap_or(Value::Null)
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        let mut memory: Memory<D> = Memory::deserialize(state).map_err(|error| self.bad_state(error))?;
        // States of older versions hold the identities themselves.
        if let Some(ids) = state.get("seen").and_then(Value::as_array) {
            memory.seen = ids.iter().filter_map(Value::as_str).map(|id| fnv1a(id.as_bytes())).collect();
            memory.fresh = memory.seen.iter().copied().collect();
        }
        self.memory = memory;
        Ok(())
    }

    fn journal(&mut self) -> Vec<Value> {
        let fresh = std::mem::take(&mut self.memory.fresh);
        if fresh.is_empty() { Vec::new() } else { vec![json!(fresh)] }
    }

    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        let keys = Vec::<u64>::deserialize(entry).map_err(|error| self.bad_state(error))?;
        self.memory.seen.extend(keys);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use druse_fitness::process::ProgramSpec;
    use druse_representations::Crystal;

    use super::*;
    use crate::conformance::check_generator;
    use crate::crystals::DesignSpace;

    /// Proposes cubic cells with edges that count on; every fifth is a repetition, every sixth
    /// holds an element that is not allowed, every seventh is no design.
    const PROGRAM: &str = r#"
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    answer = {"request": request["request"]}
    if request["ask"] == "hello":
        answer |= {"name": "counter", "version": "1"}
    else:
        state = request["state"] or {"next": 0, "best": None}
        for item in request["learnt"]:
            if item["costs"] and (state["best"] is None or item["costs"][0] < state["best"]):
                state["best"] = item["costs"][0]
        designs = []
        for _ in range(request["count"]):
            state["next"] += 1
            n = state["next"]
            edge = 3 + 0.01 * (n - 1 if n % 5 == 0 else n) + 0.001 * (state["best"] or 0)
            who = "Xe" if n % 6 == 0 else "Po"
            design = {"cell": [edge, edge, edge, 90, 90, 90], "species": [who], "frac": [[0, 0, 0]]}
            designs.append("nonsense" if n % 7 == 0 else {"design": design, "operator": "count", "parents": [0]})
        answer |= {"designs": designs, "state": state}
    print(json.dumps(answer), flush=True)
"#;

    fn generator(program: &str) -> External<Crystal> {
        let spec = ProgramSpec {
            timeout: Duration::from_secs(5),
            attempts: 1,
            ..ProgramSpec::new(["python3", "-c", program])
        };
        External::new("counter", 7, Client::start(spec).unwrap(), Box::new(space()))
    }

    fn space() -> DesignSpace {
        let mut space = DesignSpace::new(["Po".parse().unwrap()]);
        space.element_count = [1, 1];
        space
    }

    #[test]
    fn it_is_a_generator_like_any_other() {
        let mut generator = generator(PROGRAM);
        let costs = |crystal: &Crystal| vec![crystal.lattice.lengths()[0]];
        check_generator(&mut generator, &space(), &costs).unwrap();
        assert!(generator.left_out() > 0);
    }

    #[test]
    fn a_program_without_ideas_ends_and_one_that_dies_fails() {
        let hello = r#"
import json, sys
sys.stdin.readline()
print(json.dumps({"request": 0, "name": "x", "version": "1"}), flush=True)
request = json.loads(sys.stdin.readline())["request"]
"#;
        let answer = |answer: &str| {
            let program = format!("{hello}\n{answer}\nsys.stdin.readline()\n");
            generator(&program).propose(0, 4).unwrap_err().to_string()
        };
        let none = answer(r#"print(json.dumps({"request": request, "designs": []}), flush=True)"#);
        assert!(none.contains("no usable design"), "{none}");
        let list = answer(r#"print(json.dumps({"request": request}), flush=True)"#);
        assert!(list.contains("no list 'designs'"), "{list}");
        let dead = answer("sys.exit('out of ideas')");
        assert!(dead.contains("out of ideas"), "{dead}");
    }
}
