//! Reading the product's own binary files, and checksums as text.

use druse_representations::Element;

/// Reads little-endian numbers one after the other; every read may find the end and then gives `None`.
#[derive(Clone, Copy)]
pub struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// The next byte with its sign.
    pub fn i8(&mut self) -> Option<i8> {
        self.array().map(i8::from_le_bytes)
    }

    /// A number of two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// A number of two bytes with its sign.
    pub fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_le_bytes)
    }

    /// A number of four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A number of eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A real number of four bytes.
    pub fn f32(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes)
    }

    /// A real number of eight bytes.
    pub fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// An offset or a length, eight bytes.
    pub fn place(&mut self) -> Option<usize> {
        self.u64()?.try_into().ok()
    }

    /// An element by its atomic number, one byte.
    pub fn element(&mut self) -> Option<Element> {
        self.u8().and_then(Element::from_atomic_number)
    }

    /// A short text after its length, one byte.
    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.u8()?;
        std::str::from_utf8(self.take(length.into())?).ok()
    }
}

/// Lower-case hexadecimal digits, for instance of a checksum.
pub fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_end_where_the_bytes_end() {
        let mut cursor = Cursor(&[1, 2, 0, 2, b'o', b'k', 9]);
        assert_eq!((cursor.u8(), cursor.u16(), cursor.text()), (Some(1), Some(2), Some("ok")));
        assert_eq!((cursor.u32(), cursor.i8(), cursor.u8()), (None, Some(9), None));
        assert_eq!(hexadecimal([0x0f, 0xa0]), "0fa0");
    }
}
