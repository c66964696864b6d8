//! The client against servers of its own: one that speaks TLS, one that breaks off.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

/// For `localhost`, signed by itself; the key is for this test alone.
const CERTIFICATE: &[u8] = include_bytes!("certificate.pem");
const KEY: &[u8] = include_bytes!("key.pem");

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(CERTIFICATE).unwrap()
}

/// Answers every request on a connection with how many came over it.
async fn counts(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut stream = BufReader::new(stream);
    for number in 1.. {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// A server that does this with each connection. Gives its port.
async fn server<F: Future<Output = ()> + Send + 'static>(
    does: impl Fn(TcpStream) -> F + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(does(stream));
        }
    });
    port
}

async fn tls_server() -> u16 {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                counts(stream).await;
            }
        }
    })
    .await
}

fn request(address: &str) -> HttpRequest {
    let request = lambda_http::http::Request::get(address).body(SdkBody::empty());
    HttpRequest::try_from(request.unwrap()).unwrap()
}

/// What is answered.
async fn asked(
    connector: &SharedHttpConnector,
    request: HttpRequest,
) -> Result<String, ConnectorError> {
    let answer = connector.call(request).await?;
    assert_eq!(answer.status().as_u16(), 200);
    let body = aws_smithy_types::byte_stream::ByteStream::new(answer.into_body());
    let bytes = body.collect().await.unwrap().into_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn tls_is_spoken_with_whom_it_trusts_and_with_nobody_else() {
    let port = tls_server().await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let client = trusting(roots);
    let address = format!("https://localhost:{port}/");
    for number in ["1", "2"] {
        assert_eq!(asked(&client, request(&address)).await.unwrap(), number);
    }
    // Nobody of that name.
    let other = format!("https://127.0.0.2:{port}/");
    assert!(asked(&client, request(&other)).await.unwrap_err().is_io());
    let nobody = trusting(RootCertStore::empty());
    let refused = asked(&nobody, request(&address)).await.unwrap_err();
    assert!(refused.is_io(), "{refused:?}");
    assert!(
        format!("{refused:?}").contains("UnknownIssuer"),
        "{refused:?}"
    );
    // Where it has to, it speaks without.
    let port = server(counts).await;
    let plainly = request(&format!("http://localhost:{port}/"));
    assert_eq!(asked(&client, plainly).await.unwrap(), "1");
}

#[tokio::test]
async fn a_connection_on_which_something_failed_is_left() {
    let port = server(counts).await;
    let client = pool(tcp());
    let used = Mutex::new(HashMap::new());
    let ask = async |name: &'static str| {
        let mut request = request(&format!("http://127.0.0.1:{port}/"));
        let capture = CaptureSmithyConnection::new();
        request.add_extension(capture.clone());
        let answer = asked(&client, request).await.unwrap();
        used.lock().unwrap().insert(name, capture.get().unwrap());
        answer
    };
    assert_eq!(ask("first").await, "1");
    assert_eq!(ask("second").await, "2");
    used.lock().unwrap()["second"].poison();
    assert_eq!(ask("third").await, "1");
}

#[tokio::test]
async fn what_may_pass_is_told_from_what_will_not() {
    let client = pool(tcp());
    let at = |port: u16| request(&format!("http://127.0.0.1:{port}/"));
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let refused = asked(&client, at(nobody)).await.unwrap_err();
    assert!(refused.is_io(), "{refused:?}");
    // Taken, and nothing said: TLS never stands.
    let silent = server(async |stream: TcpStream| {
        tokio::time::sleep(CONNECT * 5).await;
        drop(stream);
    })
    .await;
    let begun = Instant::now();
    let silent = request(&format!("https://localhost:{silent}/"));
    let late = trusting(RootCertStore::empty());
    let late = asked(&late, silent).await.unwrap_err();
    assert!(late.is_timeout(), "{late:?}");
    assert!(begun.elapsed() < CONNECT * 3);
    // Taken, and closed without an answer.
    let port = server(async |mut stream: TcpStream| {
        let mut line = String::new();
        let _ = BufReader::new(&mut stream).read_line(&mut line).await;
    })
    .await;
    let broken = asked(&client, at(port)).await.unwrap_err();
    let passes = broken.is_io() || broken.as_other() == Some(ErrorKind::TransientError);
    assert!(passes, "{broken:?}");
    // No HTTP.
    let port = server(async |stream: TcpStream| {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        let _ = stream.read_line(&mut line).await;
        let _ = stream.write_all(b"500 5.5.1 Error\r\n").await;
    })
    .await;
    let strange = asked(&client, at(port)).await.unwrap_err();
    assert!(!strange.is_io() && !strange.is_timeout(), "{strange:?}");
}
