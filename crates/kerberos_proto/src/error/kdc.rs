//! `KdcError`: a KRB-ERROR, owned (RFC 4120 §5.9.1).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use kerberos_asn1::{Decode, ErrorCode, KerbErrorData, KerberosTime, KrbError};

use crate::{Principal, Shown, mit_text};

/// A KDC's refusal (RFC 4120 §5.9.1). Unless it came through FAST it is not authenticated: anyone
/// on the network path may have written it.
#[derive(Clone)]
#[non_exhaustive]
pub struct KdcError {
    /// The reason.
    pub code: ErrorCode,
    /// The reason in the KDC's words (`e-text`).
    pub text: Option<String>,
    /// The client in the request.
    pub asked_client: Principal,
    /// The service in the request.
    pub asked_server: Principal,
    /// The client's realm according to the KDC (`crealm`).
    pub client_realm: Option<Vec<u8>>,
    /// The client according to the KDC (`crealm`, `cname`).
    pub client: Option<Principal>,
    /// The service according to the KDC (`realm`, `sname`).
    pub server: Principal,
    /// The time by the KDC's clock (`stime`).
    pub time: KerberosTime,
    /// Microseconds to add to `time` (`susec`).
    pub microseconds: u32,
    /// Further data, in a format that depends on the code (`e-data`).
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

    /// Windows's NTSTATUS, if the error data contains one (MS-KILE §2.2.1, KERB-EXT-ERROR). It
    /// distinguishes a disabled account from a locked one, which the code does not.
    pub fn nt_status(&self) -> Option<u32> {
        KerbErrorData::from_der(&self.data).ok()?.ntstatus()
    }
}

/// Without the error data, which is long and for programs.
impl fmt::Debug for KdcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KdcError")
            .field("code", &self.code)
            .field("text", &self.text)
            .field("asked_client", &self.asked_client)
            .field("asked_server", &self.asked_server)
            .field("client", &self.client)
            .field("server", &self.server)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

/// MIT's text for the code, with the unknown name if there is one, followed by the KDC's own words,
/// if any.
impl fmt::Display for KdcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            // A service that asks for a ticket to itself on a user's behalf: the user is unknown.
            ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN if self.asked_client != self.asked_server => {
                let client = Shown::new(&self.asked_client);
                write!(f, "Client '{client}' not found in Kerberos database")?;
            }
            ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN => {
                let server = Shown::new(&self.server);
                write!(f, "Server {server} not found in Kerberos database")?;
            }
            code => f.write_str(mit_text(code.0))?,
        }
        match &self.text {
            Some(text) if !text.is_empty() => write!(f, " ({})", Shown::new(text)),
            _ => Ok(()),
        }
    }
}
