//! A known evaluation as it is kept: compressed JSON, which checks itself when it is unpacked.

use std::io::{self, Read, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A result of a tier or the value of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The candidate of this campaign that it was computed for; `None` when it comes from elsewhere.
    pub number: Option<u64>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// Packs a result. Zlib's checksum tells later whether a bit was flipped.
pub fn pack<T: Serialize>(result: &T) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&serde_json::to_vec(result)?)?;
    encoder.finish()
}

/// Unpacks a result.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let mut text = Vec::new();
    ZlibDecoder::new(bytes).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
