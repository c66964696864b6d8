//! What is asked of whoever reports a security incident, and what is known of one.

use types::incident::{Incident, IncidentKind, PersonalData};
use types::legal::{AuthorityReport, ReportOutcome};
use types::ticket::{Event, EventKind, Ticket};

use crate::forms::sent;

/// One of several answers.
pub struct Answer {
    pub word: &'static str,
    pub name: &'static str,
    pub chosen: bool,
}

/// The questions of the form of a new request, with what was answered.
pub struct Asked {
    pub kinds: Vec<Answer>,
    pub data: Vec<Answer>,
    pub asset: String,
    pub containment: String,
}

/// What was typed before.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    kind: String,
    asset: String,
    personal_data: String,
    containment: String,
}

impl Typed {
    /// What a form sent.
    pub fn of(form: &[(String, String)]) -> Self {
        let value = |name| sent(form, name).unwrap_or_default().to_owned();
        Typed {
            kind: value("incident.kind"),
            asset: value("incident.asset"),
            personal_data: value("incident.personal_data"),
            containment: value("incident.containment"),
        }
    }
}

impl Asked {
    /// The questions.
    pub fn of(typed: &Typed) -> Self {
        let kinds = IncidentKind::ALL.iter().map(|kind| Answer {
            word: kind.as_str(),
            name: kind.label(),
            chosen: kind.as_str() == typed.kind,
        });
        let data = PersonalData::ALL.iter().map(|data| Answer {
            word: data.as_str(),
            name: data.label(),
            chosen: data.as_str() == typed.personal_data,
        });
        Asked {
            kinds: kinds.collect(),
            data: data.collect(),
            asset: typed.asset.clone(),
            containment: typed.containment.clone(),
        }
    }
}

/// The id of a field of an incident on a page.
pub(crate) fn id_of(field: &str) -> Option<&'static str> {
    Some(match field {
        "incident" | "incident.kind" => "incidente-tipo",
        "incident.asset" => "incidente-activo",
        "incident.personal_data" => "incidente-datos",
        "incident.containment" => "incidente-contencion",
        _ => return None,
    })
}

/// The ids of the fields, in the order of a page.
pub(crate) const PLACES: [&str; 4] = [
    "incidente-tipo",
    "incidente-activo",
    "incidente-datos",
    "incidente-contencion",
];

/// What is known of an incident, in lines; nothing where it is none.
pub(crate) fn known(ticket: &Ticket) -> Vec<(&'static str, String)> {
    if !ticket.policy.incident {
        return vec![];
    }
    let mut lines = match &ticket.request.incident {
        None => vec![("Qué es", "Falta describirlo".to_owned())],
        Some(incident) => described(incident),
    };
    lines.extend(ticket.reports.iter().map(reported));
    lines
}

/// What whoever registered an incident answered; what the desk says of it since is the
/// desk's.
pub(crate) fn answered(events: &[Event]) -> Vec<(&'static str, String)> {
    let registrations = events.iter().filter_map(|event| match &event.kind {
        EventKind::Registered(registration) => registration.request.incident.as_ref(),
        _ => None,
    });
    registrations.flat_map(described).collect()
}

fn described(incident: &Incident) -> Vec<(&'static str, String)> {
    let data = incident.personal_data.label();
    let data = match incident.people {
        Some(1) => format!("{data}, de una persona"),
        Some(people) => format!("{data}, de {people} personas"),
        None => data.to_owned(),
    };
    let severity = incident
        .severity
        .map(|of| ("Gravedad", of.label().to_owned()));
    let containment = incident.containment.clone().map(|of| ("Contención", of));
    [
        ("Qué es", incident.kind.label().to_owned()),
        ("Qué afecta", incident.asset.clone()),
        ("Datos personales", data),
    ]
    .into_iter()
    .chain(severity)
    .chain(containment)
    .collect()
}

fn reported(report: &AuthorityReport) -> (&'static str, String) {
    let said = match report.outcome {
        ReportOutcome::Reported => "Reportado",
        ReportOutcome::NotRequired => "No procede",
    };
    (report.authority.short(), format!("{said}: {}", report.note))
}
