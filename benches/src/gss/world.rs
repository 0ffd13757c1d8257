//! A client with a ticket in its cache, and a service with its keytab: in memory for our library,
//! and as files for peers that need files.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use kerberos_crypto::{EncryptionType, Key};
use kerberos_files::ccache::{CcacheBuilder, CcacheFile, Header, Version};
use kerberos_files::keytab::{KeytabEntry, encode_keytab};
use kerberos_gss::{
    Acceptor, AcceptorOptions, Context, ContextFlags, Initiator, InitiatorOptions, Step,
};
use kerberos_proto::{Credential, KeyEntry, Principal, ServiceKeys, Timestamp};

use crate::acceptor::Everything;
use crate::ticket::credential_at;

pub(super) const SERVER: &str = "host/www.example.com@EXAMPLE.COM";

pub(super) struct World {
    pub(super) folder: PathBuf,
    pub(super) credential: Credential,
    pub(super) options: InitiatorOptions,
    pub(super) now: Timestamp,
    service: Arc<kerberos_proto::Acceptor<ServiceKeys>>,
}

impl World {
    /// The session key has the type `etype`; the service's key is aes256-sha1.
    pub(super) fn new(etype: EncryptionType) -> Result<Self, Box<dyn Error>> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let now = Timestamp::new(i64::try_from(since.as_secs())?, 0);
        let long = EncryptionType::AES256_CTS_HMAC_SHA1_96;
        let key = Key::generate(long, &mut UnwrapErr(SysRng))?;
        let server = Principal::parse(SERVER)?;
        let client = Principal::parse("alice@EXAMPLE.COM")?;
        let credential = credential_at(&key, &server, client, etype, &[], now)?;
        let mut options = InitiatorOptions::default();
        // No replay detection, because the same token is unwrapped again and again.
        options.flags = ContextFlags::MUTUAL | ContextFlags::CONF | ContextFlags::INTEG;
        options.etypes = Some(Vec::new());
        let block = key.to_block();
        let entry = KeyEntry {
            kvno: 3,
            key: block.clone(),
        };
        let keys = ServiceKeys::new([(server.clone(), entry)])?;
        let name = format!("rkinit-bench-gss-{}-{}", std::process::id(), etype.0);
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        let entry = KeytabEntry {
            principal: server,
            timestamp: 0,
            kvno: 3,
            key: block,
        };
        std::fs::write(folder.join("keytab"), encode_keytab(&[entry])?)?;
        let header = Header::new(Version::V4, None);
        let mut builder = CcacheBuilder::new(&header, &credential.client)?;
        builder.credential(&credential)?;
        CcacheFile::new(folder.join("cache")).replace_with(&builder)?;
        std::fs::write(
            folder.join("krb5.conf"),
            format!(
                "[libdefaults]\n default_realm = EXAMPLE.COM\n dns_lookup_kdc = false\n \
                 dns_canonicalize_hostname = false\n permitted_enctypes = {etype} {long}\n"
            ),
        )?;
        Ok(Self {
            folder,
            credential,
            options,
            now,
            service: Arc::new(kerberos_proto::Acceptor::new(keys)),
        })
    }

    /// Looks the ticket up in the cache.
    pub(super) fn cached(&self) -> Result<Credential, Box<dyn Error>> {
        let mut reader = CcacheFile::new(self.folder.join("cache")).open()?;
        let view = reader.next()?.ok_or("the cache is empty")?;
        Ok(view.to_credential())
    }

    /// Accepts `token`, an AP-REQ, as the service, without a replay cache.
    pub(super) fn accept(&self, token: &[u8]) -> Result<(Vec<u8>, Box<Context>), Box<dyn Error>> {
        let service = Arc::clone(&self.service);
        let mut acceptor = Acceptor::new(service, AcceptorOptions::default());
        let rng = &mut UnwrapErr(SysRng);
        match acceptor.step(token, &mut Everything, rng, self.now)? {
            Step::Done {
                send: Some(reply),
                context,
            } => Ok((reply, context)),
            _ => Err("an AP-REP was asked for".into()),
        }
    }

    /// Both ends of an established context: the initiator's and the acceptor's.
    pub(super) fn establish(
        &self,
        credential: &Credential,
    ) -> Result<(Box<Context>, Box<Context>), Box<dyn Error>> {
        let rng = &mut UnwrapErr(SysRng);
        let (mut initiator, step) = Initiator::start(credential, &self.options, rng, self.now)?;
        let Step::Continue(token) = step else {
            return Err("an AP-REP was asked for".into());
        };
        let (reply, theirs) = self.accept(&token)?;
        match initiator.step(&reply, rng, self.now)? {
            Step::Done { context, .. } => Ok((context, theirs)),
            Step::Continue(_) => Err("there is nothing more to say".into()),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
