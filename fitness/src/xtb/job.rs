//! What xtb is asked for.

use std::fmt;

use druse_datasets::elements::covalent_radius;
use druse_representations::nalgebra::Vector3;
use druse_representations::{Element, Molecule};
use serde::{Deserialize, Serialize};

use super::Failure;

/// Pairs nearer than this share of the sum of their covalent radii (Cordero et al. 2008) are not
/// calculated. The shortest known bonds for their size are the quintuple ones of chromium, 0.62.
pub const CLASH: f64 = 0.5;

/// Largest atomic number that the xTB Hamiltonians know.
pub const LAST_ELEMENT: u8 = 86;

/// A method of the xTB family. Their energies are never comparable with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// GFN2-xTB (Bannwarth et al. 2019).
    Gfn2,
    /// GFN1-xTB (Grimme et al. 2017).
    Gfn1,
    /// The force field GFN-FF (Spicher and Grimme 2020); no electrons.
    GfnFf,
}

impl Method {
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Gfn2 => &["--gfn", "2"],
            Self::Gfn1 => &["--gfn", "1"],
            Self::GfnFf => &["--gfnff"],
        }
    }

    /// Whether the method has orbitals and charges.
    pub fn has_electrons(self) -> bool {
        self != Self::GfnFf
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gfn2 => "GFN2-xTB",
            Self::Gfn1 => "GFN1-xTB",
            Self::GfnFf => "GFN-FF",
        })
    }
}

/// How tightly a geometry is optimised; limits of energy change (Eh) and gradient norm (Eh/a0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// 5e-4 and 1e-2: removes strain.
    Crude,
    /// 5e-6 and 1e-3: xtb's default.
    Normal,
    /// 1e-6 and 8e-4.
    Tight,
}

impl Level {
    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::Crude => "crude",
            Self::Normal => "normal",
            Self::Tight => "tight",
        }
    }
}

/// What to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Energy and properties of the geometry as it is.
    SinglePoint,
    /// The same and the gradient.
    Gradient,
    /// Optimisation; energy and properties belong to the final geometry.
    Optimise(Level),
    /// Fractional occupation density at the electronic temperature of the method ([`super::Fod`]).
    FractionalOccupation,
}

/// One calculation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Atoms.
    pub molecule: Molecule,
    /// Total charge (e).
    pub charge: i32,
    /// Unpaired electrons, 2S.
    pub unpaired: u32,
    /// Method.
    pub method: Method,
    /// What to compute.
    pub task: Task,
    /// Electronic temperature (K); xtb's default is 300, or 5000 for the occupation density.
    pub electronic_temperature: Option<f64>,
    /// Limit of the iterations to self-consistent charges; xtb's default is 250.
    pub iterations: Option<u32>,
    /// Numerical accuracy: 1 is xtb's default, larger is looser.
    pub accuracy: Option<f64>,
    /// Limit of the cycles of an optimisation; xtb takes more for larger molecules.
    pub cycles: Option<u32>,
    /// Solvent of the ALPB model, for instance `water`; gas phase without.
    pub solvent: Option<String>,
}

impl Job {
    /// A single point with GFN2-xTB in the gas phase, with the program's defaults.
    pub fn new(molecule: Molecule, charge: i32, unpaired: u32) -> Self {
        Self {
            molecule,
            charge,
            unpaired,
            method: Method::Gfn2,
            task: Task::SinglePoint,
            electronic_temperature: None,
            iterations: None,
            accuracy: None,
            cycles: None,
            solvent: None,
        }
    }

    /// This job with another task.
    pub fn with_task(self, task: Task) -> Self {
        Self { task, ..self }
    }

    /// This job with another method.
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Whether the geometry changes.
    pub fn optimises(&self) -> bool {
        matches!(self.task, Task::Optimise(_))
    }

    /// Valence electrons as xtb counts them; of lanthanoids, whose 4f shell is core, three.
    pub fn valence_electrons(&self) -> i64 {
        let electrons: i64 = self.molecule.elements.iter().copied().map(valence).sum();
        electrons - i64::from(self.charge)
    }

    /// Everything that xtb does not check itself.
    ///
    /// # Errors
    /// No atoms, positions that are not finite, an unknown element, a clash, electron parity,
    /// numbers or a solvent that cannot be an argument, or a task that the method cannot do.
    pub fn check(&self) -> Result<(), Failure> {
        let Molecule { elements, positions } = &self.molecule;
        if elements.is_empty() {
            return Err(Failure::Input("the molecule has no atoms".into()));
        }
        if elements.len() != positions.len() {
            let text = format!("{} elements and {} positions", elements.len(), positions.len());
            return Err(Failure::Input(text));
        }
        if let Some(atom) = positions.iter().position(|p| p.iter().any(|x| !x.is_finite() || x.abs() > 1e4)) {
            let text =
                format!("atom {atom} is at {:?}, expected finite numbers below 10000 Å", positions[atom]);
            return Err(Failure::Input(text));
        }
        if let Some(atom) = elements.iter().position(|e| e.atomic_number() > LAST_ELEMENT) {
            return Err(Failure::Element { atom, element: elements[atom] });
        }
        self.check_distances()?;
        self.check_settings()?;
        let electrons = self.valence_electrons();
        if electrons < i64::from(self.unpaired) || (electrons - i64::from(self.unpaired)) % 2 != 0 {
            return Err(Failure::Parity { electrons, unpaired: self.unpaired });
        }
        Ok(())
    }

    fn check_distances(&self) -> Result<(), Failure> {
        let Molecule { elements, positions } = &self.molecule;
        // Radii are known for all elements up to radon.
        let radius = |i: usize| covalent_radius(elements[i]).unwrap_or(1.5);
        for i in 0..elements.len() {
            for j in 0..i {
                let distance = (Vector3::from(positions[i]) - Vector3::from(positions[j])).norm();
                let least = CLASH * (radius(i) + radius(j));
                if distance < least {
                    let pair = ((elements[j], j), (elements[i], i));
                    return Err(Failure::Clash { pair, distance, least });
                }
            }
        }
        Ok(())
    }

    fn check_settings(&self) -> Result<(), Failure> {
        let positive = |name: &str, value: Option<f64>| match value {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                Err(Failure::Input(format!("{name} is {value}, expected a positive number")))
            }
            _ => Ok(()),
        };
        positive("the electronic temperature", self.electronic_temperature)?;
        positive("the accuracy", self.accuracy)?;
        if let Some(solvent) = &self.solvent
            && (solvent.is_empty() || !solvent.chars().all(|c| c.is_ascii_alphanumeric()))
        {
            return Err(Failure::Input(format!("the solvent is '{solvent}', expected a name such as water")));
        }
        if !self.method.has_electrons() && matches!(self.task, Task::FractionalOccupation) {
            return Err(Failure::Input("a force field has no fractional occupation density".into()));
        }
        Ok(())
    }

    /// Arguments after the name of the geometry file.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> =
            self.method.arguments().iter().map(|&text| text.to_owned()).collect();
        let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        add("--chrg", self.charge.to_string());
        add("--uhf", self.unpaired.to_string());
        match self.task {
            Task::SinglePoint => arguments.push("--sp".into()),
            Task::Gradient => arguments.push("--grad".into()),
            Task::Optimise(level) => arguments.extend(["--opt".into(), level.argument().into()]),
            Task::FractionalOccupation => arguments.push("--fod".into()),
        }
        let mut add = |name: &str, value: Option<String>| {
            arguments.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        };
        add("--etemp", self.electronic_temperature.map(|x| x.to_string()));
        add("--iterations", self.iterations.map(|x| x.to_string()));
        add("--acc", self.accuracy.map(|x| x.to_string()));
        add("--cycles", self.cycles.map(|x| x.to_string()));
        add("--alpb", self.solvent.clone());
        arguments.push("--json".into());
        arguments
    }
}

/// Valence electrons of the neutral atom in the GFN Hamiltonians: the group, less ten from zinc's
/// on, where filled d shells are core; three for lanthanoids. As xtb 6.5.1 counts for Z = 1 to 86.
fn valence(element: Element) -> i64 {
    match (element.atomic_number(), element.group()) {
        (2, _) => 2,
        (_, group @ 1..=11) => i64::from(group),
        (_, group) => i64::from(group) - 10,
    }
}
