//! The TGS-REQ (RFC 4120 §3.3.1, §5.4.1): encoded, and kept so that the reply can be checked
//! against it.

use alloc::vec::Vec;

use kerberos_asn1::{
    AuthorizationData, AuthorizationDataEntry, Decode, Encode, EncryptedData, KdcOptions,
    KdcReqBody, KerberosString, KerberosTime, PaData, PaDataType, RawTicket, SequenceOf, TgsReq,
    TicketFlags,
};
use kerberos_crypto::{CryptoRng, EncryptionType, Key, KeyUsage};
use zeroize::Zeroizing;

use super::{OnBehalf, TgsParams, offered};
use crate::exchange::{Env, nonce};
use crate::preauth::OwnedPaData;
use crate::trace::{Etype, trace};
use crate::{
    ApChecksum, ApError, ApInitiator, ApRequestOptions, Credential, ExchangeError, HostAddress,
    Principal, Subkey,
};

/// A request that was sent, and what the reply is checked against.
pub(super) struct Sent {
    /// The requested service, with its realm.
    pub(super) server: Principal,
    pub(super) options: KdcOptions,
    pub(super) till: KerberosTime,
    pub(super) nonce: u32,
    pub(super) etypes: Vec<EncryptionType>,
    /// The realm whose KDC is asked.
    pub(super) kdc_realm: Vec<u8>,
    pub(super) tgt: Credential,
    pub(super) session_key: Key,
    pub(super) subkey: Key,
    /// The checksum in the padata that names the user on whose behalf the request is made.
    pub(super) user_checksum: Vec<u8>,
    /// The whole TGS-REQ.
    pub(super) message: Vec<u8>,
}

impl Sent {
    /// Makes the request. `now` is the time by the caller's clock.
    pub(super) fn new(
        params: &TgsParams,
        tgt: &Credential,
        env: &mut Env<'_>,
    ) -> Result<Self, ExchangeError> {
        let (server, kdc_realm) = target(params, tgt)?;
        let session_key = Key::new(&tgt.session_key)?;
        let subkey = Key::generate(session_key.etype(), env.rng)?;
        trace!(
            "Generated subkey for TGS request: {}",
            Etype(subkey.etype())
        );
        let mut sent = Self {
            etypes: offered(params)?,
            server,
            options: options(params, tgt),
            till: params.end.unwrap_or(tgt.times.endtime),
            nonce: nonce(env.rng),
            kdc_realm,
            tgt: tgt.clone(),
            session_key,
            subkey,
            user_checksum: Vec::new(),
            message: Vec::new(),
        };
        let mut padata = Vec::new();
        if let Some(on_behalf) = &params.on_behalf {
            (padata, sent.user_checksum) =
                on_behalf.padata(sent.nonce, &sent.session_key, &sent.subkey)?;
        }
        sent.message = sent.make_message(params, &padata, env)?;
        Ok(sent)
    }

    fn make_message(
        &self,
        params: &TgsParams,
        padata: &[OwnedPaData],
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, ExchangeError> {
        let restrictions = self.encrypted_restrictions(params, env.rng);
        let body = self.body(params, restrictions.as_deref())?;
        // RFC 4120 §3.3.1: the authenticator has a checksum over the encoded body, made with the
        // session key of the TGT.
        let usage = KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM;
        let checksum = ApChecksum {
            checksum_type: self.session_key.checksum_type(),
            checksum: self.session_key.checksum(usage, &body.to_der()),
        };
        let options = ApRequestOptions {
            subkey: Subkey::Given(self.subkey.to_block()),
            checksum: Some(checksum),
            kdc_offset: params.kdc_offset,
            authenticator_usage: KeyUsage::TGS_REQ_AUTHENTICATOR,
            ..ApRequestOptions::default()
        };
        let (_, ap_req) = ApInitiator::start(&self.tgt, &options, env.rng, env.now).map_err(
            |error| match error {
                ApError::Crypto(error) => error.into(),
                ApError::Decode { what, error } => ExchangeError::Decode { what, error },
                _ => ExchangeError::UnexpectedMessage,
            },
        )?;
        // RFC 4120 §3.3.1: the AP-REQ is the padata of type PA-TGS-REQ.
        let ap_req = PaData {
            padata_type: PaDataType::TGS_REQ,
            padata_value: &ap_req,
        };
        let padata = core::iter::once(ap_req).chain(padata.iter().map(OwnedPaData::as_wire));
        Ok(TgsReq::new(Some(padata.collect()), body).to_der())
    }

    /// RFC 4120 §5.4.1: authorization data is encrypted in the subkey.
    fn encrypted_restrictions(
        &self,
        params: &TgsParams,
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        if params.authorization_data.is_empty() {
            return None;
        }
        let elements = params.authorization_data.iter();
        let list: AuthorizationData<'_> = elements.map(AuthorizationDataEntry::from).collect();
        let plain = Zeroizing::new(list.to_der());
        let usage = KeyUsage::TGS_REQ_AUTH_DATA_SUBKEY;
        Some(self.subkey.encrypt(usage, &plain, rng))
    }

    fn body<'a>(
        &'a self,
        params: &'a TgsParams,
        restrictions: Option<&'a [u8]>,
    ) -> Result<KdcReqBody<'a>, ExchangeError> {
        let second_ticket = match second_ticket(params) {
            Some(ticket) => Some(
                RawTicket::from_der(ticket).map_err(ExchangeError::decode("the second ticket"))?,
            ),
            None => None,
        };
        Ok(KdcReqBody {
            kdc_options: self.options,
            // RFC 4120 §5.4.1: only an AS-REQ names the client; here the TGT does.
            cname: None,
            realm: KerberosString(self.server.realm()),
            sname: Some(self.server.to_wire()),
            from: params.start,
            till: self.till,
            rtime: params.renew_till,
            nonce: self.nonce,
            etype: self.etypes.iter().map(|etype| etype.0).collect(),
            addresses: HostAddress::list_to_wire(&params.addresses),
            enc_authorization_data: restrictions.map(|cipher| EncryptedData {
                etype: self.subkey.etype().0,
                kvno: None,
                cipher,
            }),
            additional_tickets: second_ticket.map(|ticket| SequenceOf::from(alloc::vec![ticket])),
        })
    }
}

/// The additional ticket: the service's TGT (RFC 4120 §3.7), or the evidence for acting on behalf
/// of its client (MS-SFU §3.1.5.2.1).
pub(super) fn second_ticket(params: &TgsParams) -> Option<&Vec<u8>> {
    match &params.on_behalf {
        Some(OnBehalf::ClientOf { ticket, .. }) => Some(ticket),
        _ => params.second_ticket.as_ref(),
    }
}

/// The service with its realm, and the realm whose KDC to ask.
fn target(params: &TgsParams, tgt: &Credential) -> Result<(Principal, Vec<u8>), ExchangeError> {
    let wrong = || ExchangeError::WrongTgt {
        server: params.server.clone(),
        tgt: tgt.server.clone(),
    };
    // A ticket is renewed or validated by the realm that issued it. Anything else is issued by the
    // realm that the TGT is for.
    let again = params.options.renew || params.options.validate;
    let realm = if again {
        tgt.server.realm()
    } else {
        tgt.server.tgt_realm().ok_or_else(wrong)?
    };
    let server = if params.server.realm().is_empty() {
        params.server.clone().with_realm(realm)
    } else {
        params.server.clone()
    };
    if server.realm() != realm || again && server != tgt.server {
        return Err(wrong());
    }
    Ok((server, realm.to_vec()))
}

fn options(params: &TgsParams, tgt: &Credential) -> KdcOptions {
    let asked = &params.options;
    let mut options = KdcOptions(asked.more);
    let mut set = |wanted: bool, option: KdcOptions| {
        if wanted {
            options |= option;
        }
    };
    let inherited = [
        (TicketFlags::FORWARDABLE, KdcOptions::FORWARDABLE),
        (TicketFlags::PROXIABLE, KdcOptions::PROXIABLE),
        (TicketFlags::MAY_POSTDATE, KdcOptions::ALLOW_POSTDATE),
        (TicketFlags::RENEWABLE, KdcOptions::RENEWABLE),
    ];
    for (flag, option) in inherited {
        set(asked.inherit && tgt.flags.contains(flag), option);
    }
    set(params.start.is_some(), KdcOptions::POSTDATED);
    set(asked.canonicalize, KdcOptions::CANONICALIZE);
    set(asked.forwarded, KdcOptions::FORWARDED);
    set(asked.proxy, KdcOptions::PROXY);
    set(asked.renew, KdcOptions::RENEW);
    set(asked.validate, KdcOptions::VALIDATE);
    match &params.on_behalf {
        // MS-SFU §2.2.3: the client's name is in the additional ticket.
        Some(OnBehalf::ClientOf { .. }) => set(true, KdcOptions::CNAME_IN_ADDL_TKT),
        _ => set(params.second_ticket.is_some(), KdcOptions::ENC_TKT_IN_SKEY),
    }
    options
}
