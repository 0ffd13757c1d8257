//! Gets a page that takes a ticket: `reqwest_get URL [lend]`.
#![forbid(unsafe_code)]

use std::error::Error;

use kerberos_client::{AsyncClient, Delegation, InitiateOptions};
use kerberos_http::{Negotiation, Party, Progress};
use reqwest::Response;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("which page?")?;
    let mut options = InitiateOptions::default();
    if arguments.next().is_some() {
        options.delegation = Delegation::Always;
    }
    let http = reqwest::Client::builder()
        .no_proxy()
        // A ticket is for one host.
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let response = get(&http, &AsyncClient::from_env()?, &url, &options).await?;
    println!("{}", response.status());
    print!("{}", response.text().await?);
    Ok(())
}

/// The page, with a ticket if it takes one.
async fn get(
    http: &reqwest::Client,
    kerberos: &AsyncClient,
    url: &str,
    options: &InitiateOptions,
) -> Result<Response, Box<dyn Error>> {
    let response = http.get(url).send().await?;
    if !Party::Server.asks(response.status(), response.headers()) {
        return Ok(response);
    }
    let host = response.url().host_str().ok_or("a URL without a host")?;
    let cache = kerberos.config().ccache_name()?;
    let service = format!("HTTP/{host}");
    let begun = kerberos.initiate(&cache, &service, options).await?;
    let (mut negotiation, mut authorization) = Negotiation::start(Party::Server, begun)?;
    loop {
        let request = http
            .get(url)
            .header(Party::Server.request_header(), authorization);
        let response = request.send().await?;
        match negotiation.step(response.status(), response.headers())? {
            Progress::Again(next) => authorization = next,
            Progress::Done(_) => return Ok(response),
        }
    }
}
