//! Contexts that start with the name of a service: tickets, delegation, clocks, replays.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests panic"
)]

#[path = "shared/world.rs"]
mod world;

use kerberos_asn1::TicketFlags;
use kerberos_client::kerberos_files::ccache::{CcacheName, TemporaryCcache};
use kerberos_client::kerberos_gss::{
    AcceptorOptions, ChannelBindings, Context, ContextFlags, GssError, MechanismOrder, Step,
};
use kerberos_client::kerberos_proto::ApError;
use kerberos_client::{
    AsyncClient, ClientError, Delegation, GssMechanism, InitiateOptions, Initiation,
    ServiceAcceptor, TicketRequest,
};
use kerberos_crypto::EncryptionType;
use kerberos_testkdc::Fault;
use world::{SERVICE, World};

/// Both ends of a context that is established with `options`.
fn establish(world: &World, options: &InitiateOptions) -> (Box<Context>, Box<Context>) {
    let begun = world.client().initiate(&world.cache(), SERVICE, options);
    let mut accept = AcceptorOptions::default();
    accept.delegation = true;
    talk(begun.unwrap(), &world.service(), options.mechanism, accept).unwrap()
}

fn talk(
    (mut client, mut step): (Initiation, Step),
    service: &ServiceAcceptor,
    mechanism: GssMechanism,
    options: AcceptorOptions,
) -> Result<(Box<Context>, Box<Context>), GssError> {
    let mut service = service.acceptance(mechanism, options);
    let (mut ours, mut theirs) = (None, None);
    loop {
        let token = match step {
            Step::Continue(token) => Some(token),
            Step::Done { send, context } => {
                ours = Some(context);
                send
            }
        };
        let Some(token) = token else { break };
        let answer = match service.step(&token).map_err(|failed| *failed.error)? {
            Step::Continue(token) => Some(token),
            Step::Done { send, context } => {
                theirs = Some(context);
                send
            }
        };
        let Some(answer) = answer else { break };
        step = client.step(&answer).map_err(|failed| *failed.error)?;
    }
    Ok((ours.unwrap(), theirs.unwrap()))
}

fn with_flags(mechanism: GssMechanism, flags: ContextFlags) -> InitiateOptions {
    let mut options = InitiateOptions::default();
    options.mechanism = mechanism;
    options.context.flags = flags;
    options
}

#[test]
fn context_is_established_for_all_mechanisms_and_flags() {
    let world = World::new();
    let all = InitiateOptions::default().context.flags;
    for mechanism in [GssMechanism::Spnego, GssMechanism::Kerberos] {
        for order in [MechanismOrder::Standard, MechanismOrder::Windows] {
            for flags in [all, ContextFlags::INTEG, all | ContextFlags::DCE_STYLE] {
                let mut options = with_flags(mechanism, flags);
                options.order = order;
                let (mut ours, mut theirs) = establish(&world, &options);
                assert_eq!(theirs.details.initiator.to_string(), "alice@R");
                assert_eq!(ours.details.acceptor.to_string(), format!("{SERVICE}@R"));
                let signature = theirs.mic(b"hello").unwrap();
                ours.verify_mic(b"hello", &signature).unwrap();
            }
        }
    }
}

/// A service can be named in Kerberos's and in GSS-API's notation.
#[test]
fn krb5_and_gssapi_service_names_are_accepted() {
    let world = World::new();
    let client = world.client();
    for name in [
        "HTTP/www.example.com",
        "HTTP@WWW.example.com",
        "HTTP/www.example.com@R",
    ] {
        let options = InitiateOptions::default();
        assert!(
            client.initiate(&world.cache(), name, &options).is_ok(),
            "{name}"
        );
    }
    let options = InitiateOptions::default();
    let refused = client.initiate(&world.cache(), "HTTP/other.example.com", &options);
    assert!(matches!(refused, Err(ClientError::Exchange(_))));
    // Neither a ticket nor a TGT: that is an error, and no KDC is asked.
    world.kdc.forget_requests();
    let nobody = CcacheName::parse(&world.folder.join("nobody").display().to_string()).unwrap();
    let refused = client.initiate(&nobody, SERVICE, &options);
    assert!(matches!(refused, Err(ClientError::Ccache(_))));
    assert_eq!(world.kdc.requests().len(), 0);
}

#[test]
fn tgt_is_delegated_only_if_allowed_and_forwardable() {
    let world = World::new();
    let mut options = InitiateOptions::default();
    options.delegation = Delegation::Always;
    let (_, theirs) = establish(&world, &options);
    let [lent] = &theirs.details.delegated[..] else {
        panic!("expected one delegated TGT")
    };
    assert_eq!(lent.server.to_string(), "krbtgt/R@R");
    assert_eq!(lent.client.to_string(), "alice@R");
    assert!(theirs.details.flags.contains(ContextFlags::DELEG));

    // The KDC does not say that it trusts the service.
    options.delegation = Delegation::IfTrusted;
    let (_, theirs) = establish(&world, &options);
    assert!(theirs.details.delegated.is_empty());
    assert!(!theirs.details.flags.contains(ContextFlags::DELEG));

    // A TGT that is not forwardable: the caller wanted it to be forwarded, and gets an error.
    world.log_in(false);
    options.delegation = Delegation::Always;
    let begun = world.client().initiate(&world.cache(), SERVICE, &options);
    assert!(matches!(begun, Err(ClientError::Exchange(_))), "{begun:?}");
}

/// A forwarded TGT can be used with this crate's client.
#[tokio::test]
async fn delegated_tgt_can_be_used_to_get_tickets() {
    let world = World::new();
    let mut options = InitiateOptions::default();
    options.delegation = Delegation::Always;
    let (_, theirs) = establish(&world, &options);
    let lent = theirs.details.delegated.first().unwrap();
    let cache = TemporaryCcache::new();
    let service = AsyncClient::new(world.config.clone());
    service.store_credential(lent, cache.name()).await.unwrap();
    let options = InitiateOptions::default();
    let begun = service.initiate(cache.name(), SERVICE, &options).await;
    let accept = AcceptorOptions::default();
    let ends = talk(begun.unwrap(), &world.service(), options.mechanism, accept);
    assert_eq!(ends.unwrap().1.details.initiator.to_string(), "alice@R");
    // The cache ends with its owner.
    let name = cache.name().clone();
    drop(cache);
    let gone = service.initiate(&name, SERVICE, &options).await;
    assert!(matches!(gone, Err(ClientError::Ccache(error)) if error.is_no_cache()));
}

/// The KDC's clock, as recorded in the cache, is used whether the ticket comes from the cache or
/// not.
#[test]
fn clock_offset_of_the_cache_applies_to_an_existing_ticket() {
    let world = World::new();
    world.kdc.set_fault(Fault::ClockOffset(-100));
    world.log_in(true);
    let (client, cache) = (world.client(), world.cache());
    let request = TicketRequest::new(client.principal(SERVICE).unwrap());
    let ticket = client.ticket(&cache, &request).unwrap();
    let options = InitiateOptions::default();
    let behind = |begun| {
        let accept = AcceptorOptions::default();
        let ends = talk(begun, &world.service(), options.mechanism, accept);
        let accepted = ends.unwrap().1.details.accepted.unwrap();
        kerberos_client::now().seconds - accepted.time.seconds
    };
    let from_cache = client.initiate_with_ticket(&cache, &ticket, &options);
    assert!((95..=105).contains(&behind(from_cache.unwrap())));
    assert!(behind(Initiation::start(&ticket, &options).unwrap()) < 5);
}

#[test]
fn fresh_option_ignores_the_cached_ticket() {
    let world = World::new();
    let mut options = InitiateOptions::default();
    establish(&world, &options);
    world.kdc.forget_requests();
    establish(&world, &options);
    assert_eq!(world.kdc.requests().len(), 0);
    options.fresh = true;
    establish(&world, &options);
    assert_eq!(world.kdc.requests().len(), 1);
}

/// The administrator's setting takes precedence over the program's.
#[test]
fn enforce_ok_as_delegate_overrides_the_programs_choice() {
    let mut world = World::new();
    let strict = "[libdefaults]\nenforce_ok_as_delegate = true\n";
    world.configure(strict);
    let mut options = InitiateOptions::default();
    options.delegation = Delegation::Always;
    let refused = world.client().initiate(&world.cache(), SERVICE, &options);
    let Err(ClientError::DelegationForbidden { server }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(server.to_string(), format!("{SERVICE}@R"));
    options.delegation = Delegation::IfTrusted;
    let (ours, _) = establish(&world, &options);
    assert!(!ours.details.flags.contains(ContextFlags::DELEG));
    // Nor is a TGT forwarded with an existing ticket.
    let client = world.client();
    let tgt = client.forward(&world.cache(), Vec::new(), true).unwrap();
    let request = TicketRequest::new(client.principal(SERVICE).unwrap());
    let ticket = client.ticket(&world.cache(), &request).unwrap();
    options.context.delegate = Some(tgt);
    let begun = client.initiate_with_ticket(&world.cache(), &ticket, &options);
    let forbidden = matches!(begun, Err(ClientError::DelegationForbidden { .. }));
    assert!(forbidden, "{begun:?}");
    options.context.delegate = None;
    // A service that the KDC trusts.
    world.log_in(true);
    let trusted = Fault::AddedFlags(TicketFlags::OK_AS_DELEGATE);
    world.kdc.set_fault(trusted);
    options.delegation = Delegation::Always;
    let (_, theirs) = establish(&world, &options);
    assert_eq!(theirs.details.delegated.len(), 1);
}

/// A context only has keys of the types that the administrator permits, even if the service knows
/// others and the ticket is older.
#[test]
fn context_key_enctype_follows_krb5_conf() {
    let key = |ends: &(Box<Context>, Box<Context>)| ends.0.details.session_key().etype().0;
    for (permits, agreed) in [
        ("permitted_enctypes = aes128-cts", 17),
        (
            "default_tkt_enctypes = aes128-cts\ndefault_tgs_enctypes = aes128-cts",
            17,
        ),
        ("default_tkt_enctypes = aes128-cts", 18),
    ] {
        let mut world = World::new();
        let service = world.service();
        world.configure(&format!("[libdefaults]\n{permits}\n"));
        world.log_in(true);
        let client = world.client();
        let options = InitiateOptions::default();
        let begun = client.initiate(&world.cache(), SERVICE, &options).unwrap();
        let accept = AcceptorOptions::default;
        let ends = talk(begun, &service, options.mechanism, accept()).unwrap();
        assert_eq!(key(&ends), agreed, "{permits}");
        // The caller's own list takes precedence.
        let mut wished = options.clone();
        wished.context.etypes = Some(vec![EncryptionType::AES256_CTS_HMAC_SHA1_96]);
        let begun = client.initiate(&world.cache(), SERVICE, &wished).unwrap();
        let ends = talk(begun, &service, wished.mechanism, accept()).unwrap();
        assert_eq!(key(&ends), 18, "{permits}");
    }
    let mut world = World::new();
    let request = TicketRequest::new(world.client().principal(SERVICE).unwrap());
    let ticket = world.client().ticket(&world.cache(), &request).unwrap();
    world.configure("[libdefaults]\npermitted_enctypes = bogus\n");
    let client = world.client();
    let options = InitiateOptions::default();
    let begun = client.initiate_with_ticket(&world.cache(), &ticket, &options);
    assert!(matches!(begun, Err(ClientError::Config(_))), "{begun:?}");
}

/// Delegation requested only by the context flag.
#[test]
fn deleg_flag_without_a_tgt_is_an_error() {
    let world = World::new();
    let mut options = InitiateOptions::default();
    options.context.flags |= ContextFlags::DELEG;
    let begun = world.client().initiate(&world.cache(), SERVICE, &options);
    let Err(ClientError::Gss(error)) = begun else {
        panic!("{begun:?}");
    };
    assert!(matches!(*error, GssError::NothingToDelegate), "{error}");
}

/// The promise to bind channels makes a service insist on bindings.
#[test]
fn client_aware_channel_bindings_makes_service_require_them() {
    let mut world = World::new();
    let accept = || {
        let mut accept = AcceptorOptions::default();
        let bindings = ChannelBindings::tls_server_end_point(&[1; 32]);
        accept.channel_bindings = vec![bindings];
        accept
    };
    let options = InitiateOptions::default();
    let outcome = |world: &World| {
        let begun = world.client().initiate(&world.cache(), SERVICE, &options);
        let spnego = GssMechanism::Spnego;
        talk(begun.unwrap(), &world.service(), spnego, accept())
    };
    assert!(outcome(&world).is_ok());
    world.configure("[libdefaults]\nclient_aware_channel_bindings = true\n");
    let refused = outcome(&world);
    assert!(matches!(refused, Err(GssError::BindingsMissing)));
}

#[test]
fn replayed_token_is_refused_by_clones_of_the_service() {
    let world = World::new();
    let options = with_flags(GssMechanism::Kerberos, ContextFlags::INTEG);
    let begun = world
        .client()
        .initiate(&world.cache(), SERVICE, &options)
        .unwrap();
    let Step::Done {
        send: Some(token), ..
    } = begun.1
    else {
        panic!("the initiator should be done after its first token")
    };
    for service in [world.service(), world.service().with_memory_replay_cache()] {
        let accept = |service: &ServiceAcceptor| {
            service
                .acceptance(GssMechanism::Kerberos, AcceptorOptions::default())
                .step(&token)
        };
        assert!(accept(&service).is_ok());
        let refused = accept(&service.clone()).unwrap_err();
        assert!(matches!(*refused.error, GssError::Ap(ApError::Replay)));
        assert!(refused.send.is_some());
    }
}

#[test]
fn kerberos_acceptor_refuses_spnego_and_bindings_are_checked() {
    let world = World::new();
    let begun = |options: &InitiateOptions| {
        world
            .client()
            .initiate(&world.cache(), SERVICE, options)
            .unwrap()
    };
    let plain = InitiateOptions::default();
    let refused = talk(
        begun(&plain),
        &world.service(),
        GssMechanism::Kerberos,
        AcceptorOptions::default(),
    );
    assert!(matches!(refused, Err(GssError::Mechanism(_))));

    let mut bound = InitiateOptions::default();
    bound.context.channel_bindings = Some(ChannelBindings::tls_server_end_point(&[1; 32]));
    for (certificate, fits) in [(1, true), (2, false)] {
        let mut accept = AcceptorOptions::default();
        let bindings = ChannelBindings::tls_server_end_point(&[certificate; 32]);
        accept.channel_bindings = vec![bindings];
        let outcome = talk(
            begun(&bound),
            &world.service(),
            GssMechanism::Spnego,
            accept,
        );
        match outcome {
            Ok((_, theirs)) => assert!(fits && theirs.details.channel_bound),
            Err(error) => assert!(!fits && matches!(error, GssError::BindingsMismatch)),
        }
    }
}

#[tokio::test]
async fn async_client_initiates_a_context() {
    let world = World::new();
    let client = AsyncClient::new(world.config.clone());
    let options = InitiateOptions::default();
    let cache = world.cache();
    let begun = client.initiate(&cache, SERVICE, &options).await.unwrap();
    let accept = AcceptorOptions::default();
    let (_, theirs) = talk(begun, &world.service(), options.mechanism, accept).unwrap();
    assert_eq!(theirs.details.initiator.to_string(), "alice@R");
    // The ticket is kept.
    world.kdc.forget_requests();
    let again = client.initiate(&cache, SERVICE, &options).await;
    assert!(again.is_ok());
    assert_eq!(world.kdc.requests().len(), 0);
}
