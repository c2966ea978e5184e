//! What the operation of `ctx.enqueue` sends, and what comes back.

use crate::frame::{Malformed, Reader, Writer};

/// A job for a function of the app.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnqueueFrame<'a> {
    /// The transaction that it is part of; 0 for none.
    pub transaction: u32,
    /// The function.
    pub function: &'a str,
    /// JSON.
    pub payload: &'a str,
    /// What no second open job of the function has; empty for none.
    pub key: &'a str,
    /// When it may start.
    pub start: JobStart,
    /// How often it is started at most; 0 for the default.
    pub attempts: u32,
    /// The pause before its second attempt, in seconds; negative for the default.
    pub backoff: f64,
}

/// When a job may start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JobStart {
    /// At once.
    Now,
    /// In that many milliseconds.
    In(f64),
    /// At this time, in milliseconds since 1970.
    At(f64),
}

impl JobStart {
    /// By its number, as the guest's JavaScript says it.
    pub fn from_parts(mode: u8, ms: f64) -> Result<Self, Malformed> {
        Ok(match mode {
            0 => Self::Now,
            1 => Self::In(ms),
            2 => Self::At(ms),
            _ => return Err(Malformed),
        })
    }

    fn parts(self) -> (u8, f64) {
        match self {
            Self::Now => (0, 0.0),
            Self::In(ms) => (1, ms),
            Self::At(ms) => (2, ms),
        }
    }
}

impl<'a> EnqueueFrame<'a> {
    /// The frame of this operation.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer =
            Writer::with_capacity(48 + self.function.len() + self.payload.len() + self.key.len());
        writer.u32(self.transaction);
        writer.text(self.function);
        writer.text(self.payload);
        writer.text(self.key);
        let (mode, ms) = self.start.parts();
        writer.u8(mode);
        writer.f64(ms);
        writer.u32(self.attempts);
        writer.f64(self.backoff);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            transaction: reader.u32()?,
            function: reader.text()?,
            payload: reader.text()?,
            key: reader.text()?,
            start: JobStart::from_parts(reader.u8()?, reader.f64()?)?,
            attempts: reader.u32()?,
            backoff: reader.f64()?,
        })
    }
}

/// The answer: the job, or the open one that has its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whether it was there before.
    pub duplicate: bool,
}

impl<'a> Enqueued<'a> {
    /// The frame of this answer.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(8 + self.id.len());
        writer.u8(u8::from(self.duplicate));
        writer.text(self.id);
        writer.finish()
    }

    /// Reads the answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let duplicate = reader.u8()? != 0;
        Ok(Self { id: reader.text()?, duplicate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_reads_back() {
        for start in [JobStart::Now, JobStart::In(1.5), JobStart::At(1e12)] {
            let frame = EnqueueFrame {
                transaction: 7,
                function: "mail",
                payload: "{}",
                key: "k",
                start,
                attempts: 3,
                backoff: -1.0,
            };
            assert_eq!(EnqueueFrame::read(&frame.to_frame()), Ok(frame));
        }
        let answer = Enqueued { id: "job_1", duplicate: true };
        assert_eq!(Enqueued::read(&answer.to_frame()), Ok(answer));
        assert_eq!(JobStart::from_parts(3, 0.0), Err(Malformed));
    }
}
