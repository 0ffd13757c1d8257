#!/bin/sh
# Recreates the test certificates: an authority, and certificates signed by it, all with the same
# key, which is not secret. They are valid for a hundred years, except for the expired one. Needs
# faketime.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
key='-pkeyopt ec_paramgen_curve:P-256'
openssl req -x509 -newkey ec $key -nodes -keyout "$work/ca.key" -out authority.pem -days 36500 \
    -subj /CN=authority
openssl genpkey -algorithm EC $key -out key.pem
sign() { # NAME DAYS EXTENSION [WRAPPER…]
    name=$1 days=$2 extension=$3
    shift 3
    openssl req -new -key key.pem -subj /CN=localhost -out "$work/csr"
    printf '%s\nextendedKeyUsage=serverAuth\n' "$extension" >"$work/extensions"
    "$@" openssl x509 -req -in "$work/csr" -CA authority.pem -CAkey "$work/ca.key" -days "$days" \
        -CAcreateserial -CAserial "$work/serial" -extfile "$work/extensions" -out "$name.pem"
}
sign good 36500 subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 env
sign other_name 36500 subjectAltName=DNS:proxy.example.com env
sign no_name 36500 basicConstraints=CA:FALSE env
sign expired 10 subjectAltName=DNS:localhost,IP:127.0.0.1 faketime 2001-01-01
# An authority's own certificate, as `openssl req -x509` makes it, with the server's key.
openssl req -x509 -key key.pem -out self_signed.pem -days 36500 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost
