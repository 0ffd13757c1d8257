//! Password changes through the realm's kpasswd service (RFC 3244).
//!
//! The addresses of the service are asked one after the other over TCP, and over UDP only if that
//! failed, as in MIT's changepw.c: a repeated datagram looks like a replay. Each address gets a
//! message of its own, because the message contains the address that it is sent from.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use kerberos_files::config::{Server, ServerKind};
use kerberos_proto::{
    AsParams, ClockOffset, Credential, HostAddress, Login, Password, PasswordChange,
    PasswordChangeError, Principal, Secret,
};

use crate::delivery::driver::{deliver, resolve};
use crate::delivery::{Attempt, Strategy, Transport};
use crate::driver::Driver;
use crate::error::shown;
use crate::io::block_on;
use crate::locate::{Located, locate};
use crate::trace::trace;
use crate::{Client, ClientError, now, system_rng};

impl Client {
    /// Changes the password of the client that logged in with
    /// [`AsParams::to_change_password`] to `new`.
    ///
    /// Some services, such as Windows Server 2025, report success without proving who they are.
    /// That is believed once a login with the new password succeeds.
    ///
    /// # Errors
    /// [`ClientError::PasswordChange`] when the service refuses or its answer proves nothing,
    /// [`ClientError::CannotFindKdc`] and [`ClientError::CannotContactKdc`] when there is no reply.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Client, Password, Principal, Secret};
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("alice", "correct horse").service("kadmin/changepw").start()?;
    /// # let client = Client::new(kerberos_client::Config::parse(&kdc.krb5_conf())?);
    /// let alice = Principal::parse("alice@EXAMPLE.COM")?;
    /// let params = client.as_params(alice)?.to_change_password();
    /// let old = Secret::Password(Password::new("correct horse"));
    /// let login = client.login(params, old)?;
    /// client.change_password(&login, &Password::new("battery staple"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn change_password(&self, login: &Login, new: &Password) -> Result<(), ClientError> {
        block_on(self.driver.change_password(login, new))
    }

    /// Sets the password of `target` to `new`, if the client of `credential` may do that.
    /// `credential` is a ticket for `kadmin/changepw` of the target's realm. `kdc_offset` is how
    /// far the KDC's clock is ahead; take it from the [`Login`] that gave the ticket.
    ///
    /// # Errors
    /// As [`change_password`](Self::change_password).
    pub fn set_password(
        &self,
        credential: &Credential,
        target: &Principal,
        new: &Password,
        kdc_offset: Option<ClockOffset>,
    ) -> Result<(), ClientError> {
        let set = self
            .driver
            .set_password(credential, target, new, kdc_offset);
        block_on(set)
    }
}

impl Driver {
    /// As [`Client::change_password`].
    pub(crate) async fn change_password(
        &self,
        login: &Login,
        new: &Password,
    ) -> Result<(), ClientError> {
        let credential = &login.credential;
        let mut rng = system_rng()?;
        let change = PasswordChange::change(credential, new, login.kdc_offset, &mut rng, now())?;
        match self.carry_out(&change).await {
            Err(ClientError::PasswordChange(PasswordChangeError::UnprovenSuccess)) => {
                let client = credential.client.clone();
                let params = self.config.as_params_without_lifetimes(client)?;
                self.prove(&params, new).await
            }
            result => result,
        }
    }

    /// As [`Client::set_password`].
    pub(crate) async fn set_password(
        &self,
        credential: &Credential,
        target: &Principal,
        new: &Password,
        kdc_offset: Option<ClockOffset>,
    ) -> Result<(), ClientError> {
        let mut rng = system_rng()?;
        let change = PasswordChange::set(credential, target, new, kdc_offset, &mut rng, now())?;
        self.carry_out(&change).await
    }

    /// Proves that `new` is the password by logging in with it.
    async fn prove(&self, params: &AsParams, new: &Password) -> Result<(), ClientError> {
        let secret = Secret::Password(new.clone());
        match self.login(params.to_change_password(), secret).await {
            Ok(_) => Ok(()),
            Err(_) => Err(PasswordChangeError::UnprovenSuccess.into()),
        }
    }

    async fn carry_out(&self, change: &PasswordChange) -> Result<(), ClientError> {
        let realm = shown(change.realm());
        let deadline = self.deadline()?;
        let servers = locate(self, change.realm(), ServerKind::Kpasswd, deadline).await?;
        trace!("Sending password change request to {realm}");
        let mut attempts = Vec::new();
        for strategy in [Strategy::TcpOnly, Strategy::UdpFirst] {
            for server in servers.iter().filter_map(|one| over(one, strategy)) {
                let addresses = match resolve(self, &server, deadline).await {
                    Ok(addresses) => addresses,
                    Err(reason) => {
                        attempts.push(Attempt {
                            server: server.server.to_string(),
                            via: None,
                            reason,
                        });
                        continue;
                    }
                };
                for (server, peer) in ends(server, addresses) {
                    match self
                        .send_change(change, server, peer, strategy, deadline)
                        .await?
                    {
                        Ok(reply) => return Ok(change.check_reply(&reply, now())?),
                        Err(more) => attempts.extend(more),
                    }
                }
            }
        }
        Err(ClientError::CannotContactKdc { realm, attempts })
    }

    /// Sends the message to one end, and returns the reply, or why there is none.
    async fn send_change(
        &self,
        change: &PasswordChange,
        server: Located,
        peer: SocketAddr,
        strategy: Strategy,
        deadline: Option<Instant>,
    ) -> Result<Result<Vec<u8>, Vec<Attempt>>, ClientError> {
        let message = change.message(local_address(peer), &mut system_rng()?, now())?;
        let patience = Instant::now().checked_add(PATIENCE);
        let deadline = [deadline, patience].into_iter().flatten().min();
        let sent = deliver(self, &message, &[server], strategy, deadline, None).await;
        Ok(sent.map(|delivered| delivered.message))
    }
}

/// The server, if this strategy applies to it. A server reached by a stream may also be a proxy or
/// a UNIX socket.
fn over(server: &Located, strategy: Strategy) -> Option<Located> {
    let transport = match strategy {
        Strategy::UdpFirst => Transport::Udp,
        Strategy::TcpFirst | Strategy::TcpOnly => Transport::Tcp,
    };
    let fits = match server.target().transport {
        None => true,
        Some(Transport::Udp) => transport == Transport::Udp,
        Some(_) => transport == Transport::Tcp,
    };
    fits.then(|| Located {
        transport: Some(transport),
        ..server.clone()
    })
}

/// The ends of a server to send to, each with an address for finding out which of our addresses the
/// message comes from. A proxy or a UNIX socket is one end.
fn ends(server: Located, addresses: Vec<SocketAddr>) -> Vec<(Located, SocketAddr)> {
    if !matches!(server.server, Server::Host { .. }) {
        let peer = addresses.first().copied();
        return vec![(server, peer.unwrap_or(([127, 0, 0, 1], 0).into()))];
    }
    let at = |address: SocketAddr| Located {
        server: Server::Host {
            host: address.ip().to_string(),
            port: address.port(),
        },
        ..server.clone()
    };
    let ends = addresses.into_iter();
    ends.map(|address| (at(address), address)).collect()
}

/// Our address on a connection to `peer`. A UDP socket finds it without sending anything. Without a
/// route, the message goes nowhere, and the unspecified address will do.
fn local_address(peer: SocketAddr) -> HostAddress {
    let any: SocketAddr = match peer {
        SocketAddr::V4(_) => ([0; 4], 0).into(),
        SocketAddr::V6(_) => ([0; 16], 0).into(),
    };
    let found = UdpSocket::bind(any).and_then(|socket| {
        socket.connect(peer)?;
        socket.local_addr()
    });
    let ip: IpAddr = found.unwrap_or(any).ip();
    ip.into()
}

/// How long one address may take, if there is no shorter limit.
const PATIENCE: Duration = Duration::from_secs(10);
