"""A peer of MIT's GSS-API library, led by a test.

A request is a line "VERB ARGUMENTS… LENGTH" and LENGTH bytes; so is an answer, with "ok" or "error".
"""

import struct
import sys

import gssapi
import gssapi.raw as raw

gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False
MECHANISMS = {
    "krb5": gssapi.MechType.kerberos,
    "spnego": gssapi.OID.from_int_seq("1.3.6.1.5.5.2"),
}
SESSION_KEY = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2.5.5")
SUPPLEMENTARY = (
    raw.DuplicateTokenError,
    raw.ExpiredTokenError,
    raw.TokenOutOfSequenceError if hasattr(raw, "TokenOutOfSequenceError") else raw.DuplicateTokenError,
)


def bindings(text):
    if text == "-":
        return None
    return raw.ChannelBindings(application_data=bytes.fromhex(text))


class Peer:
    context = None

    def initiate(self, payload, name, flags, bound, mechanism):
        flags = gssapi.IntEnumFlagSet(gssapi.RequirementFlag, int(flags))
        self.context = gssapi.SecurityContext(
            name=gssapi.Name(name, gssapi.NameType.kerberos_principal),
            mech=MECHANISMS[mechanism],
            flags=flags,
            channel_bindings=bindings(bound),
            usage="initiate",
        )
        return self.step(None)

    def accept(self, payload, bound):
        self.context = gssapi.SecurityContext(
            creds=gssapi.Credentials(usage="accept"),
            channel_bindings=bindings(bound),
            usage="accept",
        )
        return b""

    def step(self, payload):
        token = self.context.step(payload) or b""
        return struct.pack(">?", self.context.complete) + token

    def wrap(self, payload, seal):
        return self.context.wrap(payload, seal == "1").message

    def unwrap(self, payload):
        result = self.context.unwrap(payload)
        return struct.pack(">?", result.encrypted) + result.message

    def mic(self, payload):
        return self.context.get_signature(payload)

    def verify(self, payload):
        (length,) = struct.unpack(">I", payload[:4])
        self.context.verify_signature(payload[4 : 4 + length], payload[4 + length :])
        return b""

    def limit(self, payload, size, seal):
        return struct.pack(">I", self.context.get_wrap_size_limit(int(size), seal == "1"))

    def initiator(self, payload):
        return str(self.context.initiator_name).encode()

    def flags(self, payload):
        return struct.pack(">I", int(self.context.actual_flags))

    def delegated(self, payload, cache):
        self.context.delegated_creds.store({b"ccache": cache.encode()}, usage="initiate", set_default=True, overwrite=True)
        return b""

    def session_key(self, payload):
        return raw.inquire_sec_context_by_oid(self.context, SESSION_KEY)[0]

    def wrap_iov(self, payload, trailer):
        """Header, a part that is only signed, data, padding and trailer: each with its length."""
        (length,) = struct.unpack(">I", payload[:4])
        kinds = raw.IOVBufferType
        pieces = [kinds.header, (kinds.sign_only, False, payload[4 : 4 + length]), payload[4 + length :]]
        if not self.context.actual_flags & gssapi.RequirementFlag.dce_style:
            pieces.append(kinds.padding)
        if trailer == "1":
            pieces.append(kinds.trailer)
        iov = raw.IOV(*pieces, std_layout=False)
        raw.wrap_iov(self.context, iov, True, None)
        found = {buffer.type: buffer.value or b"" for buffer in iov}
        kinds = [kinds.header, kinds.data, kinds.padding, kinds.trailer]
        values = [found.get(kind, b"") for kind in kinds]
        return b"".join(struct.pack(">I", len(value)) + value for value in values)

    def unwrap_iov(self, payload):
        values = []
        while payload:
            (length,) = struct.unpack(">I", payload[:4])
            values.append(payload[4 : 4 + length])
            payload = payload[4 + length :]
        header, signed, data, padding, trailer = values
        kinds = raw.IOVBufferType
        pieces = [(kinds.header, False, header), (kinds.sign_only, False, signed), (kinds.data, False, data)]
        if padding or not self.context.actual_flags & gssapi.RequirementFlag.dce_style:
            pieces.append((kinds.padding, False, padding))
        if trailer:
            pieces.append((kinds.trailer, False, trailer))
        iov = raw.IOV(*pieces, std_layout=False)
        result = raw.unwrap_iov(self.context, iov)
        data = [buffer.value for buffer in iov if buffer.type == kinds.data]
        return struct.pack(">?", result.encrypted) + data[0]


peer = Peer()
while line := sys.stdin.buffer.readline():
    verb, *arguments, length = line.decode().split()
    payload = sys.stdin.buffer.read(int(length))
    try:
        status, answer = "ok", getattr(peer, verb)(payload, *arguments)
    except Exception as error:
        token = getattr(error, "token", None) or b""
        status, answer = "error", f"{type(error).__name__}: {error}".encode()
    sys.stdout.buffer.write(f"{status} {len(answer)}\n".encode() + answer)
    sys.stdout.buffer.flush()
