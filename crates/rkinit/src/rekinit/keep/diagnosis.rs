//! Finds the version of the KDC's key when the KDC refuses the keytab's key.
//!
//! A refused login does not reveal it, unless the account needs no preauthentication. But if the
//! account is also a service, a ticket for that service does, and the last ticket-granting ticket
//! can still be used to get one.

use std::fmt;

use kerberos_asn1::{Decode as _, Ticket};
use kerberos_client::{Client, ClientError, KeeperState, TicketRequest, now};
use kerberos_files::ccache::{Ccache, CcacheName};
use kerberos_proto::{ExchangeError, Login};

use crate::rekinit::status::Facts;

/// The versions of a key; that of the KDC only if it is known.
pub(crate) struct Versions {
    pub(crate) keytab: u32,
    pub(crate) kdc: Option<u32>,
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keytab, kdc } = self;
        write!(f, "the newest key in the keytab has version {keytab}")?;
        match kdc {
            Some(kdc) if kdc > keytab => write!(f, ", the KDC's is newer: {kdc}"),
            Some(kdc) => write!(f, ", the KDC's has version {kdc}"),
            None => Ok(()),
        }
    }
}

/// The versions of the keytab's key and the KDC's key, which do not match.
pub(crate) fn keys(
    client: &Client,
    error: &ClientError,
    facts: &Facts,
    state: &KeeperState,
) -> Option<Versions> {
    let keytab = facts.keytab_kvno?;
    let told = match error {
        ClientError::Exchange(ExchangeError::WrongKey { kdc_kvno, .. }) => *kdc_kvno,
        _ => None,
    };
    let asked = || {
        let login = state.valid_login(now())?;
        ask(client, login).ok().flatten()
    };
    Some(Versions {
        keytab,
        kdc: told.or_else(asked),
    })
}

/// The version of the key with which tickets for the client itself are encrypted.
fn ask(client: &Client, login: &Login) -> Result<Option<u32>, ClientError> {
    let principal = login.credential.client.clone();
    let name = CcacheName::parse(&format!("MEMORY:rekinit-kvno-{principal}"))?;
    client.store(login, &name)?;
    let ticket = client.ticket(&name, &TicketRequest::new(principal));
    let options = client.config().krb5().ccache_options();
    Ccache::resolve(&name, &options)?.destroy()?;
    let ticket = ticket?;
    let kvno = Ticket::from_der(&ticket.ticket).ok();
    Ok(kvno.and_then(|ticket| ticket.enc_part.kvno))
}
