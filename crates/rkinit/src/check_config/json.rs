//! The report as JSON (RFC 8259), for programs.

use kerberos_client::FoundServer;
use kerberos_files::config::{Effect, Setting};

use crate::output::json::push_text;

use super::report::{Realm, Report, remark, source};

/// The whole report, ending with a line feed.
pub(super) fn write(report: &Report<'_>) -> String {
    let listed = report.listed.iter().map(|(path, reading)| {
        let remark = reading.remark();
        let mut fields = vec![
            ("path", string(&path.display().to_string())),
            ("read", remark.is_none().to_string()),
            ("included", "false".to_owned()),
        ];
        fields.extend(remark.map(|remark| ("remark", string(&remark))));
        object(&fields)
    });
    let included = report.included.iter().map(|path| {
        object(&[
            ("path", string(&path.display().to_string())),
            ("read", "true".to_owned()),
            ("included", "true".to_owned()),
        ])
    });
    let dns = match &report.dns {
        Ok(conf) => {
            let servers = conf
                .servers
                .iter()
                .map(|server| string(&server.to_string()));
            let search = conf.search.iter().map(|domain| string(domain));
            object(&[("servers", array(servers)), ("search", array(search))])
        }
        Err(error) => object(&[
            ("servers", array(std::iter::empty())),
            ("search", array(std::iter::empty())),
            ("error", string(error)),
        ]),
    };
    let mut text = object(&[
        ("ok", report.is_fine().to_string()),
        ("files", array(listed.chain(included))),
        ("settings", array(report.settings.iter().map(setting))),
        ("dns", dns),
        (
            "realm",
            report.realm.as_ref().map_or("null".to_owned(), realm),
        ),
    ]);
    text.push('\n');
    text
}

fn setting(setting: &Setting<'_>) -> String {
    let located = setting.located;
    let effect = match setting.effect {
        Effect::Used => "used",
        Effect::Hidden => "hidden",
        Effect::Mistake { .. } => "mistake",
        Effect::NotOurs { .. } => "not ours",
        _ => "unknown",
    };
    object(&[
        ("file", string(&located.file.display().to_string())),
        ("line", located.line.to_string()),
        (
            "sections",
            array(setting.sections.iter().map(|name| string(name))),
        ),
        ("name", string(located.name)),
        ("value", string(located.value)),
        ("effect", string(effect)),
        ("remark", string(&remark(&setting.effect))),
    ])
}

fn realm(realm: &Realm) -> String {
    let name = ("name", string(&realm.name));
    match &realm.kdcs {
        Ok(kdcs) => object(&[name, ("kdcs", array(kdcs.iter().map(kdc)))]),
        Err((error, _)) => object(&[name, ("error", string(error))]),
    }
}

fn kdc(kdc: &FoundServer) -> String {
    let primary = kdc.is_primary;
    let mut fields = vec![
        ("server", string(&kdc.server)),
        ("source", string(source(kdc.found_by))),
        (
            "primary",
            primary.map_or("null".to_owned(), |primary| primary.to_string()),
        ),
    ];
    match &kdc.probes {
        Ok(probes) => {
            let probes = probes.iter().map(|probe| {
                let endpoint = &probe.endpoint;
                let outcome = match &probe.outcome {
                    Ok(time) => ("milliseconds", format!("{:.3}", time.as_secs_f64() * 1e3)),
                    Err(reason) => ("error", string(&reason.to_string())),
                };
                object(&[
                    ("transport", string(&endpoint.transport.to_string())),
                    ("address", string(&endpoint.address.to_string())),
                    outcome,
                ])
            });
            fields.push(("probes", array(probes)));
        }
        Err(reason) => fields.extend([
            ("probes", array(std::iter::empty())),
            ("error", string(&reason.to_string())),
        ]),
    }
    object(&fields)
}

fn object(fields: &[(&str, String)]) -> String {
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{}:{value}", string(name)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn array(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    push_text(text, &mut quoted);
    // `push_text` turns text into text.
    String::from_utf8_lossy(&quoted).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_objects_are_formatted_as_json() {
        assert_eq!(
            array([string("a"), "1".to_owned()].into_iter()),
            r#"["a",1]"#
        );
        assert_eq!(object(&[("a", "null".to_owned())]), r#"{"a":null}"#);
        assert_eq!(object(&[]), "{}");
    }
}
