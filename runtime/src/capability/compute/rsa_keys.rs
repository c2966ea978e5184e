//! RSA keys: made, read and written. Between calls a key is the DER of RFC 8017.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use der::Decode;
use der::asn1::UintRef;
use mayfly_abi::compute::Format;
use mayfly_abi::frame::{Reader, Writer};
use pkcs1::{RsaPrivateKey, RsaPublicKey};
use rsa::BoxedUint;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use spki::ObjectIdentifier;
use zeroize::Zeroizing;

use super::key_info::{KeyKind, Parameters, malformed, to_der};
use super::{ComputeError, Computed, Output, data, operation};

/// Beyond them, generation would take minutes.
pub(super) const GENERATED_BITS: std::ops::RangeInclusive<u32> = 1024..=4096;

const KIND: KeyKind =
    KeyKind { algorithm: ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"), parameters: Parameters::Null };
const PRIVATE_PARTS: usize = 8;

type PrivateRef<'a> = RsaPrivateKey<UintRef<'a>>;
type PublicRef<'a> = RsaPublicKey<UintRef<'a>>;

/// The generator that a guest's seed makes: the same for the same seed.
pub(super) fn generator(seed: &[u8]) -> Result<ChaCha20Rng, ComputeError> {
    Ok(ChaCha20Rng::from_seed(seed.try_into().map_err(|_| operation("a seed has 32 bytes"))?))
}

pub(super) fn generate(args: &mut Reader<'_>) -> Computed {
    let (bits, exponent, seed) = (args.u32()?, args.u32()?, args.bytes()?);
    if !GENERATED_BITS.contains(&bits) || bits % 8 != 0 {
        return Err(operation("RSA keys are made with 1024 to 4096 bits, eight at a time"));
    }
    if exponent != 3 && exponent != 65_537 {
        return Err(operation("the public exponent of a new key is 3 or 65537"));
    }
    let exponent = BoxedUint::from(u64::from(exponent));
    let key = rsa::PrivateKey::new_with_exp(&mut generator(seed)?, bits as usize, exponent)
        .map_err(|_| operation("the key could not be generated"))?;
    written(&key)
}

fn written(key: &rsa::PrivateKey) -> Computed {
    let missing = || operation("the key lacks its CRT parameters");
    let secret = |number: &BoxedUint| Zeroizing::new(number.to_be_bytes().to_vec());
    let [p, q] = key.primes() else { return Err(missing()) };
    let parts = [
        Zeroizing::new(key.n_bytes().to_vec()),
        Zeroizing::new(key.e_bytes().to_vec()),
        secret(key.d()),
        secret(p.as_ref()),
        secret(q.as_ref()),
        secret(key.dp().ok_or_else(missing)?),
        secret(key.dq().ok_or_else(missing)?),
        secret(&key.crt_coefficient().ok_or_else(missing)?),
    ];
    private_of(&parts.each_ref().map(|part| part.as_slice()))
}

fn uint(bytes: &[u8]) -> Result<UintRef<'_>, ComputeError> {
    UintRef::new(bytes).map_err(malformed)
}

fn private_of(parts: &[&[u8]; PRIVATE_PARTS]) -> Computed {
    to_der(&RsaPrivateKey {
        modulus: uint(parts[0])?,
        public_exponent: uint(parts[1])?,
        private_exponent: uint(parts[2])?,
        prime1: uint(parts[3])?,
        prime2: uint(parts[4])?,
        exponent1: uint(parts[5])?,
        exponent2: uint(parts[6])?,
        coefficient: uint(parts[7])?,
        other_prime_infos: None,
    })
}

/// A private key that is one.
pub(super) fn private_key(bytes: &[u8]) -> Result<rsa::PrivateKey, ComputeError> {
    let key = PrivateRef::from_der(bytes).map_err(malformed)?;
    key.try_into().map_err(|_| data("the integers of the key are not an RSA key of 1024 to 8192 bits"))
}

/// A public key that may be one.
pub(super) fn public_key(bytes: &[u8]) -> Result<rsa::PublicKey, ComputeError> {
    let key = PublicRef::from_der(bytes).map_err(malformed)?;
    key.try_into().map_err(|_| data("the integers of the key are not an RSA key of 1024 to 8192 bits"))
}

/// The modulus's length in bits, as far as it can be read.
pub(super) fn modulus_bits(key: &[u8]) -> u64 {
    // A private key is told from a public one by the version that stands before its modulus.
    let modulus = PrivateRef::from_der(key)
        .map(|key| key.modulus)
        .or_else(|_| PublicRef::from_der(key).map(|key| key.modulus));
    modulus.map_or(0, |modulus| modulus.as_bytes().len() as u64 * 8)
}

pub(super) fn public(args: &mut Reader<'_>) -> Computed {
    to_der(&PrivateRef::from_der(args.rest()).map_err(malformed)?.public_key())
}

pub(super) fn import(args: &mut Reader<'_>) -> Computed {
    let (format, bytes) = (Format::read(args)?, args.rest());
    match format {
        Format::Spki => checked_public(KIND.public_key(bytes)?),
        Format::Pkcs8 => checked_private(KIND.private_key(bytes)?),
        Format::Raw | Format::Pair => Err(data("an RSA key does not come as raw bytes")),
    }
}

fn checked_public(key: &[u8]) -> Computed {
    public_key(key)?;
    to_der(&PublicRef::from_der(key).map_err(malformed)?)
}

fn checked_private(key: &[u8]) -> Computed {
    private_key(key)?;
    to_der(&PrivateRef::from_der(key).map_err(malformed)?)
}

pub(super) fn from_parts(args: &mut Reader<'_>) -> Computed {
    let count = args.count(4)?;
    let parts = (0..count).map(|_| args.bytes()).collect::<Result<Vec<_>, _>>()?;
    match parts.as_slice() {
        [modulus, exponent] => {
            let key = RsaPublicKey { modulus: uint(modulus)?, public_exponent: uint(exponent)? };
            checked_public(&to_der(&key)?)
        }
        parts => {
            let parts = parts.try_into().map_err(|_| data("the key lacks some of its integers"))?;
            checked_private(&private_of(parts)?)
        }
    }
}

pub(super) fn parts(args: &mut Reader<'_>) -> Computed {
    let (private, bytes) = (args.u8()? != 0, args.rest());
    // In one allocation: the numbers are never longer than their DER, but for their lengths.
    let mut writer = Writer::with_capacity(bytes.len() + 4 * PRIVATE_PARTS);
    let mut write =
        |numbers: &[UintRef<'_>]| numbers.iter().for_each(|number| writer.bytes(number.as_bytes()));
    if private {
        let key = PrivateRef::from_der(bytes).map_err(malformed)?;
        write(&[key.modulus, key.public_exponent, key.private_exponent, key.prime1]);
        write(&[key.prime2, key.exponent1, key.exponent2, key.coefficient]);
    } else {
        let key = PublicRef::from_der(bytes).map_err(malformed)?;
        write(&[key.modulus, key.public_exponent]);
    }
    Ok(Output::new(writer.finish()))
}

pub(super) fn export(args: &mut Reader<'_>) -> Computed {
    match Format::read(args)? {
        Format::Spki => KIND.wrap_public(args.rest()),
        Format::Pkcs8 => KIND.wrap_private(args.rest()),
        Format::Raw | Format::Pair => Err(data("an RSA key is not written as raw bytes")),
    }
}
