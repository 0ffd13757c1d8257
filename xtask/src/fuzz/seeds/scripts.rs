//! For targets whose input says what happens: each of their choices, and nothing else going wrong.

use super::Seeds;
use crate::process::Outcome;

/// Writes them.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(seeds: &mut Seeds<'_>) -> Outcome {
    let choices = [
        ("as_exchange", 16),
        ("tgs_exchange", 32),
        ("s4u_exchange", 16),
        ("kpasswd_reply", 4),
        ("ap_acceptor", 4),
        ("gss_context", 2),
        ("names", 6),
        ("gss_spnego", 1),
    ];
    for (target, count) in choices {
        for choice in 0..count {
            seeds.add(target, &format!("choice{choice}"), &[choice])?;
        }
    }
    // Errors that once told another clock, and to leave out padata.
    let clock = [
        &b"\0\x02\x01\xf9\xff\xff\xff\xff\xff\xff9"[..],
        &[3; 34],
        b"O\x15",
    ]
    .concat();
    seeds.add("as_exchange", "another_clock", &clock)?;
    seeds.add("as_exchange", "less_padata", b"b\xe60g\xac\x02\x18")?;
    for etype in 0..5 {
        for protection in 0..2 {
            let name = format!("token{etype}{protection}");
            seeds.add("gss_unwrap", &name, &[etype, protection, 0, 16])?;
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
        let input = [&[etype, 3], [b'x'; 60].as_slice()].concat();
        seeds.add("crypto_decrypt", &format!("etype{etype}"), &input)?;
    }
    let ramp: Vec<u8> = (0..=255).collect();
    for (step, name) in [(1, "slow"), (7, "quick"), (31, "wild")] {
        let script: Vec<u8> = ramp.iter().copied().step_by(step).collect();
        seeds.add("delivery", name, &script)?;
    }
    Ok(())
}
