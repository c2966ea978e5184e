//! A test certificate authority, and server certificates issued by it.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;

/// The authority, with its PEM file for `--extra-ca`.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: NamedTempFile,
}

impl Default for Authority {
    fn default() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        // A unique name.
        params.distinguished_name.push(DnType::CommonName, format!("{:?}", key.public_key_raw()));
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), certificate.pem()).expect("the file is written");
        Self { issuer: Issuer::new(params, key), file }
    }
}

impl Authority {
    /// Its certificate, PEM.
    pub fn file(&self) -> &Path {
        self.file.path()
    }

    /// TLS for a server with a certificate for `name`, valid in these years.
    pub fn issue(&self, name: &str, years: (i32, i32), protocols: &[&str]) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .expect("the key is the certificate's");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// TLS for `localhost`, with a long validity.
    pub fn localhost(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        self.issue("localhost", (2020, 2200), protocols)
    }
}
