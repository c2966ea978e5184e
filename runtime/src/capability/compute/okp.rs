//! Curve25519: Ed25519's signatures and X25519's agreements.
//!
//! Between calls a public key is its 32 bytes; a private one is its 32 bytes, followed by those of its public half.

use der::Decode;
use der::asn1::OctetStringRef;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use mayfly_abi::compute::{Format, Okp};
use mayfly_abi::frame::Reader;
use spki::ObjectIdentifier;
use x25519_dalek::{PublicKey, StaticSecret};

use super::key_info::{KeyKind, Parameters, malformed, to_der};
use super::{ComputeError, Computed, Output, data, operation, yes_or_no};

const BYTES: usize = 32;

fn kind(curve: Okp) -> KeyKind {
    let algorithm = match curve {
        Okp::Ed25519 => ObjectIdentifier::new_unwrap("1.3.101.112"),
        Okp::X25519 => ObjectIdentifier::new_unwrap("1.3.101.110"),
    };
    KeyKind { algorithm, parameters: Parameters::None }
}

fn bytes(key: &[u8]) -> Result<[u8; BYTES], ComputeError> {
    key.try_into().map_err(|_| data("a key of this curve has 32 bytes"))
}

fn private_half(pair: &[u8]) -> Result<[u8; BYTES], ComputeError> {
    let (private, _) = pair.split_at_checked(BYTES).ok_or(data("a key of this curve has 32 bytes"))?;
    bytes(private)
}

fn pair(curve: Okp, private: &[u8], public: Option<&[u8]>) -> Computed {
    let secret = zeroize::Zeroizing::new(bytes(private)?);
    let made = match curve {
        Okp::Ed25519 => SigningKey::from_bytes(&secret).verifying_key().to_bytes(),
        Okp::X25519 => PublicKey::from(&StaticSecret::from(*secret)).to_bytes(),
    };
    if public.is_some_and(|public| public != made) {
        return Err(data("the public half of the key belongs to another private half"));
    }
    let mut pair = Output::new(Vec::with_capacity(2 * BYTES));
    pair.extend_from_slice(&*secret);
    pair.extend_from_slice(&made);
    Ok(pair)
}

pub(super) fn import(args: &mut Reader<'_>) -> Computed {
    let (curve, format) = (Okp::read(args)?, Format::read(args)?);
    let key = args.rest();
    match format {
        Format::Raw => Ok(bytes(key)?.to_vec().into()),
        Format::Spki => Ok(bytes(kind(curve).public_key(key)?)?.to_vec().into()),
        Format::Pkcs8 => {
            let inner: &OctetStringRef =
                <&OctetStringRef>::from_der(kind(curve).private_key(key)?).map_err(malformed)?;
            pair(curve, inner.as_bytes(), None)
        }
        Format::Pair => {
            let (private, public) = key.split_at_checked(BYTES).ok_or_else(|| malformed(()))?;
            pair(curve, private, (!public.is_empty()).then_some(public))
        }
    }
}

pub(super) fn export(args: &mut Reader<'_>) -> Computed {
    let (curve, format) = (Okp::read(args)?, Format::read(args)?);
    let key = args.rest();
    match format {
        Format::Raw | Format::Pair => Ok(Output::new(key.to_vec())),
        Format::Spki => kind(curve).wrap_public(key),
        Format::Pkcs8 => {
            let secret = zeroize::Zeroizing::new(private_half(key)?);
            let inner = OctetStringRef::new(&*secret).map_err(malformed)?;
            kind(curve).wrap_private(&to_der(&inner)?)
        }
    }
}

pub(super) fn sign(args: &mut Reader<'_>) -> Computed {
    let secret = zeroize::Zeroizing::new(private_half(args.bytes()?)?);
    let key = SigningKey::from_bytes(&secret);
    Ok(key.sign(args.rest()).to_bytes().to_vec().into())
}

/// Keys and points of small order are refused: signatures for them can be forged without the private key.
pub(super) fn verify(args: &mut Reader<'_>) -> Computed {
    let key = VerifyingKey::from_bytes(&bytes(args.bytes()?)?);
    let signature = Signature::from_slice(args.bytes()?);
    let (Ok(key), Ok(signature)) = (key, signature) else { return yes_or_no(false) };
    yes_or_no(key.verify_strict(args.rest(), &signature).is_ok())
}

pub(super) fn derive(args: &mut Reader<'_>) -> Computed {
    let secret = StaticSecret::from(private_half(args.bytes()?)?);
    let shared = secret.diffie_hellman(&PublicKey::from(bytes(args.rest())?));
    if !shared.was_contributory() {
        return Err(operation("the public key yields an all-zero shared secret"));
    }
    Ok(shared.to_bytes().to_vec().into())
}
