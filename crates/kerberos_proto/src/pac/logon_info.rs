//! LOGON_INFO: the user's names, SIDs and account state (KERB_VALIDATION_INFO, MS-PAC §2.5).

use alloc::string::String;
use alloc::vec::Vec;

use super::error::Fault;
use super::ndr::NdrReader;
use super::{FileTime, PacFault, Sid};

/// What Active Directory says about the user. MIT's KDC does not create this buffer.
///
/// The user's session key, which is zero with Kerberos, and reserved fields are not included.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LogonInfo {
    /// When the user logged in.
    pub logon_time: FileTime,
    /// When the session should end.
    pub logoff_time: FileTime,
    /// When the session must end.
    pub kick_off_time: FileTime,
    /// When the password was set.
    pub password_last_set: FileTime,
    /// When the password may be changed.
    pub password_can_change: FileTime,
    /// When the password must be changed.
    pub password_must_change: FileTime,
    /// The account's name, `sAMAccountName`.
    pub effective_name: String,
    /// The display name.
    pub full_name: String,
    /// The path of the logon script.
    pub logon_script: String,
    /// The path of the profile.
    pub profile_path: String,
    /// The path of the home directory.
    pub home_directory: String,
    /// The drive letter of the home directory.
    pub home_directory_drive: String,
    /// The number of the account's logins.
    pub logon_count: u16,
    /// The number of wrong passwords since the last successful login.
    pub bad_password_count: u16,
    /// The user's relative identifier in the domain. 0 means that the user is in another domain;
    /// the first of `extra_sids` is then the user.
    pub user_id: u32,
    /// The relative identifier of the primary group.
    pub primary_group_id: u32,
    /// The groups of the user's domain.
    pub groups: Vec<GroupMembership>,
    /// Flags that say which of the following fields are valid (MS-PAC §2.5, UserFlags).
    pub user_flags: u32,
    /// The NetBIOS name of the domain controller.
    pub logon_server: String,
    /// The NetBIOS name of the domain.
    pub logon_domain_name: String,
    /// The SID of the domain.
    pub logon_domain_id: Option<Sid>,
    /// The account's flags (MS-SAMR §2.2.1.12).
    pub user_account_control: u32,
    /// Groups of other domains, and SIDs that say who vouches for the user's identity.
    pub extra_sids: Vec<SidAndAttributes>,
    /// The domain of `resource_groups`.
    pub resource_group_domain_id: Option<Sid>,
    /// The groups of the service's domain.
    pub resource_groups: Vec<GroupMembership>,
}

/// A membership in a group, whose domain is stated elsewhere (MS-PAC §2.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupMembership {
    /// The group's relative identifier.
    pub relative_id: u32,
    /// Flags (see [`SidAndAttributes::ENABLED`]).
    pub attributes: u32,
}

/// A membership in a group (MS-PAC §2.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SidAndAttributes {
    /// The group.
    pub sid: Sid,
    /// Flags.
    pub attributes: u32,
}

impl SidAndAttributes {
    /// The flag SE_GROUP_ENABLED: the group grants access.
    pub const ENABLED: u32 = 0x4;
    /// The flag SE_GROUP_USE_FOR_DENY_ONLY: the group can deny access, but never grants it.
    pub const USE_FOR_DENY_ONLY: u32 = 0x10;
}

impl LogonInfo {
    /// UserFlags: `extra_sids` is valid.
    pub const LOGON_EXTRA_SIDS: u32 = 0x20;
    /// UserFlags: `resource_groups` is valid.
    pub const LOGON_RESOURCE_GROUPS: u32 = 0x200;

    /// The user's SID.
    pub fn user_sid(&self) -> Option<Sid> {
        // MS-PAC §2.5, UserId.
        if self.user_id == 0 {
            return self.extra_sids.first().map(|one| one.sid);
        }
        self.logon_domain_id?.child(self.user_id)
    }

    /// The user's primary group.
    pub fn primary_group_sid(&self) -> Option<Sid> {
        self.logon_domain_id?.child(self.primary_group_id)
    }

    /// All valid memberships: in groups of the user's domain, of other domains and of the service's
    /// domain, as selected by the user flags.
    pub fn memberships(&self) -> impl Iterator<Item = SidAndAttributes> + '_ {
        let has = |flag| self.user_flags & flag != 0;
        let extra: &[_] = match has(Self::LOGON_EXTRA_SIDS) {
            // In this case the first SID is the user.
            true if self.user_id == 0 => self.extra_sids.get(1..).unwrap_or_default(),
            true => &self.extra_sids,
            false => &[],
        };
        let resource: &[_] = if has(Self::LOGON_RESOURCE_GROUPS) {
            &self.resource_groups
        } else {
            &[]
        };
        in_domain(self.logon_domain_id, &self.groups)
            .chain(extra.iter().copied())
            .chain(in_domain(self.resource_group_domain_id, resource))
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let ndr = &mut NdrReader::new(bytes)?;
        let [
            logon_time,
            logoff_time,
            kick_off_time,
            password_last_set,
            password_can_change,
            password_must_change,
        ] = array(|| ndr.u64_in_halves().map(FileTime))?;
        let [name, full_name, script, profile, home, drive] = array(|| ndr.text_header())?;
        let (logon_count, bad_password_count) = (ndr.u16()?, ndr.u16()?);
        let (user_id, primary_group_id) = (ndr.u32()?, ndr.u32()?);
        let (group_count, groups) = (ndr.u32()?, ndr.pointer()?);
        let user_flags = ndr.u32()?;
        ndr.bytes(16)?; // UserSessionKey
        let [server, domain_name] = array(|| ndr.text_header())?;
        let domain = ndr.pointer()?;
        ndr.bytes(8)?; // Reserved1
        let user_account_control = ndr.u32()?;
        ndr.bytes(28)?; // SubAuthStatus to Reserved3, which Kerberos does not use
        let (extra_count, extra) = (ndr.u32()?, ndr.pointer()?);
        let resource_domain = ndr.pointer()?;
        let (resource_count, resource) = (ndr.u32()?, ndr.pointer()?);

        // The order of these fields matters: it is the order in which the pointed-to values follow.
        Ok(Self {
            logon_time,
            logoff_time,
            kick_off_time,
            password_last_set,
            password_can_change,
            password_must_change,
            effective_name: ndr.text(name)?,
            full_name: ndr.text(full_name)?,
            logon_script: ndr.text(script)?,
            profile_path: ndr.text(profile)?,
            home_directory: ndr.text(home)?,
            home_directory_drive: ndr.text(drive)?,
            logon_count,
            bad_password_count,
            user_id,
            primary_group_id,
            groups: read_groups(ndr, group_count, groups)?,
            user_flags,
            logon_server: ndr.text(server)?,
            logon_domain_name: ndr.text(domain_name)?,
            logon_domain_id: domain.then(|| ndr.sid()).transpose()?,
            user_account_control,
            extra_sids: read_sids(ndr, extra_count, extra)?,
            resource_group_domain_id: resource_domain.then(|| ndr.sid()).transpose()?,
            resource_groups: read_groups(ndr, resource_count, resource)?,
        })
    }
}

fn in_domain(
    domain: Option<Sid>,
    groups: &[GroupMembership],
) -> impl Iterator<Item = SidAndAttributes> + '_ {
    groups.iter().filter_map(move |group| {
        Some(SidAndAttributes {
            sid: domain?.child(group.relative_id)?,
            attributes: group.attributes,
        })
    })
}

/// Reads an array of GROUP_MEMBERSHIP.
fn read_groups(
    ndr: &mut NdrReader<'_>,
    count: u32,
    present: bool,
) -> Result<Vec<GroupMembership>, Fault> {
    let Some(count) = ndr.array(count, present)? else {
        return Ok(Vec::new());
    };
    ndr.elements(count, |ndr| {
        Ok(GroupMembership {
            relative_id: ndr.u32()?,
            attributes: ndr.u32()?,
        })
    })
}

/// Reads an array of KERB_SID_AND_ATTRIBUTES: all pointers and attributes, followed by the SIDs.
fn read_sids(
    ndr: &mut NdrReader<'_>,
    count: u32,
    present: bool,
) -> Result<Vec<SidAndAttributes>, Fault> {
    let Some(count) = ndr.array(count, present)? else {
        return Ok(Vec::new());
    };
    let attributes = ndr.elements(count, |ndr| {
        let null = ndr.here(PacFault::NullPointer)?;
        if ndr.pointer()? { ndr.u32() } else { Err(null) }
    })?;
    attributes
        .into_iter()
        .map(|attributes| {
            let sid = ndr.sid()?;
            Ok(SidAndAttributes { sid, attributes })
        })
        .collect()
}

/// An array of `N` results of `one`.
fn array<T: Copy, const N: usize>(
    mut one: impl FnMut() -> Result<T, Fault>,
) -> Result<[T; N], Fault> {
    let mut values = [one()?; N];
    for value in values.iter_mut().skip(1) {
        *value = one()?;
    }
    Ok(values)
}
