//! Which certificates a proxy is verified with: `http_anchors`, or else the system's.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kerberos_proto::Shown;
use rustix::fs::OFlags;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::ProxyError;

/// Where systems keep the certificates of authorities, in one file.
const SYSTEM_FILES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine, Arch, Gentoo
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, Red Hat
    "/etc/pki/tls/certs/ca-bundle.crt",   // older ones
    "/etc/ssl/ca-bundle.pem",             // SUSE
    "/etc/ssl/cert.pem",                  // BSD
];

/// How long settings are used before the certificates are read again.
const AGE: Duration = Duration::from_secs(300);

/// The TLS settings of a configuration, made when first needed. Clones share them, so that a second
/// connection to a proxy can resume the first one's session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    environment: Option<Environment>,
    made: Arc<Mutex<HashMap<Vec<String>, Made>>>,
}

/// What may be taken from the environment.
#[derive(Clone, Debug)]
struct Environment {
    /// OpenSSL's variables, which MIT's library also uses.
    file: Option<OsString>,
    folder: Option<OsString>,
}

#[derive(Clone, Debug)]
struct Made {
    at: Instant,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Settings from the environment: `SSL_CERT_FILE` and `SSL_CERT_DIR` name the system's
    /// certificates, and `ENV:` works in `http_anchors`.
    pub(crate) fn of_environment() -> Self {
        let environment = Environment {
            file: env::var_os("SSL_CERT_FILE"),
            folder: env::var_os("SSL_CERT_DIR"),
        };
        Self {
            environment: Some(environment),
            ..Self::default()
        }
    }

    /// The settings for proxies to be verified with `anchors`.
    pub(super) fn config(&self, anchors: &[String]) -> Result<Arc<ClientConfig>, ProxyError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.get(anchors)
            && made.at.elapsed() < AGE
        {
            return Ok(Arc::clone(&made.config));
        }
        let roots = if anchors.is_empty() {
            self.system_roots()?
        } else {
            self.named_roots(anchors)?
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| explain(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let config = Arc::new(config);
        let at = Instant::now();
        let kept = Arc::clone(&config);
        made.insert(anchors.to_vec(), Made { at, config: kept });
        Ok(config)
    }

    fn named_roots(&self, anchors: &[String]) -> Result<RootCertStore, ProxyError> {
        let mut roots = RootCertStore::empty();
        for anchor in anchors {
            let result = self.certificates(anchor).and_then(|certificates| {
                for certificate in certificates {
                    roots.add(certificate).map_err(|error| error.to_string())?;
                }
                Ok(())
            });
            result.map_err(|reason| ProxyError::Anchor {
                anchor: Shown::new(anchor).in_full().to_string(),
                reason,
            })?;
        }
        Ok(roots)
    }

    /// The certificates of an anchor, by the rules of MIT's library.
    fn certificates(&self, anchor: &str) -> Result<Vec<CertificateDer<'static>>, String> {
        if let Some(name) = anchor.strip_prefix("ENV:") {
            if self.environment.is_none() {
                return Err("this program does not use environment variables".to_owned());
            }
            let value = env::var(name).map_err(|error| error.to_string())?;
            return of_place(&value);
        }
        of_place(anchor)
    }

    fn system_roots(&self) -> Result<RootCertStore, ProxyError> {
        let environment = self.environment.as_ref();
        let file = environment.and_then(|environment| environment.file.as_ref());
        let folder = environment.and_then(|environment| environment.folder.as_ref());
        let files = match file {
            Some(file) => vec![PathBuf::from(file)],
            None => SYSTEM_FILES.map(PathBuf::from).to_vec(),
        };
        let mut certificates = files
            .iter()
            .find_map(|file| of_file(file).ok())
            .unwrap_or_default();
        if let Some(folder) = folder {
            certificates.extend(of_folder(Path::new(folder)).unwrap_or_default());
        }
        let mut roots = RootCertStore::empty();
        // One unreadable certificate must not prevent the use of the others.
        roots.add_parsable_certificates(certificates);
        if roots.is_empty() {
            return Err(ProxyError::NoSystemAnchors);
        }
        Ok(roots)
    }
}

/// The certificates of `FILE:` or `DIR:`.
fn of_place(anchor: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    if let Some(path) = anchor.strip_prefix("FILE:") {
        of_file(Path::new(path))
    } else if let Some(path) = anchor.strip_prefix("DIR:") {
        of_folder(Path::new(path))
    } else {
        Err("expected FILE:, DIR: or ENV:".to_owned())
    }
}

/// All certificates of a file in PEM (RFC 7468); anything else in it is ignored.
fn of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(path).map_err(|error| super::super::describe(&error))?;
    if text.len() as u64 > MAX_FILE {
        return Err("it is larger than 16 MiB".to_owned());
    }
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it has no certificate in PEM format".to_owned());
    }
    Ok(certificates)
}

/// The content of a file, or one octet more than allowed; a pipe that nobody writes to is empty.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

/// A bundle of all authorities has a quarter of a MiB.
const MAX_FILE: u64 = 16 << 20;

/// The certificates of all files of a folder; at least one file must have some.
fn of_folder(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut certificates = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| super::super::describe(&error))? {
        let Ok(entry) = entry else { continue };
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            certificates.extend(of_file(&entry.path()).unwrap_or_default());
        }
    }
    if certificates.is_empty() {
        return Err("no file in it has a certificate in PEM format".to_owned());
    }
    Ok(certificates)
}

/// What a failure of TLS means.
pub(super) fn explain(error: &rustls::Error) -> ProxyError {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return ProxyError::Tls(error.to_string());
    };
    match certificate {
        CertificateError::UnknownIssuer => ProxyError::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => ProxyError::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ProxyError::NotYetValid
        }
        CertificateError::NotValidForName => ProxyError::WrongName { names: Vec::new() },
        CertificateError::NotValidForNameContext { presented, .. } => ProxyError::WrongName {
            names: presented
                .iter()
                .take(MAX_NAMES)
                .map(|name| bare(name))
                .collect(),
        },
        // The API of rustls does not include webpki's own error.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            ProxyError::AuthorityCertificate
        }
        _ => ProxyError::Tls(error.to_string()),
    }
}

/// The most names of a certificate to show.
const MAX_NAMES: usize = 8;

/// The name in `DnsName("proxy.example.com")`, so that it can be shown.
fn bare(presented: &str) -> String {
    let inner = presented.split_once('(').map(|(_, rest)| rest);
    let inner = inner.and_then(|rest| rest.strip_suffix(')'));
    let name = inner.unwrap_or(presented).trim_matches('"');
    crate::error::shown(name.as_bytes())
}
