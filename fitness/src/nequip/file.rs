//! A safetensors file of single-precision tables.

use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

use super::NequipError;

/// The tables of a file.
pub struct File<'a> {
    tensors: SafeTensors<'a>,
    metadata: std::collections::HashMap<String, String>,
}

impl<'a> File<'a> {
    /// Looks at the header.
    ///
    /// # Errors
    /// When this is no safetensors file.
    pub fn open(bytes: &'a [u8]) -> Result<Self, NequipError> {
        let damaged = |error: safetensors::SafeTensorError| NequipError::Damaged(error.to_string());
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Self { tensors: SafeTensors::deserialize(bytes).map_err(damaged)?, metadata })
    }

    /// Whether the header says that the file was converted from SevenNet.
    pub fn is_sevennet(&self) -> bool {
        self.metadata.get("family").is_some_and(|family| family == "sevennet")
    }

    /// The configuration: JSON under `config` in the header.
    ///
    /// # Errors
    /// When it is absent or other than expected.
    pub fn config<C: DeserializeOwned>(&self) -> Result<C, NequipError> {
        let text = self.metadata.get("config");
        let text = text.ok_or_else(|| NequipError::Damaged("its header holds no config".into()))?;
        serde_json::from_str(text).map_err(|error| NequipError::Damaged(format!("its config: {error}")))
    }

    /// A table of this shape.
    ///
    /// # Errors
    /// When it is absent or of another shape or type.
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, NequipError> {
        let missing = || NequipError::Damaged(format!("tensor '{name}' is missing"));
        let tensor = self.tensors.tensor(name).map_err(|_| missing())?;
        if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
            let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
            return Err(NequipError::Damaged(format!("tensor '{name}' is {found}, expected F32 {shape:?}")));
        }
        let numbers = tensor.data().as_chunks::<4>().0;
        Ok(numbers.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect())
    }
}
