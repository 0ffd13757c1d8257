//! Tests of the typed keys: defaults, precedence, mistakes, and the small files that other
//! implementations stumble over.

use super::*;
use crate::ccache::{CcacheKind, Version};

fn config(text: &str) -> Krb5Config {
    Krb5Config::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn kdcs(text: &str, realm: &str) -> Vec<String> {
    let servers = config(text).servers(realm, ServerKind::Kdc);
    servers.unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn unset_keys_have_the_defaults_of_mit() {
    let config = Krb5Config::default();
    assert_eq!(config.default_realm(), None);
    assert_eq!(config.default_ccache_name(), "FILE:/tmp/krb5cc_%{uid}");
    assert_eq!(config.default_keytab_name(), "FILE:/etc/krb5.keytab");
    assert_eq!(config.default_rcache_name(), "dfl:");
    assert_eq!(config.ignore_acceptor_hostname(), Ok(false));
    assert_eq!(config.clock_skew(), 300);
    assert!(config.kdc_timesync());
    assert_eq!(config.kdc_default_options(), 0x10);
    assert_eq!(config.ccache_version(CcacheKind::File), Version::V4);
    assert_eq!(config.udp_preference_limit(), Ok(1465));
    assert_eq!(config.request_timeout(), Ok(None));
    assert_eq!(config.err_fmt(), None);
    assert!(config.dns_lookup_kdc() && !config.dns_lookup_realm() && config.dns_uri_lookup());
    assert_eq!(
        config.dns_canonicalize_hostname(),
        Ok(CanonicalizeHostname::Yes)
    );
    assert_eq!(config.ticket_lifetime("R"), Ok(None));
    assert_eq!(config.renew_lifetime("R"), Ok(None));
    assert!(!config.forwardable("R") && !config.proxiable("R") && !config.canonicalize("R"));
    assert!(config.no_addresses("R"));
    assert_eq!(config.preferred_preauth_types("R"), [17, 16, 15, 14]);
    assert_eq!(config.servers("R", ServerKind::Kdc), Ok(vec![]));
    assert!(!config.disable_encrypted_timestamp("R"));
    assert_eq!(config.domain_realm("host.example.com"), None);
    assert!(!config.allow_weak_crypto() && !config.allow_rc4() && !config.allow_des3());
    assert_eq!(config.extra_addresses().count(), 0);
}

#[test]
fn realm_subsection_overrides_libdefaults() {
    let config = config(
        "[libdefaults]\nforwardable = yes\nticket_lifetime = 8h\nrenew_lifetime = 7d\n\
         noaddresses = false\nR = {\nforwardable = no\nticket_lifetime = 1h\n\
         preferred_preauth_types = 2, 151\n}\n",
    );
    assert!(config.forwardable("Q") && !config.forwardable("R"));
    assert_eq!(config.ticket_lifetime("Q"), Ok(Some(8 * 3600)));
    assert_eq!(config.ticket_lifetime("R"), Ok(Some(3600)));
    assert_eq!(config.renew_lifetime("R"), Ok(Some(7 * 86_400)));
    assert!(!config.no_addresses("R"));
    assert_eq!(config.preferred_preauth_types("R"), [2, 151]);
    assert_eq!(config.preferred_preauth_types("Q"), [17, 16, 15, 14]);
}

#[test]
fn lifetimes_are_read_in_every_format() {
    let lifetime = |text: &str| {
        config(&format!("[libdefaults]\nticket_lifetime = {text}\n"))
            .ticket_lifetime("R")
            .ok()
    };
    assert_eq!(lifetime("36000"), Some(Some(36_000)));
    assert_eq!(lifetime("600m"), Some(Some(36_000)));
    assert_eq!(lifetime("1d 12h"), Some(Some(129_600)));
    assert_eq!(lifetime("10:00:00"), Some(Some(36_000)));
    assert_eq!(lifetime("10h # comment"), Some(Some(36_000)));
    assert_eq!(lifetime("soon"), None);
}

#[test]
fn invalid_values_that_mit_refuses_are_errors() {
    for line in [
        "allow_weak_crypto = maybe",
        "allow_rc4 = 2",
        "allow_des3 =  ja",
        "ignore_acceptor_hostname = x",
        "enforce_ok_as_delegate = x",
        "dns_canonicalize_hostname = perhaps",
        "request_timeout = soon",
    ] {
        let error = Krb5Config::parse(&format!("[libdefaults]\n{line}\n")).expect_err(line);
        assert!(
            matches!(error, ConfigError::BadValue { line: 2, .. }),
            "{error}"
        );
    }
    let error = Krb5Config::parse("[libdefaults]\nallow_rc4 = maybe\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "krb5.conf, line 2: allow_rc4 = maybe: expected yes or no (or true, false, on, off, 1, 0)"
    );
}

#[test]
fn invalid_values_that_mit_ignores_do_not_fail_parsing() {
    let config = config(
        "[libdefaults]\nclockskew = 5m\nkdc_timesync = yes\nkdc_default_options = 0x40000010\n\
         ccache_type = four\nforwardable = maybe\nnoaddresses = maybe\ndns_lookup_kdc = maybe\n\
         udp_preference_limit = x\n[realms]\nR = {\ndisable_encrypted_timestamp = maybe\n}\n",
    );
    assert_eq!(config.clock_skew(), 300);
    assert!(config.kdc_timesync());
    assert_eq!(config.kdc_default_options(), 0x10);
    assert_eq!(config.ccache_version(CcacheKind::File), Version::V4);
    assert!(!config.forwardable("R") && !config.no_addresses("R"));
    assert!(!config.dns_lookup_kdc());
    assert!(!config.disable_encrypted_timestamp("R"));
    // This key is looked up late, and is an error then.
    assert!(config.udp_preference_limit().is_err());
}

#[test]
fn ccache_type_selects_the_version_and_unknown_means_4() {
    let check = |value: &str, version: Version| {
        let config = config(&format!("[libdefaults]\nccache_type = {value}\n"));
        for kind in [CcacheKind::File, CcacheKind::Dir] {
            assert_eq!(config.ccache_version(kind), version, "{value}");
        }
        assert_eq!(config.ccache_version(CcacheKind::Kcm), Version::V4);
    };
    check("1", Version::V1);
    check("3", Version::V3);
    check("4", Version::V4);
    for unknown in ["0", "5", "-1", "260", "four"] {
        check(unknown, Version::V4);
    }
}

#[test]
fn out_of_range_udp_preference_limit_is_replaced() {
    let limit = |value: i32| {
        let text = format!("[libdefaults]\nudp_preference_limit = {value}\n");
        config(&text).udp_preference_limit().unwrap()
    };
    assert_eq!([limit(0), limit(1), limit(1400)], [0, 1, 1400]);
    assert_eq!([limit(-1), limit(99_999)], [1465, 32_700]);
}

#[test]
fn dns_fallback_is_the_default_of_unset_dns_keys() {
    let dns = |lines: &str| {
        let config = config(&format!("[libdefaults]\n{lines}\n"));
        (config.dns_lookup_kdc(), config.dns_lookup_realm())
    };
    assert_eq!(dns("dns_lookup_kdc = no"), (false, false));
    assert_eq!(dns("dns_lookup_realm = yes"), (true, true));
    assert_eq!(dns("dns_fallback = no"), (false, false));
    assert_eq!(
        dns("dns_fallback = yes\ndns_lookup_kdc = no"),
        (false, true)
    );
    let config = config("[libdefaults]\ndns_canonicalize_hostname = Fallback\n");
    assert_eq!(
        config.dns_canonicalize_hostname(),
        Ok(CanonicalizeHostname::Fallback)
    );
}

#[test]
fn servers_are_listed_by_kind_with_default_ports() {
    let config = config(
        "[realms]\nR = {\nkdc = a\nkdc = b:750\nmaster_kdc = m\nadmin_server = s\n\
         kpasswd_server = p\n}\nQ = {\nprimary_kdc = x\nmaster_kdc = y\n}\n",
    );
    let names = |realm: &str, kind| {
        let servers = config.servers(realm, kind).unwrap();
        servers.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names("R", ServerKind::Kdc), ["a:88", "b:750"]);
    assert_eq!(names("R", ServerKind::PrimaryKdc), ["m:88"]);
    assert_eq!(names("Q", ServerKind::PrimaryKdc), ["x:88"]);
    assert_eq!(names("R", ServerKind::Admin), ["s:749"]);
    assert_eq!(names("R", ServerKind::Kpasswd), ["p:464"]);
    assert_eq!(names("r", ServerKind::Kdc), [""; 0]);
}

#[test]
fn invalid_server_is_an_error_with_its_line() {
    let config = config("[realms]\nR = {\nkdc = a\nkdc = a:b\n}\n");
    let error = config.servers("R", ServerKind::Kdc).unwrap_err();
    assert!(
        matches!(error, ConfigError::BadValue { line: 4, .. }),
        "{error}"
    );
}

#[test]
fn domain_realm_uses_the_most_specific_match() {
    let config = config(
        "[domain_realm]\nhost.example.com = HOST\n.example.com = SUB\nexample.com = DOMAIN\n\
         com = COM\n192.0.2.1 = IP\n",
    );
    let check = |host: &str, realm: Option<&str>| {
        assert_eq!(config.domain_realm(host), realm, "{host}");
    };
    check("host.example.com", Some("HOST"));
    check("HOST.Example.COM", Some("HOST"));
    check("other.example.com", Some("SUB"));
    check("a.b.example.com", Some("SUB"));
    check("example.com", Some("DOMAIN"));
    check("x.com", Some("COM"));
    check("host.example.com.", Some("HOST"));
    check("192.0.2.1:88", None);
    check("x.org", None);
    check("192.0.2.1", None);
    check("", None);
}

#[test]
fn numeric_addresses_are_distinguished_from_host_names() {
    for host in ["192.0.2.1", "1.2.3.", "...", "::1", "a:b"] {
        assert!(is_numeric_address(host), "{host}");
    }
    for host in ["", "1.2.3", "1.2.3.4.5", "a.b.c.d", "host.example.com"] {
        assert!(!is_numeric_address(host), "{host}");
    }
}

#[test]
fn rdns_and_qualify_shortname_are_read() {
    let names = |lines: &str| {
        let config = config(&format!("[libdefaults]\n{lines}\n"));
        (config.rdns(), config.qualify_shortname().map(str::to_owned))
    };
    assert_eq!(names(""), (true, None));
    assert_eq!(names("rdns = no"), (false, None));
    // An invalid value counts as missing.
    assert_eq!(names("rdns = perhaps"), (true, None));
    assert_eq!(
        names("qualify_shortname = example.com"),
        (true, Some("example.com".to_owned()))
    );
    assert_eq!(
        names("qualify_shortname = \"\""),
        (true, Some(String::new()))
    );
}

#[test]
fn all_http_anchors_lines_are_used() {
    let config = config("[realms]\nQ = {\nhttp_anchors = FILE:/h1\nhttp_anchors = DIR:/h2\n}\n");
    assert_eq!(config.http_anchors("Q"), ["FILE:/h1", "DIR:/h2"]);
}

#[test]
fn rarely_used_keys_are_read_and_have_defaults() {
    let none = Krb5Config::default();
    assert_eq!(none.kcm_socket(), Some("/var/run/.heim_org.h5l.kcm-socket"));
    assert!(!none.client_aware_channel_bindings());
    assert_eq!((none.sitename("R"), none.realm_try_domains()), (None, -1));
    let config = config(
        "[libdefaults]\nkcm_socket = -\nclient_aware_channel_bindings = yes\n\
         realm_try_domains = 2\n[realms]\nR = {\nsitename = here\n}\n",
    );
    assert_eq!(config.kcm_socket(), None);
    assert!(config.client_aware_channel_bindings());
    assert_eq!(
        (config.sitename("R"), config.realm_try_domains()),
        (Some("here"), 2)
    );
    assert_eq!(config.sitename("Q"), None);
}

#[test]
fn all_extra_addresses_lines_are_used() {
    let config =
        config("[libdefaults]\nextra_addresses = 192.0.2.1, 192.0.2.2\nextra_addresses = ::1\n");
    let addresses: Vec<_> = config.extra_addresses().collect();
    assert_eq!(addresses, ["192.0.2.1", "192.0.2.2", "::1"]);
}

/// Twenty-two kinds of files that some implementation stumbles over.
#[test]
fn files_that_break_other_parsers_are_read() {
    let realm = |text: &str| config(text).default_realm().map(str::to_owned);
    let r = Some("R".to_owned());
    // 1: the ordinary file; 2: CR LF; 3: no line feed at the end; 4: tabs and trailing blanks.
    assert_eq!(realm("[libdefaults]\ndefault_realm = R\n"), r);
    assert_eq!(realm("[libdefaults]\r\n\r\ndefault_realm = R\r\n"), r);
    assert_eq!(realm("[libdefaults]\ndefault_realm=R"), r);
    assert_eq!(realm("[libdefaults] \t\n\tdefault_realm\t=\tR \t\n"), r);
    // 5, 6: both kinds of comment; 7: text before the first section; 8: blank lines.
    assert_eq!(realm("# c\n[libdefaults]\n # c\ndefault_realm = R\n"), r);
    assert_eq!(realm("; c\n[libdefaults]\n ; c\ndefault_realm = R\n"), r);
    assert_eq!(
        realm("Kerberos here\n[libdefaults]\ndefault_realm = R\n"),
        r
    );
    assert_eq!(realm("\n\n[libdefaults]\n\n\ndefault_realm = R\n\n"), r);
    // 9: quotes; 10: a section twice; 11: a relation twice, the first counts.
    assert_eq!(realm("[libdefaults]\ndefault_realm = \"R\"\n"), r);
    assert_eq!(
        realm("[libdefaults]\n[realms]\n[libdefaults]\ndefault_realm = R\n"),
        r
    );
    assert_eq!(
        realm("[libdefaults]\ndefault_realm = R\ndefault_realm = Q\n"),
        r
    );
    // 12: keys of Kerberos 4 and other bygones; 13: unknown keys; 14: unknown sections.
    assert_eq!(
        realm(
            "[libdefaults]\nkrb4_config = /etc/krb.conf\nv4_instance_resolve = false\n\
             v4_name_convert = {\n host = {\n  rcmd = host\n }\n}\nsafe_checksum_type = 1\n\
             ap_req_checksum_type = 1\nkdc_req_checksum_type = 1\ndefault_realm = R\n"
        ),
        r
    );
    assert_eq!(
        realm("[libdefaults]\nfcc-mit-ticketflags = true\ndefault_realm = R\n"),
        r
    );
    assert_eq!(
        realm(
            "[login]\nkrb4_convert = true\n[kdc]\nx = {\ny = z\n}\n[libdefaults]\ndefault_realm = R\n"
        ),
        r
    );
    // 15: several KDCs, in order; 16: '-' in realms and keys; 17: values of one character.
    assert_eq!(
        kdcs("[realms]\nR = {\nkdc = a\nkdc = b\n}\n", "R"),
        ["a:88", "b:88"]
    );
    assert_eq!(
        kdcs(
            "[realms]\nMY-REALM.COM = {\nx-y = z\nkdc = a-b\n}\n",
            "MY-REALM.COM"
        ),
        ["a-b:88"]
    );
    assert!(!config("[libdefaults]\nrdns = 0\nnoaddresses = 0\n").no_addresses("R"));
    // 18: the brace on the next line; 19: text after the closing brace; 20: merged realms.
    assert_eq!(kdcs("[realms]\nR =\n{\nkdc = a\n}\n", "R"), ["a:88"]);
    assert_eq!(
        kdcs("[realms]\nR = {\nkdc = a\n} # R\nQ = {\nkdc = q\n}\n", "Q"),
        ["q:88"]
    );
    assert_eq!(
        kdcs("[realms]\nR = {\nkdc = a\n}\nR = {\nkdc = b\n}\n", "R"),
        ["a:88", "b:88"]
    );
    // 21: [capaths] with '.'; 22: `module` is reported as unsupported.
    let text =
        "[capaths]\nA.COM = {\nB.COM = .\nC.COM = B.COM\n}\n[libdefaults]\ndefault_realm = R\n";
    assert_eq!(realm(text), r);
    assert_eq!(
        config(text).profile().first(&["capaths", "A.COM", "B.COM"]),
        Some(".")
    );
    let error = Krb5Config::parse("module /lib/profile.so:x\n").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("'module' declarations are not supported"),
        "{error}"
    );
}

#[test]
fn file_list_is_split_at_colons_and_tilde_is_expanded() {
    let split = |list: &str| {
        let home = Path::new("/home/anna");
        split_file_list(OsStr::new(list), Some(home))
    };
    assert_eq!(split("/a:/b"), [Path::new("/a"), Path::new("/b")]);
    assert_eq!(split("~/krb5.conf"), [Path::new("/home/anna/krb5.conf")]);
    assert_eq!(split(""), [Path::new("")]);
    assert_eq!(split_file_list(OsStr::new("~/x"), None), [Path::new("~/x")]);
}

#[test]
fn capaths_give_the_intermediate_realms() {
    let config = Krb5Config::parse(
        "[capaths]\nA = {\nB = .\nC = B\nD = B extra\nD = C\nE = .x\nE = B\n}\nB = {\nA = C\n}\n\
         [capaths]\nA = {\nC = X\n}\n",
    )
    .unwrap();
    let cases: [(&str, &str, Option<&[&str]>); 7] = [
        ("A", "B", Some(&[])),
        ("A", "C", Some(&["B", "X"])),
        ("A", "D", Some(&["B", "C"])),
        ("A", "E", Some(&[])),
        ("A", "F", None),
        ("B", "A", Some(&["C"])),
        ("C", "A", None),
    ];
    for (client, server, expected) in cases {
        let got = config.capath(client, server);
        assert_eq!(got.as_deref(), expected, "{client} to {server}");
    }
}
