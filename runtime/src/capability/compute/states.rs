//! Streamed computations that are open between two calls: hashes, decoders, codecs. The guest knows each by a number.

use std::collections::HashMap;

use mayfly_abi::compute::{Computation, Status};
use md5::Md5;
use ring::{digest as hashes, hmac as macs};

use super::codec::Codec;
use super::{ComputeError, Computed, Output};

const COUNT_MAX: usize = 256;
/// The most that the states of one invocation hold on the host.
const BYTES_MAX: usize = 16 << 20;

/// The most that is pushed into a state in one call, with the rest of its frame: that is processed on the guest's own thread.
pub(super) const PUSHED_BYTES_MAX: usize = (256 << 10) + 64;

/// A digest or an HMAC of what was pushed so far.
#[derive(Clone)]
pub(super) enum Hashing {
    Plain(hashes::Context),
    Md5(Md5),
    Keyed(macs::Context),
}

pub(super) enum State {
    Hash(Box<Hashing>),
    Decoder { decoder: encoding_rs::Decoder, fatal: bool },
    Codec(Codec),
}

impl State {
    /// About what it holds in memory.
    fn bytes(&self) -> usize {
        match self {
            Self::Hash(_) | Self::Decoder { .. } => 1 << 10,
            Self::Codec(codec) => codec.bytes(),
        }
    }
}

/// All states of one invocation.
#[derive(Default)]
pub(super) struct States {
    open: HashMap<u32, State>,
    bytes: usize,
    last: u32,
    pub(super) intl: super::intl::Recent,
}

impl std::fmt::Debug for States {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("States").field("open", &self.open.len()).field("bytes", &self.bytes).finish()
    }
}

/// Whether a computation is about a state.
pub(super) fn needs(computation: Computation) -> bool {
    (Computation::DecoderOpen as u16..=Computation::Close as u16).contains(&(computation as u16))
}

impl States {
    /// Keeps a state; its number is the result.
    pub(super) fn add(&mut self, state: State) -> Computed {
        let bytes = self.bytes + state.bytes();
        if self.open.len() == COUNT_MAX || bytes > BYTES_MAX {
            return Err(ComputeError(
                Status::Quota,
                "too many hashes, decoders and compressions are open at once",
            ));
        }
        self.last += 1;
        self.bytes = bytes;
        self.open.insert(self.last, state);
        Ok(Output::new(self.last.to_le_bytes().to_vec()))
    }

    pub(super) fn get(&mut self, number: u32) -> Result<&mut State, ComputeError> {
        self.open.get_mut(&number).ok_or(ComputeError(
            Status::Type,
            "this hash, decoder or compression has ended, or belongs to another invocation",
        ))
    }

    pub(super) fn take(&mut self, number: u32) -> Option<State> {
        let state = self.open.remove(&number)?;
        self.bytes -= state.bytes();
        Some(state)
    }

    pub(super) fn close(&mut self, number: u32) -> Computed {
        self.take(number);
        Ok(Output::default())
    }
}
