//! The texts of the protocol's error codes (RFC 4120 §7.5.9 and its successors) as MIT's library
//! prints them, which scripts match on.

/// The number that MIT's library adds to a protocol error code: `-1765328384`.
pub const MIT_ERROR_BASE: i32 = -1_765_328_384;

/// MIT's text for the protocol error `code`, as `kinit` prints it.
///
/// # Example
/// ```
/// use kerberos_proto::mit_text;
/// assert_eq!(mit_text(6), "Client not found in Kerberos database");
/// assert_eq!(mit_text(53), "KRB5 error code 53");
/// assert_eq!(mit_text(4711), "Unknown code");
/// ```
pub const fn mit_text(code: i32) -> &'static str {
    match code {
        0 => "No error",
        1 => "Client's entry in database has expired",
        2 => "Server's entry in database has expired",
        3 => "Requested protocol version not supported",
        4 => "Client's key is encrypted in an old master key",
        5 => "Server's key is encrypted in an old master key",
        6 => "Client not found in Kerberos database",
        7 => "Server not found in Kerberos database",
        8 => "Principal has multiple entries in Kerberos database",
        9 => "Client or server has a null key",
        10 => "Ticket is ineligible for postdating",
        11 => "Requested effective lifetime is negative or too short",
        12 => "KDC policy rejects request",
        13 => "KDC can't fulfill requested option",
        14 => "KDC has no support for encryption type",
        15 => "KDC has no support for checksum type",
        16 => "KDC has no support for padata type",
        17 => "KDC has no support for transited type",
        18 => "Client's credentials have been revoked",
        19 => "Credentials for server have been revoked",
        20 => "TGT has been revoked",
        21 => "Client not yet valid - try again later",
        22 => "Server not yet valid - try again later",
        23 => "Password has expired",
        24 => "Preauthentication failed",
        25 => "Additional pre-authentication required",
        26 => "Requested server and ticket don't match",
        27 => "Server principal valid for user2user only",
        28 => "KDC policy rejects transited path",
        29 => "A service is not available that is required to process the request",
        30 => "KRB5 error code 30",
        31 => "Decrypt integrity check failed",
        32 => "Ticket expired",
        33 => "Ticket not yet valid",
        34 => "Request is a replay",
        35 => "The ticket isn't for us",
        36 => "Ticket/authenticator don't match",
        37 => "Clock skew too great",
        38 => "Incorrect net address",
        39 => "Protocol version mismatch",
        40 => "Invalid message type",
        41 => "Message stream modified",
        42 => "Message out of order",
        43 => "Illegal cross-realm ticket",
        44 => "Key version is not available",
        45 => "Service key not available",
        46 => "Mutual authentication failed",
        47 => "Incorrect message direction",
        48 => "Alternative authentication method required",
        49 => "Incorrect sequence number in message",
        50 => "Inappropriate type of checksum in message",
        51 => "Policy rejects transited path",
        52 => "Response too big for UDP, retry with TCP",
        53 => "KRB5 error code 53",
        54 => "KRB5 error code 54",
        55 => "KRB5 error code 55",
        56 => "KRB5 error code 56",
        57 => "KRB5 error code 57",
        58 => "KRB5 error code 58",
        59 => "KRB5 error code 59",
        60 => "Generic error (see e-text)",
        61 => "Field is too long for this implementation",
        62 => "Client not trusted",
        63 => "KDC not trusted",
        64 => "Invalid signature",
        65 => "Key parameters not accepted",
        66 => "Certificate mismatch",
        67 => "No ticket granting ticket",
        68 => "Realm not local to KDC",
        69 => "User to user required",
        70 => "Can't verify certificate",
        71 => "Invalid certificate",
        72 => "Revoked certificate",
        73 => "Revocation status unknown",
        74 => "Revocation status unavailable",
        75 => "Client name mismatch",
        76 => "KDC name mismatch",
        77 => "Inconsistent key purpose",
        78 => "Digest in certificate not accepted",
        79 => "Checksum must be included",
        80 => "Digest in signed-data not accepted",
        81 => "Public key encryption not supported",
        82 => "KRB5 error code 82",
        83 => "KRB5 error code 83",
        84 => "KRB5 error code 84",
        85 => "The IAKERB proxy could not find a KDC",
        86 => "The KDC did not respond to the IAKERB proxy",
        87 => "KRB5 error code 87",
        88 => "KRB5 error code 88",
        89 => "KRB5 error code 89",
        90 => "Preauthentication expired",
        91 => "More preauthentication data is required",
        92 => "KRB5 error code 92",
        93 => "An unsupported critical FAST option was requested",
        94 => "KRB5 error code 94",
        95 => "KRB5 error code 95",
        96 => "KRB5 error code 96",
        97 => "KRB5 error code 97",
        98 => "KRB5 error code 98",
        99 => "KRB5 error code 99",
        100 => "No acceptable KDF offered",
        101 => "KRB5 error code 101",
        102 => "KRB5 error code 102",
        103 => "KRB5 error code 103",
        104 => "KRB5 error code 104",
        105 => "KRB5 error code 105",
        106 => "KRB5 error code 106",
        107 => "KRB5 error code 107",
        108 => "KRB5 error code 108",
        109 => "KRB5 error code 109",
        110 => "KRB5 error code 110",
        111 => "KRB5 error code 111",
        112 => "KRB5 error code 112",
        113 => "KRB5 error code 113",
        114 => "KRB5 error code 114",
        115 => "KRB5 error code 115",
        116 => "KRB5 error code 116",
        117 => "KRB5 error code 117",
        118 => "KRB5 error code 118",
        119 => "KRB5 error code 119",
        120 => "KRB5 error code 120",
        121 => "KRB5 error code 121",
        122 => "KRB5 error code 122",
        123 => "KRB5 error code 123",
        124 => "KRB5 error code 124",
        125 => "KRB5 error code 125",
        126 => "KRB5 error code 126",
        127 => "KRB5 error code 127",
        _ => "Unknown code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_distinct() {
        for code in 0..128 {
            assert_ne!(mit_text(code), "Unknown code", "{code}");
            for other in 0..code {
                assert_ne!(mit_text(code), mit_text(other), "{code} and {other}");
            }
        }
        assert_eq!(mit_text(-1), "Unknown code");
        assert_eq!(mit_text(128), "Unknown code");
    }

    #[test]
    fn codes_that_scripts_match_on_have_the_text_of_mit() {
        fn check(code: i32, text: &str) {
            assert_eq!(mit_text(code), text);
        }
        check(14, "KDC has no support for encryption type");
        check(18, "Client's credentials have been revoked");
        check(23, "Password has expired");
        check(24, "Preauthentication failed");
        check(25, "Additional pre-authentication required");
        check(37, "Clock skew too great");
        check(68, "Realm not local to KDC");
        check(90, "Preauthentication expired");
        assert_eq!(MIT_ERROR_BASE + 25, -1_765_328_359);
    }
}
