//! Sampling of cells and free parameters.

use rand::RngExt;

use super::occupation::{Draft, Guide};
use super::state::{Inputs, KnownCell, State};
use super::{circle, mixture};
use crate::crystals::building::{Contacts, Filling};
use crate::learned::symmetry::{CELL_TERMS, position_table};
use tch::Tensor;

/// Cells drawn until orbits without freedom keep their distance.
const CELLS: usize = 4;
/// Candidates for the free parameters of a site.
const CANDIDATES: usize = 6;
/// Smallest ratio of a distance to the contact of its elements.
const CLOSEST: f64 = 0.9;
/// Temperature of cells and coordinates relative to that of the request: geometry is relaxed afterwards, and what counts is to
/// start in the right valley.
const SHARPNESS: f64 = 0.6;

/// Draws the cells of drafts whose occupation is known. Those whose atoms come too near die.
pub(super) fn draw_cells(guide: &Guide, temperature: f64, drafts: &mut [&mut Draft]) {
    let network = guide.network;
    let states: Vec<&State> = drafts.iter().map(|draft| &draft.state).collect();
    let labels: Vec<_> = drafts.iter().map(|draft| draft.labels.clone()).collect();
    let encoded = network.encode(&Inputs::new(&states, network.device()), &network.labels(&labels));
    // Several cells for every draft: its vector is repeated.
    let whole = encoded.whole.repeat_interleave_self_int(CELLS as i64, 0, None);
    let count = drafts.len() * CELLS;
    let mut terms = vec![[0.0; CELL_TERMS]; count];
    let mut logs = vec![0.0; count];
    for term in 0..CELL_TERMS {
        let rows: Vec<usize> =
            (0..count).filter(|row| drafts[row / CELLS].state.free_terms().contains(&term)).collect();
        if rows.is_empty() {
            continue;
        }
        let known: Vec<[f64; CELL_TERMS]> = rows.iter().map(|&row| terms[row]).collect();
        let raw = network.cell_mixtures(&select(&whole, &rows), &known, &vec![term; rows.len()]);
        for (&row, mixture) in rows.iter().zip(mixture::mixtures(&raw)) {
            let x = mixture.draw(temperature * SHARPNESS, &mut drafts[row / CELLS].rng);
            terms[row][term] = x;
            logs[row] += mixture.log_density(x);
        }
    }
    for (row, draft) in drafts.iter_mut().enumerate() {
        let composition = draft.state.composition();
        let contacts = Contacts::of(&composition);
        let mut best: Option<(f64, usize, KnownCell)> = None;
        for (k, &terms) in terms.iter().enumerate().skip(row * CELLS).take(CELLS) {
            let Some(cell) = KnownCell::from_terms(draft.state.group, &composition, terms) else {
                continue;
            };
            let ratio = filling(&draft.state, &cell, &contacts).1;
            let better = best.as_ref().is_none_or(|(most, ..)| ratio.min(CLOSEST) > *most);
            if better {
                best = Some((ratio.min(CLOSEST), k, cell));
            }
        }
        match best {
            Some((ratio, k, cell)) if ratio >= CLOSEST => {
                draft.state.cell = Some(cell);
                draft.log_likelihood += logs[k];
                draft.tokens += draft.state.free_terms().len();
                for site in &mut draft.state.sites {
                    if position_table().entries()[site.position].freedom == 0 {
                        site.free = Some(Vec::new());
                    }
                }
            }
            _ => draft.dead = true,
        }
    }
}

/// Draws the free parameters of drafts with known cells, one site after the other. Those whose atoms come too near die.
pub(super) fn draw_coordinates(guide: &Guide, temperature: f64, drafts: &mut [&mut Draft]) {
    loop {
        let mut active: Vec<&mut &mut Draft> = drafts
            .iter_mut()
            .filter(|draft| !draft.dead && draft.state.sites.iter().any(|site| site.free.is_none()))
            .collect();
        if active.is_empty() {
            break;
        }
        draw_sites(guide, temperature, &mut active);
    }
}

/// Draws one site for every draft.
fn draw_sites(guide: &Guide, temperature: f64, drafts: &mut [&mut &mut Draft]) {
    let network = guide.network;
    let entries = position_table().entries();
    let states: Vec<&State> = drafts.iter().map(|draft| &draft.state).collect();
    let labels: Vec<_> = drafts.iter().map(|draft| draft.labels.clone()).collect();
    let encoded = network.encode(&Inputs::new(&states, network.device()), &network.labels(&labels));
    let t = encoded.sites.size()[1];
    // Fewest parameters first, at random among equals.
    let chosen: Vec<usize> = drafts
        .iter_mut()
        .map(|draft| {
            let open: Vec<usize> =
                (0..draft.state.total).filter(|&i| draft.state.sites[i].free.is_none()).collect();
            let freedom = |i: usize| entries[draft.state.sites[i].position].freedom;
            let least = open.iter().map(|&i| freedom(i)).min().unwrap_or(0);
            let open: Vec<usize> = open.into_iter().filter(|&i| freedom(i) == least).collect();
            open[draft.rng.random_range(0..open.len())]
        })
        .collect();
    let places: Vec<usize> = chosen.iter().enumerate().map(|(row, site)| row * t as usize + site).collect();
    let width = network.config.transformer.width;
    let vectors = select(&encoded.sites.reshape([-1, width]), &places).repeat_interleave_self_int(
        CANDIDATES as i64,
        0,
        None,
    );
    let count = drafts.len() * CANDIDATES;
    let freedom = |row: usize| {
        let draft = row / CANDIDATES;
        entries[drafts[draft].state.sites[chosen[draft]].position].freedom
    };
    let freedoms: Vec<usize> = (0..count).map(freedom).collect();
    let mut free: Vec<Vec<f64>> = vec![Vec::new(); count];
    let mut logs = vec![0.0; count];
    for which in 0..3 {
        let rows: Vec<usize> = (0..count).filter(|&row| freedoms[row] > which).collect();
        if rows.is_empty() {
            continue;
        }
        let known: Vec<Vec<f64>> = rows.iter().map(|&row| free[row].clone()).collect();
        let raw = network.coordinate_logits(&select(&vectors, &rows), &known, &vec![which; rows.len()]);
        for (&row, density) in rows.iter().zip(circle::densities(&raw)) {
            let x = density.draw(temperature * SHARPNESS, &mut drafts[row / CANDIDATES].rng);
            free[row].push(x);
            logs[row] += density.log_density(x);
        }
    }
    for (row, draft) in drafts.iter_mut().enumerate() {
        let Some(cell) = &draft.state.cell else { continue };
        let site = chosen[row];
        let contacts = Contacts::of(&draft.state.composition());
        let filled = filling(&draft.state, cell, &contacts).0;
        let (Some(position), Some(element)) =
            (entries[draft.state.sites[site].position].position(), draft.state.sites[site].element)
        else {
            continue;
        };
        // The likeliest of those that keep their distance.
        let best = (row * CANDIDATES..(row + 1) * CANDIDATES)
            .filter(|&k| {
                let points = cell.placement.orbit(element, position, &free[k]).points;
                let kind = contacts.index(element).unwrap_or(0);
                let orbit: Vec<_> = points.into_iter().map(|point| (point, kind)).collect();
                filled.ratio_of_orbit(&orbit) >= CLOSEST
            })
            .max_by(|&a, &b| logs[a].total_cmp(&logs[b]));
        match best {
            Some(k) => {
                draft.state.sites[site].free = Some(free[k].clone());
                draft.log_likelihood += logs[k];
                draft.tokens += free[k].len();
            }
            None => draft.dead = true,
        }
    }
}

/// The cell with the orbits that are placed in it, those without freedom included, and the smallest ratio of a
/// distance to its contact.
fn filling<'a>(state: &State, cell: &KnownCell, contacts: &'a Contacts) -> (Filling<'a>, f64) {
    let mut filling = Filling::new(cell.placement.lattice(), contacts);
    let mut smallest = f64::INFINITY;
    for site in &state.sites {
        let entry = &position_table().entries()[site.position];
        let none = Vec::new();
        let free = match &site.free {
            Some(free) => free,
            None if entry.freedom == 0 => &none,
            None => continue,
        };
        let (Some(position), Some(element)) = (entry.position(), site.element) else { continue };
        let kind = contacts.index(element).unwrap_or(0);
        let points = cell.placement.orbit(element, position, free).points;
        let orbit: Vec<_> = points.into_iter().map(|point| (point, kind)).collect();
        smallest = smallest.min(filling.ratio_of_orbit(&orbit));
        orbit.into_iter().for_each(|(point, kind)| filling.add(point, kind));
    }
    (filling, smallest)
}

/// Rows of a matrix.
fn select(matrix: &Tensor, rows: &[usize]) -> Tensor {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    matrix.index_select(0, &Tensor::from_slice(&rows).to_device(matrix.device()))
}
