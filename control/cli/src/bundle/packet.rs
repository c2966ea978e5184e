//! What is said to esbuild's service and what it answers: values, each with a byte before it that tells its kind.

use std::io::{self, Read, Write};

/// The largest packet that is read: a bundle with its map, several times over.
const PACKET_BYTES_MAX: usize = 256 << 20;
const DEPTH_MAX: usize = 64;

/// A value of the protocol.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Null,
    Flag(bool),
    Number(u32),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Said>),
    Map(Vec<(String, Said)>),
}

impl Said {
    pub(super) fn map<'a>(members: impl IntoIterator<Item = (&'a str, Said)>) -> Self {
        Self::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(super) fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        Self::List(texts.into_iter().map(Self::Text).collect())
    }

    pub(super) fn get(&self, name: &str) -> &Self {
        match self {
            Self::Map(members) => {
                members.iter().find(|(known, _)| known == name).map_or(&Self::Null, |(_, value)| value)
            }
            _ => &Self::Null,
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    pub(super) fn number(&self) -> u32 {
        match self {
            Self::Number(number) => *number,
            _ => 0,
        }
    }

    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A request, or the response to one of the same number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packet {
    pub(super) number: u32,
    pub(super) is_response: bool,
    pub(super) said: Said,
}

impl Packet {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut bytes = vec![0; 4];
        word(&mut bytes, self.number << 1 | u32::from(self.is_response));
        encode(&mut bytes, &self.said);
        let length = bytes.len() as u32 - 4;
        bytes.splice(..4, length.to_le_bytes());
        to.write_all(&bytes)?;
        to.flush()
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let bytes = read_bytes(from)?;
        let mut reader = Reader { rest: &bytes };
        let head = reader.word()?;
        let said = reader.value(0)?;
        Ok(Self { number: head >> 1, is_response: head & 1 == 1, said })
    }
}

/// Bytes with their length before them.
pub(super) fn read_bytes(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > PACKET_BYTES_MAX {
        return Err(malformed());
    }
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a packet cannot be read")
}

fn word(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend(number.to_le_bytes());
}

fn put(bytes: &mut Vec<u8>, content: &[u8]) {
    word(bytes, content.len() as u32);
    bytes.extend(content);
}

fn encode(bytes: &mut Vec<u8>, said: &Said) {
    match said {
        Said::Null => bytes.push(0),
        Said::Flag(flag) => bytes.extend([1, u8::from(*flag)]),
        Said::Number(number) => {
            bytes.push(2);
            word(bytes, *number);
        }
        Said::Text(text) => {
            bytes.push(3);
            put(bytes, text.as_bytes());
        }
        Said::Bytes(content) => {
            bytes.push(4);
            put(bytes, content);
        }
        Said::List(list) => {
            bytes.push(5);
            word(bytes, list.len() as u32);
            list.iter().for_each(|item| encode(bytes, item));
        }
        Said::Map(members) => {
            bytes.push(6);
            word(bytes, members.len() as u32);
            for (name, value) in members {
                put(bytes, name.as_bytes());
                encode(bytes, value);
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> io::Result<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn word(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?.try_into().map_err(|_| malformed())?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn content(&mut self) -> io::Result<Vec<u8>> {
        let length = self.word()? as usize;
        Ok(self.take(length)?.to_vec())
    }

    fn text(&mut self) -> io::Result<String> {
        // A file's name can be anything.
        Ok(String::from_utf8_lossy(&self.content()?).into_owned())
    }

    fn value(&mut self, depth: usize) -> io::Result<Said> {
        if depth > DEPTH_MAX {
            return Err(malformed());
        }
        Ok(match self.byte()? {
            0 => Said::Null,
            1 => Said::Flag(self.byte()? != 0),
            2 => Said::Number(self.word()?),
            3 => Said::Text(self.text()?),
            4 => Said::Bytes(self.content()?),
            5 => {
                let count = self.word()?;
                Said::List((0..count).map(|_| self.value(depth + 1)).collect::<io::Result<_>>()?)
            }
            6 => {
                let count = self.word()?;
                let member = |reader: &mut Self| Ok((reader.text()?, reader.value(depth + 1)?));
                Said::Map((0..count).map(|_| member(self)).collect::<io::Result<_>>()?)
            }
            _ => return Err(malformed()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_read_as_it_was_written_and_a_broken_one_is_refused() {
        let said = Said::map([
            ("a", Said::List(vec![Said::Null, Said::Flag(true), Said::Number(7)])),
            ("é", "text".into()),
            ("b", Said::Bytes(vec![0, 255])),
        ]);
        let packet = Packet { number: 5, is_response: true, said };
        let mut bytes = Vec::new();
        packet.write(&mut bytes).unwrap();
        assert_eq!(Packet::read(&mut bytes.as_slice()).unwrap(), packet);
        for length in 0..bytes.len() {
            assert!(Packet::read(&mut &bytes[..length]).is_err(), "{length}");
        }
        assert!(Packet::read(&mut [2, 0, 0, 0, 0, 0].as_slice()).is_err());
        assert!(Packet::read(&mut [255; 8].as_slice()).is_err());
        let deep: Vec<u8> = [5, 1, 0, 0, 0].repeat(DEPTH_MAX + 2);
        assert!(Reader { rest: &deep }.value(0).is_err());
    }
}
