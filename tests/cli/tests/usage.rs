//! Command lines: mistakes in them, and options that are not supported yet.

use cli::place_without_kdc;

#[test]
fn invalid_command_lines_print_usage() {
    let place = place_without_kdc();
    let check = |name: &str, line: &str, code: i32, expected: &str| {
        let run = place.ours(name).line(line).run().exits(code);
        assert!(run.stderr().contains(expected), "{run}");
        assert!(run.stderr().contains("Usage"), "{run}");
        assert_eq!(run.stdout(), "", "{run}");
    };
    check("kinit", "--nonsense", 2, "--nonsense");
    check(
        "kinit",
        "--no",
        2,
        "option '--no' is ambiguous; possibilities: '--noforwardable' '--noproxiable' \
         '--noaddresses' '--no-request-pac'\n",
    );
    let one = "\nOne of -c or -p must be specified\nUsage";
    check("kswitch", "-c", 2, one);
    check("kswitch", "-c", 2, "requires an argument -- 'c'\n");
    check("kswitch", "-z", 2, one);
    check("kswitch", "-c a -p b -c", 2, "\nOnly one -c or -p option");
    check("kinit", "-Z", 2, "Z");
    check("kinit", "-l", 2, "-- 'l'");
    check("kinit", "-l soon alice", 2, "Bad lifetime value soon");
    check(
        "kinit",
        "--mit-names alice",
        2,
        "--install-links <DIRECTORY> is required with these options",
    );
    check("kinit", "-f -F alice", 2, "Only one of -f and -F allowed");
    check(
        "kinit",
        "alice bob",
        2,
        "Extra arguments (starting with \"bob\").",
    );
    check("klist", "--nonsense", 1, "--nonsense");
    check("klist", "-n", 1, "");
    check("klist", "-k -f", 1, "");
    check("kdestroy", "--nonsense", 2, "--nonsense");
    check("kdestroy", "-A -p alice", 2, "");
    check("kvno", "", 1, "");
    check("kvno", "-h a", 1, "");
    check("kvno", "--nonsense a", 1, "--nonsense");
    check("kvno", "--u2u", 1, "--u2u");
    check("kvno", "-u -S x a", 1, "Options -u and -S are mutually");
    check("kvno", "-P a", 1, "requires option -I|-U|-F");
}

#[test]
fn invalid_ktutil_commands_point_to_their_help() {
    let place = place_without_kdc();
    let check = |line: &str, expected: &str| {
        let run = place.ours("rktutil").line(line).run().exits(2);
        let text = run.stderr();
        assert!(text.starts_with(&format!("rktutil: {expected}\n")), "{run}");
        let command = line.split(' ').next().unwrap_or_default();
        let usage = format!("\nUsage: rktutil {command} ");
        assert!(text.contains(&usage), "{run}");
        let help = format!("\nTry 'rktutil {command} --help' for");
        assert!(text.contains(&help), "{run}");
    };
    check(
        "add",
        "--principal <PRINCIPAL> and --kvno <NUMBER> and --enctype <ENCTYPE> or --fetch are required",
    );
    check(
        "add -p x -V y -f",
        "option '--kvno' does not accept 'y': invalid digit found in string",
    );
    check(
        "add -p x -V 1 -r -f",
        "option '--random-key' cannot be used with '--fetch'",
    );
    check("add -p x -p y", "option '--principal' is given twice");
    check(
        "add -p kvt -V 3",
        "--enctype <ENCTYPE> or --fetch is required with these options",
    );
    check("list x", "extra argument 'x'");
    check("list -z", "invalid option -- 'z'");
    let run = place.ours("rktutil").line("nonsense").run().exits(2);
    assert!(run.stderr().contains("\nTry 'rktutil --help' for"), "{run}");
}

#[test]
fn mistake_in_options_variable_names_the_variable() {
    let place = place_without_kdc();
    let run = place.ours("rekinit").env("OPTIONS", "--nonsense").run();
    let expected = "rekinit: in OPTIONS of the environment: unrecognized option '--nonsense'\n";
    assert!(run.stderr().starts_with(expected), "{run}");
    assert_eq!(run.code(), 2, "{run}");
}

#[test]
fn usage_shows_the_tool_name_as_a_separate_word() {
    let place = place_without_kdc();
    for name in [
        "rkinit",
        "rklist",
        "rkvno",
        "rkdestroy",
        "rkswitch",
        "rktutil",
        "rkpasswd",
        "rekinit",
    ] {
        let help = place.ours(name).arg("--help").run().success().stdout();
        assert!(help.contains(&format!("Usage: {name}")), "{help}");
        let glued = help
            .split(name)
            .skip(1)
            .find(|rest| rest.starts_with(char::is_uppercase));
        assert_eq!(glued, None, "{help}");
    }
}

#[test]
fn kerberos_4_option_is_refused() {
    let run = place_without_kdc()
        .ours("kinit")
        .line("-4 alice")
        .run()
        .exits(3);
    assert_eq!(run.stderr(), "Kerberos 4 is no longer supported\n");
}

#[test]
fn unsupported_options_and_cache_types_are_named() {
    let place = place_without_kdc();
    place.write("cache", cli::old_cache());
    for (line, name) in [
        ("-n", "-n"),
        ("-T armor alice", "-T"),
        ("-X X509_user_identity=FILE:x alice", "-X"),
    ] {
        let run = place.ours("kinit").line(line).run().exits(1);
        let text = run.stderr();
        assert!(
            text.contains(name) && text.contains("not supported yet"),
            "{run}"
        );
    }
    for name in ["kinit", "klist", "kdestroy", "kswitch", "kvno"] {
        let tool = place.ours(name).arg("-c").arg("API:x");
        let tool = if name == "kvno" { tool.arg("a") } else { tool };
        let run = tool.run().exits(1);
        let text = run.stderr();
        assert!(text.contains("type API are not supported"), "{run}");
    }
}

#[test]
fn requested_help_goes_to_standard_output() {
    let place = place_without_kdc();
    for name in ["kinit", "klist", "kdestroy", "kswitch", "kvno"] {
        let run = place.ours(name).arg("--help").run().success();
        assert_eq!(run.stderr(), "");
        assert!(run.stdout().contains(&format!("Usage: {name}")), "{run}");
    }
}
