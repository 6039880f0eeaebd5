//! Search for the canonical order of the vertices of a graph and for its automorphisms.
//!
//! Individualisation and refinement as in nauty (B. D. McKay, Congr. Numer. 30, 45 (1981); B. D.
//! McKay, A. Piperno, J. Symb. Comput. 60, 94 (2014)): a vertex of the first cell that is not
//! settled gets a cell of its own, the partition is refined, and so on until all cells have one
//! vertex. Of all such leaves the one with the smallest trace and edges is canonical. Two leaves
//! with the same edges give an automorphism; what an automorphism maps onto an explored branch is
//! not explored again.

use std::cmp::Ordering;

use super::graph::{ColouredGraph, Partition};

/// Result of the search.
pub(super) struct Canonical {
    /// Vertices in canonical order.
    pub(super) order: Vec<u32>,
    /// The edges in that order.
    pub(super) edges: Vec<u32>,
    /// Automorphisms that generate the whole group: vertex `v` goes to `generator[v]`.
    pub(super) generators: Vec<Vec<u32>>,
    /// Branches visited.
    #[cfg(test)]
    pub(super) visited: usize,
}

/// The most branches that are looked at. C60 needs less than a hundred. When a graph needs
/// more, the best order so far is taken: two ligands with equal keys are still the same, but one
/// ligand could get two keys.
const BUDGET: usize = 20_000;

pub(super) fn search(graph: &ColouredGraph) -> Canonical {
    let root = Partition::of_colours(graph);
    let mut search = Search {
        graph,
        path: Vec::new(),
        trace: Vec::new(),
        first: None,
        best: None,
        generators: Vec::new(),
        visited: 0,
    };
    search.descend(&root);
    let (order, edges) = match search.best {
        Some(leaf) => (leaf.order, leaf.edges),
        None => (root.order, Vec::new()),
    };
    Canonical {
        order,
        edges,
        generators: search.generators,
        #[cfg(test)]
        visited: search.visited,
    }
}

#[derive(Clone)]
struct Leaf {
    path: Vec<u32>,
    trace: Vec<u64>,
    order: Vec<u32>,
    edges: Vec<u32>,
}

struct Search<'a> {
    graph: &'a ColouredGraph,
    /// Vertices that were given cells of their own, and the trace of each refinement.
    path: Vec<u32>,
    trace: Vec<u64>,
    first: Option<Leaf>,
    best: Option<Leaf>,
    generators: Vec<Vec<u32>>,
    visited: usize,
}

impl Search<'_> {
    /// Explores the branch below the current path. Returns the length of the path to go back to.
    fn descend(&mut self, partition: &Partition) -> usize {
        let level = self.path.len();
        if partition.is_discrete() {
            return self.leaf(partition);
        }
        let mut orbits = Orbits::new(self.graph.len());
        let mut used = 0;
        let mut explored: Vec<u32> = Vec::new();
        for &vertex in partition.target() {
            for generator in &self.generators[used..] {
                if self.path.iter().all(|&fixed| generator[fixed as usize] == fixed) {
                    orbits.join(generator);
                }
            }
            used = self.generators.len();
            if explored.iter().any(|&other| orbits.root(other) == orbits.root(vertex)) {
                continue;
            }
            if self.visited >= BUDGET && self.best.is_some() {
                return 0;
            }
            self.visited += 1;
            explored.push(vertex);
            let mut child = partition.clone();
            let trace = child.individualise(self.graph, vertex);
            self.path.push(vertex);
            self.trace.push(trace);
            let back = if self.promising() { self.descend(&child) } else { level };
            self.path.pop();
            self.trace.pop();
            if back < level {
                return back;
            }
        }
        level
    }

    /// Whether leaves below may be smaller than the best or equal to the first.
    fn promising(&self) -> bool {
        let prefix = |leaf: &Leaf| leaf.trace[..leaf.trace.len().min(self.trace.len())].to_vec();
        self.first.as_ref().is_none_or(|first| prefix(first) == self.trace)
            || self.best.as_ref().is_none_or(|best| self.trace <= prefix(best))
    }

    fn leaf(&mut self, partition: &Partition) -> usize {
        let leaf = Leaf {
            path: self.path.clone(),
            trace: self.trace.clone(),
            order: partition.order.clone(),
            edges: self.graph.relabelled(partition),
        };
        let level = self.path.len();
        let (Some(first), Some(best)) = (&self.first, &self.best) else {
            self.first = Some(leaf.clone());
            self.best = Some(leaf);
            return level;
        };
        let compare = |known: &Leaf| leaf.trace.cmp(&known.trace).then_with(|| leaf.edges.cmp(&known.edges));
        let twin = if compare(first) == Ordering::Equal { first } else { best };
        match compare(twin) {
            // Everything below the point where the two paths part is the same twice.
            Ordering::Equal => {
                let mut generator = vec![0; leaf.order.len()];
                for (&from, &to) in twin.order.iter().zip(&leaf.order) {
                    generator[from as usize] = to;
                }
                let shared = twin.path.iter().zip(&leaf.path).take_while(|(a, b)| a == b).count();
                self.generators.push(generator);
                shared
            }
            Ordering::Less => {
                self.best = Some(leaf);
                level
            }
            Ordering::Greater => level,
        }
    }
}

/// Vertices that known automorphisms exchange.
struct Orbits(Vec<u32>);

impl Orbits {
    fn new(n: usize) -> Self {
        Self((0..n as u32).collect())
    }

    fn root(&self, vertex: u32) -> u32 {
        let mut at = vertex;
        while self.0[at as usize] != at {
            at = self.0[at as usize];
        }
        at
    }

    fn join(&mut self, generator: &[u32]) {
        for (from, &to) in generator.iter().enumerate() {
            let (a, b) = (self.root(from as u32), self.root(to));
            self.0[a.max(b) as usize] = a.min(b);
        }
    }
}
