//! The AS-REQ (RFC 4120 §3.1.1, §5.4.1). It is planned first, so that preauthentication can look at
//! the body, then encoded, and kept so that the reply can be checked against it.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use kerberos_asn1::{
    AsReq, Encode, KdcOptions, KdcReqBody, KerberosString, KerberosTime, PaData, PaDataType,
    PaPacRequest, SequenceOf,
};
use kerberos_crypto::{CryptoRng, EncryptionType};

use super::{AsParams, StartTime};
use crate::exchange::nonce;
use crate::preauth::OwnedPaData;
use crate::{HostAddress, Principal, Timestamp};

/// The body of an AS-REQ, owned.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) client: Principal,
    pub(crate) server: Principal,
    pub(crate) options: KdcOptions,
    pub(crate) from: Option<KerberosTime>,
    pub(crate) till: KerberosTime,
    pub(crate) rtime: Option<KerberosTime>,
    pub(crate) nonce: u32,
    pub(crate) addresses: Vec<HostAddress>,
    etypes: Vec<EncryptionType>,
}

impl Plan {
    /// Plans a request by `client`. `now` is the time by the KDC's clock, as far as known.
    pub(crate) fn new(
        params: &AsParams,
        client: &Principal,
        etypes: &[EncryptionType],
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let start = match params.start {
            Some(StartTime::In(0)) | None => None,
            Some(StartTime::In(seconds)) => Some(now.seconds.saturating_add(seconds.into())),
            Some(StartTime::At(time)) => Some(time.unix()),
        };
        let begin = start.unwrap_or(now.seconds);
        // Not before 1970, and 0 sets no limit.
        let after = |seconds: i64| in_range(begin.saturating_add(seconds).max(0));
        let till = after(params.lifetime.unwrap_or(DEFAULT_LIFETIME).into());
        // It makes no sense for a ticket to be renewable for less than its lifetime.
        let renew_lifetime = params.renew_lifetime.filter(|&seconds| seconds > 0);
        let rtime = renew_lifetime.map(|seconds| after(seconds.into()).max(till));

        Self {
            options: options(params, client, start.is_some_and(|at| at > now.seconds)),
            client: client.clone(),
            server: params.server_in(client.realm()),
            from: start.map(in_range),
            till,
            rtime,
            nonce: nonce(rng),
            addresses: params.addresses.clone(),
            etypes: etypes.to_owned(),
        }
    }

    /// The encryption types offered, best first.
    pub(crate) fn etypes(&self) -> &[EncryptionType] {
        &self.etypes
    }

    /// Whether the KDC may answer with names other than those requested (RFC 6806 §6).
    pub(crate) fn may_rename(&self) -> bool {
        self.options.contains(KdcOptions::CANONICALIZE)
            || self.client.name_type() == kerberos_asn1::NameType::ENTERPRISE
            || self.options.contains(KdcOptions::REQUEST_ANONYMOUS)
    }

    /// Encodes the AS-REQ with `padata`.
    pub(crate) fn message(&self, padata: &[OwnedPaData]) -> Vec<u8> {
        let padata: Vec<PaData<'_>> = padata.iter().map(OwnedPaData::as_wire).collect();
        let padata = (!padata.is_empty()).then(|| SequenceOf::from(padata));
        AsReq::new(padata, self.body()).to_der()
    }

    fn body(&self) -> KdcReqBody<'_> {
        KdcReqBody {
            kdc_options: self.options,
            cname: Some(self.client.to_wire()),
            realm: KerberosString(self.client.realm()),
            sname: Some(self.server.to_wire()),
            from: self.from,
            till: self.till,
            rtime: self.rtime,
            nonce: self.nonce,
            etype: self.etypes.iter().map(|etype| etype.0).collect(),
            addresses: HostAddress::list_to_wire(&self.addresses),
            enc_authorization_data: None,
            additional_tickets: None,
        }
    }
}

/// A request that was sent.
pub(crate) struct Sent {
    pub(crate) plan: Plan,
    pub(crate) informational: Informational,
    /// The whole AS-REQ, which the KDC's checksum covers.
    pub(crate) message: Vec<u8>,
    /// When it was sent, by the caller's clock.
    pub(crate) at: Timestamp,
}

/// Whether a request contains padata that merely informs the KDC. Old KDCs fail on padata that they
/// do not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Informational {
    Present,
    LeftOut,
}

/// Adds the padata that every AS-REQ has after that of preauthentication.
pub(crate) fn add_informational(
    padata: &mut Vec<OwnedPaData>,
    params: &AsParams,
    informational: Informational,
) {
    if informational == Informational::Present {
        // RFC 8070 §4: an empty element asks for a freshness token.
        padata.push(OwnedPaData::empty(PaDataType::AS_FRESHNESS));
        // RFC 6806 §11: an empty element asks for proof that the KDC saw exactly this request.
        padata.push(OwnedPaData::empty(PaDataType::REQ_ENC_PA_REP));
    }
    if let Some(include_pac) = params.request_pac {
        let request = PaPacRequest { include_pac }.to_der();
        padata.push(OwnedPaData::new(PaDataType::PAC_REQUEST, request));
    }
}

fn options(params: &AsParams, client: &Principal, postdated: bool) -> KdcOptions {
    let asked = &params.options;
    let renewable = params.renew_lifetime.is_some_and(|seconds| seconds > 0);
    let mut options = KdcOptions(asked.more);
    let mut set = |wanted: bool, option: KdcOptions| {
        if wanted {
            options |= option;
        }
    };
    set(asked.forwardable, KdcOptions::FORWARDABLE);
    set(asked.proxiable, KdcOptions::PROXIABLE);
    set(asked.canonicalize, KdcOptions::CANONICALIZE);
    set(
        asked.anonymous || client.is_anonymous(),
        KdcOptions::REQUEST_ANONYMOUS,
    );
    set(
        postdated,
        KdcOptions::ALLOW_POSTDATE | KdcOptions::POSTDATED,
    );
    set(renewable, KdcOptions::RENEWABLE);
    set(asked.renewable_ok, KdcOptions::RENEWABLE_OK);
    if renewable {
        options = options.without(KdcOptions::RENEWABLE_OK);
    }
    options
}

/// Limits a time to the range of `KerberosTime`, which ends with the year 9999 (RFC 4120 §5.2.3).
fn in_range(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(seconds).clamp(KerberosTime::MIN, KerberosTime::MAX)
}

/// MIT's default for `ticket_lifetime`: one day.
const DEFAULT_LIFETIME: i32 = 24 * 60 * 60;
