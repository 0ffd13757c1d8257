//! A thousand logins by keytab through the asynchronous client, on one thread, with MIT's KDC on
//! the loopback interface: logins per second, the client's processor time per login, and its peak
//! memory.
//!
//! `cargo logins [COUNT [AT_ONCE]]`. The KDC is a separate process and takes its share of the
//! machine, so the client's processor time is reported separately.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kerberos_client::kerberos_files::keytab::KeytabName;
use kerberos_client::{AsyncClient, Config, keytab_secret};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use test_support::MitRealm;
use tokio::sync::Semaphore;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| match arguments.next() {
        Some(text) => text.parse(),
        None => Ok(default),
    };
    let (count, at_once) = (number(1_000)?, number(64)?);
    let realm = MitRealm::start();
    let client = AsyncClient::new(Config::parse(&realm.conf().to_string())?);
    let keytab = KeytabName::parse(&realm.keytab("aes256").display().to_string())?;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let cpu_before = cpu()?;
    let start = Instant::now();
    runtime.block_on(log_in(&client, &keytab, count, at_once))?;
    let (wall, cpu) = (start.elapsed(), cpu()?.saturating_sub(cpu_before));

    let count = u32::try_from(count)?;
    println!("{count} logins, {at_once} at once, one thread:");
    println!("  {:.0} a second", f64::from(count) / wall.as_secs_f64());
    println!(
        "  {:.1} µs of the client's processor time each",
        micros(cpu / count)
    );
    println!("  {} KiB at the peak", peak_memory()?);
    Ok(())
}

/// Logs in `count` times, `at_once` of them at a time.
async fn log_in(
    client: &AsyncClient,
    keytab: &KeytabName,
    count: usize,
    at_once: usize,
) -> Result<(), Box<dyn Error>> {
    let room = Arc::new(Semaphore::new(at_once));
    let principal = client.principal("aes256").await?;
    let mut tasks = Vec::with_capacity(count);
    for _ in 0..count {
        let permit = Arc::clone(&room).acquire_owned().await?;
        let params = client.as_params(principal.clone())?;
        let keys = keytab_secret(keytab, &principal)?;
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            let login = client.login(params, keys).await;
            drop(permit);
            login.map(drop)
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// This process's processor time so far.
fn cpu() -> Result<Duration, Box<dyn Error>> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let total = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(total.num_microseconds().try_into()?))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The peak memory of this process so far, in KiB.
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmHWM in /proc/self/status")?.parse()?)
}
