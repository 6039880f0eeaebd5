//! The network forward, and back to the derivatives of the energy with respect to the edges.
//!
//! Features are kept by order; of each order as a row of channels for each component of each orbit (or site).

use std::borrow::Cow;

use druse_representations::nalgebra::{Matrix3, Vector3};

use super::convolution::{Operands, Turn, WIDEST, convolve, convolve_reverse};
use super::graph::{Edge, Graph};
use super::parameters::{Layer, Parameters, Path};
use super::radial::Weights;
use crate::kernels::{Real, silu};

/// Features by order.
pub type Features<T> = Vec<Vec<T>>;

/// The energy of a cell and its derivatives.
pub struct Outcome {
    /// eV.
    pub energy: f64,
    /// With respect to positions (eV/Å) and strain (eV).
    pub gradient: Option<(Vec<Vector3<f64>>, Matrix3<f64>)>,
}

/// What the way back needs of a layer.
struct Trace<T> {
    /// What each site sends.
    sent: Features<T>,
    weights: Weights<T>,
    /// Before the norm.
    mixed: Features<T>,
    /// Inverse root of the mean square of each orbit, where there is a norm.
    inverse: Vec<T>,
}

impl<T: Real> Parameters<T> {
    /// Energy and, where wanted, derivatives.
    pub fn evaluate(&self, graph: &Graph, species: &[usize], derivatives: bool) -> Outcome {
        let basis: Vec<_> = graph.lengths.iter().map(|&length| self.basis.at(length)).collect();
        let width = self.layers[0].inputs[0];
        let mut x =
            vec![species.iter().flat_map(|&s| &self.embedding[s * width..][..width]).copied().collect()];
        let mut traces = Vec::new();
        for layer in &self.layers {
            let weights = layer.radial.at(&basis);
            let (out, trace) = layer.forward(graph, &x, weights);
            x = out;
            traces.push(trace);
        }
        let mut energy = 0.0;
        for (orbit, row) in x[0].chunks_exact(self.readout.len()).enumerate() {
            let sum: f64 = row.iter().zip(&self.readout).map(|(x, w)| x.to_f64() * w.to_f64()).sum();
            let species = species[orbit];
            energy += graph.multiplicities[orbit] * (self.scales[species] * sum + self.shifts[species]);
        }
        Outcome { energy, gradient: derivatives.then(|| self.backward(graph, species, traces)) }
    }

    fn backward(
        &self,
        graph: &Graph,
        species: &[usize],
        mut traces: Vec<Trace<T>>,
    ) -> (Vec<Vector3<f64>>, Matrix3<f64>) {
        let per_orbit = |(&count, &species): (&f64, &usize)| {
            let scale = T::from_f64(count * self.scales[species]);
            self.readout.iter().map(move |&w| w * scale)
        };
        let orbits = graph.multiplicities.iter().zip(species);
        let mut gradient = vec![orbits.flat_map(per_orbit).collect::<Vec<T>>()];
        let mut of_edges = vec![Vector3::zeros(); graph.edges.len()];
        for (number, layer) in self.layers.iter().enumerate().rev() {
            if let Some(trace) = traces.pop() {
                gradient = layer.backward(graph, &trace, gradient, &mut of_edges, number > 0);
            }
        }
        let mut sites = vec![Vector3::zeros(); graph.turns.len()];
        let mut strain = Matrix3::zeros();
        for (edge, gradient) in graph.edges.iter().zip(&of_edges) {
            sites[edge.source] += gradient;
            sites[graph.representatives[edge.centre]] -= gradient;
            strain += edge.vector * gradient.transpose();
        }
        (sites, strain)
    }
}

/// Rows of one orbit or site.
pub fn rows(components: usize, channels: usize, place: usize) -> std::ops::Range<usize> {
    place * components * channels..(place + 1) * components * channels
}

/// The coupling of a path with the harmonics of an edge.
fn turn<T: Real>(path: &Path, edge: &Edge) -> Turn<T> {
    let mut turn = [[0.0; WIDEST]; WIDEST];
    let l2 = path.orders[1];
    for term in &path.terms {
        turn[term.first][term.out] += term.value * edge.harmonics[l2 * l2 + term.second];
    }
    turn.map(|row| row.map(T::from_f64))
}

impl<T: Real> Layer<T> {
    fn forward(&self, graph: &Graph, x: &Features<T>, weights: Weights<T>) -> (Features<T>, Trace<T>) {
        let orbits = graph.numbers.len();
        let sent = self.send(graph, x);
        let arriving = |l: usize| vec![T::ZERO; orbits * (2 * l + 1) * self.after[l].inputs];
        let mut sums: Features<T> = (0..self.outputs.len()).map(arriving).collect();
        let width = self.radial.width();
        for edge in &graph.edges {
            for path in &self.paths {
                let [l1, _, l3] = path.orders;
                let stride = self.after[l3].inputs;
                let operands = Operands {
                    shape: path.shape,
                    turn: &turn(path, edge),
                    source: &sent[l1][rows(2 * l1 + 1, path.shape.channels, edge.source)],
                    weight: &weights.values[edge.length * width + path.weight..],
                    slope: &[],
                };
                let out = &mut sums[l3][rows(2 * l3 + 1, stride, edge.centre)][path.channel..];
                convolve(&operands, out, stride);
            }
        }
        let mix = |l: usize| {
            let mut out = vec![T::ZERO; orbits * (2 * l + 1) * self.after[l].outputs];
            self.after[l].forward(&sums[l], &mut out);
            if let Some(past) = self.past.get(l) {
                past.forward(&x[l], &mut out);
            }
            out
        };
        let mixed: Features<T> = (0..self.outputs.len()).map(mix).collect();
        let inverse = self.norm.as_ref().map_or_else(Vec::new, |norm| norm.inverse_roots(&mixed, orbits));
        let out = self.gate(&self.normalised(&mixed, &inverse));
        (out, Trace { sent, weights, mixed, inverse })
    }

    /// What every site sends.
    fn send(&self, graph: &Graph, x: &Features<T>) -> Features<T> {
        let of_order = |(l, (map, x)): (usize, (&super::parameters::Linear<T>, &Vec<T>))| {
            let (components, channels) = (2 * l + 1, map.outputs);
            let mut own = vec![T::ZERO; x.len()];
            map.forward(x, &mut own);
            let mut all = vec![T::ZERO; graph.turns.len() * components * channels];
            for (site, turns) in graph.turns.iter().enumerate() {
                let from = &own[rows(components, channels, graph.orbit_of[site])];
                let to = &mut all[rows(components, channels, site)];
                match turns {
                    None => to.copy_from_slice(from),
                    // The inverse of a turn is its transpose.
                    Some(turns) => add_turned(to, from, channels, |m, k| turns[l][(k, m)]),
                }
            }
            all
        };
        self.before.iter().zip(x).enumerate().map(of_order).collect()
    }

    fn normalised<'a>(&self, mixed: &'a Features<T>, inverse: &[T]) -> Cow<'a, Features<T>> {
        match &self.norm {
            Some(norm) => Cow::Owned(norm.forward(mixed, inverse)),
            None => Cow::Borrowed(mixed),
        }
    }

    /// Scalars after their SiLU, all else times its gate.
    fn gate(&self, y: &Features<T>) -> Features<T> {
        let (scalars, _) = gates(&y[0], self.gate_scale);
        let all = self.after[0].outputs;
        let mut start = self.outputs[0];
        let first = scalars.chunks_exact(all).flat_map(|row| &row[..self.outputs[0]]).copied().collect();
        let mut out = vec![first];
        for (l, y) in y.iter().enumerate().skip(1) {
            let channels = self.outputs[l];
            let rows = y.chunks_exact(channels).enumerate();
            let gated = rows.flat_map(|(row, y)| {
                let gates = &scalars[row / (2 * l + 1) * all + start..][..channels];
                y.iter().zip(gates).map(|(&y, &gate)| y * gate)
            });
            out.push(gated.collect());
            start += channels;
        }
        out
    }

    fn gate_reverse(&self, y: &Features<T>, gradient: &Features<T>) -> Features<T> {
        let (scalars, slopes) = gates(&y[0], self.gate_scale);
        let all = self.after[0].outputs;
        let mut to_scalars = vec![T::ZERO; y[0].len()];
        for (to, gradient) in to_scalars.chunks_exact_mut(all).zip(gradient[0].chunks_exact(self.outputs[0]))
        {
            to[..self.outputs[0]].copy_from_slice(gradient);
        }
        let mut start = self.outputs[0];
        let mut out = vec![Vec::new()];
        for (l, (y, gradient)) in y.iter().zip(gradient).enumerate().skip(1) {
            let channels = self.outputs[l];
            let mut to = vec![T::ZERO; y.len()];
            for (row, to) in to.chunks_exact_mut(channels).enumerate() {
                let place = row / (2 * l + 1) * all + start;
                let (y, gradient) = (&y[row * channels..], &gradient[row * channels..]);
                for (u, to) in to.iter_mut().enumerate() {
                    *to = gradient[u] * scalars[place + u];
                    to_scalars[place + u] += gradient[u] * y[u];
                }
            }
            out.push(to);
            start += channels;
        }
        for (to, slope) in to_scalars.iter_mut().zip(&slopes) {
            *to *= *slope;
        }
        out[0] = to_scalars;
        out
    }

    /// From derivatives with respect to what goes out to those with respect to what came in (empty unless `further`). Adds those with respect
    /// to the vectors of the edges.
    fn backward(
        &self,
        graph: &Graph,
        trace: &Trace<T>,
        gradient: Features<T>,
        of_edges: &mut [Vector3<f64>],
        further: bool,
    ) -> Features<T> {
        let to_normalised = self.gate_reverse(&self.normalised(&trace.mixed, &trace.inverse), &gradient);
        let to_mixed = match &self.norm {
            Some(norm) => norm.reverse(&trace.mixed, &trace.inverse, to_normalised),
            None => to_normalised,
        };
        let orbits = graph.numbers.len();
        let back = |(l, gradient): (usize, &Vec<T>)| {
            let mut out = vec![T::ZERO; orbits * (2 * l + 1) * self.after[l].inputs];
            self.after[l].backward(gradient, &mut out);
            out
        };
        let to_sums: Features<T> = to_mixed.iter().enumerate().map(back).collect();
        let mut to_sent: Features<T> =
            trace.sent.iter().map(|sent| vec![T::ZERO; if further { sent.len() } else { 0 }]).collect();
        self.edges_reverse(graph, trace, &to_sums, &mut to_sent, of_edges);
        if !further {
            return Vec::new();
        }
        let to_input = |l: usize| {
            let (components, channels) = (2 * l + 1, self.inputs[l]);
            let mut own = vec![T::ZERO; orbits * components * channels];
            for (site, turns) in graph.turns.iter().enumerate() {
                let from = &to_sent[l][rows(components, channels, site)];
                let to = &mut own[rows(components, channels, graph.orbit_of[site])];
                match turns {
                    None => to.iter_mut().zip(from).for_each(|(to, from)| *to += *from),
                    Some(turns) => add_turned(to, from, channels, |m, k| turns[l][(m, k)]),
                }
            }
            let mut out = vec![T::ZERO; own.len()];
            self.before[l].backward(&own, &mut out);
            if let Some(past) = self.past.get(l) {
                past.backward(&to_mixed[l], &mut out);
            }
            out
        };
        (0..self.inputs.len()).map(to_input).collect()
    }

    fn edges_reverse(
        &self,
        graph: &Graph,
        trace: &Trace<T>,
        to_sums: &Features<T>,
        to_sent: &mut Features<T>,
        of_edges: &mut [Vector3<f64>],
    ) {
        let width = self.radial.width();
        for (edge, of_edge) in graph.edges.iter().zip(of_edges) {
            let mut along = T::ZERO;
            for path in &self.paths {
                let [l1, l2, l3] = path.orders;
                let stride = self.after[l3].inputs;
                let range = rows(2 * l1 + 1, path.shape.channels, edge.source);
                let weights = edge.length * width + path.weight;
                let gradient = &to_sums[l3][rows(2 * l3 + 1, stride, edge.centre)][path.channel..];
                let mut to_turn = [[T::ZERO; WIDEST]; WIDEST];
                let to_source: &mut [T] =
                    if to_sent[l1].is_empty() { &mut [] } else { &mut to_sent[l1][range.clone()] };
                let operands = Operands {
                    shape: path.shape,
                    turn: &turn(path, edge),
                    source: &trace.sent[l1][range],
                    weight: &trace.weights.values[weights..],
                    slope: &trace.weights.slopes[weights..],
                };
                convolve_reverse(&operands, gradient, stride, to_source, &mut to_turn, &mut along);
                for term in &path.terms {
                    let factor = term.value * to_turn[term.first][term.out].to_f64();
                    *of_edge += edge.slopes[l2 * l2 + term.second] * factor;
                }
            }
            *of_edge += edge.vector * (along.to_f64() / graph.lengths[edge.length]);
        }
    }
}

/// Scaled SiLU and its slopes.
fn gates<T: Real>(y: &[T], scale: T) -> (Vec<T>, Vec<T>) {
    let (mut values, mut slopes) = (y.to_vec(), vec![T::ZERO; y.len()]);
    silu(&mut values, &mut slopes);
    for number in values.iter_mut().chain(&mut slopes) {
        *number *= scale;
    }
    (values, slopes)
}

/// `to[m] += sum_k factor(m, k) from[k]` on rows of channels.
fn add_turned<T: Real>(to: &mut [T], from: &[T], channels: usize, factor: impl Fn(usize, usize) -> f64) {
    for (m, to) in to.chunks_exact_mut(channels).enumerate() {
        for (k, from) in from.chunks_exact(channels).enumerate() {
            let factor = T::from_f64(factor(m, k));
            for (to, from) in to.iter_mut().zip(from) {
                *to += factor * *from;
            }
        }
    }
}
