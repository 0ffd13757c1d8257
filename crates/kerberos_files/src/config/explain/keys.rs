//! The keys of krb5.conf: the kind of value that each has, and which ones only other programs use.

use crate::config::{LIBDEFAULTS, REALMS};

/// The kind of value that a key has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// The name of a cache, which may contain tokens.
    Ccache,
    Keytab,
    Rcache,
    /// The realm of a host or domain, whose name is the key.
    RealmOfHost,
    Bool,
    BoolOrFallback,
    Number,
    Duration,
    Enctypes,
    /// Several lines may set this key.
    Many,
    Server,
    /// Has no effect here.
    Not(&'static str),
}

use Kind::{Bool, BoolOrFallback, Duration, Enctypes, Many, Not, Number, Text};

/// The kind of value that the key has in these sections; `None` if there is no such key.
pub(super) fn kind(sections: &[&str], name: &str) -> Option<Kind> {
    match *sections {
        [LIBDEFAULTS] => find(LIBDEFAULT_KEYS, name),
        [LIBDEFAULTS, _] => find(REALM_DEFAULT_KEYS, name),
        [REALMS, _] => find(REALM_KEYS, name),
        [
            REALMS,
            _,
            "v4_instance_convert" | "v4_realm" | "auth_to_local_names",
        ] => Some(Not("Kerberos 4 and servers")),
        ["domain_realm"] => Some(Kind::RealmOfHost),
        ["capaths", _] => Some(Many),
        ["appdefaults", ..] => Some(Not("applications")),
        ["plugins", "clpreauth"] if matches!(name, "disable" | "enable_only") => Some(Many),
        ["plugins", ..] => Some(Not("MIT's library, which loads modules")),
        [
            "kdc" | "kdcdefaults" | "logging" | "dbdefaults" | "dbmodules" | "otp",
            ..,
        ] => Some(Not("servers")),
        ["login", ..] => Some(Not("obsolete programs")),
        _ => None,
    }
}

fn find(table: &[(Kind, &[&str])], name: &str) -> Option<Kind> {
    if name.starts_with("pkinit_") {
        return Some(Not("PKINIT, which is not supported yet"));
    }
    table
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map(|(kind, _)| *kind)
}

/// Keys that a subsection of `[libdefaults]` with the realm's name may override.
const REALM_DEFAULT_KEYS: &[(Kind, &[&str])] = &[
    (
        Bool,
        &["canonicalize", "forwardable", "noaddresses", "proxiable"],
    ),
    (Duration, &["renew_lifetime", "ticket_lifetime"]),
    (Text, &["preferred_preauth_types"]),
    (
        Not("programs that verify logins"),
        &["verify_ap_req_nofail"],
    ),
];

const LIBDEFAULT_KEYS: &[(Kind, &[&str])] = &[
    (Kind::Ccache, &["default_ccache_name"]),
    (
        Kind::Keytab,
        &["default_client_keytab_name", "default_keytab_name"],
    ),
    (Kind::Rcache, &["default_rcache_name"]),
    (
        Text,
        &[
            "default_realm",
            "err_fmt",
            "kcm_socket",
            "preferred_preauth_types",
            "qualify_shortname",
        ],
    ),
    (
        Bool,
        &[
            "allow_des3",
            "allow_rc4",
            "allow_weak_crypto",
            "canonicalize",
            "client_aware_channel_bindings",
            "dns_fallback",
            "dns_lookup_kdc",
            "dns_lookup_realm",
            "dns_uri_lookup",
            "enforce_ok_as_delegate",
            "forwardable",
            "ignore_acceptor_hostname",
            "noaddresses",
            "proxiable",
            "rdns",
        ],
    ),
    (BoolOrFallback, &["dns_canonicalize_hostname"]),
    (
        Number,
        &[
            "ccache_type",
            "clockskew",
            "kdc_default_options",
            "kdc_timesync",
            "realm_try_domains",
            "udp_preference_limit",
        ],
    ),
    (
        Duration,
        &["renew_lifetime", "request_timeout", "ticket_lifetime"],
    ),
    (
        Enctypes,
        &[
            "default_tgs_enctypes",
            "default_tkt_enctypes",
            "permitted_enctypes",
        ],
    ),
    (Many, &["extra_addresses"]),
    (
        Not("programs that verify logins"),
        &["verify_ap_req_nofail"],
    ),
    (
        Not("servers"),
        &["k5login_authoritative", "k5login_directory"],
    ),
    (
        Not("MIT's library"),
        &["kcm_mach_service", "plugin_base_dir"],
    ),
    (
        Not("features that are not supported yet"),
        &["spake_preauth_groups"],
    ),
    (
        Not("obsolete programs"),
        &[
            "ap_req_checksum_type",
            "kdc_req_checksum_type",
            "krb4_config",
            "krb4_realms",
            "krb4_srvtab",
            "safe_checksum_type",
            "v4_instance_resolve",
            "v4_name_convert",
        ],
    ),
];

const REALM_KEYS: &[(Kind, &[&str])] = &[
    (
        Kind::Server,
        &[
            "admin_server",
            "kdc",
            "kpasswd_server",
            "master_kdc",
            "primary_kdc",
        ],
    ),
    (Bool, &["disable_encrypted_timestamp"]),
    (Text, &["sitename"]),
    // Certificates of KDC proxies; each line may name some.
    (Many, &["http_anchors"]),
    (
        Not("features that are not supported yet"),
        &["auto_fast_armor"],
    ),
    (
        Not("Kerberos 4 and servers"),
        &[
            "auth_to_local",
            "default_domain",
            "krb524_server",
            "v4_realm",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_listed_twice() {
        for table in [LIBDEFAULT_KEYS, REALM_DEFAULT_KEYS, REALM_KEYS] {
            let mut names: Vec<_> = table.iter().flat_map(|(_, names)| *names).collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
