//! Command lines of `kinit`, what they ask for, and what is wrong with them.

use clap::Parser as _;

use super::*;

fn resolve(line: &str) -> (Plan, Complaints) {
    let arguments = ["kinit"].into_iter().chain(line.split_whitespace());
    let mut complaints = Complaints::default();
    let plan = Typed::try_parse_from(arguments)
        .unwrap()
        .resolve(&mut complaints);
    (plan, complaints)
}

#[test]
fn options_resolve_to_the_expected_plan() {
    let check = |line: &str, expected: Plan| {
        let (plan, complaints) = resolve(line);
        assert_eq!(plan, expected, "{line}");
        assert!(complaints.texts.is_empty(), "{line}: {complaints:?}");
    };
    let none = Plan::default;
    let named = |path: &str| Action::Keytab(Keytab::Named(path.into()));
    check("", none());
    check(
        "alice -V",
        Plan {
            principal: Some("alice".into()),
            verbose: true,
            ..none()
        },
    );
    check(
        "-kt FILE -5",
        Plan {
            action: named("FILE"),
            ..none()
        },
    );
    check(
        "-ktFILE",
        Plan {
            action: named("FILE"),
            ..none()
        },
    );
    check(
        "-k",
        Plan {
            action: Action::Keytab(Keytab::Default),
            ..none()
        },
    );
    check(
        "-ki",
        Plan {
            action: Action::Keytab(Keytab::Client),
            ..none()
        },
    );
    check(
        "-k -R",
        Plan {
            action: Action::Renew,
            ..none()
        },
    );
    check(
        "-R -v",
        Plan {
            action: Action::Validate,
            ..none()
        },
    );
    check(
        "-v -R -k",
        Plan {
            action: Action::Keytab(Keytab::Default),
            ..none()
        },
    );
    check(
        "-fpV",
        Plan {
            forwardable: Some(true),
            proxiable: Some(true),
            verbose: true,
            ..none()
        },
    );
    check(
        "-FPA",
        Plan {
            forwardable: Some(false),
            proxiable: Some(false),
            addresses: Some(false),
            ..none()
        },
    );
    check(
        "--noforw --canon --enterprise",
        Plan {
            forwardable: Some(false),
            canonicalize: true,
            enterprise: true,
            ..none()
        },
    );
    check(
        "--request-pac",
        Plan {
            request_pac: Some(true),
            ..none()
        },
    );
    check(
        "--no-request-pac",
        Plan {
            request_pac: Some(false),
            ..none()
        },
    );
    check(
        "-l 1h -l 10:00",
        Plan {
            lifetime: Some(36_000),
            ..none()
        },
    );
    check(
        "-r7d",
        Plan {
            renew_lifetime: Some(604_800),
            ..none()
        },
    );
    check(
        "-s 30m",
        Plan {
            start: Some(Start::In(1800)),
            ..none()
        },
    );
    check(
        "-- alice",
        Plan {
            principal: Some("alice".into()),
            ..none()
        },
    );
    check(
        "-k alice -- true",
        Plan {
            action: Action::Keytab(Keytab::Default),
            principal: Some("alice".into()),
            command: vec!["true".into()],
            ..none()
        },
    );
    check(
        "-R -- ./job",
        Plan {
            action: Action::Renew,
            command: vec!["./job".into()],
            ..none()
        },
    );
    check(
        "--password-file - -- sleep -1",
        Plan {
            password_file: Some("-".into()),
            command: vec!["sleep".into(), "-1".into()],
            ..none()
        },
    );
    check(
        "-l -1s -r -1h",
        Plan {
            lifetime: Some(-1),
            renew_lifetime: Some(-3600),
            ..none()
        },
    );
    check(
        "-s -1h",
        Plan {
            start: Some(Start::In(-3600)),
            ..none()
        },
    );
    let pair = |name: &str, value: &str| (name.into(), value.into());
    check(
        "-X a -X b=c=d",
        Plan {
            attributes: vec![pair("a", "yes"), pair("b", "c=d")],
            ..none()
        },
    );
}

#[test]
fn invalid_and_conflicting_options_are_reported_in_order() {
    let check = |line: &str, count: usize, texts: &[&str]| {
        let (_, complaints) = resolve(line);
        assert_eq!(complaints.texts, texts, "{line}");
        assert_eq!(complaints.count, count, "{line}");
    };
    check("-l 0", 1, &["Bad lifetime value 0"]);
    check(
        "-l x -r 0",
        2,
        &["Bad lifetime value x", "Bad lifetime value 0"],
    );
    check("-s soon", 1, &["Bad start time value soon"]);
    check(
        "-c a -c b -c d",
        2,
        &["Only one -c option allowed", "Only one -c option allowed"],
    );
    check("-fF", 1, &["Only one of -f and -F allowed"]);
    check("-pP", 1, &["Only one of -p and -P allowed"]);
    check("-aA", 1, &["Only one of -a and -A allowed"]);
    check("-T a -T b", 1, &["Only one armor_ccache"]);
    check("-I a -I b", 1, &["Only one -I option allowed"]);
    check(
        "--request-pac --no-request-pac",
        1,
        &["Only one of --request-pac and --no-request-pac allowed"],
    );
    check("-k -i -t x", 1, &["Only one of -t and -i allowed"]);
    check("-t x", 0, &["keytab specified, forcing -k"]);
    check(
        "-t x -t y -R",
        1,
        &[
            "Only one -t option allowed.",
            "keytab specified, forcing -k",
        ],
    );
    check(
        "-k --password-file x",
        1,
        &["Only one of -k and --password-file allowed"],
    );
    check("-v -- a b", 1, &["Only one of -v and a command allowed"]);
    check("a b c", 1, &["Extra arguments (starting with \"b\")."]);
}
