//! Files of tensors with a description, sealed by a checksum over all of it.
//!
//! The files are safetensors. Their one entry of metadata, `druse`, is a JSON text whose first field is
//! the SHA-256 of the whole file with zeros in the place of these 64 digits: a damaged byte is noticed
//! wherever it lies.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use druse_datasets::bytes::hexadecimal;
use druse_representations::io::write_atomically;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

/// Name of the entry of metadata.
const ENTRY: &str = "druse";
/// How its text begins, as it stands in the header of the file.
const BEGIN: &[u8] = br#""druse":"{\"sha256\":\""#;
/// Digits of a checksum.
const DIGITS: usize = 64;

/// Why a file of weights cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file system said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// File.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// No safetensors, or those of another program.
    #[error("{origin}: {reason}; expected a safetensors file that 'druse train' wrote")]
    Foreign {
        /// File.
        origin: String,
        /// What was found.
        reason: String,
    },
    /// Bytes changed since the file was written.
    #[error("{origin}: the file is damaged: its SHA-256 is {found}, expected {expected}")]
    Damaged {
        /// File.
        origin: String,
        /// SHA-256 of its bytes.
        found: String,
        /// SHA-256 that it names.
        expected: String,
    },
    /// Whole, but not what is wanted.
    #[error("{origin}: found {found}, expected {expected}")]
    Unfit {
        /// File.
        origin: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
}

impl FileError {
    /// Whether the file is at fault, rather than the machine.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Io { action: "write", .. })
    }

    pub(super) fn unfit(origin: &str, found: impl ToString, expected: impl ToString) -> Self {
        Self::Unfit { origin: origin.to_owned(), found: found.to_string(), expected: expected.to_string() }
    }
}

/// Named tensors and what describes them.
#[derive(Debug)]
pub struct Sealed {
    /// File, for messages.
    pub origin: String,
    /// SHA-256 that seals it.
    pub sha256: String,
    /// Tensors in order of the file, on the CPU, as 32-bit or 64-bit numbers, whole ones of 32 bits.
    pub tensors: Vec<(String, Tensor)>,
    description: String,
}

/// The bytes of a file; those of equal content are equal.
///
/// # Errors
/// When a tensor has a kind that is not kept, or the description is no JSON.
pub fn seal(tensors: &[(String, Tensor)], description: &impl Serialize) -> Result<Vec<u8>, String> {
    let data: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> =
        tensors.iter().map(|(name, tensor)| plain(name, tensor)).collect::<Result<_, _>>()?;
    let views = data.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).map_err(|error| error.to_string())?;
        Ok((name.as_str(), view))
    });
    let views: Vec<(&str, TensorView<'_>)> = views.collect::<Result<_, String>>()?;
    let text = serde_json::to_string(description).map_err(|error| error.to_string())?;
    let zeros = "0".repeat(DIGITS);
    let text = format!(r#"{{"sha256":"{zeros}","content":{text}}}"#);
    let metadata = HashMap::from([(ENTRY.to_owned(), text)]);
    let mut bytes = serialize(views, Some(metadata)).map_err(|error| error.to_string())?;
    let place = place(&bytes).ok_or("the checksum found no place in the header")?;
    let sum = hexadecimal(Sha256::digest(&bytes));
    bytes[place..place + DIGITS].copy_from_slice(sum.as_bytes());
    Ok(bytes)
}

/// Writes the bytes of [`seal`] in one piece and makes sure that the disk has them.
///
/// # Errors
/// When the disk does not take them.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomically(path, bytes).map_err(|source| FileError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

impl Sealed {
    /// Reads a file and checks its seal.
    ///
    /// # Errors
    /// When it cannot be read, is of another program, or is damaged.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let bytes = std::fs::read(path).map_err(|source| FileError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Takes the bytes of a file; `origin` names it in messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_bytes(bytes: &[u8], origin: &str) -> Result<Self, FileError> {
        let foreign = |reason: String| FileError::Foreign { origin: origin.to_owned(), reason };
        let header = SafeTensors::read_metadata(bytes)
            .map_err(|error| foreign(format!("the file is damaged or no safetensors: {error}")))?
            .1;
        let text = header.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
        let text = text.ok_or_else(|| foreign("safetensors of another program".to_owned()))?;
        let place = place(bytes).ok_or_else(|| foreign("the description has no checksum".to_owned()))?;
        let expected = String::from_utf8_lossy(&bytes[place..place + DIGITS]).into_owned();
        let mut hasher = Sha256::new();
        hasher.update(&bytes[..place]);
        hasher.update([b'0'; DIGITS]);
        hasher.update(&bytes[place + DIGITS..]);
        let found = hexadecimal(hasher.finalize());
        if found != expected {
            return Err(FileError::Damaged { origin: origin.to_owned(), found, expected });
        }
        let whole: Whole = serde_json::from_str(text).map_err(|error| foreign(error.to_string()))?;
        let parsed = SafeTensors::deserialize(bytes).map_err(|error| foreign(error.to_string()))?;
        let tensors = parsed.iter().map(|(name, view)| Ok((name.to_owned(), tensor(name, &view)?)));
        let mut tensors: Vec<(String, Tensor)> = tensors.collect::<Result<_, String>>().map_err(foreign)?;
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self {
            origin: origin.to_owned(),
            sha256: expected,
            tensors,
            description: whole.content.to_string(),
        })
    }

    /// The description.
    ///
    /// # Errors
    /// When it does not describe a `T`.
    pub fn description<T: DeserializeOwned>(&self) -> Result<T, FileError> {
        serde_json::from_str(&self.description).map_err(|error| FileError::Foreign {
            origin: self.origin.clone(),
            reason: format!("its description cannot be read: {error}"),
        })
    }

    /// A field of the description.
    pub fn field(&self, name: &str) -> Option<serde_json::Value> {
        let description: serde_json::Value = serde_json::from_str(&self.description).ok()?;
        description.get(name).cloned()
    }
}

#[derive(serde::Deserialize)]
struct Whole {
    content: serde_json::Value,
}

/// Where the digits of the checksum begin.
fn place(bytes: &[u8]) -> Option<usize> {
    let length = u64::from_le_bytes(*bytes.first_chunk()?);
    let header = bytes.get(8..usize::try_from(length).ok()?.checked_add(8)?)?;
    let found = header.windows(BEGIN.len()).position(|window| window == BEGIN)?;
    let place = 8 + found + BEGIN.len();
    (place + DIGITS <= 8 + header.len()).then_some(place)
}

/// A tensor as bytes.
fn plain(name: &str, tensor: &Tensor) -> Result<(String, Dtype, Vec<usize>, Vec<u8>), String> {
    let tensor = tensor.detach().to_device(tch::Device::Cpu).contiguous();
    let dtype = match tensor.kind() {
        Kind::Float => Dtype::F32,
        Kind::Half => Dtype::F16,
        Kind::Double => Dtype::F64,
        Kind::Int => Dtype::I32,
        other => {
            return Err(format!("the tensor {name} holds {other:?}, which files of weights do not keep"));
        }
    };
    let shape: Vec<usize> = tensor.size().iter().map(|&n| n as usize).collect();
    let count = tensor.numel();
    let mut bytes = vec![0; count * tensor.kind().elt_size_in_bytes()];
    tensor.copy_data_u8(&mut bytes, count);
    Ok((name.to_owned(), dtype, shape, bytes))
}

/// A tensor from bytes, halves widened.
fn tensor(name: &str, view: &TensorView<'_>) -> Result<Tensor, String> {
    let (kind, widened) = match view.dtype() {
        Dtype::F32 => (Kind::Float, Kind::Float),
        Dtype::F16 => (Kind::Half, Kind::Float),
        Dtype::F64 => (Kind::Double, Kind::Double),
        Dtype::I32 => (Kind::Int, Kind::Int),
        other => return Err(format!("the tensor {name} holds {other:?}")),
    };
    let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
    Ok(Tensor::from_data_size(view.data(), &shape, kind).to_kind(widened))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes() -> Vec<u8> {
        let tensors = [
            ("a.weight".to_owned(), Tensor::from_slice(&[1f32, -2.5, 3e-3]).view([3, 1])),
            ("b".to_owned(), Tensor::from_slice(&[0.1f32, 7.0]).to_kind(Kind::Half)),
        ];
        seal(&tensors, &serde_json::json!({ "kind": "toy", "text": "\"sha256\":\"0" })).unwrap()
    }

    #[test]
    fn what_is_sealed_comes_back() {
        let bytes = bytes();
        assert_eq!(bytes, super::tests::bytes(), "equal content, equal bytes");
        let sealed = Sealed::from_bytes(&bytes, "toy").unwrap();
        assert_eq!(sealed.field("kind").unwrap(), "toy");
        let names: Vec<&str> = sealed.tensors.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.weight", "b"]);
        assert_eq!(sealed.tensors[0].1.size(), [3, 1]);
        assert_eq!(f64::try_from(sealed.tensors[0].1.get(1)).unwrap(), -2.5);
        assert!((f64::try_from(sealed.tensors[1].1.get(0)).unwrap() - 0.1).abs() < 1e-4);
    }

    #[test]
    fn every_damaged_byte_is_refused() {
        let whole = bytes();
        for place in 0..whole.len() {
            for bit in [0x01, 0x20] {
                let mut damaged = whole.clone();
                damaged[place] ^= bit;
                let refused = Sealed::from_bytes(&damaged, "x.safetensors");
                assert!(refused.is_err(), "byte {place}, bit {bit}");
                assert!(refused.unwrap_err().to_string().contains("x.safetensors"));
            }
        }
        for length in 0..whole.len() {
            assert!(Sealed::from_bytes(&whole[..length], "x").is_err(), "cut at {length}");
        }
    }

    #[test]
    fn files_of_others_are_named_so() {
        let view = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
        let bytes = serialize([("x", view)], None).unwrap();
        let message = Sealed::from_bytes(&bytes, "x").unwrap_err().to_string();
        assert!(message.contains("safetensors of another program"), "{message}");
        let message = Sealed::from_bytes(b"PK\x03\x04 a zip archive", "x").unwrap_err().to_string();
        assert!(message.contains("no safetensors"), "{message}");
    }
}
