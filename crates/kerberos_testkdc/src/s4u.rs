//! Tickets on behalf of users: S4U2Self and S4U2Proxy (MS-SFU), also across realms.
//!
//! There are no PACs here. A real KDC finds the user of another realm's TGT in the PAC; this one
//! uses an element of authorization data of its own.

use kerberos_asn1::{
    AuthorizationData, AuthorizationDataEntry, AuthorizationDataType, EncTicketPart, KdcOptions,
    KdcReq, KerberosString, MethodData, NameType, PaData, PaDataType, PrincipalName, Realm,
    SequenceOf,
};
use kerberos_crypto::Key;

use crate::database::Entry;
use crate::fault::{Fault, S4uFault};
use crate::kdc::Kdc;
use crate::reply::Refusal;

mod proxy;
mod to_self;

use proxy::by_proxy;
use to_self::{requested_user, to_self};

/// The parts of a request with a TGT that S4U needs.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a KdcReq<'a>,
    pub(crate) tgt: &'a EncTicketPart<'a>,
    /// The realm that issued the TGT.
    pub(crate) issuer: Realm<'a>,
    pub(crate) session: &'a Key,
    /// The subkey, or else the session key.
    pub(crate) key: &'a Key,
    /// The service of the granted ticket: the requested one, or a ticket-granting service on the
    /// way to it.
    pub(crate) server: &'a Entry,
}

/// What is special about a ticket on behalf of a user.
pub(crate) struct Granted {
    client: (Vec<String>, String),
    name_type: NameType,
    pub(crate) forwardable: bool,
    padata: Vec<(PaDataType, Vec<u8>)>,
    encrypted: Vec<(PaDataType, Vec<u8>)>,
    /// The user whom a TGT of another realm is about.
    subject: Option<String>,
}

impl Granted {
    /// What to grant for `asked`, if it is on behalf of a user or its TGT is.
    pub(crate) fn new(kdc: &Kdc, asked: &Asked<'_>) -> Result<Option<Self>, Refusal> {
        let options = asked.request.req_body.kdc_options;
        if options.contains(KdcOptions::CNAME_IN_ADDL_TKT) {
            return by_proxy(kdc, asked).map(Some);
        }
        if let Some((user, x509)) = requested_user(asked)? {
            if kdc.faults.strikes(&Fault::S4u(S4uFault::Ignored)) {
                return Ok(None);
            }
            return to_self(kdc, asked, user, x509).map(Some);
        }
        // On the way to the target's realm.
        Ok(subject(asked.tgt).map(|subject| Self {
            subject: Some(subject),
            ..Self::of_requester(asked)
        }))
    }

    /// A ticket in the requester's own name.
    fn of_requester(asked: &Asked<'_>) -> Self {
        Self {
            client: named(&asked.tgt.cname, asked.tgt.crealm),
            name_type: asked.tgt.cname.name_type,
            forwardable: true,
            padata: Vec::new(),
            encrypted: Vec::new(),
            subject: None,
        }
    }

    pub(crate) fn client(&self) -> (PrincipalName<'_>, Realm<'_>) {
        let (components, realm) = &self.client;
        let components = components.iter().map(String::as_str);
        let name = PrincipalName {
            name_type: self.name_type,
            name_string: components.map(KerberosString::from).collect(),
        };
        (name, realm.as_str().into())
    }

    pub(crate) fn padata(&self) -> Option<MethodData<'_>> {
        list(&self.padata)
    }

    pub(crate) fn encrypted(&self) -> Option<MethodData<'_>> {
        list(&self.encrypted)
    }

    pub(crate) fn authorization_data(&self) -> Option<AuthorizationData<'_>> {
        self.subject.as_ref().map(|subject| {
            SequenceOf::from(vec![AuthorizationDataEntry {
                ad_type: SUBJECT,
                ad_data: subject.as_bytes(),
            }])
        })
    }
}

/// The user whom a TGT is about.
fn subject(tgt: &EncTicketPart<'_>) -> Option<String> {
    let elements = tgt.authorization_data.as_ref()?;
    let element = elements.iter().find(|one| one.ad_type == SUBJECT)?;
    Some(text(element.ad_data))
}

fn list(padata: &[(PaDataType, Vec<u8>)]) -> Option<MethodData<'_>> {
    let wire = padata.iter().map(|(padata_type, value)| PaData {
        padata_type: *padata_type,
        padata_value: value,
    });
    (!padata.is_empty()).then(|| wire.collect())
}

fn components(name: &PrincipalName<'_>) -> Vec<String> {
    name.name_string.iter().map(|one| text(one.0)).collect()
}

fn named(name: &PrincipalName<'_>, realm: Realm<'_>) -> (Vec<String>, String) {
    (components(name), text(realm.0))
}

fn full_name(components: &[String], realm: &str) -> String {
    format!("{}@{realm}", components.join("/"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Replaces the PAC: the user whom a TGT of another realm is about.
const SUBJECT: AuthorizationDataType = AuthorizationDataType(-4242);
