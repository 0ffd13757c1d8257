//! Whether verification takes the same time whichever byte of a MAC is wrong: a statistical test in
//! the manner of dudect (Reparaz, Balasch and Verbauwhede, 2017).
//!
//! `cargo test --release --package kerberos_crypto --test constant_time -- --ignored --nocapture`
//!
//! Two classes of input, one wrong in the first byte and one in the last, are measured in random
//! order. Each measurement uses another message with another wrong bit: with RC4 the MAC is part of
//! the key, and the time of the key setup depends on the key. Welch's t then says how certain it is
//! that the means differ. Above 4.5 is suspicious; above 10 is certain, and fails the test. A
//! comparison that stops at the first difference is measured as well, and must be detected. The
//! test is run manually, on a machine that is otherwise idle. Its results are in docs/SECURITY.md.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::hint::black_box;
use std::time::Instant;

use kerberos_crypto::{EncryptionType, Key, KeyUsage};

/// The number of measurements of each subject, and the calls in one of them.
const MEASUREMENTS: usize = 200_000;
const CALLS: usize = 16;

/// The number of messages of each type.
const MESSAGES: u32 = 4096;

/// Above this, Welch's t leaves no doubt.
const CERTAIN: f64 = 10.0;

/// The part of the measurements to use: the slowest were disturbed by other activity.
const KEPT: [f64; 3] = [1.0, 0.9, 0.5];

const ETYPES: [EncryptionType; 6] = [
    EncryptionType::AES256_CTS_HMAC_SHA1_96,
    EncryptionType::AES128_CTS_HMAC_SHA256_128,
    EncryptionType::AES256_CTS_HMAC_SHA384_192,
    EncryptionType::CAMELLIA256_CTS_CMAC,
    EncryptionType::DES3_CBC_SHA1,
    EncryptionType::ARCFOUR_HMAC,
];

#[test]
#[ignore = "measures time: needs an idle machine and a person to judge the results"]
fn verification_time_does_not_depend_on_which_byte_is_wrong() {
    println!(
        "{:<44} {:>10} {:>8} {:>8} {:>8}",
        "t of a wrong first byte and a wrong last one", "median ns", "all", "90 %", "50 %"
    );
    let control = subject(
        "control: stops at the first difference",
        &[vec![7; 24]],
        0..24,
        |mac| stops_early(black_box(&[7; 24]), mac),
    );
    assert!(
        control > CERTAIN,
        "the leak of the control was not detected: t is {control:.1}"
    );
    let mut leaks = Vec::new();
    let mut judge = |name: String, t: f64| {
        if t > CERTAIN {
            leaks.push(format!("{name}: t is {t:.1}"));
        }
    };
    for etype in ETYPES {
        let key = Key::generate(etype, &mut Counter(1)).unwrap();
        let usage = KeyUsage::AP_REQ_AUTHENTICATOR;
        let good = key.checksum(usage, b"text");
        let length = good.len();
        let name = format!("{etype:?}, a checksum");
        let t = subject(&name, &[good], 0..length, |mac| {
            key.verify_checksum(usage, b"text", mac).is_ok()
        });
        judge(name, t);
        let rng = &mut Counter(1);
        let mut encrypt = |number: u32| {
            let text = [&number.to_le_bytes()[..], b"twelve bytes"].concat();
            key.encrypt(usage, &text, rng)
        };
        let good: Vec<Vec<u8>> = (0..MESSAGES).map(&mut encrypt).collect();
        let length = good.first().map_or(0, Vec::len);
        // The MAC is at the end of a message, except with RC4, where it is at the beginning.
        let place = match etype {
            EncryptionType::ARCFOUR_HMAC => 0..16,
            _ => length - 12..length,
        };
        let name = format!("{etype:?}, a message");
        let t = subject(&name, &good, place, |message| {
            key.decrypt(usage, message).is_ok()
        });
        judge(name, t);
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Measures, and prints a line. Returns the absolute value of t for the fastest half, which was not
/// disturbed.
fn subject(
    name: &str,
    good: &[Vec<u8>],
    place: std::ops::Range<usize>,
    verify: impl Fn(&[u8]) -> bool,
) -> f64 {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut input = Vec::new();
    let mut all: Vec<(f64, bool)> = Vec::with_capacity(MEASUREMENTS);
    for _ in 0..MEASUREMENTS {
        // xorshift: the order has no rhythm that another program could share.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let [class, change, low, high, ..] = random.to_be_bytes();
        let is_last = class & 1 == 1;
        let at = if is_last { place.end - 1 } else { place.start };
        let which = usize::from(u16::from_le_bytes([low, high])) % good.len();
        input.clear();
        input.extend_from_slice(good.get(which).unwrap());
        *input.get_mut(at).unwrap() ^= change.max(1);
        let input = &input[..];
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(verify(black_box(input)));
        }
        let nanoseconds = start.elapsed().as_secs_f64() * 1e9;
        all.push((nanoseconds, is_last));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median = all.get(all.len() / 2).map_or(0.0, |(time, _)| *time);
    let [whole, most, half] = KEPT.map(|kept| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a fraction of a small count"
        )]
        let count = (all.len() as f64 * kept) as usize;
        welch(all.get(..count).unwrap_or_default())
    });
    #[expect(clippy::cast_precision_loss, reason = "small enough to be exact")]
    let median = median / CALLS as f64;
    println!("{name:<44} {median:>10.1} {whole:>8.1} {most:>8.1} {half:>8.1}");
    half.abs()
}

/// Welch's t of the two classes.
fn welch(times: &[(f64, bool)]) -> f64 {
    let of = |class: bool| {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for (time, _) in times.iter().filter(|(_, is_last)| *is_last == class) {
            count += 1.0;
            let delta = time - mean;
            mean += delta / count;
            squares += delta * (time - mean);
        }
        (
            mean,
            squares / f64::max(count - 1.0, 1.0) / f64::max(count, 1.0),
        )
    };
    let ((a, spread_a), (b, spread_b)) = (of(false), of(true));
    (a - b) / f64::max((spread_a + spread_b).sqrt(), f64::MIN_POSITIVE)
}

/// A comparison that is not constant-time.
fn stops_early(good: &[u8], mac: &[u8]) -> bool {
    for (a, b) in good.iter().zip(mac) {
        if black_box(a) != black_box(b) {
            return false;
        }
    }
    true
}

/// Reproducible random numbers.
struct Counter(u8);

impl rand_core::TryRng for Counter {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(113);
            *byte = self.0;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}
