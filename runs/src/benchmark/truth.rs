//! Spaces of complexes with what every one of them is worth.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use druse_datasets::ligands::LigandLibrary;
use druse_fitness::pareto;
use druse_generators::ComplexSpace;
use druse_representations::Complex;
use druse_representations::io::write_atomically;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::campaign::{self, CampaignError};
use crate::complexes::space;
use crate::config::{self, ConfigError, Domain};
use crate::engine::ObjectiveInfo;
use crate::plugins::Plugins;
use crate::setup::SetupError;
use crate::store::{Status, Store, StoreError};

/// Why there is no such truth table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TruthError {
    /// The file cannot be read or written.
    #[error("cannot use the truth table '{}': {source}", path.display())]
    File {
        /// File.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// The file is no truth table.
    #[error("'{name}' is no truth table: {reason}")]
    Form {
        /// File or name.
        name: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// No truth table of this name comes with druse.
    #[error("found '{found}', expected a file or one of {}", .known.join(", "))]
    Unknown {
        /// Name as given.
        found: String,
        /// Names that there are.
        known: Vec<&'static str>,
    },
    /// The campaign is not one that labelled a whole space.
    #[error("'{}' did not label a whole space: {reason}", path.display())]
    Incomplete {
        /// Folder of the campaign.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// The campaign cannot be read.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The space of the table cannot be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The campaign file inside the table has mistakes.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// What stands in the first line of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    format: String,
    name: String,
    /// Campaign file of the space.
    campaign: String,
    protocol: Vec<String>,
    objectives: Vec<ObjectiveInfo>,
    rows: usize,
}

const FORMAT: &str = "druse truth table 1";

/// One complex of the space.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthRow {
    /// Whole-complex string.
    pub complex: String,
    /// Values of the objectives in their order, or why there are none.
    pub outcome: Result<Vec<f64>, String>,
}

/// A space and what every complex of it is worth.
#[derive(Clone, Debug)]
pub struct TruthTable {
    header: Header,
    /// Rows by content id.
    rows: BTreeMap<String, TruthRow>,
}

impl TruthTable {
    /// The table of a finished campaign whose generator went through the whole space.
    ///
    /// # Errors
    /// When the campaign is of another kind or not finished.
    pub fn of_campaign(directory: &Path) -> Result<Self, TruthError> {
        let incomplete =
            |reason: &str| TruthError::Incomplete { path: directory.to_owned(), reason: reason.to_owned() };
        let store = Store::read(directory)?;
        let campaign = campaign::load(directory, &Plugins::default())?;
        if campaign.generators.iter().any(|generator| generator.kind != "exhaustive") {
            return Err(incomplete("its generator is not 'exhaustive'"));
        }
        let objectives = campaign::objectives(&store)?;
        let mut rows = BTreeMap::new();
        for row in store.candidates()? {
            let outcome = match row.status {
                Status::Evaluated => Ok(objectives
                    .iter()
                    .map(|objective| row.objectives.get(&objective.name).copied().unwrap_or(f64::NAN))
                    .collect()),
                Status::Rejected | Status::Failed => Err(row.reason.clone().unwrap_or_default()),
                Status::Proposed | Status::Duplicate => return Err(incomplete("not all is evaluated")),
            };
            let complex: Complex = row.proposed()?;
            rows.insert(row.content_id.clone(), TruthRow { complex: complex.to_string(), outcome });
        }
        let table = Self {
            header: Header {
                format: FORMAT.to_owned(),
                name: campaign.name.clone(),
                campaign: campaign.to_toml().map_err(CampaignError::from)?,
                protocol: campaign::protocol(&store)?,
                objectives,
                rows: rows.len(),
            },
            rows,
        };
        match table.space()?.enumerate() {
            Ok(all) if all.len() == table.rows.len() => Ok(table),
            Ok(all) => Err(incomplete(&format!("{} of {} complexes", table.rows.len(), all.len()))),
            Err(error) => Err(incomplete(&error.to_string())),
        }
    }

    /// Reads a table, plain or gzip-compressed.
    ///
    /// # Errors
    /// When the file cannot be read or is no such table.
    pub fn read(path: &Path) -> Result<Self, TruthError> {
        let bytes =
            std::fs::read(path).map_err(|source| TruthError::File { path: path.to_owned(), source })?;
        Self::parse(&bytes, &path.display().to_string())
    }

    fn parse(bytes: &[u8], name: &str) -> Result<Self, TruthError> {
        let form = |reason: String| TruthError::Form { name: name.to_owned(), reason };
        let mut text = String::new();
        let read = match bytes.starts_with(&[0x1f, 0x8b]) {
            true => GzDecoder::new(bytes).read_to_string(&mut text),
            false => { bytes }.read_to_string(&mut text),
        };
        read.map_err(|error| form(error.to_string()))?;
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let header: Header = serde_json::from_str(first).map_err(|error| form(format!("line 1: {error}")))?;
        if header.format != FORMAT {
            return Err(form(format!("found the format '{}', expected '{FORMAT}'", header.format)));
        }
        let mut rows = BTreeMap::new();
        for (index, line) in rest.lines().enumerate() {
            let number = index + 2;
            let (id, row) = read_row(line, header.objectives.len()).ok_or_else(|| {
                form(format!("line {number}: found '{line}', expected a complex with its values"))
            })?;
            rows.insert(id, row);
        }
        if rows.len() != header.rows {
            return Err(form(format!("found {} complexes, expected {}", rows.len(), header.rows)));
        }
        Ok(Self { header, rows })
    }

    /// Writes the table, gzip-compressed, in one piece; equal tables give equal bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), TruthError> {
        let file = |source| TruthError::File { path: path.to_owned(), source };
        let mut text = serde_json::to_string(&self.header).map_err(|error| file(error.into()))? + "\n";
        for (id, row) in &self.rows {
            let outcome = match &row.outcome {
                Ok(values) => values.iter().map(f64::to_string).collect::<Vec<_>>().join("\t"),
                Err(reason) => format!("!{}", reason.replace(['\t', '\n'], " ")),
            };
            text += &format!("{id}\t{}\t{outcome}\n", row.complex);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes()).map_err(file)?;
        let bytes = encoder.finish().map_err(file)?;
        write_atomically(path, &bytes).map_err(file)
    }

    /// Name of the space.
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// Everything that the values depend on.
    pub fn protocol(&self) -> &[String] {
        &self.header.protocol
    }

    /// The objectives.
    pub fn objectives(&self) -> &[ObjectiveInfo] {
        &self.header.objectives
    }

    /// Number of complexes.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Complexes without values.
    pub fn failed(&self) -> usize {
        self.rows.values().filter(|row| row.outcome.is_err()).count()
    }

    /// The space that the table covers.
    ///
    /// # Errors
    /// When ligands are absent.
    pub fn space(&self) -> Result<ComplexSpace, TruthError> {
        let campaign = config::parse(&self.header.campaign, &self.header.name, Path::new("."), None)?;
        let Domain::Complex(spec) = &campaign.domain else {
            return Err(TruthError::Form {
                name: campaign.name,
                reason: "not a space of complexes".to_owned(),
            });
        };
        let library = spec.ligands.library.is_some().then(LigandLibrary::find).transpose();
        let library = library.map_err(SetupError::from)?;
        Ok(space(spec, library.as_ref())?)
    }

    /// Values of each complex as numbers to minimise; `None` for one that failed.
    pub fn costs(&self) -> BTreeMap<&str, Option<Vec<f64>>> {
        let costs = |values: &Vec<f64>| {
            self.header.objectives.iter().zip(values).map(|(objective, &x)| objective.goal.cost(x)).collect()
        };
        self.rows.iter().map(|(id, row)| (id.as_str(), row.outcome.as_ref().ok().map(costs))).collect()
    }

    /// The scale on which the costs of the whole space span 0 (best) to 1 (worst) in each objective.
    pub fn scale(&self) -> Scale {
        let costs = self.costs();
        let mut scale =
            Scale { ranges: vec![(f64::INFINITY, f64::NEG_INFINITY); self.header.objectives.len()] };
        for costs in costs.values().flatten() {
            for ((low, high), &x) in scale.ranges.iter_mut().zip(costs) {
                (*low, *high) = (low.min(x), high.max(x));
            }
        }
        scale
    }

    /// Content ids of the true Pareto front.
    pub fn front(&self) -> Vec<&str> {
        let (ids, costs): (Vec<&str>, Vec<Vec<f64>>) =
            self.costs().into_iter().filter_map(|(id, costs)| Some((id, costs?))).unzip();
        let first = pareto::fronts(&costs, &[]).into_iter().next().unwrap_or_default();
        first.into_iter().map(|index| ids[index]).collect()
    }
}

/// Smallest and largest cost of a space in each objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    ranges: Vec<(f64, f64)>,
}

impl Scale {
    /// Costs from 0 (best) to 1 (worst).
    pub fn apply(&self, costs: &[f64]) -> Vec<f64> {
        let one =
            |(x, &(low, high)): (&f64, &(f64, f64))| if high > low { (x - low) / (high - low) } else { 0.0 };
        costs.iter().zip(&self.ranges).map(one).collect()
    }
}

fn read_row(line: &str, objectives: usize) -> Option<(String, TruthRow)> {
    let mut cells = line.split('\t');
    let (id, complex) = (cells.next()?.to_owned(), cells.next()?.to_owned());
    let rest: Vec<&str> = cells.collect();
    let outcome = match rest.first()?.strip_prefix('!') {
        Some(reason) => Err(reason.to_owned()),
        None => {
            let values: Vec<f64> = rest.iter().map(|cell| cell.parse().ok()).collect::<Option<_>>()?;
            (values.len() == objectives && values.iter().all(|x| x.is_finite())).then_some(Ok(values))?
        }
    };
    Some((id, TruthRow { complex, outcome }))
}

/// Tables that come with druse: name and gzip-compressed contents.
const SHIPPED: [(&str, &[u8]); 2] = [
    ("pd-square-planar", include_bytes!("../../benchmarks/pd-square-planar.truth.gz")),
    ("octahedral-chelates", include_bytes!("../../benchmarks/octahedral-chelates.truth.gz")),
];

/// The table of this name that comes with druse.
///
/// # Errors
/// When there is none; the message lists those that there are.
pub fn shipped(name: &str) -> Result<TruthTable, TruthError> {
    match SHIPPED.iter().find(|(known, _)| *known == name) {
        Some((_, bytes)) => TruthTable::parse(bytes, name),
        None => {
            Err(TruthError::Unknown { found: name.to_owned(), known: SHIPPED.map(|(name, _)| name).to_vec() })
        }
    }
}
