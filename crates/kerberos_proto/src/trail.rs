//! `Trail`: the realms that a request was referred through. It prevents endless and circular
//! referrals (RFC 6806 §7 and §8 leave the limit to the client).

use alloc::vec::Vec;

use crate::{ExchangeError, Policy};

/// The realms visited so far; a referral back to one of them ends the exchange.
#[derive(Debug)]
pub(crate) struct Trail {
    realms: Vec<Vec<u8>>,
    limit: u8,
}

impl Trail {
    /// A trail that starts at realm `start`.
    pub(crate) fn new(start: &[u8], policy: &Policy) -> Self {
        let mut trail = Self::empty(policy);
        trail.note(start);
        trail
    }

    /// A trail without any realm.
    pub(crate) fn empty(policy: &Policy) -> Self {
        Self {
            realms: Vec::new(),
            limit: policy.max_referrals,
        }
    }

    /// Whether it has left its first realm.
    pub(crate) fn has_moved(&self) -> bool {
        self.realms.len() > 1
    }

    /// Adds `realm`, which was not reached by a referral.
    pub(crate) fn note(&mut self, realm: &[u8]) {
        self.realms.push(realm.to_vec());
    }

    /// Follows a referral to `realm`. An error lists the realms of this trail.
    ///
    /// # Errors
    /// [`ExchangeError::ReferralLoop`] and [`ExchangeError::TooManyReferrals`].
    pub(crate) fn follow(&mut self, realm: &[u8]) -> Result<(), ExchangeError> {
        self.check(realm, &self.realms)?;
        self.note(realm);
        Ok(())
    }

    /// The same as [`follow`](Self::follow), but errors list `hops` instead.
    pub(crate) fn follow_after(
        &mut self,
        hops: &[Vec<u8>],
        realm: &[u8],
    ) -> Result<(), ExchangeError> {
        self.check(realm, hops)?;
        self.note(realm);
        Ok(())
    }

    fn check(&self, realm: &[u8], hops: &[Vec<u8>]) -> Result<(), ExchangeError> {
        let (realm, hops) = (realm.to_vec(), || hops.to_vec());
        if self.realms.contains(&realm) {
            return Err(ExchangeError::ReferralLoop {
                realm,
                hops: hops(),
            });
        }
        // The first realm does not count: no referral led there.
        if self.realms.len() > self.limit.into() {
            return Err(ExchangeError::TooManyReferrals {
                limit: self.limit,
                realm,
                hops: hops(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(max_referrals: u8) -> Policy {
        Policy {
            max_referrals,
            ..Policy::default()
        }
    }

    #[test]
    fn referral_back_to_a_visited_realm_is_an_error() {
        let mut trail = Trail::new(b"A", &policy(10));
        assert!(!trail.has_moved());
        trail.follow(b"B").unwrap();
        assert!(trail.has_moved());
        for visited in [b"A", b"B"] {
            match trail.follow(visited).unwrap_err() {
                ExchangeError::ReferralLoop { realm, hops } => {
                    assert_eq!(realm, visited);
                    assert_eq!(hops, [b"A", b"B"]);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn referrals_beyond_the_policy_limit_are_an_error() {
        let mut trail = Trail::new(b"A", &policy(2));
        trail.follow(b"B").unwrap();
        trail.follow(b"C").unwrap();
        match trail.follow_after(&[b"H".to_vec()], b"D").unwrap_err() {
            ExchangeError::TooManyReferrals { limit, realm, hops } => {
                assert_eq!((limit, realm.as_slice()), (2, &b"D"[..]));
                assert_eq!(hops, [b"H"]);
            }
            other => panic!("{other:?}"),
        }
    }
}
