//! Preauthentication: what a client adds to an AS-REQ to prove its identity before the KDC answers
//! (RFC 4120 §5.2.7, RFC 6113).
//!
//! A mechanism is a file below `preauth/` that implements [`Mechanism`], and a line in
//! [`MECHANISMS`]. [`Preauth`] chooses among them like MIT's library: first the types that the
//! policy prefers, then in the order of the KDC's list. It skips mechanisms that failed, and once
//! one has shown the KDC something derived from the secret, it tries no other.

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::PaDataType;
use kerberos_crypto::{CryptoRng, EncryptionType, Key};

use crate::as_exchange::Plan;
use crate::as_key::LongTermKey;
use crate::trace::{PaType, PaTypes, trace};
use crate::{ExchangeError, KdcError, Policy, Principal, Timestamp};

mod encrypted_timestamp;
mod etype_info;
mod padata;

pub(crate) use etype_info::KeyInfo;
pub(crate) use padata::{OwnedPaData, find};

use padata::{cookie, sorted};

/// All mechanisms.
const MECHANISMS: &[fn() -> Box<dyn Mechanism>] =
    &[|| Box::new(encrypted_timestamp::EncryptedTimestamp)];

/// A way to preauthenticate. Each instance serves one client and realm for a whole exchange, and
/// may keep state.
pub(crate) trait Mechanism: Send {
    /// The name of MIT's corresponding module, for the trace.
    fn name(&self) -> &'static str;

    /// The padata type of the KDC's hint that this mechanism answers.
    fn pa_type(&self) -> PaDataType;

    /// Whether it needs nothing from the KDC except the type of the key.
    fn needs_no_hint(&self) -> bool {
        false
    }

    /// Answers `hint`, the KDC's padata of type [`pa_type`](Self::pa_type).
    fn respond(&mut self, hint: &[u8], cx: &mut Context<'_>) -> Result<Answer, ExchangeError>;

    /// Answers a KDC that asks for more (`KDC_ERR_MORE_PREAUTH_DATA_REQUIRED`, RFC 6113 §5.2).
    fn follow_up(&mut self, hint: &[u8], cx: &mut Context<'_>) -> Result<Answer, ExchangeError> {
        self.respond(hint, cx)
    }

    /// Adapts the answer after the KDC has refused it for some other reason, if that is possible.
    fn recover(
        &mut self,
        _error: &KdcError,
        _padata: &[OwnedPaData],
        _cx: &mut Context<'_>,
    ) -> Option<Answer> {
        None
    }
}

/// What a mechanism sends.
pub(crate) struct Answer {
    /// The padata, in order.
    pub(crate) padata: Vec<OwnedPaData>,
    /// Whether to try another mechanism if the KDC refuses this one. This must be false once
    /// something was sent that an attacker could use to guess the password. Otherwise a forged
    /// refusal could make us reveal it through a weaker mechanism as well.
    pub(crate) may_fall_back: bool,
}

/// What a mechanism may access.
pub(crate) struct Context<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) client: &'a Principal,
    /// When this step began. Use [`now`](Self::now) for the current time.
    started: Timestamp,
    pub(crate) rng: &'a mut dyn CryptoRng,
    pub(crate) key: &'a mut LongTermKey,
    pub(crate) key_info: &'a KeyInfo,
}

impl Context<'_> {
    /// The time by the KDC's clock, if its offset is known and may be used. It includes the time
    /// spent waiting for a password, so ask for the key first.
    pub(crate) fn now(&self) -> Timestamp {
        self.started + self.key.delay()
    }

    /// The client's long-term key. Asks for the password if necessary.
    pub(crate) fn long_term_key(&mut self) -> Result<&Key, ExchangeError> {
        let salt = self.key_info.salt_for(self.client);
        self.key.make(self.client, salt, None, self.policy)
    }
}

/// The state of preauthentication with one realm.
pub(crate) struct Preauth {
    mechanisms: Vec<Box<dyn Mechanism>>,
    failed: Vec<PaDataType>,
    /// The only mechanism that may still be used, if there is such a restriction.
    only: Option<PaDataType>,
    selected: Option<PaDataType>,
    method_data: Vec<OwnedPaData>,
    key_info: KeyInfo,
    /// The type of a key that the KDC has already refused.
    refused: Option<EncryptionType>,
}

impl Preauth {
    /// The initial state. `refused` is the type of a key that the KDC has already refused.
    pub(crate) fn new(key_info: KeyInfo, refused: Option<EncryptionType>) -> Self {
        Self {
            mechanisms: MECHANISMS.iter().map(|make| make()).collect(),
            failed: Vec::new(),
            only: None,
            selected: None,
            method_data: Vec::new(),
            key_info,
            refused,
        }
    }

    /// The mechanism whose answer was sent last.
    pub(crate) fn selected(&self) -> Option<PaDataType> {
        self.selected
    }

    /// How to derive the key that decrypts a reply of `etype` with `padata`.
    ///
    /// # Errors
    /// [`ExchangeError::AfsSalt`].
    pub(crate) fn key_info_for_reply(
        &self,
        padata: &[OwnedPaData],
        etype: EncryptionType,
    ) -> Result<KeyInfo, ExchangeError> {
        self.key_info
            .clone()
            .for_reply(&self.method_data, padata, etype)
    }

    /// Makes an answer before the KDC has said anything, using the mechanism of type `pa_type`.
    /// Returns `None` if that mechanism needs a hint first, or cannot be used.
    pub(crate) fn guess(
        &mut self,
        pa_type: PaDataType,
        cx: &mut PreauthEnv<'_>,
    ) -> Option<Vec<OwnedPaData>> {
        let mut mechanisms = self.mechanisms.iter();
        mechanisms.find(|one| one.pa_type() == pa_type && one.needs_no_hint())?;
        trace!("Attempting optimistic preauth");
        self.answer_list(&[OwnedPaData::empty(pa_type)], cx).ok()
    }

    /// Takes the KDC's list of accepted mechanisms (RFC 4120 §5.9.1, METHOD-DATA), and puts the
    /// preferred types first.
    pub(crate) fn accept(&mut self, method_data: Vec<OwnedPaData>, preferred: &[i32]) {
        self.method_data = sorted(method_data, preferred);
    }

    /// Excludes the selected mechanism from now on.
    pub(crate) fn note_failed(&mut self) {
        self.failed.extend(self.selected.take());
    }

    /// Answers the KDC's list with the first mechanism that can.
    ///
    /// # Errors
    /// [`ExchangeError::NoMechanism`] if none applies, otherwise the error of the first one that
    /// did.
    pub(crate) fn answer(
        &mut self,
        cx: &mut PreauthEnv<'_>,
    ) -> Result<Vec<OwnedPaData>, ExchangeError> {
        let method_data = core::mem::take(&mut self.method_data);
        let result = self.answer_list(&method_data, cx);
        self.method_data = method_data;
        result
    }

    /// Answers a KDC that asks the selected mechanism for more.
    ///
    /// # Errors
    /// The same as [`answer`](Self::answer).
    pub(crate) fn follow_up(
        &mut self,
        padata: &[OwnedPaData],
        cx: &mut PreauthEnv<'_>,
    ) -> Result<Vec<OwnedPaData>, ExchangeError> {
        let selected = self.selected.ok_or(ExchangeError::NoMechanism {
            offered: Vec::new(),
        })?;
        trace!("Continuing preauth mech {}", PaType(selected));
        trace!("Processing preauth types: {}", PaTypes(padata));
        self.key_info.update(padata, cx.plan.etypes())?;
        let cookie = cookie(padata);
        let (Some(mechanism), Some(hint)) = (
            self.mechanisms
                .iter_mut()
                .find(|mechanism| mechanism.pa_type() == selected),
            find(padata, selected),
        ) else {
            return Err(no_mechanism(padata));
        };
        let answer = mechanism.follow_up(hint, &mut cx.context(&self.key_info))?;
        Ok(self.take_answer(selected, answer, cookie))
    }

    /// Lets the selected mechanism adapt its answer after some other error.
    pub(crate) fn recover(
        &mut self,
        error: &KdcError,
        padata: &[OwnedPaData],
        cx: &mut PreauthEnv<'_>,
    ) -> Option<Vec<OwnedPaData>> {
        let selected = self.selected?;
        trace!(
            "Recovering from KDC error {} using preauth mech {}",
            error.code.0,
            PaType(selected)
        );
        let mechanism = self
            .mechanisms
            .iter_mut()
            .find(|mechanism| mechanism.pa_type() == selected)?;
        let answer = mechanism.recover(error, padata, &mut cx.context(&self.key_info))?;
        Some(self.take_answer(selected, answer, cookie(padata)))
    }

    fn answer_list(
        &mut self,
        method_data: &[OwnedPaData],
        cx: &mut PreauthEnv<'_>,
    ) -> Result<Vec<OwnedPaData>, ExchangeError> {
        trace!("Processing preauth types: {}", PaTypes(method_data));
        self.key_info.update(method_data, cx.plan.etypes())?;
        let cookie = cookie(method_data);
        if self.refused == Some(self.key_info.etype) {
            self.failed.push(PaDataType::ENC_TIMESTAMP);
        }
        let mut first_error = None;
        for hint in method_data {
            let pa_type = hint.padata_type;
            if self.failed.contains(&pa_type) || self.only.is_some_and(|only| only != pa_type) {
                continue;
            }
            let Some(mechanism) = self
                .mechanisms
                .iter_mut()
                .find(|mechanism| mechanism.pa_type() == pa_type)
            else {
                continue;
            };
            let result = mechanism.respond(&hint.value, &mut cx.context(&self.key_info));
            let name = mechanism.name();
            match result {
                Ok(answer) => {
                    trace!(
                        "Preauth module {name} ({}) (real) returned: 0/Success",
                        pa_type.0
                    );
                    return Ok(self.take_answer(pa_type, answer, cookie));
                }
                // The user must not be asked again by the next mechanism.
                Err(error @ ExchangeError::Ask(_)) => return Err(error),
                Err(error) => {
                    let code = error.mit_code();
                    trace!(
                        "Preauth module {name} ({}) (real) returned: {code}/{error}",
                        pa_type.0
                    );
                    self.failed.push(pa_type);
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error.unwrap_or_else(|| no_mechanism(method_data)))
    }

    /// Records whose answer it is, and puts the KDC's cookie before it.
    fn take_answer(
        &mut self,
        pa_type: PaDataType,
        answer: Answer,
        cookie: Option<OwnedPaData>,
    ) -> Vec<OwnedPaData> {
        self.selected = Some(pa_type);
        if !answer.may_fall_back {
            self.only = Some(pa_type);
        }
        let mut padata = Vec::from_iter(cookie);
        padata.extend(answer.padata);
        trace!("Produced preauth for next request: {}", PaTypes(&padata));
        padata
    }
}

/// What [`Preauth`] needs from the exchange: a [`Context`] without the key's parameters.
pub(crate) struct PreauthEnv<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) client: &'a Principal,
    pub(crate) now: Timestamp,
    pub(crate) plan: &'a Plan,
    pub(crate) rng: &'a mut dyn CryptoRng,
    pub(crate) key: &'a mut LongTermKey,
}

impl PreauthEnv<'_> {
    fn context<'b>(&'b mut self, key_info: &'b KeyInfo) -> Context<'b> {
        Context {
            policy: self.policy,
            client: self.client,
            started: self.now,
            rng: self.rng,
            key: self.key,
            key_info,
        }
    }
}

fn no_mechanism(padata: &[OwnedPaData]) -> ExchangeError {
    ExchangeError::NoMechanism {
        offered: padata.iter().map(|one| one.padata_type).collect(),
    }
}
