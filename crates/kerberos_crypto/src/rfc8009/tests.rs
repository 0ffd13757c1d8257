//! The examples of RFC 8009.

use super::*;
use crate::testing::{FixedRng, hex};
use crate::{EncryptionType, Key};

const BASE128: &str = "3705D96080C17728A0E800EAB6E0D23C";
const BASE256: &str = "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52";

fn key(base: &str) -> Key {
    let etype = match base {
        BASE128 => EncryptionType::AES128_CTS_HMAC_SHA256_128,
        _ => EncryptionType::AES256_CTS_HMAC_SHA384_192,
    };
    Key::from_bytes(etype, &hex(base)).unwrap()
}

#[test]
fn rfc8009_string_to_key() {
    let salt = [
        &hex("10DF9DD783E5BC8ACEA1730E74355F61")[..],
        b"ATHENA.MIT.EDUraeburn",
    ]
    .concat();
    let check = |profile: &dyn Profile, expected: &str| {
        let key = profile.string_to_key(b"password", &salt, 32768).unwrap();
        assert_eq!(*key, hex(expected));
    };
    check(&AES128, "089BCA48B105EA6EA77CA5D2F39DC5E7");
    check(
        &AES256,
        "45BD806DBF6A833A9CFFC1C94589A222367A79BC21C413718906E9F578A78467",
    );
}

#[test]
fn rfc8009_key_derivation() {
    let base = hex(BASE128);
    let check = |label: &str, expected: &str| {
        let derived = derive::<Hmac<Sha256>, 16>(&base, &hex(label));
        assert_eq!(derived.as_slice(), hex(expected), "{label}");
    };
    check("0000000299", "B31A018A48F54776F403E9A396325DC3");
    check("00000002AA", "9B197DD1E8C5609D6E67C3E37C62C72E");
    check("0000000255", "9FDA0E56AB2D85E1569A688696C26A6C");

    let base = hex(BASE256);
    let check = |label: &str, expected: &str| {
        let expected = hex(expected);
        let mut derived = alloc::vec![0; expected.len()];
        kdf::<Hmac<Sha384>>(&base, &hex(label), &[], &mut derived);
        assert_eq!(derived, expected, "{label}");
    };
    check(
        "0000000299",
        "EF5718BE86CC84963D8BBB5031E9F5C4BA41F28FAF69E73D",
    );
    check(
        "00000002AA",
        "56AB22BEE63D82D7BC5227F6773F8EA7A5EB1C825160C38312980C442E5C7E49",
    );
    check(
        "0000000255",
        "69B16514E3CD8E56B82010D5C73012B622C4D00FFC23ED1F",
    );
}

fn check_encryption(base: &str, length: u8, confounder: &str, expected: &str) {
    let text: Vec<u8> = (0..length).collect();
    let sealed = key(base).encrypt(KeyUsage(2), &text, &mut FixedRng::new(&hex(confounder)));
    assert_eq!(sealed, hex(expected), "{length} bytes");
    assert_eq!(&*key(base).decrypt(KeyUsage(2), &sealed).unwrap(), text);
}

#[test]
fn rfc8009_encryption() {
    check_encryption(
        BASE128,
        0,
        "7E5895EAF2672435BAD817F545A37148",
        "EF85FB890BB8472F4DAB20394DCA781DAD877EDA39D50C870C0D5A0A8E48C718",
    );
    check_encryption(
        BASE128,
        6,
        "7BCA285E2FD4130FB55B1A5C83BC5B24",
        "84D7F30754ED987BAB0BF3506BEB09CFB55402CEF7E6877CE99E247E52D16ED4421DFDF8976C",
    );
    check_encryption(
        BASE128,
        16,
        "56AB21713FF62C0A1457200F6FA9948F",
        "3517D640F50DDC8AD3628722B3569D2AE07493FA8263254080EA65C1008E8FC2\
         95FB4852E7D83E1E7C48C37EEBE6B0D3",
    );
    check_encryption(
        BASE128,
        21,
        "A7A4E29A4728CE10664FB64E49AD3FAC",
        "720F73B18D9859CD6CCB4346115CD336C70F58EDC0C4437C5573544C31C813BC\
         E1E6D072C186B39A413C2F92CA9B8334A287FFCBFC",
    );
    check_encryption(
        BASE256,
        0,
        "F764E9FA15C276478B2C7D0C4E5F58E4",
        "41F53FA5BFE7026D91FAF9BE959195A058707273A96A40F0A01960621AC61274\
         8B9BBFBE7EB4CE3C",
    );
    check_encryption(
        BASE256,
        6,
        "B80D3251C1F6471494256FFE712D0B9A",
        "4ED7B37C2BCAC8F74F23C1CF07E62BC7B75FB3F637B9F559C7F664F69EAB7B60\
         92237526EA0D1F61CB20D69D10F2",
    );
    check_encryption(
        BASE256,
        16,
        "53BF8A0D105265D4E276428624CE5E63",
        "BC47FFEC7998EB91E8115CF8D19DAC4BBBE2E163E87DD37F49BECA92027764F6\
         8CF51F14D798C2273F35DF574D1F932E40C4FF255B36A266",
    );
    check_encryption(
        BASE256,
        21,
        "763E65367E864F02F55153C7E3B58AF1",
        "40013E2DF58E8751957D2878BCD2D6FE101CCFD556CB1EAE79DB3C3EE86429F2\
         B2A602AC86FEF6ECB647D6295FAE077A1FEB517508D2C16B4192E01F62",
    );
}

#[test]
fn rfc8009_checksums() {
    let data: Vec<u8> = (0..=0x14).collect();
    let check = |base: &str, expected: &str| {
        assert_eq!(key(base).checksum(KeyUsage(2), &data), hex(expected));
    };
    check(BASE128, "D78367186643D67B411CBA9139FC1DEE");
    check(BASE256, "45EE791567EEFCA37F4AC1E0222DE80D43C3BFA06699672A");
}
