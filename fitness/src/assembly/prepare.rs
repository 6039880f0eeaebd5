//! Each ligand on its own: checked, given a shape, and placed on its sites.

use druse_representations::nalgebra::Vector3;
use druse_representations::{Complex, Ligand, PlacedLigand};

use super::distances::Distances;
use super::topology::Topology;
use super::{AssemblyError, BENDABLE, Options, embed, fit, ideal};

type Point = Vector3<f64>;

/// A ligand placed on its sites as if it were alone.
pub(super) struct Prepared<'a> {
    pub(super) name: &'a str,
    pub(super) topology: Topology,
    pub(super) points: Vec<Point>,
    pub(super) donors: &'a [Vec<usize>],
    pub(super) sites: Vec<Point>,
    pub(super) atom_distances: Vec<f64>,
    pub(super) point_distances: Vec<f64>,
    /// Largest angle (degrees) between a donor and its site.
    pub(super) misfit: f64,
    /// Whether this is the mirror image of the shape given.
    pub(super) is_mirrored: bool,
}

pub(super) fn prepare<'a>(
    complex: &'a Complex,
    distances: &Distances,
    options: &Options,
) -> Result<Vec<Prepared<'a>>, AssemblyError> {
    complex.check()?;
    complex
        .ligands
        .iter()
        .map(|placed| {
            let prepared = prepare_ligand(placed, complex, distances, options)?;
            if prepared.misfit > BENDABLE * options.misfit {
                return Err(AssemblyError::Misfit {
                    ligand: placed.ligand.name.clone(),
                    angle: prepared.misfit,
                    limit: options.misfit,
                });
            }
            Ok(prepared)
        })
        .collect()
}

fn prepare_ligand<'a>(
    placed: &'a PlacedLigand,
    complex: &Complex,
    distances: &Distances,
    options: &Options,
) -> Result<Prepared<'a>, AssemblyError> {
    let ligand = &placed.ligand;
    check(ligand)?;
    let directions: Vec<[f64; 3]> = placed.sites.iter().map(|&site| complex.geometry.sites()[site]).collect();
    let positions = match &ligand.positions {
        Some(positions) => positions.clone(),
        None => {
            let shaped = embed(ligand, complex.metal, Some(&directions), distances, options.seed)?;
            shaped.positions.unwrap_or_default()
        }
    };
    let topology = Topology::new(ligand);
    let mut points: Vec<Point> = positions.into_iter().map(Into::into).collect();
    stretch_hydrogens(&topology, &mut points);
    let sites: Vec<Point> = directions.into_iter().map(Into::into).collect();
    let chelate = ligand.donors.len() > 1;
    let atom_distances: Vec<f64> = ligand
        .donors
        .iter()
        .map(|group| {
            let elements: Vec<_> = group.iter().map(|&atom| topology.elements[atom]).collect();
            distances.donor(complex.metal, &elements, chelate)
        })
        .collect();
    let point_distances: Vec<f64> = ligand
        .donors
        .iter()
        .zip(&atom_distances)
        .map(|(group, &distance)| fit::centre_distance(&points, group, distance))
        .collect();
    let mut mirrored: Vec<Point> = points.iter().map(|p| -p).collect();
    let mut misfit = fit::place(&mut points, &ligand.donors, &sites, &point_distances);
    let mut is_mirrored = false;
    // Flexible chelates wrap around the metal either way; the graph does not say which.
    if misfit > options.misfit && ligand.donors.len() > 2 {
        let other = fit::place(&mut mirrored, &ligand.donors, &sites, &point_distances);
        if other < misfit {
            (points, misfit, is_mirrored) = (mirrored, other, true);
        }
    }
    Ok(Prepared {
        name: &ligand.name,
        topology,
        points,
        donors: &ligand.donors,
        sites,
        atom_distances,
        point_distances,
        misfit,
        is_mirrored,
    })
}

pub(super) fn check(ligand: &Ligand) -> Result<(), AssemblyError> {
    ligand.check().map_err(|reason| AssemblyError::Ligand { ligand: ligand.name.clone(), reason })
}

/// Gives hydrogens the distance of neutron diffraction from their only neighbour: in X-ray structures
/// they are too near, some by half of the length.
fn stretch_hydrogens(topology: &Topology, points: &mut [Point]) {
    for atom in 0..topology.len() {
        if let [(other, order)] = topology.neighbours[atom][..]
            && topology.is_hydrogen(atom)
            && !topology.is_hydrogen(other)
            && topology.donor_of[atom].is_none()
        {
            let length = ideal::bond_length(topology.elements[atom], topology.elements[other], order);
            let direction = fit::unit(&(points[atom] - points[other]));
            points[atom] = points[other] + direction * length;
        }
    }
}
