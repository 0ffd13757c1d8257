//! MIT's reference encodings (`tests/asn.1/reference_encode.out` of krb5): every line that is a
//! type of `kerberos_asn1` decodes and encodes to the same bytes. All other lines are listed here.
//!
//! The data is not part of this repository; without it the tests are listed as ignored.

use std::fs;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use vectors::asn1;

const FILE: &str = "mit-asn1/reference_encode.out";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let missing = vectors::is_missing(FILE);
    if missing && !arguments.list {
        eprintln!(
            "{FILE} was not found, so its tests are ignored: `cargo xtask install` fetches it"
        );
    }
    let mut trials: Vec<Trial> = OURS
        .iter()
        .map(|&(line, kind)| Trial::test(line, move || round_trip(line, kind)))
        .collect();
    trials.push(Trial::test(
        "every_line_is_tested_or_listed_as_unsupported",
        every_line_is_tested_or_listed_as_unsupported,
    ));
    let trials = trials
        .into_iter()
        .map(|trial| trial.with_ignored_flag(missing))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The line named `line` is a `kind`, byte for byte.
fn round_trip(line: &str, kind: &str) -> Result<(), Failed> {
    let kind = asn1::kind(kind).ok_or("no such kind")?;
    let (_, bytes) = lines()?
        .into_iter()
        .find(|(name, _)| name == line)
        .ok_or("no such line")?;
    let again = asn1::check(kind, &bytes).map_err(|error| error.to_string())?;
    if again == bytes {
        Ok(())
    } else {
        Err(format!("{bytes:02x?} became {again:02x?}").into())
    }
}

/// No line of the file is missing here, and no name here is missing in the file.
fn every_line_is_tested_or_listed_as_unsupported() -> Result<(), Failed> {
    let mut expected: Vec<&str> = OURS
        .iter()
        .map(|&(line, _)| line)
        .chain(NOT_OURS_YET.iter().copied())
        .collect();
    let lines = lines()?;
    let mut found: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 78);
    Ok(())
}

/// The lines of the file, `encode_krb5_NAME: XX XX …`, as name and bytes.
fn lines() -> Result<Vec<(String, Vec<u8>)>, Failed> {
    let path = vectors::published(FILE).ok_or("not found: `cargo xtask install` fetches it")?;
    let text = fs::read_to_string(path)?;
    let lines = text.lines().map(|line| {
        let (name, hex) = line
            .strip_prefix("encode_krb5_")?
            .split_once(": ")
            .or_else(|| {
                // An empty encoding has nothing after the colon.
                Some((line.strip_prefix("encode_krb5_")?.strip_suffix(':')?, ""))
            })?;
        Some((name.to_owned(), vectors::unhex(hex)?))
    });
    lines
        .collect::<Option<_>>()
        .ok_or_else(|| "malformed line".into())
}

/// The lines that are types of `kerberos_asn1`, and their types.
const OURS: &[(&str, &str)] = &[
    ("authenticator", "Authenticator"),
    ("authenticator(optionals empty)", "Authenticator"),
    ("authenticator(optionals NULL)", "Authenticator"),
    ("ticket", "RawTicket"),
    ("keyblock", "EncryptionKey"),
    ("enc_tkt_part", "EncTicketPart"),
    ("enc_tkt_part(optionals NULL)", "EncTicketPart"),
    ("enc_kdc_rep_part", "EncTgsRepPart"),
    ("enc_kdc_rep_part(optionals NULL)", "EncTgsRepPart"),
    ("as_rep", "AsRep"),
    ("as_rep(optionals NULL)", "AsRep"),
    ("tgs_rep", "TgsRep"),
    ("tgs_rep(optionals NULL)", "TgsRep"),
    ("ap_req", "ApReq"),
    ("ap_rep", "ApRep"),
    ("ap_rep_enc_part", "EncApRepPart"),
    ("ap_rep_enc_part(optionals NULL)", "EncApRepPart"),
    ("as_req", "AsReq"),
    ("as_req(optionals NULL except second_ticket)", "AsReq"),
    ("as_req(optionals NULL except server)", "AsReq"),
    ("tgs_req", "TgsReq"),
    ("tgs_req(optionals NULL except second_ticket)", "TgsReq"),
    ("tgs_req(optionals NULL except server)", "TgsReq"),
    ("kdc_req_body", "KdcReqBody"),
    (
        "kdc_req_body(optionals NULL except second_ticket)",
        "KdcReqBody",
    ),
    ("kdc_req_body(optionals NULL except server)", "KdcReqBody"),
    ("safe", "KrbSafe"),
    ("safe(optionals NULL)", "KrbSafe"),
    ("priv", "KrbPriv"),
    ("enc_priv_part", "EncKrbPrivPart"),
    ("enc_priv_part(optionals NULL)", "EncKrbPrivPart"),
    ("cred", "KrbCred"),
    ("enc_cred_part", "EncKrbCredPart"),
    ("enc_cred_part(optionals NULL)", "EncKrbCredPart"),
    ("error", "KrbError"),
    ("error(optionals NULL)", "KrbError"),
    ("authorization_data", "AuthorizationData"),
    ("padata_sequence", "MethodData"),
    ("typed_data", "TypedData"),
    ("padata_sequence(empty)", "MethodData"),
    ("etype_info", "EtypeInfo"),
    ("etype_info(only 1)", "EtypeInfo"),
    ("etype_info(no info)", "EtypeInfo"),
    ("etype_info2", "EtypeInfo2"),
    ("etype_info2(only 1)", "EtypeInfo2"),
    ("pa_enc_ts", "PaEncTsEnc"),
    ("pa_enc_ts (no usec)", "PaEncTsEnc"),
    ("enc_data", "EncryptedData"),
    ("enc_data(MSB-set kvno)", "EncryptedData"),
    ("enc_data(kvno=-1)", "EncryptedData"),
    ("ad_kdcissued", "AdKdcIssued"),
    ("cammac(optionals NULL)", "AdCammac"),
    ("cammac", "AdCammac"),
    ("pa_for_user", "PaForUser"),
    ("pa_s4u_x509_user", "PaS4uX509User"),
    ("kkdcp_message", "KdcProxyMessage"),
];

/// The lines that belong to protocols which are not implemented yet.
const NOT_OURS_YET: &[&str] = &[
    // SAM, an expired draft.
    "sam_challenge_2",
    "sam_challenge_2_body",
    "sam_response_2",
    "enc_sam_response_enc_2",
    // IAKERB, a draft.
    "iakerb_header",
    "iakerb_finished",
    // FAST (RFC 6113).
    "fast_response",
    "pa_fx_fast_reply",
    // OTP (RFC 6560).
    "otp_tokeninfo(optionals NULL)",
    "otp_tokeninfo",
    "pa_otp_challenge(optionals NULL)",
    "pa_otp_challenge",
    "pa_otp_req(optionals NULL)",
    "pa_otp_req",
    "pa_otp_enc_req",
    // MIT's own cookie.
    "secure_cookie",
    // SPAKE (RFC 9588).
    "spake_factor(optionals NULL)",
    "spake_factor",
    "pa_spake(support)",
    "pa_spake(challenge)",
    "pa_spake(response)",
    "pa_spake(encdata)",
];
