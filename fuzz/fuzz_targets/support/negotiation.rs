//! Both ends of a context that is being established, over a hostile network, and what they must
//! agree on in the end.

use kerberos_gss::{Context, Protection, Step, StepError};

use crate::constant::Constant;
use crate::script::Script;

/// The result.
pub struct Played {
    /// The initiator's context, if it has one.
    pub ours: Option<Box<Context>>,
    /// The acceptor's context, if it has one.
    pub theirs: Option<Box<Context>>,
    /// Whether nothing was altered on the way.
    pub honest: bool,
}

/// Passes the tokens on, beginning with the one of `first`; `script` says what happens to them.
pub fn play(
    script: &mut Script<'_>,
    first: Step,
    mut initiator: impl FnMut(&[u8]) -> Result<Step, StepError>,
    mut acceptor: impl FnMut(&[u8]) -> Result<Step, StepError>,
) -> Played {
    let mut played = Played {
        ours: None,
        theirs: None,
        honest: true,
    };
    let mut step = first;
    for _ in 0..5 {
        let Some(token) = take(step, &mut played.ours) else {
            break;
        };
        let arrived = pass(script, token, &mut played.honest);
        let answer = match acceptor(&arrived) {
            Ok(step) => take(step, &mut played.theirs),
            Err(failed) => {
                assert!(!failed.to_string().is_empty());
                assert!(
                    acceptor(&arrived).is_err(),
                    "a step after an error must fail"
                );
                failed.send
            }
        };
        let Some(answer) = answer.filter(|_| played.ours.is_none()) else {
            break;
        };
        let arrived = pass(script, answer, &mut played.honest);
        step = match initiator(&arrived) {
            Ok(step) => step,
            Err(failed) => {
                assert!(!failed.to_string().is_empty());
                assert!(
                    initiator(&arrived).is_err(),
                    "a step after an error must fail"
                );
                break;
            }
        };
    }
    played
}

/// Two ends that both have a context have the same one, and understand each other. If signed tokens
/// were lost (`lossy`), messages may be refused as out of order.
pub fn agree(ours: &mut Context, theirs: &mut Context, lossy: bool) {
    let essence = |context: &Context| {
        let details = &context.details;
        let key = details.session_key();
        (
            details.initiator.to_string(),
            details.acceptor.to_string(),
            details.flags,
            details.times,
            (key.etype(), key.expose_bytes().to_vec()),
        )
    };
    assert_eq!(essence(ours), essence(theirs));
    message(ours, theirs, lossy);
    message(theirs, ours, lossy);
}

fn message(from: &mut Context, to: &mut Context, lossy: bool) {
    let text = b"what is said first";
    let token = from.wrap(Protection::Seal, text, &mut Constant);
    match to.unwrap(&token.expect("the message can be wrapped")) {
        Ok(read) => assert_eq!(
            (&read.message[..], read.protection),
            (&text[..], Protection::Seal)
        ),
        Err(error) => assert!(lossy, "{error}"),
    }
}

fn pass(script: &mut Script<'_>, token: Vec<u8>, honest: &mut bool) -> Vec<u8> {
    let arrived = script.alter(token.clone());
    *honest &= arrived == token;
    arrived
}

fn take(step: Step, end: &mut Option<Box<Context>>) -> Option<Vec<u8>> {
    match step {
        Step::Continue(token) => Some(token),
        Step::Done { send, context } => {
            *end = Some(context);
            send
        }
    }
}
