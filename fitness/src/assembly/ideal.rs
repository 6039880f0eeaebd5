//! Ideal bond lengths and angles, from textbook chemistry.

use druse_representations::{BondOrder, Element};

use super::distances::radius;
use super::topology::Topology;

/// How the neighbours of an atom are arranged around it, a bound metal included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// 180°.
    Linear,
    /// In a plane, 120°.
    Trigonal,
    /// 109.5° or a little less.
    Tetrahedral,
    /// Five or more neighbours: they keep apart, no angle is preferred.
    Crowded,
}

/// Length (Å) of a bond: sum of the covalent radii, shortened by the order. The factors fit ethene 1.33,
/// benzene 1.40 and ethyne 1.20 Å against 1.52 Å of the radii.
pub(super) fn bond_length(a: Element, b: Element, order: BondOrder) -> f64 {
    let factor = match order {
        BondOrder::Single => 1.0,
        BondOrder::Unknown => 0.95,
        BondOrder::Aromatic => 0.92,
        BondOrder::Double => 0.875,
        BondOrder::Triple => 0.79,
    };
    let length = factor * (radius(a) + radius(b));
    // Cordero's carbon and hydrogen make 1.07 Å; methane has 1.09 Å.
    if is_carbon_hydrogen(a, b) { 1.09 } else { length }
}

fn is_carbon_hydrogen(a: Element, b: Element) -> bool {
    let pair = [a.atomic_number().min(b.atomic_number()), a.atomic_number().max(b.atomic_number())];
    pair == [1, 6]
}

/// Arrangement of each atom of a ligand.
pub(super) fn shapes(topology: &Topology) -> Vec<Shape> {
    let multiple: Vec<Multiple> = (0..topology.len()).map(|atom| Multiple::of(topology, atom)).collect();
    (0..topology.len()).map(|atom| shape(topology, &multiple, atom)).collect()
}

/// Bonds of an atom that are not single.
#[derive(Clone, Copy, Default)]
struct Multiple {
    double: usize,
    triple: usize,
    aromatic: usize,
}

impl Multiple {
    fn of(topology: &Topology, atom: usize) -> Self {
        let mut multiple = Self::default();
        for (_, order) in &topology.neighbours[atom] {
            match order {
                BondOrder::Double => multiple.double += 1,
                BondOrder::Triple => multiple.triple += 1,
                BondOrder::Aromatic => multiple.aromatic += 1,
                BondOrder::Single | BondOrder::Unknown => {}
            }
        }
        multiple
    }

    fn any(self) -> bool {
        self.double + self.triple + self.aromatic > 0
    }
}

fn shape(topology: &Topology, multiple: &[Multiple], atom: usize) -> Shape {
    let bonds = topology.neighbours[atom].len();
    let kappa = topology.donor_of[atom].is_some() && !topology.haptic[atom];
    let total = bonds + usize::from(kappa);
    let Multiple { double, triple, aromatic } = multiple[atom];
    let (period, group) = (topology.elements[atom].period(), topology.elements[atom].group());
    if total > 4 {
        return Shape::Crowded;
    }
    if period > 2 {
        // Sulfones and phosphine oxides are tetrahedral in spite of their double bonds; thiophenes and
        // thioketones have at most two neighbours.
        return if aromatic > 0 && bonds <= 2 && group == 16 && !kappa {
            Shape::Trigonal
        } else {
            Shape::Tetrahedral
        };
    }
    if triple > 0 || double > 1 {
        return Shape::Linear;
    }
    // Isothiocyanates, azides of one kind: N=C=S is drawn bent and crystallises nearly linear.
    let end_of_cumulene = double == 1
        && bonds == 1
        && topology.neighbours[atom].iter().any(|&(other, _)| multiple[other].double > 1)
        && group == 15;
    if end_of_cumulene {
        return Shape::Linear;
    }
    match (group, total) {
        (14, 3) => Shape::Trigonal,
        (14, 2) if kappa => Shape::Linear,
        _ if total == 4 => Shape::Tetrahedral,
        _ if double + aromatic > 0 => Shape::Trigonal,
        (13, _) => Shape::Trigonal,
        // Amides, anilines, phenolates, carboxylates: the lone pair is conjugated.
        (15 | 16, 2 | 3) => {
            let conjugated = topology.neighbours[atom]
                .iter()
                .any(|&(other, _)| topology.elements[other].period() == 2 && multiple[other].any());
            // A deprotonated nitrogen with a metal is flat as well.
            if conjugated || (group == 15 && kappa && total == 3) {
                Shape::Trigonal
            } else {
                Shape::Tetrahedral
            }
        }
        _ => Shape::Tetrahedral,
    }
}

/// Angle (degrees) at `centre` between two of its neighbours, `None` where there is no preference.
pub(super) fn angle(topology: &Topology, shapes: &[Shape], a: usize, centre: usize, b: usize) -> Option<f64> {
    if let Some(ring) = topology.ring_of_angle(a, centre, b) {
        return ring_angle(shapes[centre], ring.len());
    }
    let ring = topology.ring_of_atom(centre);
    outer_angle(topology, shapes[centre], centre, ring)
}

/// Angle (degrees) at a donor between the metal and a neighbour.
pub(super) fn metal_angle(topology: &Topology, shapes: &[Shape], donor: usize) -> Option<f64> {
    let angle = outer_angle(topology, shapes[donor], donor, topology.ring_of_atom(donor))?;
    // Phosphines: wide towards the metal, narrow between the substituents.
    let wide = topology.elements[donor].group() == 15 && topology.elements[donor].period() > 2;
    Some(if wide && topology.neighbours[donor].len() == 3 { 115.0 } else { angle })
}

fn ring_angle(shape: Shape, size: usize) -> Option<f64> {
    let flat = 180.0 - 360.0 / size as f64;
    match (shape, size) {
        (_, 3 | 4) => Some(flat),
        (Shape::Trigonal, 5..=6) => Some(flat),
        (Shape::Trigonal, _) => Some(124.0),
        (Shape::Tetrahedral, 5) => Some(104.0),
        (Shape::Tetrahedral, _) => Some(111.0),
        (Shape::Linear, _) => Some(150.0),
        (Shape::Crowded, _) => None,
    }
}

fn outer_angle(topology: &Topology, shape: Shape, centre: usize, ring: Option<&Vec<usize>>) -> Option<f64> {
    let inside = ring.and_then(|ring| ring_angle(shape, ring.len()));
    let heavy = topology.elements[centre].period() > 2;
    let bonds = topology.neighbours[centre].len();
    match shape {
        Shape::Linear => Some(180.0),
        Shape::Trigonal => Some(inside.map_or(120.0, |inside| (360.0 - inside) / 2.0)),
        Shape::Tetrahedral if ring.is_some_and(|ring| ring.len() <= 4) => Some(116.0),
        Shape::Tetrahedral if heavy && bonds <= 3 => Some(102.0),
        Shape::Tetrahedral => Some(109.5),
        Shape::Crowded => None,
    }
}
