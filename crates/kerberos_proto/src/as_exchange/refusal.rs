//! A KDC's refusal: the KRB-ERROR, and the alternatives that its data offers (RFC 4120 §5.9.1).

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::{Decode, ErrorCode, KrbError, MethodData, TypedData};

use super::Session;
use super::request::Sent;
use crate::preauth::OwnedPaData;
use crate::{ExchangeError, KdcError};

/// A KRB-ERROR with its data parsed as padata.
pub(super) struct Refusal {
    pub(super) error: KdcError,
    pub(super) padata: Vec<OwnedPaData>,
}

impl Refusal {
    pub(super) fn new(error: &KrbError<'_>, sent: &Sent) -> Self {
        let data = error.e_data.unwrap_or_default();
        // RFC 4120 §5.9.1: some codes come with METHOD-DATA, others with TYPED-DATA, and KDCs
        // differ.
        let padata = match MethodData::from_der(data) {
            Ok(list) => OwnedPaData::list(Some(&list)),
            Err(_) => typed_data(data),
        };
        Self {
            error: KdcError::new(error, &sent.plan.client, &sent.plan.server),
            padata,
        }
    }

    /// Whether the data offers something for another attempt.
    pub(super) fn has_data(&self) -> bool {
        !self.error.data.is_empty()
    }

    /// Turns the refusal into the error that ends the exchange.
    pub(super) fn into_error(self, session: &Session, preauthenticated: bool) -> ExchangeError {
        // RFC 4120 §3.1.3 uses PREAUTH_FAILED for a timestamp that does not decrypt. Some KDCs send
        // BAD_INTEGRITY instead, the general code for a message that does not decrypt (§7.5.9).
        let failed = matches!(
            self.error.code,
            ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY
        );
        let error = Box::new(self.error);
        if failed && preauthenticated && session.key.is_password() {
            return ExchangeError::WrongPassword(Some(error));
        }
        ExchangeError::Kdc(error)
    }

    /// If another attempt after this refusal only failed because there was nothing left to try,
    /// returns this refusal, which says more.
    pub(super) fn prefer_over(self, error: ExchangeError, session: &Session) -> ExchangeError {
        match error {
            ExchangeError::Ask(_) => error,
            _ => self.into_error(session, true),
        }
    }
}

fn typed_data(data: &[u8]) -> Vec<OwnedPaData> {
    let Ok(list) = TypedData::from_der(data) else {
        return Vec::new();
    };
    list.iter()
        .map(|one| OwnedPaData::new(one.data_type, one.data_value.unwrap_or_default().to_vec()))
        .collect()
}
