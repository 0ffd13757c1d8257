//! Text that people write, and answers of DNS servers.

use super::Seeds;
use crate::process::Outcome;

/// Writes the seeds.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(seeds: &mut Seeds<'_>) -> Outcome {
    let conf = b"[libdefaults]\n default_realm = R\n dns_lookup_kdc = false\n ticket_lifetime = 1d 2h\n \
        default_tkt_enctypes = aes256-cts -rc4\n udp_preference_limit = 1\n preferred_preauth_types = 14, 2\n\
        [realms]\n R = {\n  kdc = a.example:88\n  kdc = tcp/[::1]:88\n  kdc = https://proxy.example/KdcProxy\n  \
        admin_server = a.example\n  primary_kdc = b.example\n }*\n\
        [domain_realm]\n .example = R\n\0include 0\nincludedir d\n[capaths]\n A = {\n  B = .\n }\n";
    seeds.add("krb5_conf", "all", conf)?;
    let names: [(u8, &str); 17] = [
        (0, "host/www.example@R"),
        (0, "a\\/b\\@c\\n\\0\\\\/d@E"),
        (1, "alice@mail.example@R"),
        (2, "DIR::/tmp/cc/tktx"),
        (2, "KEYRING:persistent:0:krb_ccache_x"),
        (3, "WRFILE:/etc/krb5.keytab"),
        (4, "1d 2h 3m 4s"),
        (4, "10:20:30"),
        (4, "3-04:05:06"),
        (6, "22-Nov-2026:09:30"),
        (6, "20261122093005"),
        (6, "09:30:05"),
        (5, "alice@R realm=R\nbob@R service=host host=www.*\n"),
        (
            7,
            "nameserver fe80::1%7\nsearch a.example b.\noptions ndots:2 timeout:1 attempts:3 edns0\n",
        ),
        (8, "kdc.example:750"),
        (8, "[2001:db8::1]: 88"),
        (8, "https://proxy.example/KdcProxy"),
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
    let lists = [
        "\x00A.CORP\nB.CORP\nCORP",
        "\x00A.B.X.COM\nC.D.X.COM\n,X.COM,,",
        "\x00EU.CORP.LOCAL\nHQ.PARTNER.NET\nCORP.LOCAL,PARTNER.NET",
        "\x00C.EDU\n/COM/X\nEDU,MIT.,ATHENA.,/COM,/HP, /COM/DEC",
        "\x01A\nB\nCORP,NET,\\A\\,",
    ];
    for (number, list) in lists.iter().enumerate() {
        seeds.add("transited", &format!("list{number}"), list.as_bytes())?;
    }
    let pem = b"subject: x\n-----BEGIN CERTIFICATE-----\nAQ\nID\n-----END CERTIFICATE-----\n";
    seeds.add("pem_certificate", "short", pem)?;
    let sidecar = "\x00listen = \":8080\"\nhook = [\"a\", \"b\"]\nperiod = \"1h\"\ntimeout = 60\n\
        [[ticket]]\nkeytab = \"/k\"\nprincipal = \"a@R\"\ncache = \"FILE:/c\"\n";
    let secret = "\x01{\"username\":\"alice\",\"password\":\"hunter2!\",\"domainName\":\"R\"}";
    let keytab = "\x02{\"entries\":[{\"principal\":\"a@R\",\"kvno\":3,\"enctype\":\"rc4-hmac\",\
        \"key\":\"00112233445566778899aabbccddeeff\"}]}";
    let request = "\x03GET /readyz?x=y HTTP/1.1\r\nHost: x\r\n\r\n";
    for (name, input) in [
        ("sidecar", sidecar),
        ("secret", secret),
        ("keytab", keytab),
        ("request", request),
    ] {
        seeds.add("sidecar_inputs", name, input.as_bytes())?;
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
    // One answer of the requested type: a pointer to the name, type, class, time to live.
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
        // From the name via a second one to a third, which has the record; also one in other letter
        // case and one of another class.
        let records = [pick | 0x80, 0x14, 0x19, 0x02, 0x42, 0x22];
        seeds.add("dns_answer", &format!("aliases{kind}"), &records)?;
    }
    Ok(())
}
