//! Crystals in the order that places of the network stand for.

use druse_representations::{Crystal, Element};

use super::MatrixVaeConfig;
use crate::learned::latent::in_order;
use crate::learned::symmetry::read;

/// A crystal in its standard primitive cell, elements from electropositive to electronegative, sites
/// of one element side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixExample {
    /// Elements with their numbers of atoms.
    pub kinds: Vec<(Element, usize)>,
    /// Fractional coordinates in [0, 1), in order of the kinds.
    pub frac: Vec<[f32; 3]>,
    /// Lengths (Å) and angles (degrees).
    pub cell: [f32; 6],
    /// Space group.
    pub space_group: u8,
}

impl MatrixExample {
    /// The crystal in canonical order.
    ///
    /// # Errors
    /// For disordered crystals, and those with more atoms or elements than the model has places for.
    pub fn new(config: &MatrixVaeConfig, crystal: &Crystal) -> Result<Self, String> {
        let code = read(crystal, config.atoms)?;
        let crystal = code.to_primitive().map_err(|error| error.to_string())?;
        let kinds = in_order(&crystal.composition());
        if kinds.len() > config.kinds {
            return Err(format!("{} elements, the model has places for {}", kinds.len(), config.kinds));
        }
        let sites = kinds.iter().flat_map(|(element, _)| {
            crystal.sites.iter().filter(|site| site.main_element() == Some(*element))
        });
        let frac = sites.map(|site| std::array::from_fn(|k| site.frac[k] as f32)).collect();
        let cell = crystal.lattice.parameters().map(|x| x as f32);
        Ok(Self { kinds, frac, cell, space_group: code.space_group })
    }

    /// Number of atoms.
    pub fn atoms(&self) -> usize {
        self.frac.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototype;

    #[test]
    fn cell_origin_and_order_do_not_matter() {
        let crystal = prototype("perovskite-cubic").unwrap().code().to_primitive().unwrap();
        let config = MatrixVaeConfig::default();
        let example = MatrixExample::new(&config, &crystal).unwrap();
        let mut other = crystal.clone();
        other.sites.reverse();
        other.sites.iter_mut().for_each(|site| site.frac += nalgebra::Vector3::new(0.3, 0.1, 0.7));
        assert_eq!(MatrixExample::new(&config, &other).unwrap().kinds, example.kinds);
        let near = |x: &[f32; 3], y: &[f32; 3]| {
            x.iter().zip(y).all(|(a, b)| ((a - b) - (a - b).round()).abs() < 1e-4)
        };
        let found = MatrixExample::new(&config, &other).unwrap();
        assert!(found.frac.iter().zip(&example.frac).all(|(x, y)| near(x, y)));
        // Oxygen is the most electronegative.
        assert_eq!(example.kinds.last().unwrap().0.symbol(), "O");
        assert_eq!(example.space_group, 221);
        let small = MatrixVaeConfig { atoms: 4, ..config };
        let error = MatrixExample::new(&small, &crystal).unwrap_err();
        assert_eq!(error, "5 atoms in the primitive cell, at most 4 are taken");
    }
}
