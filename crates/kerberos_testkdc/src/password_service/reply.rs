//! The answers of the kpasswd service: AP-REP and result, or a KRB-ERROR, in their frame (RFC 3244
//! §2).

use kerberos_asn1::{
    AddressType, ApRep, Authenticator, EncApRepPart, EncKrbPrivPart, Encode, EncryptedData,
    EncryptionKey, HostAddress, KerberosTime, KrbError, KrbPriv, Microseconds, NameType,
    PrincipalName, SequenceOf,
};
use kerberos_crypto::{Key, KeyUsage};

use super::{CHANGE, Refusal};
use crate::fault::PasswordFault;
use crate::kdc::{Kdc, Now};

impl Kdc {
    /// The AP-REP and the result, with the faults that apply.
    pub(super) fn reply(
        &self,
        session: &Key,
        subkey: &Key,
        authenticator: &Authenticator<'_>,
        request: &[u8],
        data: &[u8],
    ) -> Vec<u8> {
        let strikes = |fault| self.password_fault(fault);
        let number = 0x2a2a_2a2a;
        // Like MIT's service, it proposes a subkey, which is not used here.
        let proposed = self.with_rng(|rng| Key::generate(session.etype(), rng));
        let part = EncApRepPart {
            ctime: authenticator.ctime,
            cusec: Microseconds(
                authenticator.cusec.0 ^ u32::from(strikes(PasswordFault::WrongTime)),
            ),
            subkey: proposed.as_ref().ok().map(|key| EncryptionKey {
                keytype: key.etype().0,
                keyvalue: key.expose_bytes(),
            }),
            seq_number: Some(number),
        }
        .to_der();
        let seal =
            |key: &Key, usage, part: &[u8]| self.with_rng(|rng| key.encrypt(usage, part, rng));
        let cipher = seal(session, KeyUsage::AP_REP_ENC_PART, &part);
        let ap_rep = ApRep {
            enc_part: encrypted(session, &cipher),
        }
        .to_der();

        let part = EncKrbPrivPart {
            user_data: data,
            timestamp: None,
            usec: None,
            seq_number: Some(number ^ u32::from(strikes(PasswordFault::WrongNumber))),
            s_address: HostAddress {
                addr_type: AddressType::IPV4,
                address: &[127, 0, 0, 1],
            },
            r_address: None,
        }
        .to_der();
        let key = match &proposed {
            _ if strikes(PasswordFault::SessionKey) => session,
            Ok(proposed) if strikes(PasswordFault::WrongKey) => proposed,
            _ => subkey,
        };
        let cipher = seal(key, KeyUsage::KRB_PRIV_ENC_PART, &part);
        let private = KrbPriv {
            enc_part: encrypted(key, &cipher),
        }
        .to_der();
        let echo = strikes(PasswordFault::Echo);
        self.frame(&ap_rep, if echo { request } else { &private })
    }

    fn frame(&self, ap_rep: &[u8], rest: &[u8]) -> Vec<u8> {
        let length = |length: usize| u16::try_from(length).unwrap_or(u16::MAX);
        let lie =
            |pick: fn(&PasswordFault) -> Option<u16>, honest| self.fault(pick).unwrap_or(honest);
        let version = lie(
            |fault| match fault {
                PasswordFault::Version(version) => Some(*version),
                _ => None,
            },
            CHANGE,
        );
        let total = lie(
            |fault| match fault {
                PasswordFault::Length(total) => Some(*total),
                _ => None,
            },
            length(6 + ap_rep.len() + rest.len()),
        );
        let ap_length = lie(
            |fault| match fault {
                PasswordFault::ApLength(ap_length) => Some(*ap_length),
                _ => None,
            },
            length(ap_rep.len()),
        );
        let numbers = [total, version, ap_length].map(u16::to_be_bytes).concat();
        [&numbers, ap_rep, rest].concat()
    }

    pub(super) fn error(&self, refusal: &Refusal, now: Now) -> Vec<u8> {
        let error = KrbError {
            ctime: None,
            cusec: None,
            stime: KerberosTime::from_unix(now.seconds),
            susec: Some(Microseconds(now.microseconds)),
            error_code: refusal.code,
            crealm: None,
            cname: None,
            realm: self.realm.as_str().into(),
            sname: PrincipalName {
                name_type: NameType::PRINCIPAL,
                name_string: SequenceOf::from(vec!["kadmin".into(), "changepw".into()]),
            },
            e_text: None,
            e_data: refusal.data.as_deref(),
        }
        .to_der();
        if refusal.framed {
            self.frame(b"", &error)
        } else {
            error
        }
    }
}

fn encrypted<'a>(key: &Key, cipher: &'a [u8]) -> EncryptedData<'a> {
    EncryptedData {
        etype: key.etype().0,
        kvno: None,
        cipher,
    }
}
