//! The network: embeddings, the transformer, and the heads.

use tch::nn::{self, Module};
use tch::{Device, Kind, Tensor};

use super::Config;
use super::features::{CHARGE_FEATURES, ELEMENT_FEATURES, ELEMENTS, element_features};
use super::state::{CELL_FEATURES, Inputs, POINT_FEATURES, write_waves};
use crate::learned::nets::{ConditionEmbedding, Perceptron, Transformer};
use crate::learned::symmetry::{
    CELL_TERMS, GROUP_FEATURES, MOST_ATOMS, ORBIT_FEATURES, POSITION_FEATURES, position_table,
};
use crate::learned::{Conditions, Labels, Scale};

/// Numbers that describe the free parameters of a site that are already drawn.
const PARAMETER_FEATURES: usize = POINT_FEATURES / 3;
/// Spread of fresh embeddings of single groups, positions and elements.
const FRESH: nn::Init = nn::Init::Randn { mean: 0.0, stdev: 0.2 };

/// The network.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) conditions: Conditions,
    pub(super) config: Config,
    labels: ConditionEmbedding,
    groups: Table,
    positions: Table,
    site_symmetries: Tensor,
    symmetry_classes: Tensor,
    elements: Table,
    totals: Tensor,
    left: Tensor,
    atoms: Tensor,
    cells: nn::Linear,
    points: nn::Linear,
    charges: nn::Linear,
    missing: nn::Linear,
    pairs: Perceptron,
    weights: Tensor,
    transformer: Transformer,
    group_head: Perceptron,
    total_head: Perceptron,
    position_query: nn::Linear,
    position_bias: nn::Linear,
    element_query: nn::Linear,
    element_bias: Tensor,
    cell_head: Perceptron,
    coordinate_head: Perceptron,
    property_head: Perceptron,
    /// Places of the positions of every group, `[230, widest]`, and whether they exist.
    places: Tensor,
    exists: Tensor,
}

/// One vector per entry: a map of its features plus a vector of its own.
#[derive(Debug)]
struct Table {
    features: Tensor,
    map: nn::Linear,
    own: Tensor,
}

impl Table {
    fn new<const N: usize>(path: nn::Path, rows: &[[f32; N]], width: i64) -> Self {
        let n = rows.len() as i64;
        let features = Tensor::from_slice(rows.as_flattened()).view([n, N as i64]).to_device(path.device());
        let map = nn::linear(&path / "map", N as i64, width, nn::LinearConfig::default());
        Self { features, map, own: path.var("own", &[n, width], FRESH) }
    }

    /// All vectors, `[entries, width]`.
    fn all(&self) -> Tensor {
        self.features.apply(&self.map) + &self.own
    }
}

/// What the transformer makes of states, with the tables that it was given.
pub(super) struct Encoded {
    /// `[batch, width]`.
    pub(super) whole: Tensor,
    /// `[batch, T, width]`.
    pub(super) sites: Tensor,
    /// Vectors of all positions, `[positions, width]`.
    positions: Tensor,
    /// Vectors of all elements, `[elements, width]`.
    elements: Tensor,
}

impl Network {
    /// With fresh weights.
    pub(super) fn new(path: &nn::Path, config: &Config, conditions: &Conditions) -> Self {
        let width = config.transformer.width;
        let table = position_table();
        let linear =
            |name: &str, from: i64, to: i64| nn::linear(path / name, from, to, nn::LinearConfig::default());
        let embedding = |name: &str, rows: i64| path.var(name, &[rows, width], FRESH);
        let perceptron = |name: &str, from: i64, to: i64| Perceptron::new(&(path / name), from, width, to);
        let numbers =
            conditions.columns.iter().filter(|c| matches!(c.scale, Scale::Number { .. })).count() as i64;
        let classes: Vec<i64> = table.entries().iter().map(|e| e.site_symmetry as i64).collect();
        let widest = table.widest();
        let (mut places, mut exists) = (vec![0i64; 230 * widest], vec![false; 230 * widest]);
        for group in 1..=230u8 {
            for (k, place) in table.group(group).enumerate() {
                let at = (usize::from(group) - 1) * widest + k;
                (places[at], exists[at]) = (place as i64, true);
            }
        }
        let shape = [230, widest as i64];
        let device = path.device();
        let sites = config.most_sites as i64 + 1;
        Self {
            conditions: conditions.clone(),
            config: config.clone(),
            labels: ConditionEmbedding::new(&(path / "labels"), conditions, width),
            groups: Table::new::<GROUP_FEATURES>(path / "groups", table.group_features(), width),
            positions: Table::new::<POSITION_FEATURES>(path / "positions", table.features(), width),
            site_symmetries: embedding("site_symmetries", table.site_symmetries() as i64),
            symmetry_classes: Tensor::from_slice(&classes).to_device(device),
            elements: Table::new::<ELEMENT_FEATURES>(path / "elements", &element_features(), width),
            totals: embedding("totals", sites),
            left: embedding("left", sites),
            atoms: embedding("atoms", MOST_ATOMS as i64 + 1),
            cells: linear("cells", CELL_FEATURES as i64, width),
            points: linear("points", POINT_FEATURES as i64 + 1, width),
            charges: linear("charges", CHARGE_FEATURES as i64, width),
            missing: linear("missing", CHARGE_FEATURES as i64, width),
            pairs: Perceptron::new(
                &(path / "pairs"),
                ORBIT_FEATURES as i64 + 1,
                32,
                config.transformer.heads,
            ),
            weights: path.var("weights", &[config.transformer.heads, 1, 1], nn::Init::Const(0.5)),
            transformer: Transformer::new(&(path / "transformer"), config.transformer),
            group_head: perceptron("group_head", width, 230),
            total_head: perceptron("total_head", width, sites),
            position_query: linear("position_query", width, width),
            position_bias: linear("position_bias", width, 1),
            element_query: linear("element_query", width, width),
            element_bias: path.var("element_bias", &[ELEMENTS as i64], nn::Init::Const(0.0)),
            cell_head: perceptron("cell_head", width + 3 * CELL_TERMS as i64, 3 * config.components),
            coordinate_head: perceptron(
                "coordinate_head",
                width + 3 * PARAMETER_FEATURES as i64 + 3,
                config.knots,
            ),
            property_head: perceptron("property_head", width, numbers.max(1)),
            places: Tensor::from_slice(&places).view(shape).to_device(device),
            exists: Tensor::from_slice(&exists).view(shape).to_device(device),
        }
    }

    /// Where the weights are.
    pub(super) fn device(&self) -> Device {
        self.totals.device()
    }

    /// Labels as vectors, `[batch, width]`.
    pub(super) fn labels(&self, labels: &[Labels]) -> Tensor {
        self.labels.forward(labels, self.device())
    }

    /// Logits of space groups, `[batch, 230]`, from labels.
    pub(super) fn group_logits(&self, labels: &Tensor) -> Tensor {
        self.group_head.forward(labels)
    }

    /// Logits of numbers of sites (from 0), `[batch, most sites + 1]`, from labels and space groups less 1.
    pub(super) fn total_logits(&self, labels: &Tensor, groups: &Tensor) -> Tensor {
        self.total_head.forward(&(labels + self.groups.all().index_select(0, groups)))
    }

    /// Reads states.
    pub(super) fn encode(&self, inputs: &Inputs, labels: &Tensor) -> Encoded {
        let (batch, t) = inputs.there.size2().unwrap_or((0, 0));
        let width = self.config.transformer.width;
        let positions = self.positions.all() + self.site_symmetries.index_select(0, &self.symmetry_classes);
        let elements = self.elements.all();
        let rows = |table: &Tensor, places: &Tensor| {
            table.index_select(0, &places.reshape([-1])).view([batch, -1, width])
        };
        let whole = rows(&self.groups.all(), &inputs.groups)
            + rows(&self.totals, &inputs.totals)
            + rows(&self.left, &inputs.left)
            + rows(&self.atoms, &inputs.atoms)
            + inputs.cells.apply(&self.cells).unsqueeze(1)
            + inputs.charges.apply(&self.charges).unsqueeze(1)
            + labels.unsqueeze(1);
        let sites = rows(&positions, &inputs.positions)
            + rows(&elements, &inputs.elements)
            + inputs.points.apply(&self.points)
            + inputs.open.unsqueeze(-1) * inputs.charges.apply(&self.missing).unsqueeze(1);
        let tokens = Tensor::cat(&[&whole, &sites], 1);
        let encoded = self.transformer.forward(&tokens, &self.bias(inputs));
        Encoded { whole: encoded.select(1, 0), sites: encoded.narrow(1, 1, t), positions, elements }
    }

    /// Bias of attention `[batch, heads, 1 + T, 1 + T]`: sites count by their numbers of atoms, to a power that
    /// every head learns, and placed orbits see each other by their distance.
    fn bias(&self, inputs: &Inputs) -> Tensor {
        let (batch, t) = inputs.there.size2().unwrap_or((0, 0));
        let whole = Tensor::ones([batch, 1], (Kind::Bool, self.device()));
        let there = Tensor::cat(&[&whole, &inputs.there], 1);
        let weights = inputs.weights.constant_pad_nd([1, 0]).view([batch, 1, 1, t + 1]) * &self.weights;
        let mut bias = weights + Transformer::bias(&there);
        if let Some(pairs) = &inputs.pairs {
            // Pairs that are not placed say nothing.
            let known = pairs.narrow(-1, ORBIT_FEATURES as i64, 1);
            let distances = (self.pairs.forward(pairs) * known).permute([0, 3, 1, 2]);
            bias = &bias + distances.constant_pad_nd([1, 0, 1, 0]);
        }
        bias
    }

    /// Logits of the next position, `[batch, widest]`, minus infinity where the group has none.
    pub(super) fn position_logits(&self, encoded: &Encoded, groups: &Tensor) -> Tensor {
        let (batch, width) = encoded.whole.size2().unwrap_or((0, 0));
        let places = self.places.index_select(0, groups);
        let options = encoded.positions.index_select(0, &places.view([-1])).view([batch, -1, width]);
        let query = encoded.whole.apply(&self.position_query).unsqueeze(-1) / (width as f64).sqrt();
        let logits = options.matmul(&query) + options.apply(&self.position_bias);
        let absent = self.exists.index_select(0, groups).logical_not();
        logits.squeeze_dim(-1).masked_fill(&absent, f64::NEG_INFINITY)
    }

    /// Logits of elements, `[..., elements]`, for vectors of sites `[..., width]`; that of the unknown element is meaningless.
    pub(super) fn element_logits(&self, encoded: &Encoded, sites: &Tensor) -> Tensor {
        let width = self.config.transformer.width as f64;
        sites.apply(&self.element_query).matmul(&encoded.elements.transpose(0, 1)) / width.sqrt()
            + &self.element_bias
    }

    /// Mixtures `[rows, 3 components]` of cell terms. `terms` are all terms, of which those before `which`
    /// count as known; `free` says which exist.
    pub(super) fn cell_mixtures(
        &self,
        whole: &Tensor,
        terms: &[[f64; CELL_TERMS]],
        which: &[usize],
    ) -> Tensor {
        let mut features = vec![0f32; which.len() * 3 * CELL_TERMS];
        for ((row, terms), &which) in features.chunks_mut(3 * CELL_TERMS).zip(terms).zip(which) {
            for k in 0..which {
                row[k] = terms[k] as f32;
                row[CELL_TERMS + k] = (terms[k] as f32 * 0.5).sin();
            }
            row[2 * CELL_TERMS + which] = 1.0;
        }
        let features = Tensor::from_slice(&features)
            .view([which.len() as i64, 3 * CELL_TERMS as i64])
            .to_device(self.device());
        self.cell_head.forward(&Tensor::cat(&[whole, &features], -1))
    }

    /// Logits `[rows, knots]` of free parameter `which` of sites, those before being known, see [`circle`](super::circle).
    pub(super) fn coordinate_logits(&self, sites: &Tensor, free: &[Vec<f64>], which: &[usize]) -> Tensor {
        const FEATURES: usize = 3 * PARAMETER_FEATURES + 3;
        let mut features = vec![0f32; which.len() * FEATURES];
        for ((row, free), &which) in features.chunks_mut(FEATURES).zip(free).zip(which) {
            write_waves(row, &free[..which]);
            row[3 * PARAMETER_FEATURES + which] = 1.0;
        }
        let features = Tensor::from_slice(&features)
            .view([which.len() as i64, FEATURES as i64])
            .to_device(self.device());
        self.coordinate_head.forward(&Tensor::cat(&[sites, &features], -1))
    }

    /// Properties by numeric condition, squashed, `[batch, numbers]`, from complete crystals.
    pub(super) fn properties(&self, encoded: &Encoded) -> Tensor {
        self.property_head.forward(&encoded.whole)
    }

    /// Every row of a batch with every condition that is a chemical system.
    pub(super) fn element_columns(&self, batch: usize) -> Vec<(usize, usize)> {
        let columns = self.conditions.columns.iter().enumerate();
        let columns: Vec<usize> =
            columns.filter(|(_, c)| c.scale == Scale::Elements).map(|(column, _)| column).collect();
        (0..batch).flat_map(|row| columns.iter().map(move |&column| (row, column))).collect()
    }

    /// Numeric conditions with mean and standard deviation.
    pub(super) fn numbers(&self) -> Vec<(usize, f64, f64)> {
        let columns = self.conditions.columns.iter().enumerate();
        columns
            .filter_map(|(place, column)| match column.scale {
                Scale::Number { mean, sd, .. } => Some((place, mean, sd)),
                _ => None,
            })
            .collect()
    }
}

/// Steepness of [`squash`] about the mean.
const STEEPNESS: f64 = 4.0;

/// A number in standard deviations, squashed so that outliers do not rule what is learnt near the mean.
pub(super) fn squash(x: f64, mean: f64, sd: f64) -> f64 {
    ((x - mean) / sd * STEEPNESS).asinh()
}

/// The way back from [`squash`].
pub(super) fn unsquash(y: f64, mean: f64, sd: f64) -> f64 {
    mean + sd * y.clamp(-6.0, 6.0).sinh() / STEEPNESS
}
