//! Real structures, others made from them, and queries.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use druse_representations::io::for_each;
use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::supercell::supercell;
use druse_representations::{Crystal, Element, Lattice};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FILES: [&str; 2] = ["structures_le20.jsonl.gz", "structures_21to60_nearhull.jsonl.gz"];
/// Structures in these files.
pub const REAL: usize = 99_209;
const SEED: u64 = 2025;
/// Displacement of the atoms of a query along each axis (Å, largest).
const SHAKE: f64 = 0.05;

/// The files, when they are there.
pub fn files() -> Option<Vec<PathBuf>> {
    let shared = std::env::var_os("DRUSE_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let files = FILES.map(|file| shared.join("mp").join(file));
    files.iter().all(|file| file.exists()).then(|| files.to_vec())
}

/// About `size` structures: a part of the real ones, evenly spread, or all of them with others made from
/// them. Another thread reads.
pub fn stream(files: Vec<PathBuf>, size: usize) -> impl Iterator<Item = (String, Crystal)> {
    let (sender, receiver) = mpsc::sync_channel(4096);
    std::thread::spawn(move || {
        // 1e5 are the real ones, of which there are a few less.
        let copies = if size > 100_000 { size.div_ceil(REAL) } else { 1 };
        let real = size.min(REAL);
        let (mut sent, mut number) = (0, 0);
        each(&files, &mut |id, crystal| {
            // Evenly spread: where number * real / REAL goes up.
            let wanted = (number + 1) * real / REAL > number * real / REAL;
            for copy in 0..copies {
                if wanted && sent < size {
                    let made = if copy == 0 { crystal.clone() } else { variant(crystal, number, copy) };
                    let id = if copy == 0 { id.to_owned() } else { format!("{id}-{copy}") };
                    sent += 1;
                    // The receiver is gone when building failed, and then that is told.
                    let _ = sender.send((id, made));
                }
            }
            number += 1;
        });
    });
    receiver.into_iter()
}

fn each(files: &[PathBuf], emit: &mut dyn FnMut(&str, &Crystal)) {
    for file in files {
        let read = for_each(file, &mut |record| {
            if let Ok(record) = record {
                emit(&record.id, &record.crystal);
            }
        });
        if let Err(error) = read {
            eprintln!("{error}");
        }
    }
}

/// A structure with other elements, in half of the cases of small cells in a doubled cell.
fn variant(crystal: &Crystal, number: usize, copy: usize) -> Crystal {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    random.set_stream((number * 64 + copy) as u64);
    let mut made = crystal.clone();
    for element in crystal.composition().elements().collect::<Vec<_>>() {
        if let Some(other) = Element::from_atomic_number(random.random_range(1..=94)) {
            replace(&mut made, element, other);
        }
    }
    if made.sites.len() <= 10 && random.random_bool(0.5) {
        let mut matrix = Matrix3::identity();
        matrix[(copy % 3, copy % 3)] = 2;
        made = supercell(&made, &matrix).unwrap_or(made);
    }
    made
}

fn replace(crystal: &mut Crystal, element: Element, other: Element) {
    let occupants = crystal.sites.iter_mut().flat_map(|site| &mut site.occupants);
    occupants.filter(|occupant| occupant.element == element).for_each(|occupant| occupant.element = other);
}

/// Structures spread evenly over the real ones with shaken atoms and strained cells; in every second one
/// the first element is another, as generators propose it.
pub fn queries(files: &[PathBuf], count: usize) -> Vec<Crystal> {
    let (mut queries, mut number) = (Vec::new(), 0);
    each(files, &mut |_, crystal| {
        if number % (REAL / count) == 0 && queries.len() < count {
            let mut random = ChaCha8Rng::seed_from_u64(SEED + 1);
            random.set_stream(number as u64);
            let mut query = crystal.clone();
            let strain =
                Matrix3::from_fn(|i, j| f64::from(u8::from(i == j)) + random.random_range(-0.01..0.01));
            query.lattice = Lattice::from_matrix(query.lattice.matrix() * strain);
            for site in &mut query.sites {
                let moved = Vector3::from_fn(|_, _| random.random_range(-SHAKE..SHAKE));
                site.frac += query.lattice.to_fractional(&moved).unwrap_or_default();
            }
            let first = crystal.composition().elements().next();
            if let Some(element) = first.filter(|_| queries.len() % 2 == 1)
                && let Some(other) = Element::from_atomic_number(random.random_range(1..=94))
            {
                replace(&mut query, element, other);
            }
            queries.push(query);
        }
        number += 1;
    });
    queries
}
