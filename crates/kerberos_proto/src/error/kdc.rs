//! `KdcError`: a KRB-ERROR, owned (RFC 4120 §5.9.1).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use kerberos_asn1::{Decode, ErrorCode, KerbErrorData, KerberosTime, KrbError};

use crate::{Principal, Shown, mit_text};

/// A KDC's refusal (RFC 4120 §5.9.1). Unless it came through FAST it is not authenticated: anyone
/// on the way can have written it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KdcError {
    /// Why.
    pub code: ErrorCode,
    /// Why, in the KDC's words (`e-text`).
    pub text: Option<String>,
    /// The client that the request named.
    pub asked_client: Principal,
    /// What the client asked for.
    pub asked_server: Principal,
    /// The client's realm by the KDC's account (`crealm`).
    pub client_realm: Option<Vec<u8>>,
    /// The client by the KDC's account (`crealm`, `cname`).
    pub client: Option<Principal>,
    /// The service by the KDC's account (`realm`, `sname`).
    pub server: Principal,
    /// The time by the KDC's clock (`stime`).
    pub time: KerberosTime,
    /// Microseconds to add to `time` (`susec`).
    pub microseconds: u32,
    /// More about the error, its form told by the code (`e-data`).
    pub data: Vec<u8>,
}

impl KdcError {
    /// The error as received in answer to a request by `asked_client` for `asked_server`.
    pub(crate) fn new(
        error: &KrbError<'_>,
        asked_client: &Principal,
        asked_server: &Principal,
    ) -> Self {
        let client_realm = error.crealm.as_ref().map(|realm| realm.0.to_vec());
        let client = match (&error.cname, &error.crealm) {
            (Some(name), Some(realm)) => Some(Principal::from_wire(name, *realm)),
            _ => None,
        };
        Self {
            code: error.error_code,
            text: error
                .e_text
                .map(|text| String::from_utf8_lossy(text.0).into_owned()),
            asked_client: asked_client.clone(),
            asked_server: asked_server.clone(),
            client_realm,
            client,
            server: Principal::from_wire(&error.sname, error.realm),
            time: error.stime,
            microseconds: error.susec.map_or(0, |micros| micros.0),
            data: error.e_data.unwrap_or_default().to_vec(),
        }
    }

    /// Windows's NTSTATUS, when the error data has one (MS-KILE §2.2.1, KERB-EXT-ERROR): it tells
    /// a disabled account from a locked one where the code does not.
    pub fn nt_status(&self) -> Option<u32> {
        KerbErrorData::from_der(&self.data).ok()?.ntstatus()
    }
}

/// MIT's text for the code, then the KDC's own words if it has any.
impl fmt::Display for KdcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(mit_text(self.code.0))?;
        match &self.text {
            Some(text) if !text.is_empty() => write!(f, " ({})", Shown::new(text)),
            _ => Ok(()),
        }
    }
}
