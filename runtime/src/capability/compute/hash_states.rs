//! Streamed digests and HMACs: data is pushed piece by piece.

use mayfly_abi::compute::{Hash, Status};
use mayfly_abi::frame::Reader;
use md5::{Digest as _, Md5};
use ring::{digest as hashes, hmac as macs};

use super::states::{Hashing, State, States};
use super::{ComputeError, Computed, Output, digest};

pub(super) fn open(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let hashing = match Hash::read(args)? {
        Hash::Md5 => Hashing::Md5(Md5::default()),
        hash => Hashing::Plain(hashes::Context::new(digest::algorithm(hash)?)),
    };
    states.add(State::Hash(Box::new(hashing)))
}

pub(super) fn open_hmac(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let hash = Hash::read(args)?;
    let key = digest::hmac_key(hash, args.bytes()?)?;
    states.add(State::Hash(Box::new(Hashing::Keyed(macs::Context::with_key(&key)))))
}

pub(super) fn push(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let State::Hash(hashing) = states.get(args.u32()?)? else { return Err(no_hash()) };
    let data = args.rest();
    match hashing.as_mut() {
        Hashing::Plain(context) => context.update(data),
        Hashing::Md5(context) => context.update(data),
        Hashing::Keyed(context) => context.update(data),
    }
    Ok(Output::default())
}

pub(super) fn finish(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let Some(State::Hash(hashing)) = states.take(args.u32()?) else { return Err(no_hash()) };
    Ok(match *hashing {
        Hashing::Plain(context) => context.finish().as_ref().to_vec().into(),
        Hashing::Md5(context) => context.finalize().to_vec().into(),
        Hashing::Keyed(context) => context.sign().as_ref().to_vec().into(),
    })
}

pub(super) fn copy(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let State::Hash(hashing) = states.get(args.u32()?)? else { return Err(no_hash()) };
    let copy = hashing.clone();
    states.add(State::Hash(copy))
}

fn no_hash() -> ComputeError {
    ComputeError(Status::Type, "the hash has ended, or belongs to another invocation")
}
