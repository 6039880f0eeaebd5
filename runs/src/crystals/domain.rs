//! Crystals as campaign, summary and command line see them.

use std::collections::BTreeSet;

use druse_fitness::property;
use druse_representations::io::{Format, Record, calculated, write_bytes};
use druse_representations::{Composition, Crystal, Element, Exchange, Site};
use druse_validation::fingerprint::Invariants;
use rayon::prelude::*;
use serde_json::{Map, json};

use super::{ConstraintTier, Standardised, drawing, evaluation, files, names, needs_hull, pipeline};
use crate::config::{Campaign, CrystalSpec, Domain as Kind};
use crate::domain::{Details, Difference, Domain, ExportError, Judge, Label, Portrait, Prepared, properties};
use crate::engine::Evaluate;
use crate::setup::SetupError;
use crate::store::{CandidateRow, StoreError};

/// The domain of crystals.
pub struct Crystals;

/// The settings of crystals; those of another domain are never asked for.
fn spec(campaign: &Campaign) -> Result<&CrystalSpec, SetupError> {
    match &campaign.domain {
        Kind::Crystal(spec) => Ok(spec),
        other => Err(SetupError::OtherDomain { found: other.name() }),
    }
}

impl Domain for Crystals {
    fn prepare(&self, campaign: &Campaign, device: &str) -> Result<Box<dyn Prepared>, SetupError> {
        Ok(Box::new(pipeline(campaign, spec(campaign)?, device)?))
    }

    fn evaluation(&self, campaign: &Campaign, device: &str) -> Result<Box<dyn Evaluate>, SetupError> {
        Ok(Box::new(evaluation(campaign, spec(campaign)?, device)?))
    }

    fn judge(&self, campaign: &Campaign) -> Result<Judge, SetupError> {
        let constraints = ConstraintTier::new(spec(campaign)?.space.clone());
        Ok(Box::new(move |row| Ok(constraints.check(&row.design()?).err())))
    }

    fn label(&self, row: &CandidateRow) -> Result<Label, StoreError> {
        let crystal: Crystal = row.design()?;
        Ok(label(&crystal, Standardised::of(&crystal).as_ref()))
    }

    fn formula(&self, row: &CandidateRow) -> Result<String, StoreError> {
        Ok(row.design::<Crystal>()?.composition().reduced_formula())
    }

    fn portrait(&self, row: &CandidateRow) -> Result<Portrait, StoreError> {
        let crystal: Crystal = row.design()?;
        let standardised = Standardised::of(&crystal);
        let (space_group, structure) = drawing::of(&crystal, standardised.as_ref());
        Ok(Portrait {
            label: label(&crystal, standardised.as_ref()),
            structure: Some(structure),
            elements: crystal.composition().elements().collect(),
            space_group: Some(space_group),
        })
    }

    fn shape_heading(&self) -> &'static str {
        "space group"
    }

    fn novelty_heading(&self) -> &'static str {
        "known"
    }

    fn remarks(&self, campaign: &Campaign) -> Vec<String> {
        let relax = spec(campaign).ok().and_then(|spec| spec.relax.as_ref());
        match relax.map_or(0.0, |relax| relax.pressure) {
            0.0 => Vec::new(),
            _ if !needs_hull(names(campaign)) => Vec::new(),
            pressure => vec![format!("energy above hull is enthalpy above hull at {pressure} GPa")],
        }
    }

    fn file(&self, row: &CandidateRow) -> Result<(&'static str, String), StoreError> {
        files::cif_of(row).map(|text| ("cif", text))
    }

    fn formats(&self) -> &'static [&'static str] {
        &["cif", "poscar", "extxyz", "xyz", "json", "jsonl", "pymatgen", "asedb", "optimade"]
    }

    fn export(&self, rows: &[&CandidateRow], format: &str) -> Result<Vec<(String, Vec<u8>)>, ExportError> {
        let name = if format == "xyz" { "extxyz" } else { format };
        let unknown = || ExportError::UnknownFormat { found: format.to_owned(), expected: self.formats() };
        let format: Format = name.parse().map_err(|_| unknown())?;
        let records: Vec<Record> = rows.iter().map(|row| record(row)).collect::<Result<_, _>>()?;
        let extension = format.extension();
        let one = |record: &Record| {
            let bytes = write_bytes(format, std::slice::from_ref(record))?;
            Ok((format!("{}.{extension}", record.id), bytes))
        };
        match format {
            Format::Cif | Format::Poscar => records.iter().map(one).collect(),
            _ => Ok(vec![(format!("candidates.{extension}"), write_bytes(format, &records)?)]),
        }
    }

    /// Half the sum of the differences in the shares of the elements, as far as it leaves room added to by the
    /// structure: half the difference of the average minimum distances (in (V/N)^(1/3), at most 1).
    fn difference(&self, rows: &[&CandidateRow]) -> Result<Difference, StoreError> {
        let features: Vec<(Composition, Option<Invariants>)> = rows
            .par_iter()
            .map(|row| {
                let crystal: Crystal = row.design()?;
                Ok((crystal.composition(), Invariants::of(&crystal).ok()))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Box::new(move |a, b| {
            let ((one, shape), (other, other_shape)) = (&features[a], &features[b]);
            let elements: BTreeSet<Element> = one.elements().chain(other.elements()).collect();
            let shares = elements.into_iter().map(|e| (one.fraction(e) - other.fraction(e)).abs());
            let composition = shares.sum::<f64>() / 2.0;
            let structure = shape.as_ref().zip(other_shape.as_ref());
            let structure = structure.map_or(0.0, |(x, y)| f64::from(x.blind_distance(y)).min(1.0) / 2.0);
            1.0 - (1.0 - composition) * (1.0 - structure)
        }))
    }

    fn details(&self, row: &CandidateRow) -> Result<Details, StoreError> {
        let crystal: Crystal = row.design()?;
        let mut lines = Vec::new();
        if let Some(found) = Standardised::of(&crystal) {
            lines.push(("space group", format!("{} ({})", found.symbol, found.number)));
        }
        let [a, b, c, alpha, beta, gamma] = crystal.lattice.parameters();
        lines.push(("cell", format!("{a:.4} {b:.4} {c:.4} Å, {alpha:.2} {beta:.2} {gamma:.2}°")));
        let site = |site: &Site| {
            let species: Vec<&str> =
                site.occupants.iter().map(|occupant| occupant.element.symbol()).collect();
            let mut cells = vec![species.join(" ")];
            cells.extend(site.frac.iter().map(|x| format!("{x:.5}")));
            cells
        };
        Ok(Details {
            lines,
            heading: vec!["site", "x", "y", "z"],
            atoms: crystal.sites.iter().map(site).collect(),
            structure: crystal.to_exchange(),
        })
    }
}

fn label(crystal: &Crystal, standardised: Option<&Standardised>) -> Label {
    let group = standardised.map(|found| (found.number, found.symbol.clone()));
    let (number, symbol) = group.clone().unwrap_or((1, "P1".to_owned()));
    let fields = Map::from_iter([("space_group".to_owned(), json!(group))]);
    Label {
        formula: crystal.composition().reduced_formula(),
        shape: group.map(|(_, symbol)| symbol),
        file_part: number.to_string(),
        fields,
        columns: vec![("space_group", number.to_string()), ("symbol", symbol)],
    }
}

/// The relaxed design with all that is known of it, and the energy of its cell where one was computed.
fn record(row: &CandidateRow) -> Result<Record, StoreError> {
    let crystal: Crystal = row.design()?;
    let id = format!("{}-{}", row.number, crystal.composition().reduced_formula());
    let mut properties = properties(row);
    if let Some(energy) = row.properties.get(property::ENERGY_PER_ATOM) {
        let cell = json!(energy * crystal.sites.len() as f64);
        properties.entry(calculated::ENERGY).or_insert(cell);
    }
    Ok(Record { id, crystal, properties, source: String::new() })
}
