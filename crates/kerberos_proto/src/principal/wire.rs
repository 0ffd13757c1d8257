//! Conversion of a principal from and to the protocol's `PrincipalName` and `Realm` (RFC 4120
//! §5.2.2).

use kerberos_asn1::{KerberosString, PrincipalName, Realm};

use super::Principal;

impl Principal {
    /// The principal with the `name` and `realm` of a message.
    pub fn from_wire(name: &PrincipalName<'_>, realm: Realm<'_>) -> Self {
        Self {
            name_type: name.name_type,
            components: name
                .name_string
                .iter()
                .map(|component| component.0.to_vec())
                .collect(),
            realm: realm.0.to_vec(),
        }
    }

    /// The name as encoded in messages, which have the realm in a field of its own.
    pub fn to_wire(&self) -> PrincipalName<'_> {
        PrincipalName {
            name_type: self.name_type,
            name_string: self.components().map(KerberosString).collect(),
        }
    }
}
