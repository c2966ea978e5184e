//! The two envelopes that keys come in: `SubjectPublicKeyInfo` and `PrivateKeyInfo`.

use der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use der::{Decode, Encode};
use pkcs8::PrivateKeyInfoRef;
use spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use super::{ComputeError, Computed, Output, data};

/// What kind of key is within.
#[derive(Clone, Copy)]
pub(super) struct KeyKind {
    pub(super) algorithm: ObjectIdentifier,
    pub(super) parameters: Parameters,
}

#[derive(Clone, Copy)]
pub(super) enum Parameters {
    None,
    Null,
    Oid(ObjectIdentifier),
}

impl KeyKind {
    fn check(self, algorithm: AlgorithmIdentifierRef<'_>) -> Result<(), ComputeError> {
        let fits = match (self.parameters, algorithm.parameters) {
            (Parameters::None, None) => true,
            (Parameters::Null, Some(any)) => any.is_null(),
            // Some leave it away.
            (Parameters::Null, None) => true,
            (Parameters::Oid(oid), Some(any)) => any.decode_as::<ObjectIdentifier>() == Ok(oid),
            _ => false,
        };
        if algorithm.oid == self.algorithm && fits {
            return Ok(());
        }
        Err(data("the key is of another algorithm"))
    }

    fn identifier(&self) -> AlgorithmIdentifierRef<'_> {
        let parameters = match &self.parameters {
            Parameters::None => None,
            Parameters::Null => Some(AnyRef::NULL),
            Parameters::Oid(oid) => Some(AnyRef::from(oid)),
        };
        AlgorithmIdentifierRef { oid: self.algorithm, parameters }
    }

    /// The key within a `SubjectPublicKeyInfo`.
    pub(super) fn public_key(self, bytes: &[u8]) -> Result<&[u8], ComputeError> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).map_err(malformed)?;
        self.check(info.algorithm)?;
        info.subject_public_key.as_bytes().ok_or(data("the key is not a whole number of bytes"))
    }

    /// The key within a `PrivateKeyInfo`.
    pub(super) fn private_key(self, bytes: &[u8]) -> Result<&[u8], ComputeError> {
        let info = PrivateKeyInfoRef::from_der(bytes).map_err(malformed)?;
        self.check(info.algorithm)?;
        Ok(info.private_key.as_bytes())
    }

    pub(super) fn wrap_public(self, key: &[u8]) -> Computed {
        let subject_public_key = BitStringRef::from_bytes(key).map_err(malformed)?;
        let info = SubjectPublicKeyInfoRef { algorithm: self.identifier(), subject_public_key };
        Ok(Output::new(info.to_der().map_err(malformed)?))
    }

    pub(super) fn wrap_private(self, key: &[u8]) -> Computed {
        let private_key = OctetStringRef::new(key).map_err(malformed)?;
        let info = PrivateKeyInfoRef::new(self.identifier(), private_key);
        to_der(&info)
    }
}

/// DER in one allocation, so that no copy of a key is left behind.
pub(super) fn to_der(value: &impl Encode) -> Computed {
    let length = value.encoded_len().map_err(malformed)?;
    let length = usize::try_from(length).map_err(malformed)?;
    let mut bytes = Zeroizing::new(vec![0; length]);
    value.encode_to_slice(&mut bytes).map_err(malformed)?;
    Ok(bytes)
}

pub(super) fn malformed<E>(_: E) -> ComputeError {
    data("the key is malformed")
}
