//! Walks to the realm of a service: direct, through others, with cached TGTs, and off the path.

use kerberos_asn1::{ErrorCode, KerberosTime};
use kerberos_proto::{ChaseParams, ExchangeError, Route, Step, TicketChase};
use kerberos_testkdc::Fault;

use crate::world::*;

fn routed(name: &str, realm: &str, through: &[&str]) -> ChaseParams {
    let mut params = params(name);
    params
        .routes
        .push(Route::new(realm, through.iter().copied()));
    params
}

/// A, B, C, D in a row, with a service in each.
fn row() -> World {
    World::new([
        realm("A", &["B"]).service("svc"),
        realm("B", &["A", "C"]).service("svc"),
        realm("C", &["B", "D"]).service("svc"),
        realm("D", &["C"]).service("svc"),
    ])
}

#[test]
fn service_in_home_realm_takes_one_request() {
    let chased = row().check(params("svc@A"), &["A: svc+"], &["A"]);
    assert!(chased.tgts.is_empty());
    assert_eq!(chased.credential.client, principal("alice@A"));
}

#[test]
fn directly_trusted_realm_takes_one_cross_realm_tgt() {
    let requests = ["A: krbtgt/B", "B: svc+"];
    let chased = row().check(params("svc@B"), &requests, &["A", "B"]);
    assert_eq!(chased.credential.client, principal("alice@A"));
    assert_eq!(chased.tgts.len(), 1);
    assert_eq!(chased.tgts[0].server, principal("krbtgt/B@A"));
}

#[test]
fn configured_route_is_walked_realm_by_realm() {
    let requests = [
        "A: krbtgt/D",
        "A: krbtgt/C",
        "A: krbtgt/B",
        "B: krbtgt/D",
        "B: krbtgt/C",
        "C: krbtgt/D",
        "D: svc+",
    ];
    let params = routed("svc@D", "D", &["B", "C"]);
    let chased = row().check(params, &requests, &["A", "B", "C", "D"]);
    let tgts: Vec<_> = chased
        .tgts
        .iter()
        .map(|tgt| tgt.server.to_string())
        .collect();
    assert_eq!(tgts, ["krbtgt/B@A", "krbtgt/C@B", "krbtgt/D@C"]);
}

#[test]
fn unreachable_configured_route_is_an_error() {
    // The last realm that was requested is what is missing, as MIT's library reports it.
    let params = routed("svc@D", "D", &["C"]);
    let error = row().fails(params, &["A: krbtgt/D", "A: krbtgt/C"]);
    assert_eq!(
        error.kdc_code(),
        Some(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN)
    );
    assert_eq!(
        error.mit_tgs_message(),
        "Server krbtgt/C@A not found in Kerberos database"
    );
    // Direct, and no other way.
    let params = routed("svc@D", "D", &[]);
    row().fails(params, &["A: krbtgt/D"]);
}

#[test]
fn walk_without_route_follows_the_realm_hierarchy() {
    let world = World::new([
        realm("ONE.X.COM", &["X.COM"]),
        realm("X.COM", &["ONE.X.COM", "TWO.X.COM"]),
        realm("TWO.X.COM", &["X.COM"]).service("svc"),
    ]);
    let requests = [
        "ONE.X.COM: krbtgt/TWO.X.COM",
        "ONE.X.COM: krbtgt/X.COM",
        "X.COM: krbtgt/TWO.X.COM",
        "TWO.X.COM: svc+",
    ];
    let hops = ["ONE.X.COM", "X.COM", "TWO.X.COM"];
    world.check(params("svc@TWO.X.COM"), &requests, &hops);
    // The requested realm counts, not those that were guessed on the way.
    let error = world.fails(
        params("svc@THREE.X.COM"),
        &[
            "ONE.X.COM: krbtgt/THREE.X.COM",
            "ONE.X.COM: krbtgt/X.COM",
            "X.COM: krbtgt/THREE.X.COM",
        ],
    );
    assert_eq!(
        error.mit_tgs_message(),
        "Server krbtgt/THREE.X.COM@X.COM not found in Kerberos database"
    );
    let error = world.fails(
        params("svc@Y.COM"),
        &[
            "ONE.X.COM: krbtgt/Y.COM",
            "ONE.X.COM: krbtgt/COM",
            "ONE.X.COM: krbtgt/X.COM",
            "X.COM: krbtgt/Y.COM",
            "X.COM: krbtgt/COM",
        ],
    );
    assert_eq!(
        error.mit_tgs_message(),
        "Server krbtgt/Y.COM@X.COM not found in Kerberos database"
    );
}

#[test]
fn valid_cached_tgts_shorten_the_walk() {
    let world = row();
    let home = world.login();
    let to_b = world.cross("B", &home);
    let to_c = world.cross("C", &to_b);
    // The TGT of the service's realm.
    let mut with = params("svc@C");
    with.tgts = vec![to_b.clone(), to_c.clone()];
    let chased = world.check(with, &["C: svc+"], &["C"]);
    assert!(chased.tgts.is_empty());
    // The TGT of a realm on the way.
    let mut with = routed("svc@C", "C", &["B"]);
    with.tgts = vec![to_b.clone()];
    world.check(
        with,
        &["A: krbtgt/C", "B: krbtgt/C", "C: svc+"],
        &["A", "B", "C"],
    );
    // Of several, the one issued by the client's own KDC, wherever it is in the list.
    let mut from_a = to_b.clone();
    from_a.server = principal("krbtgt/C@A");
    // It matters who issued it, and not under which name it is stored.
    let mut renamed = to_c.clone();
    renamed.server = principal("krbtgt/C@A");
    for other in [to_c, renamed] {
        for both in [[other.clone(), from_a.clone()], [from_a.clone(), other]] {
            let mut with = params("svc@C");
            with.tgts = both.to_vec();
            let started = TicketChase::start(with, &home, &mut Rng(7), NOW);
            let (_, Step::Send(request)) = started.unwrap() else {
                panic!("expected a request")
            };
            let own = from_a.ticket.as_slice();
            let mut parts = request.payload.windows(own.len());
            assert!(parts.any(|part| part == own), "{both:?}");
        }
    }
    // Not if it has expired, or belongs to someone else.
    for spoil in [0, 1] {
        let mut with = params("svc@B");
        let mut tgt = to_b.clone();
        if spoil == 0 {
            tgt.times.endtime = KerberosTime::from_unix(NOW.seconds - 1);
        } else {
            tgt.client = principal("bob@A");
        }
        with.tgts = vec![tgt];
        world.check(with, &["A: krbtgt/B", "B: svc+"], &["A", "B"]);
    }
}

#[test]
fn kdc_may_refer_the_walk_off_its_path() {
    // A refers clients that want D to X, which has a path through Y.
    let world = World::new([
        realm("A", &["X"]).account(lives_in("krbtgt/D", "X")),
        realm("X", &["A", "Y"]).account(lives_in("krbtgt/D", "Y")),
        realm("Y", &["X", "D"]),
        realm("D", &["Y"]).service("svc"),
    ]);
    let requests = ["A: krbtgt/D", "X: krbtgt/D", "Y: krbtgt/D", "D: svc+"];
    let chased = world.check(params("svc@D"), &requests, &["A", "X", "Y", "D"]);
    // The TGT for D was requested by name, but in a place that the client did not choose.
    assert!(chased.tgts.is_empty());
    let params = routed("svc@D", "D", &["B"]);
    world.check(params, &requests, &["A", "X", "Y", "D"]);
}

#[test]
fn closer_tgt_than_requested_continues_the_walk() {
    let world = World::new([
        realm("A", &["B"]).account(lives_in("krbtgt/C", "B")),
        realm("B", &["A", "C"]),
        realm("C", &["B"]).service("svc"),
    ]);
    let requests = ["A: krbtgt/C", "B: krbtgt/C", "C: svc+"];
    let chased = world.check(routed("svc@C", "C", &["B"]), &requests, &["A", "B", "C"]);
    assert_eq!(chased.tgts.len(), 1);
    assert_eq!(chased.tgts[0].server, principal("krbtgt/C@B"));
}

#[test]
fn referral_loops_off_the_path_are_errors() {
    // X and Y refer clients that want D to each other.
    let world = World::new([
        realm("A", &["X"]).account(lives_in("krbtgt/D", "X")),
        realm("X", &["A", "Y"]).account(lives_in("krbtgt/D", "Y")),
        realm("Y", &["X"]).account(lives_in("krbtgt/D", "X")),
    ]);
    let requests = ["A: krbtgt/D", "X: krbtgt/D", "Y: krbtgt/D"];
    match world.fails(params("svc@D"), &requests) {
        ExchangeError::ReferralLoop { realm, hops } => {
            assert_eq!(realm, b"X");
            assert_eq!(hops, [b"A", b"X", b"Y"]);
        }
        other => panic!("{other:?}"),
    }
    // Back to where it began, from a realm on the path.
    let world = World::new([
        realm("A", &["B"]),
        realm("B", &["A"]).account(lives_in("krbtgt/D", "A")),
    ]);
    let params = routed("svc@D", "D", &["B"]);
    match world.fails(params, &["A: krbtgt/D", "A: krbtgt/B", "B: krbtgt/D"]) {
        error @ ExchangeError::ReferralLoop { .. } => {
            assert_eq!(
                error.to_string(),
                "referred back to realm A, by way of A, B"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusal_by_the_only_kdc_on_the_way_ends_the_chase() {
    let world = row();
    world
        .kdc("B")
        .set_fault(Fault::Error(ErrorCode::KDC_ERR_POLICY));
    let requests = ["A: krbtgt/C", "A: krbtgt/B", "B: krbtgt/C"];
    let error = world.fails(routed("svc@C", "C", &["B"]), &requests);
    assert_eq!(error.kdc_code(), Some(ErrorCode::KDC_ERR_POLICY));
}
