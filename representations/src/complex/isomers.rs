//! Isomers: the distinct ways to put given ligands on the sites of a polyhedron.

use std::collections::BTreeMap;

use crate::ligand::{CanonicalLigand, Ligand};

use super::arrangement::enumerate;
use super::{Complex, ComplexError, Geometry, PlacedLigand};

/// All distinct assignments of `ligands` to the sites of `geometry`: for each isomer and ligand the
/// site of each donor, in an order that depends on the input alone. Mirror images are two isomers.
///
/// `allowed(ligand, sites)` says whether the ligand with this index can span these sites; see
/// [`chelates_fit`] for a rule of thumb.
///
/// # Errors
/// When the ligands together do not have as many donors as the polyhedron has sites.
pub fn isomers(
    geometry: Geometry,
    ligands: &[Ligand],
    allowed: &dyn Fn(usize, &[usize]) -> bool,
) -> Result<Vec<Vec<Vec<usize>>>, ComplexError> {
    let forms: Vec<CanonicalLigand> = ligands.iter().map(Ligand::canonical).collect();
    let guests: Vec<(&str, &[Vec<usize>])> =
        forms.iter().map(|form| (form.key.as_str(), form.donor_orders.as_slice())).collect();
    enumerate(geometry, &guests, allowed)
}

/// Whether a chelate can be where it is, by angles between sites alone: each donor must have another
/// donor of its ligand within 125 degrees (an edge of any polyhedron here). Ligands that span trans
/// sites with two donors only are ruled out by this; ask for them by a rule of your own.
pub fn chelates_fit(geometry: Geometry, sites: &[usize]) -> bool {
    let near =
        |&site: &usize| sites.iter().any(|&other| other != site && geometry.angle(site, other) < 125.0);
    sites.len() < 2 || sites.iter().all(near)
}

impl Complex {
    /// This complex with its ligands in all distinct arrangements that `allowed` admits (see
    /// [`isomers`]), itself among them if it is admitted; without positions.
    ///
    /// # Errors
    /// As [`isomers`].
    pub fn isomers(&self, allowed: &dyn Fn(usize, &[usize]) -> bool) -> Result<Vec<Self>, ComplexError> {
        let ligands: Vec<Ligand> = self.ligands.iter().map(|placed| placed.ligand.clone()).collect();
        let place = |sites: Vec<Vec<usize>>| {
            let pairs = ligands.iter().cloned().zip(sites);
            let ligands = pairs.map(|(ligand, sites)| PlacedLigand { ligand, sites }).collect();
            Self { ligands, positions: None, ..self.clone() }
        };
        Ok(isomers(self.geometry, &ligands, allowed)?.into_iter().map(place).collect())
    }

    /// The customary prefix of this isomer where there is one, of these parts, joined by `-`:
    ///
    /// * square planar and octahedral, for donors of a kind that are two, of two ligands: `cis`, `trans`
    ///   (if there are none, for two donors that are single);
    /// * octahedral, for three donors of a kind or of one ligand: `fac`, `mer`;
    /// * octahedral with two or three bidentate ligands that make it chiral: `Δ`, `Λ` (skew-line
    ///   convention, IUPAC Red Book 2005, IR-9.3.4.11).
    ///
    /// Donors are of one kind when they take equivalent places in equal ligands.
    pub fn isomer_label(&self) -> Option<String> {
        if !matches!(self.geometry, Geometry::SquarePlanar | Geometry::Octahedral) {
            return None;
        }
        let kinds = self.donor_kinds();
        let trans = |a: usize, b: usize| self.geometry.angle(a, b) > 135.0;
        let pair = |a, b| if trans(a, b) { "trans" } else { "cis" };
        let triple = |sites: &[usize]| match trans(sites[0], sites[1])
            || trans(sites[0], sites[2])
            || trans(sites[1], sites[2])
        {
            true => "mer",
            false => "fac",
        };
        let mut parts: Vec<&str> = Vec::new();
        if self.geometry == Geometry::Octahedral {
            let by_kind =
                kinds.iter().filter(|kind| kind.len() == 3 && split(kind)).map(|kind| sites_of(kind));
            let by_ligand =
                self.ligands.iter().map(|placed| placed.sites.clone()).filter(|sites| sites.len() == 3);
            // All of MA3B3 and M(ABA)2 agree in this, so the first one speaks for them.
            parts.extend(by_kind.chain(by_ligand).map(|sites| triple(&sites)).next());
        }
        let pairs = || kinds.iter().filter(|kind| kind.len() == 2 && split(kind));
        let singles: Vec<usize> =
            kinds.iter().filter(|kind| kind.len() == 1).flat_map(|kind| sites_of(kind)).collect();
        match pairs().next() {
            // Two pairs in a square are both cis or both trans.
            Some(kind) if self.geometry == Geometry::SquarePlanar => parts.push(pair(kind[0].1, kind[1].1)),
            Some(_) => parts.extend(pairs().map(|kind| pair(kind[0].1, kind[1].1))),
            None if singles.len() == 2 && self.ligands.iter().all(|placed| placed.sites != singles) => {
                parts.push(pair(singles[0], singles[1]));
            }
            None => (),
        }
        if self.geometry == Geometry::Octahedral {
            parts.extend(self.handedness());
        }
        (!parts.is_empty()).then(|| parts.join("-"))
    }

    /// (Ligand, site) of the donors of each kind, in the order of the canonical ligands.
    fn donor_kinds(&self) -> Vec<Vec<(usize, usize)>> {
        let mut kinds: BTreeMap<(String, usize), Vec<(usize, usize)>> = BTreeMap::new();
        for (index, (placed, form)) in self.ligands.iter().zip(self.canonical_ligands()).enumerate() {
            for (donor, &site) in placed.sites.iter().enumerate() {
                let places =
                    form.donor_orders.iter().filter_map(|order| order.iter().position(|&d| d == donor));
                kinds
                    .entry((form.key.clone(), places.min().unwrap_or(donor)))
                    .or_default()
                    .push((index, site));
            }
        }
        kinds.into_values().collect()
    }

    /// Δ or Λ of bidentate ligands on edges of an octahedron.
    fn handedness(&self) -> Option<&'static str> {
        let vector = |site: usize| nalgebra::Vector3::from(self.geometry.sites()[site]);
        let edges: Vec<_> = self
            .ligands
            .iter()
            .filter(|placed| placed.sites.len() == 2)
            .map(|placed| (vector(placed.sites[0]), vector(placed.sites[1])))
            .collect();
        let mut twist = 0.0;
        for (index, (a, b)) in edges.iter().enumerate() {
            for (c, d) in &edges[..index] {
                // Two skew lines u and v, w from the middle of one to the other: a right-handed helix
                // along one of them, with the other as its tangent, has a negative sign.
                let (u, v, w) = (b - a, d - c, (c + d - a - b) / 2.0);
                twist += u.cross(&v).dot(&w) * u.dot(&v);
            }
        }
        match twist {
            t if t < -1e-6 => Some("Δ"),
            t if t > 1e-6 => Some("Λ"),
            _ => None,
        }
    }
}

/// Whether the donors belong to different ligands, each with one.
fn split(kind: &[(usize, usize)]) -> bool {
    kind.windows(2).all(|pair| pair[0].0 != pair[1].0)
}

fn sites_of(kind: &[(usize, usize)]) -> Vec<usize> {
    kind.iter().map(|&(_, site)| site).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::testing::{chain, chelate, complex, ligand};
    use super::*;

    fn labels(geometry: Geometry, ligands: &[&Ligand]) -> Vec<String> {
        let owned: Vec<Ligand> = ligands.iter().map(|&ligand| ligand.clone()).collect();
        let found = isomers(geometry, &owned, &|_, sites| chelates_fit(geometry, sites)).unwrap();
        let mut labels: Vec<String> = Vec::new();
        let mut identities = BTreeSet::new();
        for sites in found {
            let placed: Vec<_> = ligands.iter().copied().zip(sites).collect();
            let made = (1..3).find_map(|spin| complex("Co", 3, spin, geometry, &placed).ok()).unwrap();
            assert!(identities.insert(made.identity()));
            labels.push(made.isomer_label().unwrap_or_default());
        }
        labels.sort();
        labels
    }

    #[test]
    fn isomers_have_their_textbook_names() {
        use Geometry::{Octahedral, SquarePlanar};
        let (a, b, c) = (&ligand("N", 0), &ligand("Cl", -1), &ligand("P", 0));
        let (aa, ab) = (&chelate("N", "N"), &chelate("N", "O"));
        assert_eq!(labels(SquarePlanar, &[a, a, b, b]), ["cis", "trans"]);
        assert_eq!(labels(SquarePlanar, &[a, a, b, c]), ["cis", "trans"]);
        assert_eq!(labels(Octahedral, &[a, a, a, a, b, b]), ["cis", "trans"]);
        assert_eq!(labels(Octahedral, &[a, a, a, a, b, c]), ["cis", "trans"]);
        assert_eq!(labels(Octahedral, &[a, a, a, b, b, b]), ["fac", "mer"]);
        assert_eq!(labels(Octahedral, &[aa, aa, aa]), ["Δ", "Λ"]);
        assert_eq!(labels(Octahedral, &[ab, ab, ab]), ["fac-Δ", "fac-Λ", "mer-Δ", "mer-Λ"]);
        assert_eq!(labels(Octahedral, &[aa, aa, b, b]), ["cis-Δ", "cis-Λ", "trans"]);
        assert_eq!(labels(SquarePlanar, &[aa, b, b]), ["cis"]);
    }

    #[test]
    fn a_tridentate_ligand_is_fac_or_mer() {
        let (chain, b) = (&chain(&["N", "N", "N"]), &ligand("Cl", -1));
        let labels = labels(Geometry::Octahedral, &[chain, b, b, b]);
        assert!(labels.contains(&"fac".to_owned()) && labels.contains(&"mer".to_owned()), "{labels:?}");
    }

    /// Δ is the right-handed propeller: seen along the threefold axis the rings turn clockwise on their
    /// way from the viewer.
    #[test]
    fn handedness_is_the_one_of_iupac() {
        // Sites +x +y -x -y +z -z; the axis (1,1,1) has +x, +y, +z in front. Seen from there +x, +y,
        // +z follow each other counter-clockwise with -z, -x, -y half-way in between: from +x the
        // next behind, clockwise, is -y.
        let aa = &chelate("N", "N");
        let placed = [(aa, vec![0, 3]), (aa, vec![1, 5]), (aa, vec![4, 2])];
        let made = complex("Co", 3, 1, Geometry::Octahedral, &placed).unwrap();
        assert_eq!(made.isomer_label().as_deref(), Some("Δ"));
        let mirror = made.mirror_image();
        assert_eq!(mirror.isomer_label().as_deref(), Some("Λ"));
        assert!(made.is_chiral());
        assert_ne!(mirror.identity(), made.identity());
        assert_eq!(mirror.mirror_merged_identity(), made.mirror_merged_identity());
    }
}
