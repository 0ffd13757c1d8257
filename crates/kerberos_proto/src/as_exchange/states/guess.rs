//! A first request that is preauthenticated at once, because the last login tells how, and what
//! happens when the KDC refuses it. docs/DESIGN.md explains why this is safe.

use alloc::boxed::Box;

use kerberos_asn1::ErrorCode;
use kerberos_crypto::EncryptionType;

use super::{Informational, Next, Preauth, Refusal, Sent, Session, State, answer_first};
use crate::ExchangeError;
use crate::exchange::Env;

/// Waits for the answer to a request that was preauthenticated before the KDC asked for it.
pub(in crate::as_exchange) struct ExpectGuessReply {
    sent: Sent,
    preauth: Preauth,
    /// The type of the key that the request shows to the KDC.
    etype: EncryptionType,
}

impl State {
    /// Makes the very first request, preauthenticated if the last login tells how.
    pub(in crate::as_exchange) fn start(
        session: &mut Session,
        env: &mut Env<'_>,
    ) -> Result<Self, ExchangeError> {
        let Some((pa_type, etype)) = session.guess() else {
            return Self::begin(session, Informational::Present, env);
        };
        let plan = session.plan(env)?;
        let mut preauth = session.fresh_preauth();
        let guess = preauth.guess(pa_type, &mut session.preauth_env(&plan, env.rng, env.now));
        Ok(match guess {
            Some(padata) => Self::Guess(Box::new(ExpectGuessReply {
                sent: session.send(plan, padata, Informational::Present, env),
                preauth,
                etype,
            })),
            None => Self::unauthenticated(plan, session, Informational::Present, env),
        })
    }
}

impl ExpectGuessReply {
    pub(super) fn sent(&self) -> &Sent {
        &self.sent
    }

    pub(super) fn into_parts(self) -> (Sent, Preauth) {
        (self.sent, self.preauth)
    }

    /// Continues in the ordinary way if that may succeed.
    pub(super) fn refused(
        self: Box<Self>,
        refusal: Refusal,
        session: &mut Session,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        match refusal.error.code {
            // The KDC did not look at it. Any mechanism may answer now, because none reveals more
            // about the key than what was already sent.
            ErrorCode::KDC_ERR_PREAUTH_REQUIRED if refusal.has_data() => {
                return answer_first(refusal, Informational::Present, session, env);
            }
            // The KDC may count this failure, so the same key must not be shown again.
            ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY => {
                session.refused = Some((self.etype, refusal));
            }
            // The key may be right once the KDC has told us its time; or the KDC has no such key,
            // or cannot handle padata that it did not ask for.
            ErrorCode::KRB_AP_ERR_SKEW
            | ErrorCode::KDC_ERR_PREAUTH_REQUIRED
            | ErrorCode::KDC_ERR_ETYPE_NOSUPP
            | ErrorCode::KDC_ERR_PADATA_TYPE_NOSUPP
            | ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED
            | ErrorCode::KRB_ERR_GENERIC => {}
            _ => return Err(refusal.into_error(session, true)),
        }
        State::begin(session, Informational::Present, env).map(Next::Send)
    }
}
