//! Graphs with coloured vertices and edges, and their ordered partitions.
//!
//! Colour refinement: cells are split by the number of neighbours (of each edge colour) in another
//! cell until nothing changes (B. D. McKay, Congr. Numer. 30, 45 (1981)). The largest new cell need
//! not split others unless the old cell still had to (J. E. Hopcroft, 1971).

/// A simple graph with coloured vertices and edges.
pub(super) struct ColouredGraph {
    /// Neighbours of each vertex with the colours of the edges (0 to 4).
    edges: Vec<Vec<(u32, u8)>>,
    /// Vertices sorted by colour, and where each colour starts.
    sorted: Vec<u32>,
    starts: Vec<usize>,
}

impl ColouredGraph {
    /// The graph in which vertices with equal labels have the same colour; colours are ordered like labels.
    pub(super) fn new(labels: &[Vec<u8>], edges: Vec<Vec<(u32, u8)>>) -> Self {
        let mut sorted: Vec<u32> = (0..labels.len() as u32).collect();
        sorted.sort_by(|&a, &b| labels[a as usize].cmp(&labels[b as usize]));
        let starts = (0..sorted.len())
            .filter(|&i| i == 0 || labels[sorted[i - 1] as usize] != labels[sorted[i] as usize])
            .collect();
        Self { edges, sorted, starts }
    }

    pub(super) fn len(&self) -> usize {
        self.edges.len()
    }

    /// The edges when the vertices are numbered in this order; equal for two orders exactly when
    /// they differ by an automorphism.
    pub(super) fn relabelled(&self, partition: &Partition) -> Vec<u32> {
        let mut code = Vec::with_capacity(self.edges.iter().map(|list| list.len() + 1).sum());
        for (position, &vertex) in partition.order.iter().enumerate() {
            let start = code.len();
            let neighbours = self.edges[vertex as usize].iter();
            code.extend(
                neighbours
                    .map(|&(other, colour)| (partition.position[other as usize], colour))
                    .filter(|&(other, _)| other as usize > position)
                    .map(|(other, colour)| other * 8 + u32::from(colour)),
            );
            code[start..].sort_unstable();
            code.push(u32::MAX);
        }
        code
    }
}

/// An ordered partition of the vertices into cells.
#[derive(Clone)]
pub(super) struct Partition {
    /// Vertices, cell by cell.
    pub(super) order: Vec<u32>,
    /// Where each vertex stands in `order`.
    position: Vec<u32>,
    /// Where the cell of each vertex starts.
    cell: Vec<u32>,
    /// Length of the cell that starts here.
    length: Vec<u32>,
    cells: usize,
}

impl Partition {
    /// The coarsest equitable partition that respects the colours.
    pub(super) fn of_colours(graph: &ColouredGraph) -> Self {
        let n = graph.len();
        let mut partition = Self {
            order: graph.sorted.clone(),
            position: vec![0; n],
            cell: vec![0; n],
            length: vec![0; n],
            cells: graph.starts.len(),
        };
        for (index, &start) in graph.starts.iter().enumerate() {
            let end = graph.starts.get(index + 1).copied().unwrap_or(n);
            partition.length[start] = (end - start) as u32;
            partition.settle(start, end);
        }
        partition.refine(graph, graph.starts.iter().map(|&start| start as u32).collect(), 0);
        partition
    }

    /// Whether each cell has one vertex.
    pub(super) fn is_discrete(&self) -> bool {
        self.cells == self.order.len()
    }

    /// The vertices of the first cell that has more than one.
    pub(super) fn target(&self) -> &[u32] {
        let mut start = 0;
        while start < self.order.len() {
            let length = self.length[start] as usize;
            if length > 1 {
                return &self.order[start..start + length];
            }
            start += length;
        }
        &[]
    }

    /// Puts a vertex in a cell of its own, before the rest of its old cell, and refines. Returns a
    /// number that is the same for vertices that an automorphism exchanges.
    pub(super) fn individualise(&mut self, graph: &ColouredGraph, vertex: u32) -> u64 {
        let start = self.cell[vertex as usize] as usize;
        let length = self.length[start];
        self.order.swap(start, self.position[vertex as usize] as usize);
        self.length[start] = 1;
        self.settle(start, start + 1);
        let end = start + length as usize;
        self.length[start + 1] = length - 1;
        self.settle(start + 1, end);
        self.cells += 1;
        self.refine(graph, vec![start as u32], start as u64)
    }

    /// Writes down positions and cell for `order[start..end]`, which is one cell.
    fn settle(&mut self, start: usize, end: usize) {
        for index in start..end {
            let vertex = self.order[index] as usize;
            self.position[vertex] = index as u32;
            self.cell[vertex] = start as u32;
        }
    }

    /// Splits cells by their neighbours in the cells `queue` until the partition is equitable.
    fn refine(&mut self, graph: &ColouredGraph, mut queue: Vec<u32>, seed: u64) -> u64 {
        let n = self.order.len();
        let mut trace = mix(0, seed);
        let mut queued = vec![false; n];
        queue.iter().for_each(|&start| queued[start as usize] = true);
        let mut count = vec![0_u64; n];
        let mut touched: Vec<u32> = Vec::new();
        let mut next = 0;
        while next < queue.len() && self.cells < n {
            let splitter = queue[next] as usize;
            next += 1;
            queued[splitter] = false;
            touched.clear();
            for index in splitter..splitter + self.length[splitter] as usize {
                for &(other, colour) in &graph.edges[self.order[index] as usize] {
                    if count[other as usize] == 0 {
                        touched.push(other);
                    }
                    // Twelve bits for each of five colours.
                    count[other as usize] += 1 << (12 * u32::from(colour));
                }
            }
            let mut hit: Vec<u32> = touched.iter().map(|&vertex| self.cell[vertex as usize]).collect();
            hit.sort_unstable();
            hit.dedup();
            for start in hit {
                trace =
                    self.split(start as usize, &count, &mut queue, &mut queued, mix(trace, u64::from(start)));
            }
            touched.iter().for_each(|&vertex| count[vertex as usize] = 0);
        }
        mix(trace, self.cells as u64)
    }

    /// Splits one cell by the counts of its vertices.
    fn split(
        &mut self,
        start: usize,
        count: &[u64],
        queue: &mut Vec<u32>,
        queued: &mut [bool],
        trace: u64,
    ) -> u64 {
        let mut trace = trace;
        let end = start + self.length[start] as usize;
        let counts = |vertex: &u32| count[*vertex as usize];
        let first = counts(&self.order[start]);
        if self.order[start..end].iter().all(|vertex| counts(vertex) == first) {
            return mix(trace, first);
        }
        self.order[start..end].sort_by_key(counts);
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        let mut from = start;
        for index in start + 1..=end {
            if index == end || counts(&self.order[index]) != counts(&self.order[from]) {
                pieces.push((from, index));
                trace = mix(mix(trace, index as u64), counts(&self.order[from]));
                from = index;
            }
        }
        let was_queued = queued[start];
        // The first of the largest pieces.
        let spared = pieces.iter().copied().rev().max_by_key(|(from, to)| to - from);
        for &(from, to) in &pieces {
            self.length[from] = (to - from) as u32;
            self.settle(from, to);
            if !queued[from] && (was_queued || Some((from, to)) != spared) {
                queued[from] = true;
                queue.push(from as u32);
            }
        }
        self.cells += pieces.len() - 1;
        trace
    }
}

/// One step of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014) over a running hash.
fn mix(hash: u64, value: u64) -> u64 {
    let mut z = hash.rotate_left(5) ^ value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
