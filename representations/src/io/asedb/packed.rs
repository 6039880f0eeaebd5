//! Numbers as bytes, and the values of the column `data`: the place of a JSON text (eight bytes), arrays, the text.

use serde_json::{Map, Value, json};

use crate::io::json::parse;

/// Key of an array in the JSON text: shape, type of its numbers, and its place or the numbers themselves.
const ARRAY: &str = "__ndarray__";

/// Numbers one after the other, little-endian.
pub(super) fn floats<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> Vec<u8> {
    numbers.into_iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The numbers in some bytes.
pub(super) fn unpack_floats(bytes: &[u8]) -> Option<Vec<f64>> {
    let (parts, []) = bytes.as_chunks::<8>() else { return None };
    Some(parts.iter().map(|&part| f64::from_le_bytes(part)).collect())
}

/// The whole numbers (four bytes each) in some bytes.
pub(super) fn unpack_integers(bytes: &[u8]) -> Option<Vec<i32>> {
    let (parts, []) = bytes.as_chunks::<4>() else { return None };
    Some(parts.iter().map(|&part| i32::from_le_bytes(part)).collect())
}

/// An object for the column `data`.
pub(super) fn pack(object: &Map<String, Value>) -> Vec<u8> {
    let mut bytes = 8_u64.to_le_bytes().to_vec();
    bytes.extend(json!(object).to_string().into_bytes());
    bytes
}

/// The value in the column `data`; arrays become lists. `None` for anything else.
pub(super) fn unpack(bytes: &[u8]) -> Option<Value> {
    let place = u64::from_le_bytes(*bytes.first_chunk()?);
    let text = bytes.get(usize::try_from(place).ok()?..)?;
    with_lists(parse(std::str::from_utf8(text).ok()?).ok()?, bytes)
}

/// The value of a JSON text, as older versions hold it in the column `data`.
pub(super) fn unpack_text(text: &str) -> Option<Value> {
    with_lists(parse(text).ok()?, &[])
}

/// Puts lists in the place of arrays.
fn with_lists(value: Value, bytes: &[u8]) -> Option<Value> {
    match value {
        Value::Array(items) => items.into_iter().map(|item| with_lists(item, bytes)).collect(),
        Value::Object(object) => match object.get(ARRAY) {
            Some(array) => list(array, bytes),
            None => {
                let inner = |(key, value)| Some((key, with_lists(value, bytes)?));
                Some(Value::Object(object.into_iter().map(inner).collect::<Option<_>>()?))
            }
        },
        other => Some(other),
    }
}

fn list(array: &Value, bytes: &[u8]) -> Option<Value> {
    let [shape, kind, numbers] = array.as_array()?.as_slice() else { return None };
    let shape: Vec<usize> =
        shape.as_array()?.iter().map(|n| usize::try_from(n.as_u64()?).ok()).collect::<Option<_>>()?;
    let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n))?;
    let flat = match numbers {
        Value::Array(flat) => flat.clone(),
        place => {
            let start = usize::try_from(place.as_u64()?).ok()?;
            let (width, number) = numbers_of(kind.as_str()?)?;
            let end = start.checked_add(count.checked_mul(width)?)?;
            bytes.get(start..end)?.chunks_exact(width).map(number).collect()
        }
    };
    (flat.len() == count).then(|| nested(&shape, flat))
}

/// The number that some bytes stand for; null when it is not finite.
type Reader = fn(&[u8]) -> Value;

/// Width (bytes) and reader of a type of numbers.
fn numbers_of(kind: &str) -> Option<(usize, Reader)> {
    macro_rules! number {
        ($kind:ty) => {
            (size_of::<$kind>(), |bytes| json!(bytes.try_into().map(<$kind>::from_le_bytes).ok()))
        };
    }
    Some(match kind {
        "float64" => number!(f64),
        "float32" => number!(f32),
        "int64" => number!(i64),
        "int32" => number!(i32),
        "int16" => number!(i16),
        "int8" => number!(i8),
        "uint64" => number!(u64),
        "uint32" => number!(u32),
        "uint16" => number!(u16),
        "uint8" => number!(u8),
        "bool" => (1, |bytes| json!(bytes != [0])),
        _ => return None,
    })
}

/// Lists in lists by shape.
fn nested(shape: &[usize], mut flat: Vec<Value>) -> Value {
    for &length in shape.iter().skip(1).rev() {
        if flat.is_empty() || length == 0 {
            return json!([]);
        }
        flat = flat.chunks(length).map(|row| json!(row)).collect();
    }
    match shape {
        [] => flat.pop().unwrap_or_default(),
        _ => Value::Array(flat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_arrays_come_back() {
        let object = json!({"a": [1, null, "x"], "b": {"c": 0.1}});
        assert_eq!(unpack(&pack(object.as_object().unwrap())), Some(object));
        // As ASE writes {"m": np.array([[1, 2], [3, 4]], dtype=np.int32)}.
        let mut bytes = 24_u64.to_le_bytes().to_vec();
        bytes.extend([1_i32, 2, 3, 4].iter().flat_map(|n| n.to_le_bytes()));
        bytes.extend(br#"{"m":{"__ndarray__":[[2,2],"int32",8]}}"#);
        assert_eq!(unpack(&bytes), Some(json!({"m": [[1, 2], [3, 4]]})));
        let text = r#"{"m": {"__ndarray__": [[2], "float64", [0.5, NaN]]}}"#;
        assert_eq!(unpack_text(text), Some(json!({"m": [0.5, null]})));
        let scalar = r#"{"__ndarray__": [[], "float64", [0.5]]}"#;
        assert_eq!(unpack_text(scalar), Some(json!(0.5)));
    }

    #[test]
    fn impossible_arrays_are_refused() {
        for array in [
            r#"[[2,2],"int32",8]"#,
            r#"[[9000000000000000000, 9],"int32",8]"#,
            r#"[[1],"complex128",8]"#,
            r#"[[1],"int32",-1]"#,
            r#"[[3],"int32",[1]]"#,
            r#"[1]"#,
        ] {
            let text = format!(r#"{{"__ndarray__":{array}}}"#);
            let bytes = [&8_u64.to_le_bytes()[..], text.as_bytes()].concat();
            // The text itself may be read as numbers, but never what lies behind the end.
            assert!(unpack(&bytes).is_none() || array.starts_with("[[2,2]"), "{array}");
        }
        assert_eq!(unpack(b"1234567"), None);
        assert_eq!(unpack(&u64::MAX.to_le_bytes()), None);
    }
}
