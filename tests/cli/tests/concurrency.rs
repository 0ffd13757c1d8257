//! A hundred programs at once, ours and MIT's, half of which write: no ticket is lost, and nobody
//! reads an incomplete cache.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::thread;
use std::time::Duration;

use cli::{PASSWORD, REALM, tickets};
use kerberos_files::keytab::{KeytabEntry, KeytabFile};
use kerberos_proto::Principal;
use kerberos_testkdc::TestKdc;
use test_support::{Finished, Place, Tool};

const WRITERS: usize = 50;

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's tools")]
fn fifty_writers_and_fifty_readers_share_a_cache() {
    let mut builder = TestKdc::builder(REALM).principal("alice", PASSWORD);
    for number in 0..WRITERS {
        builder = builder.service(&format!("app/{number}"));
    }
    let kdc = builder.start().expect("a port is free");
    let place = Place::new(&kdc.krb5_conf());
    let login = place.ours("kinit").arg("alice");
    login.stdin(format!("{PASSWORD}\n")).run().success();

    let writer = |number: usize| mixed(&place, number, "kvno").arg(format!("app/{number}"));
    let reader = |number: usize| mixed(&place, number, "klist");
    for run in at_once((0..WRITERS).map(writer).chain((0..WRITERS).map(reader))) {
        run.success();
    }

    let services = tickets(&place).into_iter().map(|ticket| ticket.server);
    let mut services: Vec<_> = services.map(|service| service.to_string()).collect();
    services.sort();
    let mut expected = vec![format!("krbtgt/{REALM}@{REALM}")];
    expected.extend((0..WRITERS).map(|number| format!("app/{number}@{REALM}")));
    expected.sort();
    assert_eq!(services, expected);
    place.mit("klist").run().success();
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's tools")]
fn fifty_logins_and_fifty_readers_share_a_collection() {
    let mut builder = TestKdc::builder(REALM);
    for number in 0..WRITERS {
        builder = builder.principal(&format!("user{number}"), PASSWORD);
    }
    let kdc = builder.start().expect("a port is free");
    let place = Place::new(&kdc.krb5_conf());
    let keytab = KeytabFile::new(place.path("keytab"));
    let mut entries = Vec::new();
    for number in 0..WRITERS {
        let name = format!("user{number}");
        let principal =
            Principal::parse(&format!("{name}@{REALM}")).expect("the principal name is valid");
        entries.extend(kdc.keys(&name).iter().map(|key| KeytabEntry {
            principal: principal.clone(),
            timestamp: 0,
            kvno: key.kvno(),
            key: key.block(),
        }));
    }
    keytab.add(&entries).expect("the folder is writable");
    std::fs::create_dir(place.path("collection")).expect("the folder is writable");
    let collection = format!("DIR:{}", place.text("collection"));

    let here = |tool: Tool| tool.env("KRB5CCNAME", &collection);
    let writer = |number: usize| {
        let tool = mixed(&place, number, "kinit").args(["-k", "-t", "keytab"]);
        here(tool.arg(format!("user{number}")))
    };
    // If a collection is empty, all programs would choose the same first cache, with MIT's library
    // as with ours. After a first login, each of them gets its own.
    writer(0).run().success();
    let reader = |number: usize| here(mixed(&place, number, "klist").arg("-A"));
    let runs = at_once((0..WRITERS).map(writer).chain((0..WRITERS).map(reader)));
    for (number, run) in runs.into_iter().enumerate() {
        if number < WRITERS {
            run.success();
        } else {
            // MIT's klist may find no cache yet, but what it finds is complete.
            let text = run.stderr();
            let no_more = text.is_empty() || text.contains("No credentials");
            let is_ours = number.is_multiple_of(2);
            let nothing_yet = !is_ours && run.code() == 1 && no_more;
            assert!(run.code() == 0 || nothing_yet, "{run}");
        }
    }

    for listing in [place.ours("klist"), place.mit("klist")] {
        let run = here(listing.arg("-l")).run().success();
        let text = run.stdout();
        for number in 0..WRITERS {
            let name = format!("user{number}@{REALM} ");
            assert_eq!(text.matches(&name).count(), 1, "{name}: {run}");
        }
    }
}

/// Alternates between our tool and MIT's.
fn mixed(place: &Place, number: usize, tool: &str) -> Tool {
    if number.is_multiple_of(2) {
        place.ours(tool)
    } else {
        place.mit(tool)
    }
}

fn at_once(tools: impl Iterator<Item = Tool>) -> Vec<Finished> {
    let run = |tool: Tool| thread::spawn(|| tool.limit(Duration::from_secs(300)).run());
    let running: Vec<_> = tools.map(run).collect();
    let join = |run: thread::JoinHandle<Finished>| run.join().expect("the tool does not panic");
    running.into_iter().map(join).collect()
}
