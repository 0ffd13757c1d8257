//! A ticket in the documents of klist, kvno and kinit.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use kerberos_asn1::{AddressType, Decode as _, KerberosTime, Ticket, TicketFlags};
use kerberos_crypto::EncryptionType;
use kerberos_proto::{Credential, HostAddress, Principal};

use crate::output::hex;
use crate::output::json::{Object, push_array, push_text};

/// Appends `credential` as an object, including the session key only if `keys` is set; `now` is in
/// seconds since 1970.
pub(crate) fn push(credential: &Credential, keys: bool, now: i64, out: &mut Vec<u8>) {
    let ticket = Ticket::from_der(&credential.ticket).ok();
    let times = &credential.times;
    let mut object = Object::begin(out);
    object.name("client", |out| credential.client.unparse_into(out));
    object.name("server", |out| credential.server.unparse_into(out));
    match &ticket {
        Some(ticket) => object.name("ticket_server", |out| {
            let components = ticket.sname.name_string.iter();
            Principal::unparse_parts_into(components.map(|one| one.0), ticket.realm.0, out);
        }),
        None => object.literal("ticket_server", "null"),
    }
    object.time("authtime", Some(times.authtime.unix()));
    object.time(
        "starttime",
        Some(times.starttime.unwrap_or(times.authtime).unix()),
    );
    object.time("endtime", Some(times.endtime.unix()));
    object.time("renew_till", times.renew_till.map(KerberosTime::unix));
    object.literal("expired", times.endtime.unix() <= now);
    push_array(
        flag_names(credential.flags),
        object.field("flags"),
        |name, out| {
            push_text(name, out);
        },
    );
    object.literal("flags_number", credential.flags.0);
    object.etype("session_key_enctype", Some(credential.session_key.etype()));
    let sealed = ticket.as_ref().map(|ticket| &ticket.enc_part);
    object.etype(
        "ticket_enctype",
        sealed.map(|part| EncryptionType(part.etype)),
    );
    match sealed.and_then(|part| part.kvno) {
        Some(kvno) => object.literal("ticket_kvno", kvno),
        None => object.literal("ticket_kvno", "null"),
    }
    object.literal("user_to_user", credential.is_skey);
    push_array(
        &credential.addresses,
        object.field("addresses"),
        push_address,
    );
    let types = credential
        .authorization_data
        .iter()
        .map(|one| one.ad_type.0);
    push_array(
        types,
        object.field("authorization_data_types"),
        |number, out| {
            let _ = write!(out, "{number}");
        },
    );
    if keys {
        let field = object.field("session_key");
        field.push(b'"');
        hex::push(credential.session_key.expose_bytes(), field);
        field.push(b'"');
    }
    object.end();
}

fn push_address(address: &HostAddress, out: &mut Vec<u8>) {
    let bytes = address.address.as_slice();
    let text = match address.address_type {
        AddressType::IPV4 => <[u8; 4]>::try_from(bytes).map(|ip| Ipv4Addr::from(ip).to_string()),
        AddressType::IPV6 => <[u8; 16]>::try_from(bytes).map(|ip| Ipv6Addr::from(ip).to_string()),
        _ => <[u8; 0]>::try_from(bytes).map(|_| String::new()),
    };
    let mut object = Object::begin(out);
    object.literal("type", address.address_type.0);
    // Names without any other form have this one.
    let text = text.unwrap_or_else(|_| {
        let mut digits = Vec::new();
        hex::push(bytes, &mut digits);
        String::from_utf8_lossy(&digits).into_owned()
    });
    object.text("address", &text);
    object.end();
}

/// The names of the flags (RFC 4120 §5.3, RFC 6112 §7), in the order of their bits.
fn flag_names(flags: TicketFlags) -> impl Iterator<Item = &'static str> {
    const NAMES: [(TicketFlags, &str); 14] = [
        (TicketFlags::FORWARDABLE, "forwardable"),
        (TicketFlags::FORWARDED, "forwarded"),
        (TicketFlags::PROXIABLE, "proxiable"),
        (TicketFlags::PROXY, "proxy"),
        (TicketFlags::MAY_POSTDATE, "may-postdate"),
        (TicketFlags::POSTDATED, "postdated"),
        (TicketFlags::INVALID, "invalid"),
        (TicketFlags::RENEWABLE, "renewable"),
        (TicketFlags::INITIAL, "initial"),
        (TicketFlags::PRE_AUTHENT, "pre-authent"),
        (TicketFlags::HW_AUTHENT, "hw-authent"),
        (
            TicketFlags::TRANSITED_POLICY_CHECKED,
            "transited-policy-checked",
        ),
        (TicketFlags::OK_AS_DELEGATE, "ok-as-delegate"),
        (TicketFlags::ANONYMOUS, "anonymous"),
    ];
    let known = NAMES.into_iter();
    known.filter_map(move |(flag, name)| flags.contains(flag).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_type_has_its_own_format() {
        let check = |kind, address: &[u8], expected: &str| {
            let address = HostAddress {
                address_type: AddressType(kind),
                address: address.to_vec(),
            };
            let mut out = Vec::new();
            push_address(&address, &mut out);
            let expected = format!("{{\"type\": {kind}, \"address\": \"{expected}\"}}");
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(2, &[192, 0, 2, 7], "192.0.2.7");
        check(2, &[192, 0, 2], "c00002");
        check(24, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "::1");
        check(20, b"HOST", "484f5354");
        check(99, b"", "");
    }

    #[test]
    fn every_flag_has_its_name() {
        assert_eq!(flag_names(TicketFlags(u32::MAX)).count(), 14);
        let names: Vec<_> = flag_names(TicketFlags::FORWARDABLE | TicketFlags::INITIAL).collect();
        assert_eq!(names, ["forwardable", "initial"]);
    }
}
