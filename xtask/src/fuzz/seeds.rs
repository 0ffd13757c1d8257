//! The first inputs of the fuzz targets, made by our own writers and an honest KDC: whatever a target
//! takes has come up once before the fuzzer begins.

mod files;
mod kdc;

use std::fs;
use std::path::Path;

use vectors::asn1::KINDS;
use vectors::samples::samples;

use crate::process::{self, Outcome};

/// Writes them below `folder`, each target's into a folder of its name.
///
/// # Errors
/// When a file cannot be written, or one of our writers fails.
pub(super) fn write(folder: &Path) -> Outcome {
    let mut seeds = Seeds { folder };
    messages(&mut seeds)?;
    let tgt = kdc::exchanges(&mut seeds)?;
    files::write(&mut seeds, &tgt)?;
    scripts(&mut seeds)?;
    text(&mut seeds)?;
    let captured = "crates/kerberos_proto/tests/pac/captured";
    for entry in fs::read_dir(process::workspace_root().join(captured))? {
        let entry = entry?;
        let name = entry.file_name();
        seeds.add("pac", &name.to_string_lossy(), &fs::read(entry.path())?)?;
    }
    Ok(())
}

/// Where they are written.
struct Seeds<'a> {
    folder: &'a Path,
}

impl Seeds<'_> {
    fn add(&mut self, target: &str, name: &str, input: &[u8]) -> Outcome {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name.replace("::", "_")), input)?)
    }
}

/// A sample of each message.
fn messages(seeds: &mut Seeds<'_>) -> Outcome {
    for (name, sample) in samples()? {
        let kind = KINDS.iter().position(|kind| kind.name == name);
        let kind = u8::try_from(kind.ok_or("no such kind")?)?;
        // The first byte chooses.
        let chosen = |choice: u8| [&[choice], sample.as_slice()].concat();
        seeds.add("asn1_messages", name, &chosen(kind))?;
        let other = match name {
            "AsRep" => Some(5),
            "KrbError" => Some(6),
            "AsReq" => Some(7),
            "TgsReq" => Some(8),
            _ => None,
        };
        if let Some(choice) = other {
            seeds.add("asn1_differential", name, &chosen(choice))?;
        }
        if name == "AsReq" {
            // Flags that say that they are 30, which one of the two once kept and the other did not.
            let mut short = chosen(7);
            let flags = short.windows(3).position(|window| window == [3, 5, 0]);
            let unused = short
                .get_mut(flags.ok_or("no flags")? + 2)
                .ok_or("no flags")?;
            *unused = 2;
            seeds.add("asn1_differential", "flags30", &short)?;
        }
        match name {
            "ApReq" => {
                seeds.add("ap_acceptor", name, &chosen(0))?;
                // RFC 4121 §4.1: the mechanism, the token's number, the message.
                let inner = [KERBEROS, b"\x01\0", &sample].concat();
                let length = u16::try_from(inner.len())?.to_be_bytes();
                let token = [b"\x03\x60\x82", length.as_slice(), &inner].concat();
                seeds.add("http_headers", "token", &token)?;
            }
            "KrbError" => seeds.add("krb_error", name, &sample)?,
            "KdcProxyMessage" => {
                seeds.add("kdc_proxy", "bare", &[&[7, 0], sample.as_slice()].concat())?;
                let head = b"\x07\x01HTTP/1.1 200 OK\r\nContent-Type: application/kerberos\r\n\r\n";
                seeds.add("kdc_proxy", "head", &[head, sample.as_slice()].concat())?;
            }
            _ => {}
        }
        // What a hostile network has instead of an answer: the sample, of its length.
        for target in HOSTILE_NETWORKS {
            if matches!(name, "AsRep" | "TgsRep" | "KrbError" | "ApRep" | "KrbPriv") {
                let length = u16::try_from(sample.len())?.to_be_bytes();
                let script = [&[0, 1], length.as_slice(), &sample].concat();
                seeds.add(target, &format!("instead_{name}"), &script)?;
            }
        }
    }
    let primitives: [&[u8]; 5] = [
        b"\x02\x01\x05",
        b"\x02\x01\xff",
        b"\x01\x01\xff",
        b"\x04\x01x",
        b"\x18\x0f19940610060317Z",
    ];
    for (choice, primitive) in (0..).zip(primitives) {
        let input = [&[choice], primitive].concat();
        seeds.add("asn1_differential", &format!("primitive{choice}"), &input)?;
    }
    Ok(())
}

/// Targets whose input says what a network does with honest messages.
const HOSTILE_NETWORKS: [&str; 5] = [
    "as_exchange",
    "tgs_exchange",
    "s4u_exchange",
    "kpasswd_reply",
    "gss_spnego",
];

/// The mechanism of RFC 1964 §1: 1.2.840.113554.1.2.2.
const KERBEROS: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";

/// Targets whose input says what happens: each of their choices, and nothing else going wrong.
fn scripts(seeds: &mut Seeds<'_>) -> Outcome {
    let choices = [
        ("as_exchange", 16),
        ("tgs_exchange", 32),
        ("s4u_exchange", 16),
        ("kpasswd_reply", 4),
        ("ap_acceptor", 4),
        ("gss_context", 2),
        ("names", 6),
        ("gss_spnego", 1),
    ];
    for (target, count) in choices {
        for choice in 0..count {
            seeds.add(target, &format!("choice{choice}"), &[choice])?;
        }
    }
    // Errors that once told another clock, and to leave out padata.
    let clock = [
        &b"\0\x02\x01\xf9\xff\xff\xff\xff\xff\xff9"[..],
        &[3; 34],
        b"O\x15",
    ]
    .concat();
    seeds.add("as_exchange", "another_clock", &clock)?;
    seeds.add("as_exchange", "less_padata", b"b\xe60g\xac\x02\x18")?;
    for etype in 0..5 {
        for protection in 0..2 {
            let name = format!("token{etype}{protection}");
            seeds.add("gss_unwrap", &name, &[etype, protection, 0, 16])?;
        }
    }
    for etype in 0..5 {
        for choices in 0..8 {
            let name = format!("message{etype}{choices}");
            seeds.add("session_message", &name, &[etype, choices])?;
        }
    }
    for layer in 0..3 {
        seeds.add("sasl_layer", &format!("layer{layer}"), &[layer, 40])?;
    }
    for etype in 0..8 {
        let input = [&[etype, 3], [b'x'; 60].as_slice()].concat();
        seeds.add("crypto_decrypt", &format!("etype{etype}"), &input)?;
    }
    let ramp: Vec<u8> = (0..=255).collect();
    for (step, name) in [(1, "slow"), (7, "quick"), (31, "wild")] {
        let script: Vec<u8> = ramp.iter().copied().step_by(step).collect();
        seeds.add("delivery", name, &script)?;
    }
    Ok(())
}

/// What people write, and what DNS servers send.
fn text(seeds: &mut Seeds<'_>) -> Outcome {
    let conf = b"[libdefaults]\n default_realm = R\n dns_lookup_kdc = false\n ticket_lifetime = 1d 2h\n \
        default_tkt_enctypes = aes256-cts -rc4\n udp_preference_limit = 1\n preferred_preauth_types = 14, 2\n\
        [realms]\n R = {\n  kdc = a.example:88\n  kdc = tcp/[::1]:88\n  kdc = https://proxy.example/KdcProxy\n  \
        admin_server = a.example\n  primary_kdc = b.example\n }*\n\
        [domain_realm]\n .example = R\n\0include 0\nincludedir d\n[capaths]\n A = {\n  B = .\n }\n";
    seeds.add("krb5_conf", "all", conf)?;
    let names: [(u8, &str); 10] = [
        (0, "host/www.example@R"),
        (0, "a\\/b\\@c\\n\\0\\\\/d@E"),
        (1, "alice@mail.example@R"),
        (2, "DIR::/tmp/cc/tktx"),
        (2, "KEYRING:persistent:0:krb_ccache_x"),
        (3, "WRFILE:/etc/krb5.keytab"),
        (4, "1d 2h 3m 4s"),
        (4, "10:20:30"),
        (4, "3-04:05:06"),
        (5, "alice@R realm=R\nbob@R service=host host=www.*\n"),
    ];
    for (number, (choice, name)) in names.iter().enumerate() {
        let input = [&[*choice], name.as_bytes()].concat();
        seeds.add("names", &format!("name{number}"), &input)?;
    }
    let headers = [
        "\x00Basic realm=\"a, Negotiate\", negotiate",
        "\x00NTLM\nNegotiate YII=, Basic realm=\"\\\"\"",
        "\x01Negotiate",
        "\x02Negotiate YII=",
        "\x02Basic YTpi",
        "\x02 negotiate\tYIIA",
    ];
    for (number, header) in headers.iter().enumerate() {
        let name = format!("header{number}");
        seeds.add("http_headers", &name, header.as_bytes())?;
    }
    let sidecar = "\x00listen = \":8080\"\nhook = [\"a\", \"b\"]\nperiod = \"1h\"\ntimeout = 60\n\
        [[ticket]]\nkeytab = \"/k\"\nprincipal = \"a@R\"\ncache = \"FILE:/c\"\n";
    let secret = "\x01{\"username\":\"alice\",\"password\":\"hunter2!\",\"domainName\":\"R\"}";
    let keytab = "\x02{\"entries\":[{\"principal\":\"a@R\",\"kvno\":3,\"enctype\":\"rc4-hmac\",\
        \"key\":\"00112233445566778899aabbccddeeff\"}]}";
    for (name, input) in [("sidecar", sidecar), ("secret", secret), ("keytab", keytab)] {
        seeds.add("sidecar_files", name, input.as_bytes())?;
    }
    let lines = [
        "addent -password -p alice@R -k 3 -e aes256-cts -s salt",
        "addent -key -p \"a b\"@R -k 1 -e rc4-hmac",
        "rkt \"a \"\"quoted\"\" file\"",
        "list -e -k -t",
        "lr",
    ];
    for (number, line) in lines.iter().enumerate() {
        seeds.add("ktutil_line", &number.to_string(), line.as_bytes())?;
    }
    // Of the type that is asked for, one answer: the name by a pointer, type, class, time to live.
    let records: [(u8, u16, &[u8]); 6] = [
        (0, 1, &[127, 0, 0, 1]),
        (1, 12, b"\x01b\xc0\x0e"),
        (2, 16, b"\x07EXAMPLE"),
        (3, 28, &[0; 16]),
        (4, 33, b"\0\x01\0\x02\0\x58\x01b\xc0\x0e"),
        (5, 256, b"\0\x01\0\x02krb5srv:m:udp:b.example"),
    ];
    for (pick, kind, data) in records {
        let mut input = vec![pick, 1, 0, 0xc0, 12];
        input.extend(kind.to_be_bytes());
        input.extend([0, 1, 0, 0, 0, 60]);
        input.extend(u16::try_from(data.len())?.to_be_bytes());
        input.extend(data);
        seeds.add("dns_answer", &kind.to_string(), &input)?;
    }
    Ok(())
}
