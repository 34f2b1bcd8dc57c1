//! The certificate of a listener: the user's own files, or one we make, sign ourselves and keep.

use anteroom_api::{Problem, ProblemCode};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// A chain and its key, ready to be used.
pub(crate) struct Certificate {
    /// For the listener.
    pub(crate) config: Arc<ServerConfig>,
    /// SHA-256 of the first certificate, as browsers show it.
    pub(crate) fingerprint: String,
}

impl Certificate {
    /// The one in `folder`, or a new one if it is for other names or runs out this year.
    pub(crate) fn own(folder: &Path, names: &[String]) -> Result<Self, Problem> {
        let year = year();
        let (chain, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let about = |until: i32| format!("# for {}; until the end of {until}", names.join(", "));
        let kept = fs::read_to_string(&chain).unwrap_or_default();
        let is_good = (year..=year + 1).any(|until| kept.starts_with(&about(until)));
        if !is_good || !key.exists() {
            let until = year + 1;
            let (pem, secret) = make(names, until)?;
            private_folder(folder).map_err(|error| unkept(folder, &error))?;
            write(&key, &secret).map_err(|error| unkept(&key, &error))?;
            let text = format!("{}\n{pem}", about(until));
            write(&chain, &text).map_err(|error| unkept(&chain, &error))?;
        }
        Self::read(&chain, &key)
    }

    /// From PEM files.
    pub(crate) fn read(chain: &Path, key: &Path) -> Result<Self, Problem> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(chain)
            .and_then(Iterator::collect)
            .map_err(|error| unreadable(chain, &error))?;
        let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
        let Some(first) = certificates.first() else {
            return Err(unreadable(chain, &"there is no certificate in it"));
        };
        let fingerprint = fingerprint(first);
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unreadable(chain, &error))?
            .with_no_client_auth()
            .with_single_cert(certificates, key_der)
            .map_err(|error| unreadable(chain, &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            fingerprint,
        })
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate.as_ref());
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

fn make(names: &[String], until: i32) -> Result<(String, String), Problem> {
    let failed = |error: rcgen::Error| {
        Problem::new(ProblemCode::Internal, "could not make a certificate").cause(error)
    };
    let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Anteroom on this machine");
    params.not_before = date_time_ymd(until - 2, 1, 1);
    params.not_after = date_time_ymd(until, 12, 31);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// The year it is, UTC.
fn year() -> i32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / 86_400);
    // Gregorian years are 365.2425 days; a day off at a turn of the year does no harm here.
    1970 + i32::try_from(days * 10_000 / 3_652_425).unwrap_or(0)
}

/// Writes a file that nobody else may read, all of it or nothing.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn unkept(path: &Path, error: &std::io::Error) -> Problem {
    let what = format!("could not keep the certificate in `{}`", path.display());
    Problem::new(ProblemCode::Storage, what).cause(error)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    let what = format!("could not use `{}` for TLS", path.display());
    Problem::new(ProblemCode::InvalidConfig, what)
        .cause(error)
        .hint("`app.tls_cert` names a chain of certificates and `app.tls_key` its key, both PEM; or set `app.tls` to `self-signed` for a certificate of our own")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_certificate_is_kept_until_its_names_change() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let first = Certificate::own(&folder, &names(&["localhost", "127.0.0.1"])).unwrap();
        let again = Certificate::own(&folder, &names(&["localhost", "127.0.0.1"])).unwrap();
        let other = Certificate::own(&folder, &names(&["localhost", "box.example"])).unwrap();
        assert_eq!(first.fingerprint, again.fingerprint);
        assert_ne!(first.fingerprint, other.fingerprint);
        assert_eq!(first.fingerprint.len(), 32 * 3 - 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&folder), 0o700);
            assert_eq!(mode(&folder.join("key.pem")), 0o600);
            assert_eq!(mode(&folder.join("certificate.pem")), 0o600);
        }
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (chain, key) = (folder.path().join("a.pem"), folder.path().join("b.pem"));
        let problem = Certificate::read(&chain, &key).err().unwrap();
        assert!(problem.error.contains("a.pem"), "{problem}");
        fs::write(&chain, "nothing").unwrap();
        let problem = Certificate::read(&chain, &key).err().unwrap();
        assert!(problem.hint.is_some(), "{problem}");
    }
}
