//! PostgreSQL: `postgres_query` with GSS encryption, and with GSS authentication only.

use test_support::{MitRealm, Postgres};

#[test]
#[cfg_attr(
    not(all(mit, postgres)),
    ignore = "needs MIT's KDC and PostgreSQL: cargo xtask install"
)]
fn postgres_query_works_encrypted_and_with_login_only() {
    let realm = MitRealm::start();
    let place = realm.place();
    let postgres = Postgres::start(&realm.keytab("localhost"), &place.path("krb5.conf"));
    let address = format!("127.0.0.1:{}", postgres.port());
    let ask = |how: &str, query: &str| {
        let program = place.program(env!("CARGO_BIN_EXE_postgres_query"));
        let words = [&address, "postgres/localhost", "alice", how, query];
        program.args(words).run()
    };
    ask("login", "select 1").exits(1);
    let kinit = place.ours("kinit").arg("alice");
    kinit.stdin("wonderland\n").run().success();
    let state = "select current_user || ' ' || encrypted from pg_stat_gssapi \
                 where pid = pg_backend_pid()";
    assert_eq!(ask("encrypted", state).success().stdout(), "alice true\n");
    assert_eq!(ask("login", state).success().stdout(), "alice false\n");
    // An answer that takes many packets.
    let long = ask("encrypted", "select repeat('x', 100000)")
        .success()
        .stdout();
    assert!(long.trim_end() == "x".repeat(100_000));
}
