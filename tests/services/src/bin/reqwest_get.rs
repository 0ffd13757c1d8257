//! Gets a page that requires a ticket, or uses a proxy that requires one:
//! `reqwest_get URL [lend | through PROXY]`.
#![forbid(unsafe_code)]

use std::error::Error;

use kerberos_client::{AsyncClient, Delegation, InitiateOptions};
use kerberos_http::{Negotiation, Party, Progress};
use reqwest::{Response, Url};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut options = InitiateOptions::default();
    // Redirects are not followed, because a ticket is for a single host.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let (http, party, url, asking) = match words[..] {
        [url] => (http.no_proxy(), Party::Server, url, url),
        [url, "lend"] => {
            options.delegation = Delegation::Always;
            (http.no_proxy(), Party::Server, url, url)
        }
        [url, "through", proxy] => {
            let http = http.proxy(reqwest::Proxy::http(proxy)?);
            (http, Party::Proxy, url, proxy)
        }
        _ => return Err("reqwest_get URL [lend | through PROXY]".into()),
    };
    let host = Url::parse(asking)?;
    let host = host.host_str().ok_or("a URL without a host")?;
    let kerberos = AsyncClient::from_env()?;
    let response = get(&http.build()?, url, &kerberos, party, host, &options).await?;
    println!("{}", response.status());
    print!("{}", response.text().await?);
    Ok(())
}

/// Gets the page `url`, with a ticket for `host` if the server asks for one.
async fn get(
    http: &reqwest::Client,
    url: &str,
    kerberos: &AsyncClient,
    party: Party,
    host: &str,
    options: &InitiateOptions,
) -> Result<Response, Box<dyn Error>> {
    let response = http.get(url).send().await?;
    if !party.asks(response.status(), response.headers()) {
        return Ok(response);
    }
    let cache = kerberos.config().ccache_name()?;
    let service = format!("HTTP/{host}");
    let begun = kerberos.initiate(&cache, &service, options).await?;
    let (mut negotiation, mut authorization) = Negotiation::start(party, begun)?;
    loop {
        let request = http.get(url).header(party.request_header(), authorization);
        let response = request.send().await?;
        match negotiation.step(response.status(), response.headers())? {
            Progress::Again(next) => authorization = next,
            Progress::Done(_) => return Ok(response),
        }
    }
}
