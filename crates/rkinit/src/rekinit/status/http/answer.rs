//! The answers to HTTP requests, without a socket (RFC 9110, RFC 9112).

/// A page of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Page {
    Liveness,
    Readiness,
    Metrics,
}

/// The answer to a request; only its first line matters.
pub(crate) fn answer(request: &[u8], page: &dyn Fn(Page) -> (bool, String)) -> Vec<u8> {
    let line = request
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with(b"HTTP/1."));
    let (Some(method), Some(target), true) = (method, target, is_http) else {
        return response("400 Bad Request", "this is not an HTTP request\n", true);
    };
    if request.len() > LONGEST_REQUEST {
        return response("431 Request Header Fields Too Large", "too long\n", true);
    }
    let with_body = match method {
        b"GET" => true,
        b"HEAD" => false,
        _ => return response("405 Method Not Allowed", "only GET and HEAD\n", true),
    };
    let path = target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    let page_of_path = match path {
        b"/livez" | b"/healthz" => Page::Liveness,
        b"/readyz" => Page::Readiness,
        b"/metrics" => Page::Metrics,
        _ => {
            let text = "there are /livez, /readyz and /metrics\n";
            return response("404 Not Found", text, with_body);
        }
    };
    let (is_good, text) = page(page_of_path);
    let status = if is_good {
        "200 OK"
    } else {
        "503 Service Unavailable"
    };
    response(status, &text, with_body)
}

fn response(status: &str, text: &str, with_body: bool) -> Vec<u8> {
    let allow = if status.starts_with("405") {
        "Allow: GET, HEAD\r\n"
    } else {
        ""
    };
    let length = text.len();
    let body = if with_body { text } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {length}\r\n{allow}Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// In bytes.
pub(super) const LONGEST_REQUEST: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_gets_the_expected_status_and_body() {
        let page = |page| (page != Page::Readiness, format!("{page:?}\n"));
        let check = |request: &str, status: &str, body: &str| {
            let answer = String::from_utf8(answer(request.as_bytes(), &page)).unwrap();
            let (head, text) = answer.split_once("\r\n\r\n").unwrap();
            assert!(
                head.starts_with(&format!("HTTP/1.1 {status}")),
                "{request}: {answer}"
            );
            assert_eq!(text, body, "{request}");
        };
        check(
            "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
            "200",
            "Liveness\n",
        );
        check("GET /metrics?x=y HTTP/1.0\r\n\r\n", "200", "Metrics\n");
        check("GET /readyz HTTP/1.1\r\n\r\n", "503", "Readiness\n");
        check("HEAD /metrics HTTP/1.1\r\n\r\n", "200", "");
        check(
            "GET / HTTP/1.1\r\n\r\n",
            "404",
            "there are /livez, /readyz and /metrics\n",
        );
        check(
            "POST /metrics HTTP/1.1\r\n\r\n",
            "405",
            "only GET and HEAD\n",
        );
        check("GET /livez\r\n\r\n", "400", "this is not an HTTP request\n");
        check("\0\r\n\r\n", "400", "this is not an HTTP request\n");
        let long = format!(
            "GET /livez HTTP/1.1\r\nX: {}\r\n\r\n",
            "x".repeat(LONGEST_REQUEST)
        );
        check(&long, "431", "too long\n");
    }
}
