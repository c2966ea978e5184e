//! What the operations of `ctx.broadcast` and `ctx.socket` send. They answer nothing.

use crate::frame::{Malformed, Reader, Writer};

/// What a function does with channels, and with the socket whose frame it handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealtimeFrame<'a> {
    /// Give JSON to all who are subscribed to a channel.
    Broadcast {
        /// The channel.
        channel: &'a str,
        /// JSON.
        data: &'a str,
    },
    /// Send JSON to the client.
    Send(&'a str),
    /// Send bytes to the client.
    SendBytes(&'a [u8]),
    /// Close the socket.
    Close {
        /// 1000, or 3000 to 4999.
        code: u16,
        /// For the client.
        reason: &'a str,
    },
    /// Subscribe the client to a channel.
    Subscribe(&'a str),
    /// End a subscription of the client.
    Unsubscribe(&'a str),
}

impl<'a> RealtimeFrame<'a> {
    /// The frame of this operation.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::default();
        match self {
            Self::Broadcast { channel, data } => {
                writer.u8(0);
                writer.text(channel);
                writer.text(data);
            }
            Self::Send(data) => {
                writer.u8(1);
                writer.text(data);
            }
            Self::SendBytes(bytes) => {
                writer.u8(2);
                writer.bytes(bytes);
            }
            Self::Close { code, reason } => {
                writer.u8(3);
                writer.u16(code);
                writer.text(reason);
            }
            Self::Subscribe(channel) => {
                writer.u8(4);
                writer.text(channel);
            }
            Self::Unsubscribe(channel) => {
                writer.u8(5);
                writer.text(channel);
            }
        }
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(match reader.u8()? {
            0 => Self::Broadcast { channel: reader.text()?, data: reader.text()? },
            1 => Self::Send(reader.text()?),
            2 => Self::SendBytes(reader.bytes()?),
            3 => Self::Close { code: reader.u16()?, reason: reader.text()? },
            4 => Self::Subscribe(reader.text()?),
            5 => Self::Unsubscribe(reader.text()?),
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_reads_back() {
        for frame in [
            RealtimeFrame::Broadcast { channel: "room", data: "{}" },
            RealtimeFrame::Send("1"),
            RealtimeFrame::SendBytes(&[0, 255]),
            RealtimeFrame::Close { code: 4000, reason: "bye" },
            RealtimeFrame::Subscribe("room"),
            RealtimeFrame::Unsubscribe("room"),
        ] {
            assert_eq!(RealtimeFrame::read(&frame.to_frame()), Ok(frame));
        }
        assert_eq!(RealtimeFrame::read(&[9]), Err(Malformed));
    }
}
