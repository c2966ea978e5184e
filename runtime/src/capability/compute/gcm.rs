//! AES-GCM: ring's where it has it (nonces of 96 bits, whole tags), else put together of AES, counters and GHASH.

use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128, Aes192, Aes256};
use ctr::{Ctr32BE, CtrCore};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use mayfly_abi::frame::Reader;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use subtle::ConstantTimeEq;

use super::{ComputeError, Computed, Output, operation};

const TAG_BYTES: usize = 16;
/// What GCM is safe for: 2^36 - 31 bytes. A guest has less memory than that.
const TAG_LENGTHS: [u32; 7] = [4, 8, 12, 13, 14, 15, 16];

struct Job<'a> {
    key: &'a [u8],
    iv: &'a [u8],
    aad: &'a [u8],
    tag_bytes: usize,
    data: &'a [u8],
}

impl<'a> Job<'a> {
    fn read(args: &mut Reader<'a>) -> Result<Self, ComputeError> {
        let (key, iv, aad, tag_bytes) = (args.bytes()?, args.bytes()?, args.bytes()?, args.u32()?);
        if !TAG_LENGTHS.contains(&tag_bytes) {
            return Err(operation("a tag has 32, 64, 96, 104, 112, 120 or 128 bits"));
        }
        if iv.is_empty() {
            return Err(operation("the initialization vector is empty"));
        }
        Ok(Self { key, iv, aad, tag_bytes: tag_bytes as usize, data: args.rest() })
    }

    /// ring's key and nonce, where it can do this.
    fn with_ring(&self) -> Option<(LessSafeKey, Nonce)> {
        let algorithm = match self.key.len() {
            16 => &AES_128_GCM,
            32 => &AES_256_GCM,
            _ => return None,
        };
        if self.tag_bytes != TAG_BYTES {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(self.iv).ok()?;
        Some((LessSafeKey::new(UnboundKey::new(algorithm, self.key).ok()?), nonce))
    }

    fn parts(&self) -> Result<Parts, ComputeError> {
        match self.key.len() {
            16 => Ok(Parts::new(&Aes128::new_from_slice(self.key).map_err(bad_key)?, self.iv)),
            24 => Ok(Parts::new(&Aes192::new_from_slice(self.key).map_err(bad_key)?, self.iv)),
            32 => Ok(Parts::new(&Aes256::new_from_slice(self.key).map_err(bad_key)?, self.iv)),
            _ => Err(bad_key(())),
        }
    }
}

fn bad_key<E>(_: E) -> ComputeError {
    operation("an AES key has 128, 192 or 256 bits")
}

fn forged<E>(_: E) -> ComputeError {
    operation("the data cannot be decrypted: it was not encrypted with this key, or was changed")
}

pub(super) fn encrypt(args: &mut Reader<'_>) -> Computed {
    let job = Job::read(args)?;
    let mut out = Output::new(Vec::with_capacity(job.data.len() + TAG_BYTES));
    out.extend_from_slice(job.data);
    if let Some((key, nonce)) = job.with_ring() {
        let sealed = key.seal_in_place_append_tag(nonce, Aad::from(job.aad), &mut *out);
        sealed.map_err(|_| operation("the data cannot be encrypted"))?;
        return Ok(out);
    }
    let mut parts = job.parts()?;
    parts.apply(&mut out);
    let tag = parts.tag(job.aad, &out);
    out.extend_from_slice(&tag[..job.tag_bytes]);
    Ok(out)
}

pub(super) fn decrypt(args: &mut Reader<'_>) -> Computed {
    let job = Job::read(args)?;
    let length = job.data.len().checked_sub(job.tag_bytes).ok_or(forged(()))?;
    let mut out = Output::new(job.data.to_vec());
    if let Some((key, nonce)) = job.with_ring() {
        key.open_in_place(nonce, Aad::from(job.aad), &mut out).map_err(forged)?;
        out.truncate(length);
        return Ok(out);
    }
    let mut parts = job.parts()?;
    let (sealed, tag) = job.data.split_at(length);
    if !bool::from(parts.tag(job.aad, sealed)[..job.tag_bytes].ct_eq(tag)) {
        return Err(forged(()));
    }
    out.truncate(length);
    parts.apply(&mut out);
    Ok(out)
}

type Apply = Box<dyn FnMut(&mut [u8])>;

/// Any of the three ciphers, keyed: its key stream, the hash, and what the tag is masked with.
struct Parts {
    apply: Apply,
    hash: GHash,
    mask: [u8; TAG_BYTES],
}

impl Parts {
    fn new<C>(cipher: &C, iv: &[u8]) -> Self
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Clone + 'static,
    {
        let mut key = Array::default();
        cipher.encrypt_block(&mut key);
        let hash = GHash::new(&key);
        let first = first_counter(&hash, iv);
        let core = CtrCore::inner_iv_init(cipher.clone(), &Array(first));
        let mut stream = Ctr32BE::<C>::from_core(core);
        let mut mask = [0; TAG_BYTES];
        stream.apply_keystream(&mut mask);
        Self { apply: Box::new(move |data| stream.apply_keystream(data)), hash, mask }
    }

    fn apply(&mut self, data: &mut [u8]) {
        (self.apply)(data);
    }

    fn tag(&self, aad: &[u8], sealed: &[u8]) -> [u8; TAG_BYTES] {
        let mut hash = self.hash.clone();
        hash.update_padded(aad);
        hash.update_padded(sealed);
        hash.update(&[Array(lengths(aad.len(), sealed.len()))]);
        let mut tag: [u8; TAG_BYTES] = hash.finalize().into();
        tag.iter_mut().zip(self.mask).for_each(|(byte, mask)| *byte ^= mask);
        tag
    }
}

fn first_counter(hash: &GHash, iv: &[u8]) -> [u8; TAG_BYTES] {
    if let Ok(nonce) = <[u8; 12]>::try_from(iv) {
        let mut counter = [0; TAG_BYTES];
        counter[..12].copy_from_slice(&nonce);
        counter[15] = 1;
        return counter;
    }
    let mut hash = hash.clone();
    hash.update_padded(iv);
    hash.update(&[Array(lengths(0, iv.len()))]);
    hash.finalize().into()
}

/// Two lengths in bits, as GCM hashes them.
fn lengths(first: usize, second: usize) -> [u8; TAG_BYTES] {
    (((first as u128 * 8) << 64) | (second as u128 * 8)).to_be_bytes()
}
