//! Arrays of jobs.

use crate::config::SlurmSpec;

/// Units that go to Slurm as one array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Array {
    /// The unit of index 0.
    pub(super) offset: u64,
    /// Units, ascending.
    pub(super) units: Vec<u64>,
    /// Attempt, from 1, that this is for its units.
    pub(super) attempt: u32,
}

/// Parts units into arrays whose indices are below `size`.
pub(super) fn split(units: &[u64], attempt: u32, size: u64) -> Vec<Array> {
    let mut arrays: Vec<Array> = Vec::new();
    for &unit in units {
        match arrays.last_mut() {
            Some(array) if unit - array.offset < size.max(1) => array.units.push(unit),
            _ => arrays.push(Array { offset: unit, units: vec![unit], attempt }),
        }
    }
    arrays
}

/// Ascending numbers as ranges: `0-3,7`.
pub(crate) fn ranges(numbers: impl IntoIterator<Item = u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words = ranges.iter().map(|&(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(",")
}

impl Array {
    /// Its name, from which [`super::queue`] knows the units again.
    pub(super) fn name(&self, tag: &str) -> String {
        format!("druse-{tag}-{}-{}", self.offset, self.attempt)
    }

    /// The job script. It runs in the campaign's folder and holds all options, so that it can be
    /// submitted by hand too.
    pub(super) fn script(&self, tag: &str, spec: &SlurmSpec, worker: &[String]) -> String {
        let throttle = spec.nodes.map_or_else(String::new, |nodes| format!("%{nodes}"));
        let indices = ranges(self.units.iter().map(|unit| unit - self.offset));
        let mut lines = vec![
            "#!/bin/sh".to_owned(),
            format!("#SBATCH --job-name={}", self.name(tag)),
            format!("#SBATCH --array={indices}{throttle}"),
            "#SBATCH --ntasks=1".to_owned(),
            format!("#SBATCH --cpus-per-task={}", spec.cpus_per_task),
            "#SBATCH --requeue".to_owned(),
            "#SBATCH --open-mode=append".to_owned(),
            "#SBATCH --output=logs/%x_%A_%a.out".to_owned(),
            // Time for the worker to finish what it has at hand and keep it.
            "#SBATCH --signal=B:TERM@60".to_owned(),
        ];
        lines.extend(spec.options.iter().map(|(name, value)| format!("#SBATCH --{name}={value}")));
        lines.extend(spec.lines.iter().map(|line| format!("#SBATCH {line}")));
        // Threads are the worker's business; programs that it runs would each take all cores.
        lines.push("export OMP_NUM_THREADS=\"${OMP_NUM_THREADS:-1}\"".to_owned());
        let command: Vec<String> = worker.iter().map(|word| quoted(word)).collect();
        lines.push(format!(
            "exec {} --threads {} --unit $(({} + SLURM_ARRAY_TASK_ID)) --attempt $(({} + ${{SLURM_RESTART_COUNT:-0}}))",
            command.join(" "),
            spec.cpus_per_task,
            self.offset,
            self.attempt
        ));
        lines.push(String::new());
        lines.join("\n")
    }
}

/// A word as a shell takes it literally.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_keep_to_the_largest_index() {
        let units: Vec<u64> = (100..130).collect();
        let arrays = split(&units, 1, 11);
        assert_eq!(arrays.iter().map(|array| array.offset).collect::<Vec<_>>(), [100, 111, 122]);
        for array in &arrays {
            assert!(array.units.iter().all(|unit| unit - array.offset <= 10));
        }
        assert_eq!(arrays.into_iter().flat_map(|array| array.units).collect::<Vec<_>>(), units);
        // Units far apart do not fit together.
        assert_eq!(split(&[5, 1000], 2, 100).len(), 2);
    }

    #[test]
    fn ranges_are_short() {
        assert_eq!(ranges([0, 1, 2, 3, 7, 9, 10]), "0-3,7,9-10");
        assert_eq!(ranges([]), "");
    }

    #[test]
    fn the_script_holds_every_option() {
        let spec = SlurmSpec {
            options: vec![("partition", "long".into()), ("mem", "4G".into())],
            nodes: Some(8),
            cpus_per_task: 2,
            lines: vec!["--qos=high".into()],
            ..SlurmSpec::default()
        };
        let worker = ["/opt/it's here/druse", "worker", "--campaign", "/data/a b"].map(str::to_owned);
        let array = Array { offset: 40, units: vec![40, 41, 43], attempt: 2 };
        insta::assert_snapshot!(array.script("ab12", &spec, &worker));
    }
}
