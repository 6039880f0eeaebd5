//! The network, forward: from a graph to the energy.
//!
//! The rows of the two long axes are the messages of the graph: bond `{i, j}` gives one to `i` and one to `j`, an angle
//! between the bonds `u` and `v` one to `u` and one to `v`, and in each case only one where a symmetry makes both the same. A message
//! counts as often as its receiver gets it. All sums of the network are over receivers, so the result is that of the whole
//! crystal.

use druse_representations::nalgebra::{Matrix3, Vector3};

use super::basis::{FUNCTIONS, angular, radial};
use super::gated::{Block, Kept, blocks, make_room, make_zero};
use super::graph::{ANGLE_CUTOFF, ATOM_CUTOFF, Angle, Graph, MessageBlock};
use super::parameters::{Convolution, Gated, Parameters};
use crate::kernels::{Real, Rows, Start, WIDE, WIDTH, multiply, normalise, silu};

/// Keeps the arc cosine away from its singular ends: 1 - 1e-6 in the f32 of the original, where
/// straight angles notice the rounding.
pub const COSINE_SCALE: f64 = 0.999_999_f32 as f64;

/// Numbers in a description of a crystal.
pub const DESCRIPTION: usize = 4 * WIDTH;

/// An atom and its surroundings as the network sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct AtomFeatures {
    /// Element.
    pub atomic_number: u8,
    /// Features after the last layer, before the readout.
    pub features: [f64; WIDTH],
}

/// Energy and what was asked for beside it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Energy of the cell (eV).
    pub energy: f64,
    /// Vectors on the sites whose mean over the symmetry of the graph is dE/dr (eV/Å), and a tensor whose mean is dE/dε of the
    /// lattice `L (1 + ε)` (eV); without symmetry these are the derivatives.
    pub gradient: Option<(Vec<Vector3<f64>>, Matrix3<f64>)>,
    /// Magnetic moments of the sites (µB).
    pub magmoms: Option<Vec<f64>>,
}

/// Values and derivatives of a basis, rows of [`FUNCTIONS`].
#[derive(Default)]
pub struct Basis<T> {
    /// Values.
    pub value: Vec<T>,
    /// Derivatives with respect to the length or angle.
    pub slope: Vec<T>,
}

impl<T: Real> Basis<T> {
    fn make_room(&mut self, rows: usize) {
        make_zero(&mut self.value, rows * FUNCTIONS);
        make_zero(&mut self.slope, rows * FUNCTIONS);
    }

    fn put(&mut self, row: usize) -> impl FnMut(usize, f64, f64) + '_ {
        let row = row * FUNCTIONS;
        move |k, value, slope| {
            self.value[row + k] = T::from_f64(value);
            self.slope[row + k] = T::from_f64(slope);
        }
    }

    fn rows(&self) -> Rows<'_, T> {
        Rows { data: &self.value, stride: FUNCTIONS }
    }
}

/// Gradients of the energy with respect to features and weights.
#[derive(Default)]
pub struct Gradients<T> {
    /// Atom features, rows of 64.
    pub atom: Vec<T>,
    /// Bond features.
    pub bond: Vec<T>,
    /// Angle features, a row a message between bonds.
    pub angle: Vec<T>,
    /// Weights of messages between atoms, a row a bond.
    pub atom_weights: Vec<T>,
    /// Weights of messages between bonds, a row a short bond.
    pub bond_weights: Vec<T>,
}

/// Memory of one evaluation, to be used again and again. Fields hold rows of 64 unless they say
/// otherwise.
#[derive(Default)]
pub struct Workspace<T> {
    pub(super) kept_atom: [Kept<T>; 4],
    pub(super) kept_bond: [Kept<T>; 3],
    pub(super) kept_angle: [Kept<T>; 2],
    /// Slopes of the three activations of the readout, and its layer norm with inverse deviations.
    pub(super) readout_slope: [Vec<T>; 3],
    pub(super) readout_normalised: Vec<T>,
    pub(super) readout_deviation: Vec<T>,
    pub(super) bond_basis: Basis<T>,
    pub(super) short_basis: Basis<T>,
    pub(super) angle_basis: Basis<T>,
    /// Features; those of angles are a row a message between bonds. On the way back the last are free for other use.
    atom: Vec<T>,
    bond: Vec<T>,
    pub(super) angle: Vec<T>,
    /// Weights of messages.
    pub(super) atom_weights: Vec<T>,
    pub(super) bond_weights: Vec<T>,
    /// Products of a first layer, or their gradients: two an atom and two a bond, rows of 128.
    pub(super) atom_products: [Vec<T>; 2],
    pub(super) bond_products: [Vec<T>; 2],
    pub(super) block: Block<T>,
    /// Sums of messages or their gradients.
    pub(super) sum: Vec<T>,
    pub(super) gradients: Gradients<T>,
}

/// `to += a`, element by element.
#[inline(always)]
pub fn add<T: Real>(to: &mut [T], a: &[T]) {
    for (to, a) in to.iter_mut().zip(a) {
        *to += *a;
    }
}

/// Row `index` of rows of `width`.
#[inline(always)]
pub fn row<T>(data: &[T], index: usize, width: usize) -> &[T] {
    &data[index * width..(index + 1) * width]
}

/// Row `index` of rows of `width`.
#[inline(always)]
pub fn row_mut<T>(data: &mut [T], index: usize, width: usize) -> &mut [T] {
    &mut data[index * width..(index + 1) * width]
}

/// Cosine of an angle, slightly shrunk, and the angle.
pub fn opening(graph: &Graph, angle: &Angle) -> (f64, f64) {
    let [u, v] = angle.arms.map(|arm| &graph.arms[arm as usize].1);
    let cosine = u.direction.dot(&v.direction);
    let cosine = (cosine * COSINE_SCALE).clamp(-COSINE_SCALE, COSINE_SCALE);
    (cosine, cosine.acos())
}

impl<T: Real> Parameters<T> {
    /// Energy of the graph's crystal, and its derivatives and magnetic moments if wanted.
    pub fn evaluate(&self, graph: &Graph, gradient: bool, magmoms: bool, work: &mut Workspace<T>) -> Outcome {
        let mut moments = None;
        self.convolve(graph, gradient, work, |layers, work| {
            if magmoms && layers == 3 {
                moments = Some(self.moments(graph, work));
            }
        });
        let energy = self.readout(graph, gradient, work);
        let gradient = gradient.then(|| self.reverse(graph, work));
        Outcome { energy, gradient, magmoms: moments }
    }

    /// Mean and standard deviation over the atoms of each feature after the third and the fourth layer: [`DESCRIPTION`] numbers.
    pub fn describe(&self, graph: &Graph, work: &mut Workspace<T>) -> Vec<f64> {
        let count: f64 = graph.multiplicities.iter().sum();
        let mut description = Vec::with_capacity(DESCRIPTION);
        self.convolve(graph, false, work, |layers, work| {
            if layers < 3 {
                return;
            }
            let (mut mean, mut square) = ([0.0; WIDTH], [0.0; WIDTH]);
            for (features, weight) in work.atom.chunks_exact(WIDTH).zip(&graph.multiplicities) {
                for k in 0..WIDTH {
                    let x = features[k].to_f64();
                    mean[k] += weight / count * x;
                    square[k] += weight / count * x * x;
                }
            }
            description.extend(mean);
            description.extend((0..WIDTH).map(|k| (square[k] - mean[k] * mean[k]).max(0.0).sqrt()));
        });
        description
    }

    /// Features of the atoms after the last layer, which the readout makes energies of.
    pub fn atoms(&self, graph: &Graph, work: &mut Workspace<T>) -> Vec<AtomFeatures> {
        self.convolve(graph, false, work, |_, _| {});
        let one = |(features, &atomic_number): (&[T], &u8)| AtomFeatures {
            atomic_number,
            features: std::array::from_fn(|k| features[k].to_f64()),
        };
        work.atom.chunks_exact(WIDTH).zip(&graph.numbers).map(one).collect()
    }

    /// All layers before the readout; `after` sees what there is after each convolution of the atoms.
    fn convolve(
        &self,
        graph: &Graph,
        keep: bool,
        work: &mut Workspace<T>,
        mut after: impl FnMut(usize, &Workspace<T>),
    ) {
        work.block.make_room();
        self.embed(graph, work);
        for (t, layer) in self.atom.iter().enumerate() {
            work.kept_atom[t].make_room(graph.messages.len(), keep);
            atom_convolution(layer, t, graph, keep, work);
            after(t + 1, work);
            if t < 3 && !graph.angles.is_empty() {
                work.kept_bond[t].make_room(graph.angle_messages.len(), keep);
                bond_convolution(&self.bond[t], t, graph, keep, work);
                if t < 2 {
                    work.kept_angle[t].make_room(graph.angle_messages.len(), keep);
                    angle_update(&self.angle[t], t, graph, keep, work);
                }
            }
        }
    }

    /// Bases, first features and weights of messages.
    fn embed(&self, graph: &Graph, work: &mut Workspace<T>) {
        let (atoms, bonds, short, angles) =
            (graph.numbers.len(), graph.bonds.len(), graph.short, graph.angles.len());
        make_room(&mut work.atom, atoms * WIDTH);
        for (i, &z) in graph.numbers.iter().enumerate() {
            row_mut(&mut work.atom, i, WIDTH).copy_from_slice(row(&self.embedding, z as usize - 1, WIDTH));
        }
        work.bond_basis.make_room(bonds);
        work.short_basis.make_room(short);
        for (u, bond) in graph.bonds.iter().enumerate() {
            radial::<T>(bond.length, ATOM_CUTOFF, &self.bond_frequencies, work.bond_basis.put(u));
            if u < short {
                radial::<T>(bond.length, ANGLE_CUTOFF, &self.short_frequencies, work.short_basis.put(u));
            }
        }
        work.angle_basis.make_room(angles);
        for (p, angle) in graph.angles.iter().enumerate() {
            angular(opening(graph, angle).1, &self.angle_frequencies, work.angle_basis.put(p));
        }
        make_room(&mut work.bond, bonds * WIDTH);
        make_room(&mut work.atom_weights, bonds * WIDTH);
        make_room(&mut work.bond_weights, short * WIDTH);
        make_room(&mut work.sum, angles * WIDTH);
        make_room(&mut work.angle, graph.angle_messages.len() * WIDTH);
        let basis = work.bond_basis.rows();
        multiply(bonds, basis, &self.bond_embedding.forward, Start::Zero, &mut work.bond, WIDTH);
        multiply(bonds, basis, &self.atom_weights.forward, Start::Zero, &mut work.atom_weights, WIDTH);
        let basis = work.short_basis.rows();
        multiply(short, basis, &self.bond_weights.forward, Start::Zero, &mut work.bond_weights, WIDTH);
        let basis = work.angle_basis.rows();
        multiply(angles, basis, &self.angle_embedding.forward, Start::Zero, &mut work.sum, WIDTH);
        for (features, message) in work.angle.chunks_exact_mut(WIDTH).zip(&graph.angle_messages) {
            features.copy_from_slice(row(&work.sum, message.angle as usize, WIDTH));
        }
    }

    fn moments(&self, graph: &Graph, work: &Workspace<T>) -> Vec<f64> {
        let moment = |h: &[T]| dot(h, &self.moment.0, self.moment.1).to_f64().abs();
        graph.atom_of_site.iter().map(|&atom| moment(row(&work.atom, atom as usize, WIDTH))).collect()
    }

    /// Layer norm, three hidden layers, energies of the sites.
    fn readout(&self, graph: &Graph, keep: bool, work: &mut Workspace<T>) -> f64 {
        let atoms = graph.numbers.len();
        make_room(&mut work.readout_normalised, atoms * WIDTH);
        make_room(&mut work.readout_deviation, atoms);
        let (gain, shift) = (&self.readout_norm.0, &self.readout_norm.1);
        for i in 0..atoms {
            let n = row_mut(&mut work.readout_normalised, i, WIDTH);
            let h = row_mut(&mut work.atom, i, WIDTH);
            n.copy_from_slice(h);
            work.readout_deviation[i] = normalise(n.first_chunk_mut().expect("rows are WIDTH long"));
            for k in 0..WIDTH {
                h[k] = n[k] * gain[k] + shift[k];
            }
        }
        make_room(&mut work.sum, atoms * WIDTH);
        for ((layer, bias), slope) in self.readout.iter().zip(&mut work.readout_slope) {
            let x = Rows { data: &work.atom, stride: WIDTH };
            multiply(atoms, x, &layer.forward, Start::Bias(bias), &mut work.sum, WIDTH);
            make_room(slope, if keep { atoms * WIDTH } else { 0 });
            silu(&mut work.sum[..atoms * WIDTH], if keep { &mut slope[..atoms * WIDTH] } else { &mut [] });
            std::mem::swap(&mut work.atom, &mut work.sum);
        }
        let energy = |(x, &z): (&[T], &u8)| {
            dot(x, &self.energy.0, self.energy.1).to_f64() + self.reference[z as usize - 1]
        };
        let energies = work.atom.chunks_exact(WIDTH).zip(&graph.numbers).map(energy);
        energies.zip(&graph.multiplicities).map(|(energy, count)| energy * count).sum()
    }
}

fn dot<T: Real>(x: &[T], weights: &[T], bias: T) -> T {
    x.iter().zip(weights).fold(bias, |sum, (x, w)| sum + *x * *w)
}

fn atom_convolution<T: Real>(
    layer: &Convolution<T>,
    t: usize,
    graph: &Graph,
    keep: bool,
    work: &mut Workspace<T>,
) {
    let Workspace { atom, bond, atom_weights, atom_products: [to, from], block, sum, kept_atom, .. } = work;
    let atoms = graph.numbers.len();
    let gated = &layer.gated;
    let features = Rows { data: atom, stride: WIDTH };
    make_room(to, atoms * WIDE);
    make_room(from, atoms * WIDE);
    multiply(atoms, features, &gated.parts[0].forward, Start::Bias(&gated.bias), to, WIDE);
    multiply(atoms, features, &gated.parts[2].forward, Start::Zero, from, WIDE);
    make_zero(sum, atoms * WIDTH);
    for MessageBlock { rows, bonds } in &graph.blocks {
        let messages = &graph.messages[rows.clone()];
        let features = Rows { data: &bond[bonds.start * WIDTH..], stride: WIDTH };
        multiply(bonds.len(), features, &gated.parts[1].forward, Start::Zero, &mut block.pair, WIDE);
        for (p, message) in messages.iter().enumerate() {
            let both = row(&block.pair, message.bond as usize - bonds.start, WIDE);
            let first = row_mut(&mut block.first, p, WIDE);
            let (to, from) = (row(to, message.to as usize, WIDE), row(from, message.from as usize, WIDE));
            for k in 0..WIDE {
                first[k] = to[k] + both[k] + from[k];
            }
        }
        gated.forward(rows.start, rows.len(), keep, &mut kept_atom[t], block);
        for (p, message) in messages.iter().enumerate() {
            let (weight, count) =
                (row(atom_weights, message.bond as usize, WIDTH), T::from_f64(message.weight));
            let sum = row_mut(sum, message.to as usize, WIDTH);
            let message = row(&block.message, p, WIDTH);
            for k in 0..WIDTH {
                sum[k] += message[k] * weight[k] * count;
            }
        }
    }
    multiply(atoms, Rows { data: sum, stride: WIDTH }, &layer.out.forward, Start::Output, atom, WIDTH);
}

/// First layers of the messages between bonds, in blocks: calls `then(start, rows, block, angle
/// features)` for each.
fn angle_rows<T: Real>(
    gated: &Gated<T>,
    graph: &Graph,
    work: &mut Workspace<T>,
    mut then: impl FnMut(usize, usize, &mut Block<T>, &mut [T]),
) {
    let Workspace {
        atom,
        bond,
        angle,
        atom_products: [middle, _],
        bond_products: [first, second],
        block,
        ..
    } = work;
    let (atoms, short) = (graph.numbers.len(), graph.short);
    make_room(middle, atoms * WIDE);
    make_room(first, short * WIDE);
    make_room(second, short * WIDE);
    let features = Rows { data: atom, stride: WIDTH };
    multiply(atoms, features, &gated.parts[3].forward, Start::Bias(&gated.bias), middle, WIDE);
    let features = Rows { data: bond, stride: WIDTH };
    multiply(short, features, &gated.parts[0].forward, Start::Zero, first, WIDE);
    multiply(short, features, &gated.parts[1].forward, Start::Zero, second, WIDE);
    for (start, rows) in blocks(graph.angle_messages.len()) {
        let features = &mut angle[start * WIDTH..(start + rows) * WIDTH];
        let x = Rows { data: features, stride: WIDTH };
        multiply(rows, x, &gated.parts[2].forward, Start::Zero, &mut block.first, WIDE);
        for (p, message) in graph.angle_messages[start..start + rows].iter().enumerate() {
            let middle = row(middle, message.centre as usize, WIDE);
            let (to, from) =
                (row(first, message.to as usize, WIDE), row(second, message.from as usize, WIDE));
            let first = row_mut(&mut block.first, p, WIDE);
            for k in 0..WIDE {
                first[k] = first[k] + middle[k] + to[k] + from[k];
            }
        }
        then(start, rows, block, features);
    }
}

fn bond_convolution<T: Real>(
    layer: &Convolution<T>,
    t: usize,
    graph: &Graph,
    keep: bool,
    work: &mut Workspace<T>,
) {
    let mut kept = std::mem::take(&mut work.kept_bond[t]);
    let mut sum = std::mem::take(&mut work.sum);
    let weights = std::mem::take(&mut work.bond_weights);
    make_zero(&mut sum, graph.short * WIDTH);
    angle_rows(&layer.gated, graph, work, |start, rows, block, _| {
        layer.gated.forward(start, rows, keep, &mut kept, block);
        for (p, message) in graph.angle_messages[start..start + rows].iter().enumerate() {
            let [to, from] = [message.to, message.from].map(|bond| row(&weights, bond as usize, WIDTH));
            let (sum, count) = (row_mut(&mut sum, message.to as usize, WIDTH), T::from_f64(message.weight));
            let message = row(&block.message, p, WIDTH);
            for k in 0..WIDTH {
                sum[k] += message[k] * to[k] * from[k] * count;
            }
        }
    });
    let messages = Rows { data: &sum, stride: WIDTH };
    multiply(graph.short, messages, &layer.out.forward, Start::Output, &mut work.bond, WIDTH);
    work.kept_bond[t] = kept;
    work.sum = sum;
    work.bond_weights = weights;
}

fn angle_update<T: Real>(gated: &Gated<T>, t: usize, graph: &Graph, keep: bool, work: &mut Workspace<T>) {
    let mut kept = std::mem::take(&mut work.kept_angle[t]);
    angle_rows(gated, graph, work, |start, rows, block, features| {
        gated.forward(start, rows, keep, &mut kept, block);
        add(features, &block.message[..rows * WIDTH]);
    });
    work.kept_angle[t] = kept;
}
