//! Weights that come with druse, as `generators/weights/README.md` describes them.

/// Name and file of every model that comes with druse. A new one is one line here.
const WEIGHTS: &[(&str, &[u8])] = &[
    ("symmetry-diffusion", include_bytes!("../../weights/symmetry-diffusion.safetensors")),
    ("matrix-diffusion", include_bytes!("../../weights/matrix-diffusion.safetensors")),
    ("symmetry-vae", include_bytes!("../../weights/symmetry-vae.safetensors")),
    ("matrix-vae", include_bytes!("../../weights/matrix-vae.safetensors")),
    ("ligand-vae", include_bytes!("../../weights/ligand-vae.safetensors")),
    ("complex-diffusion", include_bytes!("../../weights/complex-diffusion.safetensors")),
    ("crystal-properties", include_bytes!("../../weights/crystal-properties.safetensors")),
];

/// The file of the model of this name.
pub fn weights(name: &str) -> Option<&'static [u8]> {
    WEIGHTS.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// Names of the models that come with druse.
pub fn names() -> impl Iterator<Item = &'static str> {
    WEIGHTS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::complex_diffusion::ComplexDiffusion;
    use crate::learned::crystal_properties::CrystalProperties;
    use crate::learned::house::{Learner, ModelFile};
    use crate::learned::ligand_vae::LigandVae;

    #[test]
    fn what_is_shipped_is_whole_small_and_of_its_kind() {
        druse_fitness::chgnet::torch::single_threaded();
        for name in names() {
            let bytes = weights(name).unwrap();
            assert!(bytes.len() <= 10_000_000, "{name}: {} bytes", bytes.len());
            let model = ModelFile::from_bytes(bytes, name).unwrap();
            assert!(model.card.data.licence.is_some(), "{name}");
            let ligands = || model.weights::<LigandVae>(tch::Device::Cpu).map(|_| ());
            let complexes = || model.weights::<ComplexDiffusion>(tch::Device::Cpu).map(|_| ());
            let properties = || model.weights::<CrystalProperties>(tch::Device::Cpu).map(|_| ());
            let opened = match name {
                CrystalProperties::KIND => properties(),
                LigandVae::KIND => ligands(),
                ComplexDiffusion::KIND => complexes(),
                _ => model.sampler(tch::Device::Cpu).map(|_| ()),
            };
            assert!(opened.is_ok(), "{name}");
        }
    }
}
