//! Tests of durations: the cases of MIT's own test, and further forms.

use super::*;

const BAD: Option<i32> = None;
const H: i32 = HOUR;
const M: i32 = MINUTE;

fn check(text: &str, expected: Option<i32>) {
    assert_eq!(parse_deltat(text).ok(), expected, "{text:?}");
}

/// The cases in MIT's own test of its parser (`t_deltat.c`).
#[test]
fn cases_of_mit_t_deltat_are_read_alike() {
    let cases = [
        ("3d", Some(3 * DAY)),
        ("3h", Some(3 * H)),
        ("3m", Some(3 * M)),
        ("3s", Some(3)),
        ("3dd", BAD),
        ("3d4m    42s", Some(3 * DAY + 4 * M + 42)),
        ("3d-1h", Some(3 * DAY - H)),
        ("3d -1h", Some(3 * DAY - H)),
        ("3d4h5m6s", Some(3 * DAY + 4 * H + 5 * M + 6)),
        ("3d4m5h", BAD),
        ("12345s", Some(12345)),
        ("1m 12345s", Some(M + 12345)),
        ("1m12345s", Some(M + 12345)),
        ("3d 0m", Some(3 * DAY)),
        ("3d 0m  ", Some(3 * DAY)),
        ("3d \n\t 0m  ", Some(3 * DAY)),
        ("42-13:42:47", Some(42 * DAY + 13 * H + 42 * M + 47)),
        ("3: 4", BAD),
        ("13:0003", BAD),
        ("12:34", Some(12 * H + 34 * M)),
        ("1:02:03", Some(H + 2 * M + 3)),
        ("3:-4", BAD),
        ("3:4", Some(3 * H + 4 * M)),
        ("42", Some(42)),
        ("1-2", BAD),
        ("2147483647s", Some(i32::MAX)),
        ("2147483648s", BAD),
        ("24855d", Some(24855 * DAY)),
        ("24856d", BAD),
        ("24855d 100000000h", BAD),
        ("24855d 3h", Some(24855 * DAY + 3 * H)),
        ("24855d 4h", BAD),
        ("24855d 11647s", Some(24855 * DAY + 11647)),
        ("24855d 11648s", BAD),
        ("24855d 194m 7s", Some(24855 * DAY + 194 * M + 7)),
        ("24855d 194m 8s", BAD),
        ("24855d 195m", BAD),
        ("24855d 19500000000m", BAD),
        ("24855d 3h 14m 7s", Some(24855 * DAY + 3 * H + 14 * M + 7)),
        ("24855d 3h 14m 8s", BAD),
        ("596523h", Some(596_523 * H)),
        ("596524h", BAD),
        ("596523h 847s", Some(596_523 * H + 847)),
        ("596523h 848s", BAD),
        ("596523h 14m 7s", Some(596_523 * H + 14 * M + 7)),
        ("596523h 14m 8s", BAD),
        ("35791394m", Some(35_791_394 * M)),
        ("35791394m7s", Some(35_791_394 * M + 7)),
        ("35791394m8s", BAD),
        ("-2147483647s", Some(-2_147_483_647)),
        ("-24855d", Some(-24855 * DAY)),
        ("-24856d", BAD),
        ("-24855d -100000000h", BAD),
        ("-24855d -3h", Some(-24855 * DAY - 3 * H)),
        ("-24855d -4h", BAD),
        ("-24855d -11647s", Some(-24855 * DAY - 11647)),
        ("-24855d -11649s", BAD),
        ("-24855d -194m -7s", Some(-24855 * DAY - 194 * M - 7)),
        ("-24855d -194m -9s", BAD),
        ("-24855d -195m", BAD),
        ("-24855d -19500000000m", BAD),
        (
            "-24855d -3h -14m -7s",
            Some(-24855 * DAY - 3 * H - 14 * M - 7),
        ),
        ("-24855d -3h -14m -9s", BAD),
        ("-596523h", Some(-596_523 * H)),
        ("-596524h", BAD),
        ("-596523h -847s", Some(-596_523 * H - 847)),
        ("-596523h -848s", Some(-596_523 * H - 848)),
        ("-596523h -849s", BAD),
        ("-596523h -14m -8s", Some(-596_523 * H - 14 * M - 8)),
        ("-596523h -14m -9s", BAD),
        ("-35791394m", Some(-35_791_394 * M)),
        ("-35791394m7s", Some(-35_791_394 * M + 7)),
        ("-35791394m-9s", BAD),
    ];
    assert_eq!(cases.len(), 73);
    for (text, expected) in cases {
        check(text, expected);
    }
}

#[test]
fn other_durations_follow_the_grammar_of_mit() {
    check("", BAD);
    check(" ", BAD);
    check("-", BAD);
    check("- 3", BAD);
    check("h", BAD);
    check("  7h", Some(7 * H));
    check("42 ", BAD);
    check("3s ", BAD);
    check("3s4s", BAD);
    check("3m4m", BAD);
    check("3d 42", BAD);
    check("99-23:59:59", Some(99 * DAY + 23 * H + 59 * M + 59));
    check("1-100:00:00", BAD);
    check("1-10:00", BAD);
    check("1:2:3:4", BAD);
    check("99999999999999999999", BAD);
    // A character that belongs to no form ends the text.
    check("10h # ten hours", Some(10 * H));
    check("24H", Some(24));
    check("7d, renewable", Some(7 * DAY));
    check("1h\u{e9}", Some(H));
}
