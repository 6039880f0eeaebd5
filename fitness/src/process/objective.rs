//! Objectives that a program evaluates.

use std::marker::PhantomData;

use druse_representations::Exchange;
use serde_json::{Map, Value, json};

use super::client::Client;
use crate::objective::{Goal, Objective, ObjectiveError, Properties};

/// An objective that a program of the user's evaluates; see [the exchange of lines](super).
///
/// ```no_run
/// use druse_fitness::process::{Client, ProcessObjective, ProgramSpec};
/// use druse_fitness::{Goal, Objective, Properties};
/// use druse_representations::{Crystal, Lattice};
///
/// let client = Client::start(ProgramSpec::new(["python3", "volume.py"])).unwrap();
/// let volume = ProcessObjective::<Crystal>::new("volume", Goal::Minimise, "Å^3", client);
/// let polonium = Crystal::ordered(Lattice::cubic(3.35), [("Po".parse().unwrap(), [0.0; 3])]);
/// println!("{:?}", volume.evaluate(&polonium, &Properties::new()));
/// ```
pub struct ProcessObjective<D> {
    name: String,
    goal: Goal,
    unit: String,
    client: Client,
    stamp: String,
    design: PhantomData<fn(&D)>,
}

impl<D: Exchange> ProcessObjective<D> {
    /// An objective with this name, goal and unit, evaluated by the program behind `client`.
    pub fn new(name: impl Into<String>, goal: Goal, unit: impl Into<String>, client: Client) -> Self {
        Self { name: name.into(), goal, unit: unit.into(), client, stamp: String::new(), design: PhantomData }
    }

    /// With words in the protocol that tell apart what the program's own name and version do not, such
    /// as a hash of its source.
    pub fn with_stamp(self, stamp: impl Into<String>) -> Self {
        Self { stamp: stamp.into(), ..self }
    }

    fn failed(&self, reason: impl ToString) -> ObjectiveError {
        ObjectiveError::Failed { objective: self.name.clone(), reason: reason.to_string() }
    }

    /// One result for each item, or why there are none.
    fn ask(&self, items: &[(&D, &Properties)]) -> Result<Vec<Result<f64, ObjectiveError>>, ObjectiveError> {
        let candidate = |(design, properties): &(&D, &Properties)| json!({ "design": design.to_exchange(), "properties": properties });
        let request = Map::from_iter([
            ("ask".to_owned(), json!("evaluate")),
            ("objective".to_owned(), json!(self.name)),
            ("candidates".to_owned(), items.iter().map(candidate).collect()),
        ]);
        let answer = self.client.ask(&request).map_err(|error| self.failed(error))?;
        match answer.get("results") {
            Some(Value::Array(results)) if results.len() == items.len() => {
                Ok(results.iter().map(|result| self.value(result)).collect())
            }
            Some(Value::Array(results)) => {
                Err(self.failed(format!("{} results for {} candidates", results.len(), items.len())))
            }
            _ => Err(self.failed("the answer has no list 'results'")),
        }
    }

    fn value(&self, result: &Value) -> Result<f64, ObjectiveError> {
        match (result.get("value").and_then(Value::as_f64), result.get("error")) {
            (Some(value), None) => Ok(value),
            (None, Some(Value::String(reason))) => Err(self.failed(reason)),
            _ => {
                let found: String = result.to_string().chars().take(80).collect();
                Err(self.failed(format!(
                    "the result is {found}, expected {{\"value\": number}} or {{\"error\": text}}"
                )))
            }
        }
    }
}

impl<D: Exchange> Objective<D> for ProcessObjective<D> {
    fn name(&self) -> &str {
        &self.name
    }

    fn goal(&self) -> Goal {
        self.goal
    }

    fn unit(&self) -> &str {
        &self.unit
    }

    fn protocol(&self) -> Option<String> {
        let stamp = if self.stamp.is_empty() { String::new() } else { format!(", {}", self.stamp) };
        Some(format!("{}: by {}{stamp}", self.name, self.client.identity()))
    }

    fn evaluate(&self, design: &D, properties: &Properties) -> Result<f64, ObjectiveError> {
        self.ask(&[(design, properties)])?.pop().unwrap_or_else(|| Err(self.failed("no result")))
    }

    /// Asks for all at once, and for each alone when that fails.
    fn evaluate_batch(&self, items: &[(&D, &Properties)]) -> Vec<Result<f64, ObjectiveError>> {
        match self.ask(items) {
            Ok(results) => results,
            Err(error) if items.len() == 1 => vec![Err(error)],
            Err(_) => items.iter().map(|(design, properties)| self.evaluate(design, properties)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use druse_representations::{Crystal, Lattice};

    use super::*;
    use crate::process::ProgramSpec;

    /// A program that is bad in all the ways that the density of a crystal asks for.
    const PROGRAM: &str = r#"
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    answer = {"request": request["request"]}
    if request["ask"] == "hello":
        answer |= {"name": "edges", "version": "3"}
    else:
        results = []
        for candidate in request["candidates"]:
            edge = candidate["design"]["lattice"][0][0]
            if edge == 2: time.sleep(60)
            if edge == 3: sys.exit("edge three is out of bounds")
            if edge == 4: print("garbage", flush=True)
            if edge == 5: results.append({"error": "five is refused"}); continue
            if edge == 6: results.append({"value": float("nan")}); continue
            if edge == 7: continue
            results.append({"value": edge + candidate["properties"].get("more", 0)})
        answer["results"] = results
    print(json.dumps(answer), flush=True)
"#;

    fn objective() -> ProcessObjective<Crystal> {
        let command = ["python3", "-c", PROGRAM];
        let spec = ProgramSpec { timeout: Duration::from_secs(2), attempts: 1, ..ProgramSpec::new(command) };
        ProcessObjective::new("edge", Goal::Minimise, "Å", Client::start(spec).unwrap())
    }

    fn cube(edge: f64) -> Crystal {
        Crystal::ordered(Lattice::cubic(edge), [("Po".parse().unwrap(), [0.0; 3])])
    }

    #[test]
    fn bad_candidates_cost_nobody_else() {
        let objective = objective();
        assert_eq!(objective.protocol().unwrap(), "edge: by edges 3");
        let crystals: Vec<Crystal> = (1..=8).map(|edge| cube(f64::from(edge))).collect();
        let more = Properties::from([("more".to_owned(), 0.5)]);
        let items: Vec<(&Crystal, &Properties)> = crystals.iter().map(|crystal| (crystal, &more)).collect();
        let results = objective.evaluate_batch(&items);
        let reason = |edge: usize| results[edge - 1].clone().unwrap_err().to_string();
        assert_eq!(results[0], Ok(1.5));
        assert!(reason(2).contains("no answer within 2 s"), "{}", reason(2));
        assert!(reason(3).contains("edge three is out of bounds"), "{}", reason(3));
        assert!(reason(4).contains("answered 'garbage'"), "{}", reason(4));
        assert_eq!(reason(5), "objective 'edge': five is refused");
        assert!(reason(6).contains("NaN"), "{}", reason(6));
        assert_eq!(reason(7), "objective 'edge': 0 results for 1 candidates");
        assert_eq!(results[7], Ok(8.5));
    }

    #[test]
    fn the_cpu_time_of_an_answer_is_charged_to_who_asks() {
        let program = PROGRAM.replace(
            "if edge == 2: time.sleep(60)",
            "end = time.process_time() + 0.3\n            while edge == 2 and time.process_time() < end: pass",
        );
        let spec = ProgramSpec::new(["python3", "-c", &program]);
        let objective =
            ProcessObjective::<Crystal>::new("edge", Goal::Minimise, "Å", Client::start(spec).unwrap());
        let spent = |edge| {
            let before = crate::cpu::thread_seconds();
            objective.evaluate(&cube(edge), &Properties::new()).unwrap();
            crate::cpu::thread_seconds() - before
        };
        let (cheap, dear, again) = (spent(1.0), spent(2.0), spent(8.0));
        // To 0.01 s, on each side.
        assert!((0.28..1.0).contains(&dear), "{dear}");
        assert!(cheap < 0.2 && again < 0.2, "{cheap} {again}");
        assert!(crate::cpu::running_seconds() >= 0.28, "the program still runs");
    }

    #[test]
    fn programs_that_are_none_are_refused() {
        let start = |command: &[&str]| {
            let spec = ProgramSpec { attempts: 1, ..ProgramSpec::new(command.iter().copied()) };
            Client::start(spec).err().unwrap().to_string()
        };
        assert!(start(&["/no/such/program"]).contains("cannot be started"));
        assert!(start(&[]).contains("no command"));
        assert!(
            start(&["true"]).contains("ended without an answer (exit status: 0)"),
            "{}",
            start(&["true"])
        );
        let nameless = start(&["sh", "-c", r#"read x; echo '{"request": 0}'"#]);
        assert!(nameless.contains("expected a text as 'name'"), "{nameless}");
    }
}
