//! The same messages in the peers' types.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::hint::black_box;

use kerbcore::messages as core;
use kerberos_parser::krb5_parser as parser;
use picky_krb::messages as picky;

use crate::harness::Contestant;
use crate::remote::Remote;

/// A message in the peers' types; `None` for a peer that does not support it.
pub(super) struct Peers<'a, R, P, C> {
    bytes: &'a [u8],
    rasn: R,
    picky: P,
    parses: fn(&[u8]) -> bool,
    kerbcore: C,
    decode: fn(&[u8]) -> Option<C>,
    encode: Option<fn(&C) -> Vec<u8>>,
}

impl<'a, R, P, C> Peers<'a, R, P, C>
where
    R: rasn::Decode + rasn::Encode,
    P: serde::de::DeserializeOwned + serde::Serialize,
{
    fn new(
        bytes: &'a [u8],
        parses: fn(&[u8]) -> bool,
        decode: fn(&[u8]) -> Option<C>,
        encode: Option<fn(&C) -> Vec<u8>>,
    ) -> Result<Self, Box<dyn Error>> {
        if !parses(bytes) {
            return Err("kerberos-parser does not take the message".into());
        }
        Ok(Self {
            bytes,
            rasn: rasn::der::decode(bytes).map_err(|error| format!("rasn-kerberos: {error}"))?,
            picky: picky_asn1_der::from_bytes(bytes)?,
            parses,
            kerbcore: decode(bytes).ok_or("kerbcore does not take the message")?,
            decode,
            encode,
        })
    }

    /// Adds each peer's operations to `decoding` and `encoding`.
    pub(super) fn add<'b>(
        &'b self,
        name: &'static str,
        rskrb5: &'b RefCell<Remote>,
        decoding: &mut Vec<Contestant<'b>>,
        encoding: &mut Vec<Contestant<'b>>,
    ) {
        let (bytes, decode) = (self.bytes, self.decode);
        let mut load = format!("load {name} ");
        for byte in bytes {
            let _ = write!(load, "{byte:02x}");
        }
        rskrb5.borrow_mut().measure(&load);
        let remote = |verb| {
            let turn = move |count| {
                rskrb5
                    .borrow_mut()
                    .measure(&format!("{verb} {name} {count}"))
            };
            Contestant::remote("rskrb5 0.2", turn)
        };
        decoding.extend([
            Contestant::new("rasn-kerberos 0.30", move || {
                rasn::der::decode::<R>(black_box(bytes))
            }),
            Contestant::new("picky-krb 0.13", move || {
                picky_asn1_der::from_bytes::<P>(black_box(bytes))
            }),
            Contestant::new("kerberos-parser 0.9", || (self.parses)(black_box(bytes))),
            Contestant::new("kerbcore 0.3", move || decode(black_box(bytes))),
            remote("decode"),
        ]);
        encoding.extend([
            Contestant::new("rasn-kerberos 0.30", || {
                rasn::der::encode(black_box(&self.rasn))
            }),
            Contestant::new("picky-krb 0.13", || {
                picky_asn1_der::to_vec(black_box(&self.picky))
            }),
            remote("encode"),
        ]);
        if let Some(encode) = self.encode {
            let work = move || encode(black_box(&self.kerbcore));
            encoding.push(Contestant::new("kerbcore 0.3", work));
        }
    }
}

type Message<'a, R, P, C> = Result<Peers<'a, R, P, C>, Box<dyn Error>>;

pub(super) fn as_rep(
    bytes: &[u8],
) -> Message<'_, rasn_kerberos::AsRep, picky::AsRep, core::KdcRep> {
    Peers::new(
        bytes,
        |bytes| took(parser::parse_as_rep(bytes)),
        |bytes| core::KdcRep::decode(bytes).ok(),
        Some(core::KdcRep::encode),
    )
}

pub(super) fn tgs_rep(
    bytes: &[u8],
) -> Message<'_, rasn_kerberos::TgsRep, picky::TgsRep, core::KdcRep> {
    Peers::new(
        bytes,
        |bytes| took(parser::parse_tgs_rep(bytes)),
        |bytes| core::KdcRep::decode(bytes).ok(),
        Some(core::KdcRep::encode),
    )
}

#[expect(
    deprecated,
    reason = "the replacement needs a trait of a crate that is not re-exported"
)]
pub(super) fn ap_req(
    bytes: &[u8],
) -> Message<'_, rasn_kerberos::ApReq, picky::ApReq, kerbcore::acceptor::ApReq> {
    Peers::new(
        bytes,
        |bytes| took(parser::parse_ap_req(bytes)),
        |bytes| kerbcore::acceptor::parse_ap_req(bytes).ok(),
        None,
    )
}

#[expect(
    deprecated,
    reason = "the replacement needs a trait of a crate that is not re-exported"
)]
pub(super) fn krb_error(
    bytes: &[u8],
) -> Message<'_, rasn_kerberos::KrbError, picky::KrbError, core::KrbError> {
    Peers::new(
        bytes,
        |bytes| took(parser::parse_krb_error(bytes)),
        |bytes| core::KrbError::decode(bytes).ok(),
        Some(core::KrbError::encode),
    )
}

fn took<T, E: Debug>(parsed: Result<T, E>) -> bool {
    black_box(parsed).is_ok()
}
