//! Seeds for targets whose input says what happens: each of their choices, without any other fault.

use super::Seeds;
use crate::process::Outcome;

/// Writes the seeds.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(seeds: &mut Seeds<'_>) -> Outcome {
    let choices = [
        ("as_exchange", 64),
        ("salt_exchange", 8),
        ("tgs_exchange", 32),
        ("s4u_exchange", 32),
        ("kpasswd_reply", 4),
        ("ap_acceptor", 4),
        ("gss_context", 32),
        ("names", 9),
        ("gss_spnego", 4),
        ("certificate", 4),
        ("http_negotiation", 32),
        ("krb_cred", 5),
    ];
    for (target, count) in choices {
        for choice in 0..count {
            seeds.add(target, &format!("choice{choice}"), &[choice])?;
        }
    }
    // These lead to errors that report another clock, or ask to leave out padata.
    let clock = [
        &b"\0\x02\x01\xf9\xff\xff\xff\xff\xff\xff9\x02"[..],
        &[3; 17],
        b"\x02",
        &[3; 15],
        b"O\x15",
    ]
    .concat();
    seeds.add("as_exchange", "another_clock", &clock)?;
    seeds.add("as_exchange", "less_padata", b"b\xe60g\xac\x02\x18")?;
    for etype in 0..5 {
        for choices in 0..8 {
            let name = format!("token{etype}{choices}");
            seeds.add("gss_unwrap", &name, &[etype, choices, 0, 16])?;
        }
    }
    for mechanism in 0..2 {
        for layers in 0..64 {
            let name = format!("layers{mechanism}{layers}");
            let choices = mechanism | layers << 1 | layers << 7;
            seeds.add("sasl_negotiation", &name, &[choices, 99, 1])?;
        }
    }
    for etype in 0..5 {
        for choices in 0..8 {
            let name = format!("message{etype}{choices}");
            seeds.add("session_message", &name, &[etype, choices])?;
        }
    }
    for layer in 0..3 {
        seeds.add("sasl_layer", &format!("layer{layer}"), &[layer, 40])?;
    }
    for etype in 0..8 {
        // The encrypted and signed message is left unchanged, or an octet of it is replaced.
        let input = [&[etype, 3], [b'x'; 60].as_slice()].concat();
        seeds.add("crypto_decrypt", &format!("etype{etype}"), &input)?;
        let input = [&[etype, 3, 2, 0, 0, 7, 2, 7], [b'x'; 60].as_slice()].concat();
        seeds.add("crypto_decrypt", &format!("altered{etype}"), &input)?;
    }
    let ramp: Vec<u8> = (0..=255).collect();
    for (step, name) in [(1, "slow"), (7, "quick"), (31, "wild")] {
        let script: Vec<u8> = ramp.iter().copied().step_by(step).collect();
        seeds.add("delivery", name, &script)?;
        seeds.add("dns_lookup", name, &script)?;
    }
    Ok(())
}
