//! Choice of sites for ligands that may go anywhere.

use std::borrow::Cow;

use druse_representations::complex::ComplexError;
use druse_representations::nalgebra::Vector3;
use druse_representations::{Complex, Geometry, Ligand};

use super::distances::Distances;
use super::topology::Topology;
use super::{Assembled, AssemblyError, Options, assemble, embed, fit};

type Point = Vector3<f64>;

/// Ways to place a part of the ligands that are followed at the same time.
const BEAM: usize = 48;
/// Placements that are built at most.
const BUILT: usize = 6;
/// Angle (degrees) by which a placement may miss before ligand and metal are moved to their
/// distance; the final limit is that of the options.
const ROUGH_MISFIT: f64 = 50.0;
/// Shapes that are made of a ligand without coordinates.
const SHAPES: usize = 12;
/// Donors with at most this many bonds between them are not on opposite sites.
const SHORT_BRIDGE: u8 = 4;

/// One way to put a ligand on sites.
struct Way<'a> {
    ligand: Cow<'a, Ligand>,
    sites: Vec<usize>,
    /// Mean square of the angles (degrees) between donors and sites.
    misfit: f64,
}

/// Ligands placed so far: for each of them the number of its way.
#[derive(Clone, Default)]
struct Partial {
    ways: Vec<usize>,
    taken: u32,
    misfit: f64,
}

/// Builds a complex whose ligands may go on any sites: the sites given are ignored. Every set of free
/// sites is tried, judged by how well the donors point to them; the best few are built, and the first
/// without clashes, or else the one with the least, is returned with its sites and positions.
///
/// # Errors
/// When the donors are not as many as the sites, some ligand fits no sites, or no placement can be built.
pub fn place_freely(
    complex: &Complex,
    distances: &Distances,
    options: &Options,
) -> Result<(Complex, Assembled), AssemblyError> {
    let geometry = complex.geometry;
    let count: usize = complex.ligands.iter().map(|placed| placed.ligand.donors.len()).sum();
    if count != geometry.site_count() {
        let (donors, sites) = (count, geometry.site_count());
        return Err(ComplexError::CoordinationNumber { donors, sites, geometry }.into());
    }
    let mut order: Vec<usize> = (0..complex.ligands.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(complex.ligands[i].ligand.donors.len()));
    let mut ways = Vec::new();
    for (rank, &number) in order.iter().enumerate() {
        let ligand = &complex.ligands[number].ligand;
        super::prepare::check(ligand)?;
        ways.push(ways_of(ligand, complex, rank == 0, distances, options)?);
    }
    let mut best: Option<(Complex, Assembled)> = None;
    let mut error = None;
    for partial in placements(&ways).into_iter().take(BUILT) {
        let mut candidate = complex.clone();
        for ((&number, &way), ways) in order.iter().zip(&partial.ways).zip(&ways) {
            candidate.ligands[number].ligand = ways[way].ligand.clone().into_owned();
            candidate.ligands[number].sites.clone_from(&ways[way].sites);
        }
        match assemble(&candidate, distances, options) {
            Ok(assembled) => {
                let clean = assembled.report.clash <= options.tolerance || assembled.report.relieved;
                let better = best.as_ref().is_none_or(|(_, old)| assembled.report.clash < old.report.clash);
                if better {
                    candidate.positions = Some(assembled.positions.clone());
                    best = Some((candidate, assembled));
                }
                if clean {
                    break;
                }
            }
            Err(found) => error = Some(found),
        }
    }
    best.ok_or_else(|| {
        error.unwrap_or_else(|| AssemblyError::Unplaceable {
            geometry,
            ligands: complex.ligands.iter().map(|placed| placed.ligand.name.clone()).collect(),
        })
    })
}

/// Complete placements, best first.
fn placements(ways: &[Vec<Way>]) -> Vec<Partial> {
    let mut beam = vec![Partial::default()];
    for ways in ways {
        let mut next = Vec::new();
        for partial in &beam {
            for (number, way) in ways.iter().enumerate() {
                let sites = way.sites.iter().fold(0, |set, &site| set | 1 << site);
                if partial.taken & sites == 0 {
                    let mut longer = partial.clone();
                    longer.ways.push(number);
                    longer.taken |= sites;
                    longer.misfit += way.misfit;
                    next.push(longer);
                }
            }
        }
        next.sort_by(|a, b| a.misfit.total_cmp(&b.misfit));
        next.truncate(BEAM);
        beam = next;
    }
    beam
}

/// All ways to place one ligand; for the first one, up to rotation of the polyhedron.
fn ways_of<'a>(
    ligand: &'a Ligand,
    complex: &Complex,
    first: bool,
    distances: &Distances,
    options: &Options,
) -> Result<Vec<Way<'a>>, AssemblyError> {
    let geometry = complex.geometry;
    let mut tuples = Vec::new();
    extend(geometry.site_count(), ligand.donors.len(), &mut Vec::new(), &mut tuples);
    if first || ligand.positions.is_none() {
        tuples.retain(|tuple| {
            geometry.rotations().iter().all(|r| tuple.iter().map(|&s| r[s]).ge(tuple.iter().copied()))
        });
    }
    if let Some(positions) = &ligand.positions {
        let points: Vec<Point> = positions.iter().map(|&p| p.into()).collect();
        let units: Vec<Point> = fit::donor_points(&points, &ligand.donors).iter().map(fit::unit).collect();
        return Ok(tuples
            .into_iter()
            .filter_map(|sites| {
                let misfit = misfit(&units, &sites, geometry)?;
                Some(Way { ligand: Cow::Borrowed(ligand), sites, misfit })
            })
            .collect());
    }
    let bridges = short_bridges(ligand);
    tuples.retain(|t| bridges.iter().all(|&[a, b]| geometry.angle(t[a], t[b]) < 135.0));
    let mut ways: Vec<Way> = Vec::new();
    for sites in tuples.into_iter().take(SHAPES) {
        let directions: Vec<[f64; 3]> = sites.iter().map(|&site| geometry.sites()[site]).collect();
        let Ok(shaped) = embed(ligand, complex.metal, Some(&directions), distances, options.seed) else {
            continue;
        };
        let points: Vec<Point> = shaped.positions.iter().flatten().map(|&p| p.into()).collect();
        let units: Vec<Point> = fit::donor_points(&points, &ligand.donors).iter().map(fit::unit).collect();
        if let Some(misfit) = misfit(&units, &sites, geometry) {
            let mut images: Vec<Vec<usize>> = if first {
                vec![sites]
            } else {
                geometry.rotations().iter().map(|r| sites.iter().map(|&s| r[s]).collect()).collect()
            };
            images.sort_unstable();
            images.dedup();
            ways.extend(images.into_iter().map(|sites| Way {
                ligand: Cow::Owned(shaped.clone()),
                sites,
                misfit,
            }));
        }
    }
    if ways.is_empty() { Err(AssemblyError::Shapeless { ligand: ligand.name.clone() }) } else { Ok(ways) }
}

/// Ordered choices of `length` out of `count` sites, in lexical order.
fn extend(count: usize, length: usize, tuple: &mut Vec<usize>, tuples: &mut Vec<Vec<usize>>) {
    if tuple.len() == length {
        tuples.push(tuple.clone());
        return;
    }
    for site in 0..count {
        if !tuple.contains(&site) {
            tuple.push(site);
            extend(count, length, tuple, tuples);
            tuple.pop();
        }
    }
}

/// Mean square of the angles between donors and sites; `None` when one is too large.
fn misfit(units: &[Point], sites: &[usize], geometry: Geometry) -> Option<f64> {
    // Cheap test first: two donors cannot both be near if their angle is not that of the sites.
    for a in 0..sites.len() {
        for b in 0..a {
            let angle = units[a].dot(&units[b]).clamp(-1.0, 1.0).acos().to_degrees();
            if (angle - geometry.angle(sites[a], sites[b])).abs() > 80.0 {
                return None;
            }
        }
    }
    let directions: Vec<Point> = sites.iter().map(|&site| geometry.sites()[site].into()).collect();
    let turn = fit::rotation(units, &directions);
    let mut sum = 0.0;
    for (unit, direction) in units.iter().zip(&directions) {
        let angle = (turn * unit).dot(direction).clamp(-1.0, 1.0).acos().to_degrees();
        if angle > ROUGH_MISFIT {
            return None;
        }
        sum += angle * angle;
    }
    Some(sum / sites.len() as f64)
}

/// Pairs of donors with few bonds between them.
fn short_bridges(ligand: &Ligand) -> Vec<[usize; 2]> {
    let topology = Topology::new(ligand);
    let mut pairs = Vec::new();
    for (a, group) in ligand.donors.iter().enumerate() {
        let bonds = topology.bonds_from(group[0], SHORT_BRIDGE);
        for (b, other) in ligand.donors.iter().enumerate().take(a) {
            if other.iter().any(|&atom| bonds[atom] != u8::MAX) {
                pairs.push([a, b]);
            }
        }
    }
    pairs
}
