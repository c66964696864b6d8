//! A security incident: what is asked of it besides what every request says, so that its
//! group can contain it and report it in time.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// What kind of incident it is: the classes of the taxonomy that European and national
/// response teams share (ENISA, Reference Incident Classification Taxonomy), in the words of
/// somebody who reports one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IncidentKind {
    Phishing,
    Malware,
    Intrusion,
    InformationLeak,
    LossOrTheft,
    Fraud,
    Unavailability,
    Vulnerability,
    AbusiveContent,
    Other,
}

impl IncidentKind {
    /// Every kind.
    pub const ALL: &'static [IncidentKind] = IncidentKind::VARIANTS;

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            IncidentKind::Phishing => "Correo o mensaje engañoso",
            IncidentKind::Malware => "Virus u otro programa dañino",
            IncidentKind::Intrusion => "Alguien entró, o lo intenta, donde no debe",
            IncidentKind::InformationLeak => {
                "Información que quedó expuesta o se envió a quien no era"
            }
            IncidentKind::LossOrTheft => "Equipo o documento perdido o robado",
            IncidentKind::Fraud => "Suplantación o fraude",
            IncidentKind::Unavailability => "Un servicio caído por un ataque",
            IncidentKind::Vulnerability => "Una debilidad que alguien podría aprovechar",
            IncidentKind::AbusiveContent => "Contenido abusivo o página alterada",
            IncidentKind::Other => "Otra cosa, o no estoy seguro",
        }
    }
}

/// Whether personal data are touched: until somebody knows, it counts as if they were.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PersonalData {
    Yes,
    No,
    Unknown,
}

impl PersonalData {
    /// Every answer.
    pub const ALL: &'static [PersonalData] = PersonalData::VARIANTS;

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            PersonalData::Yes => "Sí",
            PersonalData::No => "No",
            PersonalData::Unknown => "No se sabe todavía",
        }
    }
}

/// How bad it is, as its group sees it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Every degree, the least first.
    pub const ALL: &'static [Severity] = Severity::VARIANTS;

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Severity::Low => "Baja",
            Severity::Medium => "Media",
            Severity::High => "Alta",
            Severity::Critical => "Crítica",
        }
    }
}

/// What is known of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Incident {
    pub kind: IncidentKind,
    /// What it happened to: a computer, an account, a system, a document.
    pub asset: String,
    /// Whether personal data are touched.
    pub personal_data: PersonalData,
    /// How many people's, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// What was done so far to contain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containment: Option<String>,
    /// As its group judges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

impl Incident {
    /// Whether the authority for personal data is to be told, as far as is known.
    pub fn touches_personal_data(&self) -> bool {
        match self.personal_data {
            PersonalData::Yes | PersonalData::Unknown => true,
            PersonalData::No => false,
        }
    }
}
