//! The certificate authorities that TLS clients trust: the public ones, and those of the operator.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, TrustAnchor};

/// Certificate authorities from a file of the operator's: at least one when it was read, none by default.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Vec<TrustAnchor<'static>>);

/// Such a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificates in {file} cannot be used: {why}")]
pub struct AuthoritiesError {
    /// The file.
    pub file: PathBuf,
    /// Why not.
    pub why: String,
}

impl Authorities {
    /// Reads a PEM file: every certificate in it must be usable, and there must be one.
    pub fn read(file: &Path) -> Result<Self, AuthoritiesError> {
        let unusable = |why: String| AuthoritiesError { file: file.to_owned(), why };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))? {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        if roots.is_empty() {
            Err(unusable("it holds no certificate".to_owned()))
        } else {
            Ok(Self(roots.roots))
        }
    }

    /// These authorities alone.
    pub fn alone(self) -> RootCertStore {
        RootCertStore { roots: self.0 }
    }

    /// These authorities and the public ones.
    pub fn beside_public(&self) -> RootCertStore {
        let mut roots = public();
        roots.extend(self.0.iter().cloned());
        roots
    }
}

/// The public certificate authorities, as this version was built with them.
pub fn public() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn authority() -> String {
        rcgen::generate_simple_self_signed(["ca.test".to_owned()]).unwrap().cert.pem()
    }

    fn read(text: impl AsRef<[u8]>) -> Result<Authorities, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        fs::write(&file, text).unwrap();
        Authorities::read(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn every_certificate_of_a_file_is_trusted() {
        let both = format!("# ours\n{}\n{}", authority(), authority());
        assert_eq!(read(&both).unwrap().alone().len(), 2);
        assert_eq!(read(&both).unwrap().beside_public().len(), public().len() + 2);
        assert_eq!(Authorities::default().beside_public().len(), public().len());
    }

    #[test]
    fn a_file_that_is_not_wholly_certificates_is_refused_with_its_name() {
        let missing = Authorities::read(Path::new("/no/such/ca.pem")).unwrap_err().to_string();
        assert!(missing.contains("/no/such/ca.pem"), "{missing}");
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let cut = authority();
        let cut = &cut[..cut.len() / 2];
        let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        let good_and_bad = authority() + not_der;
        for (text, why) in [
            ("", "it holds no certificate"),
            ("hello", "it holds no certificate"),
            (key.as_str(), "it holds no certificate"),
            (cut, "section"),
            ("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", "base64"),
            (not_der, "invalid peer certificate"),
            (good_and_bad.as_str(), "invalid peer certificate"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains("ca.pem cannot be used") && said.contains(why), "{text}: {said}");
        }
        assert!(read([0xff, 0xfe, 0x00]).is_err());
    }
}
