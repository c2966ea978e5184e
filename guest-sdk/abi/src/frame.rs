//! Bytes on their way between guest and host: little-endian numbers and length-prefixed text.

/// What a reader finds wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Appends to a buffer.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty frame with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes.
    pub fn f64(&mut self, value: f64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A length and that many bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        self.u32(value.len() as u32);
        self.bytes.extend_from_slice(value);
    }

    /// A length and that many bytes of UTF-8.
    pub fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }

    /// Text that may be missing.
    pub fn optional_text(&mut self, value: Option<&str>) {
        match value {
            Some(text) => {
                self.u8(1);
                self.text(text);
            }
            None => self.u8(0),
        }
    }

    /// A count and that many pairs of text.
    pub fn pairs<'a>(&mut self, pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>) {
        self.u32(pairs.len() as u32);
        for (name, value) in pairs {
            self.text(name);
            self.text(value);
        }
    }

    /// Bytes without a length: the rest of the frame.
    pub fn rest(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
    }

    /// The frame.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads what a [`Writer`] wrote, or what an attacker did.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    pub fn f64(&mut self) -> Result<f64, Malformed> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A length and that many bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    /// A length and that many bytes of UTF-8.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    /// Text that may be missing.
    pub fn optional_text(&mut self) -> Result<Option<&'a str>, Malformed> {
        match self.u8()? {
            0 => Ok(None),
            _ => self.text().map(Some),
        }
    }

    /// A count and that many pairs of text.
    pub fn pairs(&mut self) -> Result<Vec<(String, String)>, Malformed> {
        let count = self.count(8)?;
        let mut pairs = Vec::with_capacity(count);
        for _ in 0..count {
            pairs.push((self.text()?.to_owned(), self.text()?.to_owned()));
        }
        Ok(pairs)
    }

    /// A count of things that take at least `smallest` bytes each, so that a lie about it allocates nothing.
    pub fn count(&mut self, smallest: usize) -> Result<usize, Malformed> {
        let count = self.u32()? as usize;
        if count.checked_mul(smallest).is_none_or(|bytes| bytes > self.rest.len()) {
            return Err(Malformed);
        }
        Ok(count)
    }

    /// Whatever is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut writer = Writer::default();
        writer.u8(7);
        writer.u16(300);
        writer.u32(70_000);
        writer.f64(-0.5);
        writer.text("héllo");
        writer.optional_text(None);
        writer.optional_text(Some(""));
        writer.pairs([("a", "b"), ("c", "")].into_iter());
        writer.rest(b"rest");
        let frame = writer.finish();
        let mut reader = Reader::new(&frame);
        assert_eq!(reader.u8(), Ok(7));
        assert_eq!(reader.u16(), Ok(300));
        assert_eq!(reader.u32(), Ok(70_000));
        assert_eq!(reader.f64(), Ok(-0.5));
        assert_eq!(reader.text(), Ok("héllo"));
        assert_eq!(reader.optional_text(), Ok(None));
        assert_eq!(reader.optional_text(), Ok(Some("")));
        assert_eq!(
            reader.pairs(),
            Ok(vec![("a".to_owned(), "b".to_owned()), ("c".to_owned(), String::new())])
        );
        assert_eq!(reader.rest(), b"rest");
    }

    #[test]
    fn a_lie_about_a_length_is_malformed() {
        let mut writer = Writer::default();
        writer.u32(u32::MAX);
        let frame = writer.finish();
        assert_eq!(Reader::new(&frame).bytes(), Err(Malformed));
        assert_eq!(Reader::new(&frame).pairs(), Err(Malformed));
        assert_eq!(Reader::new(&[]).u8(), Err(Malformed));
    }
}
