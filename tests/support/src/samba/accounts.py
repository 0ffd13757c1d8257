"""Fills the new domain of `SambaRealm` with accounts, and writes a keytab for each service.

Usage: accounts.py SMB.CONF FOLDER-OF-KEYTABS

Run once by Samba's own Python, whose modules write the directory without a server. All in one
transaction: a commit for each account would take a minute.
"""

import sys

import ldb
import samba.dckeytab  # adds export_keytab to Net
import samba.ndr
from samba.auth import system_session
from samba.dcerpc import security
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

# Bits of userAccountControl (MS-ADTS 2.2.16).
DISABLED = 0x00000002
SMARTCARD_REQUIRED = 0x00040000
TRUSTED_FOR_DELEGATION = 0x00080000
NOT_DELEGATED = 0x00100000
NO_PREAUTH = 0x00400000
TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION = 0x01000000

# Bits of msDS-SupportedEncryptionTypes (MS-KILE 2.2.7).
RC4, AES128, AES256 = 0x4, 0x8, 0x10

NEVER = "-9223372036854775808"

USERS = {
    # account: password, userAccountControl bits, attributes
    "alice": ("wonderland", 0, {}),
    # Login names: with the domain's suffix, another suffix, non-ASCII letters, other letter case.
    "bob": ("pw-bob", 0, {"userPrincipalName": "robert.smith@ad.test"}),
    "carol": ("pw-carol", 0, {"userPrincipalName": "carol.jones@corp.example"}),
    "jürgen": ("pw-jürgen", 0, {}),
    "Mixed.Case": ("pw-mixed", 0, {}),
    # States that affect the KDC.
    "open": ("pw-open", NO_PREAUTH, {}),
    "must-change": ("pw-must", 0, {"pwdLastSet": "0"}),
    "disabled": ("pw-disabled", DISABLED, {}),
    "gone": ("pw-gone", 0, {"accountExpires": "116444736000000000"}),
    "lockable": ("pw-lockable", 0, {}),
    "smartcard": ("pw-smartcard", SMARTCARD_REQUIRED, {}),
    "no-hours": ("pw-no-hours", 0, {"logonHours": b"\0" * 21}),
    "sensitive": ("pw-sensitive", NOT_DELEGATED, {}),
    "protected": ("pw-protected", 0, {}),
    "changer": ("pw-changer", 0, {}),
    # Encryption types.
    "rc4": ("pw-rc4", 0, {"msDS-SupportedEncryptionTypes": str(RC4)}),
    "aes": ("pw-aes", 0, {"msDS-SupportedEncryptionTypes": str(AES128 | AES256)}),
    # Member of 200 groups.
    "member": ("pw-member", 0, {}),
}

AES = {"msDS-SupportedEncryptionTypes": str(AES128 | AES256)}
TO_BACK = {"msDS-AllowedToDelegateTo": ["ldap/back.ad.test", "cifs/dc1.ad.test"]}

SERVICES = {
    # account: userAccountControl bits, service principals, attributes
    # Constrained delegation with protocol transition, and from Kerberos only.
    "svc-web": (
        TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION,
        ["HTTP/web.ad.test", "HTTP/web"],
        {**AES, **TO_BACK},
    ),
    "svc-kcd": (0, ["HTTP/kcd.ad.test"], {**AES, **TO_BACK}),
    # Named by svc-back as one that may act for others (resource-based).
    "svc-rbcd": (TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION, ["HTTP/rbcd.ad.test"], AES),
    "svc-back": (0, ["ldap/back.ad.test", "cifs/back.ad.test"], AES),
    "svc-unconstrained": (TRUSTED_FOR_DELEGATION, ["HTTP/unconstrained.ad.test"], AES),
    "svc-rc4": (0, ["HTTP/rc4.ad.test"], {"msDS-SupportedEncryptionTypes": str(RC4)}),
    "svc-aes128": (0, ["HTTP/aes128.ad.test"], {"msDS-SupportedEncryptionTypes": str(AES128)}),
    "svc-localhost": (0, ["HTTP/localhost", "postgres/localhost", "host/localhost"], AES),
}

configuration = LoadParm()
configuration.load(sys.argv[1])
directory = SamDB(
    url=configuration.private_path("sam.ldb"),
    session_info=system_session(),
    lp=configuration,
)
base = directory.domain_dn()


def account(name):
    found = directory.search(
        base,
        scope=ldb.SCOPE_SUBTREE,
        expression=f"(sAMAccountName={ldb.binary_encode(name)})",
        attrs=["objectSid", "userAccountControl"],
    )
    return found[0]


def change(dn, attributes, how=ldb.FLAG_MOD_REPLACE):
    message = ldb.Message(dn)
    for name, value in attributes.items():
        message[name] = ldb.MessageElement(value, how, name)
    directory.modify(message)


def make(name, password, bits, attributes):
    directory.newuser(name, password)
    made = account(name)
    control = int(made["userAccountControl"][0]) | bits
    change(made.dn, {"userAccountControl": str(control), **attributes})


directory.transaction_start()
change(
    ldb.Dn(directory, base),
    {
        "pwdProperties": "0",
        "minPwdLength": "3",
        "minPwdAge": "0",
        "maxPwdAge": NEVER,
        "pwdHistoryLength": "0",
        "lockoutThreshold": "4",
    },
)
partitions = ldb.Dn(directory, f"CN=Partitions,CN=Configuration,{base}")
change(partitions, {"uPNSuffixes": "corp.example"}, ldb.FLAG_MOD_ADD)
for name, (password, bits, attributes) in USERS.items():
    make(name, password, bits, attributes)
for name, (bits, principals, attributes) in SERVICES.items():
    make(name, f"pw-{name}", bits, {"servicePrincipalName": principals, **attributes})
directory.add_remove_group_members("Protected Users", ["protected"])
for number in range(200):
    directory.newgroup(f"group-{number:03}")
    directory.add_remove_group_members(f"group-{number:03}", ["member"])

# svc-rbcd may act on svc-back for any user.
allowed = samba.ndr.ndr_unpack(security.dom_sid, account("svc-rbcd")["objectSid"][0])
descriptor = security.descriptor.from_sddl(
    f"O:BAD:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;{allowed})",
    security.dom_sid(directory.get_domain_sid()),
)
change(
    account("svc-back").dn,
    {"msDS-AllowedToActOnBehalfOfOtherIdentity": samba.ndr.ndr_pack(descriptor)},
)
# The names of the directory service, which a real controller registers while it runs.
change(
    account("DC1$").dn,
    {"servicePrincipalName": ["ldap/dc1.ad.test", "ldap/DC1", "ldap/dc1.ad.test/ad.test"]},
    ldb.FLAG_MOD_ADD,
)
directory.transaction_commit()

KEYTABS = {name: [name, *principals] for name, (_, principals, _) in SERVICES.items()}
# The KDC's own key signs PACs.
KEYTABS["krbtgt"] = ["krbtgt/AD.TEST"]
for name, principals in KEYTABS.items():
    for principal in principals:
        Net(None, configuration).export_keytab(
            keytab=f"{sys.argv[2]}/{name}.keytab",
            principal=principal,
        )
