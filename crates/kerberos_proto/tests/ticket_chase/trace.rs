//! The trace of chases, line by line as MIT's library words it.

use crate::listener::traced;
use crate::world::*;

/// The lines that say where the chase goes.
fn lines(world: &World, params: &kerberos_proto::ChaseParams) -> Vec<String> {
    let mut lines = traced(|| drop(world.chase(params.clone())));
    let start = lines
        .iter()
        .position(|line| line.starts_with("Starting with") || line.starts_with("Server has"));
    lines.drain(..start.unwrap());
    lines.retain(|line| {
        !line.starts_with("Generated subkey")
            && !line.starts_with("etypes requested")
            && !line.starts_with("TGS reply is")
            && !line.starts_with("TGS request result: 0/")
    });
    lines
}

#[test]
fn path_walk_and_referral_are_traced_as_in_mit() {
    let world = World::new([
        realm("A", &["B"]),
        realm("B", &["A", "C"]).account(lives_in("host/www", "C")),
        realm("C", &["B"]).service("host/www"),
    ]);
    assert_eq!(
        lines(&world, &params("host/www@B")),
        [
            "Starting with TGT for client realm: alice@A -> krbtgt/A@A",
            "Requesting TGT krbtgt/B@A using TGT krbtgt/A@A",
            "Received TGT for service realm: krbtgt/B@A",
            "Requesting tickets for host/www@B, referrals on",
            "Reply server krbtgt/C@B differs from requested host/www@B",
            "Following referral TGT krbtgt/C@B",
            "Requesting tickets for host/www@C, referrals on",
            "Received creds for desired service host/www@C",
        ]
    );
    let mut through = params("host/www@C");
    through.routes.push(kerberos_proto::Route::new("C", ["B"]));
    assert_eq!(
        lines(&world, &through)[1..7],
        [
            "Requesting TGT krbtgt/C@A using TGT krbtgt/A@A",
            "TGS request result: -1765328377/Server krbtgt/C@A not found in Kerberos database",
            "Trying next closer realm in path: B",
            "Requesting TGT krbtgt/B@A using TGT krbtgt/A@A",
            "Received TGT for B; advancing current realm",
            "Requesting TGT krbtgt/C@B using TGT krbtgt/B@A",
        ]
    );
}

#[test]
fn fallback_realm_is_traced_as_in_mit() {
    let world = World::new([realm("A", &["B"]), realm("B", &[]).service("host/www")]);
    let mut nameless = params("host/www@A");
    nameless.tgs.server = nameless.tgs.server.with_realm("");
    nameless.fallback_realm = Some(b"B".to_vec());
    assert_eq!(
        lines(&world, &nameless),
        [
            "Server has referral realm; starting with host/www@A",
            "Starting with TGT for client realm: alice@A -> krbtgt/A@A",
            "Requesting tickets for host/www@A, referrals on",
            "TGS request result: -1765328377/Server host/www@A not found in Kerberos database",
            "Local realm referral failed; trying fallback realm B",
            "Starting with TGT for client realm: alice@A -> krbtgt/A@A",
            "Requesting TGT krbtgt/B@A using TGT krbtgt/A@A",
            "Received TGT for service realm: krbtgt/B@A",
            "Requesting tickets for host/www@B, referrals off",
            "Received creds for desired service host/www@B",
        ]
    );
}
