//! DELEGATION_INFO: the services that have acted for the client (S4U_DELEGATION_INFO, MS-PAC §2.9).

use alloc::string::String;
use alloc::vec::Vec;

use super::error::Fault;
use super::ndr::NdrReader;

/// The services that have acted for the client, from a ticket of constrained delegation
/// (S4U2Proxy).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct DelegationInfo {
    /// The service that the ticket is for.
    pub s4u2proxy_target: String,
    /// The services that have acted for the client, in order.
    pub transited_services: Vec<String>,
}

impl DelegationInfo {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let ndr = &mut NdrReader::new(bytes)?;
        let target = ndr.text_header()?;
        let (count, present) = (ndr.u32()?, ndr.pointer()?);
        let s4u2proxy_target = ndr.text(target)?;
        let transited_services = match ndr.array(count, present)? {
            None => Vec::new(),
            Some(count) => {
                let headers = ndr.elements(count, NdrReader::text_header)?;
                let texts = headers.into_iter().map(|header| ndr.text(header));
                texts.collect::<Result<_, _>>()?
            }
        };
        Ok(Self {
            s4u2proxy_target,
            transited_services,
        })
    }
}
