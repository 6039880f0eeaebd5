//! The network, backward: from the energy to forces and stress.
//!
//! Reverse-mode differentiation by hand. Only geometry is differentiated, the parameters are fixed;
//! what the forward pass has kept is in [`Workspace`].

use druse_representations::nalgebra::{Matrix3, Vector3};

use super::basis::FUNCTIONS;
use super::gated::{Block, blocks, make_room, make_zero};
use super::graph::{Graph, MessageBlock};
use super::network::{Basis, COSINE_SCALE, Workspace, add, opening, row, row_mut};
use super::parameters::{Convolution, Gated, Linear, Parameters};
use crate::kernels::{Real, Rows, Start, WIDE, WIDTH, multiply, normalise_reverse};

impl<T: Real> Parameters<T> {
    /// The gradient of [`Outcome`](super::network::Outcome), after a forward pass that kept what is needed.
    pub(super) fn reverse(
        &self,
        graph: &Graph,
        work: &mut Workspace<T>,
    ) -> (Vec<Vector3<f64>>, Matrix3<f64>) {
        let (bonds, angles) = (graph.bonds.len(), graph.angles.len());
        make_zero(&mut work.gradients.bond, bonds * WIDTH);
        make_zero(&mut work.gradients.angle, graph.angle_messages.len() * WIDTH);
        make_zero(&mut work.gradients.atom_weights, bonds * WIDTH);
        make_zero(&mut work.gradients.bond_weights, graph.short * WIDTH);
        self.readout_reverse(graph, work);
        for (t, layer) in self.atom.iter().enumerate().rev() {
            if t < 3 && angles > 0 {
                if t < 2 {
                    angle_update_reverse(&self.angle[t], t, graph, work);
                }
                bond_convolution_reverse(&self.bond[t], t, graph, work);
            }
            atom_convolution_reverse(layer, t, graph, work);
        }
        self.geometry_reverse(graph, work)
    }

    /// Fills the gradient of the atom features.
    fn readout_reverse(&self, graph: &Graph, work: &mut Workspace<T>) {
        let atoms = graph.numbers.len();
        let used = ..atoms * WIDTH;
        let Workspace { gradients, sum, readout_slope, readout_normalised, readout_deviation, .. } = work;
        make_room(&mut gradients.atom, atoms * WIDTH);
        for (gradient, count) in gradients.atom[used].chunks_exact_mut(WIDTH).zip(&graph.multiplicities) {
            for (gradient, weight) in gradient.iter_mut().zip(&self.energy.0) {
                *gradient = *weight * T::from_f64(*count);
            }
        }
        for ((layer, _), slope) in self.readout.iter().zip(readout_slope).rev() {
            for (gradient, slope) in gradients.atom[used].iter_mut().zip(&slope[used]) {
                *gradient *= *slope;
            }
            let x = Rows { data: &gradients.atom, stride: WIDTH };
            multiply(atoms, x, &layer.reverse, Start::Zero, sum, WIDTH);
            std::mem::swap(&mut gradients.atom, sum);
        }
        for (i, deviation) in readout_deviation[..atoms].iter().enumerate() {
            let gradient = row_mut(&mut gradients.atom, i, WIDTH);
            let mut scaled = [T::ZERO; WIDTH];
            for k in 0..WIDTH {
                scaled[k] = gradient[k] * self.readout_norm.0[k];
            }
            let normalised = row(readout_normalised, i, WIDTH).first_chunk().expect("rows are WIDTH long");
            let out = gradient.first_chunk_mut().expect("rows are WIDTH long");
            normalise_reverse(normalised, *deviation, &scaled, out);
        }
    }

    /// From gradients of features and weights to those of bond vectors, sites and strain.
    fn geometry_reverse(&self, graph: &Graph, work: &mut Workspace<T>) -> (Vec<Vector3<f64>>, Matrix3<f64>) {
        let Workspace { gradients, bond_basis, short_basis, angle_basis, angle, sum, .. } = work;
        let bonds = graph.bonds.len();
        let mut length = vec![0.0; bonds];
        through_basis(&self.bond_embedding, &gradients.bond, WIDTH, bond_basis, sum, &mut length);
        through_basis(&self.atom_weights, &gradients.atom_weights, WIDTH, bond_basis, sum, &mut length);
        let short = &mut length[..graph.short];
        through_basis(&self.bond_weights, &gradients.bond_weights, WIDTH, short_basis, sum, short);
        let mut theta = vec![0.0; graph.angles.len()];
        // The rows of an angle began as the same features.
        make_zero(angle, graph.angles.len() * WIDTH);
        for (gradient, message) in gradients.angle.chunks_exact(WIDTH).zip(&graph.angle_messages) {
            add(row_mut(angle, message.angle as usize, WIDTH), gradient);
        }
        through_basis(&self.angle_embedding, angle, WIDTH, angle_basis, sum, &mut theta);

        let mut arms = vec![Vector3::zeros(); graph.arms.len()];
        for (angle, theta_gradient) in graph.angles.iter().zip(&theta) {
            let (cosine, _) = opening(graph, angle);
            // d theta / d (u . v), the shrinking of the cosine included
            let factor = -COSINE_SCALE * theta_gradient / (1.0 - cosine * cosine).sqrt();
            let [u, v] = angle.arms.map(|arm| &graph.arms[arm as usize].1);
            let plain = u.direction.dot(&v.direction);
            arms[angle.arms[0] as usize] += (v.direction - u.direction * plain) * (factor / u.length);
            arms[angle.arms[1] as usize] += (u.direction - v.direction * plain) * (factor / v.length);
        }
        let mut sites = vec![Vector3::zeros(); graph.atom_of_site.len()];
        let mut strain = Matrix3::zeros();
        let along =
            graph.bonds.iter().zip(&length).map(|(bond, gradient)| (bond, bond.direction * *gradient));
        for (edge, gradient) in along.chain(graph.arms.iter().map(|(_, arm)| arm).zip(arms)) {
            sites[edge.first as usize] += gradient;
            sites[edge.second as usize] -= gradient;
            strain += edge.vector * gradient.transpose();
        }
        (sites, strain)
    }
}

/// Adds to `out` (one a row) the gradient of the basis' argument, given that of the mapped features
/// (rows of 64, `stride` apart).
fn through_basis<T: Real>(
    map: &Linear<T>,
    gradient: &[T],
    stride: usize,
    basis: &Basis<T>,
    buffer: &mut Vec<T>,
    out: &mut [f64],
) {
    make_room(buffer, out.len() * FUNCTIONS);
    multiply(out.len(), Rows { data: gradient, stride }, &map.reverse, Start::Zero, buffer, FUNCTIONS);
    let rows = buffer.chunks_exact(FUNCTIONS).zip(basis.slope.chunks_exact(FUNCTIONS));
    for (out, (gradient, slope)) in out.iter_mut().zip(rows) {
        *out += gradient.iter().zip(slope).map(|(g, s)| (*g * *s).to_f64()).sum::<f64>();
    }
}

fn atom_convolution_reverse<T: Real>(
    layer: &Convolution<T>,
    t: usize,
    graph: &Graph,
    work: &mut Workspace<T>,
) {
    let Workspace { kept_atom, atom_weights, atom_products: [to, from], block, sum, gradients, .. } = work;
    let atoms = graph.numbers.len();
    let gated = &layer.gated;
    make_room(sum, atoms * WIDTH);
    let features = Rows { data: &gradients.atom, stride: WIDTH };
    multiply(atoms, features, &layer.out.reverse, Start::Zero, sum, WIDTH);
    make_zero(to, atoms * WIDE);
    make_zero(from, atoms * WIDE);
    for MessageBlock { rows, bonds } in &graph.blocks {
        let messages = &graph.messages[rows.clone()];
        for (p, message) in messages.iter().enumerate() {
            let (weight, count) =
                (row(atom_weights, message.bond as usize, WIDTH), T::from_f64(message.weight));
            let incoming = row(sum, message.to as usize, WIDTH);
            let gradient = row_mut(&mut block.gradient, p, WIDTH);
            for k in 0..WIDTH {
                gradient[k] = incoming[k] * weight[k] * count;
            }
        }
        gated.reverse(rows.start, rows.len(), &kept_atom[t], block);
        block.pair[..bonds.len() * WIDE].fill(T::ZERO);
        for (p, message) in messages.iter().enumerate() {
            let count = T::from_f64(message.weight);
            let weights = row_mut(&mut gradients.atom_weights, message.bond as usize, WIDTH);
            let (value, sum) = (row(&block.message, p, WIDTH), row(sum, message.to as usize, WIDTH));
            for k in 0..WIDTH {
                weights[k] += value[k] * sum[k] * count;
            }
            let first = row(&block.first, p, WIDE);
            add(row_mut(to, message.to as usize, WIDE), first);
            add(row_mut(from, message.from as usize, WIDE), first);
            add(row_mut(&mut block.pair, message.bond as usize - bonds.start, WIDE), first);
        }
        let out = &mut gradients.bond[bonds.start * WIDTH..bonds.end * WIDTH];
        let x = Rows { data: &block.pair, stride: WIDE };
        multiply(bonds.len(), x, &gated.parts[1].reverse, Start::Output, out, WIDTH);
    }
    for (products, part) in [(to, &gated.parts[0]), (from, &gated.parts[2])] {
        let x = Rows { data: products, stride: WIDE };
        multiply(atoms, x, &part.reverse, Start::Output, &mut gradients.atom, WIDTH);
    }
}

/// Gradients of the first layers of messages between bonds. `before` fills a block's gradient of
/// messages, `after` reads its messages.
fn angle_rows_reverse<T: Real>(
    gated: &Gated<T>,
    graph: &Graph,
    work: &mut Workspace<T>,
    mut pass: impl FnMut(usize, usize, &mut Block<T>, &[T]),
) {
    let Workspace { atom_products: [middle, _], bond_products: [first, second], block, gradients, .. } = work;
    let (atoms, short) = (graph.numbers.len(), graph.short);
    make_zero(middle, atoms * WIDE);
    make_zero(first, short * WIDE);
    make_zero(second, short * WIDE);
    for (start, rows) in blocks(graph.angle_messages.len()) {
        let features = &mut gradients.angle[start * WIDTH..(start + rows) * WIDTH];
        pass(start, rows, block, features);
        for (p, message) in graph.angle_messages[start..start + rows].iter().enumerate() {
            let gradient = row(&block.first, p, WIDE);
            add(row_mut(middle, message.centre as usize, WIDE), gradient);
            add(row_mut(first, message.to as usize, WIDE), gradient);
            add(row_mut(second, message.from as usize, WIDE), gradient);
        }
        let x = Rows { data: &block.first, stride: WIDE };
        multiply(rows, x, &gated.parts[2].reverse, Start::Output, features, WIDTH);
    }
    let x = Rows { data: middle, stride: WIDE };
    multiply(atoms, x, &gated.parts[3].reverse, Start::Output, &mut gradients.atom, WIDTH);
    for (products, part) in [(first, &gated.parts[0]), (second, &gated.parts[1])] {
        let x = Rows { data: products, stride: WIDE };
        multiply(short, x, &part.reverse, Start::Output, &mut gradients.bond, WIDTH);
    }
}

fn angle_update_reverse<T: Real>(gated: &Gated<T>, t: usize, graph: &Graph, work: &mut Workspace<T>) {
    let kept = std::mem::take(&mut work.kept_angle[t]);
    angle_rows_reverse(gated, graph, work, |start, rows, block, features| {
        block.gradient[..rows * WIDTH].copy_from_slice(features);
        gated.reverse(start, rows, &kept, block);
    });
    work.kept_angle[t] = kept;
}

fn bond_convolution_reverse<T: Real>(
    layer: &Convolution<T>,
    t: usize,
    graph: &Graph,
    work: &mut Workspace<T>,
) {
    let kept = std::mem::take(&mut work.kept_bond[t]);
    let weights = std::mem::take(&mut work.bond_weights);
    let mut weight_gradients = std::mem::take(&mut work.gradients.bond_weights);
    let mut sum = std::mem::take(&mut work.sum);
    make_room(&mut sum, graph.short * WIDTH);
    let features = Rows { data: &work.gradients.bond, stride: WIDTH };
    multiply(graph.short, features, &layer.out.reverse, Start::Zero, &mut sum, WIDTH);
    angle_rows_reverse(&layer.gated, graph, work, |start, rows, block, _| {
        let messages = &graph.angle_messages[start..start + rows];
        for (p, message) in messages.iter().enumerate() {
            let [to, from] = [message.to, message.from].map(|bond| row(&weights, bond as usize, WIDTH));
            let (incoming, count) = (row(&sum, message.to as usize, WIDTH), T::from_f64(message.weight));
            let gradient = row_mut(&mut block.gradient, p, WIDTH);
            for k in 0..WIDTH {
                gradient[k] = incoming[k] * to[k] * from[k] * count;
            }
        }
        layer.gated.reverse(start, rows, &kept, block);
        for (p, message) in messages.iter().enumerate() {
            let (value, count) = (row(&block.message, p, WIDTH), T::from_f64(message.weight));
            let sum = row(&sum, message.to as usize, WIDTH);
            let mut product = [T::ZERO; WIDTH];
            for k in 0..WIDTH {
                product[k] = value[k] * sum[k] * count;
            }
            for (target, partner) in [(message.to, message.from), (message.from, message.to)] {
                let weight = row(&weights, partner as usize, WIDTH);
                let gradient = row_mut(&mut weight_gradients, target as usize, WIDTH);
                for k in 0..WIDTH {
                    gradient[k] += product[k] * weight[k];
                }
            }
        }
    });
    work.kept_bond[t] = kept;
    work.bond_weights = weights;
    work.gradients.bond_weights = weight_gradients;
    work.sum = sum;
}
