//! What a delivery brought, as it is kept: URL, headers and body, encrypted for its function and itself.

use bytes::Bytes;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_runtime::Request;
use mayfly_secrets::KeyRing;
use serde::{Deserialize, Serialize};

/// Under which name a delivery is encrypted: no variable can be called so.
pub(crate) fn delivery_name(id: &str) -> String {
    format!("=delivery:{id}")
}

/// A verified request, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PayloadHead {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
}

impl PayloadHead {
    /// The request as the function gets it.
    pub(super) fn request(self, body: Bytes) -> Request {
        let Self { url, headers } = self;
        let body = (!body.is_empty()).then(|| body.into());
        Request { method: "POST".to_owned(), url, headers, body }
    }

    /// The length of the head, the head, the body: encrypted.
    pub(super) fn seal(
        &self,
        keyring: &KeyRing,
        app: &str,
        function: &str,
        id: &str,
        body: &[u8],
    ) -> ApiResult<String> {
        let head = serde_json::to_vec(self).map_err(ApiError::internal)?;
        let length = u32::try_from(head.len()).map_err(ApiError::internal)?;
        let bytes = [&length.to_be_bytes(), &*head, body].concat();
        Ok(keyring.encrypt_bytes(app, Some(function), &delivery_name(id), &bytes)?)
    }

    /// What was sealed.
    pub(super) fn open(
        keyring: &KeyRing,
        app: &str,
        function: &str,
        id: &str,
        sealed: &str,
    ) -> ApiResult<(Self, Bytes)> {
        let bytes = keyring.decrypt_bytes(app, Some(function), &delivery_name(id), sealed)?;
        let parts = || {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let (head, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            Some((serde_json::from_slice(head).ok()?, Bytes::copy_from_slice(body)))
        };
        parts().ok_or_else(|| ApiError::internal("a stored webhook delivery cannot be read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_delivery_alone() {
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7_u8; 32]);
        let keyring = KeyRing::of_text(&format!("k1:{key}")).unwrap();
        let head = PayloadHead {
            url: "http://h/v1/app/webhook/hello?a=b".to_owned(),
            headers: vec![("x-a".to_owned(), "caf\u{e9}".to_owned()), ("x-a".to_owned(), "2".to_owned())],
        };
        for body in [&b""[..], b"\xff\0{", &[7; 70_000]] {
            let sealed = head.seal(&keyring, "app", "hello", "whd_1", body).unwrap();
            let (opened, bytes) = PayloadHead::open(&keyring, "app", "hello", "whd_1", &sealed).unwrap();
            assert_eq!((opened, &*bytes), (head.clone(), body));
            assert!(PayloadHead::open(&keyring, "app", "hello", "whd_2", &sealed).is_err());
        }
    }
}
