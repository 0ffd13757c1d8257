//! What a process does that has no threads left for a while. Each test needs the process to itself.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kerberos_client::kerberos_proto::{Principal, ServiceKeys};
use kerberos_client::{
    AsyncClient, Client, ClientError, Config, KeeperParams, Password, Secret, ServiceAcceptor,
};
use kerberos_testkdc::TestKdc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const SECOND: Duration = Duration::from_secs(1);

/// While this exists, no thread can be created: memory is limited to what is in use plus less than
/// another stack. A limit on threads would not bind root.
struct NoThreads {
    usual: Rlimit,
    /// On the stacks of ended threads, which the C library keeps for the next ones.
    held: Vec<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl NoThreads {
    fn begin() -> Self {
        let usual = getrlimit(Resource::As);
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
        let size = size.and_then(|size| size.trim().strip_suffix(" kB"));
        let size: u64 = size.unwrap().trim().parse().unwrap();
        let current = Some((size + 1024) * 1024);
        setrlimit(Resource::As, Rlimit { current, ..usual }).unwrap();
        let mut held = Vec::new();
        loop {
            let (go, wait) = mpsc::channel();
            match thread::Builder::new().spawn(move || wait.recv().unwrap_or(())) {
                Ok(thread) => held.push((go, thread)),
                Err(_) => return Self { usual, held },
            }
        }
    }
}

impl Drop for NoThreads {
    fn drop(&mut self) {
        setrlimit(Resource::As, self.usual).unwrap();
        for (go, thread) in self.held.drain(..) {
            drop(go);
            thread.join().unwrap();
        }
    }
}

/// Only one test of this process at a time: the limit applies to all of its threads.
static PROCESS: Mutex<()> = Mutex::new(());

#[test]
fn kdcs_are_probed_in_sequence_without_threads() {
    let _process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let nobody = format!("127.0.0.1:{}", test_support::free_port());
    let conf = format!("[realms]\nR = {{\nkdc = {nobody}\nkdc = {nobody}\n}}\n");
    let client = Client::new(Config::parse(&conf).unwrap());
    let no_threads = NoThreads::begin();
    let found = client.probe_kdcs("R", SECOND).unwrap();
    drop(no_threads);
    assert_eq!(found.len(), 2);
    for server in found {
        // Refused by UDP and by TCP.
        assert_eq!(server.probes.unwrap().len(), 2);
    }
}

#[test]
fn keeper_recovers_when_threads_are_available() {
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
        let no_threads = NoThreads::begin();
        // The task only begins when this one waits.
        let keeper = client.keep(KeeperParams::new(login.unwrap(), secret));
        let keeper = keeper.unwrap();
        let failed = async {
            while keeper.state().error.is_none() {
                tokio::time::sleep(SECOND / 50).await;
            }
        };
        let failed = tokio::time::timeout(SECOND * 60, failed).await;
        let state = keeper.state();
        drop(no_threads);
        failed.unwrap();
        let error = state.error.as_deref().unwrap();
        assert!(matches!(error, ClientError::NoThread(_)), "{error}");
        assert!(error.is_transient());
        let start = Instant::now();
        let ready = tokio::time::timeout(SECOND * 60, keeper.ready()).await;
        ready.unwrap().unwrap();
        assert!(
            start.elapsed() < SECOND * 30,
            "the keeper did not retry soon"
        );
    });
}

/// The task itself does what only looks at a file: a name from the hosts file stays the same, and a
/// refused client is refused because of what it sent.
#[test]
fn quick_file_access_works_without_threads() {
    let _process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let client = Client::new(Config::parse("").unwrap());
    let known = client.service_principal("host", Some("localhost"));
    let service = ServiceAcceptor::from_keys(client.config(), ServiceKeys::default()).unwrap();
    let refused = service.accept(b"junk", None).unwrap_err().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = AsyncClient::new(client.config().clone());
        let no_threads = NoThreads::begin();
        let found = client.service_principal("host", Some("localhost")).await;
        let accepted = service.accept_async(b"junk", None).await;
        drop(no_threads);
        assert_eq!(found.unwrap(), known.unwrap());
        assert_eq!(accepted.unwrap_err().to_string(), refused);
    });
}
