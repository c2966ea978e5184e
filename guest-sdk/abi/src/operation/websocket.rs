//! What the operations of `WebSocket` send, and what comes back.

use crate::frame::{Malformed, Reader, Writer};

/// The longest message, either way.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// A connection to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectFrame<'a> {
    /// The absolute URL, of the scheme `ws` or `wss`.
    pub url: &'a str,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The subprotocols that are offered, with `, ` between them; empty: none.
    pub protocols: &'a str,
}

impl<'a> ConnectFrame<'a> {
    /// The frame of this operation.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(128);
        writer.text(self.url);
        writer.pairs(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        writer.text(self.protocols);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { url: reader.text()?, headers: reader.pairs()?, protocols: reader.text()? })
    }
}

/// One message of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageFrame<'a> {
    /// Text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// The end: a code, 1005 where none was said, and a reason.
    Close(u16, &'a str),
}

impl<'a> MessageFrame<'a> {
    fn write(self, writer: &mut Writer) {
        match self {
            Self::Text(text) => {
                writer.u8(0);
                writer.rest(text.as_bytes());
            }
            Self::Binary(bytes) => {
                writer.u8(1);
                writer.rest(bytes);
            }
            Self::Close(code, reason) => {
                writer.u8(2);
                writer.u16(code);
                writer.rest(reason.as_bytes());
            }
        }
    }

    fn of(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        let text = |reader: &mut Reader<'a>| std::str::from_utf8(reader.rest()).map_err(|_| Malformed);
        Ok(match reader.u8()? {
            0 => Self::Text(text(&mut reader)?),
            1 => Self::Binary(reader.rest()),
            2 => Self::Close(reader.u16()?, text(&mut reader)?),
            _ => return Err(Malformed),
        })
    }

    /// The frame of an answer: the message that came.
    pub fn to_answer(self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.finish()
    }

    /// Reads an answer.
    pub fn read_answer(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Self::of(Reader::new(bytes))
    }

    /// The frame of an operation: the message for the socket of this number.
    pub fn to_frame(self, socket: u32) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.u32(socket);
        self.write(&mut writer);
        writer.finish()
    }

    /// Reads an operation: the socket's number, and the message.
    pub fn read(bytes: &'a [u8]) -> Result<(u32, Self), Malformed> {
        let mut reader = Reader::new(bytes);
        Ok((reader.u32()?, Self::of(reader)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_reads_back() {
        let connect = ConnectFrame {
            url: "wss://a.example/",
            headers: vec![("a".into(), "b".into())],
            protocols: "x, y",
        };
        assert_eq!(ConnectFrame::read(&connect.to_frame()), Ok(connect));
        for message in
            [MessageFrame::Text("caf\u{e9}"), MessageFrame::Binary(&[0, 255]), MessageFrame::Close(1005, "")]
        {
            assert_eq!(MessageFrame::read(&message.to_frame(7)), Ok((7, message)));
            assert_eq!(MessageFrame::read_answer(&message.to_answer()), Ok(message));
        }
        assert_eq!(MessageFrame::read_answer(&[0, 255]), Err(Malformed));
        assert_eq!(MessageFrame::read_answer(&[3]), Err(Malformed));
    }
}
