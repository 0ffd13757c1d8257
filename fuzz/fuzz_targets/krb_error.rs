//! A KRB-ERROR, which anybody on the network can send instead of a reply, with everything in it
//! that a client reads before anything is authenticated.
#![no_main]

use kerberos_asn1::{
    Decode, Encode, EtypeInfo, EtypeInfo2, KerbErrorData, KrbError, MethodData, TypedData,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(error) = KrbError::from_der(input) else {
        return;
    };
    assert_eq!(KrbError::from_der(&error.to_der()).as_ref(), Ok(&error));
    let _ = format!("{error:?} {}", error.error_code);

    let e_data = error.e_data.unwrap_or_default();
    if let Ok(data) = MethodData::from_der(e_data) {
        assert_eq!(MethodData::from_der(&data.to_der()).as_ref(), Ok(&data));
        for element in &data {
            let value = element.padata_value;
            let _ = format!("{:?}", EtypeInfo2::from_der(value));
            let _ = format!("{:?}", EtypeInfo::from_der(value));
        }
    }
    if let Ok(data) = TypedData::from_der(e_data) {
        assert_eq!(TypedData::from_der(&data.to_der()).as_ref(), Ok(&data));
    }
    if let Ok(data) = KerbErrorData::from_der(e_data) {
        let _ = data.ntstatus();
        assert_eq!(KerbErrorData::from_der(&data.to_der()), Ok(data));
    }
});
