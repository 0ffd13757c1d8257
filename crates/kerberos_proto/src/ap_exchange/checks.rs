//! An acceptor's checks of the decrypted ticket and authenticator (RFC 4120 §3.2.3), except for
//! replays.

use kerberos_asn1::{Authenticator, EncTicketPart, TicketFlags};
use kerberos_crypto::EncryptionType;

use super::ApError;
use crate::{HostAddress, Principal, Timestamp};

/// Checks that the authenticator is by the ticket's client and has the current time.
pub(super) fn check_authenticator(
    ticket: &EncTicketPart<'_>,
    authenticator: &Authenticator<'_>,
    clock_skew: u32,
    now: Timestamp,
) -> Result<(), ApError> {
    // RFC 4120 §3.2.3: ticket and authenticator must name the same client in the same realm. §6.2:
    // name types do not matter.
    let same = ticket.crealm == authenticator.crealm
        && ticket.cname.name_string == authenticator.cname.name_string;
    if !same {
        return Err(ApError::ClientMismatch {
            ticket: Principal::from_wire(&ticket.cname, ticket.crealm),
            authenticator: Principal::from_wire(&authenticator.cname, authenticator.crealm),
        });
    }
    // §3.2.3: the clocks may differ by at most the allowed skew.
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

/// Checks that the ticket may be used from `peer`. An unknown peer is not checked.
pub(super) fn check_address(
    ticket: &EncTicketPart<'_>,
    peer: Option<&HostAddress>,
) -> Result<(), ApError> {
    // RFC 4120 §3.2.3: if the ticket has addresses, the peer's must be among them.
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

/// Checks that the ticket is valid now.
pub(super) fn check_times(
    ticket: &EncTicketPart<'_>,
    clock_skew: u32,
    now: Timestamp,
) -> Result<(), ApError> {
    let skew = i64::from(clock_skew);
    // RFC 4120 §3.2.3: the ticket must not start later than now, allowing for clock skew, and must
    // be validated. §5.3: without a starttime, the authtime counts.
    let starttime = ticket.starttime.unwrap_or(ticket.authtime);
    if starttime.unix() > now.seconds.saturating_add(skew) {
        return Err(ApError::NotYetValid { starttime });
    }
    if ticket.flags.contains(TicketFlags::INVALID) {
        return Err(ApError::Invalid);
    }
    // §3.2.3: nor may it have ended, allowing for clock skew.
    let endtime = ticket.endtime;
    if now.seconds > endtime.unix().saturating_add(skew) {
        return Err(ApError::Expired { endtime });
    }
    Ok(())
}

/// Checks that `etype` is permitted.
pub(super) fn check_etype(etype: i32, permitted: &[EncryptionType]) -> Result<(), ApError> {
    let etype = EncryptionType(etype);
    if permitted.contains(&etype) {
        Ok(())
    } else {
        Err(ApError::EtypeNotPermitted(etype))
    }
}
