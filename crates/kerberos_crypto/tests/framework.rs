//! What all supported encryption types have in common, and how they handle bad input.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::convert::Infallible;

use kerberos_crypto::{
    ChecksumType, CryptoError, DEFAULT_MAX_ITERATIONS, EncryptionType, Key, KeyBlock, KeyUsage,
};

const USAGE: KeyUsage = KeyUsage::AS_REP_ENC_PART;

#[test]
fn every_length_from_0_to_64_round_trips() {
    for &etype in EncryptionType::SUPPORTED {
        let key = key(etype);
        for length in 0..=64_u8 {
            let text: Vec<u8> = (0..length).collect();
            let sealed = key.encrypt(USAGE, &text, &mut Counter(0));
            assert_eq!(
                sealed.len(),
                key.ciphertext_len(text.len()),
                "{etype} {length}"
            );
            let opened = key.decrypt(USAGE, &sealed).unwrap();
            assert_plaintext(etype, &opened, &text);

            // In place, the result must be the same bytes, whatever was in the buffer.
            let mut buffer = vec![0xFF; sealed.len()];
            buffer[key.header_len()..][..text.len()].copy_from_slice(&text);
            key.encrypt_in_place(USAGE, &mut buffer, text.len(), &mut Counter(0))
                .unwrap();
            assert_eq!(buffer, sealed, "{etype} {length}");
            assert_plaintext(
                etype,
                key.decrypt_in_place(USAGE, &mut buffer).unwrap(),
                &text,
            );
        }
    }
}

/// Triple DES leaves its padding.
fn assert_plaintext(etype: EncryptionType, opened: &[u8], text: &[u8]) {
    let padding = if etype == EncryptionType::DES3_CBC_SHA1 {
        vec![0; text.len().next_multiple_of(8) - text.len()]
    } else {
        vec![]
    };
    assert_eq!(
        opened,
        [text, &padding].concat(),
        "{etype}, {} bytes",
        text.len()
    );
}

#[test]
fn garbage_truncation_and_bit_flips_fail_to_decrypt() {
    for &etype in EncryptionType::SUPPORTED {
        let key = key(etype);
        for length in 0..=128 {
            for fill in [0x00, 0xA5, 0xFF] {
                let refused = key.decrypt(USAGE, &vec![fill; length]);
                assert_eq!(
                    refused.unwrap_err(),
                    CryptoError::Decrypt,
                    "{etype} {length}"
                );
            }
        }
        let sealed = key.encrypt(USAGE, b"twenty-one bytes long", &mut Counter(3));
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                key.decrypt(USAGE, &altered).unwrap_err(),
                CryptoError::Decrypt
            );
        }
        for end in 0..sealed.len() {
            assert_eq!(
                key.decrypt(USAGE, &sealed[..end]).unwrap_err(),
                CryptoError::Decrypt
            );
        }
    }
}

#[test]
fn failed_decrypt_in_place_leaves_no_plaintext() {
    let text = [b'P'; 48];
    for &etype in EncryptionType::SUPPORTED {
        let key = key(etype);
        let mut sealed = key.encrypt(USAGE, &text, &mut Counter(5));
        let last = sealed.len() - 1;
        sealed[last] ^= 1;
        assert!(key.decrypt_in_place(USAGE, &mut sealed).is_err());
        assert!(
            !sealed.windows(8).any(|window| window == [b'P'; 8]),
            "{etype}"
        );
    }
}

#[test]
fn wrong_key_or_key_usage_is_refused() {
    for &etype in EncryptionType::SUPPORTED {
        let key = key(etype);
        let other = Key::random_to_key(etype, &vec![9; seed_size(etype)]).unwrap();
        let sealed = key.encrypt(KeyUsage(1), b"text", &mut Counter(0));
        assert!(key.decrypt(KeyUsage(2), &sealed).is_err(), "{etype}");
        assert!(other.decrypt(KeyUsage(1), &sealed).is_err(), "{etype}");

        let checksum = key.checksum(KeyUsage(1), b"text");
        assert_eq!(checksum.len(), key.checksum_len(), "{etype}");
        assert!(key.verify_checksum(KeyUsage(1), b"text", &checksum).is_ok());
        let wrong = [
            key.verify_checksum(KeyUsage(2), b"text", &checksum),
            other.verify_checksum(KeyUsage(1), b"text", &checksum),
            key.verify_checksum(KeyUsage(1), b"test", &checksum),
            key.verify_checksum(KeyUsage(1), b"text", &checksum[1..]),
            key.verify_checksum(KeyUsage(1), b"text", &[]),
            key.verify_checksum(KeyUsage(1), b"text", &[&checksum[..], &[0]].concat()),
        ];
        assert_eq!(wrong, [Err(CryptoError::Checksum); 6], "{etype}");
    }
}

#[test]
fn results_stay_correct_when_the_usage_cache_is_full() {
    for &etype in EncryptionType::SUPPORTED {
        let key = key(etype);
        for usage in (0..20).chain(0..20).map(KeyUsage) {
            let sealed = key.encrypt(usage, b"text", &mut Counter(0));
            assert_eq!(sealed, key.clone().encrypt(usage, b"text", &mut Counter(0)));
            assert_eq!(
                key.checksum(usage, b"text"),
                key.clone().checksum(usage, b"text")
            );
        }
    }
}

/// Values computed by MIT krb5, where the RFCs have no samples.
#[test]
fn checksums_match_mit() {
    let check = |checksum_type, etype, usage, key: &str, data: &str, expected: &str| {
        let key = Key::from_bytes(EncryptionType(etype), &hex(key)).unwrap();
        let (usage, data) = (KeyUsage(usage), data.as_bytes());
        let checksum = key
            .checksum_as(ChecksumType(checksum_type), usage, data)
            .unwrap();
        assert_eq!(checksum, hex(expected), "checksum type {checksum_type}");
        key.verify_checksum_as(ChecksumType(checksum_type), usage, data, &checksum)
            .unwrap();
    };
    check(
        12,
        16,
        2,
        "7A25DF8992296DCEDA0E135BC4046E2375B3C14C98FBC162",
        "six seven",
        "0EEFC9C3E049AABC1BA5C401677D9AB699082BB4",
    );
    check(
        15,
        17,
        3,
        "9062430C8CDA3388922E6D6A509F5B7A",
        "eight nine ten eleven twelve thirteen",
        "01A4B088D45628F6946614E3",
    );
    check(
        16,
        18,
        4,
        "B1AE4CD8462AFF1677053CC9279AAC30B796FB81CE21474DD3DDBCFEA4EC76D7",
        "fourteen",
        "E08739E3279E2903EC8E3836",
    );
    check(
        -137,
        23,
        5,
        "F7D3A155AF5E238A0B7A871A96BA2AB2",
        "fifteen sixteen",
        "9F41DF304907DE735447001FD2A197B9",
    );
    check(
        -138,
        23,
        6,
        "F7D3A155AF5E238A0B7A871A96BA2AB2",
        "seventeen eighteen nineteen twenty",
        "EB38CC97E2230F59DA4117DC5859D7EC",
    );
}

#[test]
fn prf_matches_mit() {
    let check = |etype, key: &str, input: &[u8], expected: &str| {
        let key = Key::from_bytes(EncryptionType(etype), &hex(key)).unwrap();
        assert_eq!(*key.prf(input), hex(expected), "etype {etype}");
    };
    check(
        17,
        "AE272E7CDEC86AC5138CDB196D8E297D",
        b"\x01a",
        "77B39A37A868920F2A51F9DD150C5717",
    );
    check(
        18,
        "C01F157211F7B77EAAF457C3E156690127EE127D810BA6392E97BAA243EB0616",
        b"\x01a",
        "B2628C788E2E9C4A9BB4644678C29F2F",
    );
    check(
        19,
        "3705D96080C17728A0E800EAB6E0D23C",
        b"test",
        "9D188616F63852FE86915BB840B4A886FF3E6BB0F819B49B893393D393854295",
    );
    check(
        20,
        "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52",
        b"test",
        "9801F69A368C2BF675E59521E177D9A07F67EFE1CFDE8D3C8D6F6A0256E3B17D\
         B3C1B62AD1B8553360D17367EB1514D2",
    );
}

#[test]
fn checksum_as_refuses_types_that_do_not_fit_the_key() {
    let aes = key(EncryptionType::AES256_CTS_HMAC_SHA1_96);
    // Windows uses this type with all keys.
    assert_eq!(
        aes.checksum_as(ChecksumType::HMAC_MD5, USAGE, b"x")
            .unwrap()
            .len(),
        16
    );
    for number in [1, 2, 7, 10, 12, 14, 15, 17, 18, 19, 20, -137, 99] {
        let other = ChecksumType(number);
        assert_eq!(
            aes.checksum_as(other, USAGE, b"x"),
            Err(CryptoError::UnsupportedChecksum(other))
        );
        assert_eq!(
            aes.verify_checksum_as(other, USAGE, b"x", b""),
            Err(CryptoError::UnsupportedChecksum(other))
        );
    }
}

#[test]
fn unsupported_enctypes_are_refused_by_name() {
    for number in [
        i32::MIN,
        -135,
        -128,
        -1,
        0,
        1,
        2,
        3,
        5,
        6,
        7,
        8,
        9,
        15,
        21,
        22,
        24,
        27,
        99,
    ] {
        let etype = EncryptionType(number);
        let refused = CryptoError::UnsupportedEtype(etype);
        assert_eq!(
            Key::new(&KeyBlock::new(etype, vec![1; 16])).unwrap_err(),
            refused
        );
        assert_eq!(Key::random_to_key(etype, &[1; 16]).unwrap_err(), refused);
        assert_eq!(Key::generate(etype, &mut Counter(0)).unwrap_err(), refused);
        assert_eq!(
            Key::from_password(etype, b"p", b"s", None, DEFAULT_MAX_ITERATIONS).unwrap_err(),
            refused
        );
    }
    let named = CryptoError::UnsupportedEtype(EncryptionType(3)).to_string();
    assert_eq!(named, "encryption type des-cbc-md5 is not supported");
}

#[test]
fn wrong_key_and_seed_lengths_are_refused() {
    for &etype in EncryptionType::SUPPORTED {
        let expected = etype.key_size().unwrap();
        for actual in (0..=64).filter(|&length| length != expected) {
            assert_eq!(
                Key::from_bytes(etype, &vec![0; actual]).unwrap_err(),
                CryptoError::KeyLength {
                    etype,
                    expected,
                    actual
                }
            );
        }
        let expected = seed_size(etype);
        for actual in (0..=64).filter(|&length| length != expected) {
            assert_eq!(
                Key::random_to_key(etype, &vec![0; actual]).unwrap_err(),
                CryptoError::SeedLength {
                    etype,
                    expected,
                    actual
                }
            );
        }
    }
}

#[test]
fn string_to_key_iteration_counts_are_bounded() {
    let ask = |number, params: &[u8]| {
        Key::from_password(
            EncryptionType(number),
            b"password",
            b"salt",
            Some(params),
            40_000,
        )
        .map(|key| key.etype().0)
    };
    for (number, default) in [
        (17, 4096),
        (18, 4096),
        (19, 32768),
        (20, 32768),
        (25, 32768),
    ] {
        let etype = EncryptionType(number);
        assert_eq!(etype.default_iterations(), Some(default));
        assert_eq!(ask(number, &default.to_be_bytes()), Ok(number));
        assert_eq!(
            ask(number, &(default - 1).to_be_bytes()),
            Err(CryptoError::TooFewIterations {
                asked: default - 1,
                minimum: default
            })
        );
        assert_eq!(
            ask(number, &40_001_u32.to_be_bytes()),
            Err(CryptoError::TooManyIterations {
                asked: 40_001,
                limit: 40_000
            })
        );
        assert_eq!(
            ask(number, &[0xFF; 4]),
            Err(CryptoError::TooManyIterations {
                asked: 0xFFFF_FFFF,
                limit: 40_000
            })
        );
        assert_eq!(
            ask(number, &[0; 4]),
            Err(CryptoError::TooManyIterations {
                asked: 1 << 32,
                limit: 40_000
            })
        );
        for length in [0, 1, 3, 5, 8] {
            assert_eq!(
                ask(number, &vec![1; length]),
                Err(CryptoError::S2kParams { etype, length })
            );
        }
    }
    for number in [16, 23] {
        let etype = EncryptionType(number);
        assert_eq!(ask(number, b""), Ok(number));
        assert_eq!(
            ask(number, &[0, 0, 16, 0]),
            Err(CryptoError::S2kParams { etype, length: 4 })
        );
    }
}

#[test]
fn missing_s2k_params_mean_the_default_iteration_count() {
    for &etype in EncryptionType::SUPPORTED {
        let make = |params: Option<&[u8]>| {
            let key = Key::from_password(etype, b"\xC3\x9F", b"salt", params, u32::MAX).unwrap();
            key.expose_bytes().to_vec()
        };
        if let Some(count) = etype.default_iterations() {
            assert_eq!(make(None), make(Some(&count.to_be_bytes())), "{etype}");
            assert_ne!(
                make(None),
                make(Some(&(count + 1).to_be_bytes())),
                "{etype}"
            );
        }
    }
}

#[test]
fn encrypt_in_place_refuses_a_buffer_of_wrong_length() {
    let key = key(EncryptionType::AES256_CTS_HMAC_SHA1_96);
    let mut buffer = vec![7; 40];
    let refused = key.encrypt_in_place(USAGE, &mut buffer, 5, &mut Counter(0));
    assert_eq!(
        refused,
        Err(CryptoError::BufferLength {
            expected: 16 + 5 + 12,
            actual: 40
        })
    );
    assert_eq!(buffer, [7; 40]);
}

#[test]
fn debug_hides_keys_and_plaintext() {
    let key = Key::from_bytes(EncryptionType(17), &[0xAB; 16]).unwrap();
    let shown = format!("{key:?} {:?}", key.to_block()).to_lowercase();
    assert!(!shown.contains("ab, ab") && !shown.contains("abab") && !shown.contains("171"));
    let sealed = key.encrypt(USAGE, b"secret", &mut Counter(0));
    let opened = key.decrypt(USAGE, &sealed).unwrap();
    assert_eq!(format!("{opened:?}"), "Plaintext(<6 secret bytes>)");
}

#[test]
fn keys_can_be_used_by_threads_concurrently() {
    let key = key(EncryptionType::AES256_CTS_HMAC_SHA1_96);
    let expected = key.clone().checksum(USAGE, b"data");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for usage in 0..10 {
                    let sealed = key.encrypt(KeyUsage(usage), b"data", &mut Counter(1));
                    assert_eq!(&*key.decrypt(KeyUsage(usage), &sealed).unwrap(), b"data");
                }
                assert_eq!(key.checksum(USAGE, b"data"), expected);
            });
        }
    });
}

fn key(etype: EncryptionType) -> Key {
    Key::generate(etype, &mut Counter(17)).unwrap()
}

fn seed_size(etype: EncryptionType) -> usize {
    if etype == EncryptionType::DES3_CBC_SHA1 {
        21
    } else {
        etype.key_size().unwrap()
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap())
        .collect()
}

/// A "random" source that counts.
struct Counter(u8);

impl rand_core::TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}
