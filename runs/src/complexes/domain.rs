//! Complexes as campaign, summary and command line see them.

use std::collections::BTreeMap;

use druse_representations::ligand::{Fingerprint, similarity};
use druse_representations::{Complex, Element};
use serde_json::{Map, Value, json};

use super::{drawing, evaluation, files, pipeline, space};
use crate::config::{Campaign, ComplexSpec, Domain as Kind};
use crate::domain::{Details, Difference, Domain, ExportError, Judge, Label, Portrait, Prepared, properties};
use crate::engine::Evaluate;
use crate::setup::SetupError;
use crate::store::{CandidateRow, StoreError};

/// The domain of transition-metal complexes.
pub struct Complexes;

/// The settings of complexes; those of another domain are never asked for.
fn spec(campaign: &Campaign) -> Result<&ComplexSpec, SetupError> {
    match &campaign.domain {
        Kind::Complex(spec) => Ok(spec),
        other => Err(SetupError::OtherDomain { found: other.name() }),
    }
}

impl Domain for Complexes {
    /// xtb and assembly run on the processor, so there is no device to choose.
    fn prepare(&self, campaign: &Campaign, _device: &str) -> Result<Box<dyn Prepared>, SetupError> {
        Ok(Box::new(pipeline(campaign, spec(campaign)?)?))
    }

    fn evaluation(&self, campaign: &Campaign, _device: &str) -> Result<Box<dyn Evaluate>, SetupError> {
        let spec = spec(campaign)?;
        let library = super::library(spec)?;
        let space = space(spec, library.as_deref())?;
        Ok(Box::new(evaluation(campaign, spec, &space, library)?))
    }

    fn judge(&self, campaign: &Campaign) -> Result<Judge, SetupError> {
        let spec = spec(campaign)?;
        let library = super::library(spec)?;
        let space = space(spec, library.as_deref())?;
        Ok(Box::new(move |row| {
            let complex: Complex = row.design()?;
            // The spin may change on the way: which state is the lowest is found out by the tiers.
            let proposed: Complex = row.proposed()?;
            let complex = Complex { multiplicity: proposed.multiplicity, ..complex };
            Ok(space.check_complex(&complex).err().map(|violation| violation.to_string()))
        }))
    }

    fn label(&self, row: &CandidateRow) -> Result<Label, StoreError> {
        Ok(label(&row.design()?))
    }

    fn formula(&self, row: &CandidateRow) -> Result<String, StoreError> {
        Ok(files::formula(&row.design()?))
    }

    fn portrait(&self, row: &CandidateRow) -> Result<Portrait, StoreError> {
        let complex: Complex = row.design()?;
        Ok(Portrait {
            label: label(&complex),
            structure: drawing::of(&complex),
            elements: complex.elements().collect(),
            space_group: None,
        })
    }

    fn shape_heading(&self) -> &'static str {
        "geometry"
    }

    fn novelty_heading(&self) -> &'static str {
        "ligands\nand metal"
    }

    fn file(&self, row: &CandidateRow) -> Result<(&'static str, String), StoreError> {
        let complex: Complex = row.design()?;
        let id = format!("candidate-{}", row.number);
        let notes = row
            .novelty
            .as_ref()
            .map_or_else(String::new, |nearest| format!("novelty=\"{}\" ", nearest.novelty.words()));
        let text = files::xyz(&complex, &id, &notes)
            .ok_or_else(|| StoreError::Unwritable(format!("candidate {} has no positions", row.number)))?;
        Ok(("xyz", text))
    }

    fn formats(&self) -> &'static [&'static str] {
        &["xyz", "jsonl"]
    }

    fn export(&self, rows: &[&CandidateRow], format: &str) -> Result<Vec<(String, Vec<u8>)>, ExportError> {
        match format {
            "xyz" => rows
                .iter()
                .map(|row| Ok((format!("candidate-{}.xyz", row.number), self.file(row)?.1.into_bytes())))
                .collect(),
            "jsonl" => {
                let lines: Vec<String> = rows.iter().map(|row| line(row)).collect::<Result<_, _>>()?;
                Ok(vec![("candidates.jsonl".to_owned(), lines.concat().into_bytes())])
            }
            _ => Err(ExportError::UnknownFormat { found: format.to_owned(), expected: self.formats() }),
        }
    }

    /// A third for another metal, the rest for ligands without common fragments (1 - Tanimoto's coefficient of
    /// the circular fragments of all ligands). Isomers are alike.
    fn difference(&self, rows: &[&CandidateRow]) -> Result<Difference, StoreError> {
        let features: Vec<(Element, Fragments)> = rows
            .iter()
            .map(|row| {
                let complex: Complex = row.design()?;
                Ok((complex.metal, Fragments::of(&complex)))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Box::new(move |a, b| {
            let ((metal, fragments), (other, others)) = (&features[a], &features[b]);
            let metals = if metal == other { 0.0 } else { 1.0 };
            (metals + 2.0 * (1.0 - fragments.tanimoto(others))) / 3.0
        }))
    }

    fn details(&self, row: &CandidateRow) -> Result<Details, StoreError> {
        let complex: Complex = row.design()?;
        let lines = vec![
            ("geometry", files::shape(&complex)),
            ("charge", complex.charge().to_string()),
            ("multiplicity", complex.multiplicity.to_string()),
            ("complex", complex.to_string()),
        ];
        let positions = complex.positions.iter().flatten();
        let atom = |(element, position): (druse_representations::Element, &[f64; 3])| {
            let mut cells = vec![element.to_string()];
            cells.extend(position.iter().map(|x| format!("{x:.4}")));
            cells
        };
        Ok(Details {
            lines,
            heading: vec!["atom", "x (Å)", "y (Å)", "z (Å)"],
            atoms: complex.elements().zip(positions).map(atom).collect(),
            structure: structure(&complex),
        })
    }
}

fn label(complex: &Complex) -> Label {
    let (text, geometry) = (complex.to_string(), complex.geometry.symbol());
    let (charge, multiplicity) = (complex.charge(), complex.multiplicity);
    let fields = Map::from_iter([
        ("complex".to_owned(), json!(text)),
        ("geometry".to_owned(), json!(geometry)),
        ("isomer".to_owned(), json!(complex.isomer_label())),
        ("charge".to_owned(), json!(charge)),
        ("multiplicity".to_owned(), json!(multiplicity)),
    ]);
    Label {
        formula: files::formula(complex),
        shape: Some(files::shape(complex)),
        file_part: geometry.to_owned(),
        fields,
        columns: vec![
            ("complex", text),
            ("geometry", geometry.to_owned()),
            ("charge", charge.to_string()),
            ("multiplicity", multiplicity.to_string()),
        ],
    }
}

/// A complex for machines: elements and positions (Å) of its atoms, and the whole-complex string.
fn structure(complex: &Complex) -> Value {
    let elements: Vec<&str> = complex.elements().map(|element| element.symbol()).collect();
    json!({ "complex": complex.to_string(), "species": elements, "positions": complex.positions })
}

/// One line of JSON with structure and all that is known.
fn line(row: &CandidateRow) -> Result<String, StoreError> {
    let complex: Complex = row.design()?;
    let mut value = structure(&complex);
    value["id"] = json!(format!("candidate-{}", row.number));
    value["charge"] = json!(complex.charge());
    value["multiplicity"] = json!(complex.multiplicity);
    value["properties"] = Value::Object(properties(row));
    Ok(format!("{value}\n"))
}

/// Circular fragments of all ligands of a complex with their counts.
struct Fragments(BTreeMap<u32, u32>);

impl Fragments {
    fn of(complex: &Complex) -> Self {
        let mut counts = BTreeMap::new();
        for placed in &complex.ligands {
            for &(fragment, count) in Fingerprint::of(&placed.ligand).counts() {
                *counts.entry(fragment).or_default() += count;
            }
        }
        Self(counts)
    }

    fn tanimoto(&self, other: &Self) -> f64 {
        let common = self.0.iter().filter_map(|(fragment, count)| Some(*other.0.get(fragment)?.min(count)));
        similarity(common.sum(), self.0.values().sum(), other.0.values().sum())
    }
}
