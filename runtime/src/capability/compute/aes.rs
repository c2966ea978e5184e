//! AES in all modes but GCM.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher};
use aes::{Aes128, Aes192, Aes256};
use aes_kw::AesKw;
use ctr::Ctr128BE;
use mayfly_abi::frame::Reader;

use super::{ComputeError, Computed, Output, operation};

const BLOCK_BYTES: usize = 16;
const BAD_KEY: &str = "an AES key has 128, 192 or 256 bits";

/// Calls a generic function for the cipher whose keys have that length.
macro_rules! by_key {
    ($function:ident, $key:expr, $($argument:expr),*) => {
        match $key.len() {
            16 => $function::<Aes128>($key, $($argument),*),
            24 => $function::<Aes192>($key, $($argument),*),
            32 => $function::<Aes256>($key, $($argument),*),
            _ => Err(operation(BAD_KEY)),
        }
    };
}

trait Cipher:
    KeyInit
    + aes::cipher::BlockCipherEncrypt
    + aes::cipher::BlockCipherDecrypt
    + aes::cipher::BlockSizeUser<BlockSize = aes::cipher::consts::U16>
    + Clone
{
}

impl Cipher for Aes128 {}
impl Cipher for Aes192 {}
impl Cipher for Aes256 {}

pub(super) fn cbc_encrypt(args: &mut Reader<'_>) -> Computed {
    let (key, iv) = (args.bytes()?, args.bytes()?);
    by_key!(encrypt_cbc, key, iv, args.rest())
}

pub(super) fn cbc_decrypt(args: &mut Reader<'_>) -> Computed {
    let (key, iv) = (args.bytes()?, args.bytes()?);
    by_key!(decrypt_cbc, key, iv, args.rest())
}

fn bad_iv<E>(_: E) -> ComputeError {
    operation("the initialization vector has another length than the block")
}

fn encrypt_cbc<C: Cipher>(key: &[u8], iv: &[u8], data: &[u8]) -> Computed {
    let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).map_err(bad_iv)?;
    Ok(cipher.encrypt_padded_vec::<Pkcs7>(data).into())
}

fn decrypt_cbc<C: Cipher>(key: &[u8], iv: &[u8], data: &[u8]) -> Computed {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(bad_iv)?;
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(data);
    Ok(plain.map_err(|_| operation("the data cannot be decrypted"))?.into())
}

pub(super) fn ctr(args: &mut Reader<'_>) -> Computed {
    let (key, counter, bits) = (args.bytes()?, args.bytes()?, args.u32()?);
    let data = args.rest();
    let counter = <[u8; BLOCK_BYTES]>::try_from(counter).map_err(bad_iv)?;
    if bits == 0 || bits > 128 {
        return Err(operation("the counter has 1 to 128 bits"));
    }
    let counter = u128::from_be_bytes(counter);
    let blocks = data.len().div_ceil(BLOCK_BYTES) as u128;
    let mask = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    if blocks != 0 && blocks - 1 > mask {
        return Err(operation("the data is too long for this counter"));
    }
    let mut data = Output::new(data.to_vec());
    // How many blocks until the counter's own bits wrap around: the bits before them must not change then.
    let before = (mask - (counter & mask)).saturating_add(1).min(blocks);
    let split = data.len().min(before as usize * BLOCK_BYTES);
    let (first, second) = data.split_at_mut(split);
    by_key!(apply_ctr, key, counter, first)?;
    if !second.is_empty() {
        by_key!(apply_ctr, key, counter & !mask, second)?;
    }
    Ok(data)
}

fn apply_ctr<C: Cipher>(key: &[u8], counter: u128, data: &mut [u8]) -> Result<(), ComputeError> {
    let mut cipher = Ctr128BE::<C>::new_from_slices(key, &counter.to_be_bytes()).map_err(bad_iv)?;
    cipher.try_apply_keystream(data).map_err(|_| operation("the data is too long for this counter"))
}

pub(super) fn wrap(args: &mut Reader<'_>) -> Computed {
    let key = args.bytes()?;
    by_key!(wrap_kw, key, args.rest())
}

pub(super) fn unwrap(args: &mut Reader<'_>) -> Computed {
    let key = args.bytes()?;
    by_key!(unwrap_kw, key, args.rest())
}

fn wrap_kw<C: Cipher>(key: &[u8], data: &[u8]) -> Computed {
    if data.len() < BLOCK_BYTES || !data.len().is_multiple_of(8) {
        return Err(operation("AES-KW wraps 16 bytes or more, eight at a time"));
    }
    let mut wrapped = vec![0; data.len() + 8];
    let cipher = AesKw::<C>::new_from_slice(key).map_err(|_| operation(BAD_KEY))?;
    cipher.wrap_key(data, &mut wrapped).map_err(|_| operation("the key cannot be wrapped"))?;
    Ok(wrapped.into())
}

fn unwrap_kw<C: Cipher>(key: &[u8], data: &[u8]) -> Computed {
    if data.len() < 24 || !data.len().is_multiple_of(8) {
        return Err(operation("that is not a key wrapped by AES-KW"));
    }
    let mut plain = Output::new(vec![0; data.len() - 8]);
    let cipher = AesKw::<C>::new_from_slice(key).map_err(|_| operation(BAD_KEY))?;
    cipher.unwrap_key(data, &mut plain).map_err(|_| operation("the key cannot be unwrapped"))?;
    Ok(plain)
}
