//! `PacSummary`: what services usually need to know about a client, collected from all buffers.

use alloc::string::String;
use alloc::vec::Vec;

use super::{PacError, Sid, SidAndAttributes, VerifiedPac};

/// Who the client is. KDCs differ in what they provide, so anything may be missing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PacSummary {
    /// The account. It does not change when the account is renamed, so use it for permissions.
    pub user_sid: Option<Sid>,
    /// The account's primary group. `None` means that the KDC says nothing about groups.
    pub primary_group_sid: Option<Sid>,
    /// The groups that grant access: of the account's domain, of other domains and of the service's
    /// domain. Groups that are disabled or can only deny access are not included here, but are in
    /// [`LogonInfo`](super::LogonInfo).
    pub group_sids: Vec<Sid>,
    /// The account's name, `sAMAccountName`.
    pub sam_account_name: Option<String>,
    /// The display name.
    pub full_name: Option<String>,
    /// The NetBIOS name of the account's domain.
    pub domain: Option<String>,
    /// The DNS name of the account's domain.
    pub dns_domain: Option<String>,
    /// The user principal name, `user@example.com`.
    pub upn: Option<String>,
    /// The services that act for the client, in order; empty if the client came directly.
    pub delegated_through: Vec<String>,
}

impl PacSummary {
    pub(super) fn of(pac: &VerifiedPac<'_>) -> Result<Self, PacError> {
        let mut summary = Self {
            user_sid: pac.requestor()?,
            ..Self::default()
        };
        if let Some(delegation) = pac.delegation_info()? {
            summary.delegated_through = delegation.transited_services;
        }
        if let Some(names) = pac.upn_dns_info()? {
            summary.upn = present(names.upn);
            summary.dns_domain = present(names.dns_domain_name);
            summary.sam_account_name = names.sam_name.and_then(present);
            summary.user_sid = names.sid.or(summary.user_sid);
        }
        if let Some(logon) = pac.logon_info()? {
            summary.user_sid = logon.user_sid().or(summary.user_sid);
            summary.primary_group_sid = logon.primary_group_sid();
            summary.group_sids = logon
                .memberships()
                .filter(grants)
                .map(|one| one.sid)
                .collect();
            let name = present(logon.effective_name);
            summary.sam_account_name = summary.sam_account_name.or(name);
            summary.full_name = present(logon.full_name);
            summary.domain = present(logon.logon_domain_name);
        }
        Ok(summary)
    }
}

/// Whether a membership grants access (the flags are in MS-DTYP §2.4.2.5).
fn grants(one: &SidAndAttributes) -> bool {
    let flags = SidAndAttributes::ENABLED | SidAndAttributes::USE_FOR_DENY_ONLY;
    one.attributes & flags == SidAndAttributes::ENABLED
}

fn present(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
