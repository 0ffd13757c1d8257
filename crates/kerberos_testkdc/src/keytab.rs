//! A principal's keys in the keytab file format, version 0x502 of MIT's `kt_file.c`.

use kerberos_asn1::NameType;

use crate::database::PrincipalKey;
use crate::kdc::Kdc;

impl Kdc {
    /// The contents of a keytab file with the keys of a principal, with timestamps of 1970; without
    /// entries if there is no such principal. The name is without the realm.
    ///
    /// # Example
    /// ```
    /// use kerberos_testkdc::Kdc;
    /// let kdc = Kdc::builder("TEST.REALM").service("host/www").build()?;
    /// let keytab = kdc.keytab("host/www");
    /// assert!(keytab.starts_with(&[5, 2]));
    /// for key in kdc.keys("host/www") {
    ///     let key = key.block();
    ///     let key = key.expose_bytes();
    ///     assert!(keytab.windows(key.len()).any(|part| part == key));
    /// }
    /// assert_eq!(kdc.keytab("nobody"), [5, 2]);
    /// # Ok::<(), kerberos_testkdc::TestKdcError>(())
    /// ```
    pub fn keytab(&self, name: &str) -> Vec<u8> {
        let mut keytab = VERSION.to_vec();
        for key in self.keys(name) {
            let entry = entry(self.realm(), key);
            let length = u32::try_from(entry.len()).unwrap_or_default();
            keytab.extend(length.to_be_bytes());
            keytab.extend(entry);
        }
        keytab
    }
}

const VERSION: [u8; 2] = [5, 2];

fn entry(realm: &str, key: &PrincipalKey) -> Vec<u8> {
    let mut entry = low_u16(key.components().len()).to_vec();
    counted(&mut entry, realm.as_bytes());
    for component in key.components() {
        counted(&mut entry, component.as_bytes());
    }
    entry.extend(NameType::PRINCIPAL.0.to_be_bytes());
    entry.extend([0; 4]);
    let [.., version] = key.kvno().to_be_bytes();
    entry.push(version);
    let [.., high, low] = key.etype().0.to_be_bytes();
    entry.extend([high, low]);
    counted(&mut entry, key.block().expose_bytes());
    entry.extend(key.kvno().to_be_bytes());
    entry
}

fn counted(entry: &mut Vec<u8>, bytes: &[u8]) {
    entry.extend(low_u16(bytes.len()));
    entry.extend(bytes);
}

/// No name and no key in a test is that long.
fn low_u16(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}
