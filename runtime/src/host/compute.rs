//! `mayfly.compute`: what the host works out for a guest, because it does so faster. A file a family.
//!
//! Each computation has a price, known from its frame before any of it is done. What takes longer than a guest's turn goes
//! to the pool of threads that may block, and the guest's fiber waits; there are as many at once as processors.

mod aes;
mod codec;
mod digest;
mod ec;
mod gcm;
mod hash_states;
mod intl;
mod kdf;
mod key_info;
mod okp;
mod price;
mod rsa;
mod rsa_keys;
mod states;
mod text;

use std::sync::{Arc, OnceLock};

use mayfly_abi::compute::{Computation, Status};
use mayfly_abi::frame::{Malformed, Reader};
use tokio::sync::Semaphore;
use wasmtime::{Caller, Error, Result};
use zeroize::Zeroizing;

use super::memory;
use super::operations::Kind;
use super::submit::Begun;
use crate::providers::GuestError;
use crate::sandbox::Sandbox;
use states::States;

/// What a guest that waits for it may ask of the thread that it runs on: two milliseconds.
const INLINE_FUEL_MAX: u64 = 20_000_000;
/// What is submitted is small: passwords, seeds, lengths.
const SUBMITTED_BYTES_MAX: usize = 64 << 10;

/// A result, which may be a key.
type Output = Zeroizing<Vec<u8>>;
type Computed = std::result::Result<Output, Refusal>;

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal(Status, &'static str);

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self(Status::Type, "the host was sent something else than this computation takes")
    }
}

fn operation(why: &'static str) -> Refusal {
    Refusal(Status::Operation, why)
}

fn data(why: &'static str) -> Refusal {
    Refusal(Status::Data, why)
}

fn not_supported(why: &'static str) -> Refusal {
    Refusal(Status::NotSupported, why)
}

fn yes_or_no(yes: bool) -> Computed {
    Ok(vec![u8::from(yes)].into())
}

/// The host's side of one invocation's computations.
#[derive(Debug, Default)]
pub(crate) struct Compute {
    states: States,
    result: Output,
}

impl Compute {
    /// The result that was spoken of last, or the text of why there is none.
    pub(super) fn result(&self) -> &[u8] {
        &self.result
    }

    fn keep(&mut self, computed: Computed) -> u64 {
        let (status, bytes) = parts(computed);
        self.result = bytes;
        u64::from(status as u32) << 32 | self.result.len() as u64
    }
}

fn parts(computed: Computed) -> (Status, Output) {
    match computed {
        Ok(bytes) => (Status::Done, bytes),
        Err(Refusal(status, why)) => (status, why.as_bytes().to_vec().into()),
    }
}

/// Works something out while the guest waits. The status, and the length of the result.
#[allow(clippy::disallowed_methods, reason = "the permit limits how many computations block a thread")]
pub(super) async fn compute(mut caller: Caller<'_, Sandbox>, ptr: u32, len: u32) -> Result<u64> {
    memory::charge(&mut caller, len as usize);
    let (frame, _) = memory::borrow(&mut caller, ptr, len)?;
    let price = price::of(frame);
    if !pay(&mut caller, price)? {
        memory::settle(&mut caller).await?;
        return Ok(0);
    }
    if price > INLINE_FUEL_MAX && stands_alone(memory::borrow(&mut caller, ptr, len)?.0) {
        let permit = processor().await?;
        let frame = Zeroizing::new(memory::borrow(&mut caller, ptr, len)?.0.to_vec());
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            run_alone(&frame)
        });
        let computed = work.await.map_err(|_| Error::msg("a computation came to nothing"))?;
        return Ok(caller.data_mut().compute.keep(computed));
    }
    let (frame, sandbox) = memory::borrow(&mut caller, ptr, len)?;
    let computed = run(frame, &mut sandbox.compute.states);
    let came_out = computed.as_ref().map_or(0, |bytes| bytes.len());
    let afterwards = price::afterwards(frame, came_out) + sandbox.compute.states.intl.owed();
    let answer = sandbox.compute.keep(computed);
    pay(&mut caller, afterwards)?;
    memory::settle(&mut caller).await?;
    Ok(answer)
}

/// Takes the price of something; `false`, and all of the fuel, where that is too little: the guest ends at its next
/// instruction.
pub(super) fn pay(caller: &mut Caller<'_, Sandbox>, price: u64) -> Result<bool> {
    let left = caller.get_fuel()?.saturating_sub(caller.data().meter.debt);
    caller.data_mut().meter.debt += price;
    Ok(left > price)
}

/// What a computation costs.
pub(super) fn price_of(frame: &[u8]) -> u64 {
    price::of(frame)
}

/// Works something out while the guest goes on.
#[allow(clippy::disallowed_methods, reason = "the permit limits how many computations block a thread")]
pub(super) fn submit(frame: &[u8]) -> Begun {
    if frame.len() > SUBMITTED_BYTES_MAX || !stands_alone(frame) {
        return Err(Malformed);
    }
    let frame = Zeroizing::new(frame.to_vec());
    Ok((
        Kind::Foreground,
        Box::pin(async move {
            let failed = |_| GuestError::new("INTERNAL_ERROR", "a computation came to nothing");
            let permit = processor().await.map_err(failed)?;
            let work = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                run_alone(&frame)
            });
            let computed =
                work.await.map_err(|_| GuestError::new("INTERNAL_ERROR", "a computation came to nothing"))?;
            let (status, bytes) = parts(computed);
            let mut answer = (status as u32).to_le_bytes().to_vec();
            answer.extend_from_slice(&bytes);
            Ok(answer)
        }),
    ))
}

async fn processor() -> Result<tokio::sync::OwnedSemaphorePermit> {
    static PROCESSORS: OnceLock<Arc<Semaphore>> = OnceLock::new();
    let processors = PROCESSORS.get_or_init(|| {
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Semaphore::new(count))
    });
    Ok(Arc::clone(processors).acquire_owned().await?)
}

/// The computation that a frame asks for, and its arguments.
fn open(frame: &[u8]) -> std::result::Result<(Computation, Reader<'_>), Malformed> {
    let mut reader = Reader::new(frame);
    let computation = Computation::from_number(reader.u16()?).ok_or(Malformed)?;
    Ok((computation, reader))
}

/// Whether a computation needs nothing but its frame.
fn stands_alone(frame: &[u8]) -> bool {
    open(frame).is_ok_and(|(computation, _)| !states::needs(computation))
}

fn run_alone(frame: &[u8]) -> Computed {
    run(frame, &mut States::default())
}

fn run(frame: &[u8], states: &mut States) -> Computed {
    let (computation, mut args) = open(frame)?;
    let args = &mut args;
    if states::needs(computation) && frame.len() > states::PUSHED_BYTES_MAX {
        return Err(Refusal(Status::Type, "more than is taken at once"));
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
        Computation::TextDecode => text::decode(args),
        Computation::TextEncodingName => text::encoding_name(args),
        Computation::DecoderOpen => text::open(args, states),
        Computation::DecoderPush => text::push(args, states),
        Computation::HashOpen => hash_states::open(args, states),
        Computation::HmacOpen => hash_states::open_hmac(args, states),
        Computation::HashPush => hash_states::push(args, states),
        Computation::HashFinish => hash_states::finish(args, states),
        Computation::HashCopy => hash_states::copy(args, states),
        Computation::CompressorOpen => codec::open_compressor(args, states),
        Computation::DecompressorOpen => codec::open_decompressor(args, states),
        Computation::Compress | Computation::Decompress => codec::push(args, states),
        Computation::Close => states.close(args.u32()?),
        Computation::Intl => intl::run(args, &mut states.intl),
    }
}

#[cfg(test)]
mod tests;
