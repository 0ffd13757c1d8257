//! Keepers in a process that has no descriptors left for a while. This test needs a process of its
//! own.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use kerberos_client::{
    AsyncClient, Client, ClientError, Config, KeeperParams, Password, Secret, TicketKeeper,
};
use kerberos_testkdc::TestKdc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn keepers_recover_when_file_descriptors_are_available() {
    let kdc = TestKdc::builder("EXAMPLE.COM")
        .principal("svc", "password")
        .start()
        .unwrap();
    let client = Client::new(Config::parse(&kdc.krb5_conf()).unwrap());
    let params = || {
        let login = client.as_params(client.principal("svc").unwrap()).unwrap();
        let secret = || Ok::<_, ClientError>(Secret::Password(Password::new("password")));
        KeeperParams::new(login, secret)
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let keepers = runtime.block_on(async {
        let task = AsyncClient::from(client.clone()).keep(params()).unwrap();
        task.ready().await.unwrap();
        let thread = client.keep(params()).unwrap();
        thread.ready().await.unwrap();
        [thread, task]
    });
    let usual = getrlimit(Resource::Nofile);
    // With none at all, poll also refuses to wait for any.
    for few in [1, 0] {
        let before = keepers.each_ref().map(|keeper| keeper.state().attempts);
        let limit = Rlimit {
            current: Some(few),
            ..usual
        };
        setrlimit(Resource::Nofile, limit).unwrap();
        keepers.iter().for_each(TicketKeeper::refresh_now);
        // They fall asleep and wake up more than once.
        std::thread::sleep(SECOND * 4);
        setrlimit(Resource::Nofile, usual).unwrap();
        for (keeper, before) in keepers.iter().zip(before) {
            keeper.refresh_now();
            let end = Instant::now() + SECOND * 60;
            while keeper.state().attempts < before + 2 || keeper.state().error.is_some() {
                assert!(Instant::now() < end, "{few}: {:?}", keeper.state());
                std::thread::sleep(SECOND / 50);
            }
        }
    }
}
