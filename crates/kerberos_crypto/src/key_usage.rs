//! `KeyUsage`: the number that separates the different uses of a key (RFC 4120 §7.5.1).

/// A key usage number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyUsage(pub u32);

impl KeyUsage {
    /// AS-REQ PA-ENC-TIMESTAMP, with the client's key (RFC 4120 §5.2.7.2).
    pub const AS_REQ_PA_ENC_TIMESTAMP: Self = Self(1);
    /// The ticket in an AS-REP or TGS-REP, with the service's key (RFC 4120 §5.3).
    pub const KDC_REP_TICKET: Self = Self(2);
    /// The encrypted part of an AS-REP, with the reply key (RFC 4120 §5.4.2).
    pub const AS_REP_ENC_PART: Self = Self(3);
    /// Authorization data of a TGS-REQ, with the TGT's session key (RFC 4120 §5.4.1).
    pub const TGS_REQ_AUTH_DATA_SESSION_KEY: Self = Self(4);
    /// Authorization data of a TGS-REQ, with the authenticator's subkey (RFC 4120 §5.4.1).
    pub const TGS_REQ_AUTH_DATA_SUBKEY: Self = Self(5);
    /// The checksum in the authenticator of PA-TGS-REQ (RFC 4120 §5.5.1).
    pub const TGS_REQ_AUTHENTICATOR_CHECKSUM: Self = Self(6);
    /// The authenticator of PA-TGS-REQ (RFC 4120 §5.5.1).
    pub const TGS_REQ_AUTHENTICATOR: Self = Self(7);
    /// The encrypted part of a TGS-REP, with the TGT's session key (RFC 4120 §5.4.2).
    pub const TGS_REP_ENC_PART_SESSION_KEY: Self = Self(8);
    /// The encrypted part of a TGS-REP, with the authenticator's subkey (RFC 4120 §5.4.2).
    pub const TGS_REP_ENC_PART_SUBKEY: Self = Self(9);
    /// The checksum in the authenticator of an AP-REQ (RFC 4120 §5.5.1).
    pub const AP_REQ_AUTHENTICATOR_CHECKSUM: Self = Self(10);
    /// The authenticator of an AP-REQ (RFC 4120 §5.5.1).
    pub const AP_REQ_AUTHENTICATOR: Self = Self(11);
    /// The encrypted part of an AP-REP (RFC 4120 §5.5.2).
    pub const AP_REP_ENC_PART: Self = Self(12);
    /// The encrypted part of a KRB-PRIV (RFC 4120 §5.7.1).
    pub const KRB_PRIV_ENC_PART: Self = Self(13);
    /// The encrypted part of a KRB-CRED (RFC 4120 §5.8.1).
    pub const KRB_CRED_ENC_PART: Self = Self(14);
    /// The checksum of a KRB-SAFE (RFC 4120 §5.6.1).
    pub const KRB_SAFE_CHECKSUM: Self = Self(15);
    /// The checksum of PA-FOR-USER (MS-SFU §2.2.1).
    pub const PA_FOR_USER_CHECKSUM: Self = Self(17);
    /// The signatures of a PAC (MS-PAC §2.8).
    pub const PAC_CHECKSUM: Self = Self(17);
    /// The checksum of AD-KDC-ISSUED (RFC 4120 §5.2.6.2).
    pub const AD_KDC_ISSUED_CHECKSUM: Self = Self(19);
    /// GSS-API wrap tokens from the acceptor (RFC 4121 §2).
    pub const GSS_ACCEPTOR_SEAL: Self = Self(22);
    /// GSS-API MIC tokens from the acceptor (RFC 4121 §2).
    pub const GSS_ACCEPTOR_SIGN: Self = Self(23);
    /// GSS-API wrap tokens from the initiator (RFC 4121 §2).
    pub const GSS_INITIATOR_SEAL: Self = Self(24);
    /// GSS-API MIC tokens from the initiator (RFC 4121 §2).
    pub const GSS_INITIATOR_SIGN: Self = Self(25);
    /// The checksum of PA-S4U-X509-USER in a request (MS-SFU §2.2.2).
    pub const PA_S4U_X509_USER_REQUEST: Self = Self(26);
    /// The checksum of PA-S4U-X509-USER in a reply (MS-SFU §2.2.2).
    pub const PA_S4U_X509_USER_REPLY: Self = Self(27);
    /// The checksum over the request in a FAST request (RFC 6113 §5.4.2).
    pub const FAST_REQ_CHECKSUM: Self = Self(50);
    /// The encrypted FAST request (RFC 6113 §5.4.2).
    pub const FAST_ENC: Self = Self(51);
    /// The encrypted FAST response (RFC 6113 §5.4.3).
    pub const FAST_REP: Self = Self(52);
    /// The checksum over the ticket in a FAST response (RFC 6113 §5.4.3).
    pub const FAST_FINISHED: Self = Self(53);
    /// Encrypted challenge, from the client (RFC 6113 §5.4.6).
    pub const ENC_CHALLENGE_CLIENT: Self = Self(54);
    /// Encrypted challenge, from the KDC (RFC 6113 §5.4.6).
    pub const ENC_CHALLENGE_KDC: Self = Self(55);
    /// The checksum over the AS-REQ in PA-REQ-ENC-PA-REP (RFC 6806 §11).
    pub const AS_REQ: Self = Self(56);
    /// The checksums of AD-CAMMAC (RFC 7751 §4).
    pub const CAMMAC: Self = Self(64);

    /// The usage followed by one octet. RFC 3961 §5.3, RFC 6803 §6 and RFC 8009 §5 derive the keys
    /// for a usage from this constant.
    pub(crate) fn constant(self, purpose: Purpose) -> [u8; 5] {
        let [a, b, c, d] = self.0.to_be_bytes();
        [a, b, c, d, purpose as u8]
    }
}

/// One of the three keys { Kc, Ke, Ki } for a usage (RFC 3961 §5.3).
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Purpose {
    /// Kc, for checksums.
    Checksum = 0x99,
    /// Ke, for encryption.
    Encryption = 0xAA,
    /// Ki, for the integrity of encrypted data.
    Integrity = 0x55,
}
