//! What the host computes for a guest, because it does so faster than the guest: a file a family.
//!
//! Each computation has a price, known from its frame before any of it is done.

mod aes;
mod apart;
mod codec;
mod compression;
mod digest;
mod ec;
mod frame;
mod gcm;
mod hash_states;
mod intl;
mod kdf;
mod key_info;
mod okp;
mod price;
mod result;
mod rsa;
mod rsa_keys;
mod states;
mod text;

use std::sync::Arc;

use mayfly_abi::compute::{Computation, Status};
use mayfly_abi::frame::Malformed;
use zeroize::Zeroizing;

use super::operations::{OperationKind, Started};
use crate::blocking::TaskFailed;
use crate::guest_error::GuestError;
use frame::open;
use result::parts;
use states::States;

pub(crate) use apart::run_apart;
pub(crate) use result::{ComputeError, Computed, Output, data, not_supported, operation, yes_or_no};

/// What is submitted is small: passwords, seeds, lengths.
const SUBMITTED_BYTES_MAX: usize = 64 << 10;

/// The state and the last result of one invocation's computations.
#[derive(Debug, Default)]
pub(crate) struct Compute {
    states: States,
    result: Output,
}

impl Compute {
    /// The result that was announced last, or the text of why there is none.
    pub(crate) fn result(&self) -> &[u8] {
        &self.result
    }

    /// Computes something on this thread. The announcement of its result, and what it costs beside its price.
    pub(crate) fn run(&mut self, frame: &[u8]) -> (u64, u64) {
        let computed = run(frame, &mut self.states);
        let result_bytes = computed.as_ref().map_or(0, |bytes| bytes.len());
        let afterwards = price::afterwards(frame, result_bytes) + self.states.intl.owed();
        (self.keep(computed), afterwards)
    }

    /// Keeps a result for the guest to read: its status, and its length.
    pub(crate) fn keep(&mut self, computed: Computed) -> u64 {
        let (status, bytes) = parts(computed);
        self.result = bytes;
        u64::from(status as u32) << 32 | self.result.len() as u64
    }
}

/// What a computation costs.
pub(crate) fn price_of(frame: &[u8]) -> u64 {
    price::of(frame)
}

/// Computes something for this app while the guest goes on.
pub(crate) fn submit(frame: &[u8], app: Arc<str>) -> Started {
    if frame.len() > SUBMITTED_BYTES_MAX || !is_stateless(frame) {
        return Err(Malformed);
    }
    let frame = Zeroizing::new(frame.to_vec());
    Ok((
        OperationKind::Foreground,
        Box::pin(async move {
            let computed = run_apart(&app, frame).await;
            let failed = |failed: TaskFailed| GuestError::new("INTERNAL_ERROR", failed.to_string());
            let computed = computed.map_err(failed)?;
            let (status, bytes) = parts(computed);
            let mut answer = (status as u32).to_le_bytes().to_vec();
            answer.extend_from_slice(&bytes);
            Ok(answer)
        }),
    ))
}

/// Whether a computation needs nothing but its frame.
pub(crate) fn is_stateless(frame: &[u8]) -> bool {
    open(frame).is_ok_and(|(computation, _)| !states::needs(computation))
}

fn run(frame: &[u8], states: &mut States) -> Computed {
    let (computation, mut args) = open(frame)?;
    let args = &mut args;
    if states::needs(computation) && frame.len() > states::PUSHED_BYTES_MAX {
        return Err(ComputeError(Status::Type, "too much data in one call"));
    }
    match computation {
        Computation::Digest => digest::digest(args),
        Computation::Hmac => digest::hmac(args),
        Computation::HmacVerify => digest::hmac_verify(args),
        Computation::AesGcmEncrypt => gcm::encrypt(args),
        Computation::AesGcmDecrypt => gcm::decrypt(args),
        Computation::AesCbcEncrypt => aes::cbc_encrypt(args),
        Computation::AesCbcDecrypt => aes::cbc_decrypt(args),
        Computation::AesCtr => aes::ctr(args),
        Computation::AesKwWrap => aes::wrap(args),
        Computation::AesKwUnwrap => aes::unwrap(args),
        Computation::RsaGenerate => rsa_keys::generate(args),
        Computation::RsaPublic => rsa_keys::public(args),
        Computation::RsaImport => rsa_keys::import(args),
        Computation::RsaFromParts => rsa_keys::from_parts(args),
        Computation::RsaParts => rsa_keys::parts(args),
        Computation::RsaExport => rsa_keys::export(args),
        Computation::RsaSign => rsa::sign(args),
        Computation::RsaVerify => rsa::verify(args),
        Computation::RsaEncrypt => rsa::encrypt(args),
        Computation::RsaDecrypt => rsa::decrypt(args),
        Computation::EcGenerate => ec::generate(args),
        Computation::EcImport => ec::import(args),
        Computation::EcExport => ec::export(args),
        Computation::EcSign => ec::sign(args),
        Computation::EcVerify => ec::verify(args),
        Computation::EcDerive => ec::derive(args),
        Computation::OkpImport => okp::import(args),
        Computation::OkpExport => okp::export(args),
        Computation::EdSign => okp::sign(args),
        Computation::EdVerify => okp::verify(args),
        Computation::XDerive => okp::derive(args),
        Computation::Hkdf => kdf::hkdf(args),
        Computation::Pbkdf2 => kdf::pbkdf2(args),
        Computation::Scrypt => kdf::scrypt(args),
        Computation::Bcrypt => kdf::bcrypt(args),
        Computation::TextDecode => text::decode(args),
        Computation::TextEncodingName => text::encoding_name(args),
        Computation::DecoderOpen => text::open(args, states),
        Computation::DecoderPush => text::push(args, states),
        Computation::HashOpen => hash_states::open(args, states),
        Computation::HmacOpen => hash_states::open_hmac(args, states),
        Computation::HashPush => hash_states::push(args, states),
        Computation::HashFinish => hash_states::finish(args, states),
        Computation::HashCopy => hash_states::copy(args, states),
        Computation::CompressorOpen => compression::open_compressor(args, states),
        Computation::DecompressorOpen => compression::open_decompressor(args, states),
        Computation::Compress | Computation::Decompress => compression::push(args, states),
        Computation::Close => states.close(args.u32()?),
        Computation::Intl => intl::run(args, &mut states.intl),
    }
}

#[cfg(test)]
mod tests;
