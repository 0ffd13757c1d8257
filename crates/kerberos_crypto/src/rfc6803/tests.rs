//! The examples of RFC 6803.

use super::*;
use crate::testing::{FixedRng, hex};
use crate::{EncryptionType, Key};

fn check_string_to_key(iterations: u32, password: &str, salt: &[u8], c128: &str, c256: &str) {
    let (password, context) = (password.as_bytes(), (iterations, password));
    let key = CAMELLIA128
        .string_to_key(password, salt, iterations)
        .unwrap();
    assert_eq!(*key, hex(c128), "128 bits, {context:?}");
    let key = CAMELLIA256
        .string_to_key(password, salt, iterations)
        .unwrap();
    assert_eq!(*key, hex(c256), "256 bits, {context:?}");
}

#[test]
fn rfc6803_string_to_key() {
    let raeburn = b"ATHENA.MIT.EDUraeburn";
    check_string_to_key(
        1,
        "password",
        raeburn,
        "57D0297298FFD9D35DE5A47FB4BDE24B",
        "B9D6828B2056B7BE656D88A123B1FAC68214AC2B727ECF5F69AFE0C4DF2A6D2C",
    );
    check_string_to_key(
        2,
        "password",
        raeburn,
        "73F1B53AA0F310F93B1DE8CCAA0CB152",
        "83FC5866E5F8F4C6F38663C65C87549F342BC47ED394DC9D3CD4D163ADE375E3",
    );
    check_string_to_key(
        1200,
        "password",
        raeburn,
        "8E571145452855575FD916E7B04487AA",
        "77F421A6F25E138395E837E5D85D385B4C1BFD772E112CD9208CE72A530B15E6",
    );
    check_string_to_key(
        5,
        "password",
        &hex("1234567878563412"),
        "00498FD916BFC1C2B1031C170801B381",
        "11083A00BDFE6A41B2F19716D6202F0AFA94289AFE8B27A049BD28B1D76C389A",
    );
    check_string_to_key(
        1200,
        &"X".repeat(64),
        b"pass phrase equals block size",
        "8BF6C3EF709B981DBB585D086843BE05",
        "119FE2A1CB0B1BE010B9067A73DB63ED4665B4E53A98D178035DCFE843A6B9B0",
    );
    check_string_to_key(
        1200,
        &"X".repeat(65),
        b"pass phrase exceeds block size",
        "5752AC8D6AD1CCFE8430B312871C2F74",
        "614D5DFC0BA6D390B412B89AE4D5B088B612B316510994679DDB4383C7126DDF",
    );
    check_string_to_key(
        50,
        "\u{1D11E}",
        b"EXAMPLE.COMpianist",
        "CC75C7FD260F1C1658011FCC0D560616",
        "163B768C6DB148B4EEC7163DF5AED70E206B68CEC078BC069ED68A7ED36B1ECC",
    );
}

#[test]
fn rfc6803_key_derivation() {
    let base = hex("57D0297298FFD9D35DE5A47FB4BDE24B");
    let check = |constant: &str, expected: &str| {
        let derived = derive_key::<Cmac<Camellia128>, 16>(&base, &hex(constant));
        assert_eq!(derived.as_slice(), hex(expected), "{constant}");
    };
    check("0000000299", "D155775A209D05F02B38D42A389E5A56");
    check("00000002AA", "64DF83F85A532F17577D8C37035796AB");
    check("0000000255", "3E4FBDF30FB8259C425CB6C96F1F4635");

    let base = hex("B9D6828B2056B7BE656D88A123B1FAC68214AC2B727ECF5F69AFE0C4DF2A6D2C");
    let check = |constant: &str, expected: &str| {
        let derived = derive_key::<Cmac<Camellia256>, 32>(&base, &hex(constant));
        assert_eq!(derived.as_slice(), hex(expected), "{constant}");
    };
    check(
        "0000000299",
        "E467F9A9552BC7D3155A6220AF9C19220EEED4FF78B0D1E6A1544991461A9E50",
    );
    check(
        "00000002AA",
        "412AEFC362A7285FC3966C6A5181E7605AE675235B6D549FBFC9AB6630A4C604",
    );
    check(
        "0000000255",
        "FA624FA0E523993FA388AEFDC67E67EBCD8C08E8A0246B1D73B0D1DD9FC582B0",
    );
}

fn check_encryption(usage: u32, text: &str, confounder: &str, key: &str, expected: &str) {
    let key = camellia_key(key);
    let mut rng = FixedRng::new(&hex(confounder));
    let sealed = key.encrypt(KeyUsage(usage), text.as_bytes(), &mut rng);
    assert_eq!(sealed, hex(expected), "{text:?}");
    assert_eq!(
        &*key.decrypt(KeyUsage(usage), &sealed).unwrap(),
        text.as_bytes()
    );
}

fn camellia_key(key: &str) -> Key {
    let bytes = hex(key);
    let etype = match bytes.len() {
        16 => EncryptionType::CAMELLIA128_CTS_CMAC,
        _ => EncryptionType::CAMELLIA256_CTS_CMAC,
    };
    Key::from_bytes(etype, &bytes).unwrap()
}

// The RFC does not state the key usages of its samples: they are 0 to 4, in order.
#[test]
fn rfc6803_encryption() {
    check_encryption(
        0,
        "",
        "B69822A19A6B09C0EBC8557D1F1B6C0A",
        "1DC46A8D763F4F93742BCBA3387576C3",
        "C466F1871069921EDB7C6FDE244A52DB0BA10EDC197BDB8006658CA3CCCE6EB8",
    );
    check_encryption(
        1,
        "1",
        "6F2FC3C2A166FD8898967A83DE9596D9",
        "5027BC231D0F3A9D23333F1CA6FDBE7C",
        "842D21FD950311C0DD464A3F4BE8D6DA88A56D559C9B47D3F9A85067AF661559B8",
    );
    check_encryption(
        2,
        "9 bytesss",
        "A5B4A71E077AEEF93C8763C18FDB1F10",
        "A1BB61E805F9BA6DDE8FDBDDC05CDEA0",
        "619FF072E36286FF0A28DEB3A352EC0D0EDF5C5160D663C901758CCF9D1ED33D\
         71DB8F23AABF8348A0",
    );
    check_encryption(
        3,
        "13 bytes byte",
        "19FEE40D810C524B5B22F01874C693DA",
        "2CA27A5FAF5532244506434E1CEF6676",
        "B8ECA3167AE6315512E59F98A7C500205E5F63FF3BB389AF1C41A21D640D8615\
         C9ED3FBEB05AB6ACB67689B5EA",
    );
    check_encryption(
        4,
        "30 bytes bytes bytes bytes byt",
        "CA7A7AB4BE192DABD603506DB19C39E2",
        "7824F8C16F83FF354C6BF7515B973F43",
        "A26A3905A4FFD5816B7B1E27380D08090C8EC1F304496E1ABDCD2BDCD1DFFC66\
         0989E117A713DDBB57A4146C1587CBA4356665591D2240282F5842B105A5",
    );
    check_encryption(
        0,
        "",
        "3CBBD2B45917941067F96599BB98926C",
        "B61C86CC4E5D2757545AD423399FB7031ECAB913CBB900BD7A3C6DD8BF92015B",
        "03886D03310B47A6D8F06D7B94D1DD837ECCE315EF652AFF620859D94A259266",
    );
    check_encryption(
        1,
        "1",
        "DEF487FCEBE6DE6346D4DA4521BBA2D2",
        "1B97FE0A190E2021EB30753E1B6E1E77B0754B1D684610355864104963463833",
        "2C9C1570133C99BF6A34BC1B0212002FD194338749DB4135497A347CFCD9D18A12",
    );
    check_encryption(
        2,
        "9 bytesss",
        "AD4FF904D34E555384B14100FC465F88",
        "32164C5B434D1D1538E4CFD9BE8040FE8C4AC7ACC4B93D3314D2133668147A05",
        "9C6DE75F812DE7ED0D28B2963557A115640998275B0AF5152709913FF52A2A9C\
         8E63B872F92E64C839",
    );
    check_encryption(
        3,
        "13 bytes byte",
        "CF9BCA6DF1144E0C0AF9B8F34C90D514",
        "B038B132CD8E06612267FAB7170066D88AECCBA0B744BFC60DC89BCA182D0715",
        "EEEC85A9813CDC536772AB9B42DEFC5706F726E975DDE05A87EB5406EA324CA1\
         85C9986B42AABE794B84821BEE",
    );
    check_encryption(
        4,
        "30 bytes bytes bytes bytes byt",
        "644DEF38DA35007275878D216855E228",
        "CCFCD349BF4C6677E86E4B02B8EAB924A546AC731CF9BF6989B996E7D6BFBBA7",
        "0E44680985855F2D1F1812529CA83BFD8E349DE6FD9ADA0BAAA048D68E265FEB\
         F34AD1255A344999AD37146887A6C6845731AC7F46376A0504CD06571474",
    );
}

#[test]
fn rfc6803_checksums() {
    let check = |data: &str, key: &str, usage: u32, expected: &str| {
        let checksum = camellia_key(key).checksum(KeyUsage(usage), data.as_bytes());
        assert_eq!(checksum, hex(expected), "{data}");
    };
    check(
        "abcdefghijk",
        "1DC46A8D763F4F93742BCBA3387576C3",
        7,
        "1178E6C5C47A8C1AE0C4B9C7D4EB7B6B",
    );
    check(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "5027BC231D0F3A9D23333F1CA6FDBE7C",
        8,
        "D1B34F7004A731F23A0C00BF6C3F753A",
    );
    check(
        "123456789",
        "B61C86CC4E5D2757545AD423399FB7031ECAB913CBB900BD7A3C6DD8BF92015B",
        9,
        "87A12CFD2B96214810F01C826E7744B1",
    );
    check(
        "!@#$%^&*()!@#$%^&*()!@#$%^&*()",
        "32164C5B434D1D1538E4CFD9BE8040FE8C4AC7ACC4B93D3314D2133668147A05",
        10,
        "3FA0B42355E52B189187294AA252AB64",
    );
}
