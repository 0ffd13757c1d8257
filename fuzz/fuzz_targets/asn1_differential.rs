//! Compares our decoder with two others: primitives with `der`, which is as strict as ours, and
//! messages with `rasn-kerberos`. The first byte chooses.
#![no_main]

use core::fmt::Debug;

use kerberos_asn1::{AsRep, AsReq, Decode, Encode, KerberosTime, KrbError, TgsReq};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, bytes)) = input.split_first() else {
        return;
    };
    match choice % 9 {
        0 => same(ours::<i32>(bytes), theirs::<i32>(bytes)),
        1 => unsigned(bytes),
        2 => same(ours::<bool>(bytes), theirs::<bool>(bytes)),
        3 => same(
            ours::<&[u8]>(bytes),
            theirs::<&der::asn1::OctetStringRef>(bytes).map(|octets| octets.as_bytes()),
        ),
        4 => time(bytes),
        5 => message::<AsRep<'_>, rasn_kerberos::AsRep>(bytes, |_| {}),
        6 => message::<KrbError<'_>, rasn_kerberos::KrbError>(bytes, |_| {}),
        7 => message::<AsReq<'_>, rasn_kerberos::AsReq>(bytes, |message| flags(&mut message.0)),
        _ => message::<TgsReq<'_>, rasn_kerberos::TgsReq>(bytes, |message| flags(&mut message.0)),
    }
});

fn ours<'a, T: Decode<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::from_der(bytes).ok()
}

fn theirs<'a, T: der::Decode<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::from_der(bytes).ok()
}

fn same<T: PartialEq + Debug>(ours: Option<T>, theirs: Option<T>) {
    assert_eq!(ours, theirs);
}

/// Ours also accepts negative numbers, with the same 32 bits.
fn unsigned(bytes: &[u8]) {
    let negative = ours::<i32>(bytes).filter(|&value| value < 0);
    same(
        ours::<u32>(bytes),
        theirs::<u32>(bytes).or(negative.map(i32::cast_unsigned)),
    );
}

/// The other implementation starts at 1970.
fn time(bytes: &[u8]) {
    let theirs = theirs::<der::asn1::GeneralizedTime>(bytes)
        .and_then(|time| i64::try_from(time.to_unix_duration().as_secs()).ok());
    same(
        ours::<KerberosTime>(bytes)
            .map(KerberosTime::unix)
            .filter(|&unix| unix >= 0),
        theirs,
    );
}

/// If both accept a message, and one of them writes it back unchanged, both write the same bytes.
///
/// They do not accept the same messages: the other one checks neither version nor message type, and
/// supports neither negative 32-bit numbers nor fields that were added later. `alter` removes what
/// only the other one preserves.
fn message<'a, Ours, Theirs>(bytes: &'a [u8], alter: fn(&mut Theirs))
where
    Ours: Decode<'a> + Encode,
    Theirs: rasn::Decode + rasn::Encode,
{
    let ours = ours::<Ours>(bytes).map(|message| message.to_der());
    let theirs = rasn::der::decode::<Theirs>(bytes)
        .ok()
        .and_then(|mut message| {
            alter(&mut message);
            rasn::der::encode(&message).ok()
        });
    if let (Some(ours), Some(theirs)) = (ours, theirs)
        && (ours == bytes || theirs == bytes)
    {
        assert_eq!(ours, theirs);
    }
}

/// RFC 4120 §5.2.8: flags are 32 bits on the wire. Ours accepts fewer and more, and writes 32.
fn flags(request: &mut rasn_kerberos::KdcReq) {
    request.req_body.kdc_options.0.resize(32, false);
}
