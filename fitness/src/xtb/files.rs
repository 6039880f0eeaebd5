//! Reading the small text files of xtb.

use std::str::{FromStr, SplitWhitespace};

use druse_representations::Molecule;
use druse_representations::io::read_xyz_text;

use super::result::{ANGSTROM_PER_BOHR, EV_PER_HARTREE};
use super::{Failure, Job, Method};

/// Positions in an XYZ file that must hold the atoms of `start` in their order.
pub(super) fn read_positions(
    file: &'static str,
    text: &str,
    start: &Molecule,
) -> Result<Vec<[f64; 3]>, Failure> {
    let expected = || format!("{} atoms as at the start", start.len());
    let frame = read_xyz_text(text, file, "xtb").into_iter().next();
    let frame = frame.ok_or_else(|| Failure::output(file, "no atoms", expected()))?;
    let molecule = frame.map_err(|error| Failure::output(file, error.to_string(), expected()))?.molecule;
    if molecule.elements != start.elements {
        let found = format!("{} atoms, {}", molecule.len(), molecule.composition());
        return Err(Failure::output(file, found, expected()));
    }
    if molecule.positions.iter().flatten().any(|x| !x.is_finite()) {
        return Err(Failure::output(file, "a position that is not finite", expected()));
    }
    Ok(molecule.positions)
}

/// Bond orders: lines of two atoms, from 1, and a number.
pub(super) fn read_bond_orders(text: &str, atoms: usize) -> Result<Vec<(usize, usize, f64)>, Failure> {
    let bond = |line: &str| {
        let mut fields = line.split_whitespace();
        let atom = |text: &str| text.parse::<usize>().ok()?.checked_sub(1).filter(|&i| i < atoms);
        let (i, j) = (atom(fields.next()?)?, atom(fields.next()?)?);
        let [order] = numbers(&mut fields)?;
        Some((i, j, order))
    };
    text.lines()
        .map(|line| {
            let expected = format!("two atoms of 1 to {atoms} and a bond order");
            bond(line).ok_or_else(|| Failure::output("wbo", format!("'{line}'"), expected))
        })
        .collect()
}

/// Gradient (eV/Å) in Turbomole's format: `$grad`, a line on the cycle, the positions, the rows.
pub(super) fn read_gradient(text: &str, atoms: usize) -> Result<Vec<[f64; 3]>, Failure> {
    let unit = EV_PER_HARTREE / ANGSTROM_PER_BOHR;
    let rows: Option<Vec<[f64; 3]>> = text
        .lines()
        .skip(2 + atoms)
        .take(atoms)
        .map(|line| numbers::<3>(&mut line.split_whitespace()).map(|row| row.map(|x| x * unit)))
        .collect();
    rows.filter(|rows| rows.len() == atoms && atoms > 0).ok_or_else(|| {
        let expected = format!("{atoms} rows of three numbers after as many positions");
        Failure::output("gradient", format!("{} lines", text.lines().count()), expected)
    })
}

/// What standard output says beside the JSON file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Printout {
    /// Total energy (Eh).
    pub energy: Option<f64>,
    /// Static polarizability (a.u.).
    pub polarizability: Option<f64>,
    /// Electrons in fractionally occupied orbitals.
    pub n_fod: Option<f64>,
    /// Cycles of an optimisation that converged.
    pub converged: Option<u32>,
    /// Cycles of an optimisation that did not.
    pub failed: Option<String>,
    /// Whether the self-consistent charges were given up.
    pub scc_failed: bool,
    /// xtb's own words when it stops.
    pub error: Option<String>,
}

/// Reads standard output; the last value of each kind counts.
pub(super) fn read_printout(text: &str) -> Printout {
    let mut printout = Printout::default();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = after(line, "| TOTAL ENERGY") {
            printout.energy = first(rest);
        } else if line.trim_start().starts_with("Mol. α(0)") {
            printout.polarizability = after(line, ":").and_then(first);
        } else if line.trim_start().starts_with("NFOD") {
            printout.n_fod = after(line, ":").and_then(first);
        } else if let Some(rest) = after(line, "GEOMETRY OPTIMIZATION CONVERGED AFTER") {
            printout.converged = first(rest);
        } else if let Some(rest) = after(line, "FAILED TO CONVERGE GEOMETRY OPTIMIZATION IN") {
            printout.failed = Some(rest.split_whitespace().next().unwrap_or("?").to_owned());
        } else if line.contains("[ERROR]") {
            let cause = |line: &&str| line.trim_start().starts_with('-');
            printout.error = lines.by_ref().take_while(cause).last().map(|line| {
                let line = line.trim();
                line.split_once("- ").map_or(line, |(_, words)| words).to_owned()
            });
        }
        printout.scc_failed |= line.contains("convergence criteria cannot be satisfied")
            || line.contains("charge iterator did not converge");
    }
    printout.scc_failed |=
        printout.error.as_ref().is_some_and(|error| error.contains("charge iterator did not converge"));
    printout
}

/// Rejects energies that no molecule has.
///
/// GFN2 gives 50 complexes of tmQMg -16.0 to -14.3 eV per valence electron, ions from -13.8
/// ([Fe(CN)6]4-) to -16.5 ([Fe(H2O)6]2+), hydrogen -13, metal dimers -5 to -10. Overlapping atoms
/// cost hundreds of eV, and GFN1 gives some closed-shell atoms +98000. GFN-FF counts from free
/// atoms.
pub(super) fn check_energy(job: &Job, energy: f64) -> Result<(), Failure> {
    let (unit, count, least, most) = match job.method {
        Method::GfnFf => ("atom", job.molecule.len() as f64, -15.0, 5.0),
        Method::Gfn1 | Method::Gfn2 => {
            ("valence electron", job.valence_electrons().max(1) as f64, -25.0, -3.0)
        }
    };
    let value = energy / count;
    if (least..=most).contains(&value) { Ok(()) } else { Err(Failure::Energy { value, unit, least, most }) }
}

fn after<'t>(line: &'t str, mark: &str) -> Option<&'t str> {
    line.find(mark).map(|at| &line[at + mark.len()..])
}

fn first<T: FromStr>(text: &str) -> Option<T> {
    text.split_whitespace().next()?.parse().ok()
}

/// The next `N` fields as finite numbers.
fn numbers<const N: usize>(fields: &mut SplitWhitespace<'_>) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    for value in &mut values {
        *value = fields.next()?.parse().ok().filter(|x: &f64| x.is_finite())?;
    }
    Some(values)
}
