//! A web service that requires a ticket: `axum_service ADDRESS`.
#![forbid(unsafe_code)]

use axum::routing::get;
use axum::{Extension, Router};
use kerberos_client::kerberos_gss::AcceptorOptions;
use kerberos_client::{Config, ServiceAcceptor};
use kerberos_http::{Authenticated, NegotiateLayer};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("which address?")?;
    // The keytab named by KRB5_KTNAME, or /etc/krb5.keytab.
    let service = ServiceAcceptor::new(&Config::from_env()?)?;
    let mut options = AcceptorOptions::default();
    options.delegation = true;
    let app = Router::new()
        .route("/", get(hello))
        .layer(NegotiateLayer::new(service).with_options(options));
    let listener = TcpListener::bind(address).await?;
    println!("listening");
    axum::serve(listener, app).await?;
    Ok(())
}

async fn hello(Extension(client): Extension<Authenticated>) -> Result<String, String> {
    let mut lines = vec![format!("hello {}", client.principal())];
    let pac = client.pac().map_err(|error| error.to_string())?;
    lines.extend(
        pac.and_then(|pac| pac.user_sid)
            .map(|sid| format!("you are {sid}")),
    );
    let lent = client.details().delegated.iter();
    lines.extend(lent.map(|tgt| format!("you lent {}", tgt.server)));
    Ok(lines.join("\n") + "\n")
}
