//! Preauthentication by encrypted timestamp, and the hints for clients (RFC 4120 §5.2.7).

use kerberos_asn1::{
    Decode, Encode, EncryptedData, ErrorCode, EtypeInfo, EtypeInfo2Entry, EtypeInfoEntry, KdcReq,
    KdcReqBody, KerberosString, MethodData, PaData, PaDataType, PaEncTsEnc, SequenceOf,
};
use kerberos_crypto::KeyUsage;

use crate::builder::Hint;
use crate::database::{Entry, PrincipalKey};
use crate::fault::Fault;
use crate::kdc::{Kdc, Now};
use crate::reply::Refusal;
use crate::request::{decode_padded, find_padata};

/// Whether the client preauthenticated (RFC 4120 §5.2.7.2). An error if it had to, but did not.
pub(crate) fn check_preauth(
    kdc: &Kdc,
    client: &Entry,
    request: &KdcReq<'_>,
    now: Now,
) -> Result<bool, Refusal> {
    let needed = || {
        Refusal::new(ErrorCode::KDC_ERR_PREAUTH_REQUIRED, "NEEDED_PREAUTH")
            .with_data(preauth_methods(kdc, client, &request.req_body))
    };
    let Some(timestamp) = find_padata(request, PaDataType::ENC_TIMESTAMP) else {
        if !client.account.preauth {
            return Ok(false);
        }
        if kdc.faults.strikes(&Fault::NoMethodData) {
            return Err(Refusal::new(
                ErrorCode::KDC_ERR_PREAUTH_REQUIRED,
                "NEEDED_PREAUTH",
            ));
        }
        return Err(needed());
    };

    if kdc.faults.strikes(&Fault::PreauthExpired) {
        return Err(
            Refusal::new(ErrorCode::KDC_ERR_PREAUTH_EXPIRED, "PREAUTH_EXPIRED")
                .with_data(preauth_methods(kdc, client, &request.req_body)),
        );
    }
    let ordered = kdc.faults.find(|fault| match fault {
        Fault::ErrorAfterPreauth(code) => Some(*code),
        _ => None,
    });
    if let Some(code) = ordered {
        return Err(Refusal::new(code, "ORDERED_BY_TEST"));
    }

    let failed = || {
        Refusal::new(ErrorCode::KDC_ERR_PREAUTH_FAILED, "PREAUTH_FAILED")
            .with_data(preauth_methods(kdc, client, &request.req_body))
    };
    let sealed = EncryptedData::from_der(timestamp).map_err(|_| failed())?;
    let key = client
        .key_for(std::iter::once(sealed.etype))
        .ok_or_else(failed)?;
    let opened = key
        .key()
        .decrypt(KeyUsage::AS_REQ_PA_ENC_TIMESTAMP, sealed.cipher)
        .map_err(|_| failed())?;
    let time = decode_padded::<PaEncTsEnc>(&opened).ok_or_else(failed)?;
    let skew = time.patimestamp.unix().abs_diff(now.seconds);
    if skew > kdc.policy.clock_skew.as_secs() {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_SKEW, "PREAUTH_FAILED"));
    }
    Ok(true)
}

/// The hints for deriving the client's key, in the forms selected by the policy.
pub(crate) fn hints(kdc: &Kdc, keys: &[&PrincipalKey]) -> Vec<(PaDataType, Vec<u8>)> {
    let params = kdc.faults.find(|fault| match fault {
        Fault::HintedIterations(count) => Some(count.to_be_bytes().to_vec()),
        Fault::HintedS2kParams(params) => Some(params.clone()),
        _ => None,
    });
    let etype = kdc.faults.find(|fault| match fault {
        Fault::HintedEtype(etype) => Some(etype.0),
        _ => None,
    });
    let salt = kdc.faults.find(|fault| match fault {
        Fault::HintedSalt(salt) => Some(salt.clone()),
        _ => None,
    });
    let entries: Vec<EtypeInfo2Entry<'_>> = keys
        .iter()
        .map(|key| EtypeInfo2Entry {
            etype: etype.unwrap_or(key.etype().0),
            salt: salt.as_deref().or(key.salt()).map(KerberosString::from),
            s2kparams: params.as_deref().or(key.s2kparams()),
        })
        .collect();
    let Some(first) = entries.first() else {
        return Vec::new();
    };

    let mut hints = Vec::new();
    for hint in &kdc.policy.hints {
        match hint {
            Hint::EtypeInfo2 => {
                let list = SequenceOf::from(entries.as_slice());
                hints.push((PaDataType::ETYPE_INFO2, list.to_der()));
            }
            Hint::EtypeInfo => {
                let list: EtypeInfo<'_> = entries
                    .iter()
                    .map(|entry| EtypeInfoEntry {
                        etype: entry.etype,
                        salt: entry.salt.map(KerberosString::as_bytes),
                    })
                    .collect();
                hints.push((PaDataType::ETYPE_INFO, list.to_der()));
            }
            Hint::PwSalt => {
                let salt = first.salt.map(|salt| salt.0.to_vec());
                hints.extend(salt.map(|salt| (PaDataType::PW_SALT, salt)));
            }
        }
    }
    hints
}

pub(crate) fn method_data(methods: &[(PaDataType, Vec<u8>)]) -> MethodData<'_> {
    methods
        .iter()
        .map(|(padata_type, value)| PaData {
            padata_type: *padata_type,
            padata_value: value,
        })
        .collect()
}

/// The encoded METHOD-DATA of KDC_ERR_PREAUTH_REQUIRED (RFC 4120 §5.9.1).
fn preauth_methods(kdc: &Kdc, client: &Entry, body: &KdcReqBody<'_>) -> Vec<u8> {
    if kdc.faults.strikes(&Fault::MalformedMethodData) {
        return b"\x30\x80 not METHOD-DATA".to_vec();
    }
    let mut methods: Vec<(PaDataType, Vec<u8>)> = Vec::new();
    if kdc.faults.strikes(&Fault::UnknownPreauthOnly) {
        methods.push((PaDataType(9999), b"?".to_vec()));
        return method_data(&methods).to_der();
    }
    let keys: Vec<&PrincipalKey> = body
        .etype
        .iter()
        .filter_map(|etype| client.key_for(std::iter::once(etype)))
        .collect();
    methods.extend(hints(kdc, &keys));
    methods.push((PaDataType::ENC_TIMESTAMP, Vec::new()));
    methods.push((PaDataType::FX_COOKIE, b"a cookie".to_vec()));
    method_data(&methods).to_der()
}
