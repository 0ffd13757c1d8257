//! The fault matrix: everything that networks, KDCs and attackers may do, against every exchange
//! and transport, in virtual time. The results are the table in `docs/FAULTS.md`; a test checks
//! that it is right. Whatever the table says, two things always hold:
//!
//! * it ends within the time that it has;
//! * a success is right: the ticket is the KDC's, for the client and the service that were asked
//!   for, with the key that it says; the password is changed.

mod network;
mod phases;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kerberos_asn1::{ErrorCode, TicketFlags};
use kerberos_crypto::EncryptionType;
use kerberos_testkdc::{Fault, PasswordFault};

use crate::delivery::Transport;
use network::{Network, Trouble};
use phases::{Phase, World};

const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Https];
const ALL: &[Phase] = &[Phase::Login, Phase::Ticket, Phase::NewPassword];
const TICKETS: &[Phase] = &[Phase::Login, Phase::Ticket];

/// Where the tables are, and how to change them on purpose.
const DOCUMENT: &str = "../../docs/FAULTS.md";
const BLESS: &str = "RKINIT_WRITE_FAULTS";

#[test]
fn outcomes_of_all_faults_match_faults_md() {
    let mut tables = String::new();
    on_the_network(&mut tables);
    of_the_kdc(&mut tables);
    of_the_kpasswd_service(&mut tables);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = fs::read_to_string(&path).unwrap();
    let (head, _) = document
        .split_once(MARK)
        .expect("docs/FAULTS.md should mark where the tables begin");
    let expected = format!("{head}{MARK}{tables}");
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    for (is, should_be) in expected.lines().zip(document.lines()) {
        assert_eq!(is, should_be, "set {BLESS}=1 to rewrite docs/FAULTS.md");
    }
    assert_eq!(expected.len(), document.len());
}

const MARK: &str = "<!-- What follows is written by the test. -->\n";

fn on_the_network(tables: &mut String) {
    let rows: &[(&str, Trouble)] = &[
        ("nothing", Trouble::None),
        ("nobody listens", Trouble::Refused),
        ("the first answer is lost", Trouble::FirstLost),
        ("every answer is lost", Trouble::AllLost),
        ("answers take 2.5 s", Trouble::Late(2_500)),
        ("answers take 100 s", Trouble::Late(100_000)),
        ("answers come twice", Trouble::Twice),
        ("the previous answer arrives first", Trouble::Reordered),
        ("the answer of an earlier exchange", Trouble::Replayed),
        ("the request comes back", Trouble::Echo),
        ("an empty answer", Trouble::Empty),
        ("an HTTP/1.1 error page", Trouble::Foreign),
        ("half of the answer", Trouble::Half),
        ("a flipped bit at 0/8", Trouble::Flipped(0)),
        ("a flipped bit at 1/8", Trouble::Flipped(1)),
        ("a flipped bit at 3/8", Trouble::Flipped(3)),
        ("a flipped bit at 5/8", Trouble::Flipped(5)),
        ("a flipped bit at 7/8", Trouble::Flipped(7)),
        ("trailing bytes", Trouble::Trailing),
        ("a length one too small", Trouble::LengthOff(-1)),
        ("a length one too large", Trouble::LengthOff(1)),
        ("a length of 0", Trouble::Length(0)),
        ("a length of 2³² − 1", Trouble::Length(u32::MAX)),
        ("closed before the answer", Trouble::Closed),
        ("closed midway", Trouble::ClosedMidway),
    ];
    head(tables, "What goes wrong on the network", ALL);
    for (name, trouble) in rows {
        row(tables, name, ALL, *trouble, &[]);
    }
}

fn of_the_kdc(tables: &mut String) {
    let rc4 = EncryptionType::ARCFOUR_HMAC;
    let des = EncryptionType(3);
    let rows: &[(&str, Fault)] = &[
        ("it is silent", Fault::Silence),
        ("it sends something else", Fault::Garbage),
        ("it cuts answers in half", Fault::Truncated),
        ("too big for UDP", Fault::TooBigForUdp),
        (
            "KDC_ERR_SVC_UNAVAILABLE",
            Fault::Error(ErrorCode::KDC_ERR_SVC_UNAVAILABLE),
        ),
        ("KRB_ERR_GENERIC", Fault::Error(ErrorCode::KRB_ERR_GENERIC)),
        ("another nonce", Fault::WrongNonce),
        ("another client's name", Fault::WrongClientName),
        ("another client's realm", Fault::WrongClientRealm),
        ("another server's name", Fault::WrongServerName),
        ("another server's realm", Fault::WrongServerRealm),
        ("another server on the ticket", Fault::WrongTicketServer),
        ("another type of message", Fault::WrongMessageType),
        (
            "a flipped bit in what is encrypted",
            Fault::CorruptedCiphertext,
        ),
        ("the number of RC4 on the reply", Fault::ReplyEtype(rc4)),
        ("the number of DES on the reply", Fault::ReplyEtype(des)),
        ("a key of RC4 is asked for", Fault::HintedEtype(rc4)),
        ("a key of DES is asked for", Fault::HintedEtype(des)),
        ("another salt", Fault::HintedSalt(b"evil".to_vec())),
        ("one iteration", Fault::HintedIterations(1)),
        ("2³² iterations", Fault::HintedIterations(0)),
        (
            "parameters of two bytes",
            Fault::HintedS2kParams(vec![0, 1]),
        ),
        ("no mechanism is named", Fault::NoMethodData),
        ("mechanisms that nobody knows", Fault::UnknownPreauthOnly),
        ("its clock is 4 minutes ahead", Fault::ClockOffset(240)),
        ("its clock is an hour ahead", Fault::ClockOffset(3600)),
        ("its clock is an hour behind", Fault::ClockOffset(-3600)),
        ("the ticket has ended", Fault::EndtimeInPast),
        ("the ticket begins later", Fault::StarttimeInFuture),
        (
            "the ticket lasts longer than asked for",
            Fault::EndtimeTooLate,
        ),
        (
            "more flags than asked for",
            Fault::AddedFlags(TicketFlags::FORWARDABLE),
        ),
        (
            "the flag of RFC 6806 is stripped",
            Fault::RemovedFlags(TicketFlags::ENC_PA_REP),
        ),
        (
            "the flag is there, its proof is not",
            Fault::MissingRequestChecksum,
        ),
        (
            "the proof is of another request",
            Fault::WrongRequestChecksum,
        ),
    ];
    head(tables, "What a KDC, or an impostor, does", TICKETS);
    for (name, fault) in rows {
        row(
            tables,
            name,
            TICKETS,
            Trouble::None,
            std::slice::from_ref(fault),
        );
    }
}

fn of_the_kpasswd_service(tables: &mut String) {
    let because = b"too short".to_vec();
    let rows = [
        ("it refuses", PasswordFault::Rejects(4, because.clone())),
        (
            "it refuses in an error",
            PasswordFault::Error(4, because.clone()),
        ),
        (
            "it says yes in an error",
            PasswordFault::Error(0, Vec::new()),
        ),
        (
            "the same, inside a reply's frame",
            PasswordFault::FramedError(0, Vec::new()),
        ),
        (
            "an error",
            PasswordFault::BareError(ErrorCode::KRB_AP_ERR_SKEW),
        ),
        (
            "the session key instead of the subkey",
            PasswordFault::SessionKey,
        ),
        ("some other key", PasswordFault::WrongKey),
        ("another time", PasswordFault::WrongTime),
        ("another number", PasswordFault::WrongNumber),
        ("the request's own KRB-PRIV", PasswordFault::Echo),
        ("another version", PasswordFault::Version(7)),
        ("another length", PasswordFault::Length(7)),
        ("another length of the AP-REP", PasswordFault::ApLength(7)),
        ("a result of one byte", PasswordFault::ShortResult),
    ];
    let phases = &[Phase::NewPassword];
    head(
        tables,
        "What a kpasswd service, or an impostor, does",
        phases,
    );
    for (name, fault) in rows {
        row(
            tables,
            name,
            phases,
            Trouble::None,
            &[Fault::Password(fault)],
        );
    }
}

fn head(tables: &mut String, title: &str, phases: &[Phase]) {
    write!(tables, "\n## {title}\n\n| |").unwrap();
    for phase in phases {
        let name = match phase {
            Phase::Login => "a login",
            Phase::Ticket => "a ticket for a service",
            Phase::NewPassword => "a new password",
        };
        write!(tables, " {name} |").unwrap();
    }
    writeln!(tables, "\n|---|{}", "---|".repeat(phases.len())).unwrap();
}

fn row(tables: &mut String, name: &str, phases: &[Phase], trouble: Trouble, faults: &[Fault]) {
    write!(tables, "| {name} |").unwrap();
    for &phase in phases {
        write!(tables, " {} |", cell(phase, trouble, faults)).unwrap();
    }
    tables.push('\n');
}

/// The result, only once if it is the same for all transports.
fn cell(phase: Phase, trouble: Trouble, faults: &[Fault]) -> String {
    let outcomes = TRANSPORTS.map(|transport| {
        let mut network = Network::new(transport, trouble);
        let mut world = World::new();
        let outcome = world.play(phase, &mut network, faults);
        let seconds = network.took().as_secs();
        let time = if seconds == 0 {
            String::new()
        } else {
            format!(", {seconds} s")
        };
        format!("{outcome}{time}")
    });
    let [udp, tcp, https] = &outcomes;
    match (udp == tcp, tcp == https) {
        (true, true) => udp.clone(),
        (true, false) => format!("{udp}; HTTPS: {https}"),
        (false, true) => format!("UDP: {udp}; else: {tcp}"),
        (false, false) => format!("UDP: {udp}; TCP: {tcp}; HTTPS: {https}"),
    }
}
