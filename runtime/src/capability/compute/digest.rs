//! Digests and HMACs of whole buffers.

use mayfly_abi::compute::Hash;
use mayfly_abi::frame::Reader;
use md5::{Digest as _, Md5};
use ring::{digest as hashes, hmac as macs};

use super::{ComputeError, Computed, not_supported, yes_or_no};

/// ring's name for a hash; it has no MD5.
pub(super) fn algorithm(hash: Hash) -> Result<&'static hashes::Algorithm, ComputeError> {
    Ok(match hash {
        Hash::Sha1 => &hashes::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &hashes::SHA256,
        Hash::Sha384 => &hashes::SHA384,
        Hash::Sha512 => &hashes::SHA512,
        Hash::Md5 => return Err(not_supported("MD5 is for plain digests only")),
    })
}

pub(super) fn hmac_key(hash: Hash, key: &[u8]) -> Result<macs::Key, ComputeError> {
    let algorithm = match hash {
        Hash::Sha1 => macs::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => macs::HMAC_SHA256,
        Hash::Sha384 => macs::HMAC_SHA384,
        Hash::Sha512 => macs::HMAC_SHA512,
        Hash::Md5 => return Err(not_supported("MD5 is for plain digests only")),
    };
    Ok(macs::Key::new(algorithm, key))
}

/// The digest of all of it, for those who sign it.
pub(super) fn prehash(hash: Hash, data: &[u8]) -> Result<hashes::Digest, ComputeError> {
    Ok(hashes::digest(algorithm(hash)?, data))
}

pub(super) fn digest(args: &mut Reader<'_>) -> Computed {
    let hash = Hash::read(args)?;
    let data = args.rest();
    Ok(match hash {
        Hash::Md5 => Md5::digest(data).to_vec().into(),
        hash => prehash(hash, data)?.as_ref().to_vec().into(),
    })
}

pub(super) fn hmac(args: &mut Reader<'_>) -> Computed {
    let hash = Hash::read(args)?;
    let key = hmac_key(hash, args.bytes()?)?;
    Ok(macs::sign(&key, args.rest()).as_ref().to_vec().into())
}

pub(super) fn hmac_verify(args: &mut Reader<'_>) -> Computed {
    let hash = Hash::read(args)?;
    let key = hmac_key(hash, args.bytes()?)?;
    let tag = args.bytes()?;
    yes_or_no(macs::verify(&key, args.rest(), tag).is_ok())
}
