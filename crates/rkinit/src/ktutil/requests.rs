//! The requests of the shell, with their names and descriptions.

use std::fmt::Write as _;

/// A request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Request {
    Clear,
    Read,
    ReadSrvtab,
    Write,
    WriteSrvtab,
    Add,
    Delete,
    List,
    ListRequests,
    Quit,
}

/// In the order of the list of requests.
const TABLE: [(Request, &[&str], &str); 10] = [
    (
        Request::Clear,
        &["clear_list", "clear"],
        "Clear the current keylist.",
    ),
    (
        Request::Read,
        &["read_kt", "rkt"],
        "Read a krb5 keytab into the current keylist.",
    ),
    (
        Request::ReadSrvtab,
        &["read_st", "rst"],
        "Deprecated and removed.",
    ),
    (
        Request::Write,
        &["write_kt", "wkt"],
        "Write the current keylist to a krb5 keytab.",
    ),
    (
        Request::WriteSrvtab,
        &["write_st", "wst"],
        "Deprecated and removed.",
    ),
    (
        Request::Add,
        &["add_entry", "addent"],
        "Add an entry to the current keylist.",
    ),
    (
        Request::Delete,
        &["delete_entry", "delent"],
        "Delete an entry from the current keylist.",
    ),
    (Request::List, &["list", "l"], "List the current keylist."),
    (
        Request::ListRequests,
        &["list_requests", "lr", "?"],
        "List available requests.",
    ),
    (Request::Quit, &["quit", "exit", "q"], "Exit program."),
];

impl Request {
    /// The request that has this name.
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, names, _)| names.iter().any(|known| known.as_bytes() == name))
            .map(|(request, _, _)| *request)
    }
}

/// The list of requests, as `?` shows it.
pub(super) fn listing() -> String {
    let mut text = "Available ktutil requests:\n\n".to_owned();
    for (_, names, purpose) in TABLE {
        let _ = writeln!(text, "{:25}{purpose}", names.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_names_must_match_exactly() {
        let check = |name: &str, request| {
            assert_eq!(Request::from_name(name.as_bytes()), request, "{name}");
        };
        check("rkt", Some(Request::Read));
        check("read_kt", Some(Request::Read));
        check("?", Some(Request::ListRequests));
        check("q", Some(Request::Quit));
        check("lis", None);
        check("LIST", None);
        check("", None);
    }
}
