//! Establishing contexts: flags, channel bindings, delegation, subkeys of better types than the
//! ticket's, DCE style, and refusals.

use kerberos_asn1::TicketFlags;
use kerberos_client::{Client, Config, now};
use kerberos_files::ccache::CcacheName;
use kerberos_gss::{AcceptorOptions, ChannelBindings, ContextFlags, GssError, InitiatorOptions};
use test_support::GssPeer;

use crate::{World, accept, all_flags, initiate};

fn their_flags(theirs: &mut GssPeer) -> ContextFlags {
    let flags = theirs.ok("flags", b"");
    ContextFlags(u32::from_be_bytes(flags.try_into().unwrap()))
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn both_ends_see_the_same_names_and_flags() {
    let world = World::new();
    let ticket = world.ticket("aes256-cts-hmac-sha1-96");
    let choices = [
        ContextFlags::empty(),
        ContextFlags::MUTUAL,
        ContextFlags::REPLAY | ContextFlags::INTEG,
        all_flags(),
        all_flags() | ContextFlags::IDENTIFY,
        all_flags() | ContextFlags::DCE_STYLE,
    ];
    for flags in choices {
        let mut options = InitiatorOptions::default();
        options.flags = flags;
        let mut pair = initiate(&world, &ticket, &options, None).unwrap();
        let shared = |all: ContextFlags| all & ContextFlags(0x703f);
        assert_eq!(
            shared(their_flags(&mut pair.theirs)),
            shared(pair.ours.details.flags)
        );
        assert_eq!(pair.theirs.ok("initiator", b""), b"alice@MIT.TEST");
        pair.talk(b"hello", &format!("{flags:?}"));

        let options = AcceptorOptions::default();
        let mut pair = accept(&world, flags, None, "krb5", options).unwrap();
        // MIT's library always sets integrity and confidentiality.
        assert_eq!(
            shared(their_flags(&mut pair.theirs)),
            shared(pair.ours.details.flags)
        );
        assert_eq!(pair.ours.details.initiator.to_string(), "alice@MIT.TEST");
        // As in MIT's library, an acceptor's context ends when the ticket would no longer be
        // accepted.
        let left = pair.ours.details.lifetime(now()).as_secs();
        assert!((3800..=3900).contains(&left), "{left}");
        pair.talk(b"hello", &format!("{flags:?}"));
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn channel_bindings_have_to_match() {
    let world = World::new();
    let ticket = world.ticket("aes256-cts-hmac-sha1-96");
    let ours = ChannelBindings::tls_server_end_point(&[7; 32]);
    let other = ChannelBindings::tls_unique(&[7; 12]);
    let with = |bindings: Option<&ChannelBindings>| {
        let mut options = InitiatorOptions::default();
        options.channel_bindings = bindings.cloned();
        options
    };
    let bound = |theirs: &mut GssPeer| their_flags(theirs).contains(ContextFlags(0x800));
    let mut pair = initiate(&world, &ticket, &with(Some(&ours)), Some(&ours)).unwrap();
    assert!(bound(&mut pair.theirs));
    let refused = initiate(&world, &ticket, &with(Some(&ours)), Some(&other))
        .err()
        .unwrap();
    assert!(refused.contains("ChannelBindings"), "{refused}");
    let mut pair = initiate(&world, &ticket, &with(None), Some(&ours)).unwrap();
    assert!(!bound(&mut pair.theirs));
    // MS-KILE: a client that promises bindings must send them.
    let mut promise = with(None);
    promise.announce_bindings = true;
    initiate(&world, &ticket, &promise, None).unwrap();
    let refused = initiate(&world, &ticket, &promise, Some(&ours))
        .err()
        .unwrap();
    assert!(refused.contains("ChannelBindings"), "{refused}");

    let with = |bindings: Option<&ChannelBindings>| {
        let mut options = AcceptorOptions::default();
        options.channel_bindings = bindings.cloned().into_iter().collect();
        options
    };
    let take = |theirs: Option<&ChannelBindings>, options| {
        accept(&world, all_flags(), theirs, "krb5", options)
    };
    assert!(
        take(Some(&ours), with(Some(&ours)))
            .unwrap()
            .ours
            .details
            .channel_bound
    );
    assert!(
        !take(None, with(Some(&ours)))
            .unwrap()
            .ours
            .details
            .channel_bound
    );
    assert!(
        !take(Some(&ours), with(None))
            .unwrap()
            .ours
            .details
            .channel_bound
    );
    let refused = take(Some(&other), with(Some(&ours))).err().unwrap();
    assert!(matches!(refused, GssError::BindingsMismatch), "{refused}");
    let mut strict = with(Some(&ours));
    strict.require_bindings = true;
    let refused = take(None, strict).err().unwrap();
    assert!(matches!(refused, GssError::BindingsMissing), "{refused}");
    // MIT's client makes this promise as well.
    let conf = world
        .realm
        .conf()
        .set("client_aware_channel_bindings", "true");
    world.place.configure(&conf);
    let refused = take(None, with(Some(&ours))).err().unwrap();
    assert!(matches!(refused, GssError::BindingsMissing), "{refused}");
    take(None, with(None)).unwrap();
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn delegated_credentials_can_be_used_by_the_acceptor() {
    let world = World::new();
    let place = &world.place;
    let kinit = place.mit("kinit").line("-f alice").stdin("wonderland\n");
    kinit.run().success();
    place.mit("kvno").arg("host/localhost").run().success();
    let works = |cache: &str| {
        let kvno = place.mit("kvno").args(["-c", cache, "host/a.mit.test"]);
        kvno.run().success();
    };

    // Our client delegates, and MIT's acceptor uses the ticket.
    let client = Client::new(Config::from_files([place.path("krb5.conf")]).unwrap());
    let cache = CcacheName::file(place.cache().to_str().unwrap());
    let forwarded = client.forward(&cache, Vec::new(), true).unwrap();
    let mut options = InitiatorOptions::default();
    options.delegate = Some(forwarded);
    let ticket = crate::ticket::cached(place, crate::SERVER);
    let mut pair = initiate(&world, &ticket, &options, None).unwrap();
    assert!(their_flags(&mut pair.theirs).contains(ContextFlags::DELEG));
    pair.theirs
        .ok(&format!("delegated {}", place.text("lent")), b"");
    works("lent");

    // MIT's client delegates, and our acceptor uses the ticket.
    let flags = all_flags() | ContextFlags::DELEG;
    for mechanism in ["krb5", "spnego"] {
        let mut options = AcceptorOptions::default();
        options.delegation = true;
        let pair = accept(&world, flags, None, mechanism, options).unwrap();
        let [tgt] = &pair.ours.details.delegated[..] else {
            panic!("expected one credential: {:?}", pair.ours.details.delegated);
        };
        assert!(pair.ours.details.flags.contains(ContextFlags::DELEG));
        assert!(tgt.flags.contains(TicketFlags::FORWARDED));
        assert_eq!(tgt.client.to_string(), "alice@MIT.TEST");
        crate::store(tgt, &place.path("borrowed"));
        works("borrowed");
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn stronger_subkey_replaces_an_old_session_key() {
    let world = World::new();
    for etype in ["arcfour-hmac", "des3-cbc-sha1", "aes128-cts-hmac-sha1-96"] {
        let ticket = world.ticket(etype);
        let options = InitiatorOptions::default();
        let mut pair = initiate(&world, &ticket, &options, None).unwrap();
        let key = |pair: &crate::Pair| pair.ours.details.session_key().etype().to_string();
        assert_eq!(key(&pair), "aes256-cts-hmac-sha1-96", "{etype}");
        pair.talk(b"hello", etype);
        let options = AcceptorOptions::default();
        world.place.configure(&world.realm.conf().set(
            "permitted_enctypes",
            &format!("aes256-cts-hmac-sha384-192 aes256-cts-hmac-sha1-96 {etype}"),
        ));
        let mut pair = accept(&world, all_flags(), None, "krb5", options).unwrap();
        assert_eq!(key(&pair), "aes256-cts-hmac-sha384-192", "{etype}");
        pair.talk(b"hello", etype);
        world.place.configure(&world.realm.conf());
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn missing_service_key_fails_at_both_ends() {
    let world = World::new();
    let ticket = world.ticket("aes256-cts-hmac-sha1-96");
    // The service's keytab has none of the needed keys.
    std::fs::copy(world.realm.keytab("batch"), world.place.path("keytab")).unwrap();
    let options = InitiatorOptions::default();
    let refused = initiate(&world, &ticket, &options, None).err().unwrap();
    assert!(!refused.is_empty());
    let refused = accept(
        &world,
        all_flags(),
        None,
        "krb5",
        AcceptorOptions::default(),
    );
    assert!(matches!(refused.err().unwrap(), GssError::Ap(_)));
}
