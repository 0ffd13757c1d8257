//! The schedule in virtual time: hosts that answer, refuse or stay silent.

use std::net::{IpAddr, Ipv4Addr};

use kerberos_asn1::{Encode as _, KerberosTime, NameType, PrincipalName, SequenceOf};

use super::*;

/// How a host behaves towards one transport.
#[derive(Clone, Copy)]
enum Host {
    Silent,
    /// Refuses after so many milliseconds.
    Refuses(u64),
    /// Answers each request after so many milliseconds.
    Answers(u64),
    /// Answers the n-th request only.
    AnswersNth(usize),
    /// Says that its service is not available.
    Unavailable,
    /// By TCP: connects at once and answers after so many milliseconds.
    ConnectsThenAnswers(u64),
    /// By TCP: connects and breaks off after so many milliseconds.
    ConnectsThenCloses(u64),
}

use Host::{
    Answers, AnswersNth, ConnectsThenAnswers, ConnectsThenCloses, Refuses, Silent, Unavailable,
};

struct World {
    /// Each server's behaviour by UDP and by TCP.
    hosts: Vec<(Host, Host)>,
    /// The only transport of each server, if it has only one.
    only: Vec<Option<Transport>>,
    strategy: Strategy,
    deadline: Option<u64>,
    patience: Option<u64>,
}

fn target(name: &str, transport: Option<Transport>) -> Target {
    Target {
        name: name.to_owned(),
        transport,
    }
}

struct Run {
    /// `<ms> <server><u|t|h|x>` for each request sent.
    sent: Vec<String>,
    end: u64,
    outcome: Outcome,
}

fn run(world: &World) -> Run {
    let only = |index: usize| world.only.get(index).copied().flatten();
    let targets = (0..world.hosts.len())
        .map(|index| target(&format!("kdc{index}"), only(index)))
        .collect();
    let deadline = world.deadline.map(Duration::from_millis);
    let patience = world.patience.map(Duration::from_millis);
    let mut delivery = Delivery::new(targets, world.strategy, deadline).with_patience(patience);
    let mut now = Duration::ZERO;
    let mut pending: Vec<(Duration, Event)> = Vec::new();
    let mut sent = Vec::new();
    for _ in 0..10_000 {
        match delivery.poll(now) {
            Action::Resolve { server } => {
                let octet = u8::try_from(server).unwrap();
                let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, octet));
                delivery.handle(Event::Resolved(vec![SocketAddr::new(address, 88)]));
            }
            Action::Open(id) | Action::Resend(id) => {
                let transport = delivery.endpoint(id).unwrap().transport;
                let server = delivery.server(id).unwrap();
                let letter = match transport {
                    Transport::Udp => 'u',
                    Transport::Tcp => 't',
                    Transport::Https => 'h',
                    Transport::Unix => 'x',
                };
                let label = format!("{server}{letter}");
                let count = 1 + sent
                    .iter()
                    .filter(|one: &&String| one.ends_with(&label))
                    .count();
                sent.push(format!("{} {label}", now.as_millis()));
                let (udp, tcp) = world.hosts[server];
                let host = if transport == Transport::Udp {
                    udp
                } else {
                    tcp
                };
                let mut at = |ms, event| pending.push((now + Duration::from_millis(ms), event));
                match host {
                    Refuses(ms) => at(ms, Event::Failed(id, Reason::System("refused".to_owned()))),
                    Answers(ms) => at(ms, Event::Reply(id, vec![octet(server)])),
                    AnswersNth(nth) if nth == count => at(5, Event::Reply(id, vec![octet(server)])),
                    Silent | AnswersNth(_) => {}
                    Unavailable => at(1, Event::Reply(id, unavailable())),
                    ConnectsThenAnswers(ms) => {
                        at(0, Event::Connected(id));
                        at(ms, Event::Reply(id, vec![octet(server)]));
                    }
                    ConnectsThenCloses(ms) => {
                        at(0, Event::Connected(id));
                        at(ms, Event::Failed(id, Reason::System("closed".to_owned())));
                    }
                }
            }
            Action::Close(_) => {}
            Action::Wait { until } => {
                pending.sort_by_key(|(at, _)| *at);
                let due = pending.first().map(|(at, _)| *at);
                match (due, until) {
                    (Some(due), until) if until.is_none_or(|until| due <= until) => {
                        now = now.max(due);
                        delivery.handle(pending.remove(0).1);
                    }
                    (_, Some(until)) => now = until,
                    (_, None) => panic!("the delivery waits, but nothing is pending"),
                }
            }
            Action::Finish => {
                let end = u64::try_from(now.as_millis()).unwrap();
                return Run {
                    sent,
                    end,
                    outcome: delivery.finish(),
                };
            }
        }
    }
    panic!("the delivery does not end within 10000 steps");
}

fn octet(server: usize) -> u8 {
    u8::try_from(server).unwrap()
}

fn unavailable() -> Vec<u8> {
    let name = PrincipalName {
        name_type: NameType::SRV_INST,
        name_string: SequenceOf::from(vec!["krbtgt".into(), "R".into()]),
    };
    KrbError {
        ctime: None,
        cusec: None,
        stime: KerberosTime::from_unix(0),
        susec: None,
        error_code: ErrorCode::KDC_ERR_SVC_UNAVAILABLE,
        crealm: None,
        cname: None,
        realm: "R".into(),
        sname: name,
        e_text: None,
        e_data: None,
    }
    .to_der()
}

fn world(hosts: &[(Host, Host)]) -> World {
    World {
        hosts: hosts.to_vec(),
        only: Vec::new(),
        strategy: Strategy::UdpFirst,
        deadline: None,
        patience: None,
    }
}

/// Checks who answers, when, and after which requests.
fn check(world: &World, server: u8, end: u64, sent: &[&str]) {
    let run = run(world);
    assert_eq!(
        (run.sent.as_slice(), run.end),
        (sent.map_to_owned().as_slice(), end)
    );
    let Outcome::Reply { message, .. } = run.outcome else {
        panic!("{:?}", run.outcome)
    };
    assert_eq!(message, [server]);
}

trait MapToOwned {
    fn map_to_owned(&self) -> Vec<String>;
}

impl MapToOwned for [&str] {
    fn map_to_owned(&self) -> Vec<String> {
        self.iter().map(|&text| text.to_owned()).collect()
    }
}

#[test]
fn only_the_first_server_is_asked_if_it_answers() {
    check(
        &world(&[(Answers(3), Silent), (Answers(3), Silent)]),
        0,
        3,
        &["0 0u"],
    );
}

#[test]
fn next_server_is_asked_after_a_second_of_silence() {
    check(
        &world(&[(Silent, Silent), (Answers(3), Silent)]),
        1,
        1003,
        &["0 0u", "1000 1u"],
    );
}

#[test]
fn next_server_is_asked_at_once_after_a_refusal() {
    check(
        &world(&[(Refuses(1), Silent), (Answers(3), Silent)]),
        1,
        4,
        &["0 0u", "1 1u"],
    );
}

#[test]
fn slow_reply_of_an_earlier_server_is_accepted() {
    check(
        &world(&[(Answers(1500), Silent), (Silent, Silent)]),
        0,
        1500,
        &["0 0u", "1000 1u"],
    );
}

#[test]
fn late_refusal_of_an_earlier_server_changes_no_timing() {
    check(
        &world(&[
            (Refuses(1200), Silent),
            (Silent, Silent),
            (Answers(3), Silent),
        ]),
        2,
        2003,
        &["0 0u", "1000 1u", "2000 2u"],
    );
}

#[test]
fn tcp_is_tried_after_udp_to_all_servers() {
    check(
        &world(&[(Refuses(0), Refuses(0)), (Silent, ConnectsThenAnswers(7))]),
        1,
        1007,
        &["0 0u", "0 1u", "1000 0t", "1000 1t"],
    );
}

#[test]
fn tcp_first_strategy_tries_tcp_before_udp() {
    let mut world = world(&[(Answers(3), Refuses(2)), (Answers(3), Silent)]);
    world.strategy = Strategy::TcpFirst;
    check(&world, 0, 1005, &["0 0t", "2 1t", "1002 0u"]);
}

#[test]
fn a_lost_datagram_is_sent_again() {
    check(
        &world(&[(AnswersNth(2), Refuses(0))]),
        0,
        3005,
        &["0 0u", "1000 0t", "3000 0u"],
    );
    check(
        &world(&[(AnswersNth(3), Refuses(0))]),
        0,
        8005,
        &["0 0u", "1000 0t", "3000 0u", "8000 0u"],
    );
}

#[test]
fn total_wait_for_silent_servers_equals_that_of_mit() {
    // 3 U + T + 14 seconds for U and T connections of each transport.
    let run = run(&world(&[(Silent, Silent), (Silent, Silent)]));
    assert_eq!(run.end, (3 * 2 + 2 + 14) * 1000);
    let Outcome::Unreachable(attempts) = run.outcome else {
        panic!()
    };
    assert_eq!(attempts.len(), 4);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.reason == Reason::NoAnswer)
    );
    assert_eq!(
        attempts[0].to_string(),
        "kdc0 (192.0.2.0:88, UDP): no answer"
    );
}

#[test]
fn servers_that_all_refuse_fail_at_once() {
    let run = run(&world(&[
        (Refuses(1), Refuses(1)),
        (Refuses(1), Refuses(1)),
    ]));
    assert_eq!(run.end, 4);
    let Outcome::Unreachable(attempts) = run.outcome else {
        panic!()
    };
    assert_eq!(attempts.len(), 4);
}

#[test]
fn empty_server_list_fails_at_once() {
    let run = run(&world(&[]));
    assert!(matches!(run.outcome, Outcome::Unreachable(attempts) if attempts.is_empty()));
}

#[test]
fn established_tcp_connection_is_awaited_until_the_deadline() {
    let mut world = world(&[(Silent, ConnectsThenAnswers(300_000)), (Silent, Silent)]);
    world.strategy = Strategy::TcpOnly;
    check(&world, 0, 300_000, &["0 0t"]);
    world.deadline = Some(20_000);
    let run = run(&world);
    assert_eq!(run.end, 20_000);
    assert!(matches!(run.outcome, Outcome::Unreachable(_)));
}

#[test]
fn kdc_proxies_and_unix_sockets_are_asked_in_order() {
    use Transport::{Https, Tcp, Unix};
    let mut world = world(&[
        (Silent, Silent),
        (Silent, Refuses(1)),
        (Silent, Silent),
        (Silent, ConnectsThenAnswers(3)),
    ]);
    world.only = vec![None, Some(Https), Some(Unix), Some(Https)];
    let udp_first = ["0 0u", "1000 1h", "1001 2x", "2001 3h"];
    check(&world, 3, 2004, &udp_first);
    world.strategy = Strategy::TcpFirst;
    let tcp_first = ["0 0t", "1000 1h", "1001 2x", "2001 3h"];
    check(&world, 3, 2004, &tcp_first);
    world.strategy = Strategy::TcpOnly;
    check(&world, 3, 2004, &tcp_first);
    // UDP is not used, and nothing is sent twice.
    world.hosts = vec![(Answers(3), Silent); 2];
    world.only = vec![Some(Https), Some(Unix)];
    world.strategy = Strategy::UdpFirst;
    let ended = run(&world);
    assert_eq!(ended.sent, ["0 0h", "1000 1x"]);
    assert_eq!(ended.end, 16_000);
    world.only = vec![Some(Https), Some(Tcp)];
    world.hosts = vec![(Silent, Silent), (Silent, ConnectsThenAnswers(3))];
    check(&world, 1, 1003, &["0 0h", "1000 1t"]);
}

#[test]
fn stalled_kdc_proxy_is_given_up_after_two_minutes() {
    let stalls = ConnectsThenAnswers(300_000);
    let mut world = world(&[(Silent, stalls), (Answers(3), Silent)]);
    world.only = vec![Some(Transport::Https), None];
    check(&world, 1, 120_003, &["0 0h", "120000 1u"]);
    world.patience = Some(10_000);
    check(&world, 1, 10_003, &["0 0h", "10000 1u"]);
}

#[test]
fn stalled_tcp_connection_is_given_up_when_patience_ends() {
    let stalls = ConnectsThenAnswers(300_000);
    let mut world = world(&[(Silent, stalls), (Silent, ConnectsThenAnswers(9000))]);
    world.strategy = Strategy::TcpOnly;
    world.patience = Some(10_000);
    // Each server has the whole time.
    check(&world, 1, 19_000, &["0 0t", "10000 1t"]);
    // Those that never answer are waited for once, and reported.
    world.hosts = vec![(Silent, stalls), (Refuses(0), stalls)];
    world.strategy = Strategy::UdpFirst;
    let ended = run(&world);
    assert!(ended.end < 60_000, "{}", ended.end);
    let Outcome::Unreachable(attempts) = ended.outcome else {
        panic!()
    };
    let silent = attempts.iter().filter(|one| one.reason == Reason::NoAnswer);
    assert_eq!((attempts.len(), silent.count()), (4, 3));
    // An earlier deadline counts.
    world.deadline = Some(5000);
    assert_eq!(run(&world).end, 5000);
}

#[test]
fn next_server_is_asked_when_a_tcp_connection_breaks() {
    let mut world = world(&[
        (Silent, ConnectsThenCloses(5000)),
        (Silent, ConnectsThenAnswers(1)),
    ]);
    world.strategy = Strategy::TcpOnly;
    check(&world, 1, 5001, &["0 0t", "5000 1t"]);
}

#[test]
fn tcp_only_never_uses_udp() {
    let mut world = world(&[(Answers(1), Refuses(0)), (Answers(1), Refuses(0))]);
    world.strategy = Strategy::TcpOnly;
    let run = run(&world);
    assert_eq!(run.sent, ["0 0t", "0 1t"]);
    assert!(matches!(run.outcome, Outcome::Unreachable(_)));
}

#[test]
fn single_transport_server_is_asked_only_over_that() {
    let (udp, tcp) = (Some(Transport::Udp), Some(Transport::Tcp));
    let mut world = world(&[(Silent, Answers(1)), (Answers(5), Answers(5))]);
    world.only = vec![udp, tcp];
    // Like a server with both transports, it is deferred when the other transport is preferred.
    check(&world, 1, 1005, &["0 0u", "1000 1t"]);
    world.strategy = Strategy::TcpFirst;
    check(&world, 1, 5, &["0 1t"]);
    world.strategy = Strategy::TcpOnly;
    check(&world, 1, 5, &["0 1t"]);
    world.only = vec![udp, udp];
    let Outcome::Unreachable(attempts) = run(&world).outcome else {
        panic!()
    };
    let told = "kdc1: not tried: it is configured for UDP only, and this message needs TCP";
    assert_eq!((attempts.len(), &*attempts[1].to_string()), (2, told));
}

/// As SRV records name servers: all for UDP, then the same for TCP. UDP is blocked.
#[test]
fn srv_records_are_ordered_by_preferred_transport() {
    let (udp, tcp) = (Some(Transport::Udp), Some(Transport::Tcp));
    let host = (Silent, ConnectsThenAnswers(5));
    let mut world = world(&[host; 4]);
    world.only = vec![udp, udp, tcp, tcp];
    check(&world, 2, 2005, &["0 0u", "1000 1u", "2000 2t"]);
    world.strategy = Strategy::TcpFirst;
    check(&world, 2, 5, &["0 2t"]);
    // If TCP is refused, UDP is used in the end.
    world.hosts = vec![(Answers(5), Refuses(1)); 4];
    check(&world, 0, 7, &["0 2t", "1 3t", "2 0u"]);
    // The records for TCP may come first, too.
    world.only = vec![tcp, udp];
    world.hosts = vec![(Answers(5), Silent); 2];
    world.strategy = Strategy::UdpFirst;
    check(&world, 1, 5, &["0 1u"]);
}

#[test]
fn udp_only_server_is_not_resolved_for_tcp_only() {
    let targets = vec![
        target("a", Some(Transport::Udp)),
        target("b", Some(Transport::Tcp)),
    ];
    let mut delivery = Delivery::new(targets, Strategy::TcpOnly, None);
    assert_eq!(delivery.poll(Duration::ZERO), Action::Resolve { server: 1 });
}

#[test]
fn untried_servers_are_reported_as_out_of_time() {
    let udp = Some(Transport::Udp);
    let told = |strategy| {
        let targets = vec![target("a", None), target("b", udp)];
        let mut delivery = Delivery::new(targets, strategy, Some(Duration::ZERO));
        assert_eq!(delivery.poll(Duration::ZERO), Action::Finish);
        let Outcome::Unreachable(attempts) = delivery.finish() else {
            panic!()
        };
        let reasons = attempts.into_iter().map(|attempt| attempt.reason);
        reasons.collect::<Vec<_>>()
    };
    let (late, excluded) = (Reason::OutOfTime, Reason::OnlyUdp);
    assert_eq!(told(Strategy::UdpFirst), [late.clone(), late.clone()]);
    assert_eq!(told(Strategy::TcpOnly), [late, excluded]);
}

#[test]
fn svc_unavailable_moves_on_to_the_next_server() {
    check(
        &world(&[(Unavailable, Silent), (Answers(3), Silent)]),
        1,
        4,
        &["0 0u", "1 1u"],
    );
    // If nobody else can serve, this is the answer.
    let run = run(&world(&[(Unavailable, Refuses(0))]));
    let Outcome::Reply { message, .. } = run.outcome else {
        panic!()
    };
    assert_eq!(message, unavailable());
}

#[test]
fn deadline_ends_the_delivery() {
    let mut world = world(&[(Silent, Silent); 5]);
    world.deadline = Some(2500);
    let run = run(&world);
    assert_eq!(run.end, 2500);
    assert_eq!(run.sent, ["0 0u", "1000 1u", "2000 2u"]);
    let Outcome::Unreachable(attempts) = run.outcome else {
        panic!()
    };
    let not_tried = attempts
        .iter()
        .filter(|attempt| attempt.reason == Reason::OutOfTime);
    assert_eq!((attempts.len(), not_tried.count()), (6, 3));
}

#[test]
fn names_that_do_not_resolve_are_skipped() {
    let mut delivery = Delivery::new(
        vec![target("a", None), target("b", None)],
        Strategy::UdpFirst,
        None,
    );
    let now = Duration::ZERO;
    assert_eq!(delivery.poll(now), Action::Resolve { server: 0 });
    assert_eq!(delivery.poll(now), Action::Wait { until: None });
    delivery.handle(Event::NotResolved(Reason::System("unknown".to_owned())));
    assert_eq!(delivery.poll(now), Action::Resolve { server: 1 });
    delivery.handle(Event::Resolved(vec![]));
    assert_eq!(delivery.poll(now), Action::Finish);
    let Outcome::Unreachable(attempts) = delivery.finish() else {
        panic!()
    };
    let attempts: Vec<_> = attempts.iter().map(ToString::to_string).collect();
    assert_eq!(attempts, ["a: unknown", "b: the name has no address"]);
}

#[test]
fn events_for_unknown_connections_do_no_harm() {
    let mut delivery = Delivery::new(vec![target("a", None)], Strategy::UdpFirst, None);
    delivery.handle(Event::Connected(ConnectionId(7)));
    delivery.handle(Event::Failed(ConnectionId(7), Reason::NoAnswer));
    delivery.handle(Event::Resolved(vec![]));
    assert_eq!(delivery.poll(Duration::ZERO), Action::Resolve { server: 0 });
}
