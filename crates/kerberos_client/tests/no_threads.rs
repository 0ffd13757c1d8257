//! What a process does that has no threads left for a while. A test has it to itself.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::net::UdpSocket;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kerberos_client::kerberos_proto::Principal;
use kerberos_client::{AsyncClient, Client, ClientError, Config, KeeperParams, Password, Secret};
use kerberos_testkdc::TestKdc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SECOND: Duration = Duration::from_secs(1);

/// Limits memory to what there is now and less than the stack of a thread: root may have as many
/// threads as it likes otherwise.
fn forbid_threads() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let size = size.and_then(|size| size.trim().strip_suffix(" kB"));
    let size: u64 = size.unwrap().trim().parse().unwrap();
    let limit = Rlimit {
        current: Some((size + 1024) * 1024),
        ..getrlimit(Resource::As)
    };
    setrlimit(Resource::As, limit).unwrap();
}

/// For tests of one process: the limit is that of all of its threads.
static PROCESS: Mutex<()> = Mutex::new(());

#[test]
fn kdcs_are_probed_one_after_the_other() {
    let _process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let nobody = taken.local_addr().unwrap();
    drop(taken);
    let conf = format!("[realms]\nR = {{\nkdc = {nobody}\nkdc = {nobody}\n}}\n");
    let client = Client::new(Config::parse(&conf).unwrap());
    let usual = getrlimit(Resource::As);
    forbid_threads();
    let spawned = std::thread::Builder::new().spawn(|| ());
    let found = client.probe_kdcs("R", SECOND);
    setrlimit(Resource::As, usual).unwrap();
    spawned.unwrap_err();
    let found = found.unwrap();
    assert_eq!(found.len(), 2);
    for server in found {
        // By UDP and by TCP, each refused.
        assert_eq!(server.probes.unwrap().len(), 2);
    }
}

#[test]
fn a_keeper_goes_on_when_there_are_threads_again() {
    let _process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let kdc = TestKdc::builder("EXAMPLE.COM")
        .principal("svc", "password")
        .start()
        .unwrap();
    let client = AsyncClient::new(Config::parse(&kdc.krb5_conf()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let login = client.as_params(Principal::parse("svc@EXAMPLE.COM").unwrap());
        let secret = || Ok::<_, ClientError>(Secret::Password(Password::new("password")));
        let usual = getrlimit(Resource::As);
        forbid_threads();
        // The task begins when this one waits.
        let keeper = client.keep(KeeperParams::new(login.unwrap(), secret));
        let keeper = keeper.unwrap();
        let failed = async {
            while keeper.state().error.is_none() {
                tokio::time::sleep(SECOND / 50).await;
            }
        };
        let failed = tokio::time::timeout(SECOND * 60, failed).await;
        let state = keeper.state();
        setrlimit(Resource::As, usual).unwrap();
        failed.unwrap();
        let error = state.error.as_deref().unwrap();
        assert!(matches!(error, ClientError::NoThread(_)), "{error}");
        assert!(error.is_transient());
        let start = Instant::now();
        let ready = tokio::time::timeout(SECOND * 60, keeper.ready()).await;
        ready.unwrap().unwrap();
        assert!(start.elapsed() < SECOND * 30, "the pauses are short");
    });
}
