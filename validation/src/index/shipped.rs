//! The index that comes with druse.

use std::sync::LazyLock;

use super::Index;

const PLACE: &str = "data/materials_project_2025.02.12.index";

static SHIPPED: LazyLock<Option<Index>> = LazyLock::new(|| {
    let bytes = include_bytes!("../../data/materials_project_2025.02.12.index");
    // The file is part of the program and a test opens it, so failing here is a bug.
    let open = || Index::from_bytes(bytes.to_vec(), PLACE).expect("the index that comes with druse is whole");
    (!bytes.is_empty()).then(open)
});

/// Structures of the Materials Project as `validation/data/README.md` describes them: invariants only,
/// no coordinates, so that a verdict can say what is near but not prove it. Opened once, on first use.
/// `None` in a build that has a file without bytes in its place, to be small.
pub fn shipped() -> Option<&'static Index> {
    SHIPPED.as_ref()
}

#[cfg(test)]
mod tests {
    use druse_representations::Crystal;
    use druse_representations::Lattice;

    use super::super::Query;
    use super::*;
    use crate::fingerprint::Invariants;
    use crate::matching::Scope;

    #[test]
    fn it_knows_common_salt() {
        let index = shipped().unwrap();
        assert_eq!((index.len(), index.is_exact()), (99_209, false));
        let sites = [("Na".parse().unwrap(), [0.0; 3]), ("Cl".parse().unwrap(), [0.5; 3])];
        let lattice = Lattice::from_rows([[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]]);
        let query = Query::of(&Crystal::ordered(lattice, sites)).unwrap();
        let near = index.near(&query, Scope::Composition);
        let entry = index.entry(near[0].entry).unwrap();
        assert_eq!((entry.id(), entry.formula().as_str()), ("mp-22862", "NaCl"));
        assert!(near[0].distance < Invariants::EQUAL && entry.pattern().is_none(), "{near:?}");
        assert!(index.near(&query, Scope::AnonymousFormula).len() > 1000);
    }
}
