//! Finding the sites onto which an operation carries a crystal.

use nalgebra::{Matrix3, Vector3};

use crate::crystal::{Crystal, wrap};
use crate::symmetry::species_classes;

/// Sites by species, sorted along a, for finding the site near a place.
///
/// The cell must be reduced and thicker than twice the reach: nearest images are found by rounding
/// coordinates.
pub(crate) struct SiteLookup<'a> {
    crystal: &'a Crystal,
    reach: f64,
    window: f64,
    classes: Vec<i32>,
    /// For each class its sites as (wrapped first coordinate, index).
    sorted: Vec<Vec<(f64, usize)>>,
}

/// Where an operation carries the sites of a crystal.
pub(crate) struct Image {
    /// Translation (fractional) that fits best.
    pub(crate) translation: Vector3<f64>,
    /// For each site the site it is carried to.
    pub(crate) targets: Vec<usize>,
}

impl<'a> SiteLookup<'a> {
    /// Prepares a crystal for look-ups within `reach` (Å).
    pub(crate) fn new(crystal: &'a Crystal, reach: f64) -> Self {
        let (classes, kinds) = species_classes(crystal);
        let mut sorted = vec![Vec::new(); kinds.len()];
        for (index, (site, &class)) in crystal.sites.iter().zip(&classes).enumerate() {
            sorted[class as usize].push((wrap(site.frac[0]), index));
        }
        for list in &mut sorted {
            list.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        }
        let window = reach / crystal.lattice.plane_spacings()[0];
        Self { crystal, reach, window, classes, sorted }
    }

    /// Number of the species class of each site.
    pub(crate) fn classes(&self) -> &[i32] {
        &self.classes
    }

    /// The site of class `class` nearest to `place` within reach, and the way to it.
    fn find(&self, class: i32, place: &Vector3<f64>) -> Option<(usize, Vector3<f64>)> {
        let list = &self.sorted[class as usize];
        let x = wrap(place[0]);
        let mut best: Option<(f64, usize, Vector3<f64>)> = None;
        for shift in [-1.0, 0.0, 1.0] {
            let start = list.partition_point(|entry| entry.0 < x + shift - self.window);
            for &(y, index) in &list[start..] {
                if y > x + shift + self.window {
                    break;
                }
                let mut d = self.crystal.sites[index].frac - place;
                d -= d.map(f64::round);
                let distance = self.crystal.lattice.to_cartesian(&d).norm();
                if distance <= self.reach && best.as_ref().is_none_or(|(least, ..)| distance < *least) {
                    best = Some((distance, index, d));
                }
            }
        }
        best.map(|(_, index, d)| (index, d))
    }

    /// All translations with which `rotation` carries every site to within `tolerance` (Å) of a
    /// distinct site of its class.
    pub(crate) fn images(&self, rotation: &Matrix3<f64>, tolerance: f64) -> Vec<Image> {
        let rarest = (0..self.sorted.len()).min_by_key(|&class| self.sorted[class].len());
        let Some(sites) = rarest.map(|class| &self.sorted[class]) else { return Vec::new() };
        let frac = |index: usize| self.crystal.sites[index].frac;
        let Some(&(_, first)) = sites.first() else { return Vec::new() };
        let start = rotation * frac(first);
        sites
            .iter()
            .filter_map(|&(_, other)| self.image(rotation, &(frac(other) - start), tolerance))
            .collect()
    }

    fn image(&self, rotation: &Matrix3<f64>, rough: &Vector3<f64>, tolerance: f64) -> Option<Image> {
        let n = self.classes.len();
        let mut taken = vec![false; n];
        let mut targets = Vec::with_capacity(n);
        let mut ways = Vec::with_capacity(n);
        for (site, &class) in self.crystal.sites.iter().zip(&self.classes) {
            let (target, way) = self.find(class, &(rotation * site.frac + rough))?;
            if std::mem::replace(&mut taken[target], true) {
                return None;
            }
            targets.push(target);
            ways.push(way);
        }
        let mean = ways.iter().sum::<Vector3<f64>>() / n as f64;
        let fits = |way: &Vector3<f64>| self.crystal.lattice.to_cartesian(&(way - mean)).norm() < tolerance;
        ways.iter().all(fits).then(|| Image { translation: rough + mean, targets })
    }
}
