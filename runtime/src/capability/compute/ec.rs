//! The curves of NIST: keys, ECDSA and ECDH. Signatures take their nonce from key and message (RFC 6979), so that they are
//! the same when an invocation is run again.
//!
//! Between calls a public key is its point, uncompressed; a private one is its scalar, followed by that point.

use chacha20::rand_core::Rng;
use der::Decode;
use ecdsa::elliptic_curve::sec1::ToSec1Point;
use ecdsa::hazmat::{sign_prehashed_rfc6979, verify_prehashed};
use mayfly_abi::compute::{Curve, Format, Hash};
use mayfly_abi::frame::Reader;
use ring::signature as rings;
use sec1::EcPrivateKey;
use spki::ObjectIdentifier;

use super::digest::prehash;
use super::key_info::{KeyKind, Parameters, malformed, to_der};
use super::rsa_keys::generator;
use super::{ComputeError, Computed, Output, data, operation, yes_or_no};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// What there is to do on a curve.
struct Ops {
    oid: ObjectIdentifier,
    /// The length of a scalar, and of a coordinate.
    bytes: usize,
    /// The scalar's point, uncompressed.
    public: fn(&[u8]) -> Option<Vec<u8>>,
    /// A point on the curve, uncompressed.
    point: fn(&[u8]) -> Option<Vec<u8>>,
    sign: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    verify: fn(&[u8], &[u8], &[u8]) -> bool,
    derive: fn(&[u8], &[u8]) -> Option<Output>,
}

macro_rules! ops {
    ($curve:ty, $hash:ty, $oid:literal, $bytes:literal) => {
        Ops {
            oid: ObjectIdentifier::new_unwrap($oid),
            bytes: $bytes,
            public: |scalar| {
                let secret = ecdsa::elliptic_curve::SecretKey::<$curve>::from_slice(scalar).ok()?;
                Some(secret.public_key().to_sec1_point(false).as_bytes().to_vec())
            },
            point: |bytes| {
                let point = ecdsa::elliptic_curve::PublicKey::<$curve>::from_sec1_bytes(bytes).ok()?;
                Some(point.to_sec1_point(false).as_bytes().to_vec())
            },
            sign: |scalar, prehash| {
                let secret = ecdsa::elliptic_curve::SecretKey::<$curve>::from_slice(scalar).ok()?;
                let scalar = secret.to_nonzero_scalar();
                let (signature, _) = sign_prehashed_rfc6979::<$curve, $hash>(&scalar, prehash, &[]);
                Some(signature.to_bytes().to_vec())
            },
            verify: |point, signature, prehash| {
                let point = ecdsa::elliptic_curve::PublicKey::<$curve>::from_sec1_bytes(point);
                let signature = ecdsa::Signature::<$curve>::from_slice(signature);
                let (Ok(point), Ok(signature)) = (point, signature) else { return false };
                verify_prehashed(&point.to_projective(), prehash, &signature).is_ok()
            },
            derive: |scalar, point| {
                let secret = ecdsa::elliptic_curve::SecretKey::<$curve>::from_slice(scalar).ok()?;
                let point = ecdsa::elliptic_curve::PublicKey::<$curve>::from_sec1_bytes(point).ok()?;
                let shared = ecdsa::elliptic_curve::ecdh::diffie_hellman::<$curve>(
                    secret.to_nonzero_scalar(),
                    *point.as_affine(),
                );
                Some(Output::new(shared.raw_secret_bytes().to_vec()))
            },
        }
    };
}

static P256: Ops = ops!(p256::NistP256, sha2::Sha256, "1.2.840.10045.3.1.7", 32);
static P384: Ops = ops!(p384::NistP384, sha2::Sha384, "1.3.132.0.34", 48);
static P521: Ops = ops!(p521::NistP521, sha2::Sha512, "1.3.132.0.35", 66);

fn ops(args: &mut Reader<'_>) -> Result<(Curve, &'static Ops), ComputeError> {
    let curve = Curve::read(args)?;
    let ops = match curve {
        Curve::P256 => &P256,
        Curve::P384 => &P384,
        Curve::P521 => &P521,
    };
    Ok((curve, ops))
}

impl Ops {
    fn kind(&self) -> KeyKind {
        KeyKind { algorithm: EC_PUBLIC_KEY, parameters: Parameters::Oid(self.oid) }
    }

    /// The scalar with its point; `point`, where the key brought one, must be that.
    fn pair(&self, scalar: &[u8], point: Option<&[u8]>) -> Computed {
        if scalar.len() != self.bytes {
            return Err(data("the private key has another length than the curve's"));
        }
        let public = (self.public)(scalar).ok_or(data("the private key is not of this curve"))?;
        if let Some(point) = point
            && (self.point)(point).as_ref() != Some(&public)
        {
            return Err(data("the public half of the key belongs to another private half"));
        }
        let mut pair = Output::new(Vec::with_capacity(scalar.len() + public.len()));
        pair.extend_from_slice(scalar);
        pair.extend_from_slice(&public);
        Ok(pair)
    }

    fn split<'a>(&self, pair: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), ComputeError> {
        pair.split_at_checked(self.bytes).ok_or(data("the private key has another length than the curve's"))
    }
}

pub(super) fn generate(args: &mut Reader<'_>) -> Computed {
    let (_, ops) = ops(args)?;
    let mut rng = generator(args.bytes()?)?;
    let mut scalar = Output::new(vec![0; ops.bytes]);
    loop {
        rng.fill_bytes(&mut scalar);
        if ops.bytes == P521.bytes {
            // Its order has 521 bits.
            scalar[0] &= 1;
        }
        if (ops.public)(&scalar).is_some() {
            return ops.pair(&scalar, None);
        }
    }
}

pub(super) fn import(args: &mut Reader<'_>) -> Computed {
    let (_, ops) = ops(args)?;
    let (format, bytes) = (Format::read(args)?, args.rest());
    let point = match format {
        Format::Raw => bytes,
        Format::Spki => ops.kind().public_key(bytes)?,
        Format::Pkcs8 => return import_private(ops, bytes),
        Format::Pair => {
            let (scalar, point) = ops.split(bytes)?;
            return ops.pair(scalar, Some(point));
        }
    };
    Ok((ops.point)(point).ok_or(data("the public key is no point of the curve"))?.into())
}

fn import_private(ops: &Ops, bytes: &[u8]) -> Computed {
    let key = EcPrivateKey::from_der(ops.kind().private_key(bytes)?).map_err(malformed)?;
    let named = key.parameters.and_then(|parameters| parameters.named_curve());
    if named.is_some_and(|oid| oid != ops.oid) {
        return Err(data("the key is of another curve"));
    }
    ops.pair(key.private_key, key.public_key)
}

pub(super) fn export(args: &mut Reader<'_>) -> Computed {
    let (_, ops) = ops(args)?;
    let (format, key) = (Format::read(args)?, args.rest());
    match format {
        Format::Raw | Format::Pair => Ok(Output::new(key.to_vec())),
        Format::Spki => ops.kind().wrap_public(key),
        Format::Pkcs8 => {
            let (private_key, point) = ops.split(key)?;
            let inner = EcPrivateKey { private_key, parameters: None, public_key: Some(point) };
            ops.kind().wrap_private(&to_der(&inner)?)
        }
    }
}

pub(super) fn sign(args: &mut Reader<'_>) -> Computed {
    let (_, ops) = ops(args)?;
    let hash = Hash::read(args)?;
    let (scalar, _) = ops.split(args.bytes()?)?;
    let digest = prehash(hash, args.rest())?;
    let signature = (ops.sign)(scalar, &widened(digest.as_ref(), ops));
    Ok(signature.ok_or(operation("the private key is not of this curve"))?.into())
}

pub(super) fn verify(args: &mut Reader<'_>) -> Computed {
    let (curve, ops) = ops(args)?;
    let hash = Hash::read(args)?;
    let (point, signature) = (args.bytes()?, args.bytes()?);
    let message = args.rest();
    let algorithm: Option<&rings::EcdsaVerificationAlgorithm> = match (curve, hash) {
        (Curve::P256, Hash::Sha256) => Some(&rings::ECDSA_P256_SHA256_FIXED),
        (Curve::P384, Hash::Sha384) => Some(&rings::ECDSA_P384_SHA384_FIXED),
        _ => None,
    };
    if let Some(algorithm) = algorithm {
        return yes_or_no(rings::UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok());
    }
    let digest = prehash(hash, message)?;
    yes_or_no((ops.verify)(point, signature, &widened(digest.as_ref(), ops)))
}

/// A digest as a number of the curve's length: leading zeroes change nothing about it.
fn widened(digest: &[u8], ops: &Ops) -> Vec<u8> {
    let mut wide = vec![0; ops.bytes.saturating_sub(digest.len())];
    wide.extend_from_slice(digest);
    wide
}

pub(super) fn derive(args: &mut Reader<'_>) -> Computed {
    let (_, ops) = ops(args)?;
    let (scalar, _) = ops.split(args.bytes()?)?;
    (ops.derive)(scalar, args.rest()).ok_or(operation("the keys are not of this curve"))
}
