//! The checks of a decrypted TGS-REP against the request (RFC 4120 §3.3.4, RFC 6806 §8).

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use kerberos_asn1::{EncKdcRepPart, KdcOptions, KdcRep, KerberosTime, TicketFlags};
use kerberos_crypto::{EncryptionType, Key};

use super::super::on_behalf::{check_client, check_padata};
use super::super::request::Sent;
use super::super::{OnBehalf, S4uProof, TgsParams};
use crate::trace::trace;
use crate::{ExchangeError, HostAddress, Principal, ReplyFault, Timestamp};

/// A reply and its decrypted part.
pub(super) struct Decrypted<'r> {
    pub(super) message: &'r KdcRep<'r>,
    pub(super) part: &'r EncKdcRepPart<'r>,
    pub(super) client: Principal,
    pub(super) server: Principal,
}

/// The results of the checks.
pub(super) struct Checked {
    /// The realm that the ticket leads to, if it is a referral.
    pub(super) referral: Option<Vec<u8>>,
    pub(super) proof: S4uProof,
}

impl Decrypted<'_> {
    /// The type of the session key.
    pub(super) fn session_etype(&self) -> EncryptionType {
        EncryptionType(self.part.key.keytype)
    }

    /// Checks the reply against the request, with a separate error for each check.
    pub(super) fn check(
        &self,
        sent: &Sent,
        params: &TgsParams,
        now: Timestamp,
    ) -> Result<Checked, ExchangeError> {
        let part = self.part;
        // RFC 4120 §3.1.5, which §3.3.4 refers to: the nonce must be the request's.
        if part.nonce != sent.nonce {
            return Err(ReplyFault::Nonce.into());
        }
        let ticket = self.message.ticket.ticket();
        let ticket_server = Principal::from_wire(&ticket.sname, ticket.realm);
        if ticket_server != self.server {
            return Err(ReplyFault::TicketServerName {
                ticket: ticket_server,
                reply: self.server.clone(),
            }
            .into());
        }
        let referral = check_server(&self.server, sent)?;
        let proof = self.check_client(referral.is_some(), sent, params)?;
        // §3.1.3: the session key's type must be one of those requested.
        let session_etype = self.session_etype();
        if !sent.etypes.contains(&session_etype) {
            return Err(ReplyFault::SessionKeyNotOffered(session_etype).into());
        }
        // Report a bad key now, and not when the ticket is first used.
        Key::from_bytes(session_etype, part.key.keyvalue)?;
        check_times(part, sent, params, now)?;
        check_flags(part.flags, sent, params)?;
        check_addresses(part, sent, params)?;
        Ok(Checked { referral, proof })
    }

    /// Checks that the ticket is for the right client.
    fn check_client(
        &self,
        is_referral: bool,
        sent: &Sent,
        params: &TgsParams,
    ) -> Result<S4uProof, ExchangeError> {
        let proof = match &params.on_behalf {
            Some(on_behalf) => check_padata(on_behalf, self.message, self.part, sent)?,
            None => S4uProof::default(),
        };
        match &params.on_behalf {
            // A referral is still for the requester itself.
            Some(on_behalf) if !is_referral => {
                check_client(on_behalf, &proof, &self.client, &sent.tgt.client)?;
            }
            // §3.3.3: the new ticket is for the client of the TGT.
            _ if self.client != sent.tgt.client => {
                return Err(ReplyFault::ClientName {
                    asked: sent.tgt.client.clone(),
                    got: self.client.clone(),
                }
                .into());
            }
            _ => {}
        }
        Ok(proof)
    }
}

/// Checks that the ticket is for the right service. Returns the realm that it leads to, if it is a
/// referral.
fn check_server(server: &Principal, sent: &Sent) -> Result<Option<Vec<u8>>, ExchangeError> {
    if *server == sent.server {
        return Ok(None);
    }
    let wrong = || ReplyFault::ServerName {
        asked: sent.server.clone(),
        got: server.clone(),
    };
    let canonicalize = sent.options.contains(KdcOptions::CANONICALIZE);
    let again = sent.options & (KdcOptions::RENEW | KdcOptions::VALIDATE);
    // A renewed or validated ticket keeps its service.
    if again != KdcOptions::empty() {
        return Err(wrong().into());
    }
    if server.realm() != sent.kdc_realm {
        // Active Directory also knows its realm by other names: in lower case and by its NetBIOS
        // name. It issues TGTs for those as for a foreign realm, and then puts its true name into
        // tickets (RFC 6806 §6). Only the name of the realm that issued the TGT is accepted here.
        let issuer = sent.tgt.server.realm();
        let same_service = server.same_name(&sent.server) && !server.is_krbtgt();
        if canonicalize && same_service && server.realm() == issuer {
            return Ok(None);
        }
        return Err(wrong().into());
    }
    if let Some(realm) = server.tgt_realm() {
        // RFC 6806 §8: a referral, if the client can follow one. RFC 4120 §3.3.3: when asked for a
        // TGT of a foreign realm, the KDC may answer with a TGT for a realm on the way.
        if !canonicalize && !sent.server.is_krbtgt() {
            return Err(wrong().into());
        }
        if canonicalize {
            trace!(
                "Reply server {server} differs from requested {}",
                sent.server
            );
        }
        // A referral to the current realm leads nowhere.
        if realm == sent.kdc_realm {
            return Err(ExchangeError::ReferralLoop {
                realm: realm.to_owned(),
                hops: alloc::vec![sent.kdc_realm.clone()],
            });
        }
        return Ok(Some(realm.to_owned()));
    }
    // RFC 6806 §6: an alias may be replaced by the true name. A TGT has no other name.
    if !canonicalize || sent.server.is_krbtgt() {
        return Err(wrong().into());
    }
    trace!(
        "Reply server {server} differs from requested {}",
        sent.server
    );
    Ok(None)
}

fn check_times(
    part: &EncKdcRepPart<'_>,
    sent: &Sent,
    params: &TgsParams,
    now: Timestamp,
) -> Result<(), ReplyFault> {
    let start = part.starttime.unwrap_or(part.authtime);
    let now = now.by_kdc(params.kdc_offset);
    let latest = now.seconds.saturating_add(params.policy.clock_skew.into());
    // RFC 4120 §3.3.3: a postdated ticket starts at the requested time, any other immediately.
    let as_asked = match params.start {
        Some(from) => start == from,
        None => start.unix() <= latest,
    };
    if !as_asked {
        return Err(ReplyFault::StartTime);
    }
    let tgt = &sent.tgt.times;
    // §3.3.3: a renewed ticket lasts until its renew-till at most, any other no longer than the TGT
    // and "till", where 1970 means no limit (§5.4.1).
    let renew_till = tgt.renew_till.unwrap_or(KerberosTime::MIN);
    let latest = match sent.till.unix() {
        _ if sent.options.contains(KdcOptions::RENEW) => renew_till,
        0 => tgt.endtime,
        _ => tgt.endtime.min(sent.till),
    };
    if part.endtime > latest || part.endtime < start {
        return Err(ReplyFault::EndTime);
    }
    // §3.3.3: nor is it renewable for longer than the TGT and "rtime".
    let latest = params
        .renew_till
        .map_or(renew_till, |asked| asked.min(renew_till));
    let renewable = part.flags.contains(TicketFlags::RENEWABLE);
    if renewable && part.renew_till.is_none_or(|till| till > latest) {
        return Err(ReplyFault::RenewTill);
    }
    Ok(())
}

/// RFC 4120 §2.4 to §2.6: a ticket is only postdated, a proxy or forwarded if that was requested,
/// or if the ticket it was made from was.
fn check_flags(flags: TicketFlags, sent: &Sent, params: &TgsParams) -> Result<(), ReplyFault> {
    // MS-SFU §3.2.5.2.2: here that ticket was the evidence, whose flags its holder may not know.
    let from_evidence = matches!(params.on_behalf, Some(OnBehalf::ClientOf { .. }));
    let tied = [
        (TicketFlags::INVALID, KdcOptions::POSTDATED, false),
        (TicketFlags::POSTDATED, KdcOptions::POSTDATED, true),
        (TicketFlags::PROXY, KdcOptions::PROXY, true),
        (TicketFlags::FORWARDED, KdcOptions::FORWARDED, true),
    ];
    for (flag, option, inherits) in tied {
        let inherited = inherits && (from_evidence || sent.tgt.flags.contains(flag));
        let explained = sent.options.contains(option) || inherited;
        if flags.contains(flag) && !explained {
            return Err(ReplyFault::Flags);
        }
    }
    Ok(())
}

/// RFC 4120 §3.3.3: the addresses are the TGT's, except that forwarded and proxy tickets have those
/// of the request.
fn check_addresses(
    part: &EncKdcRepPart<'_>,
    sent: &Sent,
    params: &TgsParams,
) -> Result<(), ReplyFault> {
    let moved = sent.options & (KdcOptions::FORWARDED | KdcOptions::PROXY);
    let inherited = if moved == KdcOptions::empty() {
        &sent.tgt.addresses[..]
    } else {
        &[]
    };
    let explained = |one: &HostAddress| inherited.contains(one) || params.addresses.contains(one);
    if HostAddress::list(part.caddr.as_ref()).iter().all(explained) {
        Ok(())
    } else {
        Err(ReplyFault::Addresses)
    }
}
