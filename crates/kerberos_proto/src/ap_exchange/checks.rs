//! What an acceptor checks once ticket and authenticator are decrypted (RFC 4120 §3.2.3), but for
//! replays.

use kerberos_asn1::{Authenticator, EncTicketPart, TicketFlags};
use kerberos_crypto::EncryptionType;

use super::ApError;
use crate::{HostAddress, Principal, Timestamp};

/// Whether the authenticator is that of the ticket's client, and of now.
pub(super) fn check_authenticator(
    ticket: &EncTicketPart<'_>,
    authenticator: &Authenticator<'_>,
    clock_skew: u32,
    now: Timestamp,
) -> Result<(), ApError> {
    // RFC 4120 §3.2.3: ticket and authenticator name the same client, in the same realm. §6.2: the
    // type of a name does not count.
    let same = ticket.crealm == authenticator.crealm
        && ticket.cname.name_string == authenticator.cname.name_string;
    if !same {
        return Err(ApError::ClientMismatch {
            ticket: Principal::from_wire(&ticket.cname, ticket.crealm),
            authenticator: Principal::from_wire(&authenticator.cname, authenticator.crealm),
        });
    }
    // §3.2.3: the clocks may differ by the allowed skew and no more.
    let client = Timestamp::new(authenticator.ctime.unix(), authenticator.cusec.0);
    if client.seconds.abs_diff(now.seconds) > clock_skew.into() {
        return Err(ApError::ClockSkew {
            client,
            local: now,
            limit: clock_skew,
        });
    }
    Ok(())
}

/// Whether the ticket may be used from `peer`; a peer that is not known is not checked.
pub(super) fn check_address(
    ticket: &EncTicketPart<'_>,
    peer: Option<&HostAddress>,
) -> Result<(), ApError> {
    // RFC 4120 §3.2.3: the peer's address is among the ticket's, if it has any.
    let addresses = ticket.caddr.as_ref().filter(|list| !list.is_empty());
    let (Some(addresses), Some(peer)) = (addresses, peer) else {
        return Ok(());
    };
    if addresses.iter().any(|one| peer.is(&one)) {
        Ok(())
    } else {
        Err(ApError::Address)
    }
}

/// Whether the ticket's time has come and is not over.
pub(super) fn check_times(
    ticket: &EncTicketPart<'_>,
    clock_skew: u32,
    now: Timestamp,
) -> Result<(), ApError> {
    let skew = i64::from(clock_skew);
    // RFC 4120 §3.2.3: the start is not further ahead than the clocks may differ, and the ticket
    // was validated. §5.3: without a starttime, it is the authtime.
    let starttime = ticket.starttime.unwrap_or(ticket.authtime);
    if starttime.unix() > now.seconds.saturating_add(skew) {
        return Err(ApError::NotYetValid { starttime });
    }
    if ticket.flags.contains(TicketFlags::INVALID) {
        return Err(ApError::Invalid);
    }
    // §3.2.3: nor is the end further back.
    let endtime = ticket.endtime;
    if now.seconds > endtime.unix().saturating_add(skew) {
        return Err(ApError::Expired { endtime });
    }
    Ok(())
}

/// Whether `etype` is among the permitted ones.
pub(super) fn check_etype(etype: i32, permitted: &[EncryptionType]) -> Result<(), ApError> {
    let etype = EncryptionType(etype);
    if permitted.contains(&etype) {
        Ok(())
    } else {
        Err(ApError::EtypeNotPermitted(etype))
    }
}
