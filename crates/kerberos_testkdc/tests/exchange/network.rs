//! The KDC on real sockets, and the faults that only exist there.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, SystemTime};

use kerberos_asn1::{Decode, ErrorCode, KrbError};
use kerberos_testkdc::{Fault, TestKdc, Transport};

use crate::client::{Client, error_code, users};

#[test]
fn kdc_answers_udp_and_tcp_on_one_port() {
    let kdc = users().start().unwrap();
    let request = Client::default().request(None);
    let udp = over_udp(&kdc, &request).unwrap();
    assert_eq!(error_code(&udp), ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
    // Two requests on one connection.
    let mut connection = TcpStream::connect(kdc.address()).unwrap();
    for _ in 0..2 {
        let reply = over_tcp(&mut connection, &request).unwrap();
        assert_eq!(error_code(&reply), ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
    }
    assert_eq!(
        (kdc.count(Transport::Udp), kdc.count(Transport::Tcp)),
        (1, 2)
    );
    assert_eq!(kdc.requests()[0].message, request);

    let error = KrbError::from_der(&udp).unwrap();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    assert!(error.stime.unix().abs_diff(i64::try_from(now).unwrap()) < 60);

    let address = kdc.address();
    drop(connection);
    drop(kdc);
    assert!(
        TcpStream::connect(address).is_err(),
        "the KDC should stop when it is dropped"
    );
}

#[test]
fn reply_too_long_for_udp_is_only_sent_over_tcp() {
    let kdc = users().max_udp_reply(100).start().unwrap();
    let request = Client::default().request(None);
    let udp = over_udp(&kdc, &request).unwrap();
    assert_eq!(error_code(&udp), ErrorCode::KRB_ERR_RESPONSE_TOO_BIG);
    let mut connection = TcpStream::connect(kdc.address()).unwrap();
    let tcp = over_tcp(&mut connection, &request).unwrap();
    assert_eq!(error_code(&tcp), ErrorCode::KDC_ERR_PREAUTH_REQUIRED);
}

#[test]
fn transport_faults_show_on_the_sockets() {
    let kdc = users().start().unwrap();
    let request = Client::default().request(None);
    let with = |fault: Fault| {
        kdc.clear_faults();
        kdc.set_fault(fault);
        let mut connection = TcpStream::connect(kdc.address()).unwrap();
        connection
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        connection.write_all(&framed(&request)).unwrap();
        let mut reply = vec![0; 8192];
        let length = connection.read(&mut reply).unwrap();
        reply.truncate(length);
        reply
    };
    assert_eq!(with(Fault::TcpCloses), b"");
    assert_eq!(with(Fault::TcpLength(u32::MAX))[..4], [0xFF; 4]);
    let midway = with(Fault::TcpClosesMidway);
    let promised = u32::from_be_bytes(midway[..4].try_into().unwrap());
    assert!(usize::try_from(promised).unwrap() > midway.len());

    kdc.clear_faults();
    kdc.set_fault(Fault::UdpFromOtherPort);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    socket.send_to(&request, kdc.address()).unwrap();
    let (_, peer) = socket.recv_from(&mut [0; 4096]).unwrap();
    assert_ne!(peer, kdc.address());
}

fn over_udp(kdc: &TestKdc, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.connect(kdc.address())?;
    socket.send(request)?;
    let mut reply = vec![0; 65536];
    let length = socket.recv(&mut reply)?;
    reply.truncate(length);
    Ok(reply)
}

fn over_tcp(connection: &mut TcpStream, request: &[u8]) -> std::io::Result<Vec<u8>> {
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    connection.write_all(&framed(request))?;
    let mut length = [0; 4];
    connection.read_exact(&mut length)?;
    let mut reply = vec![0; u32::from_be_bytes(length).try_into().unwrap()];
    connection.read_exact(&mut reply)?;
    Ok(reply)
}

fn framed(request: &[u8]) -> Vec<u8> {
    [
        &u32::try_from(request.len()).unwrap().to_be_bytes()[..],
        request,
    ]
    .concat()
}
