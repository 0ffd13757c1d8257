//! The messages of the KCM protocol, independent of the socket.
//!
//! ```text
//! request  u32 length, u8 2, u8 0, u16 operation, parameters
//! reply    u32 length, u32 status; if that is 0 as many bytes: u32 status, results
//! ```
//! Integers are big-endian, names end with a NUL, and principals and credentials have the encoding
//! of version 4 of the file format. A UUID has 16 bytes, and lists of them extend to the end of the
//! message.

use zeroize::Zeroizing;

use crate::ccache::{HEADER_STYLE, KcmError};
use crate::wire::{Cursor, Short};

/// The operations. The parameters of all of them, except the lists of the user's caches, begin with
/// a cache's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::ccache) enum Operation {
    GenNew = 3,
    Initialize = 4,
    Destroy = 5,
    Store = 6,
    GetPrincipal = 8,
    GetCredUuidList = 9,
    GetCredByUuid = 10,
    GetCacheUuidList = 18,
    GetCacheByUuid = 19,
    GetDefaultCache = 20,
    SetDefaultCache = 21,
    GetKdcOffset = 22,
    SetKdcOffset = 23,
    /// An extension by MIT, like the next one.
    GetCredList = 13_001,
    Replace = 13_002,
}

/// The results of a successful operation.
pub(in crate::ccache) struct Reply(Zeroizing<Vec<u8>>);

/// The request for `operation` with the concatenated parameters `parts`.
pub(super) fn request(operation: Operation, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>() + HEAD;
    let announced = u32::try_from(length).ok()?;
    // Allocated with the right size: it contains session keys, which a growing vector would leave
    // behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 + length));
    bytes.extend_from_slice(&announced.to_be_bytes());
    bytes.extend_from_slice(&VERSION);
    bytes.extend_from_slice(&(operation as u16).to_be_bytes());
    for part in parts {
        bytes.extend_from_slice(part);
    }
    Some(bytes)
}

impl Reply {
    /// The reply with this `body`, which begins with the status.
    pub(in crate::ccache) fn new(body: Zeroizing<Vec<u8>>) -> Result<Self, KcmError> {
        let reply = Self(body);
        let status = *reply
            .0
            .first_chunk()
            .ok_or(KcmError::Malformed { field: "status" })?;
        match i32::from_be_bytes(status) {
            0 => Ok(reply),
            code => Err(KcmError::Refused { code }),
        }
    }

    /// All results, unparsed.
    pub(in crate::ccache) fn rest(&self) -> &[u8] {
        self.0.get(4..).unwrap_or_default()
    }

    /// The reply as a name.
    pub(in crate::ccache) fn name(&self) -> Result<String, KcmError> {
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == 0);
        end.and_then(|end| rest.get(..end))
            .and_then(|name| str::from_utf8(name).ok())
            .map(str::to_owned)
            .ok_or(KcmError::Malformed { field: "name" })
    }

    /// The number at the start of the reply.
    pub(in crate::ccache) fn number(&self) -> Result<u32, KcmError> {
        Cursor::new(self.rest(), HEADER_STYLE)
            .u32("number")
            .map_err(malformed)
    }

    /// The reply as a list of UUIDs.
    pub(in crate::ccache) fn uuids(&self) -> Result<impl Iterator<Item = &[u8]>, KcmError> {
        let uuids = self.rest().chunks_exact(UUID);
        if uuids.remainder().is_empty() {
            Ok(uuids)
        } else {
            Err(KcmError::Malformed {
                field: "whole list of UUIDs",
            })
        }
    }

    /// The reply as a list of credentials, each in the encoding of the file format.
    pub(in crate::ccache) fn credentials(
        &self,
    ) -> Result<impl Iterator<Item = Result<&[u8], KcmError>>, KcmError> {
        let mut cursor = Cursor::new(self.rest(), HEADER_STYLE);
        let count = cursor.u32("number of credentials").map_err(malformed)?;
        // A truncated credential ends the list.
        let mut sound = true;
        Ok((0..count).map_while(move |_| {
            if !sound {
                return None;
            }
            let record = cursor.data("credential").map_err(malformed);
            sound = record.is_ok();
            Some(record)
        }))
    }
}

fn malformed(short: Short) -> KcmError {
    KcmError::Malformed { field: short.field }
}

/// The version of the protocol.
const VERSION: [u8; 2] = [2, 0];
/// The length of a request without parameters.
const HEAD: usize = 4;
/// The length of a UUID.
const UUID: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &[u8]) -> Result<Reply, String> {
        Reply::new(Zeroizing::new(body.to_vec())).map_err(|error| error.to_string())
    }

    #[test]
    fn requests_have_the_expected_bytes() {
        let bytes = request(Operation::GetCredByUuid, &[b"0\0", &[7; 16]]).unwrap();
        let expected = [&b"\x00\x00\x00\x16\x02\x00\x00\x0a0\x00"[..], &[7; 16]].concat();
        assert_eq!(*bytes, expected);
        let bytes = request(Operation::Replace, &[]).unwrap();
        assert_eq!(*bytes, b"\x00\x00\x00\x04\x02\x00\x32\xca");
    }

    #[test]
    fn replies_are_parsed_and_malformed_ones_refused() {
        let malformed = "Malformed reply from KCM daemon";
        assert_eq!(reply(b"\0\0\0").err().unwrap(), malformed);
        let refused = reply(&(-1_765_328_189_i32).to_be_bytes()).err().unwrap();
        assert_eq!(refused, "No credentials cache found");
        assert_eq!(reply(&[0, 0, 0, 111]).err().unwrap(), "Connection refused");
        assert_eq!(
            reply(&[0, 1, 0, 0]).err().unwrap(),
            "KCM daemon refuses, error 65536"
        );

        let name = |body: &[u8]| {
            reply(body)
                .unwrap()
                .name()
                .map_err(|error| error.to_string())
        };
        assert_eq!(name(b"\0\0\0\0uid:0\0rest"), Ok("uid:0".to_owned()));
        assert_eq!(name(b"\0\0\0\0uid:0"), Err(malformed.to_owned()));
        assert_eq!(name(b"\0\0\0\0\xff\0"), Err(malformed.to_owned()));

        let uuids = |body: &[u8]| reply(body).unwrap().uuids().map(Iterator::count).ok();
        assert_eq!(uuids(&[0; 4]), Some(0));
        assert_eq!(uuids(&[0; 36]), Some(2));
        assert_eq!(uuids(&[0; 35]), None);
    }

    #[test]
    fn truncated_credential_list_ends_with_an_error() {
        let lengths = |body: &[u8]| -> Option<Vec<Option<usize>>> {
            let reply = reply(&[&[0; 4], body].concat()).unwrap();
            let list = reply.credentials().ok()?;
            Some(list.map(|record| record.ok().map(<[u8]>::len)).collect())
        };
        assert_eq!(lengths(b"\0\0\0"), None);
        assert_eq!(lengths(&[0; 4]), Some(Vec::new()));
        let two = b"\0\0\0\x02\0\0\0\x01a\0\0\0\x02bc";
        assert_eq!(lengths(two), Some(vec![Some(1), Some(2)]));
        assert_eq!(lengths(&two[..14]), Some(vec![Some(1), None]));
        assert_eq!(lengths(&[0xff; 12]), Some(vec![None]));
    }
}
