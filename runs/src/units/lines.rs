//! Files of a header line, lines of one kind, and a last line that proves that nothing is missing.

use std::io;

use druse_datasets::bytes::hexadecimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a unit or result file is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line}: {source}")]
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It is cut short or was damaged.
    #[error("it is not whole: {0}")]
    NotWhole(&'static str),
    /// It belongs to something else.
    #[error("{what}: found {found}, expected {expected}")]
    Other {
        /// What differs.
        what: &'static str,
        /// As it is in the file.
        found: String,
        /// As it should be.
        expected: String,
    },
}

/// Last line of a whole file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: bool,
    /// Lines between the first and this one.
    n: usize,
    /// SHA-256 of everything before this line.
    sha256: String,
}

/// The text of a whole file.
///
/// # Errors
/// When a value cannot be written as JSON.
pub(super) fn write<H: Serialize, L: Serialize>(header: &H, lines: &[L]) -> serde_json::Result<String> {
    let mut text = serde_json::to_string(header)?;
    text.push('\n');
    for line in lines {
        text += &serde_json::to_string(line)?;
        text.push('\n');
    }
    let end = End { end: true, n: lines.len(), sha256: hexadecimal(Sha256::digest(&text)) };
    text += &serde_json::to_string(&end)?;
    text.push('\n');
    Ok(text)
}

/// Reads a whole file.
///
/// # Errors
/// When anything is missing, too much or damaged.
pub(super) fn read<H: DeserializeOwned, L: DeserializeOwned>(bytes: &[u8]) -> Result<(H, Vec<L>), Broken> {
    let body = bytes.strip_suffix(b"\n").ok_or(Broken::NotWhole("its last line has no end"))?;
    let last = body.iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
    let (before, end) = body.split_at(last);
    let end: End = serde_json::from_slice(end).map_err(|_| Broken::NotWhole("it has no end line"))?;
    if !end.end || end.sha256 != hexadecimal(Sha256::digest(before)) {
        return Err(Broken::NotWhole("its checksum differs"));
    }
    let (header, lines, complete) = complete_lines(before);
    let header = header?;
    let lines = lines.into_iter().collect::<Result<Vec<L>, Broken>>()?;
    if !complete || lines.len() != end.n {
        return Err(Broken::NotWhole("the number of its lines differs"));
    }
    Ok((header, lines))
}

/// Reads the complete lines at the start of a file that may be cut short anywhere.
///
/// # Errors
/// When the header is not there.
pub(super) fn read_part<H: DeserializeOwned, L: DeserializeOwned>(
    bytes: &[u8],
) -> Result<(H, Vec<L>), Broken> {
    let (header, lines, _) = complete_lines(bytes);
    Ok((header?, lines.into_iter().map_while(Result::ok).collect()))
}

/// The header, the lines after it that end with a line break, and whether those are all.
fn complete_lines<H: DeserializeOwned, L: DeserializeOwned>(
    bytes: &[u8],
) -> (Result<H, Broken>, Vec<Result<L, Broken>>, bool) {
    let mut pieces = bytes.split_inclusive(|&byte| byte == b'\n');
    let complete = bytes.ends_with(b"\n");
    let header = match pieces.next() {
        Some(piece) if piece.ends_with(b"\n") => parse(1, piece),
        _ => Err(Broken::NotWhole("it has no header line")),
    };
    let whole = pieces.filter(|piece| piece.ends_with(b"\n")).zip(2..);
    (header, whole.map(|(piece, number)| parse(number, piece)).collect(), complete)
}

fn parse<T: DeserializeOwned>(line: usize, piece: &[u8]) -> Result<T, Broken> {
    serde_json::from_slice(piece).map_err(|source| Broken::Line { line, source })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type File = (String, Vec<(u64, f64, String)>);

    fn file() -> impl Strategy<Value = File> {
        (".*", prop::collection::vec((any::<u64>(), -1e300..1e300f64, ".*"), 0..8))
    }

    proptest! {
        #[test]
        fn files_come_back_bit_for_bit((header, lines) in file()) {
            let text = write(&header, &lines).unwrap();
            let back: File = read(text.as_bytes()).unwrap();
            prop_assert_eq!(back, (header, lines));
        }

        #[test]
        fn no_file_that_is_cut_short_is_taken((header, lines) in file(), cut in any::<prop::sample::Index>()) {
            let text = write(&header, &lines).unwrap();
            let cut = &text.as_bytes()[..cut.index(text.len())];
            prop_assert!(read::<String, (u64, f64, String)>(cut).is_err());
            // Its complete lines are those of the whole file.
            if let Ok((part, found)) = read_part::<String, (u64, f64, String)>(cut) {
                prop_assert_eq!(part, header);
                prop_assert_eq!(&found[..], &lines[..found.len()]);
            }
        }

        #[test]
        fn no_damaged_file_is_taken(
            (header, lines) in file(), place in any::<prop::sample::Index>(), flip in 1u8..=255,
        ) {
            let mut bytes = write(&header, &lines).unwrap().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            // White space inside the end line is all that may be lost on the way.
            if let Ok(back) = read::<String, (u64, f64, String)>(&bytes) {
                prop_assert_eq!(back, (header, lines));
            }
        }

        #[test]
        fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(read::<String, (u64, f64, String)>(&bytes).is_err());
            let _ = read_part::<String, (u64, f64, String)>(&bytes);
        }
    }

    #[test]
    fn a_file_with_something_behind_its_end_is_refused() {
        let text = write(&"header", &[1, 2]).unwrap();
        assert!(read::<String, u64>(format!("{text}3\n").as_bytes()).is_err());
        assert!(read::<String, u64>(format!("{text}\n").as_bytes()).is_err());
        assert!(read::<String, u64>(format!("{text}{text}").as_bytes()).is_err());
    }
}
