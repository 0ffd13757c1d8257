//! The schedule in virtual time: servers that answer, fail, are silent, late or hostile.

use super::super::message::{Data, RecordType};
use super::super::name;
use super::*;

/// What a server does with each query.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// Answers after so many milliseconds.
    Answers(u64),
    /// Says nothing.
    Silent,
    /// Its port is closed.
    Refuses,
    /// Answers with a response code.
    Fails(u8),
    /// Its answer is truncated by UDP, and whole by TCP.
    CutsShort,
    /// Its answer is truncated by UDP and comes ten times a second; it is silent by TCP.
    CutsShortForEver,
    /// Answers with something else, then with the truth after so many milliseconds.
    ForgedThenAnswers(u64),
    /// Its answer cannot be read.
    Garbles,
    /// Only answers queries without EDNS.
    KnowsNoEdns,
}

use Does::{
    Answers, CutsShort, CutsShortForEver, Fails, ForgedThenAnswers, Garbles, KnowsNoEdns, Refuses,
    Silent,
};

fn question() -> Question {
    Question {
        name: name::parse("kdc.example").unwrap(),
        kind: RecordType::A,
    }
}

/// An answer with one address, whose last octet is the server's number.
fn message(id: u16, server: u8, flags: [u8; 2]) -> Vec<u8> {
    let mut message = question().query(id, false).unwrap();
    message[2..4].copy_from_slice(&flags);
    message[7] = 1;
    message.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02");
    message.push(server);
    message
}

struct Run {
    /// `time server transport`, for each query.
    asked: Vec<String>,
    end: u64,
    result: Result<Answer, DnsError>,
}

fn conf(servers: usize) -> ResolvConf {
    let address = |index| SocketAddr::new([192, 0, 2, index].into(), 53);
    ResolvConf::new((0..servers).map(|index| address(u8::try_from(index).unwrap())))
}

fn run_with(conf: &ResolvConf, world: &[Does], deadline: Option<u64>) -> Run {
    let limit = deadline.map(Duration::from_millis);
    let mut lookup = Lookup::new(question(), conf, 0, limit);
    let mut now = 0;
    let mut asked = Vec::new();
    let mut mail: Vec<(u64, Event)> = Vec::new();
    let end = loop {
        match lookup.poll(Duration::from_millis(now)) {
            Action::Finish => break now,
            Action::Ask(id) => {
                let (transport, address) = lookup.endpoint(id).unwrap();
                let sent_id = 100 + u16::try_from(id.0).unwrap();
                let query = lookup.query(id, sent_id).unwrap();
                let edns = query[11] == 1;
                let server = conf
                    .servers
                    .iter()
                    .position(|other| *other == address)
                    .unwrap();
                let is_udp = transport == Transport::Udp;
                asked.push(format!("{now} {server}{}", if is_udp { 'u' } else { 't' }));
                let number = u8::try_from(server).unwrap();
                let good = || Event::Message(id, message(sent_id, number, [0x80, 0]));
                match world[server] {
                    Answers(after) => mail.push((now + after, good())),
                    Refuses => {
                        mail.push((now, Event::Failed(id, "Connection refused".to_owned())));
                    }
                    Fails(code) => {
                        let message = message(sent_id, number, [0x80, code]);
                        mail.push((now + 1, Event::Message(id, message)));
                    }
                    CutsShort if is_udp => {
                        let message = message(sent_id, number, [0x82, 0]);
                        mail.push((now + 1, Event::Message(id, message)));
                    }
                    CutsShortForEver if is_udp => mail.extend((1..600).map(|count| {
                        let message = message(sent_id, number, [0x82, 0]);
                        (now + count * 100, Event::Message(id, message))
                    })),
                    Silent | CutsShortForEver => {}
                    ForgedThenAnswers(after) => {
                        let forged = message(sent_id ^ 1, 66, [0x80, 0]);
                        mail.push((now + 1, Event::Message(id, forged)));
                        mail.push((now + after, good()));
                    }
                    Garbles => {
                        let mut message = message(sent_id, number, [0x80, 0]);
                        message.truncate(message.len() - 1);
                        mail.push((now + 1, Event::Message(id, message)));
                    }
                    KnowsNoEdns if edns => {
                        let message = message(sent_id, number, [0x80, 1]);
                        mail.push((now + 1, Event::Message(id, message)));
                    }
                    CutsShort | KnowsNoEdns => mail.push((now + 1, good())),
                }
            }
            Action::Wait { until } => {
                let until = u64::try_from(until.as_millis()).unwrap();
                let next = (0..mail.len()).min_by_key(|&index| mail[index].0);
                match next.filter(|&index| mail[index].0 <= until) {
                    Some(index) => {
                        let (at, event) = mail.remove(index);
                        now = now.max(at);
                        lookup.handle(event);
                    }
                    None => now = until,
                }
            }
        }
    };
    Run {
        asked,
        end,
        result: lookup.finish().0,
    }
}

/// Checks that these queries are sent, and that `server` has answered at `end`.
fn check(world: &[Does], server: u8, end: u64, asked: &[&str]) {
    let run = run_with(&conf(world.len()), world, None);
    assert_eq!(run.asked, asked, "{world:?}");
    let answer = run.result.unwrap();
    assert_eq!(answer.records, [Data::A([192, 0, 2, server].into())]);
    assert_eq!(run.end, end, "{world:?}");
}

#[test]
fn only_the_first_server_is_asked_if_it_answers() {
    check(&[Answers(5), Answers(1)], 0, 5, &["0 0u"]);
}

#[test]
fn next_server_is_asked_at_once_after_a_failure() {
    check(&[Refuses, Answers(5)], 1, 5, &["0 0u", "0 1u"]);
    check(&[Fails(2), Answers(5)], 1, 6, &["0 0u", "1 1u"]);
    check(
        &[Fails(5), Refuses, Answers(5)],
        2,
        6,
        &["0 0u", "1 1u", "1 2u"],
    );
    check(&[Garbles, Answers(5)], 1, 6, &["0 0u", "1 1u"]);
}

#[test]
fn next_server_is_asked_after_a_second_of_silence() {
    check(&[Silent, Answers(5)], 1, 1005, &["0 0u", "1000 1u"]);
    // A late answer counts.
    check(&[Answers(1500), Silent], 0, 1500, &["0 0u", "1000 1u"]);
    check(&[Answers(4900)], 0, 4900, &["0 0u"]);
}

#[test]
fn all_servers_are_asked_again_in_a_second_pass() {
    check(
        &[Silent, Answers(6001)],
        1,
        7001,
        &["0 0u", "1000 1u", "6000 0u", "7000 1u"],
    );
}

#[test]
fn truncated_answer_is_fetched_over_tcp() {
    check(&[CutsShort], 0, 2, &["0 0u", "1 0t"]);
    let mut conf = conf(1);
    conf.use_vc = true;
    let run = run_with(&conf, &[CutsShort], None);
    assert_eq!(run.asked, ["0 0t"]);
    assert!(run.result.is_ok());
}

#[test]
fn repeated_truncated_answers_do_not_prolong_the_lookup() {
    let run = run_with(&conf(1), &[CutsShortForEver], None);
    assert_eq!(run.asked, ["0 0u", "100 0t", "5100 0u", "5200 0t"]);
    assert!(run.result.is_err());
    assert_eq!(run.end, 10_200);
    // Nor are the others forgotten.
    check(
        &[CutsShortForEver, Answers(5)],
        1,
        5105,
        &["0 0u", "100 0t", "5100 1u"],
    );
}

#[test]
fn forged_answer_does_not_end_the_lookup() {
    check(&[ForgedThenAnswers(7)], 0, 7, &["0 0u"]);
}

#[test]
fn query_is_repeated_without_edns_after_formerr() {
    let mut conf = conf(1);
    conf.edns0 = true;
    let run = run_with(&conf, &[KnowsNoEdns], None);
    assert_eq!(run.asked, ["0 0u", "1 0u"]);
    assert!(run.result.is_ok());
}

#[test]
fn lookup_fails_when_no_server_answers() {
    let run = run_with(&conf(2), &[Silent, Fails(2)], None);
    assert_eq!(run.asked, ["0 0u", "1000 1u", "1001 0u", "2001 1u"]);
    let error = run.result.unwrap_err().to_string();
    assert_eq!(
        error,
        "no answer about kdc.example from DNS (192.0.2.0:53: no answer; 192.0.2.1:53: the server \
         failed (SERVFAIL))"
    );
    // The silent server has had its time.
    assert_eq!(run.end, 7001);
    let run = run_with(&conf(1), &[Silent], None);
    assert_eq!((run.asked.len(), run.end), (2, 10_000));
    let run = run_with(&conf(3), &[Refuses; 3], None);
    assert_eq!((run.asked.len(), run.end), (6, 0));
    let run = run_with(&conf(0), &[], None);
    assert!(run.result.is_err());
}

#[test]
fn deadline_ends_the_lookup() {
    let run = run_with(&conf(2), &[Silent, Silent], Some(1500));
    assert_eq!((run.asked.len(), run.end), (2, 1500));
    assert!(run.result.is_err());
    let run = run_with(&conf(1), &[Answers(1)], Some(0));
    assert_eq!((run.asked.len(), run.end), (0, 0));
}

#[test]
fn lookup_starts_at_the_given_server() {
    let conf = conf(3);
    let mut lookup = Lookup::new(question(), &conf, 2, None);
    let Action::Ask(id) = lookup.poll(Duration::ZERO) else {
        panic!()
    };
    assert_eq!(lookup.endpoint(id).unwrap().1, conf.servers[2]);
}

#[test]
fn events_of_unknown_exchanges_do_no_harm() {
    let mut lookup = Lookup::new(question(), &conf(1), 0, None);
    lookup.handle(Event::Failed(ExchangeId(7), String::new()));
    lookup.handle(Event::Message(ExchangeId(7), Vec::new()));
    assert!(matches!(lookup.poll(Duration::ZERO), Action::Ask(_)));
}
