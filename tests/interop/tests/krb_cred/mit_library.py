"""KRB-CRED by MIT's own library, called from Python as any program calls it.

Usage: mit_library.py make ETYPE HEX-KEY CACHE MESSAGE       the first credential of a cache goes out
       mit_library.py take ETYPE HEX-KEY CACHE MESSAGE       what comes in makes a new cache

An ETYPE of 0 means no key: the message is not encrypted (RFC 6448).
"""

import ctypes
import sys

krb5 = ctypes.CDLL("libkrb5.so.3")
DO_TIME, DO_SEQUENCE = 1, 4


class Keyblock(ctypes.Structure):
    _fields_ = [
        ("magic", ctypes.c_int),
        ("etype", ctypes.c_int),
        ("length", ctypes.c_uint),
        ("contents", ctypes.c_char_p),
    ]


class Data(ctypes.Structure):
    _fields_ = [
        ("magic", ctypes.c_int),
        ("length", ctypes.c_uint),
        ("data", ctypes.c_void_p),
    ]


class Creds(ctypes.Structure):
    # Only the names are looked at; the rest is the library's, and shorter than this.
    _fields_ = [
        ("magic", ctypes.c_int),
        ("client", ctypes.c_void_p),
        ("server", ctypes.c_void_p),
        ("rest", ctypes.c_char * 512),
    ]


def call(function, *arguments):
    code = getattr(krb5, function)(*arguments)
    if code:
        krb5.krb5_get_error_message.restype = ctypes.c_char_p
        message = krb5.krb5_get_error_message(context, ctypes.c_int(code)).decode()
        sys.exit(f"{function}: {message}")


verb, etype, key, cache_name, message_path = sys.argv[1:]
context, auth, cache = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
call("krb5_init_context", ctypes.byref(context))
call("krb5_auth_con_init", context, ctypes.byref(auth))
call("krb5_auth_con_setflags", context, auth, DO_TIME | DO_SEQUENCE)
if etype != "0":
    contents = bytes.fromhex(key)
    block = Keyblock(0, int(etype), len(contents), contents)
    call("krb5_auth_con_setuseruserkey", context, auth, ctypes.byref(block))
call("krb5_cc_resolve", context, f"FILE:{cache_name}".encode(), ctypes.byref(cache))

if verb == "make":
    cursor, creds, message = ctypes.c_void_p(), Creds(), ctypes.POINTER(Data)()
    call("krb5_cc_start_seq_get", context, cache, ctypes.byref(cursor))
    call("krb5_cc_next_cred", context, cache, ctypes.byref(cursor), ctypes.byref(creds))
    while krb5.krb5_is_config_principal(context, ctypes.c_void_p(creds.server)):
        call("krb5_cc_next_cred", context, cache, ctypes.byref(cursor), ctypes.byref(creds))
    call("krb5_mk_1cred", context, auth, ctypes.byref(creds), ctypes.byref(message), None)
    made = message.contents
    with open(message_path, "wb") as file:
        file.write(ctypes.string_at(made.data, made.length))
else:
    with open(message_path, "rb") as file:
        content = file.read()
    message = Data(0, len(content), ctypes.cast(ctypes.c_char_p(content), ctypes.c_void_p))
    taken = ctypes.POINTER(ctypes.POINTER(Creds))()
    call("krb5_rd_cred", context, auth, ctypes.byref(message), ctypes.byref(taken), None)
    call("krb5_cc_initialize", context, cache, ctypes.c_void_p(taken[0].contents.client))
    index = 0
    while taken[index]:
        call("krb5_cc_store_cred", context, cache, taken[index])
        index += 1
