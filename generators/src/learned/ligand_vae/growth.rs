//! Ligands that grow piece by piece.

use druse_representations::ligand::{Atom, BondOrder, LigandError};
use druse_representations::{Element, Ligand};
use petgraph::graph::{NodeIndex, UnGraph};

use super::vocabulary::Vocabulary;

/// An atom of a piece that was added by the step of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the step.
    pub step: usize,
    /// Atom of its piece.
    pub atom: usize,
}

/// What happens to a growing ligand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A piece is added.
    Grow {
        /// What it is bonded to; `None` for the first, which binds to the metal.
        slot: Option<Place>,
        /// Place in the vocabulary.
        piece: usize,
        /// Its atom that is bonded, or binds to the metal for the first; the first atom of its class.
        root: usize,
    },
    /// A bond closes a ring from the newest piece to one before.
    Close {
        /// Atom of the newest piece.
        from: Place,
        /// Atom of a piece that it hangs on.
        to: Place,
    },
}

/// A growing ligand. Pieces are added depth first: a new piece is bonded to the newest or to one that this hangs on, at no atom before those
/// that were bonded there already, and rings are closed before the newest piece gets others. So every ligand has few orders of
/// growth, of which [`read`](super::read) takes one.
#[derive(Clone, Debug)]
pub(super) struct Growth<'a> {
    vocabulary: &'a Vocabulary,
    pub(super) steps: Vec<Step>,
    /// Of each step its piece, for those that add one.
    grown: Vec<Option<Grown>>,
    /// Steps whose pieces can still get others, each hanging on the one before.
    path: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Grown {
    piece: usize,
    /// Free bonds of each atom.
    free: Vec<u8>,
    /// First atom that may still get a bond to a new piece.
    least: usize,
    /// What it is bonded to and by which atom.
    parent: Option<(Place, usize)>,
    /// Whether others hang on it.
    bears: bool,
}

impl<'a> Growth<'a> {
    pub(super) fn new(vocabulary: &'a Vocabulary) -> Self {
        Self { vocabulary, steps: Vec::new(), grown: Vec::new(), path: Vec::new() }
    }

    /// Atoms that a new piece may be bonded to, oldest first.
    pub(super) fn slots(&self) -> Vec<Place> {
        let mut slots = Vec::new();
        for (step, grown) in self.path.iter().filter_map(|&step| Some((step, self.grown[step].as_ref()?))) {
            let open = (grown.least..grown.free.len()).filter(|&atom| grown.free[atom] > 0);
            slots.extend(open.map(|atom| Place { step, atom }));
        }
        slots
    }

    /// Atoms that this one may close a ring to, oldest first.
    pub(super) fn closures(&self, from: Place) -> Vec<Place> {
        let Some((&newest, before)) = self.path.split_last() else { return Vec::new() };
        let Some(grown) = self.grown[newest].as_ref().filter(|grown| !grown.bears) else { return Vec::new() };
        if from.step != newest || grown.free[from.atom] == 0 {
            return Vec::new();
        }
        let mut taken: Vec<Place> = self
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Close { from: other, to } if *other == from => Some(*to),
                _ => None,
            })
            .collect();
        taken.extend(grown.parent.filter(|&(_, root)| root == from.atom).map(|(place, _)| place));
        let mut places = Vec::new();
        for (step, grown) in before.iter().filter_map(|&step| Some((step, self.grown[step].as_ref()?))) {
            let open = (grown.least..grown.free.len()).filter(|&atom| grown.free[atom] > 0);
            places.extend(open.map(|atom| Place { step, atom }).filter(|place| !taken.contains(place)));
        }
        places
    }

    /// Piece of a step.
    pub(super) fn piece(&self, step: usize) -> Option<usize> {
        self.grown.get(step)?.as_ref().map(|grown| grown.piece)
    }

    /// Atom by which the piece of a step is bonded.
    pub(super) fn root(&self, step: usize) -> usize {
        match self.steps.get(step) {
            Some(Step::Grow { root, .. }) => *root,
            _ => 0,
        }
    }

    /// Takes a step; it has to be one of those that are open.
    pub(super) fn take(&mut self, step: Step) {
        let number = self.steps.len();
        self.steps.push(step);
        match step {
            Step::Grow { slot, piece, root } => {
                if let Some(slot) = slot {
                    while self.path.last().is_some_and(|&last| last != slot.step) {
                        self.path.pop();
                    }
                    if let Some(Some(parent)) = self.grown.get_mut(slot.step) {
                        parent.free[slot.atom] = parent.free[slot.atom].saturating_sub(1);
                        (parent.least, parent.bears) = (slot.atom, true);
                    }
                }
                let atoms = &self.vocabulary.pieces()[piece].piece.atoms;
                let mut free: Vec<u8> = atoms.iter().map(|atom| atom.free).collect();
                if slot.is_some() {
                    free[root] = free[root].saturating_sub(1);
                }
                let parent = slot.map(|slot| (slot, root));
                self.grown.push(Some(Grown { piece, free, least: 0, parent, bears: false }));
                self.path.push(number);
            }
            Step::Close { from, to } => {
                for place in [from, to] {
                    if let Some(Some(grown)) = self.grown.get_mut(place.step) {
                        grown.free[place.atom] = grown.free[place.atom].saturating_sub(1);
                    }
                }
                self.grown.push(None);
            }
        }
    }

    /// The ligand, hydrogens at all bonds that are free.
    ///
    /// # Errors
    /// When it is none, which means that it has no donor.
    pub(super) fn ligand(&self, name: &str) -> Result<Ligand, LigandError> {
        let mut graph: UnGraph<Atom, BondOrder> = UnGraph::default();
        let mut donors: Vec<Vec<usize>> = Vec::new();
        let mut first: Vec<usize> = Vec::with_capacity(self.steps.len());
        for grown in &self.grown {
            let (start, sites) = (graph.node_count(), donors.len());
            first.push(start);
            let Some(grown) = grown else { continue };
            let piece = &self.vocabulary.pieces()[grown.piece].piece;
            donors.extend(std::iter::repeat_n(Vec::new(), piece.donors()));
            for (k, atom) in piece.atoms.iter().enumerate() {
                graph.add_node(Atom { element: atom.element, formal_charge: atom.charge });
                if atom.donor != 0 {
                    donors[sites + usize::from(atom.donor) - 1].push(start + k);
                }
            }
            for &(from, to, order) in &piece.bonds {
                graph.add_edge(NodeIndex::new(start + from), NodeIndex::new(start + to), order);
            }
        }
        let node = |place: Place| NodeIndex::new(first[place.step] + place.atom);
        for (number, step) in self.steps.iter().enumerate() {
            let (from, to) = match *step {
                Step::Grow { slot: Some(slot), root, .. } => (slot, Place { step: number, atom: root }),
                Step::Close { from, to } => (from, to),
                Step::Grow { slot: None, .. } => continue,
            };
            graph.add_edge(node(from), node(to), BondOrder::Single);
        }
        if let Some(hydrogen) = Element::from_atomic_number(1) {
            for (step, grown) in self.grown.iter().enumerate() {
                let free = grown.iter().flat_map(|grown| grown.free.iter().enumerate());
                for (atom, &count) in free {
                    for _ in 0..count {
                        let added = graph.add_node(Atom { element: hydrogen, formal_charge: 0 });
                        graph.add_edge(node(Place { step, atom }), added, BondOrder::Single);
                    }
                }
            }
        }
        Ligand::new(name, graph, donors)
    }
}
