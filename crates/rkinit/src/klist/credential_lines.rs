//! The lines for one entry of a cache.
//!
//! The first line has times and server. The following fields share lines according to MIT's rule:
//! the first field of a line follows a tab, the others follow `, `. Each field increases a count,
//! and after the flags, a count above two ends the line.

use std::io::Write as _;

use kerberos_asn1::{Decode as _, PrincipalName, Realm, Ticket, TicketFlags};
use kerberos_crypto::EncryptionType;
use kerberos_files::ccache::CredentialView;
use kerberos_files::keytab::KeytabFile;
use kerberos_proto::{Principal, authentication_indicators};

use crate::klist::args::Detail;
use crate::klist::etype_names::push_etype;
use crate::klist::{config_lines, host_address};
use crate::output::host_names::Hosts;
use crate::output::time_format::TimeFormat;
use crate::ticket_keys;

/// Shows the entries of one cache.
pub(super) struct Lines<'a> {
    /// The cache's principal, which is not repeated for each ticket.
    owner: &'a Principal,
    detail: &'a Detail,
    times: &'a mut TimeFormat,
    hosts: Option<Hosts>,
    /// May contain the keys of services. With them, the listing shows what KDCs say about the
    /// client in tickets for these services.
    keytab: Option<KeytabFile>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        owner: &'a Principal,
        detail: &'a Detail,
        keytab: Option<KeytabFile>,
        times: &'a mut TimeFormat,
    ) -> Self {
        let hosts = (detail.addresses && !detail.numeric).then(Hosts::read);
        Self {
            owner,
            detail,
            times,
            hosts,
            keytab,
        }
    }

    /// Appends the lines for `credential` to `out`.
    pub(super) fn show(&mut self, credential: &CredentialView<'_>, out: &mut Vec<u8>) {
        let is_config = credential.is_config();
        if is_config && !self.detail.config {
            return;
        }
        // Nearly all tickets are for the server of their entry, so decoding them would show nothing
        // else.
        let unseen = is_config || (!self.shows_inside() && names_its_server(credential));
        let ticket = if unseen {
            None
        } else {
            Ticket::from_der(credential.ticket()).ok()
        };
        let column = if is_config {
            config_lines::push_name(credential, out)
        } else {
            self.push_times_and_server(credential, out);
            0
        };

        let mut fields = Fields::default();
        if !credential.client().matches(self.owner) {
            // MIT prints this tab even if the line already has fields.
            out.extend_from_slice(b"\tfor client ");
            credential.client().unparse_into(out);
            fields.count += 1;
        }
        if is_config {
            config_lines::push_value(credential.ticket(), column, out);
        }
        self.push_fields(credential, ticket.as_ref(), &mut fields, out);
        if fields.count > 0 {
            out.push(b'\n');
        }

        if self.detail.addresses {
            host_address::push_line(credential, self.hosts.as_ref(), out);
        }
        if let Some(ticket) = &ticket {
            push_other_server(credential, ticket, out);
            if let Some(keytab) = &self.keytab {
                push_indicators(keytab, ticket, out);
            }
        }
    }

    /// Whether the listing shows more of tickets than their servers.
    fn shows_inside(&self) -> bool {
        self.detail.etypes || self.keytab.is_some()
    }

    fn push_times_and_server(&mut self, credential: &CredentialView<'_>, out: &mut Vec<u8>) {
        let start = match credential.starttime() {
            0 => credential.authtime(),
            start => start,
        };
        for time in [start, credential.endtime()] {
            out.extend_from_slice(self.times.format(time));
            out.extend_from_slice(b"  ");
        }
        credential.server().unparse_into(out);
        out.push(b'\n');
    }

    fn push_fields(
        &mut self,
        credential: &CredentialView<'_>,
        ticket: Option<&Ticket<'_>>,
        fields: &mut Fields,
        out: &mut Vec<u8>,
    ) {
        if credential.renew_till() != 0 {
            fields.begin(2, out);
            out.extend_from_slice(b"renew until ");
            out.extend_from_slice(self.times.format(credential.renew_till()));
        }
        if self.detail.flags && flag_letters(credential.flags()).next().is_some() {
            fields.begin(1, out);
            out.extend_from_slice(b"Flags: ");
            out.extend(flag_letters(credential.flags()));
        }
        if fields.count > 2 {
            out.push(b'\n');
            fields.count = 0;
        }
        if let Some(ticket) = ticket.filter(|_| self.detail.etypes) {
            fields.begin(1, out);
            out.extend_from_slice(b"Etype (skey, tkt): ");
            push_etype(credential.key_etype(), out);
            out.extend_from_slice(b", ");
            push_etype(EncryptionType(ticket.enc_part.etype), out);
            out.push(b' ');
        }
        // MIT's reader returns an empty list and never none, so this field is always present.
        if self.detail.ad_types {
            fields.begin(1, out);
            out.extend_from_slice(b"AD types: ");
            for (index, element) in credential.authorization_data().enumerate() {
                let separator = if index > 0 { ", " } else { "" };
                let _ = write!(out, "{separator}{}", element.ad_type.0);
            }
        }
    }
}

/// The number of fields on the current line, by MIT's counting.
#[derive(Default)]
struct Fields {
    count: u8,
}

impl Fields {
    /// Separates the next field from what precedes it.
    fn begin(&mut self, weight: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.count > 0 { b", " } else { b"\t" });
        self.count += weight;
    }
}

/// The server in the ticket itself, if it differs from the entry's server, as for referrals.
fn push_other_server(credential: &CredentialView<'_>, ticket: &Ticket<'_>, out: &mut Vec<u8>) {
    if !is_server(credential, &ticket.realm, &ticket.sname) {
        out.extend_from_slice(b"\tTicket server: ");
        let components = ticket.sname.name_string.iter().map(|component| component.0);
        Principal::unparse_parts_into(components, ticket.realm.0, out);
        out.push(b'\n');
    }
}

/// Whether the ticket is for the server of the entry; `false` if there is no ticket.
fn names_its_server(credential: &CredentialView<'_>) -> bool {
    Ticket::server_of(credential.ticket())
        .is_ok_and(|(realm, sname)| is_server(credential, &realm, &sname))
}

fn is_server(credential: &CredentialView<'_>, realm: &Realm<'_>, name: &PrincipalName<'_>) -> bool {
    let server = credential.server();
    let components = name.name_string.iter().map(|component| component.0);
    server.components().eq(components) && server.realm() == realm.0
}

/// How the client authenticated, if the ticket says so and the keytab has the ticket's key.
fn push_indicators(keytab: &KeytabFile, ticket: &Ticket<'_>, out: &mut Vec<u8>) {
    let Ok(Ok(opened)) = ticket_keys::open(keytab, ticket) else {
        return;
    };
    let part = opened.part();
    let Some(elements) = part.and_then(|part| part.authorization_data) else {
        return;
    };
    let indicators = authentication_indicators(&elements, &opened.key);
    if !indicators.is_empty() {
        out.extend_from_slice(b"\tAuthentication indicators: ");
        out.extend_from_slice(indicators.join(", ").as_bytes());
        out.push(b'\n');
    }
}

/// The flags' letters, in MIT's order.
fn flag_letters(flags: TicketFlags) -> impl Iterator<Item = u8> {
    const LETTERS: [(TicketFlags, u8); 14] = [
        (TicketFlags::FORWARDABLE, b'F'),
        (TicketFlags::FORWARDED, b'f'),
        (TicketFlags::PROXIABLE, b'P'),
        (TicketFlags::PROXY, b'p'),
        (TicketFlags::MAY_POSTDATE, b'D'),
        (TicketFlags::POSTDATED, b'd'),
        (TicketFlags::INVALID, b'i'),
        (TicketFlags::RENEWABLE, b'R'),
        (TicketFlags::INITIAL, b'I'),
        (TicketFlags::HW_AUTHENT, b'H'),
        (TicketFlags::PRE_AUTHENT, b'A'),
        (TicketFlags::TRANSITED_POLICY_CHECKED, b'T'),
        (TicketFlags::OK_AS_DELEGATE, b'O'),
        (TicketFlags::ANONYMOUS, b'a'),
    ];
    LETTERS
        .into_iter()
        .filter(move |(flag, _)| flags.contains(*flag))
        .map(|(_, letter)| letter)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use kerberos_asn1::{
        AddressType, AuthorizationDataType, Encode as _, EncryptedData, KerberosString,
        KerberosTime, NameType, SequenceOf,
    };
    use kerberos_crypto::KeyBlock;
    use kerberos_files::ccache::{CcacheBuilder, CcacheFile, ConfigEntry, Header};
    use kerberos_proto::{AuthorizationDataElement, Credential, HostAddress, TicketTimes};

    use super::*;
    use crate::output::locale::DateStyle;

    const OWNER: &str = "alice@R";

    /// The DER of a ticket for `components` at `R`, encrypted in `etype`.
    fn ticket(components: &[&str], etype: i32) -> Vec<u8> {
        let name_string = components
            .iter()
            .map(|text| KerberosString(text.as_bytes()));
        Ticket {
            tkt_vno: 5,
            realm: KerberosString(b"R"),
            sname: PrincipalName {
                name_type: NameType::SRV_INST,
                name_string: SequenceOf::from(name_string.collect::<Vec<_>>()),
            },
            enc_part: EncryptedData {
                etype,
                kvno: Some(1),
                cipher: b"sealed",
            },
        }
        .to_der()
    }

    fn credential() -> Credential {
        let owner = Principal::parse(OWNER).unwrap();
        Credential {
            client: owner,
            server: Principal::krbtgt(b"R", b"R"),
            session_key: KeyBlock::new(EncryptionType(18), vec![0; 32]),
            times: TicketTimes {
                authtime: KerberosTime::from_unix(0),
                starttime: None,
                endtime: KerberosTime::from_unix(36_000),
                renew_till: None,
            },
            is_skey: false,
            flags: TicketFlags::default(),
            addresses: Vec::new(),
            authorization_data: Vec::new(),
            ticket: ticket(&["krbtgt", "R"], 18),
            second_ticket: Vec::new(),
        }
    }

    fn ad_element(ad_type: i32) -> AuthorizationDataElement {
        AuthorizationDataElement {
            ad_type: AuthorizationDataType(ad_type),
            ad_data: vec![1],
        }
    }

    /// The lines for the single entry that `add` puts into a cache, without the line of times and
    /// server.
    fn lines(detail: &Detail, add: impl FnOnce(&mut CcacheBuilder)) -> String {
        let owner = Principal::parse(OWNER).unwrap();
        let mut builder = CcacheBuilder::new(&Header::default(), &owner).unwrap();
        add(&mut builder);
        let folder = test_support::TempDir::new();
        let path = folder.write("cache", builder.expose_bytes());
        let mut reader = CcacheFile::new(&path).open().unwrap();
        let mut times = TimeFormat::new(DateStyle::C, TimeZone::UTC);
        let mut out = Vec::new();
        let entry = reader.next().unwrap().unwrap();
        Lines::new(&owner, detail, None, &mut times).show(&entry, &mut out);
        let text = String::from_utf8(out).unwrap();
        let first = "01/01/70 00:00:00  01/01/70 10:00:00  krbtgt/R@R\n";
        text.strip_prefix(first).map_or(text.clone(), Into::into)
    }

    #[test]
    fn fields_are_joined_on_lines_as_in_mit() {
        let renewable = |c: &mut Credential| {
            c.times.renew_till = Some(KerberosTime::from_unix(86_400));
            c.flags = TicketFlags::FORWARDABLE | TicketFlags::RENEWABLE | TicketFlags::INITIAL;
        };
        let other = |c: &mut Credential| c.client = Principal::parse("bob@R").unwrap();
        let check = |letters: &str, change: &dyn Fn(&mut Credential), expected: &str| {
            let detail = Detail {
                etypes: letters.contains('e'),
                flags: letters.contains('f'),
                addresses: letters.contains('a'),
                ad_types: letters.contains('d'),
                ..Detail::default()
            };
            let mut credential = credential();
            change(&mut credential);
            let text = lines(&detail, |builder| {
                builder.credential(&credential).unwrap();
            });
            assert_eq!(text, expected, "{letters}");
        };
        let etypes = "Etype (skey, tkt): aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96 ";
        let until = "renew until 01/02/70 00:00:00";
        check("", &|_| {}, "");
        check("f", &|_| {}, "");
        check("e", &|_| {}, &format!("\t{etypes}\n"));
        check("a", &|_| {}, "\tAddresses: (none)\n");
        check("d", &|_| {}, "\tAD types: \n");
        check("", &renewable, &format!("\t{until}\n"));
        check("e", &renewable, &format!("\t{until}, {etypes}\n"));
        check("f", &renewable, &format!("\t{until}, Flags: FRI\n"));
        check(
            "ef",
            &renewable,
            &format!("\t{until}, Flags: FRI\n\t{etypes}\n"),
        );
        check(
            "efd",
            &renewable,
            &format!("\t{until}, Flags: FRI\n\t{etypes}, AD types: \n"),
        );
        check("", &other, "\tfor client bob@R\n");
        check("e", &other, &format!("\tfor client bob@R, {etypes}\n"));
        let both = |c: &mut Credential| {
            renewable(c);
            other(c);
        };
        check("", &both, &format!("\tfor client bob@R, {until}\n"));
        check(
            "e",
            &both,
            &format!("\tfor client bob@R, {until}\n\t{etypes}\n"),
        );
        let ad_types = |c: &mut Credential| {
            c.authorization_data = [1, -5].map(ad_element).into();
        };
        check("d", &ad_types, "\tAD types: 1, -5\n");
        check("e", &|c| c.ticket = b"no ticket".to_vec(), "");
        check(
            "",
            &|c| c.ticket = ticket(&["host", "www"], 23),
            "\tTicket server: host/www@R\n",
        );
        check(
            "e",
            &|c| c.ticket = ticket(&["krbtgt", "R"], 23),
            "\tEtype (skey, tkt): \
              aes256-cts-hmac-sha1-96, DEPRECATED:arcfour-hmac \n",
        );
        check(
            "e",
            &|c| c.ticket = ticket(&["krbtgt", "R"], 99),
            "\tEtype (skey, tkt): \
              aes256-cts-hmac-sha1-96, DEPRECATED:etype 99 \n",
        );
    }

    #[test]
    fn config_entries_are_shown_only_on_request() {
        let check = |config, expected: &str| {
            let detail = Detail {
                config,
                ..Detail::default()
            };
            let text = lines(&detail, |builder| {
                let tgs = Principal::krbtgt(b"R", b"R");
                builder
                    .config(&ConfigEntry::new("pa_type", Some(&tgs), "151"))
                    .unwrap();
            });
            assert_eq!(text, expected);
        };
        check(false, "");
        check(true, "config: pa_type(krbtgt/R@R) = 151\n");
    }

    #[test]
    fn output_for_corrupt_ccaches_stays_bounded() {
        let owner = Principal::parse(OWNER).unwrap();
        let mut builder = CcacheBuilder::new(&Header::default(), &owner).unwrap();
        let mut with_all = credential();
        with_all.authorization_data = vec![ad_element(128)];
        with_all.addresses = vec![HostAddress {
            address_type: AddressType::IPV4,
            address: vec![192, 0, 2, 7],
        }];
        builder.credential(&with_all).unwrap();
        builder
            .config(&ConfigEntry::new("pa_type", None, "151"))
            .unwrap();
        builder.credential(&credential()).unwrap();
        let folder = test_support::TempDir::new();
        let path = folder.join("cache");
        let detail = Detail {
            etypes: true,
            flags: true,
            addresses: true,
            numeric: true,
            ad_types: true,
            config: true,
            indicators: None,
        };
        let mut times = TimeFormat::new(DateStyle::C, TimeZone::UTC);
        let (mut shown, mut state) = (0, 1_u64);
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        for _ in 0..500 {
            let mut bytes = builder.expose_bytes().to_vec();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                bytes[at] = u8::try_from(random(256)).unwrap();
            }
            bytes.truncate(bytes.len() - random(4));
            std::fs::write(&path, &bytes).unwrap();
            let Ok(mut reader) = CcacheFile::new(&path).open() else {
                continue;
            };
            let mut out = Vec::new();
            while let Ok(Some(entry)) = reader.next() {
                Lines::new(&owner, &detail, None, &mut times).show(&entry, &mut out);
                shown += 1;
            }
            // An octal escape makes four bytes from one, and a name makes two from one. Each byte
            // is shown at most a few times.
            assert!(out.len() < 20 * bytes.len(), "{} bytes shown", out.len());
        }
        std::fs::remove_file(&path).unwrap();
        assert!(shown > 500, "{shown}");
    }

    #[test]
    fn flag_letters_are_in_mit_order() {
        let letters: Vec<u8> = flag_letters(TicketFlags(u32::MAX)).collect();
        assert_eq!(letters, b"FfPpDdiRIHATOa");
    }
}
