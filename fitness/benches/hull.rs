//! Speed of the convex hull on a set as large as a database: 99,000 entries over 89 elements.
//!
//! ```text
//! cargo bench -p druse-fitness --no-default-features --bench hull
//! ```

use divan::{Bencher, black_box, counter::ItemsCount};
use druse_fitness::hull::{Exclude, PhaseDiagram, PhaseEntry};
use druse_representations::{Composition, Element};
use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    divan::main();
}

/// Binaries to quinaries; a fifth of the elements are in four fifths of the compounds, as in real
/// databases, so that some chemical systems hold hundreds of phases.
fn entries() -> Vec<PhaseEntry> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let elements: Vec<Element> = Element::all().take(89).collect();
    let mut entries: Vec<PhaseEntry> = elements
        .iter()
        .map(|&element| PhaseEntry {
            id: element.symbol().to_owned(),
            composition: Composition::from_iter([(element, 1.0)]),
            energy_per_atom: 0.0,
        })
        .collect();
    while entries.len() < 99_000 {
        let size = rng.random_range(2..=5);
        let pool = if rng.random_bool(0.8) { 18 } else { 89 };
        let composition: Composition = sample(&mut rng, pool, size)
            .into_iter()
            .map(|index| (elements[index], f64::from(rng.random_range(1_u8..=6))))
            .collect();
        let id = entries.len().to_string();
        entries.push(PhaseEntry { id, composition, energy_per_atom: rng.random_range(-2.0..0.2) });
    }
    entries
}

fn queries(size: usize) -> Vec<Composition> {
    let mut rng = ChaCha8Rng::seed_from_u64(size as u64);
    let elements: Vec<Element> = Element::all().take(18).collect();
    let mut query = || {
        let chosen = sample(&mut rng, 18, size).into_iter();
        chosen.map(|index| (elements[index], f64::from(rng.random_range(1_u8..=9)))).collect()
    };
    (0..2000).map(|_| query()).collect()
}

#[divan::bench(sample_count = 5)]
fn build(bencher: Bencher) {
    let entries = entries();
    bencher.with_inputs(|| entries.clone()).bench_values(PhaseDiagram::new);
}

/// 2,000 queries of up to 2,000 chemical systems that nobody has asked about before.
#[divan::bench(args = [2, 3, 4, 5], sample_count = 5)]
fn place_in_new_systems(bencher: Bencher, elements: usize) {
    let entries = entries();
    let queries = queries(elements);
    bencher
        .counter(ItemsCount::new(queries.len()))
        .with_inputs(|| PhaseDiagram::new(entries.clone()))
        .bench_local_refs(|diagram| place(diagram.as_ref().ok(), &queries));
}

/// The same once every system is in memory.
#[divan::bench(args = [2, 3, 4, 5], sample_count = 5)]
fn place_in_known_systems(bencher: Bencher, elements: usize) {
    let diagram = PhaseDiagram::new(entries()).ok();
    let queries = queries(elements);
    bencher.counter(ItemsCount::new(queries.len())).bench_local(|| place(diagram.as_ref(), &queries));
}

/// What each place rests on, beside the place itself: what campaigns ask of every candidate.
#[divan::bench(args = [2, 3, 4, 5], sample_count = 5)]
fn tell_sensitivities(bencher: Bencher, elements: usize) {
    let diagram = PhaseDiagram::new(entries()).ok();
    let queries = queries(elements);
    let told = |query: &Composition| {
        let diagram = diagram.as_ref()?;
        let placement = diagram.energy_above_hull(query, -1.0, Exclude::Nothing).ok()?;
        diagram.known(query).ok()?;
        black_box(diagram.sensitivity(query, -1.0, &placement).ok())
    };
    bencher.counter(ItemsCount::new(queries.len())).bench_local(|| queries.iter().filter_map(told).count());
}

fn place(diagram: Option<&PhaseDiagram>, queries: &[Composition]) -> usize {
    let placed = |query| black_box(diagram?.energy_above_hull(query, -1.0, Exclude::Nothing).ok());
    queries.iter().filter_map(placed).count()
}
