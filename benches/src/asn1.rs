//! Decoding and encoding the most frequent messages of clients and services, in the sizes of MIT's
//! KDC with aes256-cts-hmac-sha1-96.

use std::error::Error;
use std::hint::black_box;

use kerberos_asn1::{ApReq, AsRep, Decode, Encode, KrbError, TgsRep};

use crate::harness::{Contestant, compare};

mod messages;
#[cfg(feature = "peers")]
mod peers;

/// Measures this subject.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    #[cfg(feature = "peers")]
    let rskrb5 = crate::rskrb5::start()?;
    /// Ours, then the peers that support the message.
    macro_rules! measure {
        ($name:literal, $bytes:expr, $ours:ty, $peers:ident) => {
            let bytes: Vec<u8> = $bytes;
            let decoded = <$ours>::from_der(&bytes)?;
            #[cfg(feature = "peers")]
            let messages = peers::$peers(&bytes)?;
            let decode = || <$ours>::from_der(black_box(&bytes));
            let mut decoding = vec![Contestant::new("kerberos_asn1", decode)];
            let encode = || black_box(&decoded).to_der();
            let mut encoding = vec![Contestant::new("kerberos_asn1", encode)];
            #[cfg(feature = "peers")]
            messages.add($name, &rskrb5, &mut decoding, &mut encoding);
            compare(
                &format!("{} decode, {} bytes", $name, bytes.len()),
                &mut decoding,
            );
            compare(
                &format!("{} encode, {} bytes", $name, bytes.len()),
                &mut encoding,
            );
        };
    }
    measure!("AS-REP", messages::as_rep()?, AsRep<'_>, as_rep);
    measure!("TGS-REP", messages::tgs_rep()?, TgsRep<'_>, tgs_rep);
    measure!("AP-REQ", messages::ap_req()?, ApReq<'_>, ap_req);
    measure!("KRB-ERROR", messages::krb_error(), KrbError<'_>, krb_error);
    Ok(())
}
