//! Preauthentication and typed data types (RFC 4120 §7.5.2 and the documents that extend it).

super::open_enum! {
    /// The type of a [`PaData`](crate::PaData), and of a [`TypedDataEntry`](crate::TypedDataEntry),
    /// which share one registry (RFC 4120 §7.5.2).
    ///
    /// The names are those of the registry, without `PA-`.
    pub struct PaDataType;
    /// The AP-REQ of a TGS-REQ (RFC 4120 §5.2.7.1).
    TGS_REQ = 1;
    /// An encrypted timestamp (RFC 4120 §5.2.7.2).
    ENC_TIMESTAMP = 2;
    /// The salt of the client's password (RFC 4120 §5.2.7.3).
    PW_SALT = 3;
    /// Deprecated.
    ENC_UNIX_TIME = 5;
    /// SecurID, of Sandia.
    SANDIA_SECUREID = 6;
    /// SESAME.
    SESAME = 7;
    /// DCE of the OSF.
    OSF_DCE = 8;
    /// SecurID, of CyberSafe.
    CYBERSAFE_SECUREID = 9;
    /// The salt of an AFS password (RFC 4120 §7.5.2).
    AFS3_SALT = 10;
    /// Encryption types and salts (RFC 4120 §5.2.7.4).
    ETYPE_INFO = 11;
    /// Single-use authentication challenge.
    SAM_CHALLENGE = 12;
    /// Single-use authentication response.
    SAM_RESPONSE = 13;
    /// PKINIT request of an early draft.
    PK_AS_REQ_OLD = 14;
    /// PKINIT reply of an early draft.
    PK_AS_REP_OLD = 15;
    /// PKINIT request (RFC 4556 §3.2.1).
    PK_AS_REQ = 16;
    /// PKINIT reply (RFC 4556 §3.2.3).
    PK_AS_REP = 17;
    /// Encryption types, salts and parameters (RFC 4120 §5.2.7.5).
    ETYPE_INFO2 = 19;
    /// Referral information (RFC 6806 §9); `PA-USE-SPECIFIED-KVNO` in RFC 4120.
    SVR_REFERRAL_INFO = 20;
    /// Single-use authentication redirect.
    SAM_REDIRECT = 21;
    /// Padata within typed data (RFC 4120 §7.5.2); also `PA-GET-FROM-TYPED-DATA`.
    TD_PADATA = 22;
    /// Encryption types for single-use authentication.
    SAM_ETYPE_INFO = 23;
    /// An alternative principal.
    ALT_PRINC = 24;
    /// Single-use authentication challenge, second version.
    SAM_CHALLENGE2 = 30;
    /// Single-use authentication response, second version.
    SAM_RESPONSE2 = 31;
    /// Reserved for an extra TGT.
    EXTRA_TGT = 41;
    /// Certificates of a CMS.
    TD_PKINIT_CMS_CERTIFICATES = 101;
    /// A principal name.
    TD_KRB_PRINCIPAL = 102;
    /// A realm.
    TD_KRB_REALM = 103;
    /// Certifiers that the KDC trusts (RFC 4556 §3.2.2).
    TD_TRUSTED_CERTIFIERS = 104;
    /// Identifies an invalid certificate; `TD-INVALID-CERTIFICATES` in RFC 4556.
    TD_CERTIFICATE_INDEX = 105;
    /// An application-defined error.
    TD_APP_DEFINED_ERROR = 106;
    /// The nonce of the request.
    TD_REQ_NONCE = 107;
    /// The sequence number of the request.
    TD_REQ_SEQ = 108;
    /// Diffie-Hellman parameters that the KDC accepts (RFC 4556 §3.2.1).
    TD_DH_PARAMETERS = 109;
    /// Digest algorithms that the KDC accepts (RFC 8636 §4).
    TD_CMS_DIGEST_ALGORITHMS = 111;
    /// Certificate digests that the KDC accepts (RFC 8636 §5).
    TD_CERT_DIGEST_ALGORITHMS = 112;
    /// Whether to include a PAC (MS-KILE §2.2.3).
    PAC_REQUEST = 128;
    /// The user of S4U2self (MS-SFU §2.2.1).
    FOR_USER = 129;
    /// The user of S4U2self, by certificate (MS-SFU §2.2.2).
    FOR_X509_USER = 130;
    /// Reserved by Microsoft.
    FOR_CHECK_DUPS = 131;
    /// Checksum of an AS-REQ within PKINIT of Windows.
    AS_CHECKSUM = 132;
    /// State of the KDC that the client returns (RFC 6113 §5.2).
    FX_COOKIE = 133;
    /// Sets of mechanisms (RFC 6113 §5.3).
    AUTHENTICATION_SET = 134;
    /// The chosen set of mechanisms (RFC 6113 §5.3).
    AUTH_SET_SELECTED = 135;
    /// A FAST request or reply (RFC 6113 §5.4).
    FX_FAST = 136;
    /// The KRB-ERROR within FAST (RFC 6113 §5.4.4).
    FX_ERROR = 137;
    /// A timestamp under the FAST armor key (RFC 6113 §5.4.6).
    ENCRYPTED_CHALLENGE = 138;
    /// One-time password challenge (RFC 6560 §4.1).
    OTP_CHALLENGE = 141;
    /// One-time password request (RFC 6560 §4.2).
    OTP_REQUEST = 142;
    /// Reserved: one-time password confirmation, of a draft.
    OTP_CONFIRM = 143;
    /// A changed PIN (RFC 6560 §4.3).
    OTP_PIN_CHANGE = 144;
    /// Request of the EPAK draft.
    EPAK_AS_REQ = 145;
    /// Reply of the EPAK draft.
    EPAK_AS_REP = 146;
    /// The KDC's contribution to the key of anonymous PKINIT (RFC 8062 §4.2).
    PKINIT_KX = 147;
    /// The name of a PKU2U peer.
    PKU2U_NAME = 148;
    /// Requests that the KDC protect its reply (RFC 6806 §11).
    REQ_ENC_PA_REP = 149;
    /// The freshness token of PKINIT (RFC 8070 §4).
    AS_FRESHNESS = 150;
    /// SPAKE (RFC 9588 §4).
    SPAKE = 151;
    /// Authentication by an OAuth 2.0 provider, of SSSD.
    REDHAT_IDP_OAUTH2 = 152;
    /// Authentication by a passkey, of SSSD.
    REDHAT_PASSKEY = 153;
    /// The encryption types that a service supports (MS-KILE §2.2.8).
    SUPPORTED_ETYPES = 165;
    /// The client's options (MS-KILE §2.2.10).
    PAC_OPTIONS = 167;
}
