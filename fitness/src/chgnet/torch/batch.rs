//! Several graphs as one, as tensors on the device.

use std::ops::Range;

use tch::{Device, TchError, Tensor};

use super::super::basis::envelope;
use super::super::graph::{ANGLE_CUTOFF, ATOM_CUTOFF, Edge, Graph};

/// The graphs of some crystals without symmetry side by side, without bonds between them.
///
/// The axis of bonds holds the short bonds of all crystals, then the long ones of all, so that the
/// short ones are a slice. Tables with a row per direction hold all forward ones, then all others.
pub struct Batch {
    /// `r_first - r_second` of each bond (Å), f64, [bonds, 3].
    pub vectors: Tensor,
    /// Lengths of the graph and values of the envelopes for 6 Å and 3 Å, rounded like the native
    /// ones, f64, 3 x [bonds, 1].
    pub rounded: [Tensor; 3],
    /// How many bonds are short.
    pub short: i64,
    /// How many unordered angles there are.
    pub angles: i64,
    /// Atomic number - 1 of each atom.
    pub elements: Tensor,
    /// Atom that receives, and atom at the other end: `[2 bonds]`.
    pub to: Tensor,
    /// The other end, `[2 bonds]`.
    pub from: Tensor,
    /// Atom in the middle of each angle, `[angles]`.
    pub centre: Tensor,
    /// Short bond that receives, `[2 angles]`.
    pub first: Tensor,
    /// Short bond at the other side, `[2 angles]`.
    pub second: Tensor,
    /// Product of the signs of the two bonds of each angle, f64, `[angles]`.
    pub signs: Tensor,
    /// Where each crystal's atoms are.
    pub atoms: Vec<Range<usize>>,
    /// Where each crystal's short and long bonds are.
    pub bonds: Vec<[Range<usize>; 2]>,
}

impl Batch {
    /// Puts graphs side by side.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn new(graphs: &[&Graph], device: Device) -> Result<Self, TchError> {
        let (mut atoms, mut bonds) = (Vec::new(), Vec::<[Range<usize>; 2]>::new());
        let mut elements = Vec::new();
        let (mut short, mut long) = (0, graphs.iter().map(|graph| graph.short).sum::<usize>());
        let total_short = long;
        for graph in graphs {
            atoms.push(elements.len()..elements.len() + graph.numbers.len());
            elements.extend(graph.numbers.iter().map(|z| i64::from(*z) - 1));
            let (short_end, long_end) = (short + graph.short, long + graph.bonds.len() - graph.short);
            bonds.push([short..short_end, long..long_end]);
            (short, long) = (short_end, long_end);
        }
        let (mut vectors, mut ends) = (vec![0.0; 3 * long], [vec![0; long], vec![0; long]]);
        let mut rounded = [vec![0.0; long], vec![0.0; long], vec![0.0; long]];
        let (mut centre, mut signs, mut sides) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
        for ((graph, atoms), bonds) in graphs.iter().zip(&atoms).zip(&bonds) {
            for (bond, place) in graph.bonds.iter().zip(bonds.iter().cloned().flatten()) {
                vectors[3 * place..3 * place + 3].copy_from_slice(bond.vector.as_slice());
                rounded[0][place] = bond.length;
                rounded[1][place] = envelope::<f32>(bond.length / ATOM_CUTOFF).0;
                rounded[2][place] = envelope::<f32>(bond.length / ANGLE_CUTOFF).0;
                ends[0][place] = atoms.start as i64 + i64::from(bond.first);
                ends[1][place] = atoms.start as i64 + i64::from(bond.second);
            }
            for angle in &graph.angles {
                let arms = angle.arms.map(|arm| &graph.arms[arm as usize]);
                centre.push(atoms.start as i64 + i64::from(arms[0].1.first));
                let sign = |(bond, arm): &(u32, Edge)| {
                    arm.direction.dot(&graph.bonds[*bond as usize].direction).signum()
                };
                signs.push(sign(arms[0]) * sign(arms[1]));
                for (side, (bond, _)) in sides.iter_mut().zip(arms) {
                    side.push(bonds[0].start as i64 + i64::from(*bond));
                }
            }
        }
        let index = |indices: &[i64]| Tensor::f_from_slice(indices)?.f_to_device(device);
        let both = |[one, other]: &[Vec<i64>; 2]| {
            Ok::<_, TchError>((index(&[&one[..], other].concat())?, index(&[&other[..], one].concat())?))
        };
        let ((to, from), (first, second)) = (both(&ends)?, both(&sides)?);
        let column = |x: &[f64]| Tensor::f_from_slice(x)?.f_view([-1, 1])?.f_to_device(device);
        Ok(Self {
            rounded: [column(&rounded[0])?, column(&rounded[1])?, column(&rounded[2])?],
            vectors: Tensor::f_from_slice(&vectors)?.f_view([-1, 3])?.f_to_device(device)?,
            short: total_short as i64,
            angles: centre.len() as i64,
            elements: index(&elements)?,
            to,
            from,
            centre: index(&centre)?,
            first,
            second,
            signs: Tensor::f_from_slice(&signs)?.f_to_device(device)?,
            atoms,
            bonds,
        })
    }
}
