//! RSA: signatures (PKCS #1 v1.5 and PSS) and OAEP. What a guest verifies most often, ring verifies.

use mayfly_abi::compute::{Hash, Scheme};
use mayfly_abi::frame::Reader;
use ring::signature::{self as rings, RsaPublicKeyComponents};
use rsa::traits::{PaddingScheme, PublicKeyParts, SignatureScheme};
use rsa::{Oaep, Pkcs1v15Sign, Pss};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::digest::prehash;
use super::rsa_keys::{generator, private_key, public_key};
use super::{ComputeError, Computed, not_supported, operation, yes_or_no};

/// Calls a method with the scheme over the hash that was asked for.
macro_rules! by_scheme {
    ($scheme:expr, $hash:expr, $salt:expr, |$padding:ident| $work:expr) => {
        match ($scheme, $hash) {
            (_, Hash::Md5) => Err(no_md5()),
            (Scheme::Pkcs1, Hash::Sha1) => by_scheme!(@ $padding, Pkcs1v15Sign::new::<Sha1>(), $work),
            (Scheme::Pkcs1, Hash::Sha256) => by_scheme!(@ $padding, Pkcs1v15Sign::new::<Sha256>(), $work),
            (Scheme::Pkcs1, Hash::Sha384) => by_scheme!(@ $padding, Pkcs1v15Sign::new::<Sha384>(), $work),
            (Scheme::Pkcs1, Hash::Sha512) => by_scheme!(@ $padding, Pkcs1v15Sign::new::<Sha512>(), $work),
            (Scheme::Pss, Hash::Sha1) => by_scheme!(@ $padding, Pss::<Sha1>::new_with_salt($salt), $work),
            (Scheme::Pss, Hash::Sha256) => by_scheme!(@ $padding, Pss::<Sha256>::new_with_salt($salt), $work),
            (Scheme::Pss, Hash::Sha384) => by_scheme!(@ $padding, Pss::<Sha384>::new_with_salt($salt), $work),
            (Scheme::Pss, Hash::Sha512) => by_scheme!(@ $padding, Pss::<Sha512>::new_with_salt($salt), $work),
        }
    };
    (@ $padding:ident, $scheme:expr, $work:expr) => {{
        let $padding = $scheme;
        $work
    }};
}

macro_rules! by_oaep {
    ($hash:expr, $label:expr, |$padding:ident| $work:expr) => {
        match $hash {
            Hash::Md5 => Err(no_md5()),
            Hash::Sha1 => by_scheme!(@ $padding, Oaep::<Sha1>::new_with_label($label), $work),
            Hash::Sha256 => by_scheme!(@ $padding, Oaep::<Sha256>::new_with_label($label), $work),
            Hash::Sha384 => by_scheme!(@ $padding, Oaep::<Sha384>::new_with_label($label), $work),
            Hash::Sha512 => by_scheme!(@ $padding, Oaep::<Sha512>::new_with_label($label), $work),
        }
    };
}

/// No modulus has room for a longer salt.
const SALT_BYTES_MAX: usize = 1024;

fn no_md5() -> ComputeError {
    not_supported("MD5 is for plain digests only")
}

fn salt_length(args: &mut Reader<'_>) -> Result<usize, ComputeError> {
    let length = args.u32()? as usize;
    if length > SALT_BYTES_MAX {
        return Err(operation("the salt is longer than the key"));
    }
    Ok(length)
}

pub(super) fn sign(args: &mut Reader<'_>) -> Computed {
    let (scheme, hash) = (Scheme::read(args)?, Hash::read(args)?);
    let salt = salt_length(args)?;
    let mut rng = generator(args.bytes()?)?;
    let key = private_key(args.bytes()?)?;
    let digest = prehash(hash, args.rest())?;
    by_scheme!(scheme, hash, salt, |padding| {
        let signature = padding.sign(Some(&mut rng), &key, digest.as_ref());
        Ok(signature.map_err(|_| operation("the key is too short for this signature"))?.into())
    })
}

pub(super) fn verify(args: &mut Reader<'_>) -> Computed {
    let (scheme, hash) = (Scheme::read(args)?, Hash::read(args)?);
    let salt = salt_length(args)?;
    let key = public_key(args.bytes()?)?;
    let signature = args.bytes()?;
    let message = args.rest();
    if let Some(verdict) = verify_with_ring((scheme, hash, salt), &key, message, signature) {
        return yes_or_no(verdict);
    }
    let digest = prehash(hash, message)?;
    by_scheme!(scheme, hash, salt, |padding| {
        yes_or_no(padding.verify(&key, digest.as_ref(), signature).is_ok())
    })
}

/// ring's verdict, for keys and schemes that it knows.
fn verify_with_ring(
    scheme: (Scheme, Hash, usize),
    key: &rsa::PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let parameters = match scheme {
        (Scheme::Pkcs1, Hash::Sha256, _) => &rings::RSA_PKCS1_2048_8192_SHA256,
        (Scheme::Pkcs1, Hash::Sha384, _) => &rings::RSA_PKCS1_2048_8192_SHA384,
        (Scheme::Pkcs1, Hash::Sha512, _) => &rings::RSA_PKCS1_2048_8192_SHA512,
        (Scheme::Pss, Hash::Sha256, 32) => &rings::RSA_PSS_2048_8192_SHA256,
        (Scheme::Pss, Hash::Sha384, 48) => &rings::RSA_PSS_2048_8192_SHA384,
        (Scheme::Pss, Hash::Sha512, 64) => &rings::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    };
    let (n, e) = (key.n_bytes(), key.e_bytes());
    if key.size() < 256 || *e != [1, 0, 1] {
        return None;
    }
    Some(RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok())
}

pub(super) fn encrypt(args: &mut Reader<'_>) -> Computed {
    let hash = Hash::read(args)?;
    let mut rng = generator(args.bytes()?)?;
    let label = args.bytes()?.to_vec();
    let key = public_key(args.bytes()?)?;
    let message = args.rest();
    by_oaep!(hash, label, |padding| {
        let sealed = padding.encrypt(&mut rng, &key, message);
        Ok(sealed.map_err(|_| operation("the data is longer than the key can encrypt"))?.into())
    })
}

pub(super) fn decrypt(args: &mut Reader<'_>) -> Computed {
    let hash = Hash::read(args)?;
    let mut rng = generator(args.bytes()?)?;
    let label = args.bytes()?.to_vec();
    let key = private_key(args.bytes()?)?;
    let sealed = args.rest();
    by_oaep!(hash, label, |padding| {
        let plain = padding.decrypt(Some(&mut rng), &key, sealed);
        Ok(plain.map_err(|_| operation("the data cannot be decrypted"))?.into())
    })
}
