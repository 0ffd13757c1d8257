//! `kinit … -- COMMAND`: runs a program with a cache whose ticket is kept fresh until it ends.
//!
//! The cache is the program's own, named by its `KRB5CCNAME` and destroyed at its end, unless `-c`
//! names one: that is kept fresh as well, and left. How the program and the signals fare is for
//! `child`.

mod child;

use std::thread;
use std::time::Duration;

use kerberos_client::Client;
use kerberos_client::KeeperParams;
use kerberos_client::KeeperWatch;
use kerberos_files::ccache::Ccache;

use crate::kinit::choose::Choice;
use crate::kinit::choose::Role;
use crate::kinit::command::child::Child;
use crate::kinit::plan::Plan;
use crate::kinit::store;
use crate::messages::Program;
use crate::messages::hint;
use crate::new_password::mit_message;
use crate::refusal::Refusal;

/// Runs the command of `plan` with the cache chosen; the exit status is the command's.
///
/// # Errors
/// The exit status, after what there was to say, when there is no ticket or no program.
pub(super) fn run(
    program: &Program,
    client: &'static Client,
    plan: &Plan,
    choice: Choice,
    kept: KeeperParams,
) -> Result<u8, u8> {
    let Choice { cache, role, .. } = choice;
    // Only now, when nobody is asked any more: until here a signal ends kinit.
    let status = run_in(program, client, plan, &cache, kept);
    if role == Role::Private
        && let Err(error) = cache.destroy()
        && !error.is_missing()
    {
        program.error(&error, "while destroying cache");
        error.hint().into_iter().for_each(hint);
    }
    status
}

fn run_in(
    program: &Program,
    client: &'static Client,
    plan: &Plan,
    cache: &Ccache,
    kept: KeeperParams,
) -> Result<u8, u8> {
    // Before there are threads, so that none of them is interrupted.
    let signals = child::Signals::block().map_err(|refusal| refusal.report(program))?;
    let target = cache.clone();
    let kept = kept.with_publish(move |login| store(client, login, &target));
    let keeper = client
        .keep(kept)
        .map_err(|error| Refusal::new(error, "while keeping the ticket fresh").report(program))?;
    let watch = keeper.watch();
    let complaints = program.clone();
    thread::spawn(move || complain(&complaints, watch));
    let child = Child::start(&plan.command, cache.name())?;
    let status = child.wait(&signals, || keeper.refresh_now());
    status.map_err(|refusal| refusal.report(program))
}

/// Says what goes wrong with the ticket while the program runs.
fn complain(program: &Program, mut watch: KeeperWatch) {
    while let Some(state) = watch.changed_within(Duration::MAX) {
        if let Some(error) = &state.error {
            program.error(mit_message(error), "while keeping the ticket fresh");
        }
    }
}
